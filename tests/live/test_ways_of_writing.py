"""However a file is written, what it says at the end is in force."""

from __future__ import annotations

import os
import shutil

import pytest

from synfinance_settings import ConfigManager


def put(path, text):
    """Write beside `path` and rename into place."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    os.replace(new, path)


def in_place(path, text):
    path.write_text(text)


def as_vim_does(path, text):
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(text)
    backup.unlink()


def as_jetbrains_does(path, text):
    new, old = path.with_name(f"{path.name}___jb_tmp___"), path.with_name(f"{path.name}___jb_old___")
    new.write_text(text)
    path.rename(old)
    new.rename(path)
    old.unlink()


def from_another_folder(path, text):
    new = path.parents[1] / "elsewhere" / path.name
    new.parent.mkdir(exist_ok=True)
    new.write_text(text)
    os.replace(new, path)


def truncated_then_in_two_halves(path, text):
    with open(path, "w") as file:
        for half in (text[: len(text) // 2], text[len(text) // 2 :]):
            file.write(half)
            file.flush()


def opened_twice_for_two_halves(path, text):
    path.write_text(text[: len(text) // 2])
    with open(path, "a") as file:
        file.write(text[len(text) // 2 :])


def deleted_and_recreated(path, text):
    path.unlink()
    path.write_text(text)


def folder_moved_into_place(path, text):
    folder = path.parent
    new = folder.with_name("new")
    shutil.copytree(folder, new)
    (new / path.name).write_text(text)
    folder.rename(folder.with_name("old"))
    new.rename(folder)
    shutil.rmtree(folder.with_name("old"))


def over_a_link(path, text):
    target = path.with_name("target.yaml")
    target.write_text(text)
    path.unlink()
    path.symlink_to(target.name)


WAYS = [
    in_place,
    as_vim_does,
    as_jetbrains_does,
    from_another_folder,
    truncated_then_in_two_halves,
    opened_twice_for_two_halves,
    deleted_and_recreated,
    folder_moved_into_place,
    over_a_link,
    put,
]


@pytest.mark.parametrize("write", WAYS, ids=lambda way: way.__name__)
def test_what_is_written_is_in_force(project, watching, write):
    path = project.layer("default", "app_name: old\n")
    watch = watching()
    for name in ("first", "second"):
        write(path, f"app_name: {name}\n")
        watch.shows(name)
    assert watch.manager.last_failure is None
    assert path in watch.ear.all("file_changed")


@pytest.mark.parametrize("write", WAYS, ids=lambda way: way.__name__)
def test_what_is_written_is_found_without_hints(project, watching, write):
    path = project.layer("default", "app_name: old\n")
    watch = watching(polling=True, poll_interval=0.05)
    write(path, "app_name: new\n")
    watch.shows("new")


@pytest.mark.parametrize("write", WAYS, ids=lambda way: way.__name__)
def test_what_is_written_is_found_by_looks_that_read_nothing(project, watching, unwatched, write):
    path = project.layer("default", "app_name: old\n")
    watch = watching(poll_interval=0.01)
    unwatched.seen_again(3)
    write(path, "app_name: new\n")
    watch.shows("new")


def test_a_file_that_is_still_open_is_loaded_when_it_has_settled(project, watching):
    path = project.layer("default", "app_name: old\n")
    watch = watching()
    with open(path, "w") as file:
        file.write("app_name: new\n")
        file.flush()
        watch.shows("new")


def test_half_a_file_is_never_in_force(project, watching):
    """Each half is valid by itself, and each writer is done before the next one begins."""
    whole = "generation:\n  num_customers: {0}\n  num_transactions: {0}00\n"
    path = project.layer("default", whole.format(10))
    watch = watching()
    for number in range(11, 41):
        first, second, third = whole.format(number).splitlines(keepends=True)
        with open(path, "w") as file:
            for part in (first + second, third):
                file.write(part)
                file.flush()
        watch.ear.until(lambda number=number: watch.config.generation.num_customers == number)
    seen = [
        (config.generation.num_customers, config.generation.num_transactions)
        for config in watch.ear.all("config_reloaded")
    ]
    assert seen == [(number, number * 100) for number in range(11, 41)]


class ConfigMap:
    """A folder as kubelet fills it: files are links into ``..data``, a link that is swapped."""

    def __init__(self, folder, suffix=".yaml"):
        self.folder = folder
        self.suffix = suffix

    def update(self, name, **layers):
        version = self.folder / f"..{name}"
        version.mkdir()
        for layer, text in layers.items():
            (version / f"{layer}{self.suffix}").write_text(text)
        old = os.path.realpath(self.folder / "..data")
        (self.folder / "..data_tmp").symlink_to(version.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
        for layer in layers:
            link = self.folder / f"{layer}{self.suffix}"
            if not link.is_symlink():
                link.unlink(missing_ok=True)
                link.symlink_to(f"..data/{layer}{self.suffix}")
        if not old.endswith("/..data"):
            shutil.rmtree(old)


def test_a_config_map_that_is_updated_is_in_force(project, watching):
    volume = ConfigMap(project.settings)
    volume.update("1", default="app_name: first\n", development="debug: false\n")
    watch = watching()
    for number, name in enumerate(("second", "third", "fourth"), 2):
        volume.update(str(number), default=f"app_name: {name}\n", development="debug: true\n")
        watch.shows(name)
        assert watch.config.debug
    assert watch.ear.events.count("config_reloaded") == 3
    assert watch.manager.last_failure is None


def test_a_mounted_secret_that_is_updated_is_in_force(project, watching):
    folder = project.root / "secrets"
    folder.mkdir()
    volume = ConfigMap(folder, suffix="")
    volume.update("1", **{"app_name": "first", "database.password": "old"})
    watch = watching(project.manager(SYNFINANCE_SECRETS_DIR=str(folder)))
    assert watch.config.app_name == "first"
    for number, name in enumerate(("second", "third"), 2):
        volume.update(str(number), **{"app_name": name, "database.password": f"new {number}"})
        watch.shows(name)
        assert watch.config.database.password.get_secret_value() == f"new {number}"
    assert watch.manager.last_failure is None


def test_a_settings_folder_whose_link_is_swapped_is_in_force(project, watching):
    for name in ("blue", "green", "red"):
        project.write(f"versions/{name}/default.yaml", f"app_name: {name}\n")
        project.write(f"versions/{name}/development.yaml", "{}\n")
    shutil.rmtree(project.settings)
    project.settings.symlink_to("versions/blue")
    watch = watching(poll_interval=0.2)
    for name in ("green", "red"):
        (project.root / "next").symlink_to(f"versions/{name}")
        (project.root / "next").rename(project.settings)
        watch.shows(name)
    put(project.root / "versions/red/default.yaml", "app_name: edited\n")
    watch.shows("edited")


def test_a_link_further_up_that_is_swapped_is_found_by_the_next_look(project, watching):
    """``current/settings`` where ``current`` is the link, as deployments by release folders have it."""
    for name in ("blue", "green"):
        project.write(f"releases/{name}/settings/default.yaml", f"app_name: {name}\n")
        project.write(f"releases/{name}/settings/development.yaml", "{}\n")
    current = project.root / "current"
    current.symlink_to("releases/blue")
    watch = watching(ConfigManager(settings_dir=current / "settings", environ={}), poll_interval=0.1)
    (project.root / "next").symlink_to("releases/green")
    (project.root / "next").rename(current)
    watch.shows("green")


def test_a_folder_that_goes_away_keeps_the_last_good_until_it_is_back(project, watching):
    project.layer("default", "app_name: old\n")
    watch = watching(poll_interval=0.2)
    away = project.root / "away"
    project.settings.rename(away)
    watch.ear.wait("reload_failed")
    assert (watch.config.app_name, watch.watcher.is_watching()) == ("old", True)
    assert watch.manager.last_failure.problems[0].code == "became-empty"
    away.rename(project.settings)
    put(project.settings / "default.yaml", "app_name: back\n")
    watch.shows("back")
    project.layer("default", "app_name: again\n")
    watch.shows("again")


def test_a_folder_that_is_deleted_and_recreated_is_watched_again(project, watching):
    watch = watching(poll_interval=0.2)
    shutil.rmtree(project.settings)
    watch.ear.wait("reload_failed")
    project.settings.mkdir()
    project.layer("development", "{}\n")
    project.layer("default", "app_name: new\n")
    watch.shows("new")
    project.layer("default", "app_name: newer\n")
    watch.shows("newer")


@pytest.mark.parametrize("name", ["default", "development"])
@pytest.mark.parametrize("text", ["", "# nothing\n", None], ids=["empty", "comment", "deleted"])
def test_a_layer_that_becomes_empty_is_refused_until_it_has_content(project, watching, name, text):
    path = project.layer(name, "app_name: old\n")
    watch = watching()
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    failure = watch.ear.wait("reload_failed")
    assert [problem.code for problem in failure.problems] == ["became-empty"]
    assert watch.config.app_name == "old"
    path.write_text("app_name: new\n")
    watch.shows("new")
    assert watch.manager.last_failure is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_keeps_the_last_good_until_it_can(project, watching):
    path = project.layer("default", "app_name: old\n")
    watch = watching()
    path.chmod(0)
    watch.ear.wait("reload_failed")
    assert watch.config.app_name == "old"
    path.chmod(0o600)
    watch.ear.wait("file_changed", 2)
    path.write_text("app_name: new\n")
    watch.shows("new")
    assert watch.manager.last_failure is None


def test_a_file_that_is_a_folder_for_a_while_keeps_the_last_good(project, watching):
    path = project.layer("default", "app_name: old\n")
    watch = watching()
    path.unlink()
    path.mkdir()
    watch.ear.wait("reload_failed")
    assert watch.config.app_name == "old"
    path.rmdir()
    path.write_text("app_name: new\n")
    watch.shows("new")


def test_dotenv_may_come_change_and_go(project, watching):
    path = project.root / ".env"
    watch = watching()
    for name in ("first", "second"):
        path.write_text(f"SYNFINANCE_APP_NAME={name}\n")
        watch.shows(name)
    path.unlink()
    watch.shows("SynFinance")


def test_a_local_layer_may_come_and_go(project, watching):
    path = project.settings / "default.local.yaml"
    watch = watching()
    path.write_text("app_name: mine\n")
    watch.shows("mine")
    path.unlink()
    watch.shows("SynFinance")


def test_another_suffix_may_take_over(project, watching):
    watch = watching()
    project.layer("default.json", '{"app_name": "json"}')
    (project.settings / "default.yaml").unlink()
    watch.shows("json")


@pytest.mark.parametrize("named_in", ["dotenv", "variable"])
def test_a_secret_file_that_is_swapped_is_in_force(project, watching, named_in):
    target = project.write("run/secrets/..1/password", "first")
    link = project.root / "run/secrets/password"
    link.symlink_to("..1/password")
    variables = {"SYNFINANCE_DB_PASSWORD_FILE": "run/secrets/password"}
    if named_in == "dotenv":
        project.write(".env", "".join(f"{name}={value}\n" for name, value in variables.items()))
        variables = {}
    watch = watching(project.manager(**variables))

    def shows(secret):
        watch.ear.until(lambda: watch.config.database.password.get_secret_value() == secret)

    shows("first")
    target.write_text("second")
    shows("second")
    project.write("run/secrets/..2/password", "third")
    (project.root / "run/next").symlink_to("..2/password")
    (project.root / "run/next").rename(link)
    shows("third")
    link.unlink()
    watch.ear.wait("reload_failed")
    link.write_text("fourth")
    shows("fourth")


def test_a_secret_file_that_is_named_later_is_watched_from_then_on(project, watching):
    target = project.write("secrets/name", "first")
    watch = watching(poll_interval=0.2)
    project.write(".env", "SYNFINANCE_APP_NAME_FILE=secrets/name\n")
    watch.shows("first")
    target.write_text("second")
    watch.shows("second")


def test_same_size_and_time_are_no_reason_to_miss_a_change(project, watching):
    path = project.layer("default", "app_name: aaa\n")
    before = path.stat()
    watch = watching()
    for name in ("bbb", "ccc"):
        path.write_text(f"app_name: {name}\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        watch.shows(name)
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_what_changes_no_content_is_no_event(project, watching):
    path = project.layer("default", "app_name: old\n")
    watch = watching()
    path.touch()
    path.chmod(0o600)
    put(path, "app_name: old\n")
    project.write("settings/notes.txt", "nothing to do with it")
    path.write_text("app_name: new\n")
    watch.shows("new")
    assert watch.ear.events == ["file_changed", "config_reloaded"]


def test_a_storm_of_writes_makes_few_reloads(project, watching):
    path = project.layer("default", "app_name: old\n")
    watch = watching(debounce=1)  # a writer that is held up for less is still one storm
    for number in range(500):
        write = put if number % 2 else in_place
        write(path, f"app_name: storm-{number}\n")
    watch.shows("storm-499")
    assert watch.ear.events.count("config_reloaded") <= 25
    assert watch.manager.last_failure is None


def test_a_storm_beside_the_layers_delays_no_edit(project, watching):
    path = project.layer("default", "app_name: old\n")
    watch = watching()
    number = 0
    put(path, "app_name: new\n")
    while watch.config.app_name == "old":
        project.write("settings/noise.log", str(number))
        number += 1
    assert watch.config.app_name == "new"


def test_a_storm_that_does_not_end_cannot_starve_the_reload(project, watching):
    """Each write is whole, renamed into place, and the next one comes while it is looked at."""
    path = project.layer("default", "app_name: old\n")
    watch = watching()
    number = 0
    while watch.config.app_name == "old":
        put(path, f"app_name: storm-{number}\n")
        number += 1
    watch.shows(f"storm-{number - 1}")
