"""The fixtures for the tests of programs that read the settings."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


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
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_no_traceback_with_locals_shows_what_was_to_be_put_in_force(pytester):
    pytester.makepyfile(
        """
        from synfinance_settings import AppConfig, Application, DatabaseConfig, override

        app = Application(AppConfig, prefix="OTHER_", settings_dir_name="others")

        def test_fixture(settings_override):
            settings_override(database__password=["canary"], server__port="canary")

        def test_key(settings_override):
            settings_override(database__password="canary", server__prot="canary")

        def test_block():
            with override(database__password=["canary"]):
                pass

        @override(database__password=["canary"])
        def test_decorated():
            pass

        def test_key_of_an_application():
            app.override(database__password="canary", server__prot="canary")

        def test_block_of_an_application():
            with app.override(database__password=["canary"]):
                pass

        def test_by_hand():
            AppConfig(database={"password": ["canary"], "prot": "canary"})

        def test_mapping():
            AppConfig.model_validate({"database": {"password": ["canary"], "prot": "canary"}})

        def test_section():
            DatabaseConfig(password=["canary"], port="canary")
        """.replace('"canary"', '"".join(["cana", "ry"])')
    )
    pytester.makefile(".yaml", **{"settings/default": "{}", "settings/development": "{}"})
    for options in ([], ["--full-trace"], ["--tb=long", "-vv"]):
        run = pytester.runpytest_subprocess("-l", "-p", "no:randomly", "-p", "no:cacheprovider", *options)
        run.assert_outcomes(failed=9)
        run.stdout.no_fnmatch_line("*canary*")


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
