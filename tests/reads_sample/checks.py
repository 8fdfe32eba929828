"""The tests of the sample program, under a name that no test run collects by itself."""

from pathlib import Path

import bank
from bank import memory, model, page, store, web
from bank.configuration import settings

from synfinance_settings import override


def test_web():
    assert web.address() == f"{settings.server.host}:{settings.server.port}"
    assert web.workers()
    assert web.level()
    assert web.limit() > 0


def test_store():
    found = store.Store()
    assert (found.host(), store.port(settings.database), store.name()) == ("localhost", 5432, "synfinance")
    with override(cache__db=3):
        assert settings.cache.db == 3


def test_memory():
    assert memory.lifetime()
    assert memory.backend()
    assert memory.is_bounded()
    assert memory.seed() is None


def test_model_and_page():
    assert model.path()
    assert model.width()
    assert "logs/metrics.log" in page.page(Path(bank.__file__).parent / "templates")
    assert page.title()
    assert page.algorithm()
