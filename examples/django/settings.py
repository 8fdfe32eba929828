"""What Django reads once, when it starts; what may change while it serves is read by the views."""

from pydantic import Field, SecretStr

from synfinance_settings import Application, Section


class Web(Section):
    """What Django takes over at its start; the key comes from SHOP_WEB__SECRET_KEY."""

    debug: bool = Field(default=False, description="Show tracebacks to visitors.")
    allowed_hosts: tuple[str, ...] = ("localhost",)
    secret_key: SecretStr = Field(description="Signs sessions.")


class Cart(Section):
    """What customers may put into a cart."""

    limit: int = Field(default=20, ge=1, le=99, description="Most items.")


class ShopConfig(Section):
    """A shop."""

    web: Web
    cart: Cart = Cart()


shop = Application(ShopConfig, prefix="SHOP_")
shop.load_or_exit()

ROOT_URLCONF = "app"
DEBUG = shop.settings.web.debug
ALLOWED_HOSTS = list(shop.settings.web.allowed_hosts)
SECRET_KEY = shop.settings.web.secret_key.get_secret_value()
