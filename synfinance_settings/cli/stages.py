"""The options of a change that comes in by stages, and the command that stays with it until it has come or gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import sleep
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from synfinance_settings.cli import destination, render
from synfinance_settings.cli.duration import Duration
from synfinance_settings.cli.gate import Gate, GateType
from synfinance_settings.errors import EditError, Problem, SettingsError

if TYPE_CHECKING:
    from synfinance_settings.remote.answers import Fleet
    from synfinance_settings.remote.rollout import Plan, Rollout
    from synfinance_settings.remote.store import Store

_SOAK: Final = 30  # seconds: programs need some time to find out that they are not well
_LIMIT: Final = 300  # seconds, what `rollout.LIMIT` is; no help needs that module
_MOST: Final = 20
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Shares(click.ParamType[tuple[float, ...]]):
    """Shares of all instances, rising: 5%,50%,100%."""

    name = "shares"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """The shares as parts of 1, the last of which is 1; a usage error for what are none."""
        if isinstance(value, tuple):
            return value
        try:
            shares = [float(text.strip().removesuffix("%")) / 100 for text in value.split(",")]
        except ValueError:
            shares = [0.0]
        shares += [1.0] if shares[-1] < 1 else []
        if not all(low < high for low, high in zip([0.0, *shares], [*shares, 1.1], strict=True)) or len(shares) > _MOST:
            self.fail("they are percentages that rise, at most twenty, as in 5%,50%,100%", param, ctx)
        return tuple(shares)


def stage_options(command: _Command) -> _Command:
    """The options of a staged change."""
    options = (
        click.option(
            "--stages",
            type=Shares(),
            metavar="PERCENTAGES",
            help="Let the change come in by stages, as in 5%,50%,100% of all instances.",
        ),
        click.option(
            "--soak",
            type=Duration(),
            metavar="DURATION",
            help="How long each stage runs at least, as in 2m; 30s if not given.",
        ),
        click.option(
            "--gate",
            type=GateType(),
            metavar="COMMAND|URL",
            help="What must hold behind each stage too: this command ends with 0, or this URL answers 2xx. Tried here.",
        ),
        click.option(
            "--stage-limit",
            type=Duration(),
            metavar="DURATION",
            help="How much longer than that a stage may take; 5m if not given.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def plan_of(how: Mapping[str, Any]) -> tuple[Plan | None, Gate | None]:
    """What the options of a command say of stages; None where it is to have none. Raises `UsageError`."""
    shares, soak, gate, limit = (how[name] for name in ("stages", "soak", "gate", "stage_limit"))
    if shares is None:
        for name, value in {"--soak": soak, "--gate": gate, "--stage-limit": limit}.items():
            if value is not None:
                raise click.UsageError(f"{name} needs --stages")
        return None, None
    if how["confirm_within"] is not None:
        raise click.UsageError("--stages and --confirm-within exclude one another")
    from synfinance_settings.remote.rollout import Plan

    return Plan(shares, soak or _SOAK, gate is not None, limit or _LIMIT), gate


def stay(store: Store, number: int, gate: Gate | None, author: str) -> None:
    """Stay with the staged revision `number` until it is in force, and try its gate; raises `EditError` where it goes
    back.

    Ctrl-C leaves it to the processes that watch; one with a gate is taken back, as nobody else knows that.
    """
    following = _Following(store, number, gate)
    try:
        following.go()
    except KeyboardInterrupt:
        following.leave(author)
        raise click.exceptions.Exit(1) from None
    why = _why_back(store, number)
    if why is not None:
        raise EditError(Problem("taken-back", f"{store.keyspace.place}: revision {number} was taken back: {why}"))
    render.tell(f"revision {number} of {store.keyspace.place} is in force", err=True)


def end(store: Store, author: str, reason: str | None, *, yes: bool) -> bool:
    """Take back the staged change that is open, after asking; False where there is none."""
    from synfinance_settings.remote.rollout import rollout_of, take_back

    rollout = rollout_of(store)
    if rollout is None:
        return False
    what = f"{store.keyspace.place}: revision {rollout.candidate}, in stage {rollout.stage}"
    if not (yes or destination.confirmed(f"{what}: take it back?")):
        raise click.exceptions.Exit(1)
    why = f"{author} ended it" + (f": {reason}" if reason else "")
    is_done = take_back(store, rollout, why, whatever_stage=True)
    render.tell(f"{what} was taken back" if is_done else f"{what} had come to its end before", err=True)
    return True


class _Following:
    """One staged change, as its operator follows it; it leads too, where nobody else does."""

    def __init__(self, store: Store, number: int, gate: Gate | None) -> None:
        from synfinance_settings.remote.leader import Leader

        self._store = store
        self._number = number
        self._gate = gate
        self._leader = Leader()
        self._told = ""

    def go(self) -> None:
        """Follow it to its end; a store that is away is waited for."""
        from synfinance_settings.remote.leader import TICK

        while True:
            try:
                rollout = self._step()
            except SettingsError as error:
                if any(problem.code != "unreachable" for problem in error.problems):
                    raise
                self._tell(error.problems[0].message)
            else:
                if rollout is None:
                    return
            sleep(TICK)

    def _step(self) -> Rollout | None:
        from synfinance_settings.remote.answers import ToLead, fleet_of
        from synfinance_settings.remote.rollout import let_pass, rollout_of, take_back

        self._leader.go_on(self._store, ToLead(rollout=True))
        rollout = rollout_of(self._store)
        if rollout is None or rollout.candidate != self._number:
            self._leader.resign(self._store)
            return None
        fleet = fleet_of(self._store)
        self._tell(_progress(rollout, fleet))
        step = self._leader.judged(rollout, fleet)
        if self._gate is not None and step is not None and step.kind == "gate":
            failure = self._gate.failure()
            if failure is None:
                let_pass(self._store, rollout)
            else:
                take_back(self._store, rollout, failure)
        return rollout

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            render.tell(text, err=True)

    def leave(self, author: str) -> None:
        """Leave it to the others, or take it back."""
        from synfinance_settings.remote.rollout import rollout_of, take_back

        rollout = rollout_of(self._store)
        if rollout is None or rollout.candidate != self._number:
            return
        if self._gate is not None:
            take_back(self._store, rollout, f"{author} interrupted it", whatever_stage=True)
            render.tell(f"revision {self._number} was taken back", err=True)
        else:
            self._leader.resign(self._store)
            render.tell(f"revision {self._number} goes on without this command", err=True)


def _progress(rollout: Rollout, fleet: Fleet) -> str:
    """Where it is, in words that change when something happens."""
    inside = [one for one in rollout.inside(fleet) if not one.is_silent]
    run = len(inside) - len(rollout.waits_for(fleet))
    return f"{rollout.progress}: {run} of {len(inside)} run it"


def _why_back(store: Store, number: int) -> str | None:
    """Why revision `number` was taken back; None where it was not."""
    from synfinance_settings.remote.revisions import revisions

    return next((one.taken_back for one in revisions(store) if one.number == number), None)
