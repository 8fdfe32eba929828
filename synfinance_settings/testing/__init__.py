"""What the tests of a program need: other values for a while, and proofs: that every environment validates, that the
program follows its settings, and that it tells no secret.

`override` is imported with the package; the rest when it is asked for, since no override should pay for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.testing.overrides import Override as Override
from synfinance_settings.testing.overrides import override as override

if TYPE_CHECKING:
    from synfinance_settings.testing.canary import Canary as Canary
    from synfinance_settings.testing.environments import report_on as report_on
    from synfinance_settings.testing.environments import (
        test_every_environment_validates as test_every_environment_validates,
    )
    from synfinance_settings.testing.liveness import Finding as Finding
    from synfinance_settings.testing.liveness import LiveReport as LiveReport
    from synfinance_settings.testing.liveness import Verdict as Verdict
    from synfinance_settings.testing.liveness import assert_live as assert_live
    from synfinance_settings.testing.liveness import live_report as live_report

_HOMES: Final = {
    "canary": ("Canary",),
    "environments": ("report_on", "test_every_environment_validates"),
    "liveness": ("Finding", "LiveReport", "Verdict", "assert_live", "live_report"),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
