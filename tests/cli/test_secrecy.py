"""Whatever the text of a layer is, sound or broken: no command shows what is secret or unknown in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from synfinance_settings import SettingsError
from synfinance_settings.layers.fit import fit
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.formats import outlined, read_text
from synfinance_settings.text.node import Source, leaves, text_of
from synfinance_settings.text.outline import Mark, Outline, spans

SETTINGS = SYNFINANCE.catalogue.settings

ORIGIN = Mark(0, 1, 1)
CANARY = "qzxjvkwqj9"
PARTS = [CANARY[at : at + 4] for at in range(len(CANARY) - 3)]

VALUES = [
    *(CANARY, f"'{CANARY}'", f'"{CANARY}"', f"'{CANARY}\n   {CANARY}'", f"{CANARY}\n   {CANARY}", f"{CANARY}:{CANARY}"),
    *(
        f"Pa${CANARY}",
        f"${CANARY}",
        f"'${{{CANARY}}}'",
        f"'${{X:?{CANARY}}}'",
        f"'${{X:-${CANARY}}}'",
        f"'${{{CANARY}'",
    ),
    *(
        f"|\n    {CANARY}\n",
        f">-\n    {CANARY}\n    {CANARY}\n",
        f"|#{CANARY}\n    x\n",
        f"| # {CANARY}\n    {CANARY}\n",
    ),
    *(f"&{CANARY} {CANARY}", f"&{CANARY} x", f"!{CANARY} x", f"!<tag:{CANARY}> x", f"*{CANARY}", f"!!str {CANARY}"),
    *(f"[{CANARY}, '{CANARY}']", f"{{{CANARY}: {CANARY}}}", f"[{{host: {CANARY}}}]", f"\n    - {CANARY}\n    - a\n"),
    *(f"{CANARY} # {CANARY}", f"''#{CANARY}", f"null # {CANARY}", "''", "${SYNFINANCE_DB_PASSWORD}"),
]
SECRET_KEYS = ["password", "'password'", f"&{CANARY} password", f"!{CANARY} password", "prt", CANARY, '"server.port"']
UNKNOWN = [
    *(f"{CANARY}: 1", f"password:{CANARY}", f"password :{CANARY}", f"'password:{CANARY}': x", f"{CANARY}:{CANARY}: 1"),
    *(
        f"? {{password: {CANARY}}}\n  : 1",
        f"{{password: {CANARY}}}: 1",
        f"{{{{password: {CANARY}}}}}: 1",
        f"[{CANARY}]: 1",
    ),
    *(f"? {CANARY}", f"? |\n    {CANARY}\n  : 1", f"<<: {{host: {CANARY}}}", f"*{CANARY} : 1", f"host: &{CANARY} a"),
    *(f"&{CANARY} host: a", f"!{CANARY} host: a", f"host: !{CANARY} a", f"host: |#{CANARY}\n    x\n", f"- {CANARY}"),
]
PUBLIC = [
    "port: 8001",
    "port: x",
    "host: a",
    "user: 'b'",
    'name: "c"',
    "workers: 99",
    "host: ${NO}",
    "prot: 1",
    "port:",
]
COMMENTS = ["", "", f"#{CANARY}", f" # {CANARY}", f" #{CANARY}: {{"]
HEADS = [
    *("", "", "\ufeff", "\ufeff\ufeff", f"%TAG !{CANARY}! tag:{CANARY},2000:\n---\n", f"# {CANARY}\n", "---\n"),
    *(f"--- !{CANARY}\n", f"--- &{CANARY}\n", f"%{CANARY} 1\n---\n", f"--- # {CANARY}\n", "--- !!map\n"),
]
SECTIONS = ["database", "cache", "server", f"&{CANARY} database", CANARY, "'database'", "databse", "security"]
ENTRIES = st.one_of(
    st.sampled_from(PUBLIC),
    st.builds("{}: {}".format, st.sampled_from(SECRET_KEYS), st.sampled_from(VALUES)),
    st.sampled_from(UNKNOWN),
)
COMMENT = st.sampled_from(COMMENTS)


def block(section, comment, entries):
    return f"{section}:{comment}\n" + "".join(f"  {entry}{note}\n" for entry, note in entries)


def flow(section, comment, entries):
    inside = "".join(f"{entry},{note}\n  " for entry, note in entries)
    return f"{section}: {{{comment}\n  {inside}}},{comment}\n"


def in_parts(style):
    return st.lists(
        st.builds(style, st.sampled_from(SECTIONS), COMMENT, st.lists(st.tuples(ENTRIES, COMMENT), max_size=4)),
        max_size=4,
    ).map("".join)


def mutated(text, changes):
    for place, character in changes:
        at = int(place * len(text))
        text = text[:at] + (character or "") + text[at + (character is None) :]
    return text


YAML = st.one_of(
    st.builds("{}{}".format, st.sampled_from(HEADS), in_parts(block)),
    st.builds("{}{{{}}}{}".format, st.sampled_from(HEADS), in_parts(flow), COMMENT),
)
JSON = st.dictionaries(
    st.sampled_from(["database", "cache", "server", CANARY]),
    st.dictionaries(
        st.sampled_from(["password", "prt", CANARY, f"password:{CANARY}", "server.port"]),
        st.sampled_from([CANARY, f"${CANARY}", [CANARY], {CANARY: CANARY}, f'{CANARY}\n"{CANARY}', None, ""]),
    ).flatmap(lambda entries: st.sampled_from([entries, {**entries, "port": 1}, {"host": "a", **entries}])),
).map(lambda data: json.dumps(data, indent=1))
CHANGES = st.lists(
    st.tuples(st.floats(0, 0.999), st.one_of(st.none(), st.sampled_from(list("{}[]:,-?&*!|>'\"%#@ \n\t")))), max_size=2
)
TEXTS = st.one_of(
    st.tuples(st.just("development.yaml"), st.builds(mutated, YAML, CHANGES)),
    st.tuples(st.just("development.json"), st.builds(mutated, JSON, CHANGES)),
)


def has_no_secret_in_clear(name, text):
    """False where what was made up gives the canary to a setting that is none: that is shown, and may be."""
    try:
        said = leaves(fit(read_text(text.removeprefix("\ufeff"), Source(name))[0], SYNFINANCE.catalogue)[0])
    except SettingsError:
        return True
    public = [text_of(node) for key, node in said if not SETTINGS[key].is_secret]
    for span in spans(outlined(text.removeprefix("\ufeff"), name).root or Outline("mapping", ORIGIN, ORIGIN)):
        setting = SETTINGS.get(".".join(part or "" for part in span.path))  # a key that is given twice says both
        if (
            span.part == "value"
            and setting
            and not setting.is_secret
            and not ("#" in str(span.value) and not span.style)
        ):
            public.append(str(span.value))
    return not any(part in value for part in PARTS for value in public)


CALLS = [
    ["validate"],
    ["validate", "--format", "json"],
    ["validate", "--format", "github", "--placeholders", "{file}"],
    ["show", "--placeholders", "--origin"],
    ["explain", "database.password"],
    ["explain", "server.port", "--format", "json"],
    ["diff", "development", "{file}", "--all-keys"],
    ["set", "debug", "on"],
    ["set", "database.password", "${{NEW}}"],
    ["set", "server", "{{port: 8005}}"],
    ["unset", "server.host"],
    ["export", "-", "--placeholders"],
    ["import", "{file}", "--yes"],
    ["import", "{file}", "--yes", "--allow-secret"],
    ["set", "debug", "off"],
    ["rollback", "--yes"],
    ["history"],
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(found=TEXTS, is_layer=st.booleans())
def test_no_command_shows_what_is_secret_or_unknown(desk, project, found, is_layer):
    check(desk, project, *found, is_layer)


@pytest.mark.long
@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(found=TEXTS, is_layer=st.booleans())
def test_no_command_shows_what_is_secret_or_unknown_in_many_texts(desk, project, found, is_layer):
    check(desk, project, *found, is_layer)


def check(desk, project, name, text, is_layer):
    assume(has_no_secret_in_clear(name, text))
    for other in project.settings.glob("development.*"):
        other.unlink()
    path = project.write(f"given/{name}", text)
    project.layer(name.removesuffix(".yaml"), text if is_layer else "{}")
    for call in CALLS:
        result = desk.run(*(word.format(file=path) for word in call))
        assert result.exception is None or isinstance(result.exception, SystemExit), (call, text)
        shown = [part for part in PARTS if part in result.output]
        assert not shown, (call, result.output)
