"""The fixtures for the tests of programs that read the settings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
SAMPLE = FOLDER / "suite_sample"
QUIET = ("-p", "no:randomly")


def test_an_override_ends_with_its_test(pytester):
    pytester.makepyfile(
        """
        def test_first(settings_override, synfinance_settings):
            config = settings_override(server__port=9001)
            settings_override(server__timeout=7)
            assert (config.server.port, synfinance_settings.server.port) == (9001, 9001)
            assert synfinance_settings.server.timeout == 7

        def test_second(synfinance_settings):
            assert (synfinance_settings.server.port, synfinance_settings.server.timeout) == (8000, 60)
        """
    )
    pytester.makefile(".yaml", **{"settings/default": "{}", "settings/development": "{}"})
    pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_plugin_costs_no_import_until_a_fixture_is_used(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_modules():
            assert not {"pydantic", "dynaconf", "yaml", "click"} & set(sys.modules)
            ours = {name for name in sys.modules if name.startswith("synfinance_settings.")}
            assert ours == {"synfinance_settings.pytest_plugin"}
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_no_traceback_with_locals_shows_what_was_to_be_put_in_force(pytester):
    pytester.makepyfile(
        """
        from synfinance_settings import AppConfig, Application, DatabaseConfig, override

        app = Application(AppConfig, prefix="OTHER_", settings_dir_name="others")

        def test_fixture(settings_override):
            settings_override(database__password=["cinnamon"], server__port="cinnamon")

        def test_key(settings_override):
            settings_override(database__password="cinnamon", server__prot="cinnamon")

        def test_block():
            with override(database__password=["cinnamon"]):
                pass

        @override(database__password=["cinnamon"])
        def test_decorated():
            pass

        def test_key_of_an_application():
            app.override(database__password="cinnamon", server__prot="cinnamon")

        def test_block_of_an_application():
            with app.override(database__password=["cinnamon"]):
                pass

        def test_by_hand():
            AppConfig(database={"password": ["cinnamon"], "prot": "cinnamon"})

        def test_mapping():
            AppConfig.model_validate({"database": {"password": ["cinnamon"], "prot": "cinnamon"}})

        def test_section():
            DatabaseConfig(password=["cinnamon"], port="cinnamon")
        """.replace('"cinnamon"', '"".join(["cinna", "mon"])')
    )
    pytester.makefile(".yaml", **{"settings/default": "{}", "settings/development": "{}"})
    for options in ([], ["--full-trace"], ["--tb=long", "-vv"]):
        run = pytester.runpytest_subprocess("-l", "-p", "no:randomly", "-p", "no:cacheprovider", *options)
        run.assert_outcomes(failed=9)
        run.stdout.no_fnmatch_line("*cinnamon*")


SHOP = """
    def test_shop(settings_override, synfinance_settings):
        config = settings_override(cart__limit=3)
        assert config.cart.limit == synfinance_settings.cart.limit == 3
        assert not hasattr(synfinance_settings, "server")
