"""What may lie where the package looks: links, pipes, devices, folders, foreign owners, stores, repositories."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from planted import CANARY, FORGING, TRAP, hostile, owned_by_a_stranger

from synfinance_settings.editing.history import History
from synfinance_settings.sections.application import SYNFINANCE

LAYER = f"database: {{password: {CANARY}}}\n"
SHADOW = "".join(f"user{number}:$6${CANARY}{number}:19000:0:99999:7:::\n" for number in range(30))
NAME = FORGING.replace("/", "")[:60]


def replaced(path: Path) -> Path:
    """The place of `path`, with nothing there."""
    path.unlink(missing_ok=True)
    return path


@hostile("place: a layer that is a pipe")
def _(project) -> None:
    os.mkfifo(replaced(project.settings / "default.yaml"))


@hostile("place: a layer that is an endless device")
def _(project) -> None:
    replaced(project.settings / "default.yaml").symlink_to("/dev/zero")


@hostile("place: a layer that is a folder")
def _(project) -> None:
    replaced(project.settings / "development.yaml").mkdir()


@hostile("place: layers that are links in a circle")
def _(project) -> None:
    replaced(project.settings / "default.yaml").symlink_to("development.yaml")
    replaced(project.settings / "development.yaml").symlink_to("default.yaml")


@hostile("place: a layer that is a broken link")
def _(project) -> None:
    replaced(project.settings / "development.yaml").symlink_to(f"/nowhere/{NAME}")


@hostile("place: a layer that is a link to a list of passwords")
def _(project) -> None:
    shadow = project.write("shadow", SHADOW)
    shadow.chmod(0o600)
    replaced(project.settings / "development.yaml").symlink_to(shadow)


@hostile("place: a layer that is a link to a private key")
def _(project) -> None:
    lines = "".join(f"{CANARY}{'x' * 32}\n" for _ in range(20))
    key = project.write("key.pem", f"-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n")
    replaced(project.settings / "default.yaml").symlink_to(key)


@hostile("place: a layer that is a link to a .env")
def _(project) -> None:
    other = project.write("other/.env", f"SYNFINANCE_DB_PASSWORD={CANARY}\nTOKEN: {CANARY}\n{CANARY}: {CANARY}\n")
    replaced(project.settings / "development.yaml").symlink_to(other)


@hostile("place: a layer that is a database")
def _(project) -> None:
    with closing(sqlite3.connect(replaced(project.settings / "default.yaml"))) as store, store:
        store.execute("create table secrets (value text)")
        store.execute("insert into secrets values (?)", (CANARY,))


@hostile("place: a .env that is a pipe")
def _(project) -> None:
    os.mkfifo(project.root / ".env")


@hostile("place: a .env that is an endless device")
def _(project) -> None:
    (project.root / ".env").symlink_to("/dev/zero")


@hostile("place: a .env that is a folder")
def _(project) -> None:
    (project.root / ".env").mkdir()


@hostile("place: a .env that is a link to a list of passwords")
def _(project) -> None:
    (project.root / ".env").symlink_to(project.write("shadow", SHADOW))


@hostile("place: a secret that is a pipe")
def _(project) -> Mapping[str, str]:
    os.mkfifo(project.root / "pipe")
    return {"SYNFINANCE_DB_PASSWORD_FILE": "pipe"}


@hostile("place: a secret that is an endless device")
def _(project) -> Mapping[str, str]:
    return {"SYNFINANCE_DB_PASSWORD_FILE": "/dev/zero"}


@hostile("place: a secret in a folder of a forging name")
def _(project) -> Mapping[str, str]:
    secret = project.write(f"{NAME}/secret", CANARY.encode() + b"\xff")
    return {"SYNFINANCE_DB_PASSWORD_FILE": str(secret)}


@hostile("place: files of forging names")
def _(project) -> None:
    for suffix in (".yaml", ".toml", ".local.yaml", ""):
        project.write(f"settings/default{NAME}{suffix}", LAYER)
        project.write(f"settings/{NAME}{suffix}", LAYER)


@hostile("place: files of names that are no text")
def _(project) -> None:
    for name in (b"settings/dev\xff.yaml", b"settings/default.\xff", b"settings/\xffproduction.yaml"):
        Path(os.fsdecode(os.fsencode(project.root) + b"/" + name)).write_text(LAYER)


@hostile("place: a settings folder of a forging name")
def _(project) -> Mapping[str, str]:
    project.write(f"{NAME}/default.yaml", f"{LAYER}server: {{port: 99999}}\n")
    return {"SYNFINANCE_SETTINGS_DIR": str(project.root / NAME)}


@hostile("place: files that dynaconf would read or run")
def _(project) -> None:
    run = f"import pathlib; pathlib.Path({str(project.root / TRAP)!r}).touch()\n"
    for name in ("dynaconf_hooks.py", "development.py", "default.py", "settings.py"):
        project.write(f"settings/{name}", run)
        project.write(name, run)
    project.write("settings/.secrets.yaml", LAYER)
    project.write("settings/secrets.toml", f"password = '{CANARY}'\n")


@hostile("place: a schema that is a bomb")
def _(project) -> None:
    project.write("settings/schema.json", '{"properties":' * 20_000)


@hostile("place: a schema of hostile keys")
def _(project) -> None:
    properties = {f"port$(touch {TRAP})": {"default": CANARY}, FORGING: {}}
    project.write("settings/schema.json", json.dumps({"properties": {"server": {"properties": properties}}}))


@hostile("place: a schema that is a pipe")
def _(project) -> None:
    os.mkfifo(project.settings / "schema.json")


@hostile("place: two files for one layer")
def _(project) -> None:
    project.layer("default", LAYER)
    project.layer("default.json", json.dumps({"database": {"password": CANARY}}))


@hostile("place: a layer that nobody may read")
def _(project) -> None:
    project.layer("default", LAYER).chmod(0)


@hostile("place: a layer of another user", with_doctor=True)
def _(project) -> None:
    owned_by_a_stranger(project.layer("default", f"{LAYER}server: {{port: 99999}}\n"))


@hostile("place: a .env of another user", with_doctor=True)
def _(project) -> None:
    owned_by_a_stranger(project.write(".env", f"SYNFINANCE_DB_PASSWORD={CANARY}\nx {CANARY}\n"))


@hostile("place: a link of another user for a layer")
def _(project) -> None:
    key = project.write("shadow", SHADOW)
    replaced(project.settings / "development.yaml").symlink_to(key)
    owned_by_a_stranger(project.settings / "development.yaml")


@hostile("place: a settings folder that everybody may write", with_doctor=True)
def _(project) -> None:
    project.layer("default", LAYER)
    project.settings.chmod(0o777)


@hostile("repository: programs in its configuration", with_doctor=True)
def _(project) -> None:
    touch = f"touch {project.root / TRAP}"
    project.write(".git/HEAD", "ref: refs/heads/main\n")
    project.write(
        ".git/config",
        f'[core]\nfsmonitor = "{touch}"\npager = "{touch}"\nhooksPath = hooks\nsshCommand = "{touch}"\n'
        f'[filter "x"]\nclean = "{touch}"\nprocess = "{touch}"\n[include]\npath = {CANARY}\n'
        f'[alias]\nls-files = "!{touch}"\ncheck-ignore = "!{touch}"\n',
    )
    project.write(".gitattributes", "* filter=x\n")
    project.write(".env", f"SYNFINANCE_DB_PASSWORD={CANARY}\n")


@hostile("repository: a file in its place", with_doctor=True)
def _(project) -> None:
    project.write(".git", f"gitdir: {CANARY}{FORGING}\n")
    project.write(".env", f"SYNFINANCE_DB_PASSWORD={CANARY}\n")


@hostile("repository: pipes in it", with_doctor=True)
def _(project) -> None:
    project.write(".git/HEAD", "ref: refs/heads/main\n")
    for name in (".git/config", ".git/index", ".gitignore", ".gitattributes"):
        os.mkfifo(project.root / name)
    project.write(".env", f"SYNFINANCE_DB_PASSWORD={CANARY}\n")


def tls(project, certificate: Path, key: Path) -> None:
    files = json.dumps({"ssl_enabled": True, "ssl_cert_path": str(certificate), "ssl_key_path": str(key)})
    project.layer("default", f"{LAYER}security: {files}\n")


@hostile("certificate: pipes", with_doctor=True)
def _(project) -> None:
    os.mkfifo(project.root / "cert.pem")
    tls(project, project.root / "cert.pem", project.root / "cert.pem")


@hostile("certificate: an endless device", with_doctor=True)
def _(project) -> None:
    tls(project, Path("/dev/zero"), Path("/dev/zero"))


@hostile("certificate: a broken one", with_doctor=True, handed_out=("show", "--debug show", "export -"))
def _(project) -> None:
    broken = project.write("cert.pem", f"-----BEGIN CERTIFICATE-----\n{CANARY}\n-----END CERTIFICATE-----\n")
    key = project.write(f"{NAME}.pem", f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{CANARY}\n")
    tls(project, broken, key)


def store(project) -> Path:
    """The place of the project's store, in a state folder that is made anew."""
    folder = project.root / "state"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return History(folder, project.settings, SYNFINANCE.kinds).path


