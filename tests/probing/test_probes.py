"""Live checks of an application that is not SynFinance's: what is checked is what its model declares."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import ClassVar

import pytest
from patience import PATIENCE
from pydantic import SecretStr

from synfinance_settings.model.application import Application
from synfinance_settings.model.forms import Boolean, Secret, SecretUrl, Text, Whole
from synfinance_settings.model.resource import Credential, File, Folder, Listener, Server
from synfinance_settings.model.section import Section, setting
from synfinance_settings.probing.answers import in_time
from synfinance_settings.probing.probes import checks, probes

CANARY = "canary91c7"


class StockConfig(Section):
    """Where the goods are."""

    url: SecretUrl | None = setting(None, "Whom to order from; it carries a token.")
    queue: Text = setting("127.0.0.1", "Host of the queue.")
    queue_port: Whole = setting(1, "Port of the queue.")
    is_queued: Boolean = setting(True, "Orders are queued.")
    RESOURCES: ClassVar = (
        Server("http", url="url"),
        Server("amqp", host="queue", port="queue_port", when={"is_queued": True}),
    )


class BooksConfig(Section):
    """Where the books are kept."""

    dsn: Secret = setting(SecretStr(""), "URL of the database.")
    cache: Text = setting("127.0.0.1", "Host of the cache.")
    cache_port: Whole = setting(1, "Port of the cache.")
    cache_password: Secret | None = setting(None, "Password of the cache.")
    RESOURCES: ClassVar = (
        Server("postgresql", url="dsn"),
        Server("redis", host="cache", port="cache_port", password="cache_password"),
    )


class StallConfig(Section):
    """A stall at the market."""

    port: Whole = setting(1, "Port of the till.")
    prices: Text = setting("prices.csv", "The list of prices.")
    receipts: Text = setting("out/receipts.log", "Where receipts go.")
    goods: Text = setting("goods", "Pictures of the goods.")
    key: Secret = setting(SecretStr(""), "Key that signs receipts.")
    token: Secret = setting(SecretStr(""), "Token of the bank.")
    spare: Secret = setting(SecretStr(""), "Nobody says what for.")
    stock: StockConfig = StockConfig()
    RESOURCES: ClassVar = (
        Listener("port"),
        File("prices", "read"),
        File("receipts", "write"),
        Folder("goods", "write"),
        Credential("key", made_here=True),
        Credential("token"),
    )


class TradeConfig(StallConfig):
    """A stall with books."""

    books: BooksConfig = BooksConfig()


STALL = Application(StallConfig, prefix="STALL_")
TRADE = Application(TradeConfig, prefix="TRADE_")


def found(config, application=STALL, **options):
    """What is found, by check: status and message of each."""
    told = {}
    for finding in probes(application, config, **{"seconds": PATIENCE / 4, **options}):
        assert finding.status == "ok" or finding.mend, finding
        assert CANARY not in f"{finding.message} {finding.mend}"
        told.setdefault(finding.check, []).append((finding.status, finding.message))
    return told


@contextmanager
def listening():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_checks_are_named_after_what_the_model_declares():
    assert checks(STALL) == ("stock", "paths", "ports", "secrets")
    assert checks(TRADE) == ("stock", "books", "paths", "ports", "secrets")
    assert checks(Application(StockConfig, prefix="S_")) == ("http", "amqp", "secrets")


def test_a_server_of_any_kind_is_asked_whether_it_lets_one_connect(here):
    with listening() as port:
        good = found(StallConfig(stock=StockConfig(queue_port=port)))
        assert good["stock"][1] == ("ok", f"127.0.0.1:{port} answers, and accepts connections")
    bad = found(StallConfig(stock=StockConfig(queue_port=port)))
    assert bad["stock"][1] == ("fail", f"127.0.0.1:{port}: Connection refused")


def test_what_is_not_in_use_is_told_and_not_asked(here):
    told = found(StallConfig(stock=StockConfig(is_queued=False)))["stock"]
    assert told == [("ok", "not in use: stock.url is null"), ("ok", "not in use: stock.is_queued is false")]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:{port}/hook?token={canary}", ("ok", "stock.url answers, and accepts connections")),
        ("http://{canary}@127.0.0.1:{port}/", ("ok", "stock.url answers, and accepts connections")),
        ("http://{canary}.invalid/", ("fail", "stock.url: the host name is not known")),
        ("https://127.0.0.1:{port}/{canary}", ("fail", "stock.url: no answer in time")),
        ("http://127.0.0.1:99999/{canary}", ("fail", "stock.url: the host name is not known")),
    ],
)
def test_a_web_server_is_connected_to_and_its_url_told_nowhere(here, url, said):
    with listening() as port:
        config = StallConfig(stock=StockConfig(url=url.format(port=port, canary=CANARY)))
        assert found(config, seconds=1)["stock"][0] == said


def test_nothing_is_sent_to_a_web_server(here):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        heard = []

        def hear():
            connection, _ = listener.accept()
            with connection:
                heard.append(connection.recv(100))

        thread = threading.Thread(target=hear)
        thread.start()
        port = listener.getsockname()[1]
        found(StallConfig(stock=StockConfig(url=f"http://127.0.0.1:{port}/{CANARY}")))
        thread.join()
        assert heard == [b""]


def test_drivers_are_given_the_parts_where_there_is_no_url(here, redis_server):
    books = BooksConfig(cache_port=redis_server.port, cache_password=redis_server.password)
    assert found(TradeConfig(books=books), TRADE)["books"][1][0] == "ok"
    books = BooksConfig(cache_port=redis_server.port, cache_password=CANARY)
    (finding,) = [
        finding
        for finding in probes(TRADE, TradeConfig(books=books), keys={"books.cache_password"}, seconds=PATIENCE / 4)
        if finding.check == "books"
    ]  # fmt: skip
    assert finding.status == "fail"
    assert finding.mend == "check books.cache_password (TRADE_BOOKS_CACHE_PASSWORD)"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_database_is_reached_by_a_url_that_is_a_setting(here, postgres, scheme):
    password = postgres.password.replace(" ", "%20")
    for given, status in ((password, "ok"), (CANARY, "fail")):
        dsn = f"{scheme}://operator:{given}@127.0.0.1:{postgres.port}/postgres"
        config = TradeConfig(books=BooksConfig(dsn=dsn))
        told = found(config, TRADE)["books"][0]
        assert told[0] == status
        assert told[1].startswith("books.dsn")


def test_files_are_there_to_be_read_and_folders_to_be_written(here):
    assert found(StallConfig())["paths"] == [
        ("fail", "prices: prices.csv does not exist"),
        ("warn", "receipts: out is missing, and can be created"),
        ("warn", "goods: goods is missing, and can be created"),
    ]
    (here / "prices.csv").write_text("")
    (here / "goods").mkdir()
    (here / "out/receipts.log").mkdir(parents=True)
    assert found(StallConfig())["paths"] == [
        ("ok", "prices: prices.csv can be read"),
        ("fail", "receipts: out/receipts.log is not a regular file"),
        ("ok", "goods: goods can be written"),
    ]


def test_a_path_that_is_all_but_another_is_told_with_it(here):
    (here / "price.csv").write_text("")
    (here / "out").mkdir()
    (here / "out/receipt.log").write_text("")
    read, written, _ = [finding for finding in probes(STALL, StallConfig()) if finding.check == "paths"]
    assert (read.status, read.mend) == ("fail", "did you mean price.csv?")
    assert (written.status, written.mend) == ("warn", "did you mean out/receipt.log?")
    (here / "out/receipt.log").rename(here / "out/receipts.log.1")
    assert found(StallConfig())["paths"][1] == ("ok", "receipts: out can be written")


def test_a_look_at_a_file_ends_in_time_and_what_it_raises_is_raised():
    with pytest.raises(TimeoutError):
        in_time(threading.Event().wait, 0.01)
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 / 0, PATIENCE)
    assert in_time(lambda: 7, PATIENCE) == 7


def test_a_port_is_tried_at_all_addresses_where_no_host_is_named(here):
    with listening() as port:
        ((status, said),) = found(StallConfig(port=port))["ports"]
        assert (status, said) == ("warn", f"port {port}: Address already in use")
    assert found(StallConfig(port=port))["ports"] == [("ok", f"port {port} is free")]


def test_secrets_are_told_weak_by_what_they_are(here):
    mends = {
        finding.message: finding.mend
        for finding in probes(STALL, StallConfig(key="a" * 20, spare="short"))
        if finding.check == "secrets"
    }
    assert set(mends) == {"key repeats a few characters", "token is empty", "spare is shorter than 12 characters"}
    assert mends["key repeats a few characters"].startswith("STALL_KEY=$(python -c ")
    assert mends["token is empty"] == "have it changed where it was issued, and set STALL_TOKEN or STALL_TOKEN_FILE"
    strong = {"key": "r4nd0m-enough-for-this", "token": "an0ther-one-of-them-x"}
    assert found(StallConfig(**strong))["secrets"] == [("ok", "2 secrets in use, none of them weak")]


@pytest.mark.parametrize(
    ("keys", "checked"),
    [
        ({"port"}, {"ports": 1}),
        ({"stock.is_queued"}, {"stock": 1}),
        (("prices", "goods"), {"paths": 2}),
        ({"token"}, {"secrets": 1}),
        ((), {}),
    ],
    ids=str,
)
def test_only_what_is_about_some_settings_is_checked_where_they_are_named(here, keys, checked):
    assert {check: len(told) for check, told in found(StallConfig(), keys=keys).items()} == checked


def hung_up(connection):
    with suppress(BlockingIOError):
        if connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            return False
        connection.close()
        return True
    return False


def let_go_of(number, listener):
    """Keep those waiting that connect until `number` of them wait at the same time."""
    waiting = []
    listener.settimeout(0.05)
    while len(waiting) < number:
        with suppress(TimeoutError):
            waiting.append(listener.accept()[0])
        waiting = [connection for connection in waiting if not hung_up(connection)]
    for connection in waiting:
        connection.close()
    listener.close()


def test_servers_are_asked_at_the_same_time(here):
    """One after the other none of them would get an answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    thread = threading.Thread(target=let_go_of, args=(3, listener), daemon=True)
    thread.start()
    stock = StockConfig(url=f"https://127.0.0.1:{port}/", is_queued=False)
    books = BooksConfig(dsn=f"postgresql://127.0.0.1:{port}/x", cache_port=port)
    told = found(TradeConfig(stock=stock, books=books), TRADE, seconds=PATIENCE / 4)
    said = [message for _, message in (*told["stock"][:1], *told["books"])]
    assert not [message for message in said if "no answer in time" in message]
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_looking_changes_nothing(here):
    before = sorted(here.rglob("*"))
    found(StallConfig())
    assert sorted(here.rglob("*")) == before
