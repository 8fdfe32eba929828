"""A tree of settings written for pydantic-settings comes over by the base of its classes, and nothing else.

Below, `BaseModel` and `BaseSettings` are what an import makes them; the classes are as public projects show theirs.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Optional

import pytest
from pydantic import BaseModel as PydanticModel
from pydantic import (
    Field,
    HttpUrl,
    PositiveInt,
    PostgresDsn,
    RedisDsn,
    SecretStr,
    computed_field,
    field_validator,
    model_validator,
)

from synfinance_settings.layers.dotenv_form import line_of
from synfinance_settings.layers.output import exported, plain_values
from synfinance_settings.layers.project import find_project
from synfinance_settings.layers.snapshot import explain
from synfinance_settings.layers.trial import validate
from synfinance_settings.model.application import Application
from synfinance_settings.model.checks import ApplicationError
from synfinance_settings.model.section import Section

BaseModel = BaseSettings = Section


class Tier(str, Enum):  # noqa: UP042 - as people had to write it
    FREE = "free"
    PAID = "paid"


class PostgresSettings(BaseModel):
    """The database."""

    host: str = "localhost"
    port: int = 5432
    user: str = "app"
    password: SecretStr
    db: str = "app"
    pool_size: PositiveInt = 5
    timeout: timedelta = timedelta(seconds=30)
    echo: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def dsn(self) -> str:
        return f"postgresql://{self.user}:{self.password.get_secret_value()}@{self.host}:{self.port}/{self.db}"


class MailSettings(BaseModel):
    server: Optional[str] = None  # noqa: UP045 - as people had to write it
    port: int = Field(587, gt=0, lt=65536)
    username: str | None = None
    token: SecretStr | None = None
    sender: str = Field("no-reply@app.example", pattern=r"^[^@]+@[^@]+$")


class QueueSettings(BaseModel):
    workers: int = Field(default=2, ge=1, le=64, description="Worker processes")
    names: list[str] = Field(default_factory=lambda: ["default"], min_length=1)
    retries: tuple[int, ...] = (1, 5, 30)


class Settings(BaseSettings):
    model_config = {"env_prefix": "APP_", "env_nested_delimiter": "__", "env_file": ".env", "extra": "ignore"}  # type: ignore[typeddict-unknown-key] # noqa: RUF012

    app_name: str = "Awesome API"
    debug: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tier: Tier = Tier.FREE
    admin_email: str = Field("admin@app.example", max_length=64)
    items_per_user: int = 50
    sample_rate: float = Field(0.1, gt=0, le=1)
    launch: date = date(2024, 1, 1)
    secret_key: SecretStr = Field(..., min_length=8)
    api_keys: list[SecretStr] = []  # noqa: RUF012 - as people write it
    allowed_origins: list[str] = ["http://localhost:3000"]  # noqa: RUF012
    data_dir: Path = Path("./data")
    public_url: HttpUrl = "https://app.example"  # type: ignore[assignment]
    sentry_url: HttpUrl | None = None
    token_lifetime: timedelta = timedelta(hours=1)
    postgres: PostgresSettings
    mail: MailSettings = MailSettings()
    queue: QueueSettings = Field(default_factory=QueueSettings)

    @field_validator("allowed_origins", mode="after")
    @classmethod
    def no_slash(cls, origins: list[str]) -> list[str]:
        if any(origin.endswith("/") for origin in origins):
            raise ValueError(f"{origins} end in a slash")
        return origins


APP = Application(Settings, prefix="APP_")
SET = {"APP_SECRET_KEY": "long enough", "APP_POSTGRES__PASSWORD": "hush hush"}


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Say what a start in a folder with these layers would come to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings").mkdir()

    def start(default: str, **environ: str) -> Any:
        (tmp_path / "settings/default.yaml").write_text(default)
        return validate(find_project(APP, environ=environ))

    return start


LAYER = """\
debug: yes
tier: paid
launch: 2024-02-29
allowed_origins: [https://a.example, https://b.example]
token_lifetime: 15m
public_url: https://${HOST}/
postgres: {port: 6543, timeout: 5s}
queue: {names: [a, b], retries: [1, 2]}
"""


def test_it_has_about_thirty_settings():
    assert len(APP.catalogue.settings) == 31


def test_values_come_from_layers_and_variables_with_their_types(start):
    config = start(LAYER, HOST="x.example", APP_LOG_LEVEL="ERROR", APP_API_KEYS="k1, k2", **SET).require().config
    assert isinstance(config, Settings)
    assert (config.debug, config.log_level, config.tier, config.launch) == (True, "ERROR", Tier.PAID, date(2024, 2, 29))
    assert config.allowed_origins == ["https://a.example", "https://b.example"]
    assert config.api_keys == [SecretStr("k1"), SecretStr("k2")]
    assert (config.token_lifetime, config.public_url) == (timedelta(minutes=15), HttpUrl("https://x.example"))
    assert (config.postgres.port, config.postgres.timeout) == (6543, timedelta(seconds=5))
    assert config.postgres.dsn == "postgresql://app:hush hush@localhost:6543/app"
    assert (config.queue.names, config.queue.retries, config.queue.workers) == (["a", "b"], (1, 2), 2)
    assert (config.data_dir, config.mail.server, config.sentry_url) == (Path("data"), None, None)


def test_what_has_no_default_is_asked_for(start):
    report = start("mail: {port: 25}\n")
    assert [(problem.code, problem.message, problem.hint) for problem in report.problems] == [
        (
            "missing-value",
            "secret_key has no default, and must be set",
            "set it in a layer or with APP_SECRET_KEY or APP_SECRET_KEY_FILE",
        ),
        (
            "missing-value",
            "postgres.password has no default, and must be set",
            "set it in a layer or with APP_POSTGRES__PASSWORD or APP_POSTGRES__PASSWORD_FILE",
        ),
    ]


BAD = """\
items_per_user: " 8 "
sample_rate: 0
log_level: info
admin_email: {long}
secret_key: hush
token_lifetime: soon
public_url: https://me:hush@app.example
allowed_origins: [https://hush.example/]
postgres:
  pool_size: 8_0
mail:
  port: 65536
  sender: nobody
queue:
  names: []
  retries: [1, hush]
""".replace("{long}", "x" * 65)


def test_what_does_not_fit_is_told_at_its_place_and_never_the_value(start):
    report = start(BAD, APP_POSTGRES__PASSWORD="hush hush")
    assert [(str(problem.origin).removeprefix("settings/"), problem.message) for problem in report.problems] == [
        ("default.yaml:3:12", "log_level must be one of DEBUG, INFO, WARNING, ERROR"),
        ("default.yaml:4:14", "admin_email must have at most 64 characters"),
        ("default.yaml:1:17", "items_per_user must be a whole number"),
        ("default.yaml:2:14", "sample_rate must be more than 0"),
        ("default.yaml:5:13", "secret_key must have at least 8 characters"),
        ("default.yaml:8:18", "allowed_origins does not fit (value_error)"),
        (
            "default.yaml:7:13",
            "public_url must be an http or https URL without a password, which only a secret may hold",
        ),
        ("default.yaml:6:17", "token_lifetime must be a whole number, or one followed by s, m, h or d"),
        ("default.yaml:10:14", "postgres.pool_size must be a whole number"),
        ("default.yaml:12:9", "mail.port must be at most 65535"),
        ("default.yaml:13:11", "mail.sender must match ^[^@]+@[^@]+$"),
        ("default.yaml:15:10", "queue.names must have at least 1 item"),
        ("default.yaml:16:16", "item 2 of queue.retries must be a whole number"),
    ]
    told = "".join(problem.message + str(problem.hint) for problem in report.problems)
    assert "hush" not in told


def test_what_is_exported_reads_back_as_the_same(start):
    config = start(LAYER, HOST="x.example", **SET).require().config
    text, left_out = exported(config, "yaml", reveal=False)
    assert left_out == {"secrets": ("secret_key", "api_keys", "postgres.password", "mail.token")}
    assert start(text, **SET).require().config == config
    json.dumps(plain_values(config))
    assert "hush" not in json.dumps(plain_values(config)) + repr(config.mail)


def test_a_reference_inserts_what_would_spell_the_value(start):
    layer = "app_name: ${postgres.timeout} ${queue.names} ${queue.retries} ${mail.port} ${postgres.echo}\n"
    config = start(layer, **SET).require().config
    assert config.app_name == "30 default 1,5,30 587 false"


def test_a_setting_is_explained_with_its_limits(start):
    snapshot = start("sample_rate: 0.5\nsecret_key: long enough\n", **SET).require()
    found = explain(APP, snapshot.layers, "sample_rate", snapshot)
    assert (found.value, found.limits) == (0.5, "at most 1, more than 0")
    assert [occurrence.value for occurrence in found.overridden] == ["0.1"]
    required = explain(APP, snapshot.layers, "secret_key", snapshot)
    assert [str(occurrence.origin) for occurrence in required.overridden] == ["settings/default.yaml:2:13"]


def test_a_dotenv_file_says_the_same(start, tmp_path):
    config = start(LAYER, HOST="x.example", **SET).require().config
    lines = [line_of(APP, key, value) for key, value in plain_values(config, "reveal").items()]
    (tmp_path / ".env").write_text("".join(f"{line}\n" for line in lines))
    assert not [line for line in lines if line.startswith("#")]
    assert start("{}\n").require().config == config


class Engine(PydanticModel):
    url: str = "sqlite://"


class Old(BaseSettings):
    """What cannot come over as it stands."""

    database: PostgresDsn | None = None
    cache: RedisDsn = "redis://localhost/0"  # type: ignore[assignment]
    limits: dict[str, int] = {}  # noqa: RUF012
    hosts: set[str] = {"localhost"}  # noqa: RUF012
    engine: Engine = Engine()
    mail: MailSettings | None = None
    port: int = Field(8000, validation_alias="PORT")
    anything: Any = None
    retries: int = Field(0, ge=1)


def test_what_cannot_come_over_is_named_all_at_once_with_the_mend():
    with pytest.raises(ApplicationError) as caught:
        Application(Old, prefix="APP_")
    fields = [fault.partition(": ")[0] for fault in caught.value.faults]
    assert fields == [f"Old.{name}" for name in Old.model_fields]
    assert "Engine is not a section; derive it from Section instead of BaseModel" in str(caught.value)


class Window(BaseModel):
    start: int = 1
    end: int = 2

    @model_validator(mode="after")
    def in_order(self) -> Window:
        if self.start > self.end:
            raise ValueError(f"hush {self.start}")
        return self


class Job(BaseSettings):
    token: SecretStr = SecretStr("")
    window: Window = Window()

    @model_validator(mode="after")
    def has_token(self) -> Job:
        if self.token.get_secret_value() == "hush":
            raise ValueError(f"{self.token.get_secret_value()} is no token")
        return self


def test_what_a_validator_of_a_class_refuses_is_told_once_and_says_no_value(start):
    def found(layer):
        app = Application(Job, prefix="JOB_")
        Path("settings/default.yaml").write_text(layer)
        return [(p.code, p.key, p.message, p.hint) for p in validate(find_project(app, environ={})).problems]

    mend = "a Contradiction of the class can say what must hold, and where it does not"
    assert found("token: hush\n") == [
        ("inconsistent", None, "the settings are refused by a validator of Job", mend),
    ]
    assert found("window: {start: 3}\n") == [
        ("inconsistent", "window", "window is refused by a validator of Window", mend),
    ]
    assert found("window: {start: 3}\ntoken: hush\n") == [
        ("inconsistent", "window", "window is refused by a validator of Window", mend),
        ("inconsistent", None, "the settings are refused by a validator of Job", mend),
    ]
    assert found("window: {start: 2}\n") == []


def test_sources_of_ones_own_are_refused_where_nobody_would_ask_for_them():
    class Sourced(BaseSettings):
        port: int = 8000

        @classmethod
        def settings_customise_sources(cls, *sources: Any) -> tuple[Any, ...]:
            return sources

    with pytest.raises(ApplicationError) as caught:
        Application(Sourced, prefix="APP_")
    (fault,) = caught.value.faults
    assert fault.startswith("Sourced.settings_customise_sources: nothing calls it; ")
    assert "layers=" in fault
