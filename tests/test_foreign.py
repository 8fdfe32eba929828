"""Foreign text: what nobody sees, and what moves others, is escaped; the rule holds for all of Unicode."""

from __future__ import annotations

import json
import logging
import shlex
import unicodedata

import pytest

from synfinance_settings import EnvLoader, SettingsError, errors
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


ODD = "odd" + "".join(f"{hostile}FORGED" for hostile in HOSTILE.values() if hostile != "\udc80")
IN_YAML = json.dumps(ODD)
LAYERS = {
    "a key": f"{IN_YAML}: 1\nserver: {{{IN_YAML}: 1}}\n",
    "a key that is given twice": f"{{{IN_YAML}: 1, {IN_YAML}: 2}}\n",
    "a value of another type": f"server: {{port: {IN_YAML}}}\n",
    "a value that is no choice": f"server: {{log_level: {IN_YAML}}}\n",
    "the name of an environment": f"environment: {IN_YAML}\n",
    "a message in a reference": f"app_name: {json.dumps('${NOWHERE:?' + ODD + '}')}\n",
    "a name in a reference": f"app_name: {json.dumps('${' + ODD + '}')}\n",
    "a word in a reference": f"app_name: {json.dumps('${NOWHERE:' + ODD + '}')}\n",
    "a tag": f"app_name: !<{ODD[-40:-20]}> x\n",
    "an anchor": f"app_name: *{ODD[-20:]}\n",
    "a line": f"{ODD[3:]}\n",
}


def variables(project):
    yield {f"SYNFINANCE_{ODD}": "1", f"SYNFINANCE_SERVER__{ODD}": "1"}
    yield {"SYNFINANCE_SERVER__PORT": ODD}
    yield {"SYNFINANCE_ENV": ODD}
    yield {"SYNFINANCE_ENV_FILE": ODD}
    yield {"SYNFINANCE_SERVER__PORT_FILE": ODD, "SYNFINANCE_DB_PASSWORD_FILE": ODD}
    yield {"SYNFINANCE_FALLBACK": ODD}
    yield {"SYNFINANCE_STATE_DIR": str(project.root / ODD)}
    yield {"SYNFINANCE_SERVER__HOST": "a\udc80b", "SYNFINANCE_\udc80": "x"}
    yield {"SYNFINANCE_SETTINGS_DIR": ODD}


def check(caplog, *failures):
    """Neither an error nor a line of the log holds what is not printable."""
    for failure in failures:
        assert all(map(is_printable, str(failure).split("\n"))), ascii(str(failure))
        assert not [line for line in str(failure).split("\n") if line.startswith("FORGED")]
        assert is_printable(json.dumps(failure.errors(), ensure_ascii=False))
    assert all(is_printable(record.getMessage()) for record in caplog.records)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_what_a_layer_says_forges_nothing_in_errors_and_logs(project, layer, caplog):
    caplog.set_level(logging.DEBUG)
    manager = project.manager()
    manager.get_config()
    project.layer("development", layer)
    with pytest.raises(SettingsError) as caught:
        manager.reload_config()
    check(caplog, caught.value, manager.last_failure)
    assert caplog.records


@pytest.mark.parametrize("number", range(9))
def test_what_a_variable_says_forges_nothing_in_errors_and_logs(project, number, caplog):
    caplog.set_level(logging.DEBUG)
    given = list(variables(project))
    assert len(given) == 9
    failures = []
    try:
        project.manager(**given[number]).load_config()
    except SettingsError as error:
        failures.append(error)
    check(caplog, *failures)
    assert failures or caplog.records or number in (6, 8)


def test_names_of_files_forge_nothing_in_errors_and_logs(project, caplog):
    caplog.set_level(logging.DEBUG)
    project.settings = project.settings.rename(project.root / f"{ODD[:40]}")
    project.manager().export_config(project.root / ODD[:40] / "x.yml")
    (project.settings / "development.json").write_text(IN_YAML)
    failures = [project.error()]
    for path in (project.root / ODD / ODD, project.settings / "development.yaml"):
        with pytest.raises(SettingsError) as caught:
            project.manager().export_config(path)
        failures.append(caught.value)
    with pytest.raises(SettingsError) as caught:
        project.manager().import_config(project.root / ODD)
    check(caplog, *failures, caught.value)


def test_variables_that_code_asks_for_forge_nothing(tmp_path):
    (tmp_path / ".env").write_text(f"GOOD=1\nODD={json.dumps(ODD)}\n")
    loader = EnvLoader(tmp_path / ".env", environ={"NUMBER": ODD})
    for ask in (
        lambda: loader.require(ODD),
        lambda: loader.get_int("NUMBER"),
        lambda: loader.validate_required([ODD]),
        lambda: loader.substitute_in_config({ODD: "${NOWHERE}"}),
        lambda: loader.create_env_template(tmp_path / ODD / "x"),
        lambda: EnvLoader.from_env_file(tmp_path / ODD, environ={}),
    ):
        with pytest.raises(errors.SettingsError) as caught:
            ask()
        assert all(map(is_printable, str(caught.value).split("\n")))
