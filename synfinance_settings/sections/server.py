"""The HTTP server that serves the fraud models."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from synfinance_settings.model.forms import Boolean, Bytes, Seconds, Text, TextList, UpperChoice, Whole
from synfinance_settings.model.section import Section, setting


class LogLevel(StrEnum):
    """The least severe log record that is written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class ServerConfig(Section):
    """The HTTP server that serves the fraud models."""

    host: Text = setting("0.0.0.0", restart=True)
    """Address to listen on."""
    port: Whole = setting(8000, ge=1024, le=65535, restart=True)
    """TCP port to listen on."""
    workers: Whole = setting(4, unit="processes", ge=1, le=32, restart=True)
    """Worker processes."""
    timeout: Seconds = setting(60, ge=1)
    """Longest time one request may take."""
    reload: Boolean = setting(False, restart=True)
    """Restart the server when its code changes; development only."""
    log_level: Annotated[LogLevel, *UpperChoice] = setting(LogLevel.INFO)
    """Least severe record that is logged."""
    cors_origins: TextList = setting(("*",))
    """Origins that browsers may call from; * means any."""
    max_request_size: Bytes = setting(10485760, ge=1024)
    """Largest request body."""
