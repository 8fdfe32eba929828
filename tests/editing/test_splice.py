"""One change in a layer file: it says what was asked for, and every other line stays as it was."""

from __future__ import annotations

import re
from typing import ClassVar

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_corpus import CORPUS, ODD_BREAKS, altered, changed, lines_of, said

from synfinance_settings import SettingsError
from synfinance_settings.editing.splice import layer_of, set_value, unset_value, with_content
from synfinance_settings.errors import EditError
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

LISTS = [key for key, setting in SETTINGS.items() if setting.form.endswith("list")]
CATALOGUE = SYNFINANCE.catalogue
TEXTS = [key for key, setting in SETTINGS.items() if setting.form in ("text", "secret", "choice")]

AWKWARD = [
    "", " ", "a ", " a", "~", "null", "Null", "NULL", "nUll", "true", "no", "Off", "y", "1", "-1", "+1", "010",
    "0x1f", "0o7", "1_000", "1e3", ".5", "5.", ".inf", "-.INF", ".nan", "12:30", "1:2:3", "2024-01-01",
    "2024-01-01T00:00:00Z", "=", "<<", "---", "...", "--- a", "a: b", "a:", ":", ": a", "a :b", "a #b", "#", "# a",
    "a#b", "a,b", ",", "[", "[a", "[a]", "]", "{", "{}", "{a: b}", "}", "- x", "-", "-x", "? x", "?", "?x", "! x",
    "!x", "!!str x", "&a", "&a b", "*a", "|", "|-", ">", ">+ x", "@a", "`a`", "%a", "%YAML 1.1", "'", "''", "it's",
    "'a'", '"', '"a"', 'a "b" c', '\'a" \\', "\\", "a\\nb", "\\x41", "C:\\new", "$", "$$", "${A}", "${A:-b c}",
    "**********x",
    "a\nb", "\n", "a\n", "\na", "a\n\n b", "a\r\nb", "\r", "\t", "a\tb", "\ta", "a\t", "\x00", "\x07", "\x1b[31m",
    "\x7f", "\x80", "\x85", "a\x85b", "\xa0", "\xad", "\u200b", "\u2028", "a\u2029b", "\ufeff", "a\ufeffb",
    "\ufffe", "\uffff", "🎉", "a🎉: b", "ß", "नमस्ते", "\u202eabc", "e\u0301", "\U0010ffff",
    "x" * 3000, "a b " * 500,
]  # fmt: skip

values = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(max_size=20),
    st.text(alphabet=" \t\n\r:#-?,[]{}&*!|>'\"%@`\\~=<$a1.\x85\u2028\ufeff", max_size=8),
    st.from_regex(r"[+-]?[0-9]{1,3}([.:eE_-][0-9]{1,3}){0,2}", fullmatch=True),
)
written = values | st.none()


SHARED = [
    ("anchors.yaml", "server.host"),
    ("anchors.yaml", "server.workers"),
    ("shared-lists.yaml", "server.cors_origins"),
]
"""The values of the corpus that an alias elsewhere uses."""

EDITS = [(name, key) for name in CORPUS for key in SETTINGS]
PRESENT = [
    (name, key) for name, key in EDITS if changed(said(name, CORPUS[name]), key, ...) != said(name, CORPUS[name])
]


@st.composite
def edits(draw):
    """A file of the corpus, a key, often one that the file has, and what it is to say."""
    name, key = draw(st.sampled_from(PRESENT) | st.sampled_from(EDITS))
    return name, key, draw(written | st.lists(written, max_size=4) if key in LISTS else written)


@settings(max_examples=500)
@given(edits())
def test_set_says_the_value_and_changes_no_other_line(edit):
    name, key, value = edit
    before = CORPUS[name]
    if (name, key) in SHARED:
        with pytest.raises(EditError, match=r"shared: an alias on line \d+ uses it"):
            set_value(CATALOGUE, before, name, key, value)
        return
    after = set_value(CATALOGUE, before, name, key, value)
    assert said(name, after) == changed(said(name, before), key, value)
    assert set_value(CATALOGUE, after, name, key, value) == after
    (old, added), (own, is_block_list, missing) = altered(name, before, after), lines_of(before, key)
    assert set(old) <= set(own)
    assert added <= missing + 1 or (is_block_list and isinstance(value, list))


@given(st.sampled_from([name for name in CORPUS if "crlf" in name or "bom" in name]), edits())
def test_line_ends_and_byte_order_mark_are_kept(name, edit):
    _, key, value = edit
    after = set_value(CATALOGUE, CORPUS[name], name, key, value)
    assert after.startswith("\ufeff") == CORPUS[name].startswith("\ufeff")
    assert "crlf" not in name or "\n" not in after.replace("\r\n", "")