"""


def test_the_fixtures_are_of_the_application_that_the_configuration_names(pytester):
    pytester.makepyfile(SHOP)
    pytester.makeini(f"[pytest]\nsynfinance_settings_app = shop:SHOP\npythonpath = {FOLDER}")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_fixtures_are_of_the_application_that_the_variable_names_first_of_all(pytester, monkeypatch):
    pytester.makepyfile(SHOP)
    pytester.makeini(f"[pytest]\nsynfinance_settings_app = nothing:here\npythonpath = {FOLDER}")
    monkeypatch.setenv("SYNFINANCE_SETTINGS_APP", "shop:SHOP")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_name_that_leads_to_no_application_is_told_without_a_traceback(pytester):
    pytester.makepyfile(SHOP)
    pytester.makeini("[pytest]\nsynfinance_settings_app = shoq:SHOP")
    run = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*there is no module shoq*"])
    run.stdout.fnmatch_lines(["*--> the option synfinance_settings_app*"])
    run.stdout.no_fnmatch_line("*choice.py*")


@pytest.fixture
def parcels(pytester):
    """A program with a suite of its own, and layers for test and production."""
    shutil.copytree(SAMPLE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return pytester


def place(parcels, line):
    """Where a line stands in the layer of production."""
    lines = (parcels.path / "settings/production.yaml").read_text().splitlines()
    (number,) = [number for number, found in enumerate(lines, 1) if found.strip() == line]
    return f"settings/production.yaml:{number}:"


def change(parcels, line, other):
    """Write `other` in the place of a line of the layer of production; returns the place."""
    path, at = parcels.path / "settings/production.yaml", place(parcels, line)
    path.write_text(path.read_text().replace(f"  {line}\n", f"  {other}\n"))
    return at


def failures(run):
    """What the report says of each test that failed, by its name, and of its settings."""
    found = re.split(r"^_+ ((?:ERROR at setup of )?test_\S+) _+$", run.stdout.str(), flags=re.MULTILINE)[1:]
    return {
        name: said.partition("- settings -")[2].partition("\n")[2]
        for name, said in zip(found[::2], found[1::2], strict=True)
    }


HARM = [
    ("prefix: /api", "prefix: /v2"),
    ("page_size: 25", "page_size: 0"),
    ("page_size: 25", "page_size: 25000"),
    ("largest_body: 131072", "largest_body: 13"),
    ('origins: ["https://shop.example", "https://app.shop.example"]', "origins: []"),
    ("largest_body: 131072", "largest_body: 128MiB"),
    ("deadline: 8", "deadline: 8000"),
    ("timeout: 2", "timeout: 2000"),
    ("attempts: 4", "attempts: 0"),
    ("pause: 0.25", "pause: 250"),
    ("services: [standard, express]", "services: []"),
    ("largest_weight: 31", "largest_weight: 0"),
    ("folder: orders", "folder: gone/away/orders"),
    ("suffix: .json", "suffix: .jsno"),
    ("connections: 8", "connections: 0"),
    ("retention: 365", "retention: 0"),
    ("encoding: utf-8", "encoding: latin-1"),
    ("size: 500", "size: 0"),
    ("lifetime: 600", "lifetime: 600000"),
    ("calls: 10", "calls: 0"),
    ("window: 60", "window: 60000"),
    ("most_items: 100", "most_items: 1"),
    ("opens: 5", "opens: 23"),
    ("tax: 0.19", "tax: 19"),
    ("digits: 2", "digits: 0"),
    ("template: templates/order.txt", "template: template/order.txt"),
    ("free_from: 60", "free_from: 60000"),
    ("copies: [archive@shop.example]", "copies: []"),
    ("lifetime: 1800", "lifetime: 1800000"),
    ("algorithm: sha512", "algorithm: md5"),
]
"""Values that are valid, and do harm: thirty."""


ROUNDS = 5


@pytest.mark.parametrize("number", range(ROUNDS))
def test_values_that_do_harm_in_production_are_found_by_the_suite_and_their_lines_named_first(parcels, number):
    """Six in a run, each of which makes other tests fail."""
    harm = HARM[number::ROUNDS]
    places = {change(parcels, line, other) for line, other in harm}
    run = parcels.runpytest_subprocess(*QUIET, "--settings-env", "production")
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    nearest = [
        next(line for line in said.splitlines() if line.startswith("settings/")) for said in failures(run).values()
    ]
    found = {place for place in places if any(line.startswith(place) for line in nearest)}
    assert (len(harm), places - found) == (6, set()), nearest
    assert all(any(line.startswith(place) for place in places) for line in nearest), nearest


PROBE = """
import pytest
from parcels.configuration import settings


@pytest.fixture(scope="module")
def shared():
    return settings.cache.size


def test_limits():
    assert settings.limits.calls


def test_prices():
    assert settings.prices.model_dump()["digits"] == 2


def test_shared(shared):
    assert shared


def test_nothing():
    pass
