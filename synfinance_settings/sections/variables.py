"""The variables that set SynFinance's settings, under names of their own."""

from __future__ import annotations

from typing import Final

from synfinance_settings.sections.application import SYNFINANCE

_VARIABLES: Final = SYNFINANCE.variables

PREFIX: Final = SYNFINANCE.prefix
ENVIRONMENT_VARIABLE: Final = _VARIABLES.environment
RESERVED: Final = _VARIABLES.reserved
VARIABLES: Final = _VARIABLES.keys
VARIABLES_OF: Final = _VARIABLES.names
file_variable: Final = _VARIABLES.file_variable
misuse: Final = _VARIABLES.misuse
near_variable: Final = _VARIABLES.near
