"""SynFinance's settings by their keys, and what is asked of them, under names of their own."""

from __future__ import annotations

from typing import Final

from synfinance_settings.sections.application import SYNFINANCE

_CATALOGUE: Final = SYNFINANCE.catalogue

SECTIONS: Final = _CATALOGUE.sections
SETTINGS: Final = _CATALOGUE.settings
public_path: Final = _CATALOGUE.public_path
shown: Final = _CATALOGUE.shown
suggestion: Final = _CATALOGUE.suggestion
unknown_key: Final = _CATALOGUE.unknown_key
unknown_section: Final = _CATALOGUE.unknown_section
values_of: Final = _CATALOGUE.values_of