"""


@pytest.fixture
def probed(parcels):
    """The program with a small suite, which names what it reads."""
    for path in (parcels.path / "tests").glob("test_*.py"):
        path.unlink()
    (parcels.path / "tests/test_probe.py").write_text(PROBE)
    return parcels


def git(parcels, *arguments):
    command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
    return subprocess.run(command, cwd=parcels.path, check=True, capture_output=True, text=True).stdout


def test_secrets_are_placeholders_servers_are_kept_and_overrides_go_first(probed, monkeypatch):
    monkeypatch.setenv("SESSION_KEY", "canary-of-production")
    (probed.path / "tests/test_probe.py").write_text(
        """
from parcels.configuration import settings

def test_values(settings_override):
    assert settings.web.page_size == 25
    assert (settings.carrier.host, settings.carrier.port) == ("localhost", 8443)
    assert settings.carrier.token.get_secret_value() == "test-token"
    assert "placeholder" in settings.session.key.get_secret_value()
    assert settings_override(web__page_size=7).web.page_size == settings.web.page_size == 7

def test_fails():
    assert settings.session.key.get_secret_value() == "no"[:settings.limits.calls]

def test_overridden(settings_override):
    settings_override(web__page_size=7)
    assert settings.web.page_size == settings.limits.calls
"""
    )
    run = probed.runpytest_subprocess(*QUIET, "--settings-env", "prod", "--tb=no")
    run.assert_outcomes(passed=1, failed=2)
    run.stdout.fnmatch_lines(["settings: production; kept as they are: carrier.host, carrier.port, carrier.token"])
    run = probed.runpytest_subprocess(*QUIET, "--settings-env", "production", "--tb=short", "-n", "2")
    found = failures(run)
    key = place(probed, "key: ${SESSION_KEY}")
    assert f"{key}8  session.key = **********  (test: **********, settings/test.yaml:2:16)" in found["test_fails"]
    assert "web.page_size" not in found["test_overridden"]
    assert f"{place(probed, 'calls: 10')}10  limits.calls = 10  (test: 5, default)" in found["test_overridden"]
    run.stdout.no_fnmatch_line("*canary*")
    run.stdout.no_fnmatch_line("*test-key*")


def test_what_is_to_be_kept_can_be_said(probed):
    (probed.path / "pytest.ini").write_text(
        f"{(probed.path / 'pytest.ini').read_text()}synfinance_settings_kept =\n    web\n    limits.c*\n"
    )
    (probed.path / "tests/test_probe.py").write_text(
        """
from parcels.configuration import settings

def test_values():
    assert (settings.web.page_size, settings.limits.calls, settings.limits.closes) == (20, 5, 22)
    assert (settings.carrier.host, settings.limits.most_items) == ("api.carrier.example", 100)
"""
    )
    probed.runpytest_subprocess(*QUIET, "--settings-env", "production").assert_outcomes(passed=1)


def test_a_conftest_that_reads_settings_reads_those_of_the_environment(probed):
    conftest = probed.path / "tests/conftest.py"
    conftest.write_text(
        f"{conftest.read_text()}\nfrom parcels.configuration import settings\n\nSIZE = settings.web.page_size\n"
    )
    (probed.path / "tests/test_probe.py").write_text(
        "import conftest\n\ndef test_it():\n    assert conftest.SIZE == 25\n"
    )
    probed.runpytest_subprocess(*QUIET, "--settings-env", "production").assert_outcomes(passed=1)


def test_a_file_that_cannot_be_collected_names_the_line_at_fault(probed):
    (probed.path / "tests/test_probe.py").write_text(
        "from parcels.configuration import settings\n\nassert settings.web.page_size == 20\n\ndef test_x():\n    pass\n"
    )
    run = probed.runpytest_subprocess(*QUIET, "--settings-env", "production")
    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["settings/production.yaml:3:14  web.page_size = 25  (test: 20, default)"])


def test_an_environment_that_is_none_is_told_without_a_traceback(probed):
    run = probed.runpytest_subprocess(*QUIET, "--settings-env", "prodction")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["*prodction*", "*production*"])
    run.stderr.no_fnmatch_line("*Traceback*")


def test_settings_environment_switches_the_process_and_goes_back_after_the_test(probed):
    (probed.path / "tests/test_probe.py").write_text(
        """
import pytest
from parcels.configuration import app, settings
from synfinance_settings import SettingsError

