"""Layer files as people write them, and readers of them that owe nothing to the package."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

import yaml

from synfinance_settings.sections.application import SYNFINANCE

UNIFORM = """\
# yaml-language-server: $schema=schema.json
server:
  port: 8001
  workers: 2
  log_level: INFO
  cors_origins: [https://a.example, https://b.example]

generation:
  num_customers: 100
  seed: 42

ml:
  model_path: models/
  feature_engineering:
    total_features: 12
"""

HAND_FORMATTED = """\
# port: 1111 was the port once
app_name:    "Syn \\"Finance\\""   # the name; never 'SynFinance: 2'

server:                  # server: of the API

  # port: the one that the firewall knows
  port:   8001           # not 8000: # taken

  timeout: '60'
      # an odd comment
# a comment at the left
  workers: 2 #not a comment in other tools

# --- generation ---
generation:
    seed:      # drawn by lot
    num_customers: 100     # num_customers: 200
    start_date: 2024-01-01

# the end: {port: 1}
"""

ANCHORS = """\
server:
  port: &port 8001
  workers: &workers 2
  host: &host "0.0.0.0"
  timeout: &unused 60
database:
  pool_size: *workers
  host: *host
generation: &generation
  seed: 42
ml:
  num_threads: *workers
monitoring:
  retention_days: &days
    30
  prometheus_port: &other 9091
security:
  allowed_hosts: &hosts [a.example]
  jwt_expiry: &later !!str 3600
"""

SHARED_LISTS = """\
server:
  cors_origins: &all
    - https://a.example
    - &b https://b.example
security:
  allowed_hosts: *all
  api_keys: [*b]
"""

FLOW = """\
{server: {port: 8001, cors_origins: [a, "b, c"], host: 'it''s'},
 generation: {seed: , parallel: true},   # a comment
 ml: {}, "debug": false}
"""

FLOW_OVER_LINES = """\
server: {
  port: 8001,      # the port
  # none: of these
  workers: 2,
}
security:
  allowed_hosts: [
    a.example,     # first
    'b.example',
  ]
  ssl_enabled: false
ml: {feature_engineering: {total_features: 3,
     enabled: true}}
"""

BLOCK_SCALARS = """\
app_name: |
  Syn: Finance
    # no comment

  the end
version: >-
  1.0
  .0
server:
  host: |+
    kept

  port: 8001
ml:
  model_path: |2-
     indented
# after
"""

QUOTED_OVER_LINES = """\
app_name: "Syn
  Finance,

  once \\
  more"
version: 'a ''b''
  c'
server:
  host: plain
    text # over: two
  port:
    8001
  log_level:   # on the next line

    "INFO"
"""

FOUR_SPACES = """\
server:
    port: 8001
    cors_origins:
        - https://a.example
        - https://b.example
ml:
    feature_engineering:
        enabled: true
"""

LISTS = """\
server:
  cors_origins:
  - https://a.example   # the shop
  # between
  - "https://b.example"

  -   https://c.example
  port: 8001
security:
  allowed_hosts:
      - a.example
      -
        b.example
      - |
        c.example
  api_keys:
  - ${A}
  - ~
"""

ODD_SPACING = """\
server :
  port : 8001
  host:\t"0.0.0.0"\t# a tab
  "workers":   2\t
  'timeout' : 60
  ? log_level
  : INFO
generation:
         seed: 42
         parallel: true
"""

EMPTIES = """\
server:
database: {}
cache: ~   # nothing
generation: {
}
ml: # nothing yet
  # but soon
monitoring:
  alert_webhook:
  metrics_file: ""
  retention_days: !!str
  export_interval: &later
  grafana_port: null # none
security: null
"""

UNICODE = """\
app_name: "नमस्ते 🎉"   # ₹ 🚀
server:
  host: größe   # ß: ü
  port: 8001
"""

MARKED = """\
%YAML 1.1
# before
---
server:
  port: 8001
...
# after
"""

INDENTED_ROOT = """\
  server:
    port: 8001
  debug: no
"""

JSON_PRETTY = """\
{
  "app_name": "Syn \\"Finance\\": {}",
  "server": {
    "port": 8001,
    "host" : "\\u00e9, 1",
    "cors_origins": [
      "https://a.example",
      "https://b.example"
    ]
  },
  "generation": {},
  "ml": null,
  "debug": false
}
"""

JSON_COMPACT = '{"server":{"port":8001,"timeout":"60","cors_origins":["a",null]},"generation":{"seed":null}}'

CORPUS: dict[str, str] = {
    "uniform.yaml": UNIFORM,
    "hand-formatted.yaml": HAND_FORMATTED,
    "anchors.yaml": ANCHORS,
    "shared-lists.yaml": SHARED_LISTS,
    "flow.yaml": FLOW,
    "flow-over-lines.yaml": FLOW_OVER_LINES,
    "block-scalars.yaml": BLOCK_SCALARS,
    "quoted-over-lines.yaml": QUOTED_OVER_LINES,
    "four-spaces.yaml": FOUR_SPACES,
    "lists.yaml": LISTS,
    "odd-spacing.yaml": ODD_SPACING,
    "empties.yaml": EMPTIES,
    "unicode.yaml": UNICODE,
    "marked.yaml": MARKED,
    "marked-on-one-line.yaml": "--- {server: {port: 8001}} # all\n",
    "marked-with-a-comment.yaml": "--- # first\nserver: {port: 8001}\n",
    "indented-root.yaml": INDENTED_ROOT,
    "mixed-line-ends.yaml": "server:\r\n  port: 8001\n  workers: 2\r\ndebug: no\n",
    "crlf.yaml": HAND_FORMATTED.replace("\n", "\r\n"),
    "crlf-lists.yaml": LISTS.replace("\n", "\r\n"),
    "crlf-block-scalars.yaml": BLOCK_SCALARS.replace("\n", "\r\n"),
    "bom.yaml": "\ufeff" + UNIFORM,
    "bom-crlf.yaml": "\ufeff" + UNIFORM.replace("\n", "\r\n"),
    "no-final-newline.yaml": "server:\n  port: 8001\n  timeout: 60",
    "no-final-value.yaml": "server:\n  port: 8001\ngeneration:\n  seed:",
    "no-final-comment.yaml": "server:\n  port: 8001 # end",
    "no-final-block.yaml": "server:\n  port: 8001\napp_name: |\n  a\n  b",
    "comments-only.yaml": "# yaml-language-server: $schema=schema.json\n\n# server: {port: 1}\n",
    "comment-without-newline.yaml": "# nothing",
    "empty.yaml": "",
    "newlines.yaml": "\n\n",
    "mark-only.yaml": "---\n# nothing\n",
    "braces.yaml": "# head\n{}   # tail\n# foot\n",
    "braces-without-newline.yaml": "{}",
    "null.yaml": "~\n",
    "pretty.json": JSON_PRETTY,
    "compact.json": JSON_COMPACT,
    "tabs.json": JSON_PRETTY.replace("  ", "\t"),
    "crlf.json": JSON_PRETTY.replace("\n", "\r\n"),
    "bom.json": "\ufeff" + JSON_PRETTY,
    "braces.json": "{}\n",
    "empty.json": "",
}

ODD_BREAKS: dict[str, str] = {
    "line-separators.yaml": "app_name: a # b\u2028server: {port: 8001}\u2028debug: no\n",
    "next-lines.yaml": UNIFORM.replace("\n", "\x85"),
    "carriage-returns.yaml": UNIFORM.replace("\n", "\r"),
}
"""Lines that end as only YAML knows; what is no line to an editor may be refused."""


class TextLoader(yaml.CSafeLoader):
    """The safe loader, taking nothing but null for anything but text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith(":null")]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


