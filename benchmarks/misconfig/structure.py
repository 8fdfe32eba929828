"""Mistakes in how a layer is built: its lines, their order, and the marks between words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from random import Random

from layer_lines import Layer, Line, Mistake


def line_deleted(layer: Layer, random: Random) -> Mistake:
    line = random.choice(layer.of("setting", "item"))
    return layer.with_lines(line.number, line.number, [], [line.key], _around(layer, line, after=line.number))


def _around(layer: Layer, line: Line, after: int) -> set[int]:
    """Where a line that is gone may be told of: at its section, or at one of the two lines that now meet."""
    section = layer.section(line)
    return {line.number - 1, after, *([section.number] if section else [])}


def header_deleted(layer: Layer, random: Random) -> Mistake:
    """May be told of at any line that stood below it, or at the one that they now follow."""
    line = random.choice(layer.of("section", "list"))
    inner = layer.inside(line)
    keys = [line.key, *(other.key for other in inner)]
    last = inner[-1].number - 1
    above = max((other.number for other in layer.lines if other.number < line.number), default=line.number)
    return layer.with_lines(line.number, line.number, [], keys, {above, *range(line.number, last + 1)})


def given_twice(layer: Layer, random: Random) -> Mistake:
    """The second time as another environment has it, where that is otherwise."""
    line = random.choice(layer.of("setting"))
    section = layer.section(line)
    end = random.choice(
        [other for other in (layer.inside(section) if section else [line]) if other.number >= line.number]
    )
    again = random.choice(elsewhere(layer, line) or [line.value])
    return layer.with_lines(
        end.number + 1, end.number, [line.written(value=again)], [line.key], {line.number, end.number + 1}
    )


def elsewhere(layer: Layer, line: Line) -> list[str]:
    """What other environments' layers say of the setting."""
    values = [other.value for sibling in layer.siblings for other in sibling.of("setting") if other.key == line.key]
    return [value for value in values if value != line.value]


def moved(layer: Layer, random: Random) -> Mistake | None:
    """Into another section, at its end."""
    line = random.choice(layer.of("setting"))
    others = [section for section in layer.of("section") if section != layer.section(line)]
    section = random.choice(others) if others else None
    if section is None or section == line:
        return None
    last = layer.inside(section)[-1]
    new = f"{layer.inside(section)[0].indent}{line.written().lstrip()}"
    lines = [text for number, text in enumerate(layer.raw, 1) if number != line.number]
    at = last.number - (line.number < last.number)
    text = "\n".join([*lines[:at], new, *lines[at:]]) + "\n"
    return Mistake(text, frozenset([at + 1]), frozenset([line.key, f"{section.key}.{line.name}"]))


def indented(layer: Layer, random: Random, new: Callable[[str], str]) -> Mistake | None:
    """A wrong indent may be told of at the line or at the next one: nothing says which of them is meant."""
    line = random.choice(layer.of("setting", "item"))
    after = layer.after(line)
    text = new(line.written())
    if text == line.written():
        return None
    return layer.with_line(line, text, line.name, named={line.number, after.number if after else line.number})


def blank_more(layer: Layer, random: Random) -> Mistake | None:
    return indented(layer, random, lambda text: " " * random.choice([1, 2]) + text)


def blank_less(layer: Layer, random: Random) -> Mistake | None:
    return indented(layer, random, lambda text: random.choice([text.lstrip(), text.removeprefix(" ")]))


