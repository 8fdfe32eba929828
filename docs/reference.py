"""Writes what is drawn from the code: pages of the docs, and the words that a shell completes.

    python docs/reference.py            writes docs/settings.md, the tree and the codes in docs/errors.md, the
                                        programs in docs/recipes.md, and synfinance_settings/cli/words.py
    python docs/reference.py --check    writes nothing, and ends with 1 where one of them is out of date

What is written of a setting, a rule or a code stands in the package and nowhere else, a program in examples/; mend it
there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from synfinance_settings.cli.program import words_of
from synfinance_settings.environment import EnvironmentKind
from synfinance_settings.errors import CODES, SettingsError
from synfinance_settings.model.catalogue import Setting
from synfinance_settings.model.lines import as_text
from synfinance_settings.model.variables import FILE_SUFFIX
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.formats import FORMATS

DOCS: Final = Path(__file__).resolve().parent
ROOT: Final = DOCS.parent
CATALOGUE: Final = SYNFINANCE.catalogue
VARIABLES: Final = SYNFINANCE.variables
TREE: Final = ("<!-- tree: written by docs/reference.py -->", "<!-- end of the tree -->")
LANGUAGES: Final = {".py": "python", ".ipynb": "python", ".yaml": "yaml", ".service": "ini", "": "dockerfile"}
"""What files of an example are shown on the page of the recipes, and how; the layers of each lie in a folder."""
CODES_TABLE: Final = ("<!-- codes: written by docs/reference.py -->", "<!-- end of the codes -->")


def settings_page() -> str:
    """The text of docs/settings.md."""
    return "\n".join((*_head(), *_sections(), *_contradictions(), *_rules(), *_reserved())) + "\n"


def errors_page(current: str) -> str:
    """The text of docs/errors.md: `current` with the tree and the table of codes written anew."""
    rows = ((f"`{code}`", f"`{kind.__name__}`", meaning) for code, (kind, meaning) in CODES.items())
    tree = "\n".join(("```text", "SettingsError", *_branches(SettingsError, ""), "```"))
    written = _between(TREE, tree, current, "errors.md")
    return _between(CODES_TABLE, _table(("code", "error", "what was found"), rows), written, "errors.md")


def recipes_page(current: str) -> str:
    """The text of docs/recipes.md: `current` with every program written anew; each must have its place there."""
    for path in sorted((ROOT / "examples").glob("*/*")):
        if path.is_file() and path.suffix in LANGUAGES:
            name = path.relative_to(ROOT / "examples").as_posix()
            markers = (f"<!-- {name}: written by docs/reference.py -->", f"<!-- end of {name} -->")
            shown = f"```{LANGUAGES[path.suffix]}\n{_source(path)}\n```"
            current = _between(markers, shown, current, "recipes.md")
    return current


def _source(path: Path) -> str:
    """What a person writes there: of a notebook the cells with code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    return text.rstrip("\n")


def words_module() -> str:
    """The text of synfinance_settings/cli/words.py."""
    words = words_of(SYNFINANCE)
    kinds = "".join(f"        {_kind(kind)},\n" for kind in words.environments)
    return f"""\
\"\"\"What help and completion say of SynFinance and of formats; written by docs/reference.py from the code.\"\"\"

from __future__ import annotations

from typing import Final

from synfinance_settings.cli.program import Words
from synfinance_settings.environment import EnvironmentKind

WORDS: Final = Words(
    title="{words.title}",
    environments=(
{kinds}    ),
    values={_mapping(words.values)},
    examples={_mapping(words.examples)},
)

FORMATS: Final = ({", ".join(f'"{form.name}"' for form in FORMATS)})
"""


def _mapping(words: Mapping[str, str]) -> str:
    lines = "".join(f'        "{name}": "{text}",\n' for name, text in words.items())
    return f"{{\n{lines}    }}"


def _kind(kind: EnvironmentKind) -> str:
    aliases = "".join(f'"{alias}", ' for alias in kind.aliases)
    aliases = aliases.rstrip() if len(kind.aliases) == 1 else aliases.removesuffix(", ")
    return f'EnvironmentKind("{kind.name}", ({aliases}), strict={kind.strict}, local_layers={kind.local_layers})'


def _between(markers: tuple[str, str], written: str, text: str, page: str) -> str:
    """`text`, which is that of `page`, with what stands between two lines replaced."""
    before, opening, rest = text.partition(markers[0])
    _, closing, after = rest.partition(markers[1])
    if not (opening and closing):
        raise SystemExit(f"docs/{page} lacks the lines {' and '.join(markers)}")
    return f"{before}{opening}\n\n{written}\n\n{closing}{after}"


def _branches(parent: type[SettingsError], margin: str) -> Iterator[str]:
    """The errors below `parent` as a tree, each with what its docstring says first."""
    children = parent.__subclasses__()
    for child in children:
        fork, below = ("└── ", "    ") if child is children[-1] else ("├── ", "│   ")
        summary = " ".join((child.__doc__ or "").split()).partition(";")[0].partition(". ")[0].removesuffix(".")
        yield f"{margin + fork + child.__name__:<32}{summary.replace('`', '')}"
        yield from _branches(child, margin + below)


