"""The examples of README and docs run, in a project of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PAGES = [path for path in [CHECKOUT / "README.md", *sorted(CHECKOUT.glob("docs/**/*.md"))] if path.exists()]
BLOCK = re.compile(r"(?P<mark><!-- runs -->\s*)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
DOCTEST = "import doctest, sys; failed, _ = doctest.testfile(sys.argv[1], module_relative=False); sys.exit(failed)"


def examples():
    for page in PAGES:
        text = page.read_text()
        for found in BLOCK.finditer(text):
            if found["mark"] or found["code"].startswith(">>> "):
                place = f"{page.relative_to(CHECKOUT)}:{text.count(chr(10), 0, found.start('code')) + 1}"
                yield pytest.param(found["code"], id=place)


@pytest.mark.parametrize("code", list(examples()))
def test_an_example_runs(shipped, code):
    if code.startswith(">>> "):
        path = shipped.write("example.txt", code)
        code = f"import sys; sys.argv[1:] = [{str(path)!r}]; {DOCTEST}"
    run = shipped.python(code)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), target
