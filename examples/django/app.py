"""Django: its settings are made of ours, and a view reads what is in force.

$ SHOP_FALLBACK=last-good gunicorn app:application --bind 127.0.0.1:$PORT --workers 2 --threads 2
"""

import os

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from synfinance_settings import ConfigWatcher

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_wsgi_application()

from settings import shop  # noqa: E402 - where Django has read it

ConfigWatcher(shop.manager).start()


def answer(request: HttpRequest) -> JsonResponse:
    """One state from start to end."""
    state = shop.manager.snapshot
    return JsonResponse({"value": state.config.cart.limit, "version": state.number, "worker": os.getpid()})


urlpatterns = [path("", answer)]
