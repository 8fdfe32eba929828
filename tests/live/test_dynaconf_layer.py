"""Any loader of dynaconf's as a layer, its own Redis loader first of all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis_process import RedisProcess
from shop import SHOP

from synfinance_settings import ConfigManager, SettingsError
from synfinance_settings.layers.dynaconf_layer import DynaconfLayer
from synfinance_settings.layers.precedence import with_layer

CANARY = "canary-4711"


class Company:
    """A loader as a company wrote it for dynaconf."""

    def __init__(self, **data):
        self.data = data
        self.calls = []

    def load(self, obj, env=None, silent=True, key=None):
        self.calls.append((env, silent, key, obj.current_env, obj.get("COMPANY_URL"), obj.environ))
        if "fails" in self.data:
            if not silent:
                raise ConnectionError(CANARY)
            return
        obj.update(dict(self.data), loader_identifier="company")


@pytest.fixture
def shop(tmp_path):
    """What is in force for the shop with a layer of dynaconf's below `.env`."""
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "default.yaml").write_text("motto: sell\ncart: {limit: 2, currencies: [INR]}\n")
    (settings / "dev.yaml").write_text("{}\n")

    def make(layer, **environ):
        application = replace(SHOP, layers=with_layer(layer, below=".env"))
        return ConfigManager(application, settings_dir=settings, environ=environ)

    return make


def company(loader, **options):
    return DynaconfLayer(loader, "the company", options={"COMPANY_URL": "http://x"}, **options)


def test_what_a_loader_loads_is_a_layer_with_its_name_as_origin(shop):
    loader = Company(motto="@format {env[HOME]}", cart={"limit": 5}, till__token="$X", **{"cart.currencies": ["EUR"]})
    snapshot = shop(company(loader), SHOP_CART__LIMIT="7").snapshot
    assert (snapshot.config.motto, snapshot.config.cart.limit) == ("@format {env[HOME]}", 7)
    assert (snapshot.config.till.token.get_secret_value(), snapshot.config.cart.currencies) == ("$X", ("EUR",))
    assert str(snapshot.origins["till.token"]) == str(snapshot.origins["motto"]) == "the company"
    assert [warning.code for warning in snapshot.warnings] == ["ignored"]  # a token is text, and is told of


def test_a_loader_is_called_as_dynaconf_calls_it_on_an_object_that_is_deaf(shop):
    loader = Company(motto="x")
    _ = shop(company(loader)).snapshot
    assert loader.calls == [("dev", False, None, "dev", "http://x", {})]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"mottto": "x"}, ("unknown-key", "did you mean motto?")),
        ({"CART": {"LIMIT": "5"}}, ("unknown-key", "did you mean cart.limit?")),
        ({"cart__limit": "many"}, ("wrong-type", None)),
        ({"motto": object()}, ("wrong-type", None)),
        ({"till": b"\xff"}, ("unreadable", "check that what it loads from exists and is running")),
        ({"fails": True}, ("unreadable", "check that what it loads from exists and is running")),
        ({"dynaconf_merge": True}, ("unknown-key", "mappings merge by themselves, and lists replace; leave it out")),
    ],
)
def test_what_is_wrong_is_an_error_of_the_layer(shop, data, found):
    with pytest.raises(SettingsError) as caught:
        shop(company(Company(**data))).load_config()
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.origin), problem.hint) == (found[0], "the company", found[1])
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_failure_at_a_reload_changes_nothing(shop):
    loader = Company(motto="x")
    manager = shop(company(loader))
    before = manager.snapshot
    loader.data = {"fails": True}
    with pytest.raises(SettingsError, match="the company cannot be read: ConnectionError"):
        manager.reload_config()
    assert manager.snapshot is before