def test_before():
    assert (settings.web.page_size, app.manager.get_environment()) == (20, "test")

def test_there(settings_environment):
    config = settings_environment("production")
    assert (config.web.page_size, settings.web.page_size, app.manager.get_environment()) == (25, 25, "production")
    assert settings_environment("test").web.page_size == settings.web.page_size == 20
    assert settings.session.key.get_secret_value() == "test-key"

def test_after():
    assert (settings.web.page_size, app.manager.get_environment()) == (20, "test")

def test_no_such(settings_environment):
    with pytest.raises(SettingsError, match="produktion"):
        settings_environment("produktion")

def test_broken(settings_environment, pytestconfig):
    (pytestconfig.rootpath / "settings/production.yaml").write_text("web: {page_size: -1}")
    with pytest.raises(SettingsError, match="web.page_size"):
        settings_environment("production")
    assert (settings.web.page_size, app.manager.get_environment(), app.manager.last_failure) == (20, "test", None)
"""
    )
    probed.runpytest_subprocess(*QUIET).assert_outcomes(passed=5)


def chosen(probed, *options):
    run = probed.runpytest_subprocess(*QUIET, "-v", *options)
    return run, set(re.findall(r"::(test_\w+)(?: PASSED|$)", run.stdout.str(), flags=re.MULTILINE))


ALL = {"test_limits", "test_prices", "test_shared", "test_nothing"}


@pytest.mark.long
def test_only_tests_that_read_what_has_changed_since_a_revision_are_run(probed):
    git(probed, "init", "-q")
    git(probed, "add", ".")
    git(probed, "commit", "-q", "-m", "As it was.")
    assert chosen(probed, "--settings-changed-since", "HEAD")[1] == ALL, "nothing is known yet"
    run, none = chosen(probed, "--settings-changed-since", "HEAD")
    assert (run.ret, none) == (pytest.ExitCode.OK, set())
    change(probed, "digits: 2", "digits: 3")
    assert chosen(probed, "--settings-changed-since", "HEAD")[1] == set(), "it is of another environment"
    production = ("--settings-env", "production", "--settings-changed-since", "HEAD")
    run = probed.runpytest_subprocess(*QUIET, "-v", *production)
    run.assert_outcomes(failed=1, deselected=3)
    run.stdout.fnmatch_lines(["settings changed since HEAD: prices.digits"])
    change(probed, "digits: 3", "digits: 2")
    with (probed.path / "settings/test.yaml").open("a") as file:
        file.write("cache: {size: 7}\n")
    assert chosen(probed, "--settings-changed-since", "HEAD")[1] == {"test_shared", "test_prices"}, (
        "what failed is not known"
    )
    assert chosen(probed, "--settings-changed-since", "HEAD")[1] == {"test_shared"}
    assert (
        chosen(probed, "--settings-changed-since", "HEAD", "-n", "2", "-p", "no:randomly")[0].ret == pytest.ExitCode.OK
    )
    (probed.path / "tests/test_probe.py").write_text(PROBE + "\n\ndef test_new():\n    pass\n")
    assert chosen(probed, "--settings-changed-since", "HEAD")[1] == {*ALL, "test_new"}, "their file is another one"


def test_a_revision_that_git_does_not_know_is_told_without_a_traceback(probed):
    git(probed, "init", "-q")
    run = probed.runpytest_subprocess(*QUIET, "--settings-changed-since=--upload-pack=x")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["*git cannot tell what the layers were at '--upload-pack=x'*"])
    run.stderr.no_fnmatch_line("*Traceback*")


def test_what_is_remembered_of_tests_is_names_alone(probed, monkeypatch):
    monkeypatch.setenv("PARCELS_SESSION__KEY", "canary")
    probe = "from parcels.configuration import settings\n\ndef test_x():\n    assert settings.session.key\n"
    (probed.path / "tests/test_probe.py").write_text(probe)
    probed.runpytest_subprocess(*QUIET, "--settings-reads", "reads.json", "-n", "2").assert_outcomes(passed=1)
    known = (probed.path / ".pytest_cache/v/synfinance_settings/reads").read_text()
    assert json.loads(known)["tests"]["tests/test_probe.py::test_x"][0] == ["session.key"]
    assert "canary" not in known


BESIDE = """
    import asyncio
    import subprocess
    import sys

    import pytest
    import pytest_asyncio

    from synfinance_settings import override
    from synfinance_settings import settings as ours
    from synfinance_settings.testing import test_every_environment_validates


    @pytest_asyncio.fixture
    @override(server__port=9001)
    async def port():
        yield ours.server.port
        await asyncio.sleep(0)
        assert ours.server.port == 9001


    @pytest.mark.asyncio
    async def test_asyncio(port, settings_override):
        settings_override(server__timeout=7)
        await asyncio.sleep(0)
        assert (port, ours.server.port, ours.server.timeout) == (9001, 9001, 7)


    @pytest.fixture
    def anyio_backend():
        return "asyncio"


    @pytest.fixture
    @override(server__port=9002)
    async def other_port(anyio_backend):
        yield ours.server.port
        assert ours.server.port == 9002


    @override(server__timeout=8)
    @pytest.mark.anyio
    async def test_anyio(other_port):
        assert (other_port, ours.server.port, ours.server.timeout) == (9002, 9002, 8)


    @override(server__port=9003)
    class TestOfAClass:
        @pytest_asyncio.fixture
        async def inner(self):
            yield ours.server.port
            assert ours.server.port == 9003

        @pytest.mark.asyncio
        @pytest.mark.parametrize("number", [1, 2])
        async def test_it(self, inner, number):
            assert inner == ours.server.port == 9003


    def test_django(settings, settings_environment):
        settings.LANGUAGE_CODE = "hi"
        assert settings_environment("test").generation.num_customers == 11
        assert (str(ours.environment), ours.generation.num_customers) == ("test", 11)


    def test_after(settings, synfinance_settings):
        assert settings.LANGUAGE_CODE != "hi"
        assert (str(ours.environment), ours.server.port, ours.server.timeout) == ("development", 8000, 60)


    @pytest.mark.parametrize("settings_environment_name", ["test"])
    def test_one(settings_report, settings_environment_name):
        assert settings_report.environment == "test"


    def test_quiet(settings_canary, capsys):
        print(ours)
        assert "canary" not in capsys.readouterr().out


    def test_printed(settings_canary, capsys):
        sys.stdout.write(ours.database.password.get_secret_value())
        capsys.readouterr()


    def test_printed_by_another_process(settings_canary):
        subprocess.run(["echo", ours.cache.password.get_secret_value()])
