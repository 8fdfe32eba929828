"""What the shell offers after the words of a command.

All of it stands in the package: nothing is read from a working directory, and every word is one that no shell acts
on. The keys are those of the models as `words` lists them, because a model takes Pydantic, and a key that is being
typed cannot wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click
from click.shell_completion import ZshComplete, add_completion_class

from synfinance_settings.cli.words import VALUES
from synfinance_settings.environment import Environment

SECTIONS: Final = tuple(
    dict.fromkeys(key[:end] for key in VALUES for end, character in enumerate(key) if character == ".")
)
"""The keys of all sections, a section before those inside it."""


def environments(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The environments that begin with `incomplete`."""
    return _beginning(incomplete, Environment)


def layers(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The environments and ``default``, where they begin with `incomplete`."""
    return _beginning(incomplete, (*Environment, "default"))


def settings(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The keys of settings that begin with `incomplete`."""
    return _beginning(incomplete, VALUES)


def settings_and_sections(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The keys of settings and of sections that begin with `incomplete`."""
    return _beginning(incomplete, (*SECTIONS, *VALUES))


def values(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What the setting of the argument ``key`` may be, where that can be listed."""
    return _beginning(incomplete, VALUES.get(context.params.get("key") or "", "").split())


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [str(word) for word in words if word.startswith(incomplete)]


@add_completion_class
class _Zsh(ZshComplete):
    """The script for a zsh that has not set up its completion yet, as a bare one has not."""

    def source(self) -> str:
        """The script; its first line is the one that zsh looks at where the script lies in ``fpath``."""
        first, _, rest = super().source().partition("\n")
        return f"{first}\n(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit -i }}\n{rest}"
