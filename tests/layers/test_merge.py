"""dynaconf merges the layers, and does nothing else."""

from __future__ import annotations

import json
from functools import reduce

import pytest
from dynaconf import Dynaconf, default_settings
from dynaconf.base import Settings
from dynaconf.loaders.base import SourceMetadata
from dynaconf.utils import object_merge
from hypothesis import given, settings
from hypothesis import strategies as st

from synfinance_settings.layers.merge import ROOT, LayerLoader, merge, merged
from synfinance_settings.layers.snapshot import trail
from synfinance_settings.text.node import Node, Source

OPTIONS = sorted(
    {
        *(name for name in vars(default_settings) if name.endswith("_FOR_DYNACONF")),
        *(f"{name}_FOR_DYNACONF" for name in ("SETTINGS_FILE", "SETTINGS_MODULE", "INCLUDES", "PRELOAD", "REDIS_PORT")),
        *("SETTINGS_MODULE", "PROJECT_ROOT", "DYNACONF_SETTINGS", "DYNACONF_ALWAYS_FRESH_VARS", "DYNACONF_NAMESPACE"),
    }
)
DUMP = "from synfinance_settings import settings; print(settings.model_dump_json())"

NAMES = st.sampled_from(["a", "b", "a__b", "items", "keys", "copy"])
LEAVES = st.builds(lambda value: Node(value, Source("x")), st.one_of(st.text(max_size=3), st.none(), st.just([])))


@st.composite
def shapes(draw, depth=2):
    """A fixed shape, as the sections have one: a name is a section in every layer, or a setting in every layer."""
    return {name: draw(shapes(depth - 1)) if depth and draw(st.booleans()) else None for name in draw(st.sets(NAMES))}


@st.composite
def branches(draw, shape):
    kept = [name for name in shape if draw(st.booleans())]
    return {name: draw(branches(shape[name])) if shape[name] is not None else draw(LEAVES) for name in kept}


LAYERS = shapes().flatmap(lambda shape: st.lists(branches(shape), max_size=4))


def merged_by_hand(low, high):
    """The law: sections key by key, everything else as a whole."""
    both = {name: merged_by_hand(low[name], high[name]) for name in low.keys() & high.keys() if type(low[name]) is dict}
    return {**low, **high, **both}


@settings(max_examples=200)
@given(LAYERS)
def test_sections_merge_key_by_key_and_all_else_is_replaced(layers):
    expected = {}
    for layer in layers:
        expected = merged_by_hand(expected, layer)
    assert merge((str(number), layer) for number, layer in enumerate(layers)) == expected


@settings(max_examples=100)
@given(LAYERS)
def test_what_is_merged_section_by_section_is_what_dynaconf_makes_of_the_whole(layers):
    """In the same order, too."""
    whole = reduce(object_merge, (copied(layer) for layer in layers), {})
    merged = merge((str(number), layer) for number, layer in enumerate(layers))
    assert list(leaves(merged)) == list(leaves(whole))


def copied(branch):
    return {name: copied(value) if isinstance(value, dict) else value for name, value in branch.items()}


@settings(max_examples=100)
@given(LAYERS)
def test_the_winner_in_the_raw_layers_is_the_one_that_was_merged(layers):
    named = tuple((str(number), layer) for number, layer in enumerate(layers))
    merged = merge(named)
    for key, node in leaves(merged):
        assert next(trail(named, key)) is node


def leaves(branch, prefix=""):
    for name, value in branch.items():
        yield from leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]


def test_merging_leaves_the_layers_as_they_were():
    node = Node("1", Source("x"))
    low, high = {"server": {"port": node}}, {"server": {"host": node}}
    merge([("low", low), ("high", high)])
    assert (low, high) == ({"server": {"port": node}}, {"server": {"host": node}})


