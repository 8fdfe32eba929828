"""Live checks of what the settings of any application name: servers, certificates, paths, ports and secrets.

What there is to check, a model declares (`model.resource`); no setting is known by its name here. Everything is asked
at the same time, ends in time, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.model.application import Application
from synfinance_settings.model.resource import Certificate, File, Folder, Listener, Resource, Server
from synfinance_settings.probing import certificates, credentials, paths, ports, rights, servers
from synfinance_settings.probing.answers import asked, in_time
from synfinance_settings.probing.finding import Finding, correct, listed
from synfinance_settings.probing.rights import Rights, User

if TYPE_CHECKING:
    from synfinance_settings.probing.probe import Question

SECONDS: Final = 5.0
"""How long a server has to answer."""


def probes(
    application: Application[Any],
    config: Any,
    *,
    seconds: float = SECONDS,
    keys: Container[str] | None = None,
    lent: Container[str] = (),
    user: User | None = None,
) -> Iterator[Finding]:
    """Check all that `config` names, or what the settings `keys` are about; each check has `seconds`.

    Files and folders are asked about as `user`, who runs this unless given; a server does not ask who one is here.

    Settings that are `lent` hold a placeholder: nobody is asked with it, and nothing is said of it.
    """
    settings = application.catalogue.settings
    wanted = {key for key in settings if (keys is None or key in keys) and key not in lent}
    found = [resource for resource in _in_order(application) if keys is None or _concerns(resource, keys)]
    used = [resource for resource in found if resource.unused_for(config) is None]
    questions = {resource: _question(resource, config, lent, user) for resource in used}
    with asked({resource: question for resource, question in questions.items() if question}, seconds) as answers:
        for resource in found:
            if resource not in used:
                if isinstance(resource, Server | Certificate):
                    yield Finding(check_of(resource), "ok", str(servers.unused(resource, config)))
            elif not questions[resource] and (missing := resource.among(lent)):
                yield Finding(check_of(resource), "ok", f"not checked: nothing sets {listed(missing)}")
            else:
                answer = answers[resource] if questions[resource] else None
                yield from _guarded(
                    resource, partial(_findings, application, resource, config, lent, user, answer), seconds
                )
    if any(settings[key].is_secret for key in wanted):
        yield from credentials.findings(application, config, wanted)


def _question(resource: Resource, config: Any, lent: Container[str], user: User | None) -> Question | None:
    """What a process of its own is asked about `resource`; None where nobody is."""
    match resource:
        case Server():
            return servers.question(resource, config, lent)
        case Listener() if not resource.among(lent):
            return ports.question(resource, config)
        case File() | Folder() if user and not resource.among(lent):
            return rights.question(user, [paths.place(resource, config)])
        case Certificate() if user and not resource.among(lent):
            return rights.question(user, certificates.places(resource, config).values())
    return None


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
    application: Application[Any],
    resource: Resource,
    config: Any,
    lent: Container[str],
    user: User | None,
    answer: Any,
) -> Iterator[Finding]:
    """What is found of one resource, by the answer where somebody was asked."""
    match resource:
        case Server():
            yield servers.finding(application, resource, config, answer, lent)
        case Certificate():
            yield from certificates.findings(resource, config, Rights.of(user, answer))
        case File() | Folder():
            yield paths.finding(resource, config, Rights.of(user, answer))
        case Listener():
            yield ports.finding(resource, config, answer)


def _guarded(resource: Resource, findings: Callable[[], Iterator[Finding]], seconds: float) -> Iterator[Finding]:
    """The findings on `resource`; a look at a file that comes to no end is a finding after `seconds`."""
    keys = tuple(resource.keys.values())
    try:
        if isinstance(resource, File | Folder | Certificate):
            yield from in_time(lambda: list(findings()), seconds)
        else:
            yield from findings()
    except (OSError, ValueError) as error:  # a path that validates and still is none
        said = "no answer in time" if isinstance(error, TimeoutError) else _reason(error)
        yield Finding(check_of(resource), "fail", f"cannot be checked: {said}", correct(keys), "no-path", keys)


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
