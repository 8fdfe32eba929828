"""The grammar of `.env`."""

from __future__ import annotations

import io
import re

import pytest
from dotenv.parser import parse_stream
from hypothesis import given, settings
from hypothesis import strategies as st

from synfinance_settings import Problem
from synfinance_settings.layers.dotenv_form import line_of
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.dotenv import read_dotenv


def read(text, **environ):
    parsed = read_dotenv(text, ".env", environ)
    assert not parsed.problems
    return dict(parsed.values)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x", "x"),
        ("A = x", "x"),
        ("  A=x  ", "x"),
        ("export A=x", "x"),
        ("A=", ""),
        ("A=''", ""),
        ('A=""', ""),
        ("A=x # note", "x"),
        ("A=x#y", "x#y"),
        ("A= # note", ""),
        ("A=#x", "#x"),
        ("A='x # y' # note", "x # y"),
        ('A="x # y" # note', "x # y"),
        ("A=x y", "x y"),
        ("A=a\\nb\\", "a\\nb\\"),
        ("A='a\\nb'", "a\\nb"),
        ('A="a\\nb\\t\\"\\\\\\$c"', 'a\nb\t"\\$c'),
        ("A='it\\'s'", "it's"),
        ("A='$B ${'", "$B ${"),
        ('A="$B"', "beta"),
        ("A=${B}", "beta"),
        ("A=${NO:-d}", "d"),
        ("A=$$B", "$B"),
        ('A="two\nlines"', "two\nlines"),
        ("A=a=b", "a=b"),
        ("A=1e3", "1e3"),
        ("A=é", "é"),
    ],
)
def test_a_line_sets(line, value):
    assert read(f"{line}\n", B="beta") == {"A": value}


@pytest.mark.parametrize("text", ["", "# note\n", "A\n", "export A\n", "\n\n", "   # x\n"])
def test_nothing_is_set(text):
    assert read(text) == {}


def test_the_last_line_of_a_name_counts():
    parsed = read_dotenv("A=1\nB=2\nA=3\n", ".env", {})
    assert (dict(parsed.values), dict(parsed.lines)) == ({"A": "3", "B": "2"}, {"A": 3, "B": 2})


def test_a_line_sees_the_lines_above_already_expanded():
    assert read("A=1\nB=$A$A\nC=${B}\nD='$C'\nE=$D\n") == {"A": "1", "B": "11", "C": "11", "D": "$C", "E": "$C"}


def test_a_line_asks_the_process_environment_first():
    assert read("A=line\nB=$A\n", A="process")["B"] == "process"


def test_a_line_does_not_see_the_lines_below():
    value = read("A=$B\nB=1\n")["A"]
    assert isinstance(value, Problem)
    assert (value.code, str(value.origin)) == ("unset-variable", ".env:1:3")


@pytest.mark.parametrize("line", ["A B", "=x", 'A="x', "A='x", "A=x\ny z", "A 'x'"])
def test_a_broken_line_is_told_with_its_number(line):
    (problem, *_) = read_dotenv(f"# note\n\n{line}\n", ".env", {}).problems
    assert problem.code == "syntax"
    assert problem.origin.line == 3 + line.count("\n")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("SYNFINANCE_DEBUG:true", "write = instead of : after the name"),
        ("SYNFINANCE_DEBUG: true", "write = instead of : after the name"),
        ("export SYNFINANCE_DEBUG : true", "write = instead of : after the name"),
        ("SYNFINANCE_ALERT_WEBHOOK:https://a.example?b=c", "write = instead of : after the name"),
        ("SYNFINANCE_DEBUG true", "put = between the name and its value"),
        ("set SYNFINANCE_DEBUG=true", "remove what stands before the name"),
        ("- SYNFINANCE_DEBUG=true", "remove what stands before the name"),
        ("SYNFINANCE_DEBUG='true", "close the quote that opens here; after a backslash a quote is text"),
        ("=true", "a line must be NAME=value, with every quote closed"),
    ],
)
def test_a_line_that_would_set_nothing_is_told_with_its_mend(project, line, hint):
    project.write(".env", f"# note\nA=1\n{line}\nB=2\n")
    problem = project.problem()
    assert (problem.code, str(problem.origin), problem.hint) == ("syntax", ".env:3", hint)


