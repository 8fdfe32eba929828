"""The order of precedence: the layers of an application, one tuple, lowest first."""

from __future__ import annotations

from typing import Final

from synfinance_settings.layers.arguments import ArgumentsLayer
from synfinance_settings.layers.layer import Layer
from synfinance_settings.layers.layer_file import FileLayer
from synfinance_settings.layers.overrides import OVERRIDES
from synfinance_settings.layers.remote_layer import RemoteLayer
from synfinance_settings.layers.secrets_folder import SecretsFolderLayer
from synfinance_settings.layers.variables import DOTENV, ProcessLayer
from synfinance_settings.model.application import Application

REMOTE: Final = RemoteLayer()
"""The layer of the shared store."""

LAYERS: Final[tuple[Layer, ...]] = (
    FileLayer("default", "default"),
    FileLayer("environment", "{environment}"),
    FileLayer("default.local", "default.local", is_local=True),
    FileLayer("environment.local", "{environment}.local", is_local=True),
    REMOTE,
    DOTENV,
    SecretsFolderLayer(),
    ProcessLayer(),
    ArgumentsLayer(),
    OVERRIDES,
)
"""The usual layers, lowest first; below all of them are the models' own defaults."""


def layers_of(application: Application) -> tuple[Layer, ...]:
    """The layers of `application`, lowest first; what is put on top for a while is always on top."""
    layers = LAYERS if application.layers is None else application.layers
    return layers if OVERRIDES in layers else (*layers, OVERRIDES)


def with_layer(layer: Layer, *, below: str, layers: tuple[Layer, ...] = LAYERS) -> tuple[Layer, ...]:
    """`layers` and one more, just below the one that is called `below`; raises `ValueError` where there is none."""
    at = [other.name for other in layers].index(below)
    return (*layers[:at], layer, *layers[at:])


def layer_named(application: Application, name: str) -> Layer:
    """The layer of `application` that is called `name`."""
    return next(layer for layer in layers_of(application) if layer.name == name)


def remote_layer_of(application: Application) -> RemoteLayer | None:
    """The layer of the shared store, None where `application` has none."""
    return next((layer for layer in layers_of(application) if isinstance(layer, RemoteLayer)), None)
