"""The ways into the package over which every hostile input goes: each command, and what Python programs call."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from click.testing import CliRunner
from patience import PATIENCE, RARELY
from planted import CANARY, FORGING, Hostile
from witness import Witness

from synfinance_settings import ConfigManager, ConfigWatcher, EnvLoader, SettingsError
from synfinance_settings.cli.group import group
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

SECRETS: Final = [key for key, setting in SETTINGS.items() if setting.is_secret]


@dataclass
class Scene:
    """A project with a hostile input in it, and the witness of what comes of it."""

    project: Any
    given: Hostile
    witness: Witness
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def process_variables(self) -> dict[str, str]:
        """The variables of a command: those of the input over a home and folders of the project's own."""
        root = self.project.root
        ours = {"SYNFINANCE_SETTINGS_DIR": str(self.project.settings), "SYNFINANCE_STATE_DIR": str(root / "state")}
        return {"HOME": str(root / "home"), **ours, **self.variables}

    @property
    def candidates(self) -> list[str]:
        """The layer files that there are, as an operator names them."""
        return sorted(f"settings/{name}" for name in os.listdir(self.project.settings) if name.startswith("default."))

    def command(self, *words: str, stdin: str = "") -> None:
        """Call the command in this process, and let the witness judge it."""
        ours = self.process_variables
        others = dict.fromkeys(name for name in os.environ if name.startswith("SYNFINANCE_"))
        result = CliRunner(env={**others, **ours}).invoke(group, words, input=stdin)
        self.judge(" ".join(words), result.exit_code, result.stdout, result.stderr, result.exception)

    def judge(self, way: str, code: int, stdout: str, stderr: str, raised: BaseException | None = None) -> None:
        handed_out = any(way.startswith(each) for each in self.given.handed_out)
        self.witness.hear(f"{way}, stdout", stdout, may_forge=handed_out)
        self.witness.hear(f"{way}, stderr", stderr)
        if raised is not None and not isinstance(raised, SystemExit):
            self.witness.hear_error(way, raised)
        elif code not in (0, 1, 2) or "Traceback" in stderr:
            self.witness.faults.append(f"{way}: ends with {code}, {stderr[-300:]!r}")

    def process(self, *words: str, python: tuple[str, ...] = ("-m", "synfinance_settings"), stdin: str = "") -> None:
        """Call the command, or other Python, in a process of its own in the project's root."""
        variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.process_variables}
        if not self._can_be_set(variables):
            return
        run = subprocess.run(
            [sys.executable, "-P", *python, *words],
            cwd=self.project.root,
            env=variables,
            input=stdin.encode(),
            capture_output=True,
            timeout=PATIENCE,
        )
        stdout, stderr = (text.decode("utf-8", "surrogateescape") for text in (run.stdout, run.stderr))
        self.judge(f"process {' '.join(words)[:40]}", run.returncode, stdout, stderr)

    def _can_be_set(self, variables: Mapping[str, str]) -> bool:
        """No process can be started with a NUL in a variable, or with one of more than 128 KiB."""
        return not any("\0" in f"{name}{value}" or len(value) > 100_000 for name, value in variables.items())

    @contextmanager
    def listening(self, way: str) -> Iterator[None]:
        """Let the witness judge a `SettingsError`, or whatever else comes."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a fault of the package is what is looked for
            self.witness.hear_error(way, error)

    def manager(self) -> ConfigManager:
        folder = self.variables.get("SYNFINANCE_SETTINGS_DIR", self.project.settings)
        state = self.project.root / "state"
        return ConfigManager(settings_dir=folder, environ=dict(self.variables), state_dir=state)


Way = Callable[[Scene], None]


def by_validate(scene: Scene) -> None:
    scene.command("validate")
    scene.command("validate", "--format", "json")


def by_validate_more(scene: Scene) -> None:
    scene.command("validate", "--all", "--placeholders", "--format", "github")
    scene.command("validate", "--strict", "--format", "json")
    scene.command("--debug", "validate")
    for path in scene.candidates:
        scene.command("validate", path)
    scene.command("validate", ".env")


def by_show(scene: Scene) -> None:
    scene.command("show", "--format", "env")
    scene.command("show", "--origin")


def by_show_more(scene: Scene) -> None:
    for form in ("yaml", "json", "env"):
        scene.command("show", "--origin", "--format", form, "--placeholders")
    scene.command("show", "--section", "database", "--env", "production", "--placeholders")
    scene.command("--debug", "show")


def by_get(scene: Scene) -> None:
    for key in ("database.password", "server.host"):
        scene.command("get", key)


def by_get_more(scene: Scene) -> None:
    for key in (*SECRETS, FORGING, "", "a." * 1000):
        scene.command("get", key)
    scene.command("get", "database.password", "--placeholders", "--strict")


def by_explain(scene: Scene) -> None:
    scene.command("explain", "database.password")
    scene.command("explain", "server.port", "--format", "json")


def by_explain_more(scene: Scene) -> None:
    for key in (*SECRETS, FORGING):
        scene.command("explain", key, "--format", "json", "--placeholders")
        scene.command("explain", key)


def by_diff(scene: Scene) -> None:
    scene.command("diff", "default", "development")


def by_diff_more(scene: Scene) -> None:
    scene.command("diff", "--matrix", "--all-keys")
    scene.command("diff", "development", "test", "--origin", "--format", "json")
    scene.command("diff", "development", "@1", "--all-keys")


def by_set(scene: Scene) -> None:
    scene.command("set", "server.port", "8123", "--dry-run")
    scene.command("set", "database.password", "-", "--allow-secret", "--dry-run", "--env", "default", stdin=CANARY)
    scene.command("set", "database.password", f"${CANARY}")


def by_set_more(scene: Scene) -> None:
    scene.command("set", "database.password", CANARY, "--allow-secret")
    for value in (f"Pa${CANARY}", f"${{NOPE:?{CANARY}}}", f"${{{CANARY}}}", f"[{CANARY}", f"{{{CANARY}: 1}}"):
        scene.command("set", "database.password", "-", stdin=value)
        scene.command("set", "security.api_keys", "-", "--allow-secret", stdin=value)
        scene.command("set", "database", "-", "--allow-secret", stdin=f"{{password: {value}}}")
    scene.command("set", "app_name", FORGING, "--dry-run")
    scene.command("set", FORGING, "1")
    scene.command("set", "server.port", "8124", "--env", "default")
    scene.command("set", "server.port", "8125")


def by_unset(scene: Scene) -> None:
    scene.command("unset", "database.password", "--env", "default", "--dry-run")


def by_unset_more(scene: Scene) -> None:
    for key in ("database.password", "database", "server", "server.port", FORGING):
        scene.command("unset", key)
        scene.command("unset", key, "--env", "default", "--dry-run")


def by_import(scene: Scene) -> None:
    given = copied(scene)
    scene.command("import", given, "--yes", "--allow-secret", "--dry-run")


def by_import_more(scene: Scene) -> None:
    given = copied(scene)
    scene.command("import", given, "--yes")
    scene.command("import", given, "--yes", "--full", "--allow-secret", "--env", "test")


def copied(scene: Scene) -> str:
    """A file beside the layers that is what the input made of the default layer, or a link to it."""
    path = next(iter(scene.candidates), "settings/default.yaml")
    suffix = ".json" if path.endswith(".json") else ".yaml"
    target = scene.project.root / f"given{suffix}"
    source = scene.project.root / path
    if source.is_file() and not source.is_symlink():
        shutil.copyfile(source, target)
        target.chmod(0o600)
    elif not target.is_symlink():
        target.symlink_to(source)
    scene.witness.look("the copy")  # which is the tests' own
    return str(target)


def by_export(scene: Scene) -> None:
    scene.command("export", "-")
    scene.command("export", str(scene.project.root / "revealed.yaml"), "--reveal", "--yes")


def by_export_more(scene: Scene) -> None:
    scene.command("export", "-", "--format", "json", "--placeholders")
    scene.command("export", str(scene.project.root / "plain.json"), "--yes")
    scene.command("export", str(scene.project.root / FORGING), "--yes")
    scene.command("export", str(scene.project.settings / "default.yaml"), "--yes")


def by_history(scene: Scene) -> None:
    scene.command("history")
    scene.command("rollback", "--yes", "--dry-run")


def by_history_more(scene: Scene) -> None:
    scene.command("history", "--env", "default", "--format", "json")
    for number in ("1", "2", "99999999999999999999"):
        scene.command("rollback", number, "--yes")
    scene.command("rollback", "--yes", "--env", "default")


def by_schema(scene: Scene) -> None:
    scene.command("schema", "--check")


def by_templates_more(scene: Scene) -> None:
    for command in ("schema", "env-template"):
        scene.command(command)
        scene.command(command, "--output", str(scene.project.root / f"out.{command}"), "--yes")
    scene.command("env-template", "--output", str(scene.project.root / ".env"), "--yes")


def by_watch(scene: Scene) -> None:
    """Follow the layers; the signal that ends it comes as soon as somebody listens for it."""

    def nobody(number: int, frame: object) -> None: ...

    olds = {number: signal.signal(number, nobody) for number in (signal.SIGTERM, signal.SIGINT)}
    over = threading.Event()

    def end() -> None:
        while signal.getsignal(signal.SIGTERM) is nobody and not over.wait(0.002):
            pass
        while not over.wait(0.002):
            os.kill(os.getpid(), signal.SIGTERM)

    ender = threading.Thread(target=end)
    ender.start()
    try:
        scene.command("watch", "--polling")
    finally:
        over.set()
        ender.join()
        for number, old in olds.items():
            signal.signal(number, old)


def by_doctor(scene: Scene) -> None:
    scene.command("doctor", "--timeout", "1")


def by_doctor_more(scene: Scene) -> None:
    if scene.given.with_doctor:
        scene.command("doctor", "--timeout", "1", "--format", "json")


def by_load(scene: Scene) -> None:
    manager = scene.manager()
    with scene.listening("load"):
        config = manager.load_config()
        for shown in (config, config.model_dump(), manager, vars(manager), manager.snapshot, manager.snapshot.layers):
            scene.witness.hear_quietly("load", f"{shown!r} {shown}")
        for key in SECRETS:
            scene.witness.hear_quietly(f"explain({key!r})", repr(manager.explain(key)))
        manager.export_config(scene.project.root / "exported.yaml")
    scene.witness.hear_quietly("last_failure", repr(manager.last_failure))


def by_files(scene: Scene) -> None:
    manager = scene.manager()
    for path in [*scene.candidates, ".env"]:
        with scene.listening(f"validate_config({path})"):
            report = manager.validate_config(scene.project.root / path)
            scene.witness.hear("validate_config", "\n".join(map(str, (*report.problems, *report.warnings))))
            scene.witness.hear_quietly("validate_config, repr", repr(report))
        with scene.listening(f"load_config({path})"):
            scene.manager().load_config(scene.project.root / path)
    with scene.listening("import_config"):
        scene.manager().import_config(copied(scene))


def by_variables(scene: Scene) -> None:
    with scene.listening("EnvLoader"):
        loader = EnvLoader(scene.project.root / ".env", dict(scene.variables))
        scene.witness.hear_quietly("EnvLoader", f"{loader!r} {vars(loader)!r}")
        for name in ("SYNFINANCE_DB_PASSWORD", "SYNFINANCE_API_KEYS"):
            for get in (loader.get, loader.get_int, loader.get_bool, loader.get_list, loader.require):
                with scene.listening(f"EnvLoader.{get.__name__}"):
                    get(name)
        with scene.listening("get_all"):
            loader.get_all()
        with scene.listening("substitute_in_config"):
            loader.substitute_in_config({"a": f"{CANARY}$NOPE", "b": [f"{CANARY}${{"], FORGING: f"${{{FORGING}"})


class Reloaded:
    """A watched manager that was good before the input came; what its reload says is judged."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._manager = scene.manager()
        self._manager.load_config()
        self._watcher = ConfigWatcher(self._manager, polling=True, poll_interval=RARELY)
        self._watcher.add_listener(self._hear)
        self._watcher.start()

    def _hear(self, event: object, data: object) -> None:
        if isinstance(data, SettingsError):
            self._scene.witness.hear_error(f"event {event}", data)
        self._scene.witness.hear_quietly(f"event {event}", f"{event!r} {data!r} {data}")

    def reload(self) -> None:
        with self._scene.listening("reload"):
            self._watcher.trigger_reload()
        self._watcher.stop()
        self._scene.witness.hear_quietly("reload", f"{self._manager.last_failure!r} {vars(self._manager)!r}")


