"""Are the TLS certificates that settings name fit to be served: do they fit their key, and how long are they good?"""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from synfinance_settings.model.resource import Certificate
from synfinance_settings.probing.finding import Command, Finding, correct
from synfinance_settings.probing.rights import Rights
from synfinance_settings.text.files import read_file

CHECK: Final = "tls"
_EXPIRES_SOON: Final = 30  # days


def findings(found: Certificate, config: Any, rights: Rights) -> Iterator[Finding]:
    """Make a connection in memory with the certificate and its key: they must fit, and the days left are read off.

    A user with `rights` of his own must be able to read both.
    """
    said = {role: str(path) for role, path in places(found, config).items()}
    keys = tuple(found.keys[role] for role in said)
    for role, path in said.items():
        if failure := _unreadable(Path(path)):
            yield Finding(CHECK, "fail", f"{path} {failure}", correct(keys), "no-path", (found.keys[role],))
            return
        if rights.user and not rights.include(Path(path), "r"):
            told, mend = f"{path} cannot be read{rights.by}", rights.grant(Path(path), "r")
            yield Finding(CHECK, rights.refusal, told, mend, "no-access", (found.keys[role],))
            return
    certificate, key = said["certificate"], said.get("private_key")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # without a key, one that stands in the same file
        server.load_cert_chain(certificate, key, password="")
    except OSError as error:
        mismatch = "KEY_VALUES_MISMATCH" in str(error)
        told = "the key does not belong to the certificate" if mismatch else f"cannot be loaded: {error}"
        mend = Command.of("openssl", "x509", "-noout", "-text", "-in", certificate)
        yield Finding(CHECK, "fail", f"{', '.join(said.values())}: {told}", mend, "bad-certificate", keys)
        return
    yield replace(_expiry(server, certificate), keys=keys[:1])
    secret = key or certificate
    mode = stat.S_IMODE(Path(secret).stat().st_mode)
    if mode & 0o077:
        told = f"{secret} is readable by others ({mode:04o})"
        yield Finding(CHECK, "warn", told, Command.of("chmod", "600", "--", secret), "open-key", keys[-1:])


def places(found: Certificate, config: Any) -> dict[str, Path]:
    """Where the certificate and its key are said to be, as far as they are."""
    return {role: Path(str(value)) for role, value in found.values(config).items() if value is not None}


def _unreadable(path: Path) -> str | None:
    """Why there is nothing to read at `path`; a pipe, a device and what is far too long are not waited for."""
    content = read_file(path)
    if content.failure:
        return content.failure.said
    return None if content.exists else "does not exist"


def _expiry(server: ssl.SSLContext, certificate: str) -> Finding:
    """How many days `certificate` is still good for, as a client finds in a handshake."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    mend = "renew the certificate"
    try:
        ends = _handshake(client, server)
    except ssl.SSLCertVerificationError as error:
        return Finding(CHECK, "fail", f"{certificate}: {error.verify_message}", mend, "bad-certificate")
    days = (datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) - datetime.now(UTC)).days
    return Finding(
        CHECK,
        "warn" if days < _EXPIRES_SOON else "ok",
        f"{certificate} is good for {days} days",
        mend if days < _EXPIRES_SOON else None,
        "ends-soon",
    )


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """Connect the two in memory; the date on which the server's certificate ends."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering, asking, answering):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    found = asking.getpeercert() or {}
    return str(found["notAfter"])
