"""Where the layers are found, and where the search stops."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from synfinance_settings import AppConfig, ConfigManager, LayerError, SettingsError
from synfinance_settings.layers.project import find_project, place
from synfinance_settings.sections.application import SYNFINANCE


def found(**environ):
    return find_project(SYNFINANCE, environ={"HOME": "/nowhere", **environ}).settings_dir


@pytest.fixture
def deep(project, monkeypatch):
    """A working directory three folders below the root."""
    inner = project.root / "a" / "b" / "c"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    return inner


@pytest.mark.parametrize("name", ["default.yaml", "default.yml", "default.json"])
def test_the_nearest_folder_with_a_default_layer_is_found(project, deep, name):
    (project.settings / "default.yaml").rename(project.settings / name)
    assert found() == project.settings
    (deep.parent / "settings").mkdir()
    assert found() == project.settings
    (deep.parent / "settings" / name).write_text("{}")
    assert found() == deep.parent / "settings"


@pytest.mark.parametrize("border", [".git", "pyproject.toml"])
def test_the_search_stops_at_a_border_after_looking_there(project, deep, border):
    (deep.parent / border).touch()
    assert found() is None
    (project.root / border).touch()
    (deep.parent / border).unlink()
    assert found() == project.settings


def test_the_search_stops_at_the_home_folder(project, deep):
    assert found(HOME=str(deep.parent)) is None
    assert found(HOME=str(project.root)) == project.settings


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
SOMEBODY = 12345


def give(*paths):
    for path in paths:
        os.chown(path, SOMEBODY, SOMEBODY)


def passed_over():
    project = find_project(SYNFINANCE, environ={"HOME": "/nowhere"})
    assert project.settings_dir is None
    return project.passed_over


@needs_root
def test_the_search_stops_at_a_folder_of_somebody_else_and_names_it(project, deep):
    give(deep.parent)
    assert str(passed_over()) == f"{deep.parent} belongs to user {SOMEBODY}"
    os.chown(deep.parent, 0, 0)
    assert found() == project.settings


@needs_root
@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_checkout_of_somebody_else_counts_where_one_works_in_it(project, monkeypatch, environment):
    project.secure_production("app_name: theirs\n")
    project.layer("development", "app_name: theirs\n")
    give(project.root, project.settings, *project.settings.iterdir())
    monkeypatch.chdir(project.root)
    assert ConfigManager(environ={"SYNFINANCE_ENV": environment}).get_config().app_name == "theirs"


@needs_root
def test_a_settings_folder_of_a_third_user_is_passed_over(project, monkeypatch):
    """In a folder that only oneself may write to it cannot come to be, but by root."""
    monkeypatch.chdir(project.root)
    give(project.settings)
    assert passed_over().path == project.settings
    give(project.root)
    assert found() == project.settings


@pytest.mark.parametrize("inner", ["", "settings"])
def test_what_others_may_write_to_is_passed_over(project, deep, monkeypatch, inner):
    (project.root / inner).chmod(0o777)
    for folder in (deep, project.root):
        monkeypatch.chdir(folder)
        assert passed_over().path == project.root / inner
        assert passed_over().fault == "can be written by others (mode 0777)"
    (project.root / inner).chmod(0o775)
    assert found() == project.settings


def test_the_search_goes_on_through_a_folder_that_anybody_may_write_to_but_nobody_did(project, deep):
    for folder in (deep, deep.parent):
        folder.chmod(0o1777)
    assert found() == project.settings


def test_a_folder_that_is_named_is_not_asked_for_its_owner(project, monkeypatch):
    monkeypatch.chdir(project.root)
    project.settings.chmod(0o777)
    assert found(SYNFINANCE_SETTINGS_DIR="settings") == project.settings


def start(**variables):
    """A load that finds its settings by searching."""
    return ConfigManager(environ={"HOME": "/nowhere", **variables}).load_config()


def refused(**variables):
    """Code, message and hint of the only problem of such a load."""
    with pytest.raises(SettingsError) as caught:
        start(**variables)
    (problem,) = caught.value.problems
    return problem.code, problem.message, problem.hint


FOREIGN = {
    "settings/default.yaml": "SYNFINANCE_SETTINGS_DIR to the folder to use",
    "settings/development.local.yaml": "SYNFINANCE_SETTINGS_DIR to the folder to use",
    ".env": "SYNFINANCE_ENV_FILE to the file to use",
}


@needs_root
@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("how", ["its owner", "its mode", "a link", "behind a link"])
def test_a_file_that_somebody_else_could_have_written_is_an_error_that_names_it(project, monkeypatch, name, how):
    path = project.write(name, "# nothing\n" if name == ".env" else "{}\n")
    monkeypatch.chdir(project.root)
    start()
    at, said = path, f"belongs to user {SOMEBODY}"
    if how == "its mode":
        path.chmod(0o646)
        said = "can be written by others (mode 0646)"
    elif how == "its owner":
        give(path)
    else:
        moved = project.root / "elsewhere" / "file"
        moved.parent.mkdir()
        path.rename(moved)
        path.symlink_to(moved)
        start()
        at = path if how == "a link" else moved.parent
        os.chown(at, SOMEBODY, SOMEBODY, follow_symlinks=False)
        said = f"{'is a link of' if how == 'a link' else 'belongs to'} user {SOMEBODY}"
    mend = f"chmod o-w {at}" if how == "its mode" else f"chown -hR 0 {at} if you trust what it holds"
    assert refused() == ("untrusted", f"{name} is not read: {at} {said}", f"{mend}, or set {FOREIGN[name]}")


@needs_root
def test_in_a_folder_that_anybody_may_write_to_only_what_is_ours_counts(project, monkeypatch):
    """A process of root in ``/tmp``."""
    shared = project.root / "shared"
    shared.mkdir()
    (shared / ".git").touch()
    shared.chmod(0o1777)
    monkeypatch.chdir(shared)
    dotenv = project.write("shared/.env", "SYNFINANCE_SERVER__PORT=9001\n")
    assert start().server.port == 9001
    give(dotenv)
    assert refused(SYNFINANCE_ENV="test")[:2] == ("untrusted", f".env is not read: {dotenv} belongs to user {SOMEBODY}")
    os.chown(dotenv, 0, 0)
    shared.chmod(0o777)
    assert refused()[1] == f".env is not read: {shared} can be written by others (mode 0777)"


@needs_root
def test_dotenv_beside_a_folder_that_was_named_was_not_named_itself(project):
    dotenv = project.write(".env", "SYNFINANCE_SERVER__PORT=9001\n")
    give(dotenv)
    named = {"SYNFINANCE_SETTINGS_DIR": str(project.settings)}
    assert refused(**named)[0] == "untrusted"
    assert start(**named, SYNFINANCE_ENV_FILE=str(dotenv)).server.port == 9001
    give(project.settings)
    assert start(**named).server.port == 9001


@needs_root
def test_what_was_named_is_read_whoever_wrote_it(project):
    for path in (project.layer("default", "app_name: named\n"), project.layer("staging", "debug: on\n")):
        give(path)
    manager = ConfigManager(settings_dir=project.settings, environ={})
    assert manager.load_config(config_path=project.settings / "staging.yaml").app_name == "named"


@needs_root
@pytest.mark.parametrize("name", ["password", "secrets/password"])
def test_a_relative_secret_file_of_a_project_that_was_found_must_be_ours(project, monkeypatch, name):
    monkeypatch.chdir(project.root)
    path = project.write(name, "pw\n")
    variables = {"SYNFINANCE_DB_PASSWORD_FILE": name}
    assert start(**variables).database.password.get_secret_value() == "pw"
    give(path if name == "password" else path.parent)
    code, message, hint = refused(**variables)
    assert (code, "not read" in message) == ("secret-file", True)
    assert hint.endswith(", or name it by its absolute path")
    named = str(path)
    assert start(SYNFINANCE_DB_PASSWORD_FILE=named).database.password.get_secret_value() == "pw"
    assert start(**variables, SYNFINANCE_SETTINGS_DIR="settings").database.password.get_secret_value() == "pw"


@needs_root
def test_a_checkout_that_a_group_shares_may_hold_files_of_its_members(project, deep):
    for path in (project.root, project.settings, project.settings / "default.yaml"):
        os.chown(path, 0, 4321)
        path.chmod(0o2775)
    os.chown(project.settings / "default.yaml", SOMEBODY, 4321)
    start()
    os.chown(project.settings / "default.yaml", SOMEBODY, 4322)
    assert refused()[0] == "untrusted"
    os.chown(project.settings / "default.yaml", SOMEBODY, 4321)
    project.settings.chmod(0o2755)
    assert refused()[0] == "untrusted"


def mounted(project, script):
    """What a process prints where `script` may mount what it likes."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("needs a machine where one may mount")
    before = ["unshare", "--mount", "sh", "-ec", f'{script}\nexec "$@"', "sh"]
    run = project.python("from synfinance_settings import settings; print(settings.app_name)", before)
    return run.stdout + run.stderr


