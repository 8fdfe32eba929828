"""SynFinance's application: its settings, the rules between them, and the names of their variables."""

from __future__ import annotations

from typing import Final

from synfinance_settings.model.application import Application
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.rules import RULES

SYNFINANCE: Final[Application[AppConfig]] = Application(
    AppConfig,
    prefix="SYNFINANCE_",
    name="SynFinance",
    rules=RULES,
    short_variables={
        "database": "DB",
        "cache": "REDIS",
        "security.jwt_secret": "JWT_SECRET",
        "security.api_keys": "API_KEYS",
        "monitoring.alert_webhook": "ALERT_WEBHOOK",
    },
)
