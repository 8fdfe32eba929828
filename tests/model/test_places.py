"""A host or a path that can be none is a warning; whatever could be somebody's is not."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains

from synfinance_settings import Application, ConfigManager, Section, Text, setting
from synfinance_settings.model.places import host_fault, path_fault
from synfinance_settings.model.resource import File, Folder, Server
from synfinance_settings.sections.urls import is_host_pattern

HOSTS = (
    "localhost redis db_1.internal db-1.internal.synfinance.com a.example. münchen.de a._tcp.b 0.0.0.0 127.1 1.2.3 :: "
    "::1 [::1] fe80::1%eth0 2001:db8::1 no on x7"
)
NO_HOSTS = (
    "0.0.0.0:8443 256.1.1.1 0.0.0.0. app,x.example a..b //0.0.0.0 https://a a.example] -a a- “a” true None db:5432 "
    "[::1]:80 1:2:3 [a] a/b *"
)
LONG = ["a b", "a ", " a", "x" * 64, "a" * 300]


@pytest.mark.parametrize("text", HOSTS.split())
def test_what_may_be_a_host_is_left_alone(text):
    assert host_fault(text) is None


@pytest.mark.parametrize("text", [*NO_HOSTS.split(), *LONG])
def test_what_can_be_no_host_is_told(text):
    assert host_fault(text)


@given(st.ip_addresses() | domains())
def test_no_address_and_no_domain_is_ever_told(host):
    assert host_fault(str(host)) is None
    assert is_host_pattern(str(host))


@pytest.mark.parametrize("text", ["*", "*.a.example", ".a.example", "a-*.example", "a.example:8443", "[::1]:80", "::1"])
def test_what_may_stand_in_a_host_header_is_left_alone(text):
    assert is_host_pattern(text)


@pytest.mark.parametrize(
    "text", ["https://a.example", "a.example/", "a..b", "a,b", "a.example:80800", "a:b", "a]", "", ":80"]
)
def test_what_can_stand_in_no_host_header_is_told(text):
    assert not is_host_pattern(text)


@pytest.mark.parametrize(
    "text", ["logs/a.log", "/var/log/a", "a", "./a b/c", "//a/b", "/a/~b", "no", "C", "s3://a/b", "é"]
)
def test_what_may_be_a_path_is_left_alone(text):
    assert path_fault(text, is_file=True) is None


@pytest.mark.parametrize(
    "text", ["/a ", " a", "/ a/b", "/a /b", "~/a", "~a", "file:///a", r"\a\b", "C:/a", "None", "true"]
)
def test_what_can_be_no_path_is_told(text):
    assert path_fault(text, is_file=True)
    assert path_fault(text, is_file=False)


def test_a_file_is_no_folder():
    assert path_fault("a/", is_file=True)
    assert path_fault("", is_file=True)
    assert path_fault("a/", is_file=False) is None
    assert path_fault("", is_file=False) is None


class ShelfConfig(Section):
    """A shelf of a program that is not ours."""

    kind: Text = setting("disk", "Where things are kept.")
    host: Text = setting("localhost", "Host.")
    peers: Text = setting("localhost", "Hosts.")
    folder: Text | None = setting("things", "Folder.")
    journal: Text = setting("journal.txt", "File.")

    RESOURCES: ClassVar = (
        Server("redis", host="host", when={"kind": "net"}),
        Server("postgresql", host="peers"),
        Folder("folder", "write", when={"kind": "disk"}),
        File("journal", "write"),
    )


SHELF = Application(ShelfConfig, prefix="SHELF_")


@pytest.fixture
def warnings(tmp_path):
    def load(text):
        (tmp_path / "default.yaml").write_text(text)
        (tmp_path / "development.yaml").write_text("{}\n")
        manager = ConfigManager(SHELF, settings_dir=tmp_path, environ={})
        manager.load_config()
        return [(found.code, found.key, found.origin.line) for found in manager.snapshot.warnings]

    return load


def test_the_roles_of_a_field_say_what_it_must_look_like_in_any_application(warnings):
    assert warnings("kind: net\nhost: a:1\nfolder: 'x '\njournal: x/\n") == [
        ("odd-host-name", "host", 2),
        ("odd-path", "journal", 4),
    ]
    assert warnings("host: a:1\nfolder: 'x '\n") == [("odd-path", "folder", 2)]


def test_a_database_may_have_several_hosts_and_a_socket(warnings):
    assert warnings("peers: a.example,b.example\n") == []
    assert warnings("peers: /var/run/postgresql\n") == []
    assert warnings("kind: net\nhost: //a\n") == [("odd-host-name", "host", 2)]
    assert warnings("peers: a.example,b..example\n") == [("odd-host-name", "peers", 1)]


def test_nothing_of_the_text_is_told(project):
    project.layer("default", "monitoring:\n  metrics_file: /canary /x\nserver:\n  host: canary:80\n")
    manager = project.manager()
    manager.load_config()
    assert {found.code for found in manager.snapshot.warnings} == {"odd-path", "odd-host-name"}
    assert not any("canary" in f"{found.message}{found.hint}" for found in manager.snapshot.warnings)
