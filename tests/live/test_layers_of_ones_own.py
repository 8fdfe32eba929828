"""A layer that is no file, written outside the package: a Redis hash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest
from patience import PATIENCE, RARELY
from redis_layer import RedisHash
from redis_process import RedisProcess
from shop import SHOP

from synfinance_settings import ConfigManager, ConfigWatcher, SettingsError
from synfinance_settings.layers.layer import Finding
from synfinance_settings.layers.layer_file import FileLayer
from synfinance_settings.layers.precedence import LAYERS, with_layer
from synfinance_settings.layers.trial import judge, layer_of
from synfinance_settings.layers.values import ValuesLayer
from synfinance_settings.model.checks import ApplicationError
from synfinance_settings.text.files import Content


@pytest.fixture
def server(tmp_path):
    (tmp_path / "redis").mkdir()
    process = RedisProcess(tmp_path / "redis")
    process.start()
    process.client.hset("shop", mapping={"cart.limit": "5", "till.token": "hush $X", "cart.currencies": "EUR,INR"})
    yield process
    process.stop()


@pytest.fixture
def manager(tmp_path, server):
    """What is in force for the shop with a Redis hash below `.env`."""
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "default.yaml").write_text("motto: sell\ncart: {limit: 2}\n")
    (settings / "dev.yaml").write_text("{}\n")
    application = replace(SHOP, layers=with_layer(RedisHash("shop", server.port), below=".env"))
    return ConfigManager(application, settings_dir=settings, environ={"SHOP_CART__CURRENCIES": "USD"})


def again(manager, application=None):
    """Another manager of the same folder, with the same application or with another."""
    choice = manager.current.choice
    return ConfigManager(application or choice.application, settings_dir=choice.settings_dir, environ={})


def test_it_is_loaded_at_its_place_with_origins(manager):
    snapshot = manager.snapshot
    assert (snapshot.config.cart.limit, snapshot.config.cart.currencies) == (5, ("USD",))
    assert snapshot.config.till.token.get_secret_value() == "hush $X"
    assert str(snapshot.origins["cart.limit"]) == "redis hash shop, field cart.limit"
    assert str(snapshot.origins["motto"]) == "settings/default.yaml:1:8"
    assert "hush" not in repr(manager.current.looked)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cart.limt": "6"}, "did you mean cart.limit?"),
        ({"cart.limit": "many"}, "cart.limit must be a whole number"),
        ({"cart": "5"}, "cart must be a mapping; it is a section"),
        ({"motto": b"\xff"}, "redis hash shop cannot be read: UnicodeDecodeError"),
    ],
)
def test_what_is_wrong_in_it_is_told_at_its_place(manager, server, fields, said):
    before = manager.snapshot
    server.client.hset("shop", mapping=fields)
    with pytest.raises(SettingsError, match=said) as caught:
        manager.reload_config()
    assert str(caught.value.problems[0].origin).startswith("redis hash shop")
    assert manager.snapshot is before


def test_a_server_that_is_stopped_is_an_error_and_nothing_changes(manager, server):
    before = manager.snapshot
    server.stop()
    with pytest.raises(SettingsError) as caught:
        manager.reload_config()
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.origin), problem.hint) == ("unreadable", "redis hash shop", "is the server up?")
    assert manager.snapshot is before
    with pytest.raises(SettingsError, match="redis hash shop cannot be read: ConnectionError"):
        again(manager).load_config()


def test_a_hash_that_is_gone_is_an_error_where_the_layer_may_not_vanish(manager, server):
    before = manager.snapshot
    server.client.delete("shop")
    with pytest.raises(SettingsError, match="the redis hash layer is gone"):
        manager.reload_config()
    assert manager.snapshot is before


def test_a_watcher_sees_each_change(manager, server):
    news = Queue()
    watcher = ConfigWatcher(manager, poll_interval=0.05)
    watcher.add_listener(lambda event, data: news.put((event, str(data))))

    def wait(wanted):
        """What is told with the next event of this name."""
        return next(data for event, data in iter(lambda: news.get(timeout=PATIENCE), None) if event == wanted)

    with watcher:
        for number in (6, 7):
            server.client.hset("shop", "cart.limit", str(number))
            assert wait("file_changed") == "redis hash shop"
            assert f"limit={number}" in wait("config_reloaded")
        server.stop()
        assert "redis hash shop cannot be read" in wait("reload_failed")
        assert manager.snapshot.config.cart.limit == 7
        server.start()
        server.client.hset("shop", mapping={"cart.limit": "8"})
        assert "limit=8" in wait("config_reloaded")
    assert manager.last_failure is None


def test_a_file_is_judged_without_it(manager, server):
    project = manager.current.project()
    server.stop()
    content = Content(project.settings_dir / "dev.yaml", b"cart: {limit: 3}\n")
    assert judge(project, "environment", content)


def test_an_application_may_leave_layers_out(manager):
    application = replace(SHOP, layers=tuple(layer for layer in LAYERS if layer.name != "process environment"))
    alone = again(manager, application)
    assert alone.snapshot.config.cart.currencies == ("EUR",)


def test_two_layers_of_one_name_are_no_application():
    with pytest.raises(ApplicationError, match="two layers are called redis hash"):
        replace(SHOP, layers=(RedisHash("a", 1), RedisHash("b", 1)))


def test_the_page_shows_this_layer_as_it_is():
    here = Path(__file__).parents[1]
    code = (here / "redis_layer.py").read_text().partition("from __future__ import annotations\n\n")[2]
    assert code in (here.parent / "docs/extending.md").read_text()


def test_one_more_file_of_the_settings_folder_is_one_entry(tmp_path):
    region = FileLayer("region", "eu")
    application = replace(SHOP, layers=with_layer(region, below="default.local"))
    (tmp_path / "settings").mkdir()
    for name, text in {"default": "motto: sell", "dev": "{}", "eu": "motto: vendre", "eu.local": "motto: x"}.items():
        (tmp_path / f"settings/{name}.yaml").write_text(text)
    manager = ConfigManager(application, settings_dir=tmp_path / "settings", environ={})
    assert str(manager.snapshot.origins["motto"]) == "settings/eu.yaml:1:8"
    assert not manager.snapshot.warnings
    assert layer_of(application, Path("eu.yaml")) == ("region", None)
    assert list(manager.current.looked.layer_files) == ["default.yaml", "dev.yaml", "eu.yaml"]
    (tmp_path / "settings/eu.yaml").unlink()
    with pytest.raises(SettingsError, match="the region layer is gone"):
        manager.reload_config()


class Told(ValuesLayer):
    """A layer that says when it changed, and knows whether what it says is whole."""

    name = "told"

    def __init__(self, *, is_settled):
        self._is_settled = is_settled
        self.values = {"cart.limit": "5"}
        self.looks = Queue()
        self.wake = None

    def look(self, glance):
        self.looks.put(None)
        return [Finding(self.name, dict(self.values), is_settled=self._is_settled)]

    def listen(self, project, wake):
        self.wake = wake
        return lambda: setattr(self, "wake", None)


@pytest.mark.parametrize(("is_settled", "looks"), [(True, 1), (False, 2)])
def test_a_layer_that_tells_of_a_change_is_looked_at_and_loaded_at_once_where_it_is_whole(tmp_path, is_settled, looks):
    layer = Told(is_settled=is_settled)
    (tmp_path / "default.yaml").write_text("{}\n")
    application = replace(SHOP, layers=with_layer(layer, below=".env"))
    manager = ConfigManager(application, settings_dir=tmp_path, environ={})
    news = Queue()
    watcher = ConfigWatcher(manager, poll_interval=RARELY)
    watcher.add_listener(lambda event, data: news.put(event))
    with watcher:
        for _ in range(2):  # the load, and the first look of the watch
            layer.looks.get(timeout=PATIENCE)
        layer.values["cart.limit"] = "6"
        layer.wake()
        assert [news.get(timeout=PATIENCE) for _ in range(2)] == ["file_changed", "config_reloaded"]
        assert layer.looks.qsize() == looks
    assert layer.wake is None


def test_a_layer_that_cannot_tell_is_said_and_looked_at_all_the_same(tmp_path, caplog):
    layer = Told(is_settled=True)
    layer.listen = lambda project, wake: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
    (tmp_path / "default.yaml").write_text("{}\n")
    application = replace(SHOP, layers=with_layer(layer, below=".env"))
    with ConfigWatcher(ConfigManager(application, settings_dir=tmp_path, environ={}), poll_interval=0.05):
        for _ in range(4):
            layer.looks.get(timeout=PATIENCE)
    assert (
        "cannot watch the told layer (can't start new thread); changes are seen by a look every 0.05 s" in caplog.text
    )
