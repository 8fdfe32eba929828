"""The measure of mistakes makes the same ones for the same seed, judges them by its written rules, and runs."""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from patience import PATIENCE
from servers import missing

CHECKOUT = Path(__file__).parents[1]
MISCONFIG = CHECKOUT / "benchmarks/misconfig"


@pytest.fixture
def module(monkeypatch):
    """The modules of the measure, by their names."""
    monkeypatch.syspath_prepend(MISCONFIG)
    return importlib.import_module


def run(*options):
    command = [sys.executable, MISCONFIG / "misconfig.py", "--quick", "--seed", "1", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def test_the_same_seed_gives_the_same_mutants_and_another_seed_others(module):
    drawn = module("mutants").mutants
    once, again, others = list(drawn(1)), list(drawn(1)), list(drawn(2))
    assert once == again
    assert len(once) >= 350
    assert len({(mutant.operator, mutant.layer, mutant.mistake.text) for mutant in once}) == len(once)
    assert {mutant.mistake for mutant in once} != {mutant.mistake for mutant in others}


def test_every_kind_finds_places_and_names_lines_that_there_are(module):
    found = list(module("mutants").mutants(1))
    assert {mutant.operator for mutant in found} == {operator.name for operator in module("operators").OPERATORS}
    for mutant in found:
        shipped = module("mutants").SETTINGS_DIR.joinpath(mutant.file).read_text()
        assert mutant.mistake.text != shipped
        assert mutant.mistake.lines
        assert max(mutant.mistake.lines) <= mutant.mistake.text.count("\n") + 1
        assert mutant.mistake.keys


def test_the_page_explains_every_kind_and_shows_its_figures(module):
    page = (CHECKOUT / "docs/reliability.md").read_text()
    for operator in module("operators").OPERATORS:
        assert f"| {operator.model} | `{operator.name}` | {operator.does} |" in page
        assert f"\n  {operator.name} " in page


LAYER = """\
server:
  port: 8000
  cors_origins:
    - https://a.example
    - https://b.example

cache:
  ttl: 60
"""


@pytest.mark.parametrize(
    ("kind", "changed", "lines"),
    [
        ("colon_lost", "  port 8000", {2}),
        ("header_deleted", "cors_origins:", {2, 3, 4}),
        ("given_twice", "  port: 8000\n  port: 8000", {2, 3}),
        ("moved", "  ttl: 60\n  port: 8000", {8}),
        ("bracket_lost", "  cors_origins: [https://a.example, https://b.example\n", {3}),
        ("conflict_left", "<<<<<<< HEAD\n  port: 8000\n=======", {2, 3, 4, 5, 6}),
    ],
)
def test_a_mistake_names_the_lines_where_it_may_be_told(module, kind, changed, lines):
    """Of many draws at least one is the one that is looked for."""
    layer = module("layer_lines").Layer(LAYER)
    make = getattr(module("structure"), kind)
    drawn = [mistake for seed in range(200) if (mistake := make(layer, Random(seed)))]
    assert LAYER not in [mistake.text for mistake in drawn]
    is_gone = kind == "header_deleted"
    assert lines in [set(mistake.lines) for mistake in drawn if (changed in mistake.text) is not is_gone]


VERDICTS = {
    "pinpointed": ([("must be at most 9", "server.port", 7, True)], [], {}),
    "refused": ([("must be at most 9", "server.port", 8, True), ("is wrong", "server.port", 7, False)], [], {}),
    "flagged": ([], [("server.port is odd", "server.port", None, False)], {"server.port": 2}),
    "silent": ([], [("cache.ttl is odd", "cache.ttl", 9, False)], {"server.port": 2}),
    "harmless": ([], [], {"server.port": 1}),
}


@pytest.mark.parametrize("outcome", VERDICTS)
def test_an_outcome_follows_from_what_was_told_where(module, outcome):
    refusal, remarks, values = VERDICTS[outcome]
    finding, loading = module("findings").Finding, module("findings").Loading
    said = [
        tuple(finding(text, key, frozenset([("a.yaml", line)]), mend) for text, key, line, mend in told)
        for told in (refusal, remarks)
    ]
    mistake = module("layer_lines").Mistake("", frozenset([7]), frozenset(["server.port"]))
    mutant = module("mutants").Mutant(1, 1, "any", "test", "a", mistake, "")
    verdict = module("judging").verdict(mutant, loading(values, *said), {"server.port": 1})
    assert verdict.outcome == outcome
    if refusal:
        assert (verdict.right_line, verdict.right_key, verdict.mend) == (True, True, True)


def test_the_package_is_measured_and_says_nothing_against_the_shipped_layers(module):
    ran = run("--alone", "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["false alarms"] == []
    assert told["total"]["mutants"] == len(module("operators").OPERATORS)
    assert told["total"]["synfinance_settings"]["pinpointed"] > 0.5
    listed = run("--alone", "--list", "silent")
    assert listed.stdout.splitlines()[-1].endswith(" silent")
    assert listed.stdout.count("\n    + ") or listed.stdout.count("\n    - ")


TYPOS = [
    ("default", "database.host", "localhost", "locahost.invalid"),
    ("default", "cache.host", "localhost", "localhots.invalid"),
    ("default", "ml.model_path", "models", "modles"),
    ("production", "database.name", "synfinance", "synfnance"),
    ("production", "security.ssl_cert_path", "certs", "cert"),
    ("production", "security.ssl_key_path", "synfinance.key", "synfinance.kye"),
    ("production", "monitoring.metrics_file", "metrics.log", "metrics.lg"),
    ("production", "monitoring.metrics_file", "log/synfinance", "log/synfinnace"),
]


@pytest.fixture
def there(module, monkeypatch):
    """The world that the layers name; relative paths count from its folder."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        Path(folder).chmod(0o755)  # PostgreSQL does not run as root
        try:
            place = servers.enter_context(module("world").world(Path(folder) / "world"))
        except LookupError as error:
            missing(str(error))
        monkeypatch.chdir(place.root)
        yield place


def test_probes_find_typos_of_hosts_ports_paths_and_credentials_in_their_lines(module, there):
    """Without them nobody could know; and nothing is said of the layers as they are."""
    readers, of_lines = module("readers"), module("layer_lines").Layer

    def told(variables=there.variables):
        alone, probing = readers.world_readers(variables).values()
        silent, loud = (load(there.settings_dir, "production", None) for load in (alone, probing))
        assert (silent.refusal, silent.remarks) == ((), ())
        return [(finding.key, *finding.places) for finding in (*loud.refusal, *loud.remarks)]

    assert told() == []
    ports = [("default", f"{section}.port", "", "1") for section in ("database", "cache")]
    for name, key, right, wrong in (*TYPOS, *ports):
        path = there.settings_dir / f"{name}.yaml"
        text = path.read_text()
        (line,) = [line for line in of_lines(text).lines if line.key == key]
        value = line.value.replace(right, wrong) if right else wrong
        path.write_text(of_lines(text).with_line(line, line.written(value=value)).text)
        assert told() == [(key, (path.name, line.number))]
        path.write_text(text)
    for variable, key in (("DB", "database.password"), ("REDIS", "cache.password")):
        wrong = there.variables | {f"SYNFINANCE_{variable}_PASSWORD": "Cedar-Anchor-Teapot-3310"}
        assert told(wrong) == [(key,)]
    login = there.variables | {"SYNFINANCE_DB_USER": "postgers"}
    assert told(login) == [("database.password",)], "which of the two is wrong no server says"


def test_a_measure_that_is_told_to_end_ends_its_servers():
    call = [sys.executable, MISCONFIG / "misconfig.py", "--quick", "--seed", "1", "--world"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL does not run as root
        environ = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(call, env=environ, stderr=subprocess.PIPE, text=True) as process:
            try:
                if process.stderr.readline() != "the world is there\n":
                    missing(process.stderr.read().strip().rpartition("\n")[2])
                (started,) = Path(folder).glob("*/world/postgres/data/postmaster.pid")
                port = int(started.read_text().splitlines()[3])
                process.terminate()
                told = process.communicate(timeout=PATIENCE)[1]
            finally:
                process.terminate()
        assert process.returncode == 128 + signal.SIGTERM, told
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert not list(Path(folder).iterdir())


def test_the_peers_are_measured_on_the_same_mutants():
    """None of them says anything against the shipped layers either, or the measure were unfair."""
    pytest.importorskip("pydantic_settings")
    ran = run()
    assert ran.returncode == 0, ran.stderr
    assert {line.partition(" ")[0] for line in ran.stdout.splitlines()[-4:]} == {
        "synfinance_settings",
        "Pydantic",
        "pydantic-settings",
        "dynaconf",
    }