for form in ("bool", "int", "float"):
    TextLoader.add_constructor(f"tag:yaml.org,2002:{form}", TextLoader.construct_yaml_str)

SECTIONS = {key.rpartition(".")[2] for key in SYNFINANCE.catalogue.sections}


def said(name: str, text: str) -> dict[str, Any]:
    """What a layer file says as plain data; a section that says nothing is not there."""
    text = text.removeprefix("\ufeff")
    if not name.endswith(".json"):
        return _without_empty(yaml.load(text, Loader=TextLoader) or {})
    found = json.loads(text, parse_int=str, parse_float=str) if text.strip() else {}
    return _without_empty(_spelled(found))


def _spelled(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _spelled(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_spelled(value) for value in data]
    return str(data).lower() if isinstance(data, bool) else data


def _without_empty(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    kept = {key: _without_empty(value) for key, value in data.items()}
    return {key: value for key, value in kept.items() if not (key in SECTIONS and value in (None, {}))}


def changed(data: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """`data` with `key` saying `value`; without it where that is ``...``."""
    *path, name = key.split(".")
    whole = dict(data)
    inside = whole
    for part in path:
        inside[part] = dict(inside.get(part, {}))
        inside = inside[part]
    if value is ...:
        inside.pop(name, None)
    else:
        inside[name] = value
    return _without_empty(whole)


def altered(name: str, before: str, after: str) -> tuple[range, int]:
    """The lines of `before`, from 0, that are not in `after`, and how many stand there instead."""
    breaks = "\r?\n" if name.endswith(".json") else "\r\n|[\n\r\x85\u2028\u2029]"
    old, new = re.split(breaks, before), re.split(breaks, after)
    old, new = (lines if lines[-1] else lines[:-1] for lines in (old, new))
    first = _alike(old, new)
    last = _alike(old[first:][::-1], new[first:][::-1])
    return range(first, len(old) - last), len(new) - last - first


def _alike(some: list[str], others: list[str]) -> int:
    """How many items two lists begin with alike."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(some), len(others)))


def lines_of(text: str, key: str) -> tuple[range, bool, int]:
    """The lines that an edit of `key` may touch, whether a block list stands there, and how many levels of `key` are
    missing.

    These are the lines of the key where it is there, and else those of a flow collection or an empty section around it.
    """
    value = yaml.compose(text.removeprefix("\ufeff"), Loader=yaml.CSafeLoader)
    first, path = None, key.split(".")
    while path and isinstance(value, yaml.MappingNode):
        found = {name.value: (name, inner) for name, inner in value.value}.get(path[0])
        if found is None:
            break
        first, value = found[0].start_mark.line, found[1]
        path = path[1:]
    if value is None or (path and isinstance(value, yaml.MappingNode) and not value.flow_style):
        return range(0), False, len(path)
    start = value.start_mark.line if first is None else first
    end = _last_line(value)
    is_block_list = isinstance(value, yaml.SequenceNode) and not value.flow_style
    return range(start, max(start, end) + 1), is_block_list, len(path)


def _last_line(node: yaml.Node) -> int:
    inner = node.value
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        return _last_line(inner[-1][1] if isinstance(node, yaml.MappingNode) else inner[-1])
    return node.end_mark.line - (node.end_mark.column == 0 and bool(inner))
