"""The shared store as a layer: the settings that all processes of a fleet read from one place.

It is there where a variable gives its address; without one nothing is imported, and nothing costs anything. What is in
the store is text by the keys of settings, read as a variable of that name would be, and nothing in it is expanded. How
the store is asked, and when not, is of `remote`.

That the store is away matters by when: at a start it is an error, or a warning where it may be ignored; while the
program runs it is a failed look, which leaves in force what there is.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from synfinance_settings.errors import LayerError, Origin, Problem, SettingsError
from synfinance_settings.layers.forks import whole
from synfinance_settings.layers.layer import Finding, Found, Glance, Said, Stop, Wake, nothing_lent
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.secret_files import secret_value
from synfinance_settings.layers.values import ValuesLayer
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.files import Content, Failure

if TYPE_CHECKING:
    from synfinance_settings.remote.address import Address
    from synfinance_settings.remote.keyspace import Keyspace
    from synfinance_settings.remote.reading import Reading
    from synfinance_settings.remote.store import Store

_AWAY: Final = "unreachable"
_MODES: Final = ("fail", "ignore")
_MOST_STORES: Final = 8


class RemoteLayer(ValuesLayer):
    """The store whose address a variable gives, waited for up to `seconds`; one that does not answer is asked again
    within `longest_wait` seconds. A process that watches answers to it every `beat` seconds.
    """

    name = "remote"
    may_vanish = False
    counts_beside = False
    is_kept = True

    def __init__(self, seconds: float = 2.0, longest_wait: float = 30.0, beat: float = 10.0) -> None:
        self.beat = beat
        self._seconds = seconds
        self._longest_wait = longest_wait
        self._stores: dict[tuple[Address, Keyspace], Store] = {}

    def look(self, glance: Glance) -> Iterable[Found]:
        """What the store says to this instance, and the file that holds its address where there is one."""
        project = glance.project
        if not is_named(project):
            return ()
        file = project.environ.get(project.application.variables.remote_url_file)
        found: list[Found] = [] if file is None else [glance.read_target(file)]
        try:
            store = self.store(project, found)
        except SettingsError:  # said again of what was found
            return found
        return [_looked(glance, store, instance_of(project)), *found]

    def rests_on_files(self, project: Project) -> bool:
        """Where there is no store, so that nothing is found."""
        return not is_named(project)

    def store(self, project: Project, found: Sequence[Found] | None = None) -> Store:
        """The store that `project` names; raises `SettingsError` where it names none, or not as it should.

        `found` is the file that holds the address, where that was read already.
        """
        with whole():
            from synfinance_settings.remote.store import Store

        _has_driver()  # said when the store is asked
        wanted = address_of(project, found), keyspace_of(project)
        known = self._stores.get(wanted)
        if known is None:
            kept = list(self._stores.items())[1 - _MOST_STORES :]  # an address may change with its password
            known = Store(*wanted, seconds=self._seconds, longest_wait=self._longest_wait)
            self._stores = dict([*kept, (wanted, known)])
        return known

    def say(self, found: Sequence[Found], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings that the store has a text for."""
        if not is_named(project):
            return Said({}, is_empty=True)
        faults = [*_faulty_mode(project)]
        finding = finding_in(found)
        if finding is None:
            try:
                address_of(project, found)
            except SettingsError as error:
                faults += error.problems
            return Said({}, problems=tuple(faults), is_empty=True, is_whole=False, left_out=(self.name,))
        place = str(finding.place)
        if finding.failure:
            is_ignored = finding.failure.code == _AWAY and finding.data is None and _mode(project) == "ignore"
            problem = _failed(project, place, finding.failure, is_ignored=is_ignored)
            left_out = () if is_ignored else (place,)
            return Said({}, problems=(*faults, problem), is_empty=True, is_whole=is_ignored, left_out=left_out)
        if finding.data is None:
            message = f"{place} holds nothing yet; the settings are those of the other layers"
            return Said(
                {},
                problems=(*faults, Problem("missing-layer", message, origin=Origin(place), severity="warning")),
                is_empty=True,
            )
        said = _OneReading(place, finding.data).say([Finding(place, finding.data.values)], project, lend)
        return said._replace(problems=(*faults, *said.problems), is_empty=False)

    def where(self, project: Project) -> Origin:
        """The hash of the settings."""
        return Origin(keyspace_of(project).place)

    def keep(self, found: Sequence[Found], project: Project) -> bytes | None:
        """The settings that the store gave, but for secrets, with their revision."""
        finding = finding_in(found)
        if finding is None or finding.failure or finding.data is None:
            return None
        reading, catalogue = finding.data, project.application.catalogue
        values = {key: text for key, text in reading.values.items() if _may_be_kept(key, catalogue)}
        return json.dumps([reading.revision, reading.counter, reading.is_forced, values]).encode()

    def restore(self, data: bytes, found: Sequence[Found], project: Project) -> tuple[str, Sequence[Found]]:
        """The settings that were kept, in the place of those that the store says or cannot say."""
        with whole():
            from synfinance_settings.remote.reading import Reading

        revision, counter, is_forced, values = json.loads(data)
        are_numbers = all(number is None or type(number) is int for number in (revision, counter))
        if not are_numbers or not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
            raise ValueError("what was kept of the store is damaged")
        reading = Reading(values, revision, bool(is_forced), counter)
        place = keyspace_of(project).place
        with suppress(SettingsError):  # the address is at fault, and told of
            self.store(project, found).see(reading)
        files = [one for one in found if isinstance(one, Content)]
        name = f"revision {revision} of {place}" if revision is not None else place
        return name, [Finding(place, reading, is_settled=True), *files]

    def listen(self, project: Project, wake: Wake) -> Stop | None:
        """Have the store tell of changes, for as long as a watch lasts."""
        if not (is_named(project) and _has_driver()):
            return None
        with whole():
            from synfinance_settings.remote.push import Subscription
        times = {"seconds": self._seconds, "longest_wait": self._longest_wait}
        return Subscription(lambda: self.store(project), wake, **times).start()


