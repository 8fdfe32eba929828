"""The line that is told of a text that does not parse is the line that is wrong, and its mend makes the text read."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from synfinance_settings.text.yaml import YAML, culprit_of

LIST = "server:\n  cors_origins:\n    - https://a.example\n    {}\n    - https://c.example\n  port: 1\n"
SECTION = "server:\n  host: a\n{}\n  workers: 2\n  timeout: 3\n"


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        (SECTION.format("  port 8000"), "3:7", "put a colon and a space after the key"),
        (SECTION.format("  port:8000"), "3:8", "put a space after the colon"),
        (SECTION.format("  port = 8000"), "3:8", "write a colon and a space instead of ="),
        (SECTION.format("  port=8000"), "3:7", "write a colon and a space instead of ="),
        (SECTION.format("  port:\u00a08000"), "3:8", "type plain spaces; some programs insert no-break ones"),
        (SECTION.format("\u00a0\u00a0port: 8000"), "3:1", "type plain spaces; some programs insert no-break ones"),
        (SECTION.format("   port: 8000"), "3:4", "indent it like line 2"),
        (SECTION.format("     port: 8000"), "3:6", "indent it like line 2"),
        (SECTION.format(" port: 8000"), "3:2", "indent it like line 2"),
        (SECTION.format("port: 8000"), "3:1", "indent it like line 2"),
        (SECTION.format("\tport: 8000"), "3:1", "indent with spaces; YAML does not allow tabs here"),
        ("server:\n   host: a\n  port: 1\n  workers: 2\n", "2:4", "indent it like line 3"),
        ("server\n  host: a\n", "1:7", "put a colon after the key"),
        ("debug 1\nserver:\n  port: 1\n", "1:6", "put a colon and a space after the key"),
        ("server:\n  port 1\n  workers 2\n  timeout: 3\n", "2:7", "put a colon and a space after the key"),
        (SECTION.format("  log_level: 'INFO"), "3:14", "a quote that opens here is not closed"),
        (
            SECTION.format('  log_level: "INFO\n  host: \'\'\n  name: "x"'),
            "3:14",
            "a quote that opens here is not closed",
        ),
        (
            SECTION.format("  log_level: 'it's'"),
            "3:17",
            "write a quote inside quotes twice, or put double quotes around the text",
        ),
        (
            SECTION.format("  log_level: INFO port: 8000"),
            "3:23",
            "put quotes around a text that contains a colon and a space; each setting has a line of its own",
        ),
        (LIST.format("https://b.example"), "4:5", "put a dash and a space before the item"),
        (LIST.format("-https://b.example"), "4:6", "put a space after the dash of an item"),
        (
            LIST.format("* https://b.example"),
            "4:5",
            "an item of a list begins with - and a space; put quotes around it if it is meant as text",
        ),
        (LIST.format("- https://b.example\n   - https://d.example"), "5:4", "indent it like line 4"),
        ("server:\n  port: 1\n  work", "3:7", "the file may be cut off; a key is followed by a colon"),
        (
            "debug: 1\n<<<<<<< HEAD\napp_name: a\n=======\napp_name: b\n>>>>>>> theirs\n",
            "2:1",
            "keep one of the two sides, and remove the conflict markers",
        ),
    ],
)
def test_a_mistake_is_told_in_its_line_with_the_mend(project, text, place, hint):
    project.layer("default", text)
    problem = project.problem()
    assert (problem.code, str(problem.origin), problem.hint) == ("syntax", f"settings/default.yaml:{place}", hint)


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("server:\n  host: a\n   port: 1\n", 3, "indent it like line 2; or on line 2: indent it like line 3"),
        ("server:\n  host: a\n port: 1\n", 3, "indent it like line 2; or on line 2: indent it like line 3"),
    ],
)
def test_where_two_lines_are_as_likely_both_are_told(project, text, line, hint):
    project.layer("default", text)
    problem = project.problem()
    assert (problem.origin.line, problem.hint) == (line, hint)


def test_a_second_mistake_does_not_hide_the_line_of_the_first(project):
    project.layer("default", "server:\n  port 1\n  workers: 2\ncache:\n  ttl = 60\n  db: 1\n")
    assert project.problem().origin.line == 2


NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
VALUES = st.sampled_from(["1", "0.5", "true", "redis", "/var/log", "a.example", "https://a.example", "2024-01-01"])
LAYERS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, min_size=3, max_size=6), min_size=1, max_size=4)
BREAKS = {
    "colon": lambda line: line.replace(":", "", 1),
    "blank": lambda line: line.replace(": ", ":", 1),
    "equals": lambda line: line.replace(": ", " = ", 1),
    "no-break": lambda line: line.replace(": ", ":\u00a0", 1),
    "quote": lambda line: line.replace(": ", ': "', 1),
}


def error_of(text):
    try:
        list(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        return error
    return None


def written(layer):
    lines = []
    for section, entries in layer.items():
        lines += [f"{section}:", *(f"  {name}: {value}" for name, value in entries.items())]
    return lines


@settings(max_examples=150)
@given(LAYERS, st.sampled_from(sorted(BREAKS)), st.data())
def test_whatever_line_loses_its_colon_or_a_quote_is_the_line_that_is_told(layer, kind, data):
    lines = written(layer)
    number = data.draw(st.integers(1, len(lines)))
    broken = BREAKS[kind](lines[number - 1])
    assume(broken != lines[number - 1])
    text = "\n".join([*lines[: number - 1], broken, *lines[number:]]) + "\n"
    error = error_of(text)
    assume(error is not None)
    found = culprit_of(text, error)
    assert found is not None
    assert found.mend.line == number
    assert YAML.outline(found.text, "x").fault is None


@settings(max_examples=200)
@given(st.text("ab:-[]{}&*!|>'\"%@`#, \n\t?~<=0\u00a0", min_size=1, max_size=40))
def test_the_mend_of_any_text_makes_it_read_or_get_further(text):
    fault = YAML.outline(text, "x").fault
    error = error_of(text)
    found = culprit_of(text, error) if error is not None else None
    if found is None:
        return
    after = YAML.outline(found.text, "x").fault
    assert fault is not None
    assert after is None or after != fault


def test_a_text_that_reads_asks_for_no_second_opinion(project):
    """So that a start pays nothing for it."""
    project.layer("default", "server:\n  port: 8001\n")
    code = (
        "import sys; from synfinance_settings import ConfigManager;"
        f"ConfigManager(settings_dir={str(project.root / 'settings')!r}, environ={{}}).load_config();"
        "print(*sorted(name for name in sys.modules if 'culprit' in name or 'mends' in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("\n", 0)


def test_a_secret_beside_the_mistake_is_not_told(project):
    for line in (
        "password hunter-canary-7",
        "password:hunter-canary-7",
        "password = hunter-canary-7",
        "hunter-canary-7",
    ):
        project.layer("default", f"database:\n  host: a\n  {line}\n  port: 1\n")
        error = project.error()
        assert error.problems[0].origin.line == 3
        assert error.problems[0].excerpt is None
        assert "canary" not in str(error)
        assert "canary" not in repr(error.errors())


def test_the_line_is_shown_where_it_holds_nothing_but_settings_in_clear(project):
    project.layer("default", "server:\n  host: a\n  port 8000\n  workers: 2\n")
    assert str(project.error()) == (
        "error[syntax]: not YAML: no colon after a key\n"
        "  --> settings/default.yaml:3:7\n"
        "   |\n"
        " 3 |   port 8000\n"
        "   |       ^\n"
        "   = help: put a colon and a space after the key"
    )


@pytest.mark.parametrize(
    "line",
    [
        "unknown canary",
        "port 8000 # canary",
        "password: 'canary",
        "canary: 1 2: 3",
        "name: 3o: canary",
        "name: x password: canary",
        "name:x:canary",
        "name x=canary",
        'name: "x, password: canary',
        "name: 'x password=canary",
        "name: [canary, {password: canary}",
    ],
)
def test_a_line_that_may_hold_more_is_not_shown(project, line):
    project.layer("default", f"database:\n  host: a\n  {line}\n  user: b\n")
    error = project.error()
    assert error.problems[0].excerpt is None
    assert "canary" not in str(error)
