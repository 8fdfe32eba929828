"""dynaconf is imported lean, and is whole for whoever uses it himself."""

from __future__ import annotations

START = "from synfinance_settings import settings; settings.server.port"

WHOLE = """if True:
    import sys
    import dynaconf
    from dynaconf import validator_conditions
    from dynaconf.loaders import env_loader, ini_loader, json_loader, py_loader, toml_loader, yaml_loader
    from dynaconf.vendor import box, toml, tomllib
    from dynaconf.vendor.box import converters
    from dynaconf.vendor.dotenv import cli
    from dynaconf.vendor.ruamel import yaml
    for module in (dynaconf, validator_conditions, box, converters, toml, tomllib, cli, yaml):
        hasattr(module, "nothing")
    for module in (env_loader, ini_loader, json_loader, py_loader, toml_loader, yaml_loader):
        hasattr(module, "nothing")
    for name, module in sorted(sys.modules.items()):
        if name.startswith("dynaconf"):
            print(name, type(module).__name__, type(module.__loader__).__name__, *sorted(vars(module)))
"""


def test_a_start_runs_nothing_of_dynaconf_that_a_merge_needs_not(project):
    code = f"""if True:
        import sys
        {START}
        for part in ("contrib", "hooking", "utils.inspect", "vendor.click", "vendor.ruamel.yaml.main"):
            assert f"dynaconf.{{part}}" not in sys.modules, part
        assert not {{"flask", "werkzeug", "django"}} & set(sys.modules)
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)


def test_whoever_uses_dynaconf_afterwards_finds_all_that_it_has_by_itself(project):
    alone, after = project.python(WHOLE), project.python(f"{START}\n{WHOLE}")
    assert (alone.returncode, after.returncode) == (0, 0)
    assert after.stdout == alone.stdout
    assert "FlaskDynaconf" in alone.stdout


def test_an_import_of_names_and_of_parts_works_at_the_first_use(project):
    (project.root / "own.yaml").write_text("default:\n  port: 7\n")
    code = f"""if True:
        {START}
        from dynaconf import Dynaconf, FlaskDynaconf, inspect_settings
        from dynaconf import contrib
        from dynaconf.vendor.box import Box
        own = Dynaconf(settings_files=["own.yaml"], environments=True)
        assert (own.PORT, Box(a=1).a, contrib.FlaskDynaconf) == (7, 1, FlaskDynaconf)
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)


def test_what_dynaconf_has_not_is_still_an_error(project):
    code = f"""if True:
        {START}
        import dynaconf
        try:
            dynaconf.no_such_thing
        except AttributeError as error:
            print(error)
    """
    assert project.python(code).stdout == "module 'dynaconf' has no attribute 'no_such_thing'\n"


def test_threads_that_ask_at_once_find_it_whole(project):
    code = f"""if True:
        import threading
        {START}
        import dynaconf
        found, gate = [], threading.Barrier(8)
        def ask():
            gate.wait()
            found.append(dynaconf.Dynaconf is dynaconf.LazySettings)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert found == [True] * 8
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)
