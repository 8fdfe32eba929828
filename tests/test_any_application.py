"""What is promised of SynFinance's settings holds for those of any program: the faces, end to end, for the shop."""

from __future__ import annotations

import pickle
import threading
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from dynaconf import get_history
from dynaconf.vendor.click import ClickException
from patience import PATIENCE
from prometheus_client import CollectorRegistry
from shop import SHOP, ShopConfig, TillConfig

from synfinance_settings import (
    AppConfig,
    Application,
    ConfigManager,
    ConfigWatcher,
    EnvironmentNameError,
    EnvLoader,
    Section,
    SettingsError,
    Text,
    UnknownKeyError,
    setting,
)
from synfinance_settings.dynaconf_view import DynaconfView
from synfinance_settings.live.facade import settings_of
from synfinance_settings.metrics import install

CANARY = "canary5d1e"


@pytest.fixture
def shop(project):
    """A manager of the shop in a project with a default layer and one of the environment qa."""
    project.layer("default", "cart: {limit: 5}\n")
    project.layer("qa", "motto: lend\n")
    return ConfigManager(SHOP, settings_dir=project.settings, environ={"SHOP_ENV": "q", "SHOP_TOKEN": CANARY})


@pytest.fixture
def app(project, monkeypatch):
    """The shop again, with a manager and settings of its own, in a project with an empty default layer."""
    monkeypatch.chdir(project.root)
    return replace(SHOP)


def test_its_settings_are_loaded_and_explained(shop):
    config = shop.load_config()
    assert (config.motto, config.cart.limit, config.till.token.get_secret_value()) == ("lend", 5, CANARY)
    assert shop.snapshot.config is shop.get_config() is config
    explained = shop.explain("cart.limit")
    assert (explained.value, str(explained.origin)) == (5, "settings/default.yaml:1:15")
    with pytest.raises(UnknownKeyError, match=r"did you mean cart\.limit\?"):
        shop.explain("cart.limt")
    with pytest.raises(UnknownKeyError):
        shop.explain("server.port")
    assert CANARY not in f"{shop!r}{shop.snapshot!r}{shop.explain('till.token')!r}"


@pytest.mark.parametrize(
    ("name", "is_production", "is_development"), [("dev", False, True), ("qa", False, False), ("live", True, False)]
)
def test_production_and_development_are_the_environments_that_are_like_them(
    project, name, is_production, is_development
):
    project.layer("live", "{}")
    manager = ConfigManager(SHOP, settings_dir=project.settings, environment=name, environ={})
    assert (manager.get_environment(), manager.is_production(), manager.is_development()) == (
        name,
        is_production,
        is_development,
    )


def test_an_environment_of_synfinance_is_none_of_its(project):
    manager = ConfigManager(SHOP, settings_dir=project.settings, environ={"SHOP_ENV": "production"})
    with pytest.raises(EnvironmentNameError, match="one of dev, qa, live"):
        manager.load_config()


def test_a_bad_edit_changes_nothing_and_a_good_one_is_told(project, shop):
    seen, done = [], threading.Event()
    shop.subscribe(lambda old, new: (seen.append((old.limit, new.limit)), done.set()), section="cart")
    before = shop.snapshot
    project.layer("default", f"cart: {{limit: 100}}\ntill: {{token: [{CANARY}]}}\n")
    with pytest.raises(SettingsError, match=r"cart\.limit must be at most 99") as caught:
        shop.reload_config()
    assert shop.snapshot is before
    assert shop.last_failure is caught.value
    project.layer("default", "cart: {limit: 6}\n")
    assert shop.reload_config().cart.limit == 6
    assert done.wait(PATIENCE)
    assert seen == [(5, 6)]
    assert shop.rollback().cart.limit == 5
    assert [snapshot.config.cart.limit for snapshot in shop.history()] == [5, 6, 5]
    with pytest.raises(UnknownKeyError):
        shop.subscribe(print, section="server")


def test_a_setting_that_needs_a_restart_is_pending(project, shop):
    shop.load_config()
    project.layer("default", "cart: {currencies: [INR]}\n")
    shop.reload_config()
    assert shop.snapshot.pending_restart == ("cart.currencies",)


