"""The command fleet: what each process that reads the shared store runs, and whether all agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.program import Command
from synfinance_settings.errors import SettingsError

if TYPE_CHECKING:
    from synfinance_settings.remote.agreement import Agreement, Member
    from synfinance_settings.remote.leader import Leader
    from synfinance_settings.remote.rollout import Rollout
    from synfinance_settings.remote.store import Store

_BELOW: Final = " " * 4  # the margin of what stands below a process
_MOST_SHOWN: Final = 20  # processes with nothing to say that are shown one by one
_PAUSE: Final = 0.5  # seconds between two looks of a wait
_STYLES: Final = {"silent": "warning", "refused": "error", "behind": "warning", "unwell": "error", "runs": "good"}


@click.command(cls=Command, short_help="Show what each process runs, and whether all agree.")
@options.environment_option
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait until all agree, but no longer.")
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option("--lead", is_flag=True, help="Lead changes from here as well, where the processes have no right to.")
@click.option("--ignore-silent", is_flag=True, help="Agree without those that are not heard any more.")
@click.option("--all", "shows_all", is_flag=True, help="Show each process, those too that agree.")
@options.format_option("text", "json")
def fleet(
    environment: str | None,
    wait: float | None,
    watch: bool,
    lead: bool,
    ignore_silent: bool,
    shows_all: bool,
    output: str,
) -> None:
    """Show what each process that watches the shared store runs, who refused what is in force, and why.

    Exits with 1 unless all have accepted the same revision and are well.

    \b
    {call} fleet --env {environment}
    {call} fleet --env {environment} --wait 30  # after a change: until all have it
    """
    if watch and (wait is not None or output == "json"):
        raise click.UsageError("--watch goes neither with --wait nor with --format json")
    if lead and not watch:
        raise click.UsageError("--lead needs --watch")
    view = _View(_store(environment), ignore_silent=ignore_silent, shows_all=shows_all)
    if watch:
        view.follow(leads=lead)
        return
    agreement = view.waited(wait) if wait is not None else view.look()
    if output == "json":
        render.echo_json(view.as_data(agreement))
    else:
        for line in view.lines(agreement):
            render.say(line)
    if not view.is_reached(agreement):
        raise click.exceptions.Exit(1)


def _store(environment: str | None) -> Store:
    """The shared store of the project here; raises `EditError` where there is none."""
    from synfinance_settings.editing.remote_change import RemoteSettings

    return RemoteSettings(options.find(environment)).store


class _View:
    """The fleet of one store, as it is shown."""

    def __init__(self, store: Store, *, ignore_silent: bool, shows_all: bool) -> None:
        self._store = store
        self._ignore_silent = ignore_silent
        self._shows_all = shows_all

    def look(self) -> Agreement:
        """The fleet as it is now; raises `RemoteError`."""
        from synfinance_settings.remote.agreement import Agreement
        from synfinance_settings.remote.answers import fleet_of
        from synfinance_settings.remote.rollout import rollout_of

        in_force, rollout = self._store.base(), rollout_of(self._store)
        return Agreement(fleet_of(self._store), in_force, rollout)

    def is_reached(self, agreement: Agreement) -> bool:
        """True when all agree who are asked to."""
        return agreement.is_reached(without_silent=self._ignore_silent)

    def waited(self, seconds: float) -> Agreement:
        """The fleet as it is when all agree, or after `seconds`; tells on stderr what changes meanwhile."""
        agreement, told = self.look(), ""
        until = monotonic() + seconds
        while not self.is_reached(agreement) and monotonic() < until:
            if (summary := self._summary(agreement)) != told:
                told = summary
                render.tell(summary, err=True)
            sleep(min(_PAUSE, max(0.0, until - monotonic())))
            agreement = self.look()
        return agreement

    def follow(self, *, leads: bool) -> None:
        """Show it again and again, in the same place where that is a terminal, and lead where one `leads`, until
        Ctrl-C.
        """
        from synfinance_settings.remote.leader import Leader

        leader = Leader() if leads else None
        shown: list[str] = []
        try:
            while True:
                lines = self._now(leader)
                if lines != shown:
                    shown = lines
                    render.redraw(lines)
                sleep(2 * _PAUSE)
        except KeyboardInterrupt:
            return

    def _now(self, leader: Leader | None) -> list[str]:
        try:
            agreement = self.look()
            if leader is not None:
                self._lead(leader, is_staged=agreement.rollout is not None)
            return list(self.lines(agreement))
        except SettingsError as error:  # it may be back at the next look
            return [render.one_line(problem) for problem in error.problems]

    def _lead(self, leader: Leader, *, is_staged: bool) -> None:
        from synfinance_settings.remote.answers import ToLead
        from synfinance_settings.remote.revisions import waiting

        to_lead = ToLead(is_staged, waiting(self._store) is not None)
        if any(to_lead):
            leader.go_on(self._store, to_lead)
        else:
            leader.resign(self._store)

    def lines(self, agreement: Agreement) -> Iterator[str]:
        """The fleet for people."""
        yield from self._head(agreement)
        members = agreement.members
        told = [member for member in members if _says_something(member)]
        quiet = [member for member in members if not _says_something(member)]
        is_short = self._shows_all or len(members) <= _MOST_SHOWN
        yield from _rows(members if is_short else told)
        if quiet and not is_short:
            yield f"and {len(quiet):,} more that run it (--all shows them)"
        yield from render.hanging("", render.shown(self._summary(agreement)), render.width())

    def _head(self, agreement: Agreement) -> Iterator[str]:
        in_force = agreement.in_force
        yield f"{self._store.keyspace.environment}: {_revision(in_force.revision)}" + (
            ", and changed past the commands since" if in_force.is_forced else ""
        )
        rollout = agreement.rollout
        if rollout is not None:
            lasts = _ago((agreement.fleet.now - rollout.opened) / 1000)
            yield f"revision {rollout.candidate} is in {rollout.progress}, for {lasts}"

    def _summary(self, agreement: Agreement) -> str:
        """Who stands how, in a sentence."""
        fleet = agreement.fleet
        if not fleet.heard and not fleet.unread:
            return "nobody answers: a process does as long as a ConfigWatcher runs in it"
        counts, count = agreement.counts(), len(fleet.heard)
        if self.is_reached(agreement):
            return f"all {count} agree" if count > 1 else "it agrees"
        words = {"refused": "refused", "behind": "behind", "unwell": "not well", "silent": "silent"}
        parts = [f"{counts['runs']} of {count} run {'what they are to run' if agreement.rollout else 'it'}"]
        parts += [f"{counts[key]} {word}" for key, word in words.items() if counts[key]]
        parts += [f"{fleet.unread} not understood"] if fleet.unread else []
        parts += [f"{fleet.left_out:,} not looked at"] if fleet.left_out else []
        return ", ".join(parts)

    def as_data(self, agreement: Agreement) -> dict[str, Any]:
        """The fleet for scripts."""
        in_force, fleet = agreement.in_force, agreement.fleet
        rollout = agreement.rollout
        return {
            "environment": self._store.keyspace.environment,
            "revision": in_force.revision,
            "changed_past_commands": in_force.is_forced,
            "stage": rollout and _stage_data(rollout, fleet.now),
            "agree": self.is_reached(agreement),
            "processes": [_data(member) for member in agreement.members],
            "not_understood": fleet.unread,
            "not_looked_at": fleet.left_out,
        }


def _says_something(member: Member) -> bool:
    return str(member.standing) != "runs"


def _rows(members: Sequence[Member]) -> Iterator[str]:
    """A process a line, and below it why it does not run what it is to run."""
    if not members:
        return
    columns = render.width()
    heads = [("instance", "process", "revision", "stage"), *map(_cells, members)]
    table = render.table([(*head, "") for head in heads]).splitlines()
    yield render.Shown(table[0])
    for line, member in zip(table[1:], members, strict=True):
        said = render.style(_in_words(member), _STYLES[member.standing])
        beside = render.joined([line.ljust(len(table[0])), "  ", said])
        if columns is None or len(line.ljust(len(table[0]))) + 2 + len(_in_words(member)) <= columns:
            yield beside
        else:
            yield from render.hanging("", line, columns)
            yield render.joined([_BELOW, said])
        for text in _reasons(member):
            yield from map(render.Shown, render.hanging(_BELOW, text, columns))


def _cells(member: Member) -> tuple[str, ...]:
    answer = member.answer
    place = f"{answer.pid}" if answer.host == answer.instance else f"{answer.host}:{answer.pid}"
    return (answer.instance, place, _number(answer.revision), _number(member.stage))


def _in_words(member: Member) -> str:
    """How a process stands."""
    answer = member.answer
    match str(member.standing):
        case "silent":
            return f"silent for {_ago(member.heard.ago)}"
        case "refused":
            return f"refused {_number(answer.refused)}" if answer.refused is not None else "refused what it found"
        case "behind":
            return f"behind: is to run {_number(member.wanted)}" if member.wanted != answer.revision else "behind"
        case "unwell":
            return "not well"
    return "runs it"


def _reasons(member: Member) -> tuple[str, ...]:
    match str(member.standing):
        case "refused":
            return member.answer.problems
        case "unwell":
            return (member.answer.reason,) if member.answer.reason else ()
    return ()


def _revision(number: int | None) -> str:
    return "no revision yet" if number is None else f"revision {number}"


def _number(number: int | None) -> str:
    return "-" if number is None else str(number)


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _stage_data(rollout: Rollout, now: int) -> dict[str, Any]:
    return {
        "candidate": rollout.candidate,
        "number": rollout.stage,
        "of": len(rollout.plan.shares),
        "share": rollout.share,
        "seconds": (now - rollout.opened) / 1000,
    }


def _data(member: Member) -> dict[str, Any]:
    answer = member.answer
    return {
        "instance": answer.instance,
        "host": answer.host,
        "pid": answer.pid,
        "standing": str(member.standing),
        "revision": answer.revision,
        "wanted": member.wanted,
        "stage": member.stage,
        "fingerprint": answer.fingerprint,
        "refused": answer.refused,
        "problems": list(answer.problems),
        "well": answer.is_well,
        "reason": answer.reason,
        "heard_seconds_ago": round(member.heard.ago, 3),
    }