def test_a_setting_that_is_named_as_a_secret_must_be_one(shop):
    loader = Company(motto=CANARY, till__token=CANARY)
    assert shop(company(loader, secret_keys=["till.token"])).snapshot.config.motto == CANARY
    with pytest.raises(SettingsError, match="motto is a secret of the company, but ShopConfig would show it") as caught:
        shop(company(loader, secret_keys=["motto"])).load_config()
    assert CANARY not in str(caught.value)


def test_a_loader_may_be_named_by_its_module(shop, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "company_loader.py").write_text(
        "def load(obj, env, silent=True, key=None):\n    obj.set('MOTTO', 'x')\n"
    )
    assert shop(company("company_loader")).snapshot.config.motto == "x"
    with pytest.raises(SettingsError, match="the company cannot be read: ModuleNotFoundError"):
        shop(company("no_such_loader")).load_config()


@pytest.fixture
def server(tmp_path):
    (tmp_path / "redis").mkdir()
    process = RedisProcess(tmp_path / "redis")
    process.start()
    yield process
    process.stop()


def redis_layer(server, **more):
    connection = {"host": "127.0.0.1", "port": server.port, "socket_timeout": 5, "socket_connect_timeout": 5, **more}
    return DynaconfLayer("dynaconf.loaders.redis_loader", "redis", options={"REDIS_FOR_DYNACONF": connection})


def test_the_redis_loader_of_dynaconf_loads_from_a_real_server(shop, server):
    server.client.hset("SHOP_DEFAULT", mapping={"MOTTO": "low", "CART__LIMIT": "5", "TILL__TOKEN": "@int 5"})
    server.client.hset("SHOP_DEV", mapping={"MOTTO": "high"})
    manager = shop(redis_layer(server, decode_responses=True))
    config = manager.snapshot.config
    assert (config.motto, config.cart.limit, config.till.token.get_secret_value()) == ("high", 5, "@int 5")
    assert str(manager.snapshot.origins["motto"]) == "redis"
    server.client.hset("SHOP_DEV", mapping={"MOTTO": "higher"})
    manager.reload_config()
    assert manager.snapshot.config.motto == "higher"


@pytest.mark.parametrize(("decoded", "found"), [(True, "1000.0"), (False, "1e3")])
def test_the_redis_loader_takes_text_for_toml_unless_it_gets_bytes(shop, server, decoded, found):
    server.client.hset("SHOP_DEV", mapping={"TILL__TOKEN": "1e3"})
    config = shop(redis_layer(server, decode_responses=decoded)).snapshot.config
    assert config.till.token.get_secret_value() == found


@pytest.mark.long
def test_the_redis_loader_is_not_silent_where_the_server_is_stopped(shop, server):
    server.client.hset("SHOP_DEV", mapping={"MOTTO": "x"})
    manager = shop(redis_layer(server))
    before = manager.snapshot
    server.stop()
    with pytest.raises(SettingsError, match="redis cannot be read: ConnectionError"):
        manager.reload_config()
    assert manager.snapshot is before
    with pytest.raises(SettingsError, match="redis cannot be read: ConnectionError"):
        shop(redis_layer(server)).load_config()


def test_no_variable_of_dynaconf_moves_a_loader(project):
    code = """if True:
        import os
        from synfinance_settings.layers.dynaconf_layer import DynaconfLayer
        from synfinance_settings.layers.layer import Glance
        from synfinance_settings.layers.project import find_project
        from synfinance_settings.sections.application import SYNFINANCE

        class Loader:
            def load(self, obj, env, silent=True, key=None):
                obj.set("APP_NAME", "@int 5")
                assert obj.get("REDIS_FOR_DYNACONF") is None
                assert obj.current_env == "development"

        project = find_project(SYNFINANCE, environ={}, settings_dir="settings")
        print(*DynaconfLayer(Loader(), "x").look(Glance(project, {}))[0].data.items())
    """
    run = project.python(code, AUTO_CAST_FOR_DYNACONF="true", REDIS_FOR_DYNACONF="x", ENV_FOR_DYNACONF="production")
    assert (run.stdout, run.stderr) == ("('app_name', '@int 5')\n", "")
