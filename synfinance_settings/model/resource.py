"""What settings name in the world: servers, ports, files, certificates, credentials.

A section says in `RESOURCES` which of its fields together name one thing, and what each of them is to it. Whoever looks
at the world (live checks, probes) asks the catalogue for these, and need not know any setting by name.

    Server         something that is connected to, by its URL or by host and port
    Listener       a TCP port that is opened here
    File, Folder   a path that is read or written
    Certificate    a TLS certificate, and its private key
    Credential     a secret, or several, that belong to no server above
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from copy import copy
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Literal, Self

Access = Literal["read", "write"]


class Resource:
    """One thing in the world, which is in use where the settings that `when` names have the values that it gives.

    `keys` has what names it by the role that each plays: the names of fields of the section, in a section inside with
    a dot between. Of a resource that a catalogue gives, they are keys of settings, and so are those of `when`;
    `section` is the key of the section that said so, empty for the whole.
    """

    def __init__(self, keys: Mapping[str, str | None], when: Mapping[str, object] | None) -> None:
        self.section = ""
        self.keys: Mapping[str, str] = MappingProxyType({role: key for role, key in keys.items() if key is not None})
        self.when: Mapping[str, object] = MappingProxyType(dict(when or {}))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(f'{role}={key}' for role, key in self.keys.items())}>"

    def inside(self, section: str) -> Self:
        """The same, with the keys as they are where the model that says so is the section `section`."""
        if not section:
            return self
        resource = copy(self)
        resource.section = section
        resource.keys = MappingProxyType({role: f"{section}.{name}" for role, name in self.keys.items()})
        resource.when = MappingProxyType({f"{section}.{name}": value for name, value in self.when.items()})
        return resource

    def values(self, config: Any) -> dict[str, Any]:
        """What `config` says, by role; a secret as it is held."""
        return {role: attrgetter(key)(config) for role, key in self.keys.items()}

    def among(self, keys: Container[str]) -> list[str]:
        """Those of what names the resource that are of `keys`."""
        return [key for key in self.keys.values() if key in keys]

    def unused_for(self, config: Any) -> str | None:
        """The key for whose value the resource is not in use in `config`; None where it is in use.

        That is the first of `when` whose value is another, else what names the resource, where that is null.
        """
        for key, value in self.when.items():
            if attrgetter(key)(config) != value:
                return key
        name = next(iter(self.keys.values()))
        return name if attrgetter(name)(config) is None else None


class Server(Resource):
    """Something that is connected to: a database, a cache, a web service.

    `kind` says what it speaks: ``"postgresql"``, ``"redis"``, ``"http"``; of any other it can be asked only whether it
    lets one connect. `url` is a field, which may be a secret, or a property of the section that puts the other parts
    together; without one, `host` and `port` say where it is. `database` is a name or a number, `tls` how much TLS the
    connection needs, in the words of the driver (libpq's ``sslmode``).
    """

    def __init__(
        self,
        kind: str,
        *,
        url: str | None = None,
        host: str | None = None,
        port: str | None = None,
        user: str | None = None,
        password: str | None = None,
        database: str | None = None,
        tls: str | None = None,
        when: Mapping[str, object] | None = None,
    ) -> None:
        if url is None and host is None:
            raise TypeError(f"a server of kind {kind!r} needs the name of the field of its url or of its host")
        self.kind: Final = kind
        roles = {"url": url, "host": host, "port": port, "user": user, "password": password}
        super().__init__({**roles, "database": database, "tls": tls}, when)


class Listener(Resource):
    """A TCP port that is opened here, at the address `host`, else at all of them."""

    def __init__(self, port: str, *, host: str | None = None, when: Mapping[str, object] | None = None) -> None:
        super().__init__({"port": port, "host": host}, when)


class File(Resource):
    """A file that is read, or written, and then may be missing while its folder can be written."""

    def __init__(self, path: str, access: Access, *, when: Mapping[str, object] | None = None) -> None:
        self.access: Final = access
        super().__init__({"path": path}, when)


class Folder(Resource):
    """A folder whose files are read or written."""

    def __init__(self, path: str, access: Access, *, when: Mapping[str, object] | None = None) -> None:
        self.access: Final = access
        super().__init__({"path": path}, when)


class Certificate(Resource):
    """The PEM file of a certificate, with those of its issuers behind it, and that of its private key."""

    def __init__(
        self, certificate: str, *, private_key: str | None = None, when: Mapping[str, object] | None = None
    ) -> None:
        super().__init__({"certificate": certificate, "private_key": private_key}, when)


class Credential(Resource):
    """A secret, or a list of them, that belongs to no server that is declared.

    One that is `made_here` can be replaced by any random text; of another, whoever issued it must know first.
    """

    def __init__(
        self,
        secret: str,
        *,
        user: str | None = None,
        made_here: bool = False,
        when: Mapping[str, object] | None = None,
    ) -> None:
        self.made_here: Final = made_here
        super().__init__({"secret": secret, "user": user}, when)
