"""What is in force in this process: the current snapshot, and how another takes its place.

A load builds a whole new snapshot and validates it; only then is one reference assigned, under a lock that readers
never take. Whatever goes wrong, the current snapshot stays.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from synfinance_settings.environment import Environment
from synfinance_settings.errors import Origin, Problem, SettingsError, UnknownKeyError, printable
from synfinance_settings.layers.environ import Environ
from synfinance_settings.layers.loading import (
    Sources,
    ValidationReport,
    build,
    log_warnings,
    read_sources,
    validate,
)
from synfinance_settings.layers.merge import merge
from synfinance_settings.layers.node import Branch
from synfinance_settings.layers.output import layer_text, plain_values
from synfinance_settings.layers.project import Project, find_project
from synfinance_settings.layers.snapshot import Explanation, Snapshot, explain
from synfinance_settings.layers.writing import write_atomically
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.keys import SETTINGS, suggestion, values_of

PathLike = str | os.PathLike[str]


class ConfigManager:
    """The settings of one project, loaded, kept and replaced as a whole.

    Without arguments it is the process-wide manager that `settings` shows: ``ConfigManager() is ConfigManager()``.
    With any argument it is one of its own. `settings_dir` is the folder of the layers, `environment` the
    environment's name, `environ` the variables (a copy of `os.environ` taken here unless given), `env_file` a file
    that takes the place of ``.env``.
    """

    _shared: ClassVar[ConfigManager | None] = None
    _shared_lock: ClassVar[threading.Lock] = threading.Lock()

    def __new__(
        cls,
        *,
        settings_dir: PathLike | None = None,
        environment: str | None = None,
        environ: Mapping[str, str] | None = None,
        env_file: PathLike | None = None,
    ) -> Self:
        """The process-wide manager where no argument is given, else a new one."""
        given = (settings_dir, environment, environ, env_file)
        if any(argument is not None for argument in given):
            return cls._isolated(*given)
        with ConfigManager._shared_lock:
            if ConfigManager._shared is None:
                ConfigManager._shared = cls._isolated(*given)
            return ConfigManager._shared  # type: ignore[return-value]

    @classmethod
    def _isolated(
        cls,
        settings_dir: PathLike | None,
        environment: str | None,
        environ: Mapping[str, str] | None,
        env_file: PathLike | None,
    ) -> Self:
        self = super().__new__(cls)
        self._settings_dir = settings_dir
        self._environment = environment
        self._environ = Environ(os.environ if environ is None else environ)
        self._env_file = env_file
        self._lock = threading.RLock()
        self._project = None
        self._sources = None
        self._content = frozenset()
        self._snapshot = None
        self._at_start = {}
        self._overrides = []
        self._mirrors = []
        self._last_failure = None
        return self

    _settings_dir: PathLike | None
    _environment: str | None
    _environ: Environ
    _env_file: PathLike | None
    _lock: threading.RLock
    _project: Project | None
    _sources: Sources | None
    _content: frozenset[str]
    _snapshot: Snapshot | None
    _at_start: dict[str, Any]
    _overrides: list[Branch]
    _mirrors: list[Callable[[Snapshot], None]]
    _last_failure: SettingsError | None

    def load_config(self, config_path: PathLike | None = None, environment: str | None = None) -> AppConfig:
        """Load all layers and make them current; raises `SettingsError` and changes nothing where they do not
        validate.

        Folder, environment and root are decided at the first load and kept; an argument decides them anew.
        `config_path` is a file that takes the place of the environment's layer.
        """
        with self._lock:
            project = self._project
            if project is None or config_path is not None or environment is not None:
                project = self._find(config_path, environment)
            self._load(project, read_sources(project), required=frozenset())
            return self.get_config()

    def get_config(self) -> AppConfig:
        """The current state, loaded at the first use."""
        return self.snapshot.config

    def reload_config(self) -> AppConfig:
        """Read all layers anew; the new state becomes current only if it validates, else this raises and nothing
        changes.

        A default or environment layer that had content and is now empty or gone does not validate.
        """
        with self._lock:
            if self._project is None:
                return self.load_config()
            self._load(self._project, read_sources(self._project), required=self._content)
            return self.get_config()

    def validate_config(self, path: PathLike) -> ValidationReport:
        """Validate the file at `path` as the environment's layer, on the default layer; nothing becomes current."""
        return validate(self._find(path, None))

    def export_config(
        self, path: PathLike, format: Literal["yaml", "json"] = "yaml", reveal_secrets: bool = False
    ) -> tuple[str, ...]:
        """Write the current state to `path` as a layer that reads back; the keys of the secrets left out are
        returned.

        With `reveal_secrets` they are written too, and the file is readable by its owner only.
        """
        snapshot = self.snapshot
        omitted = () if reveal_secrets else tuple(key for key, setting in SETTINGS.items() if setting.is_secret)
        text = layer_text(plain_values(snapshot.config, "reveal" if reveal_secrets else "omit"), format)
        if format == "yaml" and omitted:
            text = f"# Secrets left out: {', '.join(omitted)}\n" + text
        write_atomically(Path(path), text.encode(), mode=0o600 if reveal_secrets else None)
        return omitted

    def get_environment(self) -> Environment:
        """The environment that was decided at the first load."""
        return self.get_config().environment

    def is_production(self) -> bool:
        """True in production."""
        return self.get_environment() is Environment.PRODUCTION

    def is_development(self) -> bool:
        """True in development."""
        return self.get_environment() is Environment.DEVELOPMENT

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot, loaded at the first use."""
        current = self._snapshot
        if current is None:
            with self._lock:
                if self._snapshot is None:
                    self.load_config()
                current = self._snapshot
        assert current is not None
        return current

    @property
    def version(self) -> int:
        """The number of the current snapshot."""
        return self.snapshot.number

    @property
    def last_failure(self) -> SettingsError | None:
        """Why the last load or reload failed; None after one that did not."""
        return self._last_failure

    def explain(self, key: str) -> Explanation:
        """Where the value of `key` comes from, what it hides and what the field means; raises `UnknownKeyError`."""
        if key not in SETTINGS:
            raise unknown_key(key)
        return explain(self.snapshot, key)

    def _find(self, config_path: PathLike | None, environment: str | None) -> Project:
        decided = self._environment if self._project is None else str(self._project.environment)
        return find_project(
            environ=self._environ,
            settings_dir=self._settings_dir,
            environment=environment if environment is not None else decided,
            env_file=self._env_file,
            config_path=config_path,
        )

    def _load(self, project: Project, sources: Sources, required: frozenset[str]) -> None:
        """Build from `sources` with the overrides on top, and make the result current; the lock is held."""
        number = self._snapshot.number + 1 if self._snapshot else 1
        outcome = build(project, sources, number=number, overrides=merged(self._overrides), required=required)
        if outcome.snapshot is None:
            failure = SettingsError.of(outcome.problems)
            self._last_failure = failure
            raise failure
        self._project, self._sources, self._content = project, sources, outcome.content
        self._last_failure = None
        self._make_current(outcome.snapshot)

    def _make_current(self, snapshot: Snapshot) -> None:
        previous = self._snapshot
        if previous is None:
            self._at_start = restart_values(snapshot.config)
        if previous is not None and previous.config == snapshot.config:
            snapshot = replace(snapshot, number=previous.number, loaded_at=previous.loaded_at)
        now = restart_values(snapshot.config)
        pending = tuple(key for key, value in now.items() if value != self._at_start[key])
        snapshot = replace(snapshot, pending_restart=pending)
        known = previous.warnings if previous else ()
        self._snapshot = snapshot
        for mirror in self._mirrors:
            mirror(snapshot)
        log_warnings(warning for warning in snapshot.warnings if warning not in known)

    def _mirror(self, mirror: Callable[[Snapshot], None]) -> None:
        """Show every snapshot to `mirror`, the current one at once."""
        with self._lock:
            mirror(self.snapshot)
            self._mirrors.append(mirror)

    def _override(self, branch: Branch) -> Callable[[], None]:
        """Put `branch` on top of all layers until the function that is returned is called."""
        with self._lock:
            assert self.snapshot, "loaded at the first use, before anything is put on top"
            self._overrides.append(branch)
            try:
                self._rebuild()
            except SettingsError:
                self._overrides.pop()
                raise

        def undo() -> None:
            with self._lock:
                self._overrides[:] = [entry for entry in self._overrides if entry is not branch]
                self._rebuild()

        return undo

    def _rebuild(self) -> None:
        assert self._project is not None
        assert self._sources is not None
        self._load(self._project, self._sources, required=frozenset())


def merged(branches: list[Branch]) -> Branch:
    """The overrides as one layer, later ones over earlier ones."""
    return merge([("override", branch) for branch in branches]) if branches else {}


def restart_values(config: AppConfig) -> dict[str, Any]:
    """The values that take effect only when the process starts."""
    return {key: value for key, value in values_of(config).items() if SETTINGS[key].needs_restart}


def unknown_key(key: str) -> UnknownKeyError:
    """The error of a key that is no setting."""
    near = suggestion(key)
    hint = f"did you mean {near}?" if near else None
    return UnknownKeyError(
        Problem("unknown-key", f"{printable(key)} is not a setting", printable(key), Origin("argument"), hint=hint)
    )
