"""A layer file with the names of today in the place of old ones: comments, order and values stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from layer_corpus import CORPUS, ODD_BREAKS, SECTIONS, said
from pydantic import create_model
from pydantic.fields import FieldInfo

from synfinance_settings import AppConfig, Application, Section, SettingsError
from synfinance_settings.editing.renames import with_new_names
from synfinance_settings.errors import EditError
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

INSIDE = {
    "app_name": "title",
    "version": "release",
    "debug": "verbose",
    "server.port": "server.listen",
    "server.host": "server.address",
    "server.workers": "server.processes",
    "server.timeout": "server.patience",
    "server.log_level": "server.verbosity",
    "server.cors_origins": "server.origins",
    "database.pool_size": "database.pool",
    "database.host": "database.address",
    "generation.seed": "generation.start",
    "generation.num_customers": "generation.customers",
    "ml.model_path": "ml.path",
    "security.allowed_hosts": "security.hosts",
}
BETWEEN = {
    "app_name": "server.title",
    "debug": "monitoring.debug",
    "server.port": "database.listen",
    "server.host": "host",
    "server.workers": "ml.processes",
    "server.timeout": "network.patience",
    "server.cors_origins": "security.cors_origins",
    "security.allowed_hosts": "server.hosts",
    "security.api_keys": "network.keys",
    "generation.seed": "ml.feature_engineering.seed",
    "generation.parallel": "parallel",
    "ml.model_path": "server.models",
    "ml.feature_engineering.total_features": "ml.total",
    "monitoring.retention_days": "cache.days",
    "monitoring.metrics_file": "network.metrics.file",
}
assert len(INSIDE) + len(BETWEEN) == 30


def catalogue_with(renames: Mapping[str, str]) -> Catalogue:
    """SynFinance's settings under other names, each with the one that it had."""
    tree: dict[str, Any] = {}
    for key in SETTINGS:
        *path, name = renames.get(key, key).split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[name] = (key, _field(key))
    for section in ("network", "cache"):
        tree.setdefault(section, {})
    made = Application(_section("Renamed", tree, renames), prefix="RENAMED_")
    return made.catalogue


def _field(key: str) -> FieldInfo:
    *path, name = key.split(".")
    model: Any = AppConfig
    for part in path:
        model = model.model_fields[part].annotation
    return model.model_fields[name]


def _section(title: str, tree: Mapping[str, Any], renames: Mapping[str, str]) -> type[Section]:
    fields: dict[str, Any] = {}
    for name, inner in tree.items():
        if isinstance(inner, dict):
            section = _section(name.title().replace("_", ""), inner, renames)
            fields[name] = (section, section())
        else:
            key, known = inner
            extra = {**(known.json_schema_extra or {}), **({"was": [key]} if key in renames else {})}
            changed = FieldInfo.merge_field_infos(known, json_schema_extra=extra)
            fields[name] = (known.annotation, changed)
    return create_model(title, __base__=Section, __doc__="Settings.", **fields)


CATALOGUES = {"inside": (INSIDE, catalogue_with(INSIDE)), "between": (BETWEEN, catalogue_with(BETWEEN))}


def leaves(name: str, text: str, renames: Mapping[str, str]) -> dict[str, Any]:
    """What a text says by its keys, those of today."""

    def walk(data: Any, key: str):
        if isinstance(data, dict):
            for part, value in data.items():
                yield from walk(value, f"{key}.{part}" if key else part)
        elif data is not None or key.rpartition(".")[2] not in (*SECTIONS, "network", "metrics", ""):
            yield renames.get(key, key), data

    return dict(walk(said(name, text), ""))


def comments(text: str) -> Counter[str]:
    """The comments of a YAML text, as PyYAML passes over them."""
    covered: set[int] = set()
    for token in yaml.scan(text.removeprefix("\ufeff"), Loader=yaml.CSafeLoader):
        covered.update(range(token.start_mark.index, token.end_mark.index))
    body, found, at = text.removeprefix("\ufeff"), [], 0
    while at < len(body):
        if body[at] == "#" and at not in covered:
            end = min((body.find(mark, at) for mark in "\r\n" if body.find(mark, at) >= 0), default=len(body))
            found.append(body[at:end].strip())
            at = end
        at += 1
    return Counter(found)