@needs_root
def test_what_is_mounted_into_a_project_counts_whoever_owns_it(project):
    """Who may mount may do anything; so a container gets its settings from the machine that it runs on."""
    project.layer("default", "app_name: mounted\n")
    give(project.settings, *project.settings.iterdir())
    script = "mkdir -p here app/settings; mount -t tmpfs none here; cp -a settings here; cd app; touch .git"
    assert mounted(project, f"{script}; mount --bind ../here/settings settings") == "mounted\n"
    assert "settings belongs to user" in mounted(project, f"{script}; rmdir settings; cp -a ../settings .")


@needs_root
def test_what_is_mounted_to_be_read_only_is_written_by_nobody(project):
    """As Kubernetes mounts the files of a map, with mode 0777."""
    project.layer("default", "app_name: mounted\n")
    script = "mkdir -p app/settings; cd app; mount -t tmpfs -o mode=777 none settings; cp ../settings/* settings"
    assert mounted(project, f"{script}; mount -o remount,ro settings") == "mounted\n"
    assert "settings can be written by others (mode 0777)" in mounted(project, script)


def test_what_was_passed_over_is_named_wherever_the_layers_are_missed(project, monkeypatch):
    monkeypatch.chdir(project.root)
    project.settings.chmod(0o777)
    reason = f"{project.settings} can be written by others (mode 0777), so it is passed over"
    mend = f"chmod o-w {project.settings}, or set SYNFINANCE_SETTINGS_DIR to the folder of the layers"
    manager = ConfigManager(environ={})
    manager.load_config()
    (warning,) = manager.snapshot.warnings
    assert (warning.message, warning.hint) == (
        "no settings folder was found, so only the defaults apply",
        f"{reason}; {mend}",
    )
    with pytest.raises(LayerError) as caught:
        ConfigManager(environ={"SYNFINANCE_ENV": "production"}).load_config()
    assert caught.value.problems[0].hint == warning.hint
    for arguments in (["validate", "--env", "production"], ["set", "debug", "on"], ["show"]):
        assert f"{reason}; {mend}" in project.command(*arguments, SYNFINANCE_SETTINGS_DIR=None).output
    shown = project.command("show", "--origin", SYNFINANCE_SETTINGS_DIR=None).stderr
    assert f"layers from no settings folder ({reason})" in shown


