"""The versions of the layer files that were accepted, on disk: one store a settings folder.

SQLite keeps it whole under several processes and under a kill at any moment. A version of a command is announced
before its file is replaced and counts once the file holds it, so history and file agree whenever the command ends.

A store holds the layer files byte for byte, so it holds the secrets that those files hold and none from ``.env``,
variables or ``..._FILE`` targets; what layers that are no files keep in it is free of secrets. Nothing that others
could have written is read: folder and file belong to this user or to root, and nobody else writes them.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Final

from synfinance_settings.errors import HistoryError, Origin, Problem, door
from synfinance_settings.layers.forks import whole
from synfinance_settings.record import Record
from synfinance_settings.text.bounds import FILE_BYTES
from synfinance_settings.text.files import read_file
from synfinance_settings.text.hidden import Data
from synfinance_settings.text.trust import Distrust, distrusted_file, distrusted_folder

KEPT_VERSIONS: Final = 100
"""Versions kept for each environment; the oldest go."""

_TABLES: Final = """
create table if not exists versions (
    version integer primary key autoincrement,
    environment text not null,
    at text not null,
    command text not null,
    changed text not null,
    digest text not null,
    valid integer not null
);
create table if not exists files (
    version integer not null references versions on delete cascade,
    name text not null,
    content blob not null,
    primary key (version, name)
);
create table if not exists announced (
    version integer primary key references versions on delete cascade,
    name text not null
);
create table if not exists users (
    version integer primary key references versions on delete cascade,
    name text not null
);
create table if not exists reasons (
    version integer primary key references versions on delete cascade,
    reason text not null
);
create table if not exists layers (
    environment text not null,
    layer text not null,
    at text not null,
    content blob not null,
    primary key (environment, layer)
);
"""

_SCHEMA: Final[dict[str, str | None]] = {
    "sqlite_autoindex_files_1": None,
    "sqlite_autoindex_layers_1": None,
    "sqlite_sequence": "CREATE TABLE sqlite_sequence(name,seq)",
    **{
        statement.split(maxsplit=6)[5]: statement.strip().replace("create table if not exists", "CREATE TABLE")
        for statement in _TABLES.split(";")[:-1]
    },
}
"""What SQLite keeps of the tables, by name."""

_BATCH: Final = 10  # versions that are in memory at once
_NEWEST: Final = 2**63 - 1
_MOST_FILES: Final = 20  # of a version: four layers, each in up to three files where that is the fault
_MOST_TEXT: Final = 1 << 16
_MOST_BYTES: Final = 2 * FILE_BYTES
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9998  # in any zone
_STEP: Final = 10_000  # instructions of SQLite
_MOST_STEPS: Final = 500  # a hundred times what a full store takes, and a fraction of a second

_FAULTS: Final = {
    sqlite3.SQLITE_BUSY: "another process holds it",
    sqlite3.SQLITE_INTERRUPT: "reading it takes too long",
    sqlite3.SQLITE_TOOBIG: "it holds more than layer files can",
    sqlite3.SQLITE_NOTADB: "it is not a store of versions",
    sqlite3.SQLITE_READONLY: "it is not writable",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
}
"""What the errors of SQLite say; its own words may hold what stands in the store."""

_DAMAGED: Final = "it is damaged, or was made by another program"

Files = Mapping[str, bytes]
"""The layer files of an environment by their names in the settings folder."""

LONGEST_REASON: Final = 1000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the layer files of an environment; one that a command found and replaced may be invalid."""

    number: int
    environment: str
    when: datetime
    command: str
    changed: tuple[str, ...]
    is_valid: bool
    user: str | None
    files: Files = field(repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded as a version: the files, what made them so, the keys that it changed, and who did it and
    why, where that is known.
    """

    environment: str
    files: Files = field(repr=False)
    command: str
    changed: tuple[str, ...] = ()
    is_valid: bool = True
    user: str | None = None
    reason: str | None = None


class Step(Record):
    """One file of a change: the layer files as they were `found`, and what they are to be once the file `name` is
    replaced.
    """

    found: Entry
    coming: Entry
    name: str


class Kept(Record):
    """What a layer that is no file said when it was accepted last."""

    when: datetime
    data: bytes


class Begun(Record):
    """A change of several files that was killed between two of them: which, and what is `left` to be written."""

    command: str
    names: tuple[str, ...]
    left: Files


class _Announced(Record):
    """A version that no command has settled yet: whether its file holds it now, None where it cannot be read, and
    whether it holds what was there before.
    """

    number: int
    change: tuple[str, str]
    name: str
    content: bytes
    is_there: bool | None
    is_old: bool


class History:
    """The store of the settings folder `settings_dir`, kept in `state_dir`; made at the first record.

    `environments` are the names of those that the folder can have layers for.

    Another process that holds it is waited for, up to `wait` seconds.
    """

    def __init__(self, state_dir: Path, settings_dir: Path, environments: Iterable[str], wait: float = 1.0) -> None:
        self._targets = frozenset(("default", *environments))
        folder = os.path.realpath(settings_dir)
        self.path = state_dir / f"{hashlib.sha256(folder.encode()).hexdigest()[:16]}.sqlite3"
        self._settings_dir = settings_dir
        self._wait = wait

    @door
    def record(self, entry: Entry) -> int | None:
        """Add a version and return its number, None where the latest one holds the same files.

        Raises `HistoryError` where the store cannot be written.
        """
        with self._writing() as store:
            return _add(store, entry, datetime.now(UTC))

    @door
    def announce(self, *steps: Step) -> None:
        """Record for each file of one change how it was found, and what it is to be once it is replaced.

        Only for a caller that holds the lock on the settings folder, and has dealt with what was `begun`; `settle` must
        follow. Raises `HistoryError` where the store cannot be written.
        """
        with self._writing() as store:
            self._settle(store)
            now = datetime.now(UTC)
            for step in steps:
                _add(store, step.found, now)
                number = _add(store, step.coming, now)
                if number is not None:
                    store.execute("insert into announced values (?, ?)", (number, step.name))

    @door
    def settle(self, written: Collection[str] = ()) -> None:
        """Keep the versions that were announced where their file holds them now, and drop the others, but for those
        of a change that is `begun`. Of the files `written` it is known that they do.

        Only for a caller that holds the lock on the settings folder. What a killed command did not settle, the next one
        does; until then it is read as if it were. Raises `HistoryError` where the store cannot be written.
        """
        with self._writing() as store:
            self._settle(store, written, but_begun=True)

    @door
    def begun(self) -> Begun | None:
        """The change that was killed between two of its files, each of which is as it was or as it was to be.

        Raises `HistoryError` where the store cannot be read.
        """
        with self._reading() as store:
            return _begun(self._announced(store)) if store is not None else None

    @door
    def latest(self, environment: str) -> Version | None:
        """The valid version of `environment` that was recorded last, None where there is none."""
        return next(self.versions(environment, most=1, valid_only=True), None)

    def versions(
        self, environment: str | None = None, *, most: int | None = None, valid_only: bool = False
    ) -> Iterator[Version]:
        """The versions, newest first, of one environment or of all, at most `most`; read a few at a time.

        Raises `HistoryError` where they cannot be read.
        """
        left = KEPT_VERSIONS * len(self._targets) if most is None else most
        before = _NEWEST
        while left > 0:
            batch = self._batch(environment, before, min(left, _BATCH), valid_only=valid_only)
            yield from batch
            if len(batch) < min(left, _BATCH):
                return
            left, before = left - len(batch), batch[-1].number

    @door
    def _batch(self, environment: str | None, before: int, most: int, *, valid_only: bool) -> list[Version]:
        """The newest versions with a number below `before`, at most `most`."""
        with self._reading() as store:
            if store is None or not _has(store, "versions"):
                return []
            dropped = [version.number for version in self._announced(store) if not version.is_there]
            columns = [
                f"(select {column} from {table} where {table}.version = versions.version)"
                if _has(store, table)
                else "null"
                for table, column in (("users", "name"), ("reasons", "reason"))
            ]
            rows = store.execute(
                f"select version, environment, at, command, changed, valid, {', '.join(columns)} from versions"
                " where (?1 is null or environment = ?1) and valid >= ?3 and version < ?5"
                " and version not in (select value from json_each(?4)) order by version desc limit ?2",
                (environment, most, valid_only, json.dumps(dropped), before),
            ).fetchall()
            return [_version(store, self._targets, *row) for row in rows]

    @door
    def keep(self, environment: str, saying: Mapping[str, bytes]) -> None:
        """Keep what layers that are no files said, by their names, in the place of what they said before.

        Raises `HistoryError` where the store cannot be written.
        """
        with self._writing() as store:
            now = datetime.now(UTC).isoformat()
            rows = [(environment, layer, now, data) for layer, data in saying.items()]
            store.executemany("insert or replace into layers values (?, ?, ?, ?)", rows)

    @door
    def kept(self, environment: str) -> dict[str, Kept]:
        """What layers that are no files said when they were accepted last, by their names.

        Raises `HistoryError` where it cannot be read.
        """
        with self._reading() as store:
            if store is None or not _has(store, "layers"):
                return {}
            rows = store.execute("select layer, at, content from layers where environment = ?", (environment,))
            return {layer: Kept(_time(at), Data(content)) for layer, at, content in rows.fetchmany(_MOST_FILES)}

    def _announced(self, store: sqlite3.Connection, written: Collection[str] = ()) -> list[_Announced]:
        """The versions that no command has settled yet; the files `written` hold theirs."""
        if not _has(store, "announced"):
            return []
        rows = store.execute(
            "select version, at, command, name, content,"
            " (select old.content from files old join versions past using (version)"
            " where past.environment = versions.environment and old.name = announced.name"
            " and past.version < announced.version order by past.version desc limit 1)"
            " from announced join versions using (version) join files using (version, name)"
        ).fetchmany(_BATCH + len(self._targets))
        return [
            _Announced(number, (at, command), name, Data(new), *self._holds(name, new, old, written))
            for number, at, command, name, new, old in rows
        ]

    def _holds(self, name: str, new: bytes, old: bytes | None, written: Collection[str]) -> tuple[bool | None, bool]:
        """Whether the file holds `new`, and whether it holds `old`; one that is not there counts as `old` too."""
        if name in written:
            return True, False
        if PurePath(name).name != name:
            return False, False
        content = read_file(self._settings_dir / name)
        return (None, False) if content.failure else (content.data == new, content.data == old or not content.exists)

    def _settle(self, store: sqlite3.Connection, written: Collection[str] = (), *, but_begun: bool = False) -> None:
        announced = self._announced(store, written)
        if but_begun and _begun(announced):
            return
        for version in announced:
            if version.is_there is not None:
                table = "announced" if version.is_there else "versions"
                store.execute(f"delete from {table} where version = ?", (version.number,))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The store, opened to write; what was written counts only when the block ends well."""
        with self._faults_told():
            self._create()
            with self._connected(self.path, "rw") as store:
                store.execute("pragma foreign_keys = on")
                store.execute("begin immediate")
                for statement in _TABLES.split(";"):
                    store.execute(statement)
                yield store
                store.execute("commit")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """The store, opened to read; None where there is none. What a kill left half-written in it is undone first.

        Where it is not writable that is done in a copy.
        """
        with self._faults_told():
            if not self._exists():
                yield None
            elif self._is_half_written():
                with tempfile.TemporaryDirectory(prefix="synfinance-settings-") as folder:
                    for path in (self.path, self._journal):
                        shutil.copyfile(path, Path(folder) / path.name)
                    with self._connected(Path(folder) / self.path.name, "rw") as store:
                        yield store
            else:
                with self._connected(self.path, "ro") as store:
                    yield store

    def _exists(self) -> bool:
        """Whether there is a store; raises `HistoryError` for one that others could have put there."""
        check_folder(self.path.parent)
        try:
            status = os.lstat(self.path)
        except FileNotFoundError:
            return False
        _check(distrusted_file(self.path, status), self.path)
        return True

    def _create(self) -> None:
        """Make folder and file, readable by their owner only, before SQLite would make them."""
        folder = self.path.parent
        check_folder(folder)
        for above in reversed((folder, *folder.parents)):
            if not os.path.lexists(above):
                above.mkdir(mode=0o700, exist_ok=True)
        file = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        try:
            status = os.fstat(file)
            _check(distrusted_file(self.path, status), self.path)
            if status.st_uid == os.geteuid() and status.st_mode & 0o077:
                os.fchmod(file, 0o600)
        finally:
            os.close(file)
        check_folder(folder)

    @property
    def _journal(self) -> Path:
        return self.path.with_name(f"{self.path.name}-journal")

    def _is_half_written(self) -> bool:
        """Whether a kill left a write half done that cannot be undone in place, since the store may not be written."""
        if not os.path.lexists(self._journal):
            return False
        try:
            with self._connected(self.path, "rw") as store:
                store.execute("select count(*) from sqlite_master")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                return True
            raise
        return False

    @contextmanager
    def _connected(self, path: Path, mode: str) -> Iterator[sqlite3.Connection]:
        """The store at `path`, opened; nobody forks until it is closed."""
        with whole():
            store = sqlite3.connect(f"{path.as_uri()}?mode={mode}", timeout=self._wait, isolation_level=None, uri=True)
            try:
                _bound(store)
                _require_ours(store)
                yield store
            finally:
                store.close()

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        """Turn every fault of the store into a `HistoryError`."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # none where a value could not be converted
            fault = _FAULTS.get(code, _DAMAGED)
        except (ValueError, TypeError, OverflowError, RecursionError):  # of what stands in it
            fault = _DAMAGED
        except OSError as error:
            fault = error.strerror or "it cannot be opened"
        else:
            return
        raise HistoryError(Problem("no-history", f"the history cannot be used: {fault}", origin=Origin(str(self.path))))


def check_folder(folder: Path) -> None:
    """Raise `HistoryError` where others could have put a store into `folder`, or the folder there."""
    _check(distrusted_folder(folder), folder)


def _check(distrust: Distrust | None, path: Path) -> None:
    if distrust is not None:
        message = f"the history is not used, since others could change it: {distrust}"
        raise HistoryError(Problem("unsafe-history", message, origin=Origin(str(path)), hint=distrust.mend))


def _bound(store: sqlite3.Connection) -> None:
    """Let nothing in the file take more memory or time than a store of ours does, nor run what it brings along."""
    store.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
    store.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    steps = iter(range(_MOST_STEPS))
    store.set_progress_handler(lambda: next(steps, None) is None, _STEP)
    store.execute("pragma trusted_schema = off")
    store.execute("pragma cell_size_check = on")


def _require_ours(store: sqlite3.Connection) -> None:
    """Raise `ValueError` where the file holds anything but our tables: a view or a trigger runs what it says."""
    rows = store.execute("select name, sql from sqlite_master").fetchmany(len(_SCHEMA) + 1)
    if not _SCHEMA.items() >= set(rows):
        raise ValueError("it is not a store of this package")


def _begun(announced: list[_Announced]) -> Begun | None:
    """The change of which some files are new, and all the others old."""
    for change in dict.fromkeys(version.change for version in announced):
        files = [version for version in announced if version.change == change]
        left = {version.name: version.content for version in files if not version.is_there}
        if 0 < len(left) < len(files) and all(version.is_there or version.is_old for version in files):
            return Begun(change[1], tuple(version.name for version in files), left)
    return None


def _add(store: sqlite3.Connection, entry: Entry, now: datetime) -> int | None:
    """Add a version; None where the latest one, or one that was announced since, holds the same files."""
    digest, environment = _digest(entry.files), entry.environment
    latest = store.execute(
        "select version, digest, version in (select version from announced) from versions"
        " where environment = ? order by version desc",
        (environment,),
    )
    for number, known, is_announced in latest:
        if known == digest:
            store.execute("delete from announced where version = ?", (number,))
            return None
        if not is_announced:
            break
    changed = json.dumps(entry.changed)
    row = (environment, now.isoformat(), entry.command, changed, digest, entry.is_valid)
    number = store.execute(
        "insert into versions (environment, at, command, changed, digest, valid) values (?, ?, ?, ?, ?, ?)", row
    ).lastrowid
    if entry.user is not None:
        store.execute("insert into users values (?, ?)", (number, entry.user))
    if entry.reason is not None:
        store.execute("insert into reasons values (?, ?)", (number, entry.reason))
    store.executemany("insert into files values (?, ?, ?)", [(number, *file) for file in entry.files.items()])
    store.execute(
        "delete from versions where environment = ? and version not in"
        " (select version from versions where environment = ? order by version desc limit ?)",
        (environment, environment, KEPT_VERSIONS),
    )
    return number


def _has(store: sqlite3.Connection, table: str) -> bool:
    """False in a store that was made before there was such a table; the next record makes it."""
    return bool(store.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone())


def this_user() -> str:
    """Who runs this process: the name of the user, the number where it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _version(
    store: sqlite3.Connection,
    targets: Container[str],
    number: int,
    environment: str,
    at: str,
    command: str,
    changed: str,
    valid: int,
    user: str | None,
    reason: str | None,
) -> Version:
    """A row of the store as a version, with its files; raises `ValueError` where it is damaged."""
    rows = store.execute("select name, content from files where version = ?", (number,)).fetchmany(_MOST_FILES + 1)
    texts = (environment, at, command, changed, *("" if text is None else text for text in (user, reason)))
    is_sound = (
        all(isinstance(text, str) and len(text) <= _MOST_TEXT for text in texts)
        and all(isinstance(name, str) and isinstance(content, bytes) for name, content in rows)
        and len(rows) <= _MOST_FILES
        and environment in targets
    )
    if not is_sound:
        raise ValueError(f"version {number} is damaged")
    keys, when = json.loads(changed), _time(at)
    if not (isinstance(keys, list) and all(isinstance(item, str) for item in keys)):
        raise ValueError(f"version {number} is damaged")
    files = {name: Data(content) for name, content in rows}
    return Version(number, environment, when, command, tuple(keys), bool(valid), user, files, reason)


def _time(text: str) -> datetime:
    """A time as it was recorded; raises `ValueError` for one that we never wrote."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None or not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise ValueError("a time is damaged")
    return when


def _digest(files: Files) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
