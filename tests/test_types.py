"""What a type checker knows of the settings of any program."""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

import synfinance_settings

pytest.importorskip("mypy")

PROGRAM = """
from pydantic import SecretStr

from synfinance_settings import (
    AppConfig, Application, ConfigManager, ConfigWatcher, Secret, Section, Text, Whole, settings, setting
)


class CartConfig(Section):
    limit: Whole = setting(20, "Most items.", ge=1)
    currency: Text | None = setting(None, "Currency of the prices.")


class ShopConfig(Section):
    cart: CartConfig = CartConfig()
    token: Secret = setting(SecretStr(""), "Token of the payment provider.")


app = Application(ShopConfig, prefix="SHOP_")
shop = app.settings
reveal_type(shop.cart.limit)
reveal_type(shop.cart.currency)
reveal_type(shop.token)
reveal_type(app.manager.get_config().cart.limit)
reveal_type(app.manager.snapshot.config.cart.limit)
reveal_type(app.manager.get_environment())
reveal_type(ConfigManager(app, environment="dev").reload_config())
reveal_type(ConfigWatcher(app.manager).trigger_reload())
reveal_type(ConfigWatcher().trigger_reload())
reveal_type(ConfigManager().get_config().server.port)
reveal_type(ConfigManager(environ={}).get_environment())
reveal_type(settings.server.port)
reveal_type(settings.snapshot().config.server.port)
with app.override(cart__limit=3) as config:
    reveal_type(config)


@app.override(cart__limit=3)
def decorated(number: int) -> str:
    return str(number)


reveal_type(decorated(1))


class Both(AppConfig):
    shop: ShopConfig = ShopConfig()


both = Application(Both, prefix="SYNFINANCE_")
reveal_type(both.settings.shop.cart.limit)
reveal_type(both.manager.get_environment())
"""
REVEALED = [
    "int",
    "str | None",
    "pydantic.types.SecretStr",
    "int",
    "int",
    "str",
    "program.ShopConfig",
    "program.ShopConfig",
    "synfinance_settings.sections.app.AppConfig",
    "int",
    "synfinance_settings.sections.environment.Environment",
    "int",
    "int",
    "program.ShopConfig",
    "str",
    "int",
    "synfinance_settings.sections.environment.Environment",
]
MISTAKES = {
    "shop.cart.limt": '"CartConfig" has no attribute "limt"',
    "shop.server": '"ShopConfig" has no attribute "server"',
    "shop.cart.limit + 'x'": "Unsupported operand types",
    "app.manager.get_config().cart.limt": '"CartConfig" has no attribute "limt"',
    "ConfigManager(environment=1)": 'Argument "environment" to "ConfigManager" has incompatible type "int"',
    "shop.cart.limit = 3": 'Property "limit" defined in "CartConfig" is read-only',
    "settings.server.port = 9001": 'Property "port" defined in "ServerConfig" is read-only',
    "both.settings.debug = True": 'Property "debug" defined in "Both" is read-only',
    "Application(int, prefix='X_')": 'Value of type variable "Model_co" of "Application" cannot be "int"',
}


@pytest.mark.long
def test_another_type_checker_finds_an_assignment_too(tmp_path):
    checker = shutil.which("basedpyright", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if checker is None:
        pytest.skip("install basedpyright to run this test")
    (tmp_path / "program.py").write_text(PROGRAM + "\n".join(MISTAKES) + "\n")
    paths = [str(Path(synfinance_settings.__file__).parents[1]), *site.getsitepackages()]
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": paths}))
    run = subprocess.run([checker, "--outputjson", "program.py"], cwd=tmp_path, capture_output=True, text=True)
    found = [one["message"] for one in json.loads(run.stdout)["generalDiagnostics"] if one["severity"] == "error"]
    for name in ("limit", "port", "debug"):
        assert any(f'Attribute "{name}" is read-only' in message for message in found), found
    assert len(found) == len(MISTAKES), found


@pytest.mark.long
def test_a_type_checker_knows_the_settings_of_any_program_and_finds_mistakes(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + "\n".join(MISTAKES) + "\n")
    checkout = Path(synfinance_settings.__file__).parents[1]
    options = ["--strict", "--follow-imports=silent", "--no-error-summary", f"--cache-dir={tmp_path / 'cache'}"]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *options, program.name],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(checkout), "FORCE_COLOR": "", "MYPY_FORCE_COLOR": ""},
        capture_output=True,
        text=True,
    )
    notes = re.findall(r'note: Revealed type is "(.*)"', run.stdout)
    assert [note.replace("builtins.", "") for note in notes] == REVEALED, run.stdout
    errors = re.findall(r"error: (.*)", run.stdout)
    assert len(errors) == len(MISTAKES), run.stdout
    for error, said in zip(errors, MISTAKES.values(), strict=True):
        assert error.startswith(said)