def test_a_watcher_brings_a_change_into_force(project, shop):
    seen = threading.Event()
    with ConfigWatcher(shop, debounce=0.01) as watcher:
        watcher.add_listener(lambda event, data: seen.set() if str(event) == "config_reloaded" else None)
        project.layer("qa", "motto: give\n")
        assert seen.wait(PATIENCE)
        assert shop.get_config().motto == "give"
        assert watcher.trigger_reload() is shop.get_config()


def test_it_starts_on_the_last_good_layers_where_they_are_broken(project):
    project.layer("default", "cart: {limit: 5}\n")
    variables = {"SHOP_STATE_DIR": str(project.root / "state"), "SHOP_FALLBACK": "last-good"}

    def start():
        manager = ConfigManager(SHOP, settings_dir=project.settings, environ=variables)
        return manager.load_config().cart.limit, manager.degraded

    assert start() == (5, False)
    project.layer("default", "cart: {limit: [5\n")
    assert start() == (5, True)


def test_a_file_is_judged_exported_and_imported(project, shop):
    report = shop.validate_config(project.write("other.yaml", "cart: {limt: 5}\n"))
    assert [(problem.code, problem.key) for problem in report.problems] == [("unknown-key", "cart.limt")]
    assert shop.export_config(project.root / "out.yaml") == ("till.token",)
    assert CANARY not in (project.root / "out.yaml").read_text()
    assert shop.import_config(project.write("in.yaml", "motto: sell\n"), environment="q").motto == "sell"
    assert Path(project.settings, "qa.yaml").read_text() == "motto: sell\n"
    shop.import_config(project.write("in.yaml", "motto: give\n"), environment="dev")
    assert (shop.get_config().motto, Path(project.settings, "dev.yaml").read_text()) == ("sell", "motto: give\n")


def test_its_reloads_are_measured_beside_those_of_another(shop):
    registry = CollectorRegistry()
    install(shop, registry)
    install(ConfigManager(environ={"SYNFINANCE_SETTINGS_DIR": "none"}), registry)
    shop.reload_config()
    assert registry.get_sample_value("shop_settings_reloads_total", {"result": "unchanged"}) == 1
    assert registry.get_sample_value("synfinance_settings_reloads_total", {"result": "unchanged"}) == 0
    labels = {"environment": "qa", "fingerprint": shop.snapshot.fingerprint}
    assert registry.get_sample_value("shop_settings_info", labels) == 1


def test_what_is_in_force_is_a_dynaconf_object(project, shop):
    view = DynaconfView(shop)
    assert (view.CART.LIMIT, view["cart.limit"], view.get("motto"), view.current_env) == (5, 5, "lend", "qa")
    assert view.get("SERVER") is None
    assert view.envvar_prefix_for_dynaconf == "SHOP"
    view.setenv("Q")
    with pytest.raises(ClickException, match="runs in qa, not in live; start it with SHOP_ENV=live") as caught:
        view.setenv("live")
    assert "from_env('live')" in str(caught.value)
    with pytest.raises(ClickException, match="which is not an environment"):
        view.setenv("production")
    history = get_history(view)
    assert [said["value"]["TILL"] for said in history if "SHOP_TOKEN" in said["identifier"]] == [
        {"token": "**********"}
    ]
    assert CANARY not in f"{history}{view.as_dict()}{view.as_dict(internal=True)}"
    project.layer("qa", "motto: give\n")
    view.reload()
    assert view.MOTTO == "give"


def test_the_dynaconf_object_of_a_process_is_of_the_application_that_the_variable_names(project):
    code = """if True:
        from synfinance_settings.dynaconf_view import settings
        print(settings.CART.LIMIT)
    """
    project.layer("default", "cart: {limit: 5}\n")
    run = project.python(code, PYTHONPATH=str(Path(__file__).parent), SYNFINANCE_SETTINGS_APP="shop:SHOP")
    assert run.stdout == "5\n", run.stderr


