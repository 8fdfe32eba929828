"""Live checks of what the settings of any application name: servers, certificates, paths, ports and secrets.

What there is to check, a model declares (`model.resource`); no setting is known by its name here. Everything is asked
at the same time, ends in time, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.model.application import Application
from synfinance_settings.model.resource import Certificate, File, Folder, Listener, Resource, Server
from synfinance_settings.probing import certificates, credentials, paths, ports, servers
from synfinance_settings.probing.asking import asked
from synfinance_settings.probing.finding import Finding, correct

if TYPE_CHECKING:
    from synfinance_settings.probing.probe import Question

SECONDS: Final = 5.0
"""How long a server has to answer."""


def probes(
    application: Application[Any], config: Any, *, seconds: float = SECONDS, keys: Container[str] | None = None
) -> Iterator[Finding]:
    """Check all that `config` names, or what the settings `keys` are about; a server has `seconds` to answer."""
    wanted = application.catalogue.settings if keys is None else keys
    found = [resource for resource in _in_order(application) if keys is None or _concerns(resource, keys)]
    used = [resource for resource in found if resource.unused_for(config) is None]
    with asked(dict(_questions(used, config)), seconds) as answers:
        for resource in found:
            if resource in used:
                answer: Callable[[], Any] = partial(answers.__getitem__, resource)
                yield from _guarded(resource, partial(_findings, application, resource, config, answer))
            elif isinstance(resource, Server | Certificate):
                yield Finding(check_of(resource), "ok", str(servers.unused(resource, config)))
    if any(setting.is_secret and key in wanted for key, setting in application.catalogue.settings.items()):
        yield from credentials.findings(application, config, wanted)


def _questions(used: Iterable[Resource], config: Any) -> Iterator[tuple[Resource, Question]]:
    for resource in used:
        if isinstance(resource, Server):
            yield resource, servers.question(resource, config)
        elif isinstance(resource, Listener):
            yield resource, ports.question(resource, config)


def checks(application: Application[Any]) -> tuple[str, ...]:
    """The names of the checks that `probes` makes for `application`."""
    has_secrets = any(setting.is_secret for setting in application.catalogue.settings.values())
    names = [*map(check_of, _in_order(application)), *([credentials.CHECK] if has_secrets else [])]
    return tuple(dict.fromkeys(names))


def check_of(resource: Resource) -> str:
    """What the check of `resource` is called."""
    if isinstance(resource, Server):
        return servers.check_of(resource)
    return _CHECKS[type(resource)]


_CHECKS: Final[dict[type[Resource], str]] = {
    Server: "",
    Certificate: certificates.CHECK,
    File: paths.CHECK,
    Folder: paths.CHECK,
    Listener: ports.CHECK,
}
_ORDER: Final = (Server, Certificate, (Folder, File), Listener)


def _in_order(application: Application[Any]) -> list[Resource]:
    """What is looked at, servers first; secrets are looked at as settings."""
    return [found for kind in _ORDER for found in application.catalogue.resources if isinstance(found, kind)]


def _concerns(resource: Resource, keys: Container[str]) -> bool:
    return any(key in keys for key in (*resource.keys.values(), *resource.when))


def _findings(
    application: Application[Any], resource: Resource, config: Any, answer: Callable[[], Any]
) -> Iterator[Finding]:
    match resource:
        case Server():
            yield servers.finding(application, resource, config, answer())
        case Certificate():
            yield from certificates.findings(resource, config)
        case File() | Folder():
            yield paths.finding(resource, config)
        case Listener():
            yield ports.finding(resource, config, answer())


def _guarded(resource: Resource, findings: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from findings()
    except (OSError, ValueError) as error:  # a path that validates and still is none
        said = f"cannot be checked: {type(error).__name__}"
        yield Finding(check_of(resource), "fail", said, correct(resource.keys.values()))
