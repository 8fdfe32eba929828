"""Where accepted versions are kept: the folder that was named, else one that the service manager or the platform gives.

Commands always have a history; a service keeps one where a folder is named, or where it is to fall back on it. In a
folder that a service manager gave, the history has a folder of its own: others may have been let into the former.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from synfinance_settings.model.application import Application

_GIVEN: Final = ("STATE_DIRECTORY", "RUNTIME_DIRECTORY")
"""What systemd sets for ``StateDirectory=`` and ``RuntimeDirectory=``; the latter goes when the service stops."""

PathLike = str | os.PathLike[str]


def state_folder(
    application: Application, environ: Mapping[str, str], state_dir: PathLike | None = None
) -> Path | None:
    """The folder of a service: `state_dir`, else that of its variable; where it falls back, else the default one.

    None where nothing is to be kept, or where there is no default one.
    """
    path = state_dir if state_dir is not None else environ.get(application.variables.state_dir)
    if path:
        return Path(path).absolute()
    return default_state_folder(application, environ) if environ.get(application.variables.fallback) else None


def default_state_folder(application: Application, environ: Mapping[str, str]) -> Path | None:
    """The folder where none is named: below what systemd gave, else the platform's own.

    None for a user who has no home.
    """
    name = f"{application.prefix.strip('_').lower().replace('_', '-')}-settings"
    for variable in _GIVEN:
        first = environ.get(variable, "").partition(":")[0]
        if first:
            return Path(first, name).absolute()
    from platformdirs import user_state_path  # most starts name a folder, or need none

    try:
        folder = user_state_path(name, appauthor=False)
    except RuntimeError:  # no home; older releases give a path that begins with ~
        return None
    return folder if folder.is_absolute() else None