class OwnLoader:
    """A loader as somebody writes one for dynaconf: it looks at what is there, and sets one value by its path."""

    def __init__(self, key, value):
        self.key, self.value, self.calls, self.was_there = key, value, [], None

    def load(self, obj, env, silent=True, key=None):
        self.calls.append((obj, env, silent, key))
        self.was_there = obj.get(ROOT)
        section, name = self.key.split(".")
        source = SourceMetadata("own", "somewhere", env)
        obj.update({ROOT: {section: {name: self.value}}}, loader_identifier=source, merge=True)


PORT, HOST, OWN = (Node(text, Source(text)) for text in ("8001", "h", "own"))
LOW = LayerLoader("low", {"server": {"port": PORT, "host": HOST}})


def test_a_loader_written_for_dynaconf_is_a_layer_among_the_others():
    own = OwnLoader("server.port", OWN)
    assert merged([LOW, own]) == {"server": {"port": OWN, "host": HOST}}
    assert merged([own, LOW]) == {"server": {"port": PORT, "host": HOST}}


def test_a_loader_is_called_as_dynaconf_calls_it_with_what_the_layers_below_it_gave():
    own = OwnLoader("server.port", OWN)
    merged([LOW, own], "staging")
    ((obj, *arguments),) = own.calls
    assert isinstance(obj, Settings)
    assert arguments == ["staging", False, None]
    assert own.was_there == LOW.branch
    assert [source.identifier for source in obj.loaded_by_loaders] == ["low", "somewhere"]


def test_each_merge_has_a_dynaconf_object_of_its_own_that_sees_no_variable():
    own = OwnLoader("server.port", OWN)
    merged([own])
    merged([own])
    (first, second) = (obj for obj, *_ in own.calls)
    assert first is not second
    assert own.was_there is None
    assert not first.environ


def test_a_loader_that_fails_fails_the_merge():
    """dynaconf as usual is silent on it, and the lower layers' values hold."""

    class Broken:
        def load(self, obj, env, silent=True, key=None):
            if not silent:
                raise ConnectionError("no server")

    with pytest.raises(ConnectionError, match="no server"):
        merged([LOW, Broken()])


def test_a_load_runs_the_loader_of_each_layer_and_takes_what_dynaconf_then_has(project, monkeypatch):
    project.layer("default", "server: {port: 8001, workers: 2}")
    project.layer("development", "server: {port: 8002}")
    calls, load = [], LayerLoader.load

    def listen(self, obj, env, silent=True, key=None):
        load(self, obj, env, silent, key)
        calls.append((self.name, obj, env, silent, key))
        if self.name == "environment":
            OwnLoader("server.port", Node("9009", Source("own"))).load(obj, env)

    monkeypatch.setattr(LayerLoader, "load", listen)
    manager = project.manager(SYNFINANCE_SERVER__TIMEOUT="5")
    assert manager.load_config().server.model_dump(include={"port", "workers", "timeout"}) == {
        "port": 9009,
        "workers": 2,
        "timeout": 5,
    }
    names, objects, *arguments = zip(*calls, strict=True)
    assert names == ("decided environment", "default", "environment", "process environment")
    assert len(set(map(id, objects))) == 1
    assert isinstance(objects[0], Settings)
    assert list(zip(*arguments, strict=True)) == [("development", False, None)] * 4


def test_a_layer_loads_into_any_dynaconf_object():
    obj = Dynaconf(core_loaders=[], loaders=[], dotted_lookup=False)
    for loader in (LOW, LayerLoader("high", {"server": {"port": OWN}})):
        loader.load(obj, "production", silent=False, key=None)
    assert obj[ROOT] == {"server": {"port": OWN, "host": HOST}}
    assert SourceMetadata("synfinance_settings", "high", "production", merged=True) in obj.loaded_by_loaders


