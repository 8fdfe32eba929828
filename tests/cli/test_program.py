"""The commands under another program's own name: its package, its console script, its shells."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from patience import PATIENCE

SETTINGS = """
from synfinance_settings import Application, Section, Whole, setting
from synfinance_settings.environment import EnvironmentKind

class CartConfig(Section):
    "What customers may put into a cart."

    limit: Whole = setting(20, "Most items of a cart.", ge=1)

class ShopConfig(Section):
    cart: CartConfig = CartConfig()

app = Application(ShopConfig, prefix="SHOP_", environments=(EnvironmentKind("local"), EnvironmentKind("live")))
commands = app.commands
"""
GROUP = """
import click
from shop_program.settings import commands

@click.group()
@click.pass_context
def main(context):
    context.obj = "the program's own"

main.add_command(commands, "settings")

if __name__ == "__main__":
    main()
"""
SCRIPT = """#!{python}
import sys
sys.path.insert(0, {lib!r})
from {module} import {name}
if __name__ == "__main__":
    sys.exit({name}())
"""


@pytest.fixture
def program(tmp_path):
    """Run a program as it stands once its package is installed: `shop-settings`, `shop` or ``python -m``."""
    lib, scripts = tmp_path / "lib", tmp_path / "bin"
    files = {
        "shop_program/__init__.py": "",
        "shop_program/settings.py": SETTINGS,
        "shop_program/__main__.py": GROUP,
        "shop_program-2.0.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: shop-program\nVersion: 2.0.1\n",
        "shop_program-2.0.1.dist-info/top_level.txt": "shop_program\n",
    }
    for name, text in files.items():
        (lib / name).parent.mkdir(parents=True, exist_ok=True)
        (lib / name).write_text(text)
    scripts.mkdir()
    for script, module, name in (("shop-settings", "settings", "commands"), ("shop", "__main__", "main")):
        code = SCRIPT.format(python=sys.executable, lib=str(lib), module=f"shop_program.{module}", name=name)
        (scripts / script).write_text(code)
        (scripts / script).chmod(0o755)
    root = tmp_path / "root"
    (root / "settings").mkdir(parents=True)
    (root / "settings/default.yaml").write_text("cart: {limit: 7}\n")
    (root / "settings/local.yaml").write_text("{}\n")

    environ = {"PATH": f"{scripts}:{os.environ['PATH']}", "HOME": str(root), "LANG": "C.UTF-8", "COLUMNS": "80"}
    environ |= {"PYTHONPATH": str(lib)}

    class Program:
        path = scripts / "shop-settings"

        def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
            return subprocess.Popen(words, cwd=root, env={**environ, **variables}, stdout=subprocess.PIPE, text=True)

        def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                words,
                cwd=root,
                env={**environ, **variables},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )

    return Program()


WAYS = {
    "a console script": ("shop-settings", ["shop-settings"]),
    "below a group of its own": ("shop settings", ["shop", "settings"]),
    "a module": ("python -m shop_program settings", [sys.executable, "-m", "shop_program", "settings"]),
}


@pytest.mark.parametrize(("name", "call"), WAYS.values(), ids=WAYS)
class TestByAnyName:
    def test_it_speaks_of_itself_alone_in_80_columns(self, program, name, call):
        for words in ([], ["set"], ["init"]):
            run = program.run(*call, *words, "--help")
            assert (run.returncode, run.stderr) == (0, "")
            assert re.sub(r"\s+", " ", run.stdout).startswith(f"Usage: {' '.join([name, *words])} [OPTIONS]")
            assert "synfinance" not in run.stdout.lower()
            assert max(map(len, run.stdout.splitlines())) <= 80
        assert f"\n  {name} set cart.limit 21 --env l" in program.run(*call, "set", "--help").stdout

    def test_it_looks_after_its_own_settings(self, program, name, call):
        assert program.run(*call, "get", "cart.limit").stdout == "7\n"
        assert program.run(*call, "get", "cart.limit", SHOP_CART__LIMIT="8").stdout == "8\n"
        run = program.run(*call, "explain", "cart.limit", SHOP_CART__LIMIT="x")
        assert run.returncode == 1
        assert f"see: {name} validate --env local" in " ".join(run.stderr.split())

    def test_a_mistake_is_answered_with_its_own_name(self, program, name, call):
        run = program.run(*call, "get", "cart.limt")
        assert (run.returncode, run.stdout) == (2, "")
        assert "did you mean cart.limit?" in run.stderr
        assert f"Try '{name} get --help' for help." in program.run(*call, "get").stderr

    def test_its_version_is_that_of_its_package_beside_this_one(self, program, name, call):
        said = program.run(*call, "--version").stdout
        assert re.fullmatch(r"shop-program 2\.0\.1, synfinance-settings [0-9.]+\n", said)


def test_versions_are_kept_in_a_folder_of_its_own(program, tmp_path):
    run = program.run(
        "shop-settings", "set", "cart.limit", "9", "--env", "live", XDG_STATE_HOME=str(tmp_path / "state")
    )
    assert run.returncode == 0, run.stderr
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["shop-settings"]


def test_its_layers_are_followed(program, tmp_path):
    layer = tmp_path / "root/settings/local.yaml"
    with program.start("shop-settings", "watch", "--format", "json", SHOP_STATE_DIR=str(tmp_path / "state")) as process:
        assert json.loads(process.stdout.readline())["event"] == "watching"
        layer.write_text("cart: {limit: 11}\n")
        events = (json.loads(line) for line in process.stdout)
        reloaded = next(event for event in events if event["event"] == "config_reloaded")
        assert reloaded["changed"] == {"cart.limit": [7, 11]}
        process.terminate()
        assert [event["event"] for event in events][-1:] == ["stopped"]
    assert process.returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_names_the_program(program, shell):
    said = program.run("shop-settings", _SHOP_SETTINGS_COMPLETE=f"{shell}_source").stdout
    assert "shop-settings" in said
    assert "_SHOP_SETTINGS_COMPLETE" in said
    assert "synfinance" not in said.lower()


@pytest.mark.parametrize(
    ("shell", "options"),
    [("bash", ["--norc", "-i"]), ("zsh", ["-f", "-i"]), ("fish", ["-i"])],
    ids=lambda part: part[0],
)
def test_a_bare_shell_completes_a_key_of_the_program(program, in_a_bare_shell, shell, options):
    said = in_a_bare_shell(program.path, "get cart.l\t", shell, *options)
    assert re.search(r"^20\r?$", said, re.MULTILINE), said
    assert "not found" not in said