def test_another_environment_with_the_same_values_is_another_snapshot(project, shop):
    """No setting says the environment, so nothing but the snapshot does."""
    project.layer("live", "motto: lend\n")
    registry, seen, done = CollectorRegistry(), [], threading.Event()
    install(shop, registry)
    before = shop.snapshot
    shop.subscribe(lambda old, new: (seen.append((old.environment, new.environment)), done.set()))
    shop.load_config(environment="live")
    assert (before.environment, shop.snapshot.environment, shop.get_environment()) == ("qa", "live", "live")
    assert (shop.snapshot.config, shop.snapshot.number) == (before.config, before.number + 1)
    assert done.wait(PATIENCE)
    assert seen == [("qa", "live")]
    (info,) = [metric for metric in registry.collect() if metric.name == "shop_settings_info"]
    assert [sample.labels["environment"] for sample in info.samples] == ["live"]
    shop.rollback()
    assert (shop.snapshot.environment, shop.get_environment()) == ("qa", "qa")


def test_a_snapshot_that_was_pickled_knows_its_environment(shop):
    assert pickle.loads(pickle.dumps(shop.snapshot)).environment == "qa"


def test_variables_of_its_project_are_read(project):
    project.write(".env", "SHOP_ENV=qa\nLIMIT=7\n")
    loader = EnvLoader(environ={"SHOP_SETTINGS_DIR": str(project.settings)}, application=SHOP)
    assert loader.get_int("LIMIT") == 7
    text = loader.create_env_template(project.root / "template").read_text()
    assert "SHOP_CART__LIMIT" in text
    assert "SYNFINANCE" not in text
    with pytest.raises(SettingsError):
        EnvLoader.from_env_file(project.root / "none", application=SHOP)


def test_a_config_that_was_built_by_hand_is_checked_by_its_rules():
    config = ShopConfig(cart={"limit": 1})
    assert SHOP.check_config(config)
    assert [problem.code for problem in SHOP.check_config(config, "live").problems] == ["small-cart"]
    with pytest.raises(EnvironmentNameError):
        SHOP.check_config(config, "production")


def test_its_manager_is_the_same_in_the_whole_process():
    assert SHOP.manager is SHOP.manager is ConfigManager.shared(SHOP)
    assert SHOP.settings is SHOP.settings is settings_of(SHOP)
    assert ConfigManager(SHOP) is not SHOP.manager
    assert ConfigManager() is not SHOP.manager
    other = Application(ShopConfig, prefix="SHOP_")
    assert other.manager is not SHOP.manager


def test_a_subclass_of_the_manager_shares_managers_of_its_own():
    class Mine(ConfigManager):
        pass

    assert Mine.shared(SHOP) is Mine.shared(SHOP) is not SHOP.manager
    assert isinstance(Mine.shared(SHOP), Mine)
    assert Mine() is Mine() is not ConfigManager()

    class Typed(ConfigManager[ShopConfig]):
        def __init__(self):
            super().__init__(SHOP, environ={"SHOP_SETTINGS_DIR": "none"})

    assert Typed.__parameters__ == ()
    assert Typed().get_config() == ShopConfig()


TWO = """if True:
    from shop import SHOP
    from synfinance_settings import settings as ours, override
    shop = SHOP.settings
    assert repr(shop) == repr(ours) == "<settings, not loaded yet>"
"""


def test_two_applications_in_one_process_do_not_disturb_each_other(project):
    project.layer("default", "cart: {limit: 5}\n")
    project.write("ours/settings/default.yaml", "server: {port: 9001}\n")
    code = f"""{TWO}
    assert (shop.cart.limit, ours.server.port) == (5, 9001)
    with SHOP.override(cart__limit=6) as config, override(server__port=9002):
        assert (shop.cart.limit, config.cart.limit, ours.server.port) == (6, 6, 9002)
        SHOP.manager.reload_config()
        assert (shop.cart.limit, ours.server.port) == (6, 9002)
    assert (shop.cart.limit, ours.server.port) == (5, 9001)
    snapshot = ours.snapshot()
    open("settings/default.yaml", "w").write("cart: {{limit: 7}}")
    SHOP.manager.reload_config()
    assert (shop.cart.limit, ours.snapshot()) == (7, snapshot)
    """
    folders = {"SHOP_SETTINGS_DIR": "settings", "SYNFINANCE_SETTINGS_DIR": "ours/settings"}
    run = project.python(code, PYTHONPATH=str(Path(__file__).parent), **folders)
    assert run.returncode == 0, run.stderr


