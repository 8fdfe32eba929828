"""Which settings a program reads: what its source says, what a record of its tests says, and the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from shop import SHOP

from synfinance_settings.errors import LayerError
from synfinance_settings.reads.findings import Scan
from synfinance_settings.reads.program import MOST_FILES, Place
from synfinance_settings.reads.record import Recorded, Recorder, read_record
from synfinance_settings.reads.scan import scan
from synfinance_settings.reads.usage import uses
from synfinance_settings.reads.vocabulary import Vocabulary
from synfinance_settings.sections.application import SYNFINANCE

SAMPLE = Path(__file__).parent / "reads_sample"
OURS = Vocabulary(SYNFINANCE)

READ = {
    "app_name": "a text that is formatted",
    "server.host": "an attribute",
    "server.port": "an alias of its section",
    "server.workers": "another name of settings",
    "server.timeout": "another name of the package",
    "server.log_level": "getattr",
    "server.max_request_size": "getattr with a name that is made at run time",
    "database.host": "a section that is kept on self",
    "database.port": "a parameter that is annotated",
    "database.name": "get_config()",
    "database.pool_size": "a subscriber of the section",
    "database.pool_timeout": "a subscriber of the snapshots",
    "cache.ttl": "settings[key]",
    "cache.backend": "settings.get(key)",
    "cache.max_size": "key in settings",
    "generation.seed": "a key that is made at run time, of which a part is known",
    "ml.model_path": "a snapshot",
    "ml.feature_engineering.total_features": "an alias of an alias",
    "monitoring.metrics_file": "a template",
    "security.jwt_algorithm": "a function that gives a section",
}
DEAD = [
    "version",
    "database.user",
    "database.max_overflow",
    "database.pool_recycle",
    "database.retry_delay",
    "cache.db",
    "cache.host",
    "cache.eviction_policy",
    "generation.num_customers",
    "generation.num_transactions",
    "generation.batch_size",
    "ml.fraud_threshold",
    "ml.enable_gpu",
    "ml.feature_engineering.enabled",
    "monitoring.grafana_port",
    "monitoring.alert_webhook",
    "monitoring.log_metrics",
    "security.jwt_expiry",
    "security.rate_limit_window",
    "security.cors_enabled",
]


def found(root: Path, vocabulary: Vocabulary = OURS, /, **files: str) -> Scan:
    """What is found in files, whose names may lack ``.py``."""
    for name, text in files.items():
        path = root / name
        path = path if path.suffix else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return scan(vocabulary, [root])


def keys(scanned: Scan) -> set[str]:
    return {read.key for read in scanned.reads}


def lines(scanned: Scan) -> list[tuple[str, int]]:
    return [(doubt.said, doubt.place.line) for doubt in scanned.doubts]


@pytest.fixture
def sample(project):
    """The sample program in a project of its own, and the record of its tests."""
    shutil.copytree(SAMPLE, project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return project


def recorded(project, *arguments: str, **variables: str) -> Path:
    run = project.python(
        f"""
