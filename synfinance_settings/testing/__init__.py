"""What the tests of a program need: other values for a while."""

from __future__ import annotations

from synfinance_settings.testing.overrides import Override as Override
from synfinance_settings.testing.overrides import override as override
