"""What settings name in the world: declared by a section, asked of the catalogue."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import SecretStr

from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.forms import Boolean, Secret, SecretList, SecretUrl, Text, Whole
from synfinance_settings.model.resource import Certificate, Credential, File, Folder, Listener, Server
from synfinance_settings.model.section import Section, setting
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.application import SYNFINANCE


class StoreConfig(Section):
    """A store, of which a program has several."""

    kind: Text = setting("disk", "Where things are kept.")
    host: Text = setting("localhost", "Host of the server.")
    port: Whole = setting(6379, "Port of the server.")
    password: Secret | None = setting(None, "Password of the server.")
    folder: Text | None = setting(None, "Folder of the disk.")

    RESOURCES: ClassVar = (
        Server("redis", host="host", port="port", password="password", when={"kind": "redis"}),
        Folder("folder", "write", when={"kind": "disk"}),
    )


class ShedConfig(Section):
    """A program with two stores."""

    guarded: Boolean = setting(False, "Ask callers for a key.")
    keys: SecretList = setting((), "The keys.")
    pepper: Secret = setting(SecretStr("salt"), "What is declared nowhere.")
    new: StoreConfig = StoreConfig()
    old: StoreConfig = StoreConfig()

    RESOURCES: ClassVar = (
        Credential("keys", made_here=True, when={"guarded": True}),
        Listener("new.port", host="new.host", when={"new.kind": "served"}),
    )


SHED = Catalogue(ShedConfig)


def named(found):
    return type(found).__name__, found.section, dict(found.keys), dict(found.when)


def test_keys_are_those_of_the_whole_wherever_the_section_stands():
    keys = {"host": "old.host", "port": "old.port", "password": "old.password"}
    assert [named(found) for found in SHED.resources] == [
        ("Credential", "", {"secret": "keys"}, {"guarded": True}),
        ("Listener", "", {"port": "new.port", "host": "new.host"}, {"new.kind": "served"}),
        ("Server", "new", {role: key.replace("old", "new") for role, key in keys.items()}, {"new.kind": "redis"}),
        ("Folder", "new", {"path": "new.folder"}, {"new.kind": "disk"}),
        ("Server", "old", keys, {"old.kind": "redis"}),
        ("Folder", "old", {"path": "old.folder"}, {"old.kind": "disk"}),
    ]


def test_values_are_read_by_role():
    config = ShedConfig(old=StoreConfig(port=1, password="hush"))
    assert SHED.resources[4].values(config) == {"host": "localhost", "port": 1, "password": SecretStr("hush")}
    assert "hush" not in repr(SHED.resources)


def test_what_is_not_in_use_says_for_which_setting():
    config = ShedConfig(old=StoreConfig(kind="redis"), new=StoreConfig(folder="."))
    assert [found.unused_for(config) for found in SHED.resources] == [
        "guarded",
        "new.kind",
        "new.kind",
        None,
        None,
        "old.kind",
    ]
    assert SHED.resources[3].unused_for(ShedConfig()) == "new.folder", "null names no folder"


def test_a_secret_is_in_use_unless_all_that_it_belongs_to_is_not():
    assert list(SHED.secrets_in_use(ShedConfig())) == ["pepper"]
    config = ShedConfig(guarded=True, keys="a,b", old=StoreConfig(kind="redis", password="hush"))
    assert SHED.secrets_in_use(config) == {
        "keys": (SecretStr("a"), SecretStr("b")),
        "pepper": SecretStr("salt"),
        "old.password": SecretStr("hush"),
    }


def test_a_secret_that_two_things_share_is_in_use_with_one_of_them():
    class SharedConfig(Section):
        first: Boolean = setting(False, "One.")
        second: Boolean = setting(True, "Two.")
        token: SecretUrl | None = setting(None, "Where both go.")

        RESOURCES: ClassVar = (
            Server("http", url="token", when={"first": True}),
            Server("http", url="token", when={"second": True}),
        )

    catalogue = Catalogue(SharedConfig)
    assert list(catalogue.secrets_in_use(SharedConfig(token="https://x.example"))) == ["token"]
    assert not catalogue.secrets_in_use(SharedConfig(token="https://x.example", second=False))


def test_a_server_is_nowhere_without_url_and_host():
    with pytest.raises(TypeError, match="'redis' needs the name of the field of its url or of its host"):
        Server("redis", port="port")


def in_use(**sections):
    config = AppConfig().model_copy(
        update={name: getattr(AppConfig(), name).model_copy(update=values) for name, values in sections.items()}
    )
    return [found for found in SYNFINANCE.catalogue.resources if found.unused_for(config) is None], config


def test_what_synfinance_names_in_the_world_as_it_comes():
    assert [(type(found), found.section) for found in in_use()[0]] == [
        (Listener, ""),
        (Listener, ""),
        (Server, "database"),
        (Folder, "ml"),
        (File, "monitoring"),
    ]


def test_synfinance_names_more_where_more_is_switched_on():
    found, config = in_use(
        cache={"backend": "redis", "password": SecretStr("hush")},
        monitoring={"alert_webhook": SecretStr("https://x.example"), "prometheus_enabled": False, "log_metrics": False},
        security={"ssl_enabled": True, "ssl_cert_path": "c", "ssl_key_path": "k", "jwt_enabled": True},
    )
    assert [type(one) for one in found] == [Listener, Server, Server, Folder, Server, Certificate, Credential]
    assert [one.kind for one in found if isinstance(one, Server)] == ["postgresql", "redis", "http"]
    cache = next(one for one in found if one.section == "cache")
    assert cache.values(config)["url"] == "redis://:hush@localhost:6379/0"
    secrets = ["database.password", "cache.password", "monitoring.alert_webhook", "security.jwt_secret"]
    assert list(SYNFINANCE.catalogue.secrets_in_use(config)) == secrets
    assert [one.made_here for one in found if isinstance(one, Credential)] == [True]


def test_a_cache_that_is_switched_off_is_reached_nowhere():
    found, config = in_use(cache={"backend": "redis", "enabled": False})
    assert "cache" not in [one.section for one in found]
    (cache,) = (one for one in SYNFINANCE.catalogue.resources if one.section == "cache")
    assert cache.unused_for(config) == "cache.enabled"
