"""A layer whose source hands over values by the keys of the settings, and has no text: a server, or the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.layers.fit import FormerKey, shaped, take
from synfinance_settings.layers.layer import Finding, Layer, Said, nothing_lent
from synfinance_settings.layers.project import Project
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.model.rule import WAIVE
from synfinance_settings.text import bounds
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.node import Branch, Node, leaves, put


class ValuesLayer(Layer):
    """A layer whose `look` finds one mapping: of dotted keys, or of sections, to text, null, lists and mappings.

    Numbers and booleans are the text that spells them, as in JSON.
    """

    def origin(self, key: str) -> str:
        """How messages name the place of what the mapping says under `key`."""
        return f"{self.name} {key}"

    def say(self, found: Sequence[Finding], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings that are named; of two keys that say the same setting the later one counts."""
        if not any(one.exists for one in found):
            return Said({}, is_empty=True)
        if found[0].failure:
            code, fault, hint = found[0].failure
            place = str(found[0].place)
            problem = Problem(code, f"{place} {fault}", origin=Origin(place), hint=hint)
            return Said({}, problems=(problem,), is_empty=True, is_whole=False, left_out=(place,))
        branch: Branch = {}
        problems: list[Problem] = []
        former: list[FormerKey] = []
        application = project.application
        for key, value in found[0].data.items():
            if str(key).partition(".")[0] == WAIVE:
                hint = "write it into a layer file, where it is reviewed"
                problems.append(Problem("bad-waiver", "a waiver stands in a file", origin=Origin(self.name), hint=hint))
                continue
            try:
                problems += self._put(branch, str(key), value, application.catalogue, former)
            except LayerError as error:
                problems += error.problems
        problems += take(former, branch, application.catalogue, application.gone_names)
        return Said(branch, tuple(problems))

    def _put(
        self, branch: Branch, key: str, value: object, catalogue: Catalogue, former: list[FormerKey]
    ) -> list[Problem]:
        """Let `branch` say what stands under `key`, `former` what does under an old name; returns what is wrong.

        What is neither a key nor a slip of the pen may be a secret in the place of one, and is not named.
        """
        name = self._named(key, catalogue)
        root = self._node(name, value)
        for part in reversed(key.split(".")):
            root = self._node(name, {part: root})
        settings, misfits = shaped(root, catalogue, former)
        for setting, node in leaves(settings):
            put(branch, setting, node)
        return [replace(misfit, origin=Origin(self.origin(key))) if misfit.key == key else misfit for misfit in misfits]

    def _named(self, key: str, catalogue: Catalogue) -> str:
        """The place of `key` as far as it is, or was, that of a setting or a section."""
        while key and not any(key in known for known in (catalogue.settings, catalogue.sections, catalogue.old_names)):
            key = key.rpartition(".")[0]
        return self.origin(key) if key else self.name

    def _node(self, name: str, value: object, level: int = 1) -> Node:
        """A value as a layer file would say it."""
        if level > bounds.LEVELS:
            raise LayerError(bounds.too_deep(Origin(name)))
        inner: Any
        match value:
            case Node():
                return value
            case Mapping():
                inner = {str(key): self._node(name, item, level + 1) for key, item in value.items()}
            case list() | tuple():
                inner = [self._node(name, item, level + 1) for item in value]
            case str():
                inner = str.__str__(value)
                if not is_utf8(inner):
                    raise LayerError(Problem("not-utf8", f"{name} is not UTF-8", origin=Origin(name)))
            case bool():
                inner = str(value).lower()
            case int() | float() | None:
                inner = None if value is None else str(value)
            case _:
                message = f"{name} is {type(value).__name__}; a layer gives text, lists, mappings and null"
                raise LayerError(Problem("wrong-type", message, origin=Origin(name)))
        return Node(inner, self.source(name))
