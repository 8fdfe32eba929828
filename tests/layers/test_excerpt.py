"""Lines of layers as messages show them: public values in clear, all else masked."""

from __future__ import annotations

import pytest


def excerpt(project, text, name="default"):
    project.layer(name, text)
    return project.error().problems[0].excerpt


@pytest.mark.parametrize(
    ("text", "line", "shown", "marked"),
    [
        ("server:\n  port: 99999\n", 2, "  port: 99999", "99999"),
        ("server: {port: 99999, host: a}\n", 1, "server: {port: 99999, host: a}", "99999"),
        ("server:\n\n  port: x   # note\n", 3, "  port: x", "x"),
        ("database: {password: hush, port: x}", 1, "database: {password: **********, port: x}", "x"),
        ("database: {password: [hush]}", 1, "database: {password: [**********]}", "["),
        ("app_name: a ${NO} b", 1, "app_name: a ${NO} b", "$"),
        ("database: {password: '${NO}'}", 1, "database: {password: '${NO}'}", "$"),
        ("database: {password: '${NO:?ask the vault}'}", 1, "database: {password: '${NO:?ask the vault}'}", "$"),
        ("database: {password: $NO}", 1, "database: {password: **********}", "**********"),
        ("database: {password: '${no}'}", 1, "database: {password: **********}", "**********"),
        ("database: {password: 'x${NO}'}", 1, "database: {password: **********}", "**********"),
        ("database: {password: '${NO:?h0sh}'}", 1, "database: {password: **********}", "**********"),
        ("server: {hush: x}", 1, "server: {**********: **********}", "**********"),
        ("database: {password: '', port: x}", 1, "database: {password: '', port: x}", "x"),
        ("cache: {password: null, port: x}", 1, "cache: {password: null, port: x}", "x"),
        ("cache: {password: 'null', port: x}", 1, "cache: {password: **********, port: x}", "x"),
        ("server: {prot: hush}", 1, "server: {prot: **********}", "prot"),
        ("server:\n\tport: 1", None, None, None),
        ("server: {port: x} # " + "y" * 300, None, None, None),
        ("app_name: é\nserver: {port: '€'}", 2, "server: {port: '€'}", "'€'"),
    ],
)
def test_the_line_is_shown_and_the_fault_is_marked(project, text, line, shown, marked):
    found = excerpt(project, text)
    if line is None:
        assert found is None
    else:
        assert (found.line, found.text) == (line, shown)
        assert found.text[found.column - 1 : found.column - 1 + len(marked)] == marked
        assert found.width in (len(marked), 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("server: {port: x}#hush", "server: {port: x}"),
        ("server: {port: x,#hush\n}", "server: {port: x,"),
        ("server: #hush\n  port: x # hush", "  port: x"),
        ("server:\n  port: x#hush", "  port: **********"),
        ("server: {port: x, host: &hush a}", "server: {port: x, host: **********}"),
        (
            "server: {host: &hush a, port: x, name: *hush }",
            "server: {host: **********, port: x, **********: ********** }",
        ),
        ("server: {port: x, host: !hush a}", "server: {port: x, host: **********}"),
        ("server: {port: x, host: !<tag:hush,1> a}", "server: {port: x, host: **********}"),
        ("server: &hush {port: x}", "server: ********** {port: x}"),
        ("server: !hush {port: x}", "server: ********** {port: x}"),
        ("server: {port: x, &hush host: a}", "server: {port: x, **********: a}"),
        ("%TAG !hush! tag:hush,2000:\n---\nserver: {port: x}", "server: {port: x}"),
        ("server: {port: x, ? {host: hush} : b}", "server: {port: x, ? ********** : **********}"),
        ("server: {port: x, {host: hush}: b}", "server: {port: x, **********: **********}"),
        ("server: {port: x, [hush]: b}", "server: {port: x, **********: **********}"),
        ("server: {port: x, host: [{host: hush}]}", "server: {port: x, host: [{**********: **********}]}"),
        ("server: {port: x, 'server.host': hush}", "server: {port: x, **********: **********}"),
        ("server: {port: x, password:hush}", "server: {port: x, **********}"),
        ("server: {port: x, host: 'a\n  hush'}", "server: {port: x, host: **********"),
        ("'server.host': hush\nserver: {port: x}", "server: {port: x}"),
    ],
)
def test_what_is_not_certainly_public_is_masked(project, text, shown):
    project.layer("default", text)
    (found,) = [problem.excerpt.text for problem in project.error().problems if problem.key == "server.port"]
    assert found == shown


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff"])
def test_behind_byte_order_marks_no_letter_of_a_secret_is_shown(project, mark):
    project.layer("default", f"{mark}database: {{password: uuuu, port: x, host: a}}")
    excerpts = [problem.excerpt for problem in project.error().problems]
    assert not [found for found in excerpts if found and "u" in found.text]


def test_json_has_excerpts_too(project):
    (project.settings / "default.yaml").unlink()
    found = excerpt(project, '{\n "database": {"password": "hush", "port": 0}\n}', "default.json")
    assert found.text == ' "database": {"password": **********, "port": 0}'


def test_a_variable_has_none(project):
    assert project.problem(SYNFINANCE_SERVER__PORT="x").excerpt is None
