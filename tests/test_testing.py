"""`override`: other values for a while."""

from __future__ import annotations

import asyncio
import threading
import unittest
from contextlib import contextmanager

import pytest

from synfinance_settings import ConfigManager, SettingsError, UnknownKeyError, get_config, override, settings

PORT = settings.server.port


def test_values_hold_inside_the_block_and_are_gone_after_it():
    with override(server__port=9001, app_name="x") as config:
        assert (settings.server.port, get_config().app_name, config.server.port) == (9001, "x", 9001)
    assert settings.server.port == PORT
    assert settings.app_name != "x"


def test_a_value_may_have_a_unit():
    with override(server__timeout="2m", server__max_request_size="1MB"):
        assert (settings.server.timeout, settings.server.max_request_size) == (120, 1_000_000)


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


@override(server__port=9001)
def ports():
    try:
        sent = yield settings.server.port
        yield settings.server.port, sent
    except ZeroDivisionError:
        yield settings.server.port
    return settings.server.port


def test_it_decorates_a_generator_function_from_the_first_step_to_the_end():
    steps = ports()
    assert settings.server.port == PORT
    assert (next(steps), settings.server.port, steps.send("x")) == (9001, 9001, (9001, "x"))
    with pytest.raises(StopIteration, match="9001"):
        next(steps)
    assert settings.server.port == PORT
    steps = ports()
    assert (next(steps), steps.throw(ZeroDivisionError)) == (9001, 9001)
    steps.close()
    assert settings.server.port == PORT


def test_it_decorates_an_asynchronous_generator_function():
    @override(server__port=9001)
    async def read():
        try:
            sent = yield settings.server.port
            yield settings.server.port, sent
        except ZeroDivisionError:
            yield settings.server.port

    async def main():
        steps = read()
        assert (await anext(steps), await steps.asend("x")) == (9001, (9001, "x"))
        with pytest.raises(StopAsyncIteration):
            await anext(steps)
        assert settings.server.port == PORT
        steps = read()
        assert (await anext(steps), await steps.athrow(ZeroDivisionError)) == (9001, 9001)
        await steps.aclose()
        return [port async for port in read()]

    assert asyncio.run(main()) == [9001, (9001, None)]
    assert settings.server.port == PORT


def test_it_decorates_methods_of_every_kind():
    class Reader:
        @override(server__port=9001)
        def read(self):
            return settings.server.port

        @override(server__port=9002)
        @staticmethod
        def read_static():
            return settings.server.port

        @override(server__port=9003)
        @classmethod
        def read_class(cls):
            return settings.server.port

    assert (Reader().read(), Reader.read_static(), Reader.read_class()) == (9001, 9002, 9003)
    assert settings.server.port == PORT


@pytest.mark.parametrize(
    "made", [property(lambda self: 1), pytest.fixture(lambda: 1), 3, type("Helper", (), {"run": lambda self: 1})]
)
def test_what_it_could_not_hold_for_is_refused_when_decorated(made):
    with pytest.raises(TypeError, match="override decorates"):
        override(server__port=9001)(made)


async def answer():
    return settings.server.port


@pytest.mark.parametrize(
    "made", [contextmanager(ports), lambda: ports(), lambda: answer(), lambda: map(str, [1]), lambda: filter(str, [1])]
)
def test_a_function_that_returns_before_its_work_is_done_is_refused(made):
    with pytest.raises(TypeError, match="put override below what wraps it"):
        override(server__port=9001)(made)()
    assert settings.server.port == PORT


@override(server__port=9001, server__timeout=7)
class TestClass:
    built = None

    def setup_method(self):
        self.built = settings.server.port

    @pytest.fixture
    def fixture(self):
        yield settings.server.port
        assert settings.server.port == 9001

    def test_the_values_hold_in_its_fixtures_and_tests(self, fixture):
        assert isinstance(TestClass, type)
        assert (self.built, fixture, settings.server.port, settings.server.timeout) == (9001, 9001, 9001, 7)

    @override(server__timeout=8)
    def test_the_nearer_one_wins(self):
        assert (settings.server.port, settings.server.timeout) == (9001, 8)


class TestBelow(TestClass):
    def setup_method(self):
        self.built = settings.server.port

    def test_the_values_hold_in_tests_of_a_class_below_it(self):
        assert (self.built, settings.server.port) == (9001, 9001)


@override(server__timeout=9)
class TestDecoratedBelow(TestClass):
    def test_the_values_hold_in_its_fixtures_and_tests(self, fixture):
        assert (fixture, settings.server.port, settings.server.timeout) == (9001, 9001, 9)


@override(server__port=9001)
@override(server__port=9002)
class TestTwice:
    def test_the_nearest_one_wins(self):
        assert settings.server.port == 9002

    class TestInside:
        def test_the_values_hold_in_a_class_inside_it(self):
            assert settings.server.port == 9002


@override(server__port=9001, server__timeout=7)
class Case(unittest.TestCase):
    def setUp(self):
        self.built = settings.server.port

    def tearDown(self):
        assert settings.server.port == 9001

    def test_the_values_hold_from_set_up_to_tear_down(self):
        assert (self.built, settings.server.port) == (9001, 9001)


@override(server__timeout=8)
class CaseBelow(Case):
    def setUp(self):
        self.built = settings.server.port

    def test_its_own_values_win(self):
        assert (settings.server.port, settings.server.timeout) == (9001, 8)


@override(server__port=9001)
class AsynchronousCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.built = settings.server.port

    async def test_the_values_hold(self):
        assert (self.built, settings.server.port) == (9001, 9001)


def test_a_class_of_unittest_runs_without_pytest_too():
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    good = unittest.TestSuite(map(load, (Case, CaseBelow, AsynchronousCase)))
    result = good.run(unittest.TestResult())
    assert (result.testsRun, result.errors, result.failures) == (4, [], [])
    assert settings.server.port == PORT


def test_values_that_do_not_fit_are_an_error_of_the_test_and_nothing_is_run():
    @override(server__timeout=7)
    class Good(unittest.TestCase):
        def test_nothing_is_run(self):
            raise AssertionError

    bad = override(server__port=1)(type("Bad", (Good,), {}))
    result = unittest.defaultTestLoader.loadTestsFromTestCase(bad).run(unittest.TestResult())
    ((_, said),) = result.errors
    assert "server.port must be at least 1024" in said
    assert not result.failures
    assert settings.server.timeout != 7


def test_a_fixture_is_decorated_below_its_decorator(pytester):
    pytester.makepyfile(
        """
        import pytest
        from synfinance_settings import override, settings

        @pytest.fixture
        @override(server__port=9001)
        def port():
            yield settings.server.port
            assert settings.server.port == 9001

        @pytest.fixture(params=[1, 2])
        @override(server__timeout=7)
        def timeout(request, port):
            return settings.server.timeout

        @override(server__port=1)
        class TestBad:
            def test_nothing_is_run(self):
                raise AssertionError

        def test_values(port, timeout):
            assert (port, settings.server.port, timeout) == (9001, 9001, 7)

        def test_after():
            assert settings.server.port == 8000
        """
    )
    pytester.makefile(".yaml", **{"settings/default": "{}", "settings/development": "{}"})
    quiet = ("-p", "no:randomly", "-p", "no:asyncio", "-p", "no:cacheprovider", "-W", "error")
    run = pytester.runpytest_subprocess(*quiet)
    run.assert_outcomes(passed=3, errors=1)


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