def _head() -> Iterator[str]:
    """The title, and how the tables below are to be read."""
    count, prefix = len(CATALOGUE.settings), SYNFINANCE.prefix
    short = {key: f"`{prefix}{name}" for key, name in SYNFINANCE.short_variables.items()}
    short_sections = " and ".join(f"{name}_` for `{key}`" for key, name in short.items() if key in CATALOGUE.sections)
    yield f"""\
<!-- Written by docs/reference.py from the section models; do not edit. -->
# Every setting

There are {count}. A default here is that of the section model, below all layers; the shipped layers may say
otherwise, and `synfinance-settings explain KEY` says what holds and where it is written.

- **†** marks a secret: masked in every output unless asked for by name; best given by a variable or a file.
- **‡** marks a setting whose change takes effect only when the process starts anew; **(‡)** one whose change does not
  need that in a program that [follows](follow.md) it.
- Limits belong to what is allowed. [precedence.md](precedence.md#text-in-types-out) explains the forms.
- The variable is the canonical spelling. Also accepted: one underscore after the section (`{prefix}SERVER_PORT`),
  the short sections {short_sections},
  and {", ".join(f"{name}`" for key, name in short.items() if key in CATALOGUE.settings)}.
  Any spelling with `{FILE_SUFFIX}` after it names a file that holds the value. `explain KEY` lists them all."""


def _sections() -> Iterator[str]:
    columns = ("key", "form", "default", "limits", "†", "‡", "variable", "what it is")
    for section in ("", *CATALOGUE.sections):
        settings = [setting for key, setting in CATALOGUE.settings.items() if key.rpartition(".")[0] == section]
        yield f"\n## {section or 'At the root'}\n"
        if section:
            yield CATALOGUE.summary(section) + "\n"
        yield _table(columns, map(_row, settings))


def _row(setting: Setting) -> Sequence[str]:
    """The cells of one setting, in the order of the columns."""
    return (
        f"`{setting.key}`",
        setting.form + (" or null" if setting.nullable else ""),
        f"`{_default(setting)}`",
        setting.limits,
        "†" if setting.is_secret else "",
        "(‡)" if setting.unless_followed else "‡" if setting.needs_restart else "",
        f"`{VARIABLES.names[setting.key][0]}`",
        setting.description + _before(setting),
    )


def _before(setting: Setting) -> str:
    """What a setting was called before, and until when that is taken."""
    if not setting.was:
        return ""
    end = f" until {setting.gone}" if setting.gone else ""
    return f" Was {_keys(setting.was)}{end}."


def _default(setting: Setting) -> str:
    value = setting.default
    if isinstance(value, tuple):
        return "[" + ", ".join(map(as_text, value)) + "]"
    if isinstance(value, SecretStr) and not value.get_secret_value():
        return '""'
    return as_text(value)


def _contradictions() -> Iterator[str]:
    yield """
## Rules over several settings

They hold in every environment, also for a section that is built by hand. A problem of theirs has the code
`inconsistent` and stands at the first of the keys that a layer names.
"""
    yield _table(
        ("keys", "what must be so"), ((_keys(keys), rule.message) for _, keys, rule in CATALOGUE.contradictions)
    )


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _rules() -> Iterator[str]:
    yield """
## Rules per environment

They are checked on the settings as a whole. An error stops a load; a warning is logged, and
`--strict` makes an error of it. The id stands where a problem has its code. A layer may [waive](evolution.md#waivers) a
warning by its id, until a day.
"""
    rows = ((f"`{r.id}`", r.severity, ", ".join(r.environments), _keys(r.keys), r.message) for r in SYNFINANCE.rules)
    yield _table(("id", "severity", "environments", "keys", "what is said"), rows)


def _reserved() -> Iterator[str]:
    yield f"""
## Reserved variables

They steer the package itself, are never settings, and no other `{FILE_SUFFIX}` of theirs is read. They are read from
the process environment only, except `{VARIABLES.environment}`, which `.env` may set too.
"""
    rows = ((f"`{name}`", effect) for name, effect in VARIABLES.reserved.items())
    yield _table(("variable", "what it says"), rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def main(arguments: Sequence[str]) -> int:
    """Write all of it, or with ``--check`` compare them; the exit code."""
    if list(arguments) not in ([], ["--check"]):
        raise SystemExit("usage: python docs/reference.py [--check]")
    errors, recipes = DOCS / "errors.md", DOCS / "recipes.md"
    pages = {
        DOCS / "settings.md": settings_page(),
        errors: errors_page(errors.read_text(encoding="utf-8")),
        recipes: recipes_page(recipes.read_text(encoding="utf-8")),
        ROOT / "synfinance_settings" / "cli" / "words.py": words_module(),
    }
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        name = path.relative_to(ROOT)
        if arguments:
            sys.stderr.write(f"{name} is out of date; run: python docs/reference.py\n")
        else:
            path.write_text(pages[path], encoding="utf-8")
            sys.stderr.write(f"wrote {name}\n")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
