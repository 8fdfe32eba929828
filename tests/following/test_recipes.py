"""The recipes make what their library calls so of any section that declares a server, or of one that is named."""

from __future__ import annotations

import asyncio
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from synfinance_settings import Application, ConfigManager, Secret, Section, Server, SettingsError, Text, Whole, setting
from synfinance_settings.following import httpx, logs, psycopg, redis, sqlalchemy

CANARY = "canary-4711"


class StoreConfig(Section):
    """A database that is called otherwise than SynFinance's."""

    place: Text = setting("127.0.0.1", "Where it is.")
    gate: Whole = setting(5432, "Its port.")
    who: Text = setting("operator", "Role.")
    word: Secret = setting(SecretStr(""), "Its word.")
    shelf: Text = setting("ledger", "Database.")
    pool_size: Whole = setting(3, "Connections.")
    note: Text = setting("", "What nothing is made of.")

    RESOURCES = (Server("postgresql", host="place", port="gate", user="who", password="word", database="shelf"),)


class ApiConfig(Section):
    """A service, the level of what is logged, and a cache that is not declared."""

    url: Text = setting("http://127.0.0.1:1", "Where it is.")
    token: Secret = setting(SecretStr(CANARY), "Proves who asks.")
    level: Text = setting("INFO", "Least severe record.")
    cache: Text = setting("redis://127.0.0.1:1/0", "Where the cache is.")

    RESOURCES = (Server("http", url="url"),)


class ShopConfig(Section):
    """A shop."""

    store: StoreConfig = StoreConfig()
    api: ApiConfig = ApiConfig()


SHOP = Application(ShopConfig, prefix="SHOP_")


@pytest.fixture
def shop(project):
    return ConfigManager(SHOP, settings_dir=project.settings, environ={})


def store(project, server, word=None, more=""):
    project.layer(
        "default", f"store: {{gate: {server.port}, word: '{word or server.password}', shelf: postgres{more}}}\n"
    )


def same(follow):
    with follow.use() as found:
        return found


def test_an_engine_and_a_pool_follow_a_foreign_section(project, shop, postgres, caplog):
    store(project, postgres)
    with (
        shop.follow("store", sqlalchemy.engine(warm=2)) as engine,
        shop.follow("store", psycopg.pool(options=lambda section: {"max_size": section.pool_size})) as pool,
    ):
        with engine.use() as first, first.connect() as connection:
            assert connection.exec_driver_sql("SELECT current_user").scalar() == "operator"
        assert (first.pool.size(), first.pool.checkedin()) == (3, 2)
        with pool.use() as found, found.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        store(project, postgres, CANARY)
        with pytest.raises(SettingsError, match=r"SQLAlchemy engine.*password authentication failed") as caught:
            shop.reload_config()
        store(project, postgres, more=", note: other")
        shop.reload_config()
        assert same(engine) is first
        store(project, postgres, more=", pool_size: 4")
        shop.reload_config()
        with engine.use() as second, pool.use() as other:
            assert (second.pool.size(), other.max_size) == (4, 4)
    assert CANARY not in f"{caught.getrepr(showlocals=True)}{caplog.text}"


def test_the_asynchronous_ones_follow_too(project, shop, postgres):
    store(project, postgres)

    async def work():
        async with (
            shop.follow("store", sqlalchemy.async_engine()) as engine,
            shop.follow("store", psycopg.async_pool()) as pool,
        ):
            async with engine.use() as first, pool.use() as other:
                store(project, postgres, more=", pool_size: 4")
                await asyncio.to_thread(shop.reload_config)
            store(project, postgres, CANARY)
            with pytest.raises(SettingsError, match="password authentication failed"):
                await asyncio.to_thread(shop.reload_config)
            async with engine.use() as second, second.connect() as connection:
                found = await connection.exec_driver_sql("SELECT current_user")
                assert (found.scalar(), second is first) == ("operator", False)
            async with pool.use() as second, second.connection() as connection:
                found = await connection.execute("SELECT current_user")
                assert (await found.fetchone(), second is other) == (("operator",), False)

    asyncio.run(work())


def test_a_client_of_redis_is_made_of_a_url_that_is_named(project, shop, redis_server):
    named = Server("redis", url="cache")

    def cache(word):
        project.layer("default", f"api: {{cache: 'redis://:{word}@127.0.0.1:{redis_server.port}/1'}}\n")

    async def work():
        async with shop.follow("api", redis.async_client(server=named)) as other, other.use() as found:
            assert await found.ping()

    cache(redis_server.password)
    with shop.follow("api", redis.client(server=named)) as client:
        assert same(client).client_info()["db"] == 1
        asyncio.run(work())
        cache(CANARY)
        with pytest.raises(SettingsError, match=r"Redis client.*password authentication failed") as caught:
            shop.reload_config()
    assert CANARY not in str(caught.getrepr(showlocals=True))


class Service(BaseHTTPRequestHandler):
    """Lets in who knows the word."""

    def do_GET(self):
        self.send_response(204 if self.headers["Authorization"] == CANARY else 403)
        self.end_headers()

    def log_message(self, *message):
        pass


def test_a_client_of_http_asks_with_what_its_options_say_before_it_is_used(project, shop):
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def api(token):
            project.layer("default", f"api: {{url: 'http://127.0.0.1:{server.server_port}', token: '{token}'}}\n")

        def headers(section):
            return {"headers": {"Authorization": section.token.get_secret_value()}}

        async def work():
            recipe = httpx.async_client(path="/", options=headers)
            async with shop.follow("api", recipe) as other, other.use() as found:
                assert (await found.get("/here")).status_code == 204

        api(CANARY)
        with shop.follow("api", httpx.client(path="/", options=headers)) as client:
            assert same(client).get("/here").status_code == 204
            asyncio.run(work())
            api("other")
            with pytest.raises(SettingsError, match=r"HTTP client.*could not be made anew: / answers with 403"):
                shop.reload_config()
        server.shutdown()


def test_loggers_follow_a_level(project, shop):
    project.layer("default", "api: {level: warning}\n")
    with shop.follow("api", logs.log_level("level", "shop", "shop.till")) as level:
        assert level() == logging.getLogger("shop").level == logging.getLogger("shop.till").level == logging.WARNING
        project.layer("default", "api: {level: DEBUG}\n")
        shop.reload_config()
        assert logging.getLogger("shop.till").level == logging.DEBUG
        project.layer("default", "api: {level: loud}\n")
        with pytest.raises(SettingsError, match="level names no level of logging"):
            shop.reload_config()


def test_a_section_that_names_no_such_server_is_refused_at_once(shop):
    with pytest.raises(TypeError, match=r"ApiConfig declares no server of kind 'redis'; say which: server=Server"):
        shop.follow("api", redis.client())
