"""The commands of an application that is not SynFinance's, under a program's own name and by --app."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest
import shop
from click.testing import CliRunner, Result

from synfinance_settings.cli.group import group, group_for

SHOP = group_for(shop.SHOP, "shop-settings")
TESTS = Path(shop.__file__).parent


class Counter:
    """Where an operator of the shop sits."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = root / "settings"
        self.settings.mkdir()
        self.layer("default", "motto: sell\n")
        self.layer("dev", "{}\n")

    def layer(self, name: str, text: str) -> None:
        (self.settings / f"{name}.yaml").write_text(text)

    def run(self, *arguments: str, commands=SHOP, input: str | None = None, **variables: str) -> Result:
        """A command in this process; what is set for SynFinance has no say."""
        ours = {"SHOP_SETTINGS_DIR": str(self.settings), "SHOP_STATE_DIR": str(self.root / "state")}
        others = {name: None for name in os.environ if name.startswith(("SYNFINANCE_", "SHOP_"))}
        hostile = {"SYNFINANCE_ENV": "production", "SYNFINANCE_SETTINGS_DIR": "/nowhere", "COLUMNS": "80"}
        return CliRunner(env={**others, **hostile, **ours, **variables}).invoke(commands, arguments, input=input)

    def done(self, *arguments: str, **options: str) -> str:
        """What a command that must go well says on stdout."""
        result = self.run(*arguments, **options)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def counter(tmp_path):
    return Counter(tmp_path)


@pytest.mark.parametrize("command", [[], *([name] for name in SHOP.commands)], ids=lambda words: " ".join(words))
def test_no_help_of_another_program_speaks_of_synfinance(counter, command):
    text = counter.done(*command, "--help")
    assert text.startswith(f"Usage: {' '.join(['shop-settings', *command])} ")
    assert "synfinance" not in text.lower()
    assert not re.search(r"\b(production|staging|development|(server|database)\.[a-z]+)\b", text), text
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"\{[a-z]+\}", text)


@pytest.mark.parametrize("command", ["show", "get", "explain", "validate", "set", "unset", "diff", "history"])
def test_the_examples_of_the_help_can_be_typed(counter, command):
    counter.layer("qa", "cart: {limit: 3}\n")
    counter.layer("live", "cart: {limit: 4, currencies: [EUR]}\n")
    examples = re.findall(r"^  (?:value=\$\()?shop-settings (.*?)\)?$", counter.done(command, "--help"), re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example.replace("settings/", f"{counter.settings}/"))
        if not {"v12", "--output"} & set(words):
            result = counter.run(*words)
            assert result.exit_code == 0, (example, result.output)


def test_values_come_from_the_variables_and_layers_of_the_application(counter):
    assert counter.done("get", "motto") == "sell\n"
    assert counter.done("get", "cart.limit", SHOP_C_LIMIT="7") == "7\n"
    assert json.loads(counter.done("show", "--format", "json", SHOP_ENV="qa"))["cart"]["limit"] == 20
    assert "SHOP_TOKEN" in counter.done("explain", "till.token")
    assert "SHOP_STATE_DIR" in counter.done("env-template")
    assert "SHOP_CART__LIMIT=7" in counter.done("show", "--format", "env", SHOP_C_LIMIT="7")
    assert json.loads(counter.done("schema"))["title"] == "A layer of Shop settings"


def test_all_environments_are_those_of_the_application(counter):
    counter.layer("qa", "{}\n")
    counter.layer("live", "cart: {limit: 1}\n")
    result = counter.run("validate", "--all")
    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines()[-3:]] == [
        ["valid", "dev"], ["valid", "qa"], ["invalid", "live"],
    ]  # fmt: skip
    assert "error[small-cart]" in result.stdout
    assert "one of dev, qa, live" in counter.run("show", "--env", "production").stderr
    assert "one of dev, qa, live, or default" in counter.run("history", "--env", "production").stderr
    assert "did you mean live?" in counter.run("show", "--env", "lvie").stderr


def test_layers_are_changed_recorded_and_brought_back(counter):
    counter.done("set", "cart.limit", "5", "--env", "dev")
    assert (counter.settings / "dev.yaml").read_text().endswith("cart:\n  limit: 5\n")
    assert json.loads(counter.done("history", "--env", "dev", "--format", "json"))[0]["changed"] == ["cart.limit"]
    counter.done("rollback", "--env", "dev", "--yes")
    counter.done("unset", "motto", "--env", "default")
    assert counter.done("get", "motto") == "buy\n"
    counter.done("export", str(counter.root / "all.yaml"))
    counter.done("import", str(counter.root / "all.yaml"), "--env", "qa", "--yes")
    assert list((counter.root / "state").iterdir())


def test_versions_are_kept_in_a_folder_of_the_application(counter):
    state = counter.root / "platform"
    counter.done("set", "cart.limit", "5", SHOP_STATE_DIR="", XDG_STATE_HOME=str(state))
    assert [path.name for path in state.iterdir()] == ["shop-settings"]


def test_environments_are_compared_by_their_names_and_short_names(counter):
    counter.layer("qa", "cart: {limit: 3}\n")
    text = counter.done("diff", "dev", "q")
    assert "cart.limit" in text
    assert re.search(r"dev +│ q$", text.splitlines()[0])
    assert "cart.limit" in counter.done("diff", "--matrix")