import sys, pytest
sys.path.insert(0, "")
ours = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", ".", "-c", "/dev/null", "checks.py"]
sys.exit(pytest.main([*ours, "--settings-reads", "reads.json", *{list(arguments)}]))
""",
        **variables,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return project.root / "reads.json"


def test_a_scan_and_a_record_tell_forty_settings_of_forty(sample, monkeypatch):
    monkeypatch.chdir(sample.root)
    record = read_record(recorded(sample), OURS)
    usage = uses(OURS, scan(OURS, [Path("bank")]), record)
    states = {key: found.state for key, found in usage.settings.items()}
    assert {key for key, state in states.items() if state == "read"} == set(READ)
    assert {key: states[key] for key in DEAD} == dict.fromkeys(DEAD, "dead")
    assert (len(READ), len(DEAD)) == (20, 20)
    assert "perhaps" not in states.values()


def test_what_a_scan_alone_cannot_see_is_told_with_its_place(sample, monkeypatch):
    monkeypatch.chdir(sample.root)
    alone = scan(OURS, [Path("bank")])
    usage = uses(OURS, alone)
    assert [str(doubt.place) for doubt in usage.doubts] == ["bank/web.py:23"]
    assert usage.settings["server.max_request_size"].state == "perhaps"
    assert all(usage.settings[key].state == "dead" for key in DEAD)
    with_record = uses(OURS, alone, read_record(recorded(sample), OURS))
    assert list(with_record.settled.values()) == [("server.max_request_size",)]
    assert not with_record.doubts


def test_a_record_names_places_and_no_values(sample):
    word = "from bank.configuration import settings\n\n\ndef word():\n    return settings.database.password\n"
    sample.write("bank/secret.py", word)
    check = "    assert secret.word().get_secret_value().startswith('canary')\n"
    sample.write("checks.py", f"from bank import secret\n\n\ndef test_x():\n{check}")
    record = recorded(sample, SYNFINANCE_DATABASE__PASSWORD="canary5c1e").read_text()
    assert json.loads(record)["reads"] == {"database.password": ["bank/secret.py:5"]}
    assert "canary" not in record


def test_a_record_of_several_workers_is_one(sample):
    one = json.loads(recorded(sample).read_text())
    assert json.loads(recorded(sample, "-n", "2").read_text()) == one


def test_the_tests_of_another_application_are_recorded_by_its_own_settings(project):
    project.write(
        "till.py",
        """
from synfinance_settings import Application, Section, Whole, setting

class TillConfig(Section):
    limit: Whole = setting(20, "Most items.")
    spare: Whole = setting(1, "Nothing.")
    get: Whole = setting(1, "A name that settings have themselves.")

    @property
    def twice(self):
        return self.limit * 2

app = Application(TillConfig, prefix="TILL_")
settings = app.settings
""",
    )
    project.write("checks.py", "from till import settings\ndef test_x():\n    assert settings.twice == 40\n")
    record = json.loads(recorded(project, TILL_SETTINGS_DIR="none", SYNFINANCE_SETTINGS_APP="till:app").read_text())
    assert (record["reads"], record["tests"]) == ({"limit": ["checks.py:3"]}, ["checks.py"])


def test_a_read_that_nobody_records_finds_no_hook(project):
    run = project.python(
        """
