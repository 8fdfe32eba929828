"""Flask: a shop with settings of its own, and what is in force kept for the length of a request.

$ flask run --port $PORT
"""

import os

from flask import Flask, g
from pydantic import Field

from synfinance_settings import Application, ConfigWatcher, Section


class Cart(Section):
    """What customers may put into a cart."""

    limit: int = Field(default=20, ge=1, le=99, description="Most items.")


class ShopConfig(Section):
    """A shop."""

    cart: Cart = Cart()


shop = Application(ShopConfig, prefix="SHOP_")


def create_app() -> Flask:
    """Made in the process that serves, which is where the watcher belongs."""
    ConfigWatcher(shop.manager).start()
    app = Flask(__name__)

    @app.before_request
    def keep_state() -> None:
        g.state = shop.manager.snapshot

    @app.get("/")
    def answer() -> dict[str, int]:
        return {"value": g.state.config.cart.limit, "version": g.state.number, "worker": os.getpid()}

    return app
