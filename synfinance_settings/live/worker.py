"""The worker of a watch: the one thread that looks at the layers, and has the manager load what changed.

Events are hints to look now; the truth is the content of every file that may give a value, looked at after each hint
and every `poll_interval`, and read unless the system may be believed that it is as it was. Nothing that a look meets
ends the worker: the next look may well succeed, and what failed the same way is not told again. A fork waits until no
worker is at work, so that its child begins with no lock and no half-imported module of a thread that it lacks.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from synfinance_settings.errors import SettingsError, forget
from synfinance_settings.foreign import printable
from synfinance_settings.layers.forks import whole
from synfinance_settings.layers.glimpse import Glimpse, glimpse
from synfinance_settings.layers.layer import Finding
from synfinance_settings.layers.look import Look, candidates, names_since
from synfinance_settings.layers.precedence import remote_layer_of
from synfinance_settings.layers.remote_layer import is_named
from synfinance_settings.live.announcer import ConfigEvent
from synfinance_settings.live.calls import Call, Calls
from synfinance_settings.live.current import Current
from synfinance_settings.live.folders import folders_around
from synfinance_settings.live.hints import Hints, hints
from synfinance_settings.live.listening import Listening
from synfinance_settings.log import logger
from synfinance_settings.text.files import file_digest
from synfinance_settings.text.mounts import says_changes

if TYPE_CHECKING:
    from synfinance_settings.live.member import Member

SETTLE_SECONDS: Final = 0.25
"""Without word from its writer, a file counts as done when two looks this far apart agree."""

STOP_SECONDS: Final = 10.0
"""How long a stop waits for the worker: one that hangs in a file, as on a dead network mount, is left behind."""

_LONGEST_PAUSE: Final = 60.0  # seconds until what was refused is tried again

FORK_SECONDS: Final = 1.0
"""How long a fork waits for the looks that are going on: one that hangs in a file would never end."""

READ_SECONDS: Final = 300.0
"""How long looks need not read a file of which the system says that it is as it was."""


class Worker:
    """One watch, from its start to its stop, and what it has seen; one that comes back late touches nothing newer."""

    def __init__(
        self,
        current: Current,
        paths: tuple[Path, ...],
        *,
        auto_reload: bool,
        debounce: float,
        polling: bool,
        poll_interval: float,
    ) -> None:
        self._current = current
        self._paths = paths
        self._auto_reload = auto_reload
        self._polling = polling
        self._poll_interval = poll_interval
        self._thread = threading.Thread(target=self._work, name="synfinance_settings watcher", daemon=True)
        self._calls = Calls(debounce)
        self._hints: Hints | None = None
        self._trusts = False  # the file systems, that they say at once what has changed
        self._glimpse: Glimpse | None = None
        self._read_at = -READ_SECONDS  # never
        self._due = monotonic() + poll_interval * _chance()  # many that begin together do not look together
        self._is_over = False
        self._written: dict[str, tuple[bool, int]] = {}
        self._last: Look | None = None
        self._seen: Look | None = None  # the last one that found something else
        self._seen_extras: dict[Path, str] = {}
        self._generation = 0  # of the look that was loaded last, as far as this worker knows
        self._is_overdue = False  # what was seen could not be loaded for a reason that passes
        self._pause = 0.0  # seconds until what was refused is tried again
        self._next_try = 0.0
        self._unwatched: set[Path] = set()
        self._listening: Listening | None = None
        self._member: Member | None = None
        self._fault: type[BaseException] | None = None
        self.at_work = threading.RLock()
        """Held by the thread of the worker except while it waits; a fork takes it."""
        _ALL.add(self)

    def start(self) -> None:
        """Begin; the manager must have loaded. Raises `RuntimeError` where the system has no more threads to give."""
        self._current.announcer.begin()  # now, since there may be no thread to be had when there is something to tell
        self._catch_up()
        self._seen_extras = extra_digests(self._paths)
        self._start_hints()
        try:
            self._thread.start()
        except RuntimeError:
            self._calls.bell.close()
            raise

    def reload_soon(self) -> None:
        """Have the settings reloaded whether anything changed or not; may be called from a signal's handler."""
        self._calls.leave(Call.RELOAD)

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """End it; waits for the thread, but no longer than `patience` seconds."""
        self._is_over = True
        self._calls.leave(Call.STOP)
        if self._thread is not threading.current_thread():
            self._thread.join(patience)
            if self._thread.is_alive():
                logger.warning("a look at the layers hangs; the watch is stopped, its thread ends when the look does")
        if self._member is not None:
            self._member.stop(patience)
        if self._listening is not None:
            self._listening.stop()

    def _start_hints(self) -> None:
        """Have the file system tell of changes; where it cannot, the look at intervals is all there is."""
        if self._polling:
            self._follow()
            return
        calls, written, numbers = self._calls, self._written, itertools.count()

        def hint(path: str, is_done: bool) -> None:
            written[path] = (is_done, next(numbers))
            calls.hint(path)

        try:
            calls.bell = self._hints = hints(hint)
        except (OSError, RuntimeError) as error:
            self._say_unwatched("the file system", error)
        self._listening = Listening(calls.look_soon)
        self._follow()
        calls.look_soon()  # for what changed between the load and now

    def _follow(self) -> bool:
        """Watch what decides what is read, as it is now: layers that tell, and folders; True where one is new.

        Where that is a shared store, it is answered to.
        """
        state = self._current.timeline.current
        assert state is not None, "what is watched has been loaded"
        for layer, reason in self._listening.follow(state.project) if self._listening is not None else ():
            self._say_unwatched(f"the {layer} layer", reason)
        self._member = self._member or _joined(self._current)
        if self._polling:
            return False
        folders = folders_around((*candidates(self._current.looked or state.look), *self._paths))
        self._trusts = all(map(says_changes, folders))
        if self._hints is None:
            return False
        is_new, failed = self._hints.follow(folders)
        for folder, error in failed:
            if folder not in self._unwatched:
                self._unwatched.add(folder)
                self._say_unwatched(str(folder), error)
        return is_new

    def _say_unwatched(self, what: str, error: OSError | RuntimeError) -> None:
        reason = getattr(error, "strerror", None) or error
        seconds = self._poll_interval
        logger.warning("cannot watch %s (%s); changes are seen by a look every %g s", printable(what), reason, seconds)

    def _work(self) -> None:
        """Wait for a call or for the time to look, until told to stop."""
        try:
            self._answer_all()
        finally:
            self._calls.bell.close()  # nobody else may: one who waits would wait for another file

    def _answer_all(self) -> None:
        while not self._is_over:
            try:
                call = self._calls.next(max(0.0, self._due - monotonic()))
                with self.at_work:
                    self._answer(call)
            except BaseException as error:  # noqa: BLE001 - no fault may end the watch, whoever raised it
                with suppress(BaseException):  # without memory, not even this can be told
                    forget(error)
                    self._tell_fault(error)
            else:
                self._fault = None

    def _answer(self, call: Call) -> None:
        if call is Call.IDLE:  # no hint puts it off, since those of many processes come together
            self._due = monotonic() + self._poll_interval
        if call is Call.STOP or (call is Call.IDLE and self._is_as_seen()):
            return
        if call is Call.RELOAD:
            with suppress(SettingsError):  # announced, logged and counted already
                self._current.reload(manual=True)
        else:
            before = self._seen
            may_glimpse = self._trusts and not self._paths and call is Call.IDLE
            glimpsed = glimpse(before) if before and may_glimpse else None
            self._look(is_told=self._trusts and call is Call.LOOK and self._was_read())
            self._glimpse = glimpsed if self._seen is before else None
        if not self._is_over and self._follow():
            self._read_at = -READ_SECONDS  # nobody told of what changed before it was watched
            self._calls.look_soon()

    def _is_as_seen(self) -> bool:
        """True where the system says, and may be believed, that there is what was seen last."""
        return (
            self._glimpse is not None
            and self._was_read()
            and self._current.last_failure is None
            and self._newest() == self._generation
            and self._glimpse.is_seen_again()
        )

    def _was_read(self) -> bool:
        """True where every file was read not long ago."""
        return monotonic() - self._read_at < READ_SECONDS

    def _tell_fault(self, error: BaseException) -> None:
        """Log what ended a look early, and not again until a look succeeds."""
        if type(error) is not self._fault:
            self._fault = type(error)
            logger.error("a look at the layers failed; the next one tries again", exc_info=error)

    def _look(self, *, is_told: bool) -> None:
        """Compare what is there with what was seen last, and load it when it has settled.

        Only what the system told of is read where it `is_told` of all.
        """
        since = self._catch_up()
        marks = dict(self._written)
        self._read_at = self._read_at if is_told else monotonic()
        look, extras = self._read(marks if is_told else None)
        while (changed := self._changed(look, extras)) and not self._are_done(changed, look, extras, marks):
            if self._is_stopped(SETTLE_SECONDS):
                return
            since = self._newest()
            before, before_extras, marks = look, extras, dict(self._written)
            look, extras = self._read(marks if is_told else None)
            if not look.changed(before) and extras == before_extras:
                break
        for name, mark in marks.items():
            if self._written.get(name) == mark:
                del self._written[name]
        is_due = self._auto_reload and monotonic() >= self._next_try and _is_refused(self._current.last_failure)
        if self._is_over or not (changed or self._is_overdue or is_due):
            return
        for place in sorted(changed, key=str):
            self._current.announcer.announce(ConfigEvent.FILE_CHANGED, place)
        again = not look.changed(self._seen)
        self._seen, self._seen_extras, self._is_overdue = look, extras, self._auto_reload
        if self._auto_reload:
            self._generation = look.generation
            self._is_overdue = not self._load(look, since, again)
            self._pause = min(max(self._pause * 2 if again else 0, self._poll_interval), _LONGEST_PAUSE)
            self._next_try = monotonic() + self._pause

    def _load(self, look: Look, since: int, again: bool) -> bool:
        """Have the manager load what a look found; False where it could not for a reason that passes."""
        try:
            self._current.reload(look, since, again=again)
        except SettingsError as error:  # announced, logged and counted already
            return all(problem.code != "no-memory" for problem in error.problems)
        return True

    def _catch_up(self) -> int:
        """Count what somebody else has loaded meanwhile as seen; returns the generation of what was loaded last."""
        looked = self._current.looked
        if looked is not None and looked.generation != self._generation:
            self._generation = looked.generation
            self._seen = looked
            self._is_overdue = False
        return self._generation

    def _newest(self) -> int:
        """The generation of what was loaded last, by whomever."""
        looked = self._current.looked
        return looked.generation if looked else 0

    def _read(self, hinted: Collection[str] | None) -> tuple[Look, dict[Path, str]]:
        """What the layers say now, and the hashes of `watch_paths`; of files only what is `hinted`, where that is all
        that happened.
        """
        names = names_since(self._last, hinted) if self._last is not None and hinted is not None else None
        self._last = self._current.look(names)
        return self._last, extra_digests(self._paths)

    def _changed(self, look: Look, extras: dict[Path, str]) -> set[Hashable]:
        """The places that are not as they were at the last look."""
        before = self._seen_extras
        others = {path for path in before.keys() | extras.keys() if before.get(path) != extras.get(path)}
        return look.changed(self._seen) | others

    def _are_done(
        self, changed: set[Hashable], look: Look, extras: dict[Path, str], marks: dict[str, tuple[bool, int]]
    ) -> bool:
        """True when each changed file is there, and its writer was done before it was read and has not begun anew.

        When the writer of something that is not a file is done, its layer may know.
        """
        present: dict[Hashable, object] = dict(look.present)
        present.update(dict.fromkeys(extras, True))

        def is_done(name: str) -> bool:
            mark = marks.get(name)
            return mark is not None and mark[0] and self._written.get(name) == mark

        def is_settled(place: Hashable) -> bool:
            found = present.get(place)
            if not isinstance(place, Path):
                return isinstance(found, Finding) and found.is_settled
            return found is not None and (is_done(str(place)) or is_done(os.path.realpath(place)))

        return all(map(is_settled, changed))

    def _is_stopped(self, seconds: float) -> bool:
        """Wait `seconds`; True as soon as it is told to stop. A call for a reload is put back for later."""
        until = monotonic() + seconds
        later = False
        while (left := until - monotonic()) > 0:
            with _released(self.at_work):
                call = self._calls.received(left)
            if call is None:
                break
            if call is Call.STOP:
                return True
            later = later or call is Call.RELOAD
        if later:
            self._calls.leave(Call.RELOAD)
        return False