from synfinance_settings import AppConfig, ServerConfig, settings
settings.server.port
kinds = [*type(settings).__mro__, AppConfig, ServerConfig]
assert not [kind for kind in kinds if "__getattribute__" in vars(kind) and kind is not object]
import sys
assert not [name for name in sys.modules if name.startswith("synfinance_settings.reads")]
"""
    )
    assert run.returncode == 0, run.stderr


WAYS = {
    "from synfinance_settings import settings as cfg\ncfg.server.port": {"server.port"},
    "import synfinance_settings as ss\nss.settings.server.port": {"server.port"},
    "import synfinance_settings\nsynfinance_settings.settings.server.port": {"server.port"},
    "from synfinance_settings import *\nsettings.debug": {"debug"},
    "from synfinance_settings import get_config\nget_config().server.port": {"server.port"},
    "from synfinance_settings import ConfigManager\nm = ConfigManager()\nm.get_config().debug": {"debug"},
    "from synfinance_settings import ConfigManager\nConfigManager().snapshot.config.debug": {"debug"},
    "from synfinance_settings import ConfigManager\nConfigManager().is_production()": {"environment"},
    "from synfinance_settings.dynaconf_view import settings\nsettings.SERVER.PORT\nsettings['CACHE.TTL']": {
        "server.port",
        "cache.ttl",
    },
    "from synfinance_settings import settings\ns = settings.server\nt = s\nt.port": {"server.port"},
    "from synfinance_settings import settings\n(s := settings.server).port\ns.host": {"server.port", "server.host"},
    "from synfinance_settings import settings\nfor s in (settings.server, settings.cache):\n    s.host": {
        "server.host",
        "cache.host",
    },
    "from synfinance_settings import settings\n[s.port for s in [settings.server]]": {"server.port"},
    "from synfinance_settings import settings\na, b = settings.server, settings.cache\na.port, b.ttl": {
        "server.port",
        "cache.ttl",
    },
    "from synfinance_settings import settings\nfor n in ('host', 'port'):\n    getattr(settings.server, n)": {
        "server.host",
        "server.port",
    },
    "from synfinance_settings import settings\nKEY = 'server.' + 'port'\nsettings[KEY]": {"server.port"},
    "from synfinance_settings import settings\nsettings['server']['port']": {"server.port"},
    "from synfinance_settings import settings\nsettings.get('server').port": {"server.port"},
    "from synfinance_settings import settings\nhasattr(settings.server, 'port')": {"server.port"},
    "from synfinance_settings import settings\nfrom functools import partial\n"
    "def f(s):\n    return s.port\npartial(f, settings.server)": {"server.port"},
    "from synfinance_settings import settings\ndef f(*, s):\n    return s.port\nf(s=settings.server)": {"server.port"},
    "from synfinance_settings import settings\n(lambda s: s.port)(settings.server)": {"server.port"},
    "from synfinance_settings import settings\nasync def f():\n    return settings.server\n"
    "async def g():\n    return (await f()).port": {"server.port"},
    "from synfinance_settings import ServerConfig\ndef f(s: 'ServerConfig | None' = None):\n    s.port": {
        "server.port"
    },
    "import synfinance_settings\ndef f(s: synfinance_settings.AppConfig):\n    s.server.port": {"server.port"},
    "from typing import Annotated\nfrom synfinance_settings import AppConfig\n"
    "def f(s: Annotated[AppConfig, 1]):\n    s.server.port": {"server.port"},
    "from fastapi import Depends\nfrom synfinance_settings import get_config\n"
    "def f(s=Depends(get_config)):\n    s.server.port": {"server.port"},
    "from dataclasses import dataclass\nfrom synfinance_settings import ServerConfig\n@dataclass\nclass A:\n"
    "    server: ServerConfig\n    def f(self):\n        return self.server.port": {"server.port"},
    "from synfinance_settings import settings\nclass A:\n    def __init__(self, s):\n        self.s = s\n"
    "    @property\n    def server(self):\n        return self.s.server\nA(settings).server.port": {"server.port"},
    "from synfinance_settings import settings\nclass A:\n    s = settings.server\nclass B(A):\n"
    "    def f(self):\n        return self.s.port": {"server.port"},
    "from synfinance_settings import settings\nfrom flask import Flask, g\napp = Flask(__name__)\n"
    "app.state.settings = settings\ng.app.state.settings.server.port": {"server.port"},
    "from synfinance_settings import settings\nsettings.database.url": {
        "database.host",
        "database.port",
        "database.name",
        "database.user",
        "database.password",
    },
    "from synfinance_settings import override\nwith override(cache__ttl=60) as cfg:\n    cfg.server.port": {
        "server.port"
    },
    "from synfinance_settings import ConfigWatcher, ConfigManager\ndef f(event, data):\n    data.server.port\n"
    "ConfigWatcher(ConfigManager()).add_listener(f)": {"server.port"},
    "from synfinance_settings import settings\n'{s.port}'.format(s=settings.server)": {"server.port"},
    "from synfinance_settings import settings\nmatch settings.server:\n    case object(port=1):\n        pass": {
        "server.port"
    },
    "from synfinance_settings import settings\nclass A:\n    def __init__(self):\n        self.s = settings.server\n"
    "        self.all = [A()]\ndef f(a):\n    return a.s.port, a.all\nf(A())": {"server.port"},
    "from synfinance_settings import settings\nsettings.get if hasattr(settings, 'prt') else 'prt' in settings": set(),
    "from synfinance_settings import settings\ngetattr(settings.server, 'prt', None)": set(),
    "from synfinance_settings import settings\ndef f():\n    global s\n    s = settings.server\n"
    "def g():\n    return s.port": {"server.port"},
    "from synfinance_settings import settings\nfrom contextlib import contextmanager\n@contextmanager\ndef f():\n"
    "    yield settings.server\nwith f() as s:\n    s.port": {"server.port"},
    "from synfinance_settings import settings\ndef start(app):\n    app.state.conf = settings\n"
    "def view(request):\n    return request.app.state.conf.server.port": {"server.port"},
    "settings = object()\nsettings.server.port": set(),
    "from django.conf import settings\nsettings.DEBUG": set(),
    "from synfinance_settings import override\noverride(server__port=1)": set(),
    "from synfinance_settings import settings\ndef f(settings):\n    return settings.debug": set(),
}


@pytest.mark.parametrize("code", WAYS, ids=range(len(WAYS)))
def test_a_way_to_read_is_understood(tmp_path, code):
    scanned = found(tmp_path, app=code)
    assert (keys(scanned), scanned.slips) == (WAYS[code], ())


def test_a_read_is_told_with_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "from synfinance_settings import settings\nprint(\n    settings.server\n    .port\n)\n"
    (read,) = found(tmp_path, **{"app/web": code}).reads
    assert (read.place, read.how) == (Place("app/web.py", 4), "name")


def test_settings_are_followed_through_the_imports_of_a_program(tmp_path):
    scanned = found(
        tmp_path,
        **{
            "app/__init__": "",
            "app/conf/__init__": "from .own import configured as settings",
            "app/conf/own": "from synfinance_settings import settings as configured",
            "app/a": "from app.conf import settings\nsettings.server.port",
            "app/b": "from .conf import settings\nsettings.server.host",
            "app/c": "from app import conf\nconf.settings.cache.ttl",
            "app/d": "import app.conf.own\napp.conf.own.configured.cache.db",
            "app/e/f": "from ..conf import *\nsettings.debug",
        },
    )
    assert keys(scanned) == {"server.port", "server.host", "cache.ttl", "cache.db", "debug"}


def test_a_variable_that_is_read_past_the_settings_is_told_as_that(tmp_path):
    code = """
