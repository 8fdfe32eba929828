"""The commands below remote: what they refuse, write, show and bring back, with a real store."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import until

from synfinance_settings.editing.remote_change import stored
from synfinance_settings.remote.revisions import go_back_if_due, revisions
from synfinance_settings.sections.application import SYNFINANCE

CANARY = "canary-7f3d91"


@pytest.fixture
def fleet(desk, shared):
    """The commands at a desk that knows the shared store."""

    def run(*words, code=0, **options):
        result = desk.run("remote", *words, SYNFINANCE_REMOTE_URL=shared.url, **options)
        assert result.exit_code == code, result.output
        return result

    return run


def texts(shared):
    return {key.decode(): text.decode() for key, text in shared.client.hgetall(shared.keyspace.values).items()}


def test_a_value_is_validated_with_the_layers_here_and_becomes_a_revision(desk, fleet, shared):
    result = fleet("set", "server.workers", "6", "--reason", "more customers")
    assert "+server.workers: 6" in result.stdout
    assert "wrote revision 1 of redis synfinance:settings:development" in result.stderr
    assert texts(shared) == {"server.workers": "6"}
    shown = desk.done("get", "server.workers", SYNFINANCE_REMOTE_URL=shared.url)
    assert shown.stdout == "6\n"
    explained = desk.done("explain", "server.workers", SYNFINANCE_REMOTE_URL=shared.url).stdout
    assert "redis synfinance:settings:development server.workers, revision 1" in explained


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("set", "server.workers", "99"), 1, "server.workers must be at most 32"),
        (("set", "server.wrkers", "9"), 2, "did you mean server.workers?"),
        (("unset", "server.wrkers"), 2, "did you mean server.workers?"),
        (("set", "database.password", CANARY), 2, "does not belong in the shared store"),
        (("set", "database.password", CANARY, "--allow-secret"), 2, "must not be given on the command line"),
        (("set", "database.password", "${DB_PASSWORD}"), 2, "does not belong in the shared store"),
        (("rollback", "9", "--yes"), 2, "keeps no revision 9"),
        (("confirm",), 2, "no change that waits"),
        (("set", "server.workers", "9", "--confirm-within", "soon"), 2, "no duration"),
        (("set", "server.workers", "9", "--reason", "x" * 1001), 2, "a reason has at most"),
    ],
)
def test_what_is_refused_is_told_and_nothing_is_written(fleet, shared, words, code, said):
    shared.force(app_name="x")
    result = fleet(*words, code=code)
    assert said in " ".join(result.stderr.split())
    assert texts(shared) == {"app_name": "x"}
    assert CANARY not in result.output


def test_without_a_store_there_is_nothing_to_change(desk):
    result = desk.run("remote", "set", "server.workers", "6")
    assert (result.exit_code, "SYNFINANCE_REMOTE_URL" in result.stderr) == (2, True)


def test_a_secret_that_is_allowed_is_shown_nowhere(fleet, shared):
    fleet("set", "database.password", "-", "--allow-secret", input=f"{CANARY}\n")
    assert texts(shared) == {"database.password": CANARY}
    shown = [
        fleet("list"),
        fleet("list", "--format", "json"),
        fleet("export", "-"),
        fleet("history"),
        fleet("history", "--format", "json"),
        fleet("set", "database.password", "-", "--allow-secret", input=f"{CANARY}2\n"),
        fleet("rollback", "--yes"),
        fleet("unset", "database.password", "--dry-run"),
    ]
    for result in shown:
        assert CANARY not in result.output
    assert "left out: database.password" in shown[2].stderr


def test_what_is_no_setting_is_not_named_and_can_be_taken_out(fleet, shared):
    shared.force(**{CANARY: CANARY})
    assert CANARY not in fleet("list").output
    assert CANARY not in fleet("set", "server.workers", "6", code=1).output
    fleet("unset", CANARY)
    assert texts(shared) == {}


def test_a_dry_run_shows_the_change_and_its_remarks_and_writes_nothing(fleet, shared):
    result = fleet("set", "database.pool_size", "100", "--dry-run")
    assert "+database.pool_size: 100" in result.stdout
    assert "remark[tenfold]" in result.stderr
    assert texts(shared) == {}


def test_what_hides_the_store_here_is_said(fleet):
    result = fleet("set", "server.workers", "6", SYNFINANCE_SERVER_WORKERS="3")
    assert "server.workers is overridden here by env SYNFINANCE_SERVER_WORKERS" in result.stderr


def test_an_editor_who_was_overtaken_is_told_and_the_store_keeps_what_came_first(fleet, desk, shared, monkeypatch):
    fleet("set", "server.workers", "6")
    person, answers = desk, []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def overtaken(question):
        answers.append(question)
        fleet("set", "server.workers", "7", "--author", "al")
        return True

    monkeypatch.setattr("synfinance_settings.cli.destination.confirmed", overtaken)
    result = person.run("remote", "rollback", "1", SYNFINANCE_REMOTE_URL=shared.url)
    assert result.exit_code == 0  # nothing to bring back: the store says that already
    fleet("set", "server.workers", "8")
    result = person.run("remote", "rollback", "1", SYNFINANCE_REMOTE_URL=shared.url)
    assert (result.exit_code, len(answers)) == (2, 1)
    assert "was changed meanwhile: revision 3, set server.workers, by al" in " ".join(result.stderr.split())
    assert texts(shared) == {"server.workers": "7"}


def test_history_and_rollback(fleet, shared):
    fleet("set", "server.workers", "6", "--reason", "more customers", "--author", "jo")
    fleet("set", "server.workers", "9")
    rows = json.loads(fleet("history", "--format", "json").stdout)
    assert [row["revision"] for row in rows] == [2, 1]
    assert (rows[1]["author"], rows[1]["reason"], rows[1]["changed"]) == ("jo", "more customers", ["server.workers"])
    fleet("rollback", "--yes", "--reason", "too many")
    assert texts(shared) == {"server.workers": "6"}
    assert "set server.workers: more customers" in fleet("history", COLUMNS="80").stdout
    assert [revision.number for revision in revisions(shared.store())] == [3, 2, 1]


def test_what_is_not_confirmed_goes_back_although_its_editor_is_gone(desk, fleet, shared):
    fleet("set", "server.workers", "6")
    words = ("remote", "set", "server.workers", "9", "--confirm-within", "1s")
    editor = desk.start(*words, SYNFINANCE_REMOTE_URL=shared.url)
    while texts(shared) != {"server.workers": "9"}:
        assert editor.poll() in (None, 0)
    editor.kill()
    editor.communicate()
    while go_back_if_due(shared.store()) is None:
        pass
    assert texts(shared) == {"server.workers": "6"}


def test_a_change_that_waits_is_kept_by_confirm(fleet, shared):
    result = fleet("set", "server.workers", "9", "--confirm-within", "1h")
    assert "remote confirm --env development" in " ".join(result.stderr.split())
    assert "goes back at" in fleet("list").stderr
    fleet("confirm")
    assert "goes back" not in fleet("list").stderr


def test_what_was_not_confirmed_in_time_goes_back_before_the_next_change(fleet, shared):
    fleet("set", "server.workers", "6")
    fleet("set", "server.workers", "9", "--confirm-within", "1s")
    until(lambda: "is due to go back" in fleet("list").stderr)
    fleet("set", "server.port", "9001")
    assert texts(shared) == {"server.port": "9001", "server.workers": "6"}


def test_an_import_says_what_differs_and_leaves_secrets(fleet, desk, shared, project):
    fleet("set", "database.password", "-", "--allow-secret", input="kept\n")
    fleet("set", "server.timeout", "90")
    path = project.write("shared.yaml", "server: {workers: 6, port: 8000}\napp_name: a$$b\n")
    fleet("import", str(path), "--yes")
    assert texts(shared) == {"database.password": "kept", "server.workers": "6", "app_name": "a$b"}
    fleet("import", str(path), "--full", "--yes")
    assert texts(shared)["server.port"] == "8000"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("app_name: ${NAME}\n", 2, "nothing in the shared store is expanded"),
        ("database: {password: canary-7f3d91}\n", 2, "does not belong in the shared store"),
        ("server: {wrkers: 3}\n", 1, "did you mean"),
        ("server: [", 1, "shared.yaml:1"),
        ("server: {workers: 99}\n", 1, "at most 32"),
    ],
)
def test_an_import_that_is_refused_names_the_place(fleet, shared, project, text, code, said):
    path = project.write("shared.yaml", text)
    result = fleet("import", str(path), "--yes", code=code)
    assert said in " ".join(result.stderr.split())
    assert CANARY not in result.output
    assert texts(shared) == {}


SAID = st.fixed_dictionaries(
    {},
    optional={
        "app_name": st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8),
        "server.workers": st.integers(1, 32).map(str),
        "server.cors_origins": st.lists(st.sampled_from(["*", "http://a.b", "a, b"]), max_size=2).map(stored),
        "cache.enabled": st.sampled_from(["true", "off", "1"]),
        "generation.seed": st.sampled_from(["", "7"]),
    },
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=SAID)
def test_what_is_exported_imports_as_the_same(fleet, shared, project, values):
    catalogue = SYNFINANCE.catalogue
    shared.client.flushall()
    if values:
        shared.client.hset(shared.keyspace.values, mapping=values)
    path = project.root / "exported.yaml"
    fleet("export", str(path), "--yes")
    shared.client.flushall()
    fleet("import", str(path), "--full", "--yes")
    assert {key: catalogue.cast_alone(key, text or None) for key, text in texts(shared).items()} == {
        key: catalogue.cast_alone(key, text or None) for key, text in values.items()
    }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=SAID, workers=st.integers(1, 32))
def test_set_and_unset_leave_what_was_there(fleet, shared, values, workers):
    shared.client.flushall()
    before = {key: text for key, text in values.items() if key != "server.workers"}
    if before:
        shared.client.hset(shared.keyspace.values, mapping=before)
    fleet("set", "server.workers", str(workers))
    assert texts(shared) == {**before, "server.workers": str(workers)}
    fleet("unset", "server.workers")
    assert texts(shared) == before
