"""The fixtures for the tests of programs that read the settings."""

from __future__ import annotations


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