@given(edits())
def test_set_then_unset_restores_what_the_file_says(edit):
    name, key, value = edit
    if (name, key) not in SHARED:
        restored = unset_value(CATALOGUE, set_value(CATALOGUE, CORPUS[name], name, key, value), name, key)
        assert said(name, restored) == changed(said(name, CORPUS[name]), key, ...)


@given(st.sampled_from(list(CORPUS)), st.lists(st.tuples(st.sampled_from(list(SETTINGS)), written), max_size=12))
def test_many_edits_in_a_row_add_up(name, changes):
    text, wanted = CORPUS[name], said(name, CORPUS[name])
    for key, value in changes:
        if (name, key) not in SHARED:
            text, wanted = set_value(CATALOGUE, text, name, key, value), changed(wanted, key, value)
    assert said(name, text) == wanted
    for key in {key: None for key, _ in changes if (name, key) not in SHARED}:
        text, wanted = unset_value(CATALOGUE, text, name, key), changed(wanted, key, ...)
    assert said(name, text) == wanted


@pytest.mark.parametrize(("name", "key"), [edit for edit in PRESENT if edit not in SHARED])
def test_unset_keeps_what_stands_on_other_lines(name, key):
    before = CORPUS[name]
    after = unset_value(CATALOGUE, before, name, key)
    own = lines_of(before, key)[0]
    others = [line for number, line in enumerate(before.splitlines()) if number not in own]
    assert [line for line in others if "#" in line and line[line.index("#") :] not in after] == []
    if not name.endswith(".json") and "flow" not in name and key.partition(".")[0] in said(name, after):
        (old, added) = altered(name, before, after)
        assert (set(old) <= set(own) and added == 0) or ": {}" in after or key.count(".") == 2


@pytest.mark.parametrize("name", ODD_BREAKS)
@given(data=st.data())
def test_lines_that_only_yaml_knows_are_edited_right_or_not_at_all(name, data):
    before, key, value = ODD_BREAKS[name], data.draw(st.sampled_from(list(SETTINGS))), data.draw(written)
    for edit, wanted in ((set_value, value), (unset_value, ...)):
        try:
            after = edit(CATALOGUE, before, name, key, *([value] if edit is set_value else []))
        except EditError:
            continue
        assert said(name, after) == changed(said(name, before), key, wanted)


def refused(edit) -> list[tuple[str, str]]:
    """The keys of the corpus for which `edit` is refused."""
    found = []
    for name, key in EDITS:
        try:
            edit(CORPUS[name], name, key)
        except EditError:
            found.append((name, key))
    return found


def test_only_what_an_alias_shares_is_refused():
    assert refused(lambda text, name, key: set_value(CATALOGUE, text, name, key, "8002")) == SHARED


class CoreLoader(yaml.CSafeLoader):
    """YAML 1.2 as editors read it (10.3.2), where the safe loader reads 1.1."""

    yaml_implicit_resolvers: ClassVar = {}


