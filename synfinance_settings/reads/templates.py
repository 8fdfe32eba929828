"""What templates read of the settings that they see: ``{{ settings.cart.limit }}``, ``{settings.debug}``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from synfinance_settings.reads.findings import Doubt, Read, Shown, Slip, described
from synfinance_settings.reads.program import Place, Template
from synfinance_settings.reads.vocabulary import Vocabulary

_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$?\{[^{}\n]*\}", re.DOTALL)
_PATH: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)((?:\s*\.\s*\w+|\[\s*(?:'[\w.]*'|\"[\w.]*\"|[\w.]+)\s*\])*)")
_PART: Final = re.compile(r"\w+")
_USUAL: Final = "settings"
"""The name that templates know the settings by where no source says another."""


def template_findings(
    vocabulary: Vocabulary, templates: Iterable[Template], shown: Iterable[Shown]
) -> Iterator[Read | Doubt | Slip]:
    """What `templates` read of what they are `shown`; what is shown under a name that none has is a doubt."""
    sections: dict[str, set[str]] = {_USUAL: {""}}
    waiting: dict[str, list[Doubt]] = {}
    for item in shown:
        sections.setdefault(item.name, set()).add(item.section)
        waiting.setdefault(item.name, []).append(item.doubt)
    for template in templates:
        for name, path, line in _paths(template.text):
            waiting.pop(name, None)
            for section in sorted(sections.get(name, ())):
                yield from _found(vocabulary, section, path, Place(template.file, line), template.is_test)
    yield from (doubt for doubts in waiting.values() for doubt in doubts)


def _paths(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Every name in a tag with the names behind it, and its line."""
    line, counted = 1, 0
    for tag in _TAG.finditer(text):
        for path in _PATH.finditer(text, tag.start(), tag.end()):
            line += text.count("\n", counted, path.start())
            counted = path.start()
            yield path[1], _PART.findall(path[2]), line


def _found(
    vocabulary: Vocabulary, section: str, path: list[str], place: Place, is_test: bool
) -> Iterator[Read | Doubt | Slip]:
    """What the names `path`, one behind the other, read of `section`."""
    catalogue = vocabulary.catalogue
    key = section
    for name in path:
        inside, key = key, f"{key}.{name}" if key else name
        if key in catalogue.settings:
            yield Read(key, place, "template", is_test)
            return
        if key not in catalogue.sections:
            through = vocabulary.through(inside, name)
            yield from (Read(other, place, "property", is_test) for other in through)
            if inside and not through and not vocabulary.has(inside, name) and not is_test:
                yield Slip(key[:100], place, vocabulary.meant(key))
            return
    if not is_test:
        yield Doubt(vocabulary.below(key), place, place.line, f"{described(key)} is used in a template")