def _chance() -> float:
    """A number from 0 to 1, another one in each process, forked or not."""
    return os.urandom(1)[0] / 255


def _is_refused(failure: SettingsError | None) -> bool:
    """True where what follows the settings refused the last load, whoever asked for it: its server may answer by now.

    The pauses between tries grow, since one who asks in vain too often may be locked out.
    """
    return failure is not None and any(problem.code == "refused-resource" for problem in failure.problems)


def _joined(current: Current) -> Member | None:
    """What answers to the shared store for `current`; None where its settings come from none, or no thread is left."""
    state = current.timeline.current
    layer = remote_layer_of(state.project.application) if state is not None else None
    if state is None or layer is None or not (current.joins and is_named(state.project)):
        return None
    with whole():
        from synfinance_settings.live.member import Member

    member = Member(current, layer)
    with suppress(RuntimeError):  # tried again at the next look
        member.start()
        return member
    return None


@contextmanager
def _released(lock: threading.RLock) -> Iterator[None]:
    """Let others have a lock that is held, until the block has ended."""
    lock.release()
    try:
        yield
    finally:
        lock.acquire()


def extra_digests(paths: Iterable[Path]) -> dict[Path, str]:
    """The hashes of `paths`; of a folder, those of the files in it."""
    files: list[Path] = []
    for path in paths:
        files += _files_in(path) or [path]
    return {path: digest for path in files if (digest := file_digest(path))}


def _files_in(folder: Path) -> list[Path]:
    """The files in `folder`; none where it is not a folder or cannot be listed."""
    try:
        names = sorted(os.listdir(folder))
    except (OSError, ValueError):
        return []
    return [folder / name for name in names if os.path.isfile(folder / name)]  # noqa: PTH113 - Path.is_file may raise


_ALL: Final[weakref.WeakSet[Worker]] = weakref.WeakSet()
_taken: Final = threading.local()


def _before_fork() -> None:
    _taken.locks = []
    until = monotonic() + FORK_SECONDS
    for worker in tuple(_ALL):
        if worker.at_work.acquire(timeout=max(0.0, until - monotonic())):
            _taken.locks.append(worker.at_work)


def _after_fork() -> None:
    for lock in _taken.locks:
        lock.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_ALL.clear)
