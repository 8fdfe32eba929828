"""`override`: other values for a while."""

from __future__ import annotations

import asyncio
import threading

import pytest

from synfinance_settings import ConfigManager, SettingsError, UnknownKeyError, get_config, override, settings

PORT = settings.server.port


def test_values_hold_inside_the_block_and_are_gone_after_it():
    with override(server__port=9001, app_name="x") as config:
        assert (settings.server.port, get_config().app_name, config.server.port) == (9001, "x", 9001)
    assert settings.server.port == PORT
    assert settings.app_name != "x"


def test_values_are_gone_after_an_exception_too():
    with pytest.raises(ZeroDivisionError), override(server__port=9001):
        _ = 1 / 0
    assert settings.server.port == PORT


def test_blocks_nest_and_the_inner_one_wins():
    with override(server__port=9001, server__timeout=7):
        with override(server__port=9002):
            assert (settings.server.port, settings.server.timeout) == (9002, 7)
        assert (settings.server.port, settings.server.timeout) == (9001, 7)
    assert settings.server.port == PORT


def test_blocks_may_end_in_any_order():
    outer, inner = override(server__port=9001), override(server__timeout=7)
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert (settings.server.port, settings.server.timeout) == (PORT, 7)
    inner.__exit__(None, None, None)


def test_one_override_may_be_entered_again_inside_itself():
    again = override(server__port=9001)
    with again:
        with again:
            assert settings.server.port == 9001
        assert settings.server.port == 9001
    assert settings.server.port == PORT


@override(server__port=9001)
def test_it_decorates_a_function():
    assert settings.server.port == 9001


def test_it_decorates_a_coroutine_function():
    @override(server__port=9001)
    async def read():
        await asyncio.sleep(0)
        return settings.server.port

    assert (asyncio.run(read()), settings.server.port) == (9001, PORT)


def test_all_threads_see_it():
    seen = []
    with override(server__port=9001):
        thread = threading.Thread(target=lambda: seen.append(settings.server.port))
        thread.start()
        thread.join()
    assert seen == [9001]


@pytest.mark.parametrize("value", [9001, "9001"])
def test_values_are_types_or_text(value):
    with override(server__port=value):
        assert settings.server.port == 9001


def test_deep_keys_and_secrets_and_null():
    with override(ml__feature_engineering__enabled=False, database__password="a$b", generation__seed=None):
        assert settings.ml.feature_engineering.enabled is False
        assert settings.database.password.get_secret_value() == "a$b"
        assert settings.generation.seed is None


@pytest.mark.parametrize(
    "keys",
    [
        {"server__port": 1},
        {"server__port": "x"},
        {"server__cors_origins": None},
        {"server__cors_origins": [1]},
        {"server__cors_origins": [None]},
        {"server__cors_origins": [["a"]]},
        {"server__cors_origins": {"a": "b"}},
        {"server__cors_origins": ["\udcff"]},
        {"server__cors_origins": object()},
        {"generation__fraud_rate": 10**400},
    ],
)
def test_values_that_do_not_fit_change_nothing(keys):
    before = settings.snapshot()
    with pytest.raises(SettingsError) as caught, override(**keys):
        raise AssertionError("the block must not run")
    assert str(caught.value.problems[0].origin) == "override"
    assert settings.snapshot() is before


def test_values_that_do_not_fit_leave_nothing_behind():
    with pytest.raises(SettingsError), override(server__cors_origins=[1]):
        pass
    assert ConfigManager().reload_config().server.port == PORT
    with override(server__port=9001):
        assert settings.server.port == 9001
    assert settings.server.port == PORT


@pytest.mark.parametrize(
    ("keys", "said", "hint"),
    [
        ({"server__prot": 1}, "server.prot is not a setting", "did you mean server__port?"),
        ({"nonsense": 1}, "nonsense is not a setting", None),
        ({"server": {"port": 1, "x": 1}}, "server is a section, not a setting", "name a setting in it: server__port"),
        (
            {"ml__feature_engineering": 1},
            "ml.feature_engineering is a section, not a setting",
            "name a setting in it: ml__feature_engineering__enabled, ml__feature_engineering__fraud_features, ...",
        ),
    ],
)
def test_a_key_that_is_no_setting_is_refused_with_what_to_write(keys, said, hint):
    with pytest.raises(UnknownKeyError) as caught:
        override(**keys)
    (problem,) = caught.value.problems
    assert (problem.message, problem.hint) == (said, hint)


def test_the_environment_does_not_change():
    with pytest.raises(SettingsError), override(environment="production"):
        pass


def test_a_reload_leaves_it_on_top():
    with override(server__port=9001):
        assert ConfigManager().reload_config().server.port == 9001
    assert settings.server.port == PORT


def test_the_origin_says_override():
    with override(server__port=9001):
        explanation = ConfigManager().explain("server.port")
        assert (str(explanation.origin), explanation.overridden[0].value) == ("override", str(PORT))


def test_an_overridden_list_is_explained():
    before = settings.server.cors_origins
    with override(server__cors_origins=["a", "b"]):
        explanation = ConfigManager().explain("server.cors_origins")
    assert (explanation.value, str(explanation.origin)) == (("a", "b"), "override")
    assert explanation.overridden[0].value == f"[{', '.join(before)}]"
    assert settings.server.cors_origins == before
