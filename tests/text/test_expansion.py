"""References: what they become, where they are errors, and that bash agrees."""

from __future__ import annotations

import shutil
import string
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE

from synfinance_settings.text.expansion import InheritedFault, ReferenceFault, Scope, expand

SET = {"A": "alpha", "B": "b $A ${A} $$", "EMPTY": "", "_x1": "under", "D": "}{"}


def scope(lines=None, **variables):
    return Scope({**SET, **variables}, lines or {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$A", "alpha"),
        ("${A}", "alpha"),
        ("<$A-$_x1>", "<alpha-under>"),
        ("$A.b", "alpha.b"),
        ("$AB$A", None),
        ("${B}", "b $A ${A} $$"),
        ("${A:-d}", "alpha"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${NO:-d}", "d"),
        ("${NO-d}", "d"),
        ("${NO:-}", ""),
        ("${NO:-${NO-${A}}}", "alpha"),
        ("${NO:-a}b}", "ab}"),
        ("${NO:-${D}}", "}{"),
        ("${NO:-{}}", "{}"),
        ("${A:+other}", "other"),
        ("${EMPTY:+other}", ""),
        ("${NO:+$ALSO_NO}", ""),
        ("${A:-$ALSO_NO}", "alpha"),
        ("${A:?needed}", "alpha"),
        ("$$", "$"),
        ("$$A", "$A"),
        ("$$$A", "$alpha"),
        ("$${A}", "${A}"),
        ("$", "$"),
        ("5$", "5$"),
        ("$5", "$5"),
        ("$ A", "$ A"),
        ("$(A)", "$(A)"),
        ("$-", "$-"),
        ("}", "}"),
        ("{A}", "{A}"),
        ("", ""),
        ("é$A", "éalpha"),
    ],
)
def test_a_reference_becomes(text, value):
    if value is None:
        with pytest.raises(ReferenceFault):
            expand(text, scope())
    else:
        assert expand(text, scope()) == value


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("x$NO", "unset-variable", 1),
        ("${NO}", "unset-variable", 0),
        ("${NO:?}", "unset-variable", 0),
        ("${EMPTY:?set me}", "unset-variable", 0),
        ("${NO:-$ALSO}", "unset-variable", 6),
        ("a${", "bad-reference", 1),
        ("${}", "bad-reference", 0),
        ("${A", "bad-reference", 0),
        ("${A:", "bad-reference", 0),
        ("${A:-x", "bad-reference", 0),
        ("${A:-${B}", "bad-reference", 0),
        ("${1A}", "bad-reference", 0),
        ("${A B}", "bad-reference", 0),
        ("${A=x}", "bad-reference", 0),
        ("${A+x}", "bad-reference", 0),
        ("${#A}", "bad-reference", 0),
        ("${ A}", "bad-reference", 0),
        ("${é}", "bad-reference", 0),
        ("${A:-${}}", "bad-reference", 5),
    ],
)
def test_a_reference_that_is_wrong_is_told_at_its_dollar(text, code, offset):
    with pytest.raises(ReferenceFault) as caught:
        expand(text, scope())
    assert (caught.value.code, caught.value.offset) == (code, offset)


def test_a_required_name_gives_its_message():
    with pytest.raises(ReferenceFault) as caught:
        expand("${NO:?ask the operator}", scope())
    assert caught.value.told == "NO is required: ask the operator"
    assert caught.value.message == "a name after a dollar is not set anywhere"


def test_the_process_environment_is_asked_before_dotenv():
    assert expand("$A $L", scope({"A": "line", "L": "line"})) == "alpha line"


def test_a_broken_line_matters_where_it_is_referred_to():
    from synfinance_settings import Problem

    lines = {"BROKEN": Problem("bad-reference", "broken")}
    assert expand("$A", scope(lines)) == "alpha"
    with pytest.raises(InheritedFault):
        expand("$BROKEN", scope(lines))


@pytest.mark.parametrize("text", ["x" * 100_001, "$BIG$BIG", "${BIG:+$BIG$BIG}"])
def test_over_100_000_characters_are_too_long(text):
    with pytest.raises(ReferenceFault, match="too-long"):
        expand(text, scope(BIG="x" * 60_000))


def test_100_000_characters_pass():
    assert expand("$BIG$BIG", scope(BIG="x" * 50_000)) == "x" * 100_000


def test_defaults_nest_to_any_depth():
    assert expand("${NO:-" * 5000 + "x" + "}" * 5000, scope()) == "x"


PLAIN = st.text(string.ascii_letters + string.digits + " ._/:,@%+=-", max_size=5)
NAMES = st.sampled_from(["A", "_x1", "EMPTY", "WITH_BLANK"])
REFERENCES = st.recursive(
    st.one_of(PLAIN, NAMES.map("${{{}}}".format), NAMES.map("${}/".format)),
    lambda inner: st.one_of(
        st.builds("${{{}{}{}}}".format, NAMES, st.sampled_from([":-", "-", ":+"]), inner),
        st.builds("{}{}".format, inner, inner),
    ),
    max_leaves=6,
)
ENVIRON = {"A": "alpha", "_x1": "$A ${A}", "EMPTY": "", "WITH_BLANK": "two  words"}


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is the oracle")
@settings(max_examples=1)
@given(st.lists(REFERENCES, min_size=300, max_size=300))
def test_bash_agrees(texts):
    script = "".join(f'printf "%s\\0" "{text}"\n' for text in texts)
    run = subprocess.run(
        ["bash", "-c", script], env=ENVIRON, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert [expand(text, Scope(ENVIRON, {})) for text in texts] == run.stdout.split("\0")[:-1]


@settings(max_examples=100)
@given(st.lists(st.one_of(PLAIN, st.sampled_from(["$A/", "${A}", "${WITH_BLANK}", "${A:-x}", "${EMPTY:-x}"]))))
def test_expandvars_agrees(pieces):
    expandvars = pytest.importorskip("expandvars")
    text = "".join(pieces)
    assert expand(text, Scope(ENVIRON, {})) == expandvars.expand(text, environ=ENVIRON)


@settings(max_examples=200)
@given(st.text("$A{}:-?+ x"))
def test_any_text_is_expanded_or_refused(text):
    try:
        expand(text, scope())
    except ReferenceFault as found:
        fault = found
    else:
        return
    assert text[fault.offset] == "$"


@settings(max_examples=100)
@given(st.text())
def test_text_with_doubled_dollars_comes_back(text):
    assert expand(text.replace("$", "$$"), scope()) == text
