"""Stores that are guarded as fleet.md says: TLS, users with few rights, a socket, and sentinels before them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from patience import PATIENCE
from redis_process import RedisProcess
from remote_store import Shared
from servers import free_port

from synfinance_settings import Origin, RemoteError
from synfinance_settings.probing.shared_store import findings
from synfinance_settings.remote.address import read_address
from synfinance_settings.remote.answers import Answer, ToLead, answer, fleet_of, say_goodbye
from synfinance_settings.remote.leader import Leader
from synfinance_settings.remote.revisions import Note, commit
from synfinance_settings.remote.rollout import Plan, propose, rollout_of
from synfinance_settings.remote.store import Store

PAGE = (Path(__file__).parents[2] / "docs/fleet.md").read_text()
READER, EDITOR = "settings-reader:reader-password", "settings-editor:editor-password"


def made(folder: Path, *calls: str) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl: apt-get install openssl")
    for call in calls:
        subprocess.run([openssl, *call.split()], cwd=folder, check=True, capture_output=True, timeout=PATIENCE)


@pytest.fixture(scope="module")
def guarded():
    """A server that speaks TLS, with the users of the page, and a socket for who sits beside it."""
    with TemporaryDirectory() as name:  # of a short name, as sockets need it
        yield from guard(Path(name))


def guard(folder):
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    made(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=ca -keyout ca.key -out ca.crt"
        " -addext keyUsage=critical,keyCertSign",  # without these two, Python 3.13 accepts no such certificate
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=store -keyout store.key -out store.csr",
        "x509 -req -in store.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile san -out store.crt",
    )
    tls, socket = free_port(), folder / "store.sock"
    options = f"--tls-port {tls} --tls-cert-file store.crt --tls-key-file store.key --tls-ca-cert-file ca.crt"
    process = RedisProcess(folder, *options.split(), "--tls-auth-clients", "no", "--unixsocket", str(socket))
    process.start()
    (commands,) = re.findall(r"<!-- acl -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    for command in commands.replace(":production", ":development").splitlines():
        assert process.client.execute_command(*command.split()) == b"OK"
    yield Shared(process), tls, socket, folder
    process.stop()


def store_at(shared, url):
    return Store(read_address(url, Origin("test")), shared.keyspace)


def test_over_tls_an_editor_changes_and_a_reader_hears_of_it(project, guarded, watching):
    shared, port, _, folder = guarded
    place = f"127.0.0.1:{port}/0?ssl_ca_certs={folder}/ca.crt"
    editor = store_at(shared, f"rediss://{EDITOR}@{place}")
    first = commit(editor, editor.base(), {"server.workers": "6"}, Note("ops", "set"))
    watch = watching(shared.manager(project.settings, SYNFINANCE_REMOTE_URL=f"rediss://{READER}@{place}"))
    assert watch.config.server.workers == 6
    second = commit(editor, editor.base(), {"server.workers": "7"}, Note("ops", "set"))
    watch.ear.until(lambda: watch.config.server.workers == 7)
    assert second > first


def test_a_reader_changes_nothing(guarded):
    shared, port, _, folder = guarded
    store = store_at(shared, f"rediss://{READER}@127.0.0.1:{port}/0?ssl_ca_certs={folder}/ca.crt")
    with pytest.raises(RemoteError) as caught:
        commit(store, store.base(), {"server.workers": "9"}, Note("ops", "set"))
    assert caught.value.problems[0].code == "refused-login"
    for command in (("HSET", shared.keyspace.values, "a", "b"), ("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "GET", "*")):
        with pytest.raises(RemoteError, match="does not let this user do that"):
            store.call(lambda client, command=command: client.execute_command(*command))


def test_a_reader_answers_and_an_editor_leads(guarded):
    shared, port, _, folder = guarded
    place = f"127.0.0.1:{port}/0?ssl_ca_certs={folder}/ca.crt"
    reader, editor = (store_at(shared, f"rediss://{user}@{place}") for user in (READER, EDITOR))
    answer(reader, Answer("web-1", "web-1", "host", 7, beat=600.0))
    assert [one.answer.instance for one in fleet_of(reader).heard if one.answer.process == "web-1"] == ["web-1"]
    candidate = propose(editor, editor.base(), {"server.workers": "8"}, Note("ops", "set"), Plan((1.0,)), ())
    answer(reader, Answer("web-1", "web-1", "host", 7, revision=candidate, beat=600.0))
    assert not Leader("reader").go_on(reader, ToLead(rollout=True))
    assert rollout_of(reader).candidate == candidate
    assert Leader("editor").go_on(editor, ToLead(rollout=True))
    say_goodbye(reader, "web-1")
    assert editor.base().revision == candidate


def test_a_certificate_that_nobody_vouches_for_is_refused(guarded):
    shared, port, *_ = guarded
    with pytest.raises(RemoteError) as caught:
        store_at(shared, f"rediss://{READER}@127.0.0.1:{port}/0").read("a")
    assert caught.value.problems[0].code == "tls-refused"


def test_a_socket_is_an_address(guarded):
    shared, _, socket, _ = guarded
    shared.force(app_name="beside")
    assert store_at(shared, f"unix://{READER}@{socket}").read("a").values["app_name"] == "beside"


def test_sentinels_tell_where_the_master_is(shared, tmp_path):
    port = free_port()
    program = shutil.which("redis-server")
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 {shared.server.port} 1\n")
    call = [program, str(configuration), "--sentinel"]
    sentinel = subprocess.Popen(call, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert any("+monitor master shop" in line for line in sentinel.stdout), "it came up"
        shared.commit(3, server__workers="6")
        assert store_at(shared, f"redis+sentinel://127.0.0.1:{port}/shop").read("a").revision == 3
        with pytest.raises(RemoteError, match="no sentinel knows a master that is up"):
            store_at(shared, f"redis+sentinel://127.0.0.1:{port}/other").read("a")
    finally:
        sentinel.terminate()
        sentinel.communicate(timeout=PATIENCE)


def test_the_child_of_a_fork_reads_and_watches_by_itself(project, shared):
    shared.commit(1, server__workers="5")
    code = """