def test_a_program_of_its_own_loads_no_section_of_synfinance(project):
    code = """if True:
        import sys
        from shop import SHOP
        assert SHOP.settings.cart.limit == 20
        print([name for name in sys.modules if name.startswith("synfinance_settings.sections")])
    """
    run = project.python(code, PYTHONPATH=str(Path(__file__).parent))
    assert run.stdout == "[]\n", run.stderr


class Odd(TillConfig):
    """A model whose fields have the names of what settings can do, and which can do something itself."""

    get: Text = setting("field", "A field.")
    snapshot: Text = setting("field", "A field.")
    model_: Text = setting("field", "A field.")
    SHAPE: ClassVar = "round"

    @property
    def shape(self):
        return f"{self.SHAPE} {self.get}"

    @classmethod
    def kind(cls):
        return cls.__name__

    @staticmethod
    def half(number):
        return number / 2


def test_settings_do_what_their_model_does(app):
    settings = Application(Odd, prefix="ODD_").settings
    assert (settings.kind(), settings.half(4), settings.SHAPE) == ("Odd", 2, "round")
    assert (settings.get, settings.snapshot) == ("field", "field")
    assert settings.shape == "round field"
    assert (settings.get, settings.snapshot, settings["get"], settings.model_) == ("field",) * 4
    assert settings.model_dump() == settings.model_copy().model_dump()
    assert settings == Odd()
    assert settings != ShopConfig()


def test_settings_by_key_are_those_of_their_model(app):
    settings = app.settings
    assert settings["cart.limit"] == settings["cart"]["limit"] == settings.get("cart.limit")
    assert ["cart.limit" in settings, "server.port" in settings] == [True, False]
    with pytest.raises(KeyError, match=r"did you mean 'cart\.limit'"):
        settings["cart.limt"]
    with pytest.raises(AttributeError, match="read-only"):
        settings.motto = CANARY
    with pytest.raises(TypeError, match=r"settings\.snapshot\(\)"):
        pickle.dumps(settings)
    assert pickle.loads(pickle.dumps(settings.snapshot())).config == settings.snapshot().config
    assert settings.from_env("qa") == settings.from_env("q")


def test_an_override_holds_for_a_while_and_names_what_it_does_not_know(app):
    @app.override(motto="decorated")
    def motto():
        return app.settings.motto

    assert (motto(), app.settings.motto) == ("decorated", "buy")
    with pytest.raises(UnknownKeyError, match="did you mean cart__limit"):
        app.override(cart__limt=CANARY)
    with pytest.raises(SettingsError) as caught, app.override(cart__limit=CANARY):
        pass
    assert CANARY not in str(caught.value)


def test_load_or_exit_prints_what_is_wrong_and_ends(project):
    project.layer("default", f"cart: {{limit: {CANARY}}}\n")
    code = "from shop import SHOP; SHOP.load_or_exit(); print('loaded')"
    run = project.python(code, PYTHONPATH=str(Path(__file__).parent))
    assert (run.stdout, run.returncode) == ("", 1)
    assert run.stderr.startswith("error[wrong-type]: cart.limit must be a whole number")
    assert "\n  --> settings/default.yaml:1:15\n" in run.stderr
    assert run.stderr.endswith("\ninvalid  dev  1 error; 1 warning\n")
    project.layer("default", "cart: {limit: 5}\n")
    assert project.python(code, PYTHONPATH=str(Path(__file__).parent)).stdout == "loaded\n"


def test_sections_of_synfinance_serve_an_application_of_another(project):
    class Billing(Section):
        currency: Text = setting("EUR", "ISO 4217 code of the invoices.")

    class Both(AppConfig):
        billing: Billing = Billing()

    app = Application(Both, prefix="SYNFINANCE_")
    project.layer("default", "billing: {currency: INR}\nserver: {port: 9001}\n")
    manager = ConfigManager(app, settings_dir=project.settings, environ={"SYNFINANCE_ENV": "test"})
    config = manager.load_config()
    assert (config.billing.currency, config.server.port) == ("INR", 9001)
    assert manager.get_environment() is config.environment
    assert not manager.is_development()
