"""The versions of the layer files that were accepted, on disk: one store a settings folder.

SQLite keeps it whole under several processes and under a kill at any moment. A store holds the layer files byte for
byte and nothing else, so it holds the secrets that those files hold and none from ``.env``, variables or ``..._FILE``
targets. The folder is readable by its owner only.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from synfinance_settings.errors import HistoryError, Origin, Problem

KEPT_VERSIONS: Final = 100
"""Versions kept for each environment; the oldest go."""

_BUSY_SECONDS: Final = 30.0
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
"""

Files = Mapping[str, bytes]
"""The layer files of an environment by their names in the settings folder."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the layer files of an environment; one that a command found and replaced may be invalid."""

    number: int
    environment: str
    when: datetime
    command: str
    changed: tuple[str, ...]
    is_valid: bool
    files: Files = field(repr=False)


class History:
    """The store of the settings folder `settings_dir`, kept in `state_dir`; made at the first record."""

    def __init__(self, state_dir: Path, settings_dir: Path) -> None:
        folder = os.path.realpath(settings_dir)
        self.path = state_dir / f"{hashlib.sha256(folder.encode()).hexdigest()[:16]}.sqlite3"

    def record(
        self, environment: str, files: Files, command: str, changed: tuple[str, ...], *, is_valid: bool = True
    ) -> int | None:
        """Add a version and return its number, None where the latest one holds the same files.

        Raises `HistoryError` where the store cannot be written.
        """
        digest = _digest(files)
        with self._transaction() as store:
            latest = store.execute(
                "select digest from versions where environment = ? order by version desc limit 1", (environment,)
            ).fetchone()
            if latest == (digest,):
                return None
            row = (environment, datetime.now(UTC).isoformat(), command, json.dumps(changed), digest, is_valid)
            number = store.execute(
                "insert into versions (environment, at, command, changed, digest, valid) values (?, ?, ?, ?, ?, ?)", row
            ).lastrowid
            store.executemany("insert into files values (?, ?, ?)", [(number, *entry) for entry in files.items()])
            store.execute(
                "delete from versions where environment = ? and version not in"
                " (select version from versions where environment = ? order by version desc limit ?)",
                (environment, environment, KEPT_VERSIONS),
            )
            return number

    def latest(self, environment: str) -> Version | None:
        """The valid version of `environment` that was recorded last, None where there is none."""
        return next(self.versions(environment, most=1, valid_only=True), None)

    def versions(
        self, environment: str | None = None, *, most: int | None = None, valid_only: bool = False
    ) -> Iterator[Version]:
        """The versions, newest first, of one environment or of all, at most `most`.

        Raises `HistoryError` where they cannot be read.
        """
        if not os.path.exists(self.path):  # noqa: PTH110 - Path.exists raises for a name that is too long
            return
        with self._opened(f"{self.path.as_uri()}?mode=ro", is_uri=True) as store:
            rows = store.execute(
                "select version, environment, at, command, changed, valid from versions"
                " where (?1 is null or environment = ?1) and valid >= ?3 order by version desc limit ?2",
                (environment, -1 if most is None else most, valid_only),
            ).fetchall()
            versions = [_version(store, *row) for row in rows]
        yield from versions

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The store, opened to write; what was written counts only when the block ends well."""
        with self._opened(str(self.path)) as store:
            store.execute("pragma foreign_keys = on")
            store.execute("begin immediate")
            for statement in _TABLES.split(";"):
                store.execute(statement)
            yield store
            store.execute("commit")

    @contextmanager
    def _opened(self, name: str, *, is_uri: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection that is closed at the end; every fault of the store is a `HistoryError`."""
        fault = ""
        try:
            if not is_uri:
                self._create()
            store = sqlite3.connect(name, timeout=_BUSY_SECONDS, isolation_level=None, uri=is_uri)
            try:
                yield store
            finally:
                store.close()
        except (sqlite3.Error, ValueError, TypeError) as error:
            fault = str(error)
        except OSError as error:
            fault = error.strerror or "it cannot be opened"
        if fault:
            raise HistoryError(
                Problem("no-history", f"the history cannot be used: {fault}", origin=Origin(str(self.path)))
            )

    def _create(self) -> None:
        """Make folder and file, readable by their owner only, before SQLite would make them."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _version(
    store: sqlite3.Connection, number: int, environment: str, at: str, command: str, changed: str, valid: int
) -> Version:
    files = dict(store.execute("select name, content from files where version = ?", (number,)))
    keys = json.loads(changed)
    if not (isinstance(keys, list) and all(isinstance(item, str) for item in keys)):
        raise ValueError(f"version {number} is damaged")
    if not all(isinstance(content, bytes) for content in files.values()):
        raise ValueError(f"version {number} is damaged")
    return Version(number, environment, datetime.fromisoformat(at), command, tuple(keys), bool(valid), files)


def _digest(files: Files) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