BY_HAND = {
    ("between", "anchors.yaml"): "an anchor would stand behind its alias",
    ("between", "shared-lists.yaml"): "an anchor would stand behind its alias",
}


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("kind", CATALOGUES)
def test_all_says_the_same_by_its_new_names_with_every_comment_and_a_second_time_changes_nothing(kind, name):
    renames, catalogue = CATALOGUES[kind]
    before = CORPUS[name]
    if (kind, name) in BY_HAND:
        with pytest.raises(EditError, match="by hand"):
            with_new_names(catalogue, before, name)
        return
    after = with_new_names(catalogue, before, name)
    assert leaves(name, after, {}) == leaves(name, before, renames)
    if not name.endswith(".json"):
        assert comments(after) == comments(before)
    assert with_new_names(catalogue, after, name) == after
    assert ("\r\n" in after) == ("\r\n" in before)
    assert after.startswith("\ufeff") == before.startswith("\ufeff")


@pytest.mark.parametrize("name", CORPUS)
def test_inside_a_section_nothing_but_the_key_changes(name):
    renames, catalogue = CATALOGUES["inside"]
    before = CORPUS[name]
    after = with_new_names(catalogue, before, name)
    names = {old.rpartition(".")[2]: new.rpartition(".")[2] for old, new in renames.items()}
    old, new = before.splitlines(), after.splitlines()
    assert len(old) == len(new)
    for was, now in zip(old, new, strict=True):
        if was != now:
            assert any(now == was.replace(one, other, 1) for one, other in names.items()) or "{" in was


@pytest.mark.parametrize("name", ODD_BREAKS)
@pytest.mark.parametrize("kind", CATALOGUES)
def test_lines_that_only_yaml_knows_are_renamed_whole_or_refused(kind, name):
    renames, catalogue = CATALOGUES[kind]
    try:
        after = with_new_names(catalogue, ODD_BREAKS[name], name)
    except SettingsError:
        return
    assert leaves(name, after, {}) == leaves(name, ODD_BREAKS[name], renames)


def moved(text: str, name: str = "dev.yaml") -> str:
    return with_new_names(CATALOGUES["between"][1], text, name)


def test_a_setting_takes_its_comments_to_another_section():
    before = """\
# of the service
server:
  # how many
  # processes there are
  workers: 2   # two suffice
  log_level: INFO

ml:
    num_threads: 4
"""
    after = """\
# of the service
server:
  log_level: INFO

ml:
    # how many
    # processes there are
    processes: 2   # two suffice
    num_threads: 4
"""
    assert moved(before) == after


def test_a_list_and_a_block_go_with_all_their_lines():
    before = "server:\n  cors_origins:\n  - https://a.example   # the shop\n  # between\n  - b\n  port: 1\n"
    after = moved(before.replace("  port: 1\n", "  log_level: INFO\n"))
    assert "security:\n  cors_origins:\n  - https://a.example   # the shop\n  # between\n  - b\n" in after
    after = moved("ml:\n  model_path: |\n    a\n     b\n\n  num_threads: 1\nserver:\n    log_level: INFO\n")
    assert "    models: |\n      a\n       b\n" in after


def test_both_names_that_say_the_same_become_one_and_those_that_differ_are_refused():
    assert moved("debug: yes\nmonitoring:\n  debug: yes # new\n") == "monitoring:\n  debug: yes # new\n"
    with pytest.raises(EditError) as caught:
        moved("monitoring: {debug: no}\ndebug: yes\n")
    assert str(caught.value.problems[0].origin) == "dev.yaml:2:1"
    assert "both are given, with different values" in str(caught.value)


def test_references_are_by_names_of_today():
    text = "app_name: ${server.port:-1} $${server.port} $$${server.port} ${server.portal:-x} # ${server.port}\n"
    after = moved(text)
    assert "${database.listen:-1} $${server.port} $$${database.listen} ${server.portal:-x} # ${server.port}\n" in after


def test_json_keeps_its_layout():
    before = '{\n  "debug": true,\n  "server": {\n    "log_level": "INFO"\n  },\n  "monitoring": {"enabled": true}\n}\n'
    after = moved(before, "dev.json")
    assert '  "server": {\n    "log_level": "INFO"\n  },\n' in after
    assert leaves("dev.json", after, {})["monitoring.debug"] == "true"


def test_no_secret_of_a_file_that_is_refused_shows():
    with pytest.raises(SettingsError) as caught:
        moved("security:\n  api_keys: [hush-4711]\nnetwork: {keys: [other-4711]}\n")
    assert "4711" not in str(caught.value) + repr(caught.value)
