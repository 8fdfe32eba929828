"""Libraries of which little is used are imported lean, and are whole for whoever uses them himself."""

from __future__ import annotations

import pytest

START = "from synfinance_settings import settings; settings.server.port"

WHOLE = """if True:
    import sys
    import dotenv
    import dotenv.parser
    import yaml
    import yaml.cyaml
    for module in (dotenv, yaml):
        hasattr(module, "nothing")
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in ("dotenv", "yaml"):
            loader = type(module.__loader__).__name__
            print(name, type(module).__name__, loader, *sorted(set(vars(module)) - {"__builtins__", "__cached__"}))
"""


def test_a_start_runs_nothing_of_them_that_it_needs_not(project):
    code = f"""if True:
        import sys
        {START}
        for part in ("yaml.resolver", "yaml.loader", "yaml.cyaml", "dotenv.main"):
            assert part not in sys.modules, part
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)


def test_whoever_uses_them_afterwards_finds_all_that_they_have_by_themselves(project):
    alone, after = project.python(WHOLE), project.python(f"{START}\n{WHOLE}")
    assert (alone.returncode, after.returncode) == (0, 0)
    assert after.stdout == alone.stdout
    assert "safe_load" in alone.stdout
    assert "dotenv_values" in alone.stdout


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("import yaml; print(yaml.safe_load('a: 2001-02-03'))", "{'a': datetime.date(2001, 2, 3)}"),
        ("import yaml; print(yaml.load('a: [yes]', yaml.CSafeLoader))", "{'a': [True]}"),
        ("from yaml import safe_dump; print(safe_dump([1]))", "- 1\n"),
        ("import yaml; print(yaml.reader.Reader.NON_PRINTABLE.findall('a\\x07b'))", "['\\x07']"),
        ("import yaml.reader, re; print(yaml.reader.re is re)", "True"),
        ("import dotenv; print(dict(dotenv.dotenv_values('own.env')))", "{'A': '1'}"),
        ("from dotenv import dotenv_values; print(dotenv_values('own.env')['A'])", "1"),
    ],
)
def test_they_do_what_they_do_by_themselves(project, code, printed):
    (project.root / "own.env").write_text("export A=1\n")
    run = project.python(f"{START}\n{code}")
    assert (run.stdout, run.stderr) == (f"{printed}\n", "")


def test_a_text_that_the_pure_reader_refuses_is_refused_as_before(project):
    code = f"""if True:
        {START}
        import yaml
        try:
            yaml.safe_load("a: \\x07")
        except yaml.reader.ReaderError as error:
            print(error.reason)
    """
    assert project.python(code).stdout == "special characters are not allowed\n"


def test_what_was_imported_before_is_left_as_it_is(project):
    code = f"""if True:
        import dotenv, yaml
        before = dict(vars(yaml)), dict(vars(dotenv)), type(yaml.reader.Reader.NON_PRINTABLE)
        {START}
        assert (dict(vars(yaml)), dict(vars(dotenv)), type(yaml.reader.Reader.NON_PRINTABLE)) == before
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)
