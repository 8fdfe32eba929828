"""JSON is read strictly, as text with places."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synfinance_settings import LayerError
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.json import JSON
from synfinance_settings.text.node import Source


def data(node):
    value = node.value
    if isinstance(value, dict):
        return {key: data(item) for key, item in value.items()}
    return [data(item) for item in value] if isinstance(value, list) else value


def read(text):
    root, problems = read_text(text, Source("x.json"))
    assert not problems
    return None if root is None else data(root)


def codes(text):
    try:
        problems = read_text(text, Source("x.json"))[1]
    except LayerError as error:
        problems = error.problems
    return [(problem.code, problem.origin.line, problem.origin.column) for problem in problems]


@pytest.mark.parametrize("spelled", ["1", "-0", "1e3", "1.50", "1E+2", "12345678901234567890", "true", "false"])
def test_numbers_and_booleans_are_the_text_that_spells_them(spelled):
    assert read(f'{{"a": {spelled}}}') == {"a": spelled}


def test_null_is_null_and_a_file_without_content_is_nothing():
    assert read('{"a": null}') == {"a": None}
    assert read_text(" \n", Source("x.json")) == (None, [])
    assert read_text(" \n", Source("x.json")) == (None, [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1,\n "a": 2}', [("duplicate-key", 2, 2)]),
        ('{"a": {"b": 1, "b": 2}}', [("duplicate-key", 1, 16)]),
        ('{"a": 1,}', [("syntax", 1, 8)]),
        ('{"a": 1 "b": 2}', [("syntax", 1, 9)]),
        ('{"a" 1}', [("syntax", 1, 6)]),
        ("{a: 1}", [("syntax", 1, 2)]),
        ("{'a': 1}", [("syntax", 1, 2)]),
        ('{"a": 01}', [("syntax", 1, 7)]),
        ('{"a": +1}', [("syntax", 1, 7)]),
        ('{"a": .5}', [("syntax", 1, 7)]),
        ('{"a": NaN}', [("syntax", 1, 7)]),
        ('{"a": Infinity}', [("syntax", 1, 7)]),
        ('{"a": True}', [("syntax", 1, 7)]),
        ('{"a": [1 2]}', [("syntax", 1, 10)]),
        ('{"a": 1} {}', [("syntax", 1, 10)]),
        ('{"a": 1} // x', [("syntax", 1, 10)]),
        ('{\n"a": "x', [("syntax", 2, 6)]),
        ("{", [("syntax", 1, 1)]),
        ('{"a":', [("syntax", 1, 1)]),
        ('{"a": {"b": 1}\n', [("syntax", 1, 1)]),
        ('{"a": [1,\n"b": {"c": "]"}}', [("syntax", 1, 7)]),
        ('{"a": [1, "\\"]"}', [("syntax", 1, 7)]),
        ('{"a": [1}, "b": [2]}', [("syntax", 1, 7)]),
        ('{"a": [1 }', [("syntax", 1, 7)]),
        ("[1 }", [("syntax", 1, 4)]),
        ('{"a": 1 ' + "[" * 100_000, [("syntax", 1, 9)]),
        ("[" * 41 + "]" * 41, [("too-deep", 1, 41)]),
        ("[" * 100_000, [("too-deep", 1, 41)]),
        ("[" + "1," * 200_000, [("too-many-nodes", 1, 399_999 + 1)]),
    ],
)
def test_a_fault_is_told_at_its_place(text, found):
    assert codes(text) == found


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"a": "\\q"}', '{"a": "\n"}', '{"a": "\\u12"}'])
def test_a_bad_string_is_a_syntax_error(text):
    assert [code for code, *_ in codes(text)] == ["syntax"]


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=15,
)


def as_spelled(value):
    """What `json.loads` makes of a text when it leaves numbers and booleans as they are spelled."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return {key: as_spelled(item) for key, item in value.items()}
    return [as_spelled(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=200)
@given(VALUES, st.sampled_from([None, 1, 4]), st.booleans())
def test_the_reader_agrees_with_the_standard_library(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read(text) == as_spelled(json.loads(text, parse_int=str, parse_float=str))


@settings(max_examples=300)
@given(st.text('{}[]:,"\\truefalsn01-+.eE \n\tu', max_size=20))
def test_what_the_reader_takes_the_standard_library_takes(text):
    try:
        root, problems = read_text(text, Source("x.json"))
    except LayerError:
        return
    expected = as_spelled(json.loads(text, parse_int=str, parse_float=str)) if text.strip() else None
    assert problems or (None if root is None else data(root)) == expected


COMMA = "a comma is missing between two entries"
CLOSED = "a quote that opens here is not closed"
AROUND = "put double quotes around a text, before and after it"


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('{\n  "debug": true\n  "version": "1"\n}', "2:16", COMMA),
        ('{\n  "server": {"port": 1}\n\n  "debug": true\n}', "2:24", COMMA),
        ('{"server": {"cors_origins": ["a" "b"]}}', "1:34", COMMA),
        ('{\n  "debug": true,\n}', "2:16", "remove the comma"),
        ('{"debug": true,, "version": "1"}', "1:16", "remove one of the two commas"),
        ('{\n  "debug: true,\n  "version": "1"\n}', "2:3", CLOSED),
        ('{\n  "version": "1,\n  "debug": true\n}', "2:14", CLOSED),
        ('{\n  "version": x",\n  "debug": true\n}', "2:14", AROUND),
        ('{\n  version": "x",\n  "debug": true\n}', "2:3", AROUND),
        ('{"version": "a"b"}', "1:16", 'write \\" for a quote inside a text'),
        ('{"version": "a\\d"}', "1:15", "write two backslashes for one"),
        ('{"version": "a\tb"}', "1:15", "write it as an escape: \\t for a tab"),
        ('{"debug" true}', "1:10", "put a colon after the key, or the quote that it ends with"),
        ("{'debug': true}", "1:2", "JSON takes only double quotes"),
        ('{"debug": True}', "1:11", "JSON has true, false and null, in lower case"),
        ('{"debug": true // why\n}', "1:16", "JSON has no comments; remove it"),
        ('{\n  # why\n  "debug": true\n}', "2:3", "JSON has no comments; remove it"),
        ('{"version": \u201c1\u201d}', "1:13", "type plain double quotes; some programs insert others"),
        (
            '{"debug": true;\n"version": "1"}',
            "1:15",
            "a colon separates a key from its value, a comma two entries",
        ),
        ('{"debug": true}}', "1:16", "there may be one bracket too many before it"),
        ('{"server": {\n  "port": 1\n', "1:1", "a bracket that opens here is not closed"),
    ],
)
def test_a_fault_of_syntax_is_told_in_its_line_with_the_mend(text, place, hint):
    problem = JSON.outline(text, "default.json").fault
    assert (problem.code, str(problem.origin), problem.hint) == ("syntax", f"default.json:{place}", hint)
