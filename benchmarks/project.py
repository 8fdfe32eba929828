"""The trial project that everything is measured on: four layer files, a `.env`, 15 variables.

It is drawn from the models, so that a new setting is measured too. Every value has the YAML type of its field, since
the peers know types where the package reads text; and no list is given twice, since dynaconf as usual joins lists where
the others replace them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

ENVIRONMENT: Final = "staging"
LAYERS: Final = ("default.yaml", f"{ENVIRONMENT}.yaml", "default.local.yaml", f"{ENVIRONMENT}.local.yaml")
"""The layer files, lowest first."""

LOCAL: Final = {
    "default.local.yaml": """\
# A developer's own.
server:
  max_request_size: 20971520
generation:
  parallel: false
""",
    f"{ENVIRONMENT}.local.yaml": """\
cache:
  max_size: 50000
monitoring:
  grafana_port: 3001
""",
}

FIRST_PORT: Final = 9000

OVERLAY: Final = """\
# The trial environment: what differs from the default layer.
environment: staging

server:
  port: {port}
  workers: {workers}
  timeout: {timeout}
  log_level: WARNING
  cors_origins: [https://app.synfinance.example, https://admin.synfinance.example]

database:
  host: db.internal
  user: synfinance
  password: ${{SYNFINANCE_DB_PASSWORD}}  # a variable gives it, so that this reference is never looked at
  pool_size: 20
  max_overflow: 40
  ssl_mode: require

cache:
  backend: redis
  host: redis.internal
  max_size: 100000

generation:
  num_customers: 100000
  num_transactions: 1000000
  batch_size: 10000

ml:
  batch_size: 1000
  num_threads: 8
  feature_engineering:
    total_features: 96

monitoring:
  retention_days: 90
  alert_webhook: https://alerts.synfinance.example/hook

security:
  jwt_expiry: 1800
  rate_limit_requests: 1000
  allowed_hosts: [app.synfinance.example, api.synfinance.example]
"""

DOTENV: Final = """\
# A developer's own values.
SYNFINANCE_CACHE__TTL=7200
SYNFINANCE_CACHE__PASSWORD='not a real one'
SYNFINANCE_ML__FRAUD_THRESHOLD=0.6  # between the two that were tried
export SYNFINANCE_MONITORING__EXPORT_INTERVAL=30
SYNFINANCE_DATABASE__ECHO="false"
OTHER_TOOL=untouched
"""

VARIABLES: Final = {
    "SYNFINANCE_DEBUG": "false",
    "SYNFINANCE_APP_NAME": "Trial",
    "SYNFINANCE_SERVER__HOST": "127.0.0.1",
    "SYNFINANCE_SERVER__MAX_REQUEST_SIZE": "2097152",
    "SYNFINANCE_DATABASE__PASSWORD": "correct horse battery staple",
    "SYNFINANCE_DATABASE__POOL_TIMEOUT": "15",
    "SYNFINANCE_DATABASE__RETRY_ATTEMPTS": "5",
    "SYNFINANCE_CACHE__DB": "3",
    "SYNFINANCE_GENERATION__FRAUD_RATE": "0.03",
    "SYNFINANCE_GENERATION__SEED": "42",
    "SYNFINANCE_ML__ENABLE_GPU": "true",
    "SYNFINANCE_ML__FEATURE_ENGINEERING__ENABLED": "false",
    "SYNFINANCE_MONITORING__RETENTION_DAYS": "60",
    "SYNFINANCE_SECURITY__JWT_SECRET": "a text of more than thirty-two bytes",
    "SYNFINANCE_SECURITY__JWT_ENABLED": "true",
}


TYPED: Final[dict[str, type]] = {
    "CACHE__TTL": int,
    "CACHE__PASSWORD": str,
    "ML__FRAUD_THRESHOLD": float,
    "MONITORING__EXPORT_INTERVAL": int,
    "DATABASE__ECHO": bool,
    "DEBUG": bool,
    "APP_NAME": str,
    "SERVER__HOST": str,
    "SERVER__MAX_REQUEST_SIZE": int,
    "DATABASE__PASSWORD": str,
    "DATABASE__POOL_TIMEOUT": int,
    "DATABASE__RETRY_ATTEMPTS": int,
    "CACHE__DB": int,
    "GENERATION__FRAUD_RATE": float,
    "GENERATION__SEED": int,
    "ML__ENABLE_GPU": bool,
    "ML__FEATURE_ENGINEERING__ENABLED": bool,
    "MONITORING__RETENTION_DAYS": int,
    "SECURITY__JWT_SECRET": str,
    "SECURITY__JWT_ENABLED": bool,
}
"""The variables of `.env` and of the process by their types, for what reads variables alone."""


def environment() -> dict[str, str]:
    """The variables of this process with those of the trial in place of its own settings."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("SYNFINANCE_")}
    return {**others, **VARIABLES, "SYNFINANCE_ENV": ENVIRONMENT, "PYTHONPATH": str(Path(__file__).parent)}


def write_trial(root: Path) -> None:
    """Write the project into `root`."""
    import yaml

    from synfinance_settings import AppConfig

    values: dict[str, Any] = AppConfig().model_dump(mode="json", exclude={"environment"})
    for section, name in (("server", "cors_origins"), ("security", "allowed_hosts")):
        del values[section][name]
    settings = root / "settings"
    settings.mkdir(parents=True)
    (settings / "default.yaml").write_text(f"# Nearly every setting.\n{yaml.safe_dump(values, sort_keys=False)}")
    for name, text in LOCAL.items():
        (settings / name).write_text(text)
    (root / ".env").write_text(DOTENV)
    (settings / f"{ENVIRONMENT}.yaml").write_text(overlay(0))


def overlay(number: int) -> str:
    """The text of the environment's layer, another one for each number.

    `workers` and `timeout` always change together, so that a reader can tell a mixture.
    """
    workers = 1 + number % 32
    return OVERLAY.format(port=FIRST_PORT + number, workers=workers, timeout=workers * 10)


class Trial:
    """The project in `root`, and how its environment's layer is edited."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.overlay = root / "settings" / f"{ENVIRONMENT}.yaml"
        self._edits = 0

    def edit(self) -> Edit:
        """Prepare another text of the environment's layer, outside the project; calling it renames it into place."""
        self._edits += 1
        number = self._edits % 10_000
        written = self.root.with_name(f"{self.root.name}.edited")
        written.write_text(overlay(number))
        return Edit(written, self.overlay, FIRST_PORT + number)


class Edit:
    """A prepared change: calling it is one rename."""

    def __init__(self, written: Path, target: Path, port: int) -> None:
        self.port = port
        self._written = written
        self._target = target

    def __call__(self) -> None:
        self._written.replace(self._target)


if __name__ == "__main__":
    write_trial(Path(sys.argv[1]))