def test_a_variable_goes_before_the_search_and_an_argument_before_the_variable(project, deep, tmp_path_factory):
    named = tmp_path_factory.mktemp("named")
    assert found(SYNFINANCE_SETTINGS_DIR=str(named)) == named
    assert (
        find_project(SYNFINANCE, environ={"SYNFINANCE_SETTINGS_DIR": "/no"}, settings_dir=named).settings_dir == named
    )


@pytest.mark.parametrize("relative", ["../../../settings", "../../../a/../settings/"])
def test_a_relative_folder_counts_from_the_working_directory(project, deep, relative):
    assert found(SYNFINANCE_SETTINGS_DIR=relative) == project.settings


@pytest.mark.parametrize("named", ["/no/such/folder", "", "file"])
def test_a_folder_that_was_named_must_be_one(deep, named):
    (deep / "file").touch()
    with pytest.raises(LayerError, match="does not exist"):
        found(SYNFINANCE_SETTINGS_DIR=named)


@pytest.mark.parametrize("environment", ["development", "test"])
def test_without_a_folder_the_defaults_alone_hold_with_a_warning(tmp_path, monkeypatch, environment):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").touch()
    manager = ConfigManager(environ={"SYNFINANCE_ENV": environment})
    assert manager.get_config().server.port == 8000
    assert [warning.code for warning in manager.snapshot.warnings] == ["missing-layer"]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_without_a_folder_nothing_starts_where_it_matters(tmp_path, monkeypatch, environment):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").touch()
    with pytest.raises(LayerError) as caught:
        ConfigManager(environ={"SYNFINANCE_ENV": environment}).load_config()
    assert {problem.code for problem in caught.value.problems} == {"missing-layer"}


