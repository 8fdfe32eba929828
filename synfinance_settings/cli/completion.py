"""What the shell offers after the words of a command.

Nothing is read from a working directory, and every word is one that no shell acts on. What is offered for SynFinance
stands in the package, because its models take Pydantic, and a key that is being typed cannot wait for it; another
application is imported to be asked, and where it cannot be, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import ZshComplete, add_completion_class

from synfinance_settings.cli.program import Words, program_of
from synfinance_settings.errors import SettingsError

Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def _offered(words_among: Callable[[Words, click.Context], Iterable[str]]) -> Offer:
    """The words that begin with what is typed; none where the application cannot be imported."""

    def offer(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        try:
            words = program_of(context).words
        except SettingsError:
            return []
        return [word for word in words_among(words, context) if word.startswith(incomplete)]

    return offer


def _names(words: Words) -> list[str]:
    return [kind.name for kind in words.environments]


environments = _offered(lambda words, context: _names(words))
layers = _offered(lambda words, context: [*_names(words), "default"])
sections = _offered(lambda words, context: words.sections)
settings = _offered(lambda words, context: words.values)
settings_and_sections = _offered(lambda words, context: [*words.sections, *words.values])
values = _offered(lambda words, context: words.values.get(context.params.get("key") or "", "").split())
"""The words of the setting that the argument ``key`` names, where they can be listed."""


@add_completion_class
class _Zsh(ZshComplete):
    """The script for a zsh that has not set up its completion yet, as a bare one has not."""

    def source(self) -> str:
        """The script; its first line is the one that zsh looks at where the script lies in ``fpath``."""
        first, _, rest = super().source().partition("\n")
        return f"{first}\n(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit -i }}\n{rest}"