@pytest.mark.parametrize("value", ["x", "@int x", "@jinja {{ 1 }}", "@none", "true", "settings/default.yaml"])
def test_no_option_of_dynaconf_changes_anything(project, value):
    """Every option that dynaconf knows, all at once, in a process that imports dynaconf under them."""
    project.layer("default", "server: {port: 8001, cors_origins: [http://a]}\n")
    project.layer("development", "server: {cors_origins: [http://b]}\n")
    plain = project.python(DUMP)
    run = project.python(DUMP, **dict.fromkeys(OPTIONS, value))
    assert (run.stdout, run.stderr, run.returncode) == (plain.stdout, "", 0)
    assert json.loads(run.stdout)["server"]["cors_origins"] == ["http://b"]


def test_variables_of_dynaconf_change_nothing(project):
    run = project.python(
        DUMP,
        DYNACONF_SERVER__HOST="x",
        DYNACONF_SERVER="@json {}",
        SERVER__HOST="x",
        REDIS_PORT_FOR_DYNACONF="abc",
        ENV_FOR_DYNACONF="production",
        ENVVAR_PREFIX_FOR_DYNACONF="DYNACONF",
    )
    assert (json.loads(run.stdout)["server"]["host"], run.stderr) == ("0.0.0.0", "")


def test_loading_leaves_the_environment_as_it_was(project):
    project.write(".env", "SYNFINANCE_SERVER__PORT=9000\nOTHER=1\n")
    code = """if True:
        import os
        before, kind = dict(os.environ), type(os.environ)
        from synfinance_settings import settings
        assert settings.server.port == 9000
        assert dict(os.environ) == before
        assert type(os.environ) is kind
        os.environ["MERGE_ENABLED_FOR_DYNACONF"] = "later"
        assert os.getenv("MERGE_ENABLED_FOR_DYNACONF") == "later"
    """
    run = project.python(code, MERGE_ENABLED_FOR_DYNACONF="true")
    assert (run.stderr, run.returncode) == ("", 0)


@pytest.mark.parametrize("name", ["dynaconf_hooks.py", "settings/dynaconf_hooks.py", "settings/default.py"])
def test_no_python_file_beside_a_layer_is_run(project, name):
    project.write(name, "open('was-run', 'w')\n")
    run = project.python(DUMP)
    assert (run.stderr, run.returncode) == ("", 0)
    assert not list(project.root.rglob("was-run"))


@pytest.mark.parametrize(
    "line",
    [
        "dynaconf_merge: true",
        "dynaconf_include: [other.yaml]",
        "dynaconf_merge_unique: true",
        "AUTO_CAST_FOR_DYNACONF: true",
        "LOADERS_FOR_DYNACONF: [os]",
        "server.port: 9000",
        "server__port: 9000",
        "SERVER: {port: 9000}",
        "server: {dynaconf_merge: false}",
        "server: {PORT: 9000}",
        "server: {items: 1}",
    ],
)
def test_what_dynaconf_would_obey_is_an_unknown_key(project, line):
    project.layer("default", line)
    problem = project.problem()
    assert (problem.code, problem.origin.line) == ("unknown-key", 1)


@pytest.mark.parametrize("items", [["dynaconf_merge", "b"], ["dynaconf_merge_unique"], ["@merge", "x"], ["@reset"]])
def test_what_dynaconf_would_obey_in_a_list_is_an_item(project, items):
    project.layer("default", "server: {cors_origins: [a]}")
    project.layer("development", f"server: {{cors_origins: {json.dumps(items)}}}")
    assert list(project.load().server.cors_origins) == items


@pytest.mark.parametrize(
    "text",
    ["@jinja {{ 7*7 }}", "@format {env[HOME]}", "@read_file /etc/passwd", "@int 5", "@json {}", "@none", "@merge x"],
)
def test_what_dynaconf_would_evaluate_is_text(project, text):
    project.layer("default", f"app_name: '{text}'")
    config = project.load(SYNFINANCE_DB_PASSWORD=text, HOME="/home/u")
    assert (config.app_name, config.database.password.get_secret_value()) == (text, text)
