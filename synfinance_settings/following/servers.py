"""What the recipes share: which server a section names, where it is, and why it does not let one in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from synfinance_settings.errors import Problem, SettingsError
from synfinance_settings.layers.output import plain
from synfinance_settings.live.held import Made
from synfinance_settings.model.resource import Server
from synfinance_settings.model.section import Section
from synfinance_settings.probing.answers import in_words

CONNECT_SECONDS: Final = 5
"""How long a recipe waits for a server, unless its caller says otherwise."""

Options = Callable[[Any], Mapping[str, Any]]
"""What else the library is given, made of the section."""

Check = Callable[[Made], None]
"""Raises where what was made cannot be used."""

SlowCheck = Callable[[Made], Coroutine[Any, Any, None]]

Fields = Callable[[type[Section]], tuple[str, ...]]
"""The names of the fields that count, of the model of a section."""


class Named:
    """A server that a section names: the `given` one, else the one of its kind that the section declares."""

    def __init__(self, kind: str, given: Server | None) -> None:
        self._kind = kind
        self._given = given

    def server(self, model: type[Section]) -> Server:
        """The server that the sections of `model` name; raises `TypeError` where they name none, or several."""
        if self._given is not None:
            return self._given
        found = [one for one in model.RESOURCES if isinstance(one, Server) and one.kind == self._kind]
        if len(found) != 1:
            count = f"{len(found)} servers" if found else "no server"
            raise TypeError(f"{model.__name__} declares {count} of kind {self._kind!r}; say which: server=Server(...)")
        return found[0]

    def roles(self, section: Section) -> dict[str, Any]:
        """What `section` says of it, by role, secrets in clear; what is null is not there."""
        said = self.server(type(section)).values(section).items()
        clear = {role: plain(value, "reveal") for role, value in said}
        return {role: value for role, value in clear.items() if value not in (None, "")}

    def fields(self, others: tuple[str, ...], options: Options | None) -> Fields | None:
        """The fields that name it, and those of `others` that there are; None where `options` may look at any."""

        def of(model: type[Section]) -> tuple[str, ...]:
            named = self.server(model).keys.values()  # some of them are properties, made of the others
            declared = tuple(name for name in named if name.partition(".")[0] in model.model_fields)
            return (*declared, *(name for name in others if name in model.model_fields))

        return None if options is not None else of


def refusing(check: Check[Made], kind: type[Exception], refusal: Callable[[Any], SettingsError]) -> Check[Made]:
    """`check`, which raises `refusal` of the error in the place of an error of `kind`, and nothing of that error."""

    def checked(made: Made) -> None:
        try:
            check(made)
        except kind as error:
            failure = refusal(error)
        else:
            return
        raise failure

    return checked


def refusing_soon(
    check: SlowCheck[Made], kind: type[Exception], refusal: Callable[[Any], SettingsError]
) -> SlowCheck[Made]:
    """The same of a check that is a coroutine function."""

    async def checked(made: Made) -> None:
        try:
            await check(made)
        except kind as error:
            failure = refusal(error)
        else:
            return
        raise failure

    return checked


def refused(failure: str, called: str) -> SettingsError:
    """That a server does not let one in, in words of ours: what it says itself may hold a secret."""
    words = "no connection comes about" if failure == "odd" else in_words({"failure": failure}, called)
    return SettingsError(Problem("refused-login", words))