def filled(project, *statements: str, **values: object) -> None:
    """A store of one version, in which `statements` change what they like."""
    path = store(project)
    assert project.command("set", "server.port", "8001", SYNFINANCE_STATE_DIR=str(path.parent)).exit_code == 0
    with closing(sqlite3.connect(path)) as opened, opened:
        for statement in statements:
            opened.execute(statement, values if ":" in statement else {})


@hostile("store: a file in place of the folder")
def _(project) -> None:
    store(project).parent.rmdir()
    project.write("state", CANARY)


@hostile("store: text")
def _(project) -> None:
    store(project).write_text(f"password: {CANARY}\n" * 100)


@hostile("store: a pipe")
def _(project) -> None:
    os.mkfifo(store(project))


@hostile("store: a folder")
def _(project) -> None:
    store(project).mkdir()


@hostile("store: a link to a device")
def _(project) -> None:
    store(project).symlink_to("/dev/zero")


@hostile("store: a link to a layer")
def _(project) -> None:
    store(project).symlink_to(project.layer("production", LAYER))


@hostile("store: a link to nothing")
def _(project) -> None:
    store(project).symlink_to(project.root / "planted")


@hostile("store: a folder of another user")
def _(project) -> None:
    owned_by_a_stranger(store(project).parent)


@hostile("store: a folder that everybody may write")
def _(project) -> None:
    store(project).parent.chmod(0o777)