for form, pattern in (
    ("null", "null|Null|NULL|~|"),
    ("bool", "true|True|TRUE|false|False|FALSE"),
    ("int", "[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{form}", re.compile(f"^({pattern})$"), None)


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, CoreLoader])
@given(key=st.sampled_from(TEXTS), value=values)
def test_other_readers_of_yaml_see_text_where_text_was_meant(loader, key, value):
    node = yaml.compose(str(set_value(CATALOGUE, "{}", "default.yaml", key, value)), Loader=loader)
    while isinstance(node, yaml.MappingNode):
        ((_, node),) = node.value
    assert (node.tag, node.value) == ("tag:yaml.org,2002:str", value)


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("server:\n  port: 1 # a\n", "server.workers", "2", "server:\n  port: 1 # a\n  workers: 2\n"),
        ("server:\n  port: 1 # a\n", "server.host", "h", "server:\n  host: h\n  port: 1 # a\n"),
        ("server:\n    port: 1\n", "cache.db", "2", "server:\n    port: 1\ncache:\n    db: 2\n"),
        ("server:\n  port: 1\n\nml: {}\n", "cache.db", "2", "server:\n  port: 1\n\ncache:\n  db: 2\n\nml: {}\n"),
        ("# a\n\nserver: {port: 1}\n", "debug", "no", "# a\n\ndebug: no\nserver: {port: 1}\n"),
        ("ml: # a\n", "ml.feature_engineering.enabled", "no", "ml: # a\n  feature_engineering:\n    enabled: no\n"),
        ("{server: {port: 1}}", "server.workers", "2", "{server: {port: 1, workers: 2}}"),
        ("{server: {port: 1}}", "cache.db", "2", "{server: {port: 1}, cache: {db: 2}}"),
        ("server:  # the API\n", "server.port", "1", "server:  # the API\n  port: 1\n"),
        ("server: 'x'  # a\n", "app_name", "it's", "app_name: it's\nserver: 'x'  # a\n"),
        ("app_name: 'x'  # a\n", "app_name", "it's", "app_name: 'it''s'  # a\n"),
        ('app_name: "x"  # a\n', "app_name", "it's", 'app_name: "it\'s"  # a\n'),
        ("app_name:   &a x\t# a\n", "app_name", "y", "app_name:   &a y\t# a\n"),
        ("app_name:  # a\n", "app_name", "y", "app_name: y  # a\n"),
        (
            "server:\n  cors_origins:\n  - a # 1\n  - b # 2\n", "server.cors_origins", ["b", "c"],
            "server:\n  cors_origins:\n  - b # 2\n  - c\n",
        ),
    ],
)  # fmt: skip
def test_an_edit_looks_as_a_person_would_have_made_it(before, key, value, after):
    assert set_value(CATALOGUE, before, "default.yaml", key, value) == after


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("server:\n  port: 1 # a\n  # b\n  workers: 2\n", "server.port", "server:\n  # b\n  workers: 2\n"),
        ("debug: no\nserver:\n  port: 1\n", "server.port", "debug: no\n"),
        ("debug: no\nserver: # a\n  port: 1\n", "server.port", "debug: no\nserver: {} # a\n"),
        ("server:\n  port: 1\n", "server.port", "{}\n"),
        ("{server: {port: 1, workers: 2}}", "server.workers", "{server: {port: 1}}"),
        ("{server: {port: 1, workers: 2}}", "server.port", "{server: {workers: 2}}"),
        ("# a\nserver:\n  port: 1\n\ndebug: no\n", "server", "# a\n\ndebug: no\n"),
        ("server:\n  cors_origins:\n  - a\n  - b\n  port: 1\n", "server.cors_origins", "server:\n  port: 1\n"),
    ],
)
def test_unset_leaves_the_rest_as_it_was(before, key, after):
    assert unset_value(CATALOGUE, before, "default.yaml", key) == after


@pytest.mark.parametrize("text", ["a: 1\nb: ]", "a: 1\na: 2\n", "a: 1\n--- 2", "a: 1\nb: !x 1\n", "a: 1\nb: *c\n"])
def test_a_file_with_faults_is_not_edited(text):
    with pytest.raises(SettingsError) as caught:
        set_value(CATALOGUE, text, "default.yaml", "debug", "on")
    assert str(caught.value.problems[0].origin).startswith("default.yaml:2:")


@pytest.mark.parametrize("text", ["database: {host}", "database: {password:x}", "server: {host}\ndatabase: {port: 1}"])
def test_a_key_without_a_colon_is_left_to_people(text):
    with pytest.raises(EditError):
        set_value(CATALOGUE, text, "default.yaml", "server.port" if "server" in text else "database.port", "8001")


def test_what_is_not_there_is_not_unset():
    with pytest.raises(EditError, match=r"server\.port is not set in this file"):
        unset_value(CATALOGUE, "server: {host: a}", "default.yaml", "server.port")


@pytest.mark.parametrize("name", ["default.yaml", "default.json"])
@given(st.dictionaries(st.sampled_from(TEXTS), written))
def test_a_new_layer_says_what_it_was_made_of(name, settings):
    text = layer_of(CATALOGUE, settings, name)
    wanted: dict = {}
    for key, value in settings.items():
        wanted = changed(wanted, key, value)
    assert said(name, text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "{}\n"),
        ("# c", "# c\n{}\n"),
        ("# c\r\n", "# c\r\n{}\r\n"),
        ("\ufeff# c\n", "\ufeff# c\n{}\n"),
        ("---\n", "---\n{}\n"),
        ("null # c\n", "{}\n"),
        ("# c\n---\n...\n", "{}\n"),
        ("{}\n", "{}\n"),
        ("debug: on", "debug: on"),
        ("a: [", "a: ["),
    ],
    ids=repr,
)
def test_a_layer_that_says_nothing_gets_content(text, wanted):
    assert with_content(text, "x.yaml") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"), [("", "{}\n"), (" \n", "{}\n"), ("null", "{}\n"), ("# c", "# c")], ids=repr
)
def test_a_json_layer_that_says_nothing_gets_content(text, wanted):
    assert with_content(text, "x.json") == wanted


def test_a_key_without_a_colon_is_for_an_editor():
    with pytest.raises(EditError, match="a key has no colon after it; change it by hand"):
        set_value(
            CATALOGUE,
            "{database: {host, port: 1}, server: {port\n}}",
            "development.yaml",
            "server.port",
            "1",
        )