import os
from os import environ, getenv
from synfinance_settings import EnvLoader
os.environ["SYNFINANCE_SERVER__PORT"]
environ.get("SYNFINANCE_DB_HOST")
getenv("SYNFINANCE_DEBUG")
EnvLoader().get_int("SYNFINANCE_CACHE__TTL")
os.environ["HOME"]
"""
    scanned = found(tmp_path, app=code)
    assert {read.key: read.how for read in scanned.reads} == dict.fromkeys(
        ("server.port", "database.host", "debug", "cache.ttl"), "variable"
    )
    assert uses(OURS, scanned).settings["server.port"].state == "variable"


def test_a_setting_that_is_read_both_ways_is_told_with_both_places(project, monkeypatch):
    monkeypatch.chdir(project.root)
    code = "import os\nfrom synfinance_settings import settings\nos.environ['SYNFINANCE_DEBUG']\nsettings.debug\n"
    project.write("app.py", f"{code}app.debug.server.host\nsettings.server.host\n")
    result = project.command("reads", "app.py")
    assert "  debug        app.py:4; as a variable in app.py:3\n" in result.stdout
    assert "what the source alone does not tell" not in result.stdout


DOUBTS = {
    "settings[key]": 81,
    "getattr(settings.server, key)": 8,
    "settings[f'{key}.port']": 3,
    "settings.cache.model_dump()": 9,
    "asdict(settings.cache)": 9,
    "run(**settings.cache)": 9,
    "run({'a': 1, **settings.cache})": 9,
    "run(settings.cache)": 9,
    "run(cache=settings.cache)": 9,
    "run([settings.cache])": 9,
    "run({'cache': settings.cache})": 9,
    "print(f'{settings.cache}')": 9,
    "list(settings.cache)": 9,
    "settings.cache == other": 9,
    "request.app.config.cache.ttl": 1,
    "render('x.html', cache=settings.cache)": 9,
}


@pytest.mark.parametrize("code", DOUBTS)
def test_what_cannot_be_followed_is_told_and_not_dead(tmp_path, code):
    scanned = found(tmp_path, app=f"from synfinance_settings import settings\n{code}")
    (doubt,) = scanned.doubts
    assert (len(doubt.keys), doubt.place.line, scanned.reads) == (DOUBTS[code], 2, ())
    states = {usage.state for key, usage in uses(OURS, scanned).settings.items() if key in doubt.keys}
    assert states == {"perhaps"}


@pytest.mark.parametrize(
    "code",
    ["isinstance(settings.cache, int)", "settings.cache is None", "if settings.cache:\n    pass", "settings.cache"],
)
def test_what_does_not_look_into_a_section_is_no_doubt(tmp_path, code):
    assert found(tmp_path, app=f"from synfinance_settings import settings\n{code}").doubts == ()


SLIPS = {
    "settings.server.prt": ("server.prt", "server.port"),
    "settings.servr.port": ("servr", "server"),
    "settings['server.prt']": ("server.prt", "server.port"),
    "getattr(settings.server, 'prt')": ("server.prt", "server.port"),
    "settings.get('canary, or whatever a text may hold')": ("a key in the whole of the settings", None),
    "get_config().server.prt": ("server.prt", "server.port"),
}


@pytest.mark.parametrize("code", SLIPS)
def test_a_name_that_is_no_setting_is_told_with_a_suggestion(tmp_path, code):
    (slip,) = found(tmp_path, app=f"from synfinance_settings import get_config, settings\n{code}").slips
    assert ((slip.name, slip.meant), slip.place.line) == (SLIPS[code], 2)


def test_what_else_a_section_has_is_no_slip(tmp_path):
    code = "from synfinance_settings import settings\n"
    code += "settings.server.model_fields, settings.snapshot().number, settings.load_or_exit(), settings.__class__"
    assert found(tmp_path, app=code).slips == ()


def test_templates_are_read_under_the_names_that_they_get(tmp_path):
    scanned = found(
        tmp_path,
        app="from synfinance_settings import settings\nrender('a', cfg=settings)\nenv.globals['c'] = settings.cache",
        **{
            "templates/a.html": "{{ cfg.server.port }}\n{% if c.enabled %}{{ c['ttl'] }}{% endif %}",
            "b.txt": "{settings.debug} {{ settings.servr.port }} settings.version {{ settings.server.prt }}",
            "c.md": "{{ settings.app_name }}",
        },
    )
    assert keys(scanned) == {"server.port", "cache.enabled", "cache.ttl", "debug"}
    assert {read.how for read in scanned.reads} == {"template"}
    assert ([slip.name for slip in scanned.slips], scanned.doubts) == (["server.prt"], ())


def test_what_tests_alone_read_is_dead_and_told(tmp_path):
    code = "from synfinance_settings import settings\ndef test_x():\n    assert settings.server.port\n    run(settings)"
    usage = uses(OURS, found(tmp_path, **{"tests/test_app": code, "app": ""})).settings["server.port"]
    assert (usage.state, len(usage.tests)) == ("dead", 1)


def test_rules_of_the_model_are_told_apart(tmp_path):
    usage = uses(OURS, found(tmp_path, app="")).settings
    assert (usage["debug"].state, usage["debug"].rules) == ("rule", ("rule debug-in-production",))
    assert usage["security.ssl_key_path"].rules == ("contradiction of security.ssl_enabled",)


OTHER = """
from shop import SHOP
from synfinance_settings import Application, ConfigManager, settings
from .models import ShopConfig
app = Application(ShopConfig, prefix="SHOP_")
app.settings.cart.limit
app.manager.get_config().till.token
settings.motto
"""


def test_another_application_is_read_by_its_own_settings(tmp_path):
    shop = Vocabulary(SHOP)
    models = "class ShopConfig(Section):\n    @property\n    def x(self):\n        return self.motto\n"
    scanned = found(tmp_path, shop, app=OTHER, models=models)
    assert (keys(scanned), scanned.slips, scanned.doubts) == ({"cart.limit", "till.token"}, (), ())


def test_rules_that_stand_in_the_program_are_no_reads_of_it():
    scanned = scan(Vocabulary(SHOP), [Path(__file__).parent / "shop.py"])
    assert (keys(scanned), scanned.doubts) == (set(), ())


def test_a_record_knows_rules_and_sections_of_one_model(tmp_path):
    from synfinance_settings.model.application import Application
    from synfinance_settings.model.forms import Whole
    from synfinance_settings.model.rule import Rule
    from synfinance_settings.model.section import Section, setting

    class Node(Section):
        """A machine."""

        port: Whole = setting(1, "A port.")
        weight: Whole = setting(1, "A weight.")

        @property
        def double(self) -> int:
            return self.port * 2

    class Nodes(Section):
        """Two machines."""

        count: Whole = setting(1, "How many.")
        one: Node = Node()
        two: Node = Node()

    rule = Rule("heavy", "error", ("development",), ("one.weight",), "one must be light", lambda n: n.one.weight > 9)
    application = Application(Nodes, prefix="NODES_", rules=(rule,))
    config = Nodes(one=Node(port=3), two=Node(port=4))
    recorder = Recorder(Vocabulary(application), None)
    recorder.start()
    try:
        assert config.two.double == 8
        assert config["one.port"] == 3
        list(application.breaches(config, "development"))
        config.model_dump()
    finally:
        recorder.stop()
    assert config.count == 1
    assert set(recorder.reads) == {"one.port", "two.port", ""}, "the whole was taken as one"
    assert {file for spots in recorder.reads.values() for file, _ in spots} == {__file__}
    assert "__getattribute__" not in vars(Node)


def test_a_record_moves_with_its_project(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    text = Recorded({"server.port": {(str(first / "app.py"), 3)}}, set()).text(first / "out" / "r.json", first)
    (first / "out").mkdir()
    (first / "out" / "r.json").write_text(text)
    assert str(tmp_path) not in text
    first.rename(second)
    monkeypatch.chdir(second)
    (read,) = read_record(Path("out/r.json"), OURS)
    assert (read.key, str(read.place)) == ("server.port", "app.py:3")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"form": "x"}', '{"form": "settings read in a test run", "reads": 3}']
)
def test_what_is_no_record_is_an_error_that_says_so(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(LayerError, match="not a record of reads"):
        read_record(tmp_path / "r.json", OURS)


def test_foreign_files_are_passed_over_and_told(tmp_path):
    good = "from synfinance_settings import settings\nsettings.server.port"
    names = [".venv/x.py", ".git/x.py", "node_modules/x.py", "env/x.py", "link.py", "out/x.py"]
    outside = tmp_path / "outside"
    (tmp_path / "tree").mkdir()
    outside.mkdir()
    (outside / "x.py").write_text(good)
    for name in names[:4]:
        (tmp_path / "tree" / name).parent.mkdir()
        (tmp_path / "tree" / name).write_text(good)
    (tmp_path / "tree/env/pyvenv.cfg").write_text("")
    (tmp_path / "tree/link.py").symlink_to(outside / "x.py")
    (tmp_path / "tree/out").symlink_to(outside)
    scanned = found(
        tmp_path / "tree",
        a="def (",
        b="x\0y",
        c="(" * 500 + ")" * 500,
        d="-" * 3000 + "1",
        e="x = '\\d'",
        f="#" * (1 << 20) + "#",
        g="a" + ".a" * 50_000,
    )
    assert scanned.reads == ()
    passed = {Path(file).name: why for file, why in scanned.passed_over}
    assert {"a.py", "b.py", "c.py", "f.py"} <= set(passed) <= {"a.py", "b.py", "c.py", "d.py", "f.py", "g.py"}
    assert "line 1" in passed["a.py"]


def test_a_program_is_never_run(tmp_path):
    mark = tmp_path / "ran"
    found(tmp_path, app=f"open({str(mark)!r}, 'w')\nfrom synfinance_settings import settings\nsettings.debug")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("line", "many"),
    [("a{0} = b{0} = a{1}\n", 3000), ("def f{0}(x):\n    return f{1}(x)\nf{0}(settings.server)\n", 1500)],
)
def test_a_long_chain_of_names_ends_in_time_and_is_told(tmp_path, line, many):
    text = "".join(line.format(number, number + 1) for number in range(many))
    scanned = found(tmp_path, app=f"from synfinance_settings import settings\n{text}")
    assert (scanned.files, ["in part" in why for _, why in scanned.passed_over]) == (1, [True])


def test_a_tree_without_end_is_cut_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr("synfinance_settings.reads.program.MOST_FILES", 2)
    scanned = found(tmp_path, a="", b="", c="", d="")
    assert (scanned.files, len(scanned.passed_over)) == (2, 1)
    assert MOST_FILES > 1000


def test_the_command_tells_what_is_dead(sample, monkeypatch):
    monkeypatch.chdir(sample.root)
    result = sample.command("reads", "bank", "--dead", COLUMNS="80")
    assert result.exit_code == 0
    assert "  cache.db\n" in result.stdout
    assert "server.host" not in result.stdout
    assert "bank/web.py:23" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    wide = sample.command("reads", "bank", COLUMNS="120")
    assert "  server.host              bank/web.py:10\n" in wide.stdout
    assert max(map(len, wide.stdout.splitlines())) <= 120


def test_the_command_ends_with_1_where_something_is_dead_or_unknown(project, monkeypatch):
    monkeypatch.chdir(project.root)
    project.write("app.py", "from synfinance_settings import settings\nsettings[key]\n")
    assert project.command("reads", "app.py", "--strict").exit_code == 0
    project.write("app.py", "from synfinance_settings import settings\nsettings[key]\nsettings.server.prt\n")
    result = project.command("reads", "app.py", "--strict")
    assert (result.exit_code, "server.prt; did you mean server.port?" in result.stdout) == (1, True)
    project.write("app.py", "")
    assert project.command("reads", "app.py", "--strict").exit_code == 1
    assert project.command("reads", "app.py").exit_code == 0


def test_the_command_ends_with_2_where_there_is_nothing_to_read(project, monkeypatch):
    monkeypatch.chdir(project.root)
    assert project.command("reads", "missing").exit_code == 2
    assert project.command("reads", "settings").exit_code == 2
    project.write("app.py", "")
    assert project.command("reads", "app.py", "--record", "missing.json").exit_code == 2
    project.write("r.json", "{}")
    result = project.command("reads", "app.py", "--record", "r.json")
    assert (result.exit_code, "pytest --settings-reads FILE" in result.stderr) == (2, True)


def test_the_command_speaks_json(sample, monkeypatch):
    monkeypatch.chdir(sample.root)
    recorded(sample)
    data = json.loads(sample.command("reads", "bank", "--record", "reads.json", "--format", "json").stdout)
    assert data["settings"]["server.host"] == {
        "state": "read",
        "reads": [{"place": "bank/web.py:10", "how": "name"}],
        "perhaps": [],
        "rules": [],
        "tests": ["checks.py:13"],
    }
    assert data["recorded"] == [{"place": "bank/web.py:23", "read": ["server.max_request_size"]}]
    dead = json.loads(sample.command("reads", "bank", "--dead", "--format", "json").stdout)
    assert set(DEAD) <= set(dead["settings"])
    assert not {"server.host", "server.port"} & set(dead["settings"])


def test_explain_says_who_reads_a_setting(sample, monkeypatch):
    monkeypatch.chdir(sample.root)
    recorded(sample)

    def told(*arguments):
        result = sample.command("explain", *arguments)
        return [line.split(maxsplit=2)[2] for line in result.stdout.splitlines() if line.startswith("  read in")]

    assert told("server.host") == []
    assert told("server.host", "--reads", "bank") == ["bank/web.py:10"]
    assert told("cache.db", "--reads", "bank") == ["nothing"]
    assert told("server.max_request_size", "--reads", "reads.json") == ["bank/web.py:23"]
    assert told("debug", "--reads", "bank", "--reads", "reads.json") == [
        "read only by a rule: rule debug-in-production"
    ]
    data = json.loads(sample.command("explain", "server.host", "--reads", "bank", "--format", "json").stdout)
    assert data["reads"]["reads"] == [{"place": "bank/web.py:10", "how": "name"}]
