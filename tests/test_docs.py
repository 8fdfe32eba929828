"""The examples of README and docs run, in a project of their own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "synfinance_settings"
PAGES = [path for path in [CHECKOUT / "README.md", *sorted(CHECKOUT.glob("docs/**/*.md"))] if path.exists()]
BLOCK = re.compile(r"(?P<mark><!-- runs -->\s*)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTS = re.compile(r"<!-- prints -->\n```text\n(?P<printed>.*?)^```$", re.MULTILINE | re.DOTALL)
DOCTEST = "import doctest, sys; failed, _ = doctest.testfile(sys.argv[1], module_relative=False); sys.exit(failed)"


def examples():
    for page in PAGES:
        text = page.read_text()
        for found in BLOCK.finditer(text):
            if found["mark"] or found["code"].startswith(">>> "):
                below = PRINTS.search(text[found.end() :].partition("```python\n")[0])
                place = f"{page.relative_to(CHECKOUT)}:{text.count(chr(10), 0, found.start('code')) + 1}"
                yield pytest.param(found["code"], below and below["printed"], id=place)


NAMED = re.compile(r"`([\w.]+)` (?:of|in) `([\w/]+\.py)`")


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("code", "printed"), list(examples()))
def test_an_example_runs_and_changes_nothing_where_it_runs(shipped, tmp_path_factory, code, printed):
    """Whoever pastes it into a checkout still has the layers that were shipped."""
    if code.startswith(">>> "):
        path = shipped.write("example.txt", code)
        code = f"import sys; sys.argv[1:] = [{str(path)!r}]; {DOCTEST}"
    before = contents(shipped.root)
    run = shipped.python(code, TMPDIR=str(tmp_path_factory.mktemp("scratch")))
    assert run.returncode == 0, run.stdout + run.stderr
    assert printed is None or run.stdout == printed
    assert contents(shipped.root) == before


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted(CHECKOUT.glob("docs/*.md")), ids=lambda page: page.name)
def test_every_page_is_on_the_map_and_in_the_readme(page):
    assert page.name == "index.md" or f"]({page.name})" in (page.parent / "index.md").read_text()
    assert f"](docs/{page.name})" in (CHECKOUT / "README.md").read_text()


@pytest.mark.parametrize(
    ("name", "source"), NAMED.findall(" ".join((CHECKOUT / "docs/extending.md").read_text().split()))
)
def test_what_is_to_be_extended_is_where_the_page_says(name, source):
    found = [folder / source for folder in (CHECKOUT, PACKAGE) if (folder / source).exists()]
    assert found, source
    assert re.search(rf"\b{name.rpartition('.')[2]}\b", found[0].read_text())


def promises():
    """The rows of the table of promises, each with the tests that it names."""
    table = (CHECKOUT / "docs/security.md").read_text().partition("## What is promised")[2].partition("\n## ")[0]
    for row in table.splitlines():
        if row.startswith("| ") and not row.startswith("| promise"):
            promise, held_by = row.strip("| ").split(" | ")
            yield pytest.param(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", held_by), id=promise[:60])


def written_in(path):
    for node in ast.parse(path.read_text()).body:
        inner = node.body if isinstance(node, ast.ClassDef) else []
        for found, name in ((node, ""), *((method, f"{node.name}::") for method in inner)):
            if isinstance(found, ast.FunctionDef):
                yield f"{name}{found.name}"


@pytest.mark.parametrize("held_by", list(promises()))
def test_every_promise_is_held_by_tests_that_there_are(held_by):
    assert held_by
    for path, name in held_by:
        assert name in written_in(CHECKOUT / path), name