OVERRIDES: Final = """if True:
    import sys, traceback
    from synfinance_settings import SettingsError, override, settings
    for values in ({"database__password": [sys.argv[1]]}, {"server__port": "x"}, {sys.argv[1]: 1}, {sys.argv[2]: 1}):
        try:
            with override(**values):
                pass
        except SettingsError as error:
            print("\\n".join(ascii(line) for line in traceback.TracebackException.from_exception(error).format()))
    try:
        print(settings, settings._repr_html_(), *(f"{section!r} {section}" for _, section in settings))
    except SettingsError as error:
        print(error)
"""


def by_processes(scene: Scene) -> None:
    """What an operator types, with nothing of the tests in between; a text says the same here and there."""
    if scene.given.name.startswith(("place", "store", "variable")):
        scene.process("validate")
        scene.process("shown", FORGING, python=("-c", OVERRIDES))


QUICK: Final[tuple[Way, ...]] = (
    by_load,
    by_validate,
    by_show,
    by_get,
    by_explain,
    by_diff,
    by_set,
    by_unset,
    by_import,
    by_export,
    by_history,
    by_schema,
    by_watch,
    by_variables,
)
SLOW: Final[tuple[Way, ...]] = (
    by_validate_more,
    by_show_more,
    by_get_more,
    by_explain_more,
    by_diff_more,
    by_files,
    by_unset_more,
    by_import_more,
    by_set_more,
    by_export_more,
    by_history_more,
    by_templates_more,
    by_doctor_more,
    by_processes,
)
"""The further forms of the same, and what starts processes."""

FEW: Final = (by_load, by_validate, by_set, by_validate_more, by_import_more)
"""Those that an input goes which takes long to read."""
