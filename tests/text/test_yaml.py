"""YAML is read as text with places, over events alone."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from synfinance_settings import LayerError
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.node import Source, untold
from synfinance_settings.text.tree import nodes_of
from synfinance_settings.text.yaml import YAML


def data(node):
    """A node as plain data."""
    value = node.value if hasattr(node, "value") else node
    if isinstance(value, dict):
        return {key: data(item) for key, item in value.items()}
    return [data(item) for item in value] if isinstance(value, list) else value


def read(text):
    root, problems = read_text(text, Source("x.yaml"))
    assert not problems
    return data(root)


def codes(text):
    """Code, line and column of all faults."""
    try:
        problems = read_text(text, Source("x.yaml"))[1]
    except LayerError as error:
        problems = error.problems
    return [(problem.code, problem.origin.line, problem.origin.column) for problem in problems]


@pytest.mark.parametrize(
    "scalar", ["yes", "NO", "010", "0x1F", "1e3", "12:30", "1_000", ".inf", "2024-01-01", "=", "-x"]
)
def test_a_scalar_is_its_text(scalar):
    assert read(f"a: {scalar}") == {"a": scalar}


@pytest.mark.parametrize("scalar", ["null", "Null", "NULL", "~", ""])
def test_plain_null_is_null_and_quoted_null_is_text(scalar):
    assert read(f"a: {scalar}\nb: '{scalar}'") == {"a": None, "b": scalar}


@pytest.mark.parametrize("scalar", ["nUll", "none", "None", "nil"])
def test_other_spellings_of_nothing_are_text(scalar):
    assert read(f"a: {scalar}") == {"a": scalar}


@pytest.mark.parametrize("text", ["", "# comment", "---\n", "--- # comment\n...\n", "\n\n"])
def test_a_file_without_content_is_nothing(text):
    assert read_text(text, Source("x.yaml")) == (None, [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2\na: 3", [("duplicate-key", 3, 1)]),
        ("a: {b: 1, b: 2}", [("duplicate-key", 1, 11)]),
        ("a: &x {b: 1}\nc:\n  <<: *x", [("bad-key", 3, 3)]),
        ("1: a\n? [x]\n: b", [("bad-key", 2, 3)]),
        ("~: a", [("bad-key", 1, 1)]),
        ("a: !!python/object/apply:os.system [x]", [("bad-tag", 1, 4)]),
        ("a: !x y", [("bad-tag", 1, 4)]),
        ("!x a: y", [("bad-tag", 1, 1)]),
        ("b: 1\n!!binary aGk=: y", [("bad-tag", 2, 1)]),
        ("a: !!binary aGk=", [("bad-tag", 1, 4)]),
        ("a: !!set {x}", [("bad-tag", 1, 4)]),
        ("a: 1\n---\nb: 2", [("second-document", 2, 1)]),
        ("a: *x", [("bad-alias", 1, 4)]),
        ("a: &x [*x]", [("bad-alias", 1, 8)]),
        ("a: [1 }", [("syntax", 1, 7)]),
        ("a: b: c", [("syntax", 1, 5)]),
        ("a:\n\t- x", [("syntax", 2, 1)]),
        ("a: 1\nb: \x07", [("syntax", 2, 4)]),
        ("a: 1\na: 2\nb: }", [("duplicate-key", 2, 1), ("syntax", 3, 4)]),
    ],
)
def test_a_fault_is_told_at_its_place(text, found):
    assert codes(text) == found


@pytest.mark.parametrize("tagged", ["!!str 1", "!!int '1'", "! 1", "!!float 1", "!!bool 1", "!!null 1"])
def test_core_tags_change_nothing(tagged):
    assert read(f"a: {tagged}") == {"a": "1"}


def test_nodes_carry_the_places_of_key_and_value():
    root, _ = read_text("a:\n  b: 1\n  c: [x, y]\n", Source("x.yaml"))
    inner = root.value["a"].value
    assert (str(inner["b"].key_origin), str(inner["b"].origin)) == ("x.yaml:2:3", "x.yaml:2:6")
    assert [str(item.origin) for item in inner["c"].value] == ["x.yaml:3:7", "x.yaml:3:10"]


def test_40_levels_pass_and_41_do_not():
    assert read("[" * 40 + "]" * 40)
    assert [code for code, *_ in codes("[" * 41 + "]" * 41)] == ["too-deep"]
    assert [code for code, *_ in codes("{a: " * 41 + "1" + "}" * 41)] == ["too-deep"]


def test_40_000_open_brackets_do_no_harm():
    """The place is where libyaml stops, at our bound or at its own."""
    assert [(code, line) for code, line, _ in codes("[" * 40_000)] == [("too-deep", 1)]


def test_aliases_count_as_often_as_they_are_used():
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    assert [code for code, *_ in codes(bomb)] == ["too-many-nodes"]


def test_aliases_in_aliases_are_as_deep_as_what_they_stand_for():
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 6000))
    assert codes(chain) == [("too-deep", 40, 12)]
    assert read("".join(chain.splitlines(keepends=True)[:39]))


def test_the_anchor_of_a_key_can_be_used():
    assert read("&k a: 1\nb: *k\nc: {d: *k}") == {"a": "1", "b": "a", "c": {"d": "a"}}


@pytest.mark.long
def test_200_000_nodes_pass_and_one_more_does_not():
    items = "[" + "x," * 199_999 + "]"
    assert len(read(items)) == 199_999
    assert [code for code, *_ in codes(items.replace("[", "[x,", 1))] == ["too-many-nodes"]


def test_an_alias_is_a_copy_of_its_own():
    root, _ = read_text("a: &x [1]\nb: *x", Source("x.yaml"))
    assert root.value["a"].value[0] is not root.value["b"].value[0]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"), max_size=8)
DOCUMENTS = st.recursive(
    TEXT, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=12
)


@settings(max_examples=150)
@given(st.dictionaries(TEXT, DOCUMENTS, min_size=1, max_size=4), st.sampled_from([None, True, False]))
def test_the_reader_agrees_with_pyyaml(document, flow):
    text = yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True)
    assert read(text) == yaml.load(text, yaml.BaseLoader) == document


@settings(max_examples=150)
@given(st.dictionaries(TEXT, DOCUMENTS, min_size=1, max_size=4))
def test_what_is_written_reads_back(document):
    assert read(YAML.write(document)) == document


@settings(max_examples=300)
@given(st.text("ab:-[]{}&*!|>'\"%@`#, \n\t?~<=0é\x00", max_size=30))
def test_any_text_is_read_or_refused(text):
    assert all(code for code, *_ in codes(text))


def placed(node):
    """A node with the places of all that it holds."""
    value = node.value
    if isinstance(value, dict):
        value = {key: (item.key_line, item.key_column, placed(item)) for key, item in value.items()}
    elif isinstance(value, list):
        value = [placed(item) for item in value]
    return node.line, node.column, node.source, value


def simple(text):
    """The root of a text in one step, which is what the outline comes to; None where there is something odd in it."""
    source = Source("x.yaml", expands=True)
    root = YAML.read_simple(text, source)
    if root is not None:
        outlined, problems = nodes_of(YAML.outline(text, "x.yaml"), source, untold)
        assert placed(root) == placed(outlined)
        assert not problems
    return root


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n  c: [x, ~, '~', {d: }]\n  e:\n  - |\n    f\n",
        "--- # what nobody minds\na: 'b'\n...\n",
        "a:\n" + "".join("  " * level + f"b{level}:\n" for level in range(1, 39)),
    ],
)
def test_a_text_without_anything_odd_is_read_in_one_step(text):
    assert simple(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "- a", "a: &x 1", "a: &x {}", "&x a: 1", "&x {a: 1}", "a: &x 1\nb: *x", "a: [*x]"),
        *("a: !!str 1", "a: ! [x]", "!!map {a: 1}", "! a: 1", "? [a]\n: b", "~: a", "<<: {a: 1}", "'<<': 1"),
        *("a: 1\na: 2", "a: {b: 1, b: 1}", "a: 1\n---\nb: 2", "a: 1\n---\n", "a: 1\nb: }", "a: \ud800", "a: \0"),
        "a: " + "[" * 40 + "]" * 40,
    ],
)
def test_what_is_odd_is_left_to_the_outline(text):
    assert simple(text) is None


def test_half_as_many_nodes_as_there_may_be_are_read_in_one_step():
    """The root and the list are two of them, and a key counts as a node, too, where the outline counts."""
    source = Source("x.yaml")
    assert YAML.read_simple("a: [" + "x, " * 99_998 + "]", source) is not None
    assert YAML.read_simple("a: [" + "x, " * 99_999 + "]", source) is None


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["a: ", "b: ", "c", "'d'", "~", "<<: ", "- ", "&x ", "*x", "! ", "{", "}", "[", "]", ", ", "#"])
        | st.sampled_from(["\n", "\n", "\n  ", "\n    ", "\n---\n", "|\n", "? ", '"e"', "f: g\n"])
    ).map("".join)
)
def test_what_is_read_in_one_step_is_what_the_outline_comes_to(text):
    simple(text)


BRACKET = "a bracket that opens here is not closed"


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("server:\n\tport: 1\n", "2:1", "indent with spaces; YAML does not allow tabs here"),
        ("server:\n  host: @home\n", "2:9", "put quotes around a text that begins with this character"),
        ("server:\n  cors_origins:\n    - *\n", "3:8", "put quotes around a text that begins with this character"),
        (
            "server:\n  host 'a'\n  port: 1\n",
            "2:7",
            "put a colon and a space after the key",
        ),
        ("server:\n  host: 'a\n  port: 1\n", "2:9", "a quote that opens here is not closed"),
        ("debug: [\n", "1:8", BRACKET),
        ("server: {port: 1\ncache:\n  ttl: 60\n", "1:9", BRACKET),
        ("server: {cors_origins: [a, b}\ncache: {ttl: 60}\n", "1:24", BRACKET),
        ("server:\n  cors_origins: [a, # ]\n    '],'\ncache: {ttl: [60]}\n", "2:17", BRACKET),
        ("server: {cors_origins: [a, [b]}\n", "1:24", BRACKET),
        ("server: [a: b\ncache: c]\nml: [\n", "2:6", "a comma may be missing before this"),
        ("server: ['a' 'b']\n", "1:14", "a comma may be missing before this"),
        ("server: [a ,\n }" + "[" * 100_000, "2:2", None),
    ],
)
def test_a_fault_of_syntax_says_what_most_likely_mends_it(project, text, place, hint):
    project.layer("default", text)
    problem = project.problem()
    assert (problem.code, str(problem.origin), problem.hint) == ("syntax", f"settings/default.yaml:{place}", hint)


def test_the_text_that_aliases_repeat_is_bounded():
    """So that a small file cannot become gigabytes."""
    text = f"a: &a {'x' * 1024}\nb: [{', '.join(['*a'] * 1024)}]\n"
    assert codes(text) == []
    assert [code for code, *_ in codes(f"{text}c: *a\n")] == ["too-many-nodes"]


def test_a_control_character_far_behind_a_bracket_that_is_not_closed_is_no_crash():
    """libyaml reads ahead by 16 KiB; the search for the bracket goes on to where it has not looked yet."""
    assert [code for code, *_ in codes("a: [}" + " " * 40_000 + "\ufffe")] == ["syntax"]