import os, sys
from synfinance_settings import ConfigManager, ConfigWatcher
manager = ConfigManager(settings_dir="settings")
watcher = ConfigWatcher(manager, poll_interval=3600)
watcher.start()
child = os.fork()
if child == 0:
    import queue
    heard = queue.Queue()
    watcher.add_listener(lambda event, data: heard.put(event))
    watcher.start()
    print("watching", flush=True)
    while manager.get_config().server.workers != 6:
        heard.get(timeout=PATIENCE)
    print(manager.snapshot.origins["server.workers"], flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1], manager.get_config().server.workers)
"""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", f"PATIENCE = {PATIENCE}\n{code}"],
        cwd=project.root,
        env={"PATH": os.environ["PATH"], "HOME": str(project.root), "SYNFINANCE_REMOTE_URL": shared.url},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "watching\n"
        shared.commit(2, server__workers="6")
        said = [line.rstrip("\n") for line in process.stdout]
    assert said[0] == f"{shared.keyspace.place} server.workers, revision 2"
    assert said[1].startswith("0 ")


def test_doctor_asks_the_store_whether_it_may_be_read_and_listened_to(project, shared):
    def now(user="", port=shared.server.port):
        url = f"redis://{user}127.0.0.1:{port}"
        found = findings(shared.manager(project.settings, SYNFINANCE_REMOTE_URL=url).current.project())
        return [(finding.status, finding.message) for finding in found]

    where = f"redis://127.0.0.1:{shared.server.port}/0 answers"
    assert list(findings(project.manager().current.project())) == []
    assert now() == [("warn", f"{where}, and holds nothing yet")]
    shared.commit(17, server__workers="6", server__timeout="9")
    assert now() == [("ok", f"{where}: 2 settings, revision 17")]
    shared.force(server__workers="700")
    assert now() == [("warn", f"{where}: 2 settings, revision 17, changed past the commands since")]
    shared.client.execute_command("ACL", "SETUSER", "deaf", "on", "nopass", "~*", "resetchannels", "+@all")
    assert now("deaf:any@") == [("fail", f"{shared.keyspace.place} does not let this user do that")]
    assert now(port=free_port()) == [("fail", f"{shared.keyspace.place} cannot be reached: Connection refused")]
    said = project.command("doctor", SYNFINANCE_REMOTE_URL=shared.url).stdout
    assert "shared store  redis://127.0.0.1" in said
    assert "fail  settings      1 error" in said
