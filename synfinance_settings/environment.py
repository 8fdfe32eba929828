"""What the environments are like that a process can run in, and the names they answer to."""

from __future__ import annotations

from typing import Final

from synfinance_settings.errors import EnvironmentNameError, Origin, Problem, printable
from synfinance_settings.record import Record
from synfinance_settings.slips import is_slip, nearest


class EnvironmentKind(Record):
    """An environment that an application knows: its `name`, and the `aliases` that are taken for it.

    Where it is `strict`, a missing layer stops the start; without `local_layers`, developers' own files are ignored.
    """

    name: str
    aliases: tuple[str, ...] = ()
    strict: bool = False
    local_layers: bool = True

    @property
    def is_production(self) -> bool:
        """True where nothing may be missing, and nothing that a developer left there counts.

        Not every strict environment is one: staging is strict too, so that it fails as production would.
        """
        return self.strict and not self.local_layers


USUAL: Final = (
    EnvironmentKind("development", ("dev",)),
    EnvironmentKind("staging", ("stage",), strict=True),
    EnvironmentKind("production", ("prod",), strict=True, local_layers=False),
    EnvironmentKind("test", ("testing",)),
)
"""The environments of an application that names none of its own: SynFinance's."""


def meant_environment(
    kinds: tuple[EnvironmentKind, ...], name: str, origin: Origin | None = None, *, is_inserted: bool = False
) -> str:
    """The environment among `kinds` that `name` means, matched exactly; raises `EnvironmentNameError` for any other.

    What may have been inserted for a reference may be a secret, and is told only where it is a slip of the pen.
    """
    names = {kind.name: kind.name for kind in kinds}
    known = {**names, **{alias: kind.name for kind in kinds for alias in kind.aliases}}
    if name in known:
        return known[name]
    near = nearest(name.strip().lower(), known)
    is_shown = not is_inserted or (near is not None and is_slip(name, near))
    subject = repr(printable(name)) if is_shown else "what stands there"
    raise EnvironmentNameError(
        Problem(
            code="unknown-environment",
            message=f"{subject} is not an environment",
            key="environment",
            origin=origin,
            hint=f"did you mean {known[near]}?" if near and is_shown else f"one of {', '.join(names)}",
        )
    )
