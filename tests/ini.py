"""A format that the package does not have: INI, with a section a header and a setting a line.

debug = on
[server]
port = 8000    # comments stand on lines of their own only, so this one is of the value
"""

from __future__ import annotations

import re

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.text.format import Format
from synfinance_settings.text.outline import Entry, Outline, Outlined, Spot

LINE = re.compile(
    r"[ ]*(?:#.*|\[(?P<section>[\w.]+)\]|(?P<name>\w+)[ ]*=[ ]*(?P<value>.*?)|)[ ]*\r?(?:\n|\Z)",
)


class Ini(Format):
    name = "ini"
    suffixes = (".ini",)
    separator = "="
    before_key = "["
    comment = "#"
    nothing = "# nothing\n"
    schema_line = ""

    def outline(self, text, name):
        if not text.strip():
            return Outlined(None)
        root = Outline("mapping", Spot(0, 0, 0), Spot(0, 0, 0), is_flow=False, entries=[])
        opened, at, line = [root], 0, 0
        while at < len(text):
            found = LINE.match(text, at)
            if found is None:
                return Outlined(root, Problem("syntax", "not INI", origin=Origin(name, line + 1, 1)))
            if found["section"]:
                opened = [root, *self._sections(root, found, line)]
            elif found["name"]:
                value = piece(found, line, *found.span("value"))
                value.value = None if value.value == "null" else value.value
                opened[-1].entries.append(Entry(piece(found, line, *found.span("name")), value))
                for outer in opened:
                    outer.last = value.last
            at, line = found.end(), line + 1
        return Outlined(root)

    def _sections(self, root, found, line):
        inside, start = root, found.start("section")
        for part in found["section"].split("."):
            entry = inside.find(part)
            if entry is None:
                key = piece(found, line, start, start + len(part))
                entry = Entry(key, Outline("mapping", key.first, key.first, is_flow=False, entries=[]))
                inside.entries.append(entry)
            inside, start = entry.value, start + len(part) + 1
            yield inside

    def spell(self, value, form, style=""):
        return ",".join(map(str, value)) if isinstance(value, list) else "null" if value is None else value

    def entry(self, name, spelled):
        return f"{name} = {spelled}"

    def lines(self, parent, missing, spelled, margin="", step=""):
        *sections, name = missing
        header = [f"[{'.'.join((*parent, *sections))}]"] if sections else []
        return [*header, self.entry(name, spelled)]

    def write(self, data):
        return "".join(f"{line}\n" for line in self._written(data, ()))

    def _written(self, data, path):
        for name, value in data.items():
            if not isinstance(value, dict):
                text = "yes" if value is True else "no" if value is False else value
                yield self.entry(name, self.spell([*map(str, text)] if isinstance(text, list) else text, ""))
        for name, value in data.items():
            if isinstance(value, dict):
                yield f"[{'.'.join((*path, name))}]"
                yield from self._written(value, (*path, name))


def piece(found, line, start, end):
    first = found.start()
    return Outline("scalar", Spot(start, line, start - first), Spot(end, line, end - first), found.string[start:end])