class _OneReading(ValuesLayer):
    """One reading: each of its values names the revision that it is of."""

    name = RemoteLayer.name

    def __init__(self, place: str, reading: Reading) -> None:
        self.name = place
        revision = f"revision {reading.revision}" if reading.revision is not None else ""
        self._of = f", {'changed after ' if reading.is_forced else ''}{revision}" if revision else ""

    def origin(self, key: str) -> str:
        """The field of the hash, and the revision."""
        return f"{self.name} {key}{self._of}"

    def say(self, found: Sequence[Finding], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings; empty text is null where a setting may be null, as with variables."""
        values = {key: _read(text, key, project.application.catalogue) for key, text in found[0].data.items()}
        return super().say([Finding(found[0].place, values)], project, lend)


def _read(text: str, key: str, catalogue: Catalogue) -> str | None:
    setting = catalogue.settings.get(key)
    return None if text == "" and setting is not None and setting.nullable else text


def _may_be_kept(key: str, catalogue: Catalogue) -> bool:
    """False for secrets, by any name that they have or had, and for what is no setting."""
    old = catalogue.old_names.get(key)
    setting = catalogue.settings.get(old.now if old else key)
    return setting is not None and not setting.is_secret


def _looked(glance: Glance, store: Store, instance: str) -> Finding:
    """What the store says, or why not, together with what it said before.

    As long as the store is away for one reason or another, what is found stays the same: it is told once.
    """
    place, before = store.keyspace.place, glance.known(store.keyspace.place)
    last = before.data if isinstance(before, Finding) else None
    try:
        reading = store.read(instance)
    except SettingsError as error:
        problem = error.problems[0]
    else:
        return Finding(place, None if reading.values is None else reading, is_settled=reading.values is not None)
    if isinstance(before, Finding) and before.failure and before.failure.code == problem.code == _AWAY:
        return before
    return Finding(place, last, Failure(problem.code, problem.message, problem.hint))


def _failed(project: Project, place: str, failure: Failure, *, is_ignored: bool) -> Problem:
    """What there is to say of a store that could not be read."""
    code, message, hint = failure
    if is_ignored:
        message = f"{message}; the settings are those of the other layers"
        variable = project.application.variables.remote_unavailable
        return Problem(
            code, message, origin=Origin(place), hint=f"{variable}=fail makes it an error", severity="warning"
        )
    return Problem(code, message, origin=Origin(place), hint=hint)


def finding_in(found: Iterable[Found]) -> Finding | None:
    """What was found in the store, of all that a look of the layer found; its `data` is a `Reading`, or None.

    None where the store could not be asked, since its address is at fault.
    """
    return next((one for one in found if isinstance(one, Finding)), None)


def is_named(project: Project) -> bool:
    """Whether a variable names a store."""
    variables, environ = project.application.variables, project.environ
    return variables.remote_url in environ or variables.remote_url_file in environ


def _mode(project: Project) -> str:
    """What a start does without the store: what the variable says, else fail where that is safer, or mended."""
    variables, environ = project.application.variables, project.environ
    is_strict = project.kind.strict or bool(environ.get(variables.fallback))
    return environ.get(variables.remote_unavailable, "fail" if is_strict else "ignore")


def _faulty_mode(project: Project) -> Iterable[Problem]:
    variable = project.application.variables.remote_unavailable
    if _mode(project) not in _MODES:
        message = f"{variable} must be {' or '.join(_MODES)}"
        yield Problem("inconsistent", message, origin=Origin(f"env {variable}"))


def _has_driver() -> bool:
    """Bring redis-py, which no fork may cut in two; False where it is missing."""
    try:
        with whole():
            import synfinance_settings.remote.client  # noqa: F401
    except ImportError:
        return False
    return True


def instance_of(project: Project) -> str:
    """What this instance of the program is called: what the variable says, else the name of the host."""
    return project.environ.get(project.application.variables.instance) or socket.gethostname()


def keyspace_of(project: Project) -> Keyspace:
    """The keys of the environment of `project`."""
    from synfinance_settings.remote.keyspace import Keyspace, namespace_of

    return Keyspace(namespace_of(project.application.prefix), project.environment)


def address_of(project: Project, found: Sequence[Found] | None = None) -> Address:
    """The address that the variables of `project` give; raises `SettingsError` where it is none, or is in two places.

    `found` is the file that holds it, where that was read already.
    """
    from synfinance_settings.remote.address import read_address

    variables, environ = project.application.variables, project.environ
    url, named = environ.get(variables.remote_url), environ.get(variables.remote_url_file)
    if named is None:
        return read_address(url or "", Origin(f"env {variables.remote_url}"))
    origin = Origin(f"env {variables.remote_url_file}")
    content = next((one for one in found or () if isinstance(one, Content)), None) or project.read_target(named)
    text = secret_value(content, variables.remote_url_file, named)
    if isinstance(text, Problem):
        raise LayerError(replace(text, origin=origin))
    if url is not None and url != text:
        message = f"{variables.remote_url} and {variables.remote_url_file} differ; set one of them"
        raise SettingsError.of([Problem("conflicting-variables", message, origin=origin)])
    return read_address(text, origin)