@hostile("store: a file that everybody may read")
def _(project) -> None:
    path = store(project)
    path.touch()
    path.chmod(0o666)


@hostile("store: deep JSON")
def _(project) -> None:
    filled(project, "update versions set changed = :deep", deep="[" * 100_000)


@hostile("store: JSON that is no list")
def _(project) -> None:
    filled(project, "update versions set changed = :odd", odd=json.dumps({CANARY: CANARY}))


@hostile("store: dates that are none")
def _(project) -> None:
    filled(project, "update versions set at = :odd", odd=FORGING + CANARY)


@hostile("store: dates beyond the calendar")
def _(project) -> None:
    filled(project, "update versions set at = '0001-01-01T00:00:00+23:59'")


@hostile("store: forging commands, keys and users")
def _(project) -> None:
    filled(
        project,
        "update versions set command = :forging, changed = :changed",
        "update users set name = :forging",
        "insert or replace into users select version, :forging from versions",
        forging=FORGING,
        changed=json.dumps([FORGING]),
    )


@hostile("store: a version of another layer's files")
def _(project) -> None:
    filled(
        project,
        "update files set name = '../planted.yaml', content = :content where rowid = (select max(rowid) from files)",
        "update versions set digest = 'x'",
        content=LAYER.encode(),
    )


@hostile("store: a version of a hostile layer")
def _(project) -> None:
    layer = f"database: {{password: {CANARY}, port: 99999}}\n{json.dumps(FORGING)}: {CANARY}\n"
    filled(project, "update files set content = :content", "update versions set digest = 'x'", content=layer.encode())


@hostile("store: content that is no bytes")
def _(project) -> None:
    filled(project, "update files set content = :content", content=CANARY)


@hostile("store: a view without end for a table")
def _(project) -> None:
    filled(
        project,
        "alter table versions rename to others",
        "create view versions as with recursive n(version) as (select 1 union all select version + 1 from n)"
        " select version, 'development' as environment, '2026-01-01T00:00:00+00:00' as at, 'set' as command,"
        " '[]' as changed, '' as digest, 1 as valid from n",
    )


@hostile("store: a trigger without end")
def _(project) -> None:
    filled(
        project,
        "create trigger t after insert on files begin delete from versions where version in"
        " (with recursive n(v) as (select 1 union all select v + 1 from n) select v from n); end",
    )


@hostile("store: tables of other columns")
def _(project) -> None:
    filled(project, "drop table files", f"create table files (version, {CANARY})")
