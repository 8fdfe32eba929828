"""All settings of a process in one model."""

from __future__ import annotations

from typing import Annotated, ClassVar

from synfinance_settings.model.forms import Boolean, Choice, Text
from synfinance_settings.model.resource import Listener
from synfinance_settings.model.section import Section, setting
from synfinance_settings.sections.cache import CacheConfig
from synfinance_settings.sections.database import DatabaseConfig
from synfinance_settings.sections.environment import Environment
from synfinance_settings.sections.generation import GenerationConfig
from synfinance_settings.sections.ml import MLConfig
from synfinance_settings.sections.monitoring import MonitoringConfig
from synfinance_settings.sections.security import SecurityConfig
from synfinance_settings.sections.server import ServerConfig


class AppConfig(Section):
    """All settings of a process, frozen: what `settings` shows and a snapshot holds.

    One that is built by hand checks its values and its sections, but not the rules of its environment, as a load does:
    ``check_config(config)`` says which of them it breaks.
    """

    environment: Annotated[Environment, *Choice] = setting(Environment.DEVELOPMENT)
    """Where the process runs; a layer that says it must agree."""
    debug: Boolean = setting(False)
    """Show details of errors to callers; never in production."""
    app_name: Text = setting("SynFinance")
    """Name that the service goes by."""
    version: Text = setting("1.0.0")
    """Version that the service reports."""

    server: ServerConfig = ServerConfig()
    database: DatabaseConfig = DatabaseConfig()
    cache: CacheConfig = CacheConfig()
    generation: GenerationConfig = GenerationConfig()
    ml: MLConfig = MLConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    security: SecurityConfig = SecurityConfig()

    RESOURCES: ClassVar = (
        Listener("server.port", host="server.host"),
        Listener(
            "monitoring.prometheus_port",
            host="server.host",
            when={"monitoring.enabled": True, "monitoring.prometheus_enabled": True},
        ),
    )
