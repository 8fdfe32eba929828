"""Which application is meant by a name, and what is said of names that lead to none."""

from __future__ import annotations

import subprocess
import sys

import pytest
import shop

from synfinance_settings import SettingsError
from synfinance_settings.choice import APP_VARIABLE, application_named


def test_a_name_leads_to_the_application_that_the_module_made():
    assert application_named("shop:SHOP") is shop.SHOP
    assert APP_VARIABLE == "SYNFINANCE_SETTINGS_APP"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shop", "'shop' does not name an application"),
        ("shop:", "'shop:' does not name an application"),
        (":SHOP", "':SHOP' does not name an application"),
        (".shop:SHOP", "'.shop:SHOP' does not name an application"),
        ("shop.py:SHOP", "there is no module shop.py"),
        ("sh\nop:SHOP", "does not name an application"),
        ("shoq:SHOP", "there is no module shoq"),
        ("shoq.settings:SHOP", "there is no module shoq"),
        ("shop:SHOQ", "shop has no SHOQ"),
        ("shop:SHOP.shelf", "shop has no SHOP.shelf"),
        ("shop:ShopConfig", "shop:ShopConfig is of type ModelMetaclass, not an Application"),
    ],
)
def test_a_name_that_leads_to_none_is_told(name, said):
    with pytest.raises(SettingsError) as caught:
        application_named(name)
    (problem,) = caught.value.problems
    assert problem.code == "no-application"
    assert said in problem.message
    assert problem.hint
    assert str(problem.origin) == "the argument"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name", "bad cannot be imported: No module named 'nothing_of_that_name'"),
        ("from json import nothing", "bad cannot be imported: cannot import name 'nothing' from 'json'"),
    ],
)
def test_a_module_that_imports_what_is_not_there_is_told(project, text, said):
    project.write("lib/bad.py", text)
    code = """if True:
        from synfinance_settings import SettingsError
        from synfinance_settings.choice import chosen_application
        try:
            chosen_application()
        except SettingsError as error:
            (problem,) = error.problems
            print(problem.origin, problem.message, sep="; ")
    """
    run = project.python(code, PYTHONPATH="lib", SYNFINANCE_SETTINGS_APP="bad:app")
    assert (run.stdout.startswith(f"env SYNFINANCE_SETTINGS_APP; {said}"), run.stderr) == (True, "")


@pytest.mark.parametrize("text", ["1 / 0", "None.app", "import json; json.app"])
def test_what_is_wrong_in_the_module_itself_keeps_its_traceback(project, text):
    project.write("lib/bad.py", f"def make():\n    {text}\n\nmake()\n")
    code = "from synfinance_settings.choice import application_named; application_named('bad:app')"
    run = project.python(code, PYTHONPATH="lib")
    assert run.returncode == 1
    assert 'bad.py", line 2, in make' in run.stderr


@pytest.mark.parametrize(("options", "said"), [([], "it ran"), (["-P"], "there is no module bad")])
def test_the_working_directory_counts_only_where_python_was_told_so(project, options, said):
    project.write("bad.py", "raise SystemExit('it ran')")
    code = "from synfinance_settings.choice import application_named; application_named('bad:app')"
    run = subprocess.run([sys.executable, *options, "-c", code], cwd=project.root, capture_output=True, text=True)
    assert said in run.stderr


def test_the_process_environment_goes_before_what_else_is_named(project):
    code = """if True:
        from synfinance_settings.choice import chosen_application
        print(chosen_application(), chosen_application("other:app"))
    """
    for name in ("shop", "other"):
        project.write(
            f"lib/{name}.py",
            "from synfinance_settings.model.application import Application\\n"
            "from synfinance_settings.sections.server import ServerConfig\\n"
            f"app = Application(ServerConfig, prefix='{name.upper()}_')\\n".replace("\\n", "\n"),
        )
    assert project.python(code, PYTHONPATH="lib").stdout == (
        "<Application AppConfig, SYNFINANCE_> <Application ServerConfig, OTHER_>\n"
    )
    run = project.python(code, PYTHONPATH="lib", SYNFINANCE_SETTINGS_APP="shop:app")
    assert run.stdout == "<Application ServerConfig, SHOP_> <Application ServerConfig, SHOP_>\n"