BARE = {"SYNFINANCE_SETTINGS_DIR": "none"}


@pytest.mark.parametrize("environment", ["development", "test", "staging", "production"])
def test_no_folder_on_purpose_starts_on_variables_alone_wherever_it_is(project, monkeypatch, environment):
    project.layer("default", "app_name: in the folder")
    monkeypatch.chdir(project.root)
    (project.root / "key").write_text("k" * 32)
    variables = {"SYNFINANCE_SECURITY__API_KEY_ENABLED": "on", "SYNFINANCE_SECURITY__API_KEYS_FILE": "key"}
    manager = ConfigManager(environ={"SYNFINANCE_ENV": environment, **variables, **BARE})
    assert (manager.get_config().app_name, manager.get_config().security.api_keys[0].get_secret_value()) == (
        AppConfig(environment=environment, security={"api_key_enabled": True, "api_keys": ["k" * 32]}).app_name,
        "k" * 32,
    )
    assert "missing-layer" not in [warning.code for warning in manager.snapshot.warnings]
    assert manager.reload_config() is manager.get_config()


def test_no_folder_on_purpose_leaves_the_dotenv_of_the_working_directory(project, deep):
    (deep / ".env").write_text("SYNFINANCE_SERVER__PORT=9001\n")
    project.write(".env", "SYNFINANCE_SERVER__PORT=9002\n")
    assert start(**BARE).server.port == 9001


def test_no_folder_on_purpose_is_said_where_one_asks_for_the_layers(project, monkeypatch):
    monkeypatch.chdir(project.root)
    shown = project.command("show", "--origin", **BARE)
    assert "layers from no settings folder (SYNFINANCE_SETTINGS_DIR says none)" in shown.stderr
    edit = project.command("set", "server.port", "9001", **BARE)
    assert edit.exit_code == 2
    assert "SYNFINANCE_SETTINGS_DIR says none: set it to the folder of the layers" in edit.stderr


def test_a_folder_of_the_name_none_is_still_a_folder(project, deep):
    named = project.settings.rename(deep / "none")
    assert found(SYNFINANCE_SETTINGS_DIR="./none") == named
    assert find_project(SYNFINANCE, environ={}, settings_dir="none").settings_dir == named
    assert found(**BARE) is None


def test_dotenv_is_the_one_beside_the_settings_folder(project, deep):
    (deep / ".env").write_text("SYNFINANCE_SERVER__PORT=9001\n")
    project.write(".env", "SYNFINANCE_SERVER__PORT=9002\n")
    assert ConfigManager(environ={"HOME": "/nowhere"}).load_config().server.port == 9002


def test_a_place_is_relative_inside_the_root_and_absolute_outside():
    assert place(Path("/a"), Path("/a/settings/x.yaml")) == "settings/x.yaml"
    assert place(Path("/a"), Path("/b/x.yaml")) == "/b/x.yaml"


def test_the_search_stops_at_a_home_folder_that_is_named_by_a_link(project, deep, tmp_path_factory):
    link = tmp_path_factory.mktemp("homes") / "home"
    link.symlink_to(deep.parent)
    assert found(HOME=str(link)) is None
    link.unlink()
    link.symlink_to(project.root)
    assert found(HOME=str(link)) == project.settings


@pytest.mark.parametrize("name", ["SYNFINANCE_SETTINGS_DIR", "SYNFINANCE_ENV_FILE"])
@pytest.mark.parametrize("path", ["x" * 5000, "a\0b"], ids=["too long", "NUL"])
def test_what_can_be_no_path_is_an_error_of_a_layer(deep, name, path):
    with pytest.raises(LayerError):
        found(**{name: path})


def test_a_working_directory_that_is_gone_is_an_error_of_a_layer(project):
    code = """if True:
        import os
        from synfinance_settings import AppConfig, ConfigManager, LayerError, SettingsError
        os.mkdir("gone")
        os.chdir("gone")
        os.rmdir("../gone")
        try:
            ConfigManager().load_config()
        except LayerError as error:
            print(error.problems[0].origin)
    """
    run = project.python(code)
    assert (run.stdout, run.stderr, run.returncode) == ("the working directory\n", "", 0)
