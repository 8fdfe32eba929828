"""Foreign text: what nobody sees, and what moves others, is escaped; the rule holds for all of Unicode."""

from __future__ import annotations

import json
import shlex
import unicodedata

import pytest

from synfinance_settings.foreign import as_json, is_printable, pasted, printable

EVERYTHING = [chr(point) for point in range(0x110000)]
OTHER_AND_SEPARATOR = ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp")
INVISIBLE = {
    chr(point)
    for first, last in (
        *((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164)),
        *((0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF)),
    )
    for point in range(first, last + 1)
}
HOSTILE = {
    "a line end": "\n",
    "a return": "\r",
    "a tab": "\t",
    "an escape": "\x1b[2K",
    "a bell": "\a",
    "a C1 control": "\x9b2K",
    "a next line": "\x85",
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "a change of direction": "\u202e",
    "an isolate": "\u2066",
    "a letter mark": "\u061c",
    "a zero-width blank": "\u200b",
    "a joiner": "\u200d",
    "a soft hyphen": "\u00ad",
    "a byte order mark": "\ufeff",
    "a tag": "\U000e0041",
    "a lone byte": "\udc80",
    "a private character": "\ue000",
    "no character": "\uffff",
    "a filler": "\u3164",
    "a selector": "\ufe0f",
    "a blank that is none": "\u00a0",
}


def test_the_rule_is_that_of_the_categories_for_every_character():
    escaped = {c for c in EVERYTHING if printable(c) != c}
    hidden = {c for c in EVERYTHING if c != " " and unicodedata.category(c) in OTHER_AND_SEPARATOR}
    assert escaped == hidden | INVISIBLE
    assert escaped == {c for c in EVERYTHING if not is_printable(c)}


def test_what_is_escaped_is_ascii_and_stays_as_it_is():
    shown = printable("".join(EVERYTHING), None)
    assert is_printable(shown)
    assert printable(shown, None) == shown
    assert all(printable(c).isascii() for c in HOSTILE.values())


@pytest.mark.parametrize(
    ("text", "shown"),
    [("é", "é"), ("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"), ("\u202e", "\\u202e"), ("\ud800", "\\ud800")],
)
def test_an_escape_names_the_character(text, shown):
    assert printable(text) == shown


def test_a_long_text_is_cut():
    assert printable("x" * 300) == "x" * 200 + "…"


@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_printable_and_exact(indent):
    data = {"key" + "".join(HOSTILE.values()): "".join(EVERYTHING), "plain": ["é", 1, None, "\U0001f600"]}
    text = as_json(data, indent)
    assert all(map(is_printable, text.split("\n")))
    assert ("\n" in text) is (indent is not None)
    assert json.loads(text) == {**data, "key" + "".join(HOSTILE.values()): json.loads(json.dumps("".join(EVERYTHING)))}
    assert "é" in text


def test_a_command_to_paste_is_quoted_for_a_shell():
    words = ["chmod", "600", "--", "a b; $(reboot) 'c'", "*"]
    assert shlex.split(pasted(*words)) == words


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_command_that_cannot_be_read_off_is_not_offered(hostile):
    assert pasted("chmod", "600", "--", f"a{hostile}b") is None