"""


@pytest.mark.long
def test_other_plugins_stand_beside_and_what_is_ready_runs_with_one_import(pytester):
    for plugin in ("pytest_asyncio", "pytest_django", "anyio"):
        pytest.importorskip(plugin, reason=f"install {plugin.replace('_', '-')} to run this test")
    pytester.makepyfile(BESIDE)
    pytester.makepyfile(site_settings="SECRET_KEY = 'x'\nLANGUAGE_CODE = 'en'\nUSE_TZ = True")
    pytester.makefile(".yaml", **{"settings/default": "{}", "settings/development": "{}", "settings/staging": "{}"})
    pytester.makefile(
        ".yaml",
        **{"settings/test": "generation: {num_customers: 11}", "settings/production": "server: {port: 1}"},
    )
    options = ("DJANGO_SETTINGS_MODULE = site_settings", "asyncio_default_fixture_loop_scope = function")
    pytester.makeini("\n".join(("[pytest]", *options, "filterwarnings = error", "pythonpath = .")))
    run = pytester.runpytest_subprocess(*QUIET, "-p", "no:cacheprovider", "-n", "2")
    run.assert_outcomes(passed=13, failed=1, errors=2)
    run.stdout.fnmatch_lines(
        ["*error*out-of-range*: server.port must be at least 1024", "*--> settings/production.yaml:1:16"]
    )
    run.stdout.fnmatch_lines(["invalid  production  *"])
    run.stdout.fnmatch_lines_random(
        [
            "*database.password in standard output: ?canary?",
            "*cache.password in Captured stdout call: ?canary?",
        ]
    )
