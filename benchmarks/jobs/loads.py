"""A new load, a reload after one file changed, the variables alone, and the validation of what was read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from peers import module, reloader
from project import ENVIRONMENT, Trial

from jobs import Busy, Job, values

TODAY: Final = datetime.now(UTC).date()


def load(contender: str, root: str) -> dict[str, Job]:
    job = module(contender)
    return {"load": Job(lambda: job.load(Path(root)), seen=values)}


def reload(contender: str, root: str) -> dict[str, Job]:
    """A reload, each time after the environment's layer was replaced; alone, and while four threads spin."""
    trial = Trial(Path(root))
    again = reloader(contender, trial.root)

    def edit() -> None:
        trial.edit()()

    return {
        "idle": Job(again, edit, values),
        "busy": Busy(again, edit, values),
    }


def variables(contender: str, root: str) -> dict[str, Job]:
    job = module(contender)
    return {"variables": Job(lambda: job.variables(Path(root)), seen=dict)}


def bare_validation(root: str) -> dict[str, Job]:
    """Pydantic's validation of what the floor has merged."""
    from peers.floor import merged

    from synfinance_settings import AppConfig

    read = merged(Path(root))
    return {"validation": Job(lambda: AppConfig.model_validate(read), seen=values)}


def our_validation(root: str) -> dict[str, Job]:
    """The same from our merged nodes: references, places, rules of the environment, and Pydantic's validation."""
    from peers.synfinance import manager

    from synfinance_settings.layers.merge import merge
    from synfinance_settings.layers.validation import Validation
    from synfinance_settings.sections.application import SYNFINANCE
    from synfinance_settings.text.expansion import Scope

    layers = manager(Path(root)).snapshot.layers
    merged = merge(layers, ENVIRONMENT)

    def validate() -> Any:
        validation = Validation(SYNFINANCE, layers, Scope({}, {}), {})
        return validation.run(merged, complete=True, environment=ENVIRONMENT, today=TODAY)

    return {"validation": Job(validate, seen=values)}
