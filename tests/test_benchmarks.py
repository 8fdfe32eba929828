"""Every row of the benchmark runs, and whoever is compared comes to the same values; how long it takes is not asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from patience import PATIENCE
from servers import missing

BENCH = Path(__file__).parents[1] / "benchmarks" / "bench.py"
ROWS = {
    "process": ("A whole process", "synfinance_settings"),
    "import": ("The import alone", "`import synfinance_settings`"),
    "start": ("Help and completion", "completion of a key"),
    "output": ("`get` and `show`", "show"),
    "load": ("A new load", "synfinance_settings"),
    "reload": ("A reload after one of five files", "synfinance_settings"),
    "busy-reload": ("A reload while four threads", "synfinance_settings"),
    "variables": ("Twenty typed variables", "synfinance_settings"),
    "validation": ("Validation of what was read", "ours, from merged nodes"),
    "read": ("One read of `x.server.port`", "settings, watched"),
    "readers": ("Eight threads that read", "synfinance_settings, edited and watched"),
    "set": ("`set` of one key", "set"),
    "files": ("How often `get` and `set` open", "`staging.yaml`"),
    "latency": ("From rename to `config_reloaded`", "synfinance_settings, four threads compute"),
    "idle": ("Processes that watch a project", "synfinance_settings, one beside 10 files"),
    "fleet": ("From a change of the shared store", "a plain `HSET`, in a process"),
    "memory": ("Live memory", "each further snapshot, KiB"),
    "growth": ("the processor's time of the larger", "200 references"),
}
PEERS = {
    "dynaconf as usual": "dynaconf",
    "pydantic-settings": "pydantic_settings",
    "pydantic-settings, libyaml": "pydantic_settings",
    "OmegaConf, structured": "omegaconf",
    "Hydra compose": "hydra",
}


def bench(*arguments):
    """The command with the packages of this interpreter; it fails where two come to different values."""
    command = [sys.executable, BENCH, "--here", "--quick", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def shown(*rows):
    done = bench(*rows)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(text, name):
    """The rows of that name, each with its figures."""
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return [figures for title, *figures in lines if title == name]


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_measured(row):
    title, name = ROWS[row]
    if row == "fleet" and shutil.which("redis-server") is None:
        missing("Redis: apt-get install redis-server")
    text = shown(row)
    assert title in text
    (figures,) = cells(text, name)
    assert figures
    assert all(float(figure.replace(",", "")) is not None for figure in figures)


def test_every_row_is_tested():
    assert f"The rows are: {', '.join(ROWS)}." in " ".join(bench("--help").stdout.replace("-\n", "-").split())


@pytest.fixture(scope="module")
def reloaded():
    return shown("reload")


@pytest.mark.long
@pytest.mark.parametrize("name", PEERS)
def test_a_library_comes_to_the_values_that_the_floor_comes_to(reloaded, name):
    if find_spec(PEERS[name]) is None:
        pytest.skip(f"{PEERS[name]} is not installed: pip install '.[bench]'")
    assert cells(reloaded, name)


def test_environs_reads_the_values_that_the_floor_reads():
    pytest.importorskip("environs", reason="environs is not installed: pip install '.[bench]'")
    assert len(cells(shown("variables"), "environs")) == 1


def test_what_comes_to_other_values_is_no_figure(tmp_path):
    cheat = tmp_path / "cheat.py"
    cheat.write_text(
        f"import sys; sys.path.insert(0, {str(BENCH.parent)!r})\n"
        "from turns import Took, agree\n"
        "agree({'floor': [Took(1, 1, {'port': 1})], 'cheat': [Took(0, 0, {'port': 2})]})\n"
    )
    done = subprocess.run([sys.executable, cheat], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert "floor and cheat come to different values" in done.stderr


@pytest.mark.parametrize("options", [["--write"], ["--write", "load"], ["nonsense"]])
def test_what_makes_no_sense_is_refused(options):
    assert bench(*options).returncode == 2


def test_the_page_has_every_row_and_not_the_name_of_the_host():
    page = (BENCH.parents[1] / "docs" / "performance.md").read_text()
    assert [row for row, (title, _) in ROWS.items() if title not in page] == []
    assert os.uname().nodename not in page
