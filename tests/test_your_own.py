"""The page for those who use the package in a project of their own, walked through from an empty environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from patience import PATIENCE

pytest.importorskip("setuptools", minversion="77", reason="builds the wheel without asking an index")

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs/your-own.md").read_text()
FILES = dict(re.findall(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
TYPED = re.findall(r"^<!-- runs -->\n```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PIP = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
OFFLINE = ["--no-deps", "--no-index", "--no-build-isolation"]


class Shop:
    """The program of the page, installed into an environment that has nothing but this package and its libraries."""

    def __init__(self, root: Path, environment: Path) -> None:
        self.root = root
        path = os.pathsep.join((str(environment / "bin"), os.environ["PATH"]))
        alone = "-p no:asyncio -p no:django"  # they come with the libraries of this one
        self.variables = {"PATH": path, "HOME": str(root), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self.variables["PYTEST_ADDOPTS"] = alone

    def type(self, lines: str) -> str:
        """What a shell says to `lines`."""
        run = subprocess.run(
            ["bash", "-c", lines],
            cwd=self.root,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        return run.stdout

    def start(self) -> subprocess.Popen[str]:
        """The service of the page."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        command = ["python", "-m", "shop"]
        return subprocess.Popen(command, cwd=self.root, env=self.variables, text=True, **pipes)


def python(*arguments: str) -> None:
    subprocess.run(arguments, check=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An empty virtual environment with the wheel; the libraries are those of this one, so that no index is asked."""
    room = tmp_path_factory.mktemp("wheel")
    source = shutil.copytree(CHECKOUT / "synfinance_settings", room / "source/synfinance_settings").parent
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    python(sys.executable, *PIP, "wheel", *OFFLINE, "--wheel-dir", str(room), str(source))
    python(sys.executable, "-m", "venv", "--without-pip", str(room / "venv"))
    (libraries,) = room.glob("venv/lib/python*/site-packages")
    (libraries / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python(str(room / "venv/bin/python"), *PIP, "install", *OFFLINE, *map(str, room.glob("*.whl")))
    return room / "venv"


@pytest.fixture
def shop(environment, tmp_path):
    """The files of the page, installed as it says."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    python(str(environment / "bin/python"), *PIP, "install", *OFFLINE, "--editable", str(tmp_path))
    return Shop(tmp_path, environment)


def test_all_of_its_code_has_fewer_than_forty_lines():
    code = [line for text in FILES.values() for line in text.splitlines() if line.strip()]
    assert sorted(FILES) == ["pyproject.toml", "src/shop/__main__.py", "src/shop/settings.py", "tests/test_shop.py"]
    assert len(code) < 40
    assert max(map(len, code)) <= 120


@pytest.mark.long
def test_every_command_says_what_stands_below_it(shop):
    calls = [call for typed in TYPED for call in re.split(r"^\$ ", typed, flags=re.MULTILINE)[1:]]
    marked = "".join(f"echo '$ {number}'\n{call.partition(chr(10))[0]}\n" for number, call in enumerate(calls))
    said = re.split(r"^\$ \d+\n", shop.type(marked), flags=re.MULTILINE)[1:]
    assert len(said) == len(calls)
    for call, found in zip(calls, said, strict=True):
        command, _, wanted = call.partition("\n")
        pattern = re.escape(wanted.rstrip("\n")).replace(re.escape("..."), ".*")
        assert re.fullmatch(pattern, found.rstrip("\n")), f"$ {command}\n{found}"
    assert "canary" not in "".join(said)


@pytest.mark.long
def test_it_runs_this_package_from_its_wheel_and_completes_its_own_keys(shop, environment):
    assert shop.type("python -c 'import synfinance_settings; print(synfinance_settings.__file__)'").startswith(
        str(environment)
    )
    words = "_SHOP_SETTINGS_COMPLETE=bash_complete COMP_WORDS='shop-settings get cart.' COMP_CWORD=2 shop-settings"
    assert shop.type(words) == "plain,cart.limit\nplain,cart.currency\n"


@pytest.mark.long
def test_a_type_checker_knows_its_settings(shop):
    pytest.importorskip("mypy")
    (shop.root / "src/shop/use.py").write_text(
        "from shop.settings import settings\nreveal_type(settings.cart.limit)\nsettings.cart.limt\n"
    )
    said = shop.type("cd src && python -m mypy --strict --explicit-package-bases --cache-dir=/dev/null -p shop")
    assert 'use.py:2: note: Revealed type is "int"' in said
    assert 'use.py:3: error: "Cart" has no attribute "limt"; maybe "limit"?' in said
    assert "Found 1 error in 1 file" in said


@pytest.mark.long
def test_its_service_takes_a_change_over_and_lives_through_a_bad_edit(shop):
    shop.type("shop-settings init")
    layer = shop.root / "settings/dev.yaml"
    with shop.start() as service:
        assert answer(service) == "20\n"
        layer.write_text("cart: {limit: 30}\n")
        end = time.monotonic() + PATIENCE
        while (said := answer(service)) == "20\n":
            assert time.monotonic() < end
        assert said == "30\n"
        layer.write_text("cart: {limit: 200}\n")
        assert shop.type("shop-settings validate").endswith("invalid  dev  1 error\n")
        assert answer(service) == "30\n"
        layer.write_text("cart: {limit: 40}\n")
        while (said := answer(service)) == "30\n":
            assert time.monotonic() < end
        assert said == "40\n"
        service.communicate(timeout=PATIENCE)
    assert service.returncode == 0


def answer(service: subprocess.Popen[str]) -> str:
    """What the service says that is in force, to one line of work."""
    assert service.stdin is not None
    assert service.stdout is not None
    service.stdin.write("\n")
    service.stdin.flush()
    return service.stdout.readline()
