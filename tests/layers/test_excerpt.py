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


def test_json_has_excerpts_too(project):
    (project.settings / "default.yaml").unlink()
    found = excerpt(project, '{\n "database": {"password": "hush", "port": 0}\n}', "default.json")
    assert found.text == ' "database": {"password": **********, "port": 0}'


def test_a_variable_has_none(project):
    assert project.problem(SYNFINANCE_SERVER__PORT="x").excerpt is None
