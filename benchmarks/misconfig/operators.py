"""How people make mistakes in a layer file: the table of all kinds, each by a small function.

The error models are those of ConfErr (slips of the pen, structure, meaning). An operator takes a layer and a source of
chance; it gives a layer with one mistake, or None where it finds no place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import meaning
import slips
import structure
from mutating import Mutate, in_name, in_value, spelled


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of mistake."""

    name: str
    model: str
    does: str
    mutate: Mutate


KINDS: Final[Mapping[str, tuple[tuple[str, str, Mutate], ...]]] = {
    "slip in a name": (
        ("name-letter-dropped", "a letter of a name is missing", in_name(slips.dropped)),
        ("name-letter-doubled", "a letter of a name stands twice", in_name(slips.doubled)),
        ("name-letters-swapped", "two letters of a name change places", in_name(slips.swapped)),
        ("name-neighbour-key", "the key beside the right one on the keyboard", in_name(slips.neighbour)),
        ("name-other-style", "camelCase, dashes, capitals, no underscore", in_name(slips.in_another_style)),
        ("name-from-elsewhere", "the name that another program has for it", in_name(slips.as_elsewhere)),
    ),
    "slip in a value": (
        ("value-letter-dropped", "a letter of a word is missing", spelled(slips.dropped, slips.is_words)),
        ("value-letter-doubled", "a letter of a word stands twice", spelled(slips.doubled, slips.is_words)),
        ("value-letters-swapped", "two letters change places", spelled(slips.swapped, slips.is_words)),
        ("value-neighbour-key", "the key beside the right one", spelled(slips.neighbour, slips.is_words)),
    ),
    "slip in a number": (
        ("digit-too-many", "a digit stands twice", in_value(slips.digit_added, slips.is_number)),
        ("digit-dropped", "a digit is missing", in_value(slips.digit_dropped, slips.is_number)),
        ("digit-neighbour-key", "the digit beside the right one", in_value(slips.digit_wrong, slips.is_number)),
        ("point-slipped", "the decimal point moved, lost, or a comma", in_value(slips.point_slipped, slips.is_share)),
        ("thousands-grouped", "10,000 or 10.000 for 10000", in_value(slips.grouped, slips.is_thousands)),
    ),
    "structure": (
        ("line-deleted", "a setting or an item of a list is gone", structure.line_deleted),
        ("header-deleted", "the line of a section or a list is gone", structure.header_deleted),
        ("given-twice", "a setting stands a second time in its section", structure.given_twice),
        ("moved", "a setting stands in another section", structure.moved),
        ("blank-more", "one or two blanks too many before a line", structure.blank_more),
        ("blank-less", "a blank, or all of them, lost before a line", structure.blank_less),
        ("tab", "a tab in the place of blanks", structure.tab),
        ("colon-lost", "no colon behind a name", structure.colon_lost),
        ("blank-lost", "no blank behind a colon", structure.blank_lost),
        ("equals-sign", "= in the place of the colon", structure.equals_sign),
        ("commented", "a # before a value or a line", structure.commented),
        ("quote-lost", "one quote of two", structure.quote_lost),
        ("dash-slipped", "the dash of an item lost, glued, or a star", structure.dash_slipped),
        ("bracket-lost", "a list on one line with one bracket", structure.bracket_lost),
        ("comma-lost", "a list on one line without its commas", structure.comma_lost),
        ("joined", "the end of a line lost", structure.joined),
        ("conflict-left", "the marks of a merge conflict", structure.conflict_left),
        ("cut-off", "the file ends in the midst of a line", structure.cut_off),
        ("from-a-page", "typographic quotes, dashes and blanks", structure.from_a_page),
    ),
    "meaning": (
        (
            "unit-behind",
            "a unit behind the number",
            in_value(meaning.unit_behind, meaning.of_unit(*meaning.UNITS_BEHIND)),
        ),
        (
            "unit-mistaken",
            "milliseconds for seconds, percent for a share",
            in_value(meaning.unit_mistaken, meaning.is_measured),
        ),
        ("nothing-or-less", "0 or a negative number", in_value(meaning.nothing_or_less, slips.is_number)),
        ("word-for-number", "auto, unlimited, TBD", in_value(meaning.word_for_number, slips.is_number)),
        ("word-for-flag", "enabled, ture, y", in_value(meaning.word_for_flag, meaning.of_form("boolean"))),
        (
            "other-choice",
            "a choice that another program has",
            in_value(meaning.other_choice, meaning.has_other_choices),
        ),
        (
            "nothing",
            "null, an empty text, list or mapping",
            in_value(meaning.nothing, lambda line: line.kind == "setting"),
        ),
        ("other-setting", "the value of another setting", meaning.of_another_setting),
        ("other-environment", "the value of another environment", meaning.of_another_environment),
        (
            "address-otherwise",
            "a host or origin with too much, or in parts",
            in_value(meaning.address_otherwise, meaning.is_address),
        ),
        ("path-otherwise", "a path in another form", in_value(meaning.path_otherwise, meaning.is_path)),
        (
            "date-otherwise",
            "a date in another form, or of another year",
            in_value(meaning.date_otherwise, meaning.of_form("date")),
        ),
        (
            "reference-slipped",
            "${...} in another form, or with another name",
            in_value(meaning.reference_slipped, lambda line: "$" in line.value),
        ),
    ),
}
"""The kinds of mistakes by their error models; each kind is made equally often, as far as there are places for it."""

OPERATORS: Final = tuple(
    Operator(name, model, does, make) for model, kinds in KINDS.items() for name, does, make in kinds
)