def test_a_name_alone_sets_nothing(project):
    project.write(".env", "SYNFINANCE_DEBUG\nexport SYNFINANCE_APP_NAME\n")
    assert project.load().app_name == "SynFinance"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A=1\nSYNFINANCE_APP_NAME=a\0b\n", "2:22"),
        ("SYNFINANCE_APP_NAME='a\n\0'\n", "2:1"),
        ("\0" * 4096, "1:1"),
        ("# \0\n", "1:3"),
    ],
)
def test_a_nul_is_told_at_its_place(project, text, place):
    """What a power cut may leave where a file was being written."""
    project.write(".env", text)
    assert project.problems() == [("syntax", None, f".env:{place}")]


def test_a_file_of_zero_bytes_does_not_mean_development(project):
    project.write(".env", "")
    problem = project.problem()
    assert (problem.code, str(problem.origin)) == ("became-empty", ".env")
    assert "would mean development" in problem.message
    assert project.load(SYNFINANCE_ENV="test").environment == "test"
    project.write(".env", "# nothing\n")
    assert project.load().environment == "development"


def test_a_file_that_loses_its_bytes_while_a_process_runs_is_an_empty_one(project):
    project.write(".env", "SYNFINANCE_APP_NAME=ours\n")
    manager = project.manager()
    assert manager.load_config().app_name == "ours"
    project.write(".env", "")
    assert manager.reload_config().app_name == "SynFinance"


def test_a_foreign_line_with_a_bad_reference_does_no_harm(project):
    project.write(".env", "PROMPT=${\nSYNFINANCE_SERVER__PORT=9001\n")
    assert project.load().server.port == 9001


@pytest.mark.parametrize("use", ["SYNFINANCE_APP_NAME=$PROMPT\n", ""])
def test_a_foreign_line_matters_where_a_setting_refers_to_it(project, use):
    project.layer("default", "app_name: x" if use else "app_name: $PROMPT")
    project.write(".env", f"\nPROMPT=${{\n{use}")
    problem = project.problem()
    assert (problem.code, problem.key, str(problem.origin)) == ("bad-reference", "app_name", ".env:2:8")


def test_a_value_is_not_expanded_a_second_time(project):
    project.write(".env", "RAW='$HOME ${X} $$'\nSYNFINANCE_DB_PASSWORD=$RAW\n")
    assert project.load().database.password.get_secret_value() == "$HOME ${X} $$"


def test_a_dotenv_further_up_is_not_read(project):
    inner = project.root / "inner"
    (inner / "settings").mkdir(parents=True)
    (inner / "settings" / "default.yaml").write_text("{}")
    project.write(".env", "SYNFINANCE_SERVER__PORT=9001\n")
    from synfinance_settings import ConfigManager

    assert ConfigManager(settings_dir=inner / "settings", environ={}).load_config().server.port == 8000


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=20)


@settings(max_examples=300)
@given(st.one_of(TEXTS, st.text("\"'\\$#{}= \n\tna", max_size=12)))
def test_what_is_written_reads_back(text):
    assert read(f"{line_of(SYNFINANCE, 'app_name', text)}\nA=1\n") == {"SYNFINANCE_APP_NAME": text, "A": "1"}


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from(
            ["A=1", "B='1", "'", 'C="', '"', "#", " ", "\t", "export ", " # a", "\n", "\n", "\r", "=", "A", ".", "é"]
        )
    ).map("".join)
)
def test_names_values_and_lines_are_those_of_python_dotenv(text):
    """Most lines are read in one step; what is read so is what python-dotenv makes of the whole."""
    parsed = read_dotenv(text, ".env", {})
    bindings = list(parse_stream(io.StringIO(text)))
    assigned = [found for found in bindings if found.value is not None and found.key]
    assert parsed.values == {found.key: found.value for found in assigned}
    assert parsed.lines == {found.key: line_in(found) for found in assigned}
    assert len(parsed.problems) == sum(found.error for found in bindings)


def line_in(binding):
    """The line of a name: python-dotenv counts the blank lines before it to what it found."""
    written, line = binding.original
    return line + len(re.findall(r"\r\n|\n|\r", written[: len(written) - len(written.lstrip())]))


def test_a_file_of_more_lines_than_a_layer_may_have_nodes_is_refused():
    parsed = read_dotenv("A=1\n" * 200_001, ".env", {})
    assert (parsed.values, [(found.code, str(found.origin)) for found in parsed.problems]) == (
        {},
        [("too-many-nodes", ".env:200001")],
    )


@settings(max_examples=300)
@given(st.text("A=B\"'\\$#{}: \n\r\té\x00", max_size=30))
def test_any_text_is_read(text):
    """Whatever stands there: values, problems with places, and never another exception."""
    parsed = read_dotenv(text, ".env", {})
    assert all(isinstance(value, str | Problem) for value in parsed.values.values())
    assert all(problem.origin.line for problem in parsed.problems)
