"""`arguments=`: what a program hands over for its own command line, above all variables."""

from __future__ import annotations

import pickle

import pytest

from synfinance_settings import ConfigManager, SettingsError
from synfinance_settings.text.node import Node, Source

CANARY = "canary-4711"


@pytest.fixture
def hand_over(project):
    """A manager that was handed arguments."""

    def make(arguments, **variables):
        return ConfigManager(settings_dir=project.settings, environ=variables, arguments=arguments)

    return make


def test_it_lies_above_the_process_environment_and_below_overrides(hand_over):
    manager = hand_over({"server.port": "9001", "server.workers": "2"}, SYNFINANCE_SERVER__PORT="9000")
    assert manager.load_config().server.port == 9001
    explained = manager.explain("server.port")
    assert [str(explained.origin), *(str(item.origin) for item in explained.overridden)] == [
        "argument server.port",
        "env SYNFINANCE_SERVER__PORT",
        "default",
    ]
    manager.current.override({"server": {"port": Node(9002, Source("override"))}})
    assert (manager.get_config().server.port, manager.get_config().server.workers) == (9002, 2)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a,b", ("a", "b")),
        (["a,b", "$HOME"], ("a,b", "$HOME")),
        (("a",), ("a",)),
        ("${HOME}", ("${HOME}",)),
        ("@json []", ("@json []",)),
    ],
)
def test_values_are_what_a_layer_may_say_and_are_never_expanded(hand_over, value, found):
    assert hand_over({"server.cors_origins": value}, HOME="/h").load_config().server.cors_origins == found


def test_a_section_a_null_and_what_a_parser_made_of_text_are_taken(project, hand_over):
    project.layer("default", "cache: {password: x}")
    arguments = {"server": {"port": 9001, "reload": True}, "cache.password": None, "generation.fraud_rate": 0.25}
    config = hand_over(arguments).load_config()
    assert (config.server.port, config.server.reload, config.cache.password) == (9001, True, None)
    assert config.generation.fraud_rate == 0.25


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"server.prt": "1"}, ("unknown-key", "did you mean server.port?", "argument server.prt")),
        ({"server": {"prt": "1"}}, ("unknown-key", "did you mean server.port?", "argument server")),
        ({"server.port.x": "1"}, ("wrong-type", None, "argument server.port")),
        ({"server": "1"}, ("not-a-mapping", None, "argument server")),
        ({"server.port": object()}, ("wrong-type", None, "argument server.port")),
        ({"server.port": "70000"}, ("out-of-range", None, "argument server.port")),
        ({"app_name": "\udcff"}, ("not-utf8", None, "argument app_name")),
        ({"database.password": "**********"}, ("masked-value", None, "argument database.password")),
    ],
)
def test_what_cannot_be_is_an_error_at_the_argument(hand_over, arguments, found):
    with pytest.raises(SettingsError) as caught:
        hand_over(arguments).load_config()
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.origin)) == (found[0], found[2])
    if found[1]:
        assert problem.hint == found[1]


def test_a_value_that_holds_itself_is_an_error(hand_over):
    endless = []
    endless.append(endless)
    with pytest.raises(SettingsError) as caught:
        hand_over({"server.cors_origins": endless}).load_config()
    assert [problem.code for problem in caught.value.problems] == ["too-deep"]


def test_it_stays_what_it_was_when_it_was_handed_over(project, hand_over):
    arguments = {"server": {"port": "9001"}, "server.cors_origins": ["http://a"]}
    manager = hand_over(arguments)
    arguments["server"]["port"] = "1"
    arguments["server.cors_origins"].append("x")
    config = manager.load_config()
    assert (config.server.port, config.server.cors_origins) == (9001, ("http://a",))
    project.layer("default", "server: {port: 9000, workers: 2}")
    config = manager.reload_config()
    assert (config.server.port, config.server.workers) == (9001, 2)


@pytest.mark.parametrize(
    "wrong", [{}, {"database": {"port": CANARY, "prot": CANARY}}, {CANARY: "x"}, {f"server.{CANARY}": object()}]
)
def test_no_secret_is_told(hand_over, wrong):
    manager = hand_over({"database.password": CANARY, "server.prt": "1", **wrong})
    with pytest.raises(SettingsError) as caught:
        manager.load_config()
    current, error = manager.current, caught.value
    shown = repr(current.choice) + repr(current.looked) + repr(manager) + repr(error) + str(error)
    assert CANARY not in shown
    assert CANARY.encode() not in pickle.dumps(error)
