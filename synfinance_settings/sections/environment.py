"""The environments of SynFinance, by their names."""

from __future__ import annotations

from enum import StrEnum


class Environment(StrEnum):
    """Where a process of SynFinance's runs; it decides which layer is read and which rules hold."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    TEST = "test"
