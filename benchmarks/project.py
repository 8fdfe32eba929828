"""The trial project that everything is measured on: two layer files, a `.env`, 15 variables.

It is drawn from the models, so that a new setting is measured too. Every value has the YAML type of its field, since
the floor and dynaconf as usual know types where the package reads text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from synfinance_settings.layers.output import layer_text, plain_values
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.keys import SETTINGS

ENVIRONMENT: Final = "staging"

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


class Trial:
    """A project folder of its own, and how its environment's layer is edited."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings_dir = root / "settings"
        self.default = self.settings_dir / "default.yaml"
        self.overlay = self.settings_dir / f"{ENVIRONMENT}.yaml"
        self.env_file = root / ".env"
        self._edits = 0
        self.settings_dir.mkdir(parents=True)
        values = plain_values(AppConfig(), "reveal", [key for key in SETTINGS if key != "environment"])
        self.default.write_text(f"# Every setting but the environment.\n{layer_text(values, 'yaml')}")
        self.env_file.write_text(DOTENV)
        self.edit()()

    def edit(self, *, beside: bool = False) -> Edit:
        """Prepare another text of the environment's layer; calling the result renames it into place, from outside
        the project, or from `beside` the layer.

        `workers` and `timeout` always change together, so that a reader can tell a mixture.
        """
        self._edits += 1
        workers = 1 + self._edits % 32
        port = 9000 + self._edits % 1000
        written = self.settings_dir / ".edited" if beside else self.root.with_name("edited")
        written.write_text(OVERLAY.format(port=port, workers=workers, timeout=workers * 10))
        return Edit(written, self.overlay, port)


class Edit:
    """A prepared change: calling it is one rename."""

    def __init__(self, written: Path, target: Path, port: int) -> None:
        self.port = port
        self._written = written
        self._target = target

    def __call__(self) -> None:
        self._written.replace(self._target)