def tab(layer: Layer, random: Random) -> Mistake | None:
    return indented(layer, random, lambda text: re.sub("^( {2})+", lambda match: "\t" * (len(match[0]) // 2), text))


def rewritten(layer: Layer, random: Random, lines: Iterable[Line], *ways: Callable[[str], str]) -> Mistake | None:
    """One of `lines` in one of these ways."""
    line = random.choice([*lines])
    text = random.choice(ways)(line.written())
    return layer.with_line(line, text) if text != line.written() else None


def colon_lost(layer: Layer, random: Random) -> Mistake | None:
    return rewritten(layer, random, layer.of("setting", "section", "list"), lambda text: text.replace(":", "", 1))


def blank_lost(layer: Layer, random: Random) -> Mistake | None:
    return rewritten(layer, random, layer.of("setting"), lambda text: text.replace(": ", ":", 1))


def equals_sign(layer: Layer, random: Random) -> Mistake | None:
    return rewritten(
        layer,
        random,
        layer.of("setting"),
        lambda text: text.replace(": ", " = ", 1),
        lambda text: text.replace(": ", "=", 1),
    )


def commented(layer: Layer, random: Random) -> Mistake:
    """The value behind a #, or the whole line, which is then a line that is gone."""
    line = random.choice(layer.of("setting"))
    if random.random() < 0.5:
        return layer.with_line(line, line.written().replace(": ", ": #", 1))
    named = {line.number, *_around(layer, line, after=line.number + 1)}
    return layer.with_line(line, f"{line.indent}# {line.written().lstrip()}", named=named)


def quote_lost(layer: Layer, random: Random) -> Mistake | None:
    """One of two quotes."""
    line = random.choice(layer.valued)
    mark = random.choice("\"'")
    bare = line.value.strip("\"'")
    value = random.choice([f"{mark}{bare}", f"{bare}{mark}"])
    return layer.with_line(line, line.written(value=value)) if bare else None


def dash_slipped(layer: Layer, random: Random) -> Mistake | None:
    items = layer.of("item")
    return rewritten(
        layer,
        random,
        items,
        lambda text: text.replace("- ", "-", 1),
        lambda text: text.replace("- ", "  ", 1),
        lambda text: text.replace("- ", "", 1),
        lambda text: text.replace("- ", "* ", 1),
    )


def on_one_line(layer: Layer, random: Random, *ways: Callable[[list[str]], str]) -> Mistake | None:
    """A list of several items on one line, in one of these ways."""
    lists = [line for line in layer.of("list") if len(layer.inside(line)) > 1]
    if not lists:
        return None
    line = random.choice(lists)
    inner = layer.inside(line)
    value = random.choice(ways)([item.value for item in inner])
    return layer.with_lines(line.number, inner[-1].number, [line.written(value=value)], [line.key])


def bracket_lost(layer: Layer, random: Random) -> Mistake | None:
    return on_one_line(
        layer, random, lambda items: f"[{', '.join(items)}", lambda items: f"{', '.join(items)}]", lambda items: "["
    )


def comma_lost(layer: Layer, random: Random) -> Mistake | None:
    return on_one_line(
        layer,
        random,
        lambda items: f"[{' '.join(items)}]",
        lambda items: " ".join(items),
        lambda items: f"[{' '.join(items[:2])}{''.join(f', {item}' for item in items[2:])}]",
        lambda items: "; ".join(items),
    )


def joined(layer: Layer, random: Random) -> Mistake | None:
    """The end of a line lost: the next one follows on it."""
    line = random.choice(layer.valued)
    after = layer.after(line)
    if after is None or after.number != line.number + 1:
        return None
    text = f"{line.written()} {after.written().lstrip()}"
    return layer.with_lines(line.number, after.number, [text], [line.key, after.key])


def conflict_left(layer: Layer, random: Random) -> Mistake:
    line = random.choice(layer.of("setting"))
    theirs = random.choice(elsewhere(layer, line) or [line.value])
    new = ["<<<<<<< HEAD", line.written(), "=======", line.written(value=theirs), ">>>>>>> hotfix"]
    return layer.with_lines(line.number, line.number, new, [line.key])


def cut_off(layer: Layer, random: Random) -> Mistake:
    """A copy that ended early, in the midst of a line."""
    line = random.choice(layer.valued[len(layer.valued) // 2 :])
    text = line.written()
    cut = text[: random.randrange(len(line.indent) + 1, len(text))]
    lost = [other.key for other in layer.lines if other.number >= line.number]
    return layer.with_lines(line.number, len(layer.raw), [cut], lost)


def from_a_page(layer: Layer, random: Random) -> Mistake | None:
    """What an office program or a page in a browser makes of spaces, quotes and dashes."""
    return rewritten(
        layer,
        random,
        layer.valued,
        lambda text: text.replace("- ", "\u2013 ", 1),
        lambda text: text.replace(": ", ":\u00a0", 1),
        lambda text: re.sub(r": (\S+)", ": \u201c\\1\u201d", text, count=1),
        lambda text: re.sub("^ +", lambda match: "\u00a0" * len(match[0]), text),
    )