def test_doctor_checks_what_the_application_declares_and_nothing_of_synfinance(counter):
    result = counter.run("doctor", "--format", "json", SHOP_TOKEN="short")
    findings = json.loads(result.stdout)
    assert [finding["check"] for finding in findings] == ["files", "settings", "secrets"]
    assert findings[-1]["message"] == "till.token is shorter than 12 characters"
    assert findings[-1]["mend"].endswith("and set SHOP_TOKEN or SHOP_TOKEN_FILE")
    counter.layer("dev", "cart: {limit: x}\n")
    (_, settings) = json.loads(counter.run("doctor", "--format", "json").stdout)
    assert settings["message"] == "1 error; not checked without settings: secrets"
    assert settings["mend"] == "shop-settings validate --env dev"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["get", "cart.limt"], "did you mean cart.limit?"),
        (["get", "cart"], "show --section cart prints all of it"),
        (["get", "SHOP_CART__LIMIT"], "name the setting: cart.limit"),
        (["show", "--section", "crat"], "did you mean cart?"),
    ],
)
def test_a_slip_is_answered_with_what_the_application_has(counter, call, said):
    result = counter.run(*call)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "synfinance" not in result.stderr.lower()


def test_what_is_to_be_typed_next_begins_with_the_name_of_the_program(counter):
    counter.layer("dev", "cart: {limit: x}\n")
    by_itself = counter.run("explain", "cart.limit", COLUMNS="200").stderr
    assert "see: shop-settings validate --env dev" in by_itself
    by_app = counter.run("--app", "shop:SHOP", "explain", "cart.limit", commands=group, COLUMNS="200").stderr
    assert "see: synfinance-settings --app shop:SHOP validate --env dev" in by_app
    variables = {"SYNFINANCE_SETTINGS_APP": "shop:SHOP", "COLUMNS": "200"}
    by_variable = counter.run("explain", "cart.limit", commands=group, **variables).stderr
    assert "see: synfinance-settings validate --env dev" in by_variable


def test_the_application_is_chosen_by_an_option_which_goes_before_the_variable(counter):
    assert counter.done("--app", "shop:SHOP", "get", "motto", commands=group) == "sell\n"
    assert counter.done("get", "motto", commands=group, SYNFINANCE_SETTINGS_APP="shop:SHOP") == "sell\n"
    variables = {"SYNFINANCE_SETTINGS_APP": "nowhere:app"}
    assert counter.done("--app", "shop:SHOP", "get", "motto", commands=group, **variables) == "sell\n"


@pytest.mark.parametrize(
    "call", [["get", "motto"], ["--help"], ["show", "--help"], ["show", "--env", "dev"]], ids=" ".join
)
def test_a_name_that_leads_to_no_application_ends_with_2(counter, call):
    result = counter.run("--app", "nowhere:app", *call, commands=group)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error[no-application]: there is no module nowhere" in result.stderr
    assert "env SYNFINANCE_SETTINGS_APP" in counter.run(*call, commands=group, SYNFINANCE_SETTINGS_APP="x").stderr


def test_the_program_of_another_application_has_no_option_to_choose_one(counter):
    assert counter.run("--app", "shop:SHOP", "get", "motto").exit_code == 2
    assert counter.done("get", "motto", SYNFINANCE_SETTINGS_APP="nowhere:app") == "sell\n"


def test_the_version_is_of_the_package_that_the_models_are_from(counter):
    assert re.fullmatch(r"synfinance-settings [0-9.]+\n", counter.done("--version"))  # the shop is in no package


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("get c", "cart.limit cart.currencies"),
        ("show --env ", "dev qa live"),
        ("set --env l", "live"),
        ("history --env d", "dev default"),
        ("show --section ", "cart till"),
        ("unset t", "till till.token"),
    ],
    ids=str.strip,
)
@pytest.mark.parametrize("by", ["name", "option", "variable"])
def test_the_shell_is_offered_what_the_application_has(project, words, offered, by):
    before = ["--app", "shop:SHOP"] if by == "option" else []
    program = "shop-settings" if by == "name" else "synfinance-settings"
    code = f"import sys; sys.argv = ['{program}']\n" + (
        "import shop\nfrom synfinance_settings.cli.group import group_for\ngroup_for(shop.SHOP)()\n"
        if by == "name"
        else "from synfinance_settings.cli.group import main\nmain()\n"
    )
    variables = {"SYNFINANCE_SETTINGS_APP": "shop:SHOP"} if by == "variable" else {}
    variables |= {f"_{program.upper().replace('-', '_')}_COMPLETE": "bash_complete"}
    line = [program, *before, *words.split(" ")]
    run = project.python(
        code, PYTHONPATH=str(TESTS), COMP_WORDS=" ".join(line), COMP_CWORD=str(len(line) - 1), **variables
    )
    assert run.stderr == ""
    assert {line.partition(",")[2] for line in run.stdout.splitlines()} == set(offered.split())


def test_where_the_application_cannot_be_had_the_shell_is_offered_nothing(project):
    run = project.python(
        "from synfinance_settings.cli.group import main\nmain()\n",
        _SYNFINANCE_SETTINGS_COMPLETE="bash_complete",
        SYNFINANCE_SETTINGS_APP="nowhere:app",
        COMP_WORDS="synfinance-settings get c",
        COMP_CWORD="2",
    )
    assert (run.stdout.strip(), run.stderr) == ("", "")


def test_no_file_of_a_working_directory_is_taken_for_an_application(project):
    project.write("app.py", "raise SystemExit('it ran')\n")
    run = project.python(
        "import sys; sys.argv = ['synfinance-settings', 'get', 'motto']\n"
        "sys.path.remove('')\nfrom synfinance_settings.cli.group import main\nmain()\n",
        SYNFINANCE_SETTINGS_APP="app:app",
    )
    assert run.returncode == 2
    assert "there is no module app" in run.stderr
