"""What is made of settings is made anew when they change: checked first, swapped at once, closed when done with."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from patience import PATIENCE
from shop import SHOP

from synfinance_settings import ConfigManager, Recipe, SettingsError, UnknownKeyError, follow, override, settings

CANARY = "the canary sang"


class Pool:
    """A resource of the tests: what it was made of, and whether it is closed."""

    def __init__(self, size):
        self.size = size
        self.closed = threading.Event()


class Workshop:
    """Makes pools, refuses those of an odd size, and remembers all."""

    def __init__(self):
        self.made = []

    def make(self, section):
        self.made.append(Pool(section.pool_size))
        return self.made[-1]

    def check(self, pool):
        if pool.size % 2:
            raise OSError(CANARY)

    def close(self, pool):
        pool.closed.set()

    @property
    def sizes(self):
        return [pool.size for pool in self.made]


def write(project, size, more=""):
    project.layer("default", f"database: {{pool_size: {size}}}\n{more}")


def size_of(pool):
    with pool.use() as current:
        return current.size


@pytest.fixture
def shop():
    return Workshop()


@pytest.fixture
def manager(project):
    write(project, 2)
    return project.manager()


@pytest.fixture
def made(manager, shop):
    """Make follows of the database, which are closed at the end."""
    follows = []

    def make(**options):
        chosen = {"check": shop.check, "close": shop.close, "grace": PATIENCE * 10, **options}
        follows.append(manager.follow("database", chosen.pop("make", shop.make), **chosen))
        return follows[-1]

    yield make
    for one in follows:
        one.close()


def change(project, manager, size, more=""):
    write(project, size, more)
    manager.reload_config()


def test_another_one_is_made_of_a_changed_section_and_the_one_before_closed_after_its_last_user(
    project, manager, made, shop, caplog
):
    caplog.set_level(logging.INFO, "synfinance_settings")
    pool = made()
    with pool.use() as first, pool.use():
        change(project, manager, 4)
        assert size_of(pool) == 4
        assert not first.closed.is_set()
    assert first.closed.wait(PATIENCE)
    pool.close()
    assert [record.message for record in caplog.records] == [
        "what follows database (Workshop.make) is another one now",
        "snapshot 2 is in force; changed: database.pool_size",
        "what followed database before is closed",
        "what followed database before is closed",
    ]


def test_one_that_cannot_be_used_refuses_the_reload_as_a_whole(project, manager, made, shop, caplog):
    heard, pool = [], made()
    manager.current.announcer.listen(lambda event, data: heard.append((event, data)))
    assert size_of(pool) == 2
    before = manager.snapshot
    with pytest.raises(SettingsError) as caught:
        change(project, manager, 3, "app_name: other\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("refused-resource", "database")
    assert problem.message == "what follows database (Workshop.make) could not be made anew: OSError"
    assert f"raised at {__file__}:" in problem.hint
    assert manager.last_failure is caught.value
    assert (manager.snapshot, manager.snapshot.pending_files, size_of(pool)) == (before, False, 2)
    assert shop.made[-1].closed.is_set(), "what was refused is closed"
    change(project, manager, 4)
    assert (manager.version, manager.last_failure, size_of(pool)) == (before.number + 1, None, 4)
    told = threading.Event()
    manager.current.announcer.deliver(told.set)
    assert told.wait(PATIENCE)
    assert [event for event, _ in heard] == ["reload_failed", "config_reloaded"]
    assert CANARY not in f"{caught.value!r}{heard}{caplog.text}{caught.getrepr(showlocals=True)}"


def test_where_the_second_is_refused_the_first_stays_too(project, manager, made, shop):
    first, second = made(check=None), made()
    before = [size_of(first), size_of(second)]
    with pytest.raises(SettingsError):
        change(project, manager, 3)
    assert [size_of(first), size_of(second)] == before
    assert all(pool.closed.wait(PATIENCE) for pool in shop.made[2:])
    assert not any(pool.closed.is_set() for pool in shop.made[:2])


def test_what_a_subscriber_refuses_gives_the_one_before_back(project, manager, made, shop):
    pool = made()

    def refuse(old, new):
        assert size_of(pool) == 4
        raise ValueError

    manager.subscribe(refuse, section="database", on_error="rollback")
    assert size_of(pool) == 2
    change(project, manager, 4)
    assert (size_of(pool), shop.sizes) == (2, [2, 4])
    assert shop.made[1].closed.wait(PATIENCE)
    assert not shop.made[0].closed.is_set()


def test_only_the_keys_that_matter_make_another_one(project, manager, made, shop):
    whole, named = made(), made(keys="pool_size")
    assert [size_of(whole), size_of(named)] == [2, 2]
    project.layer("default", "database: {pool_size: 2, echo: true}\n")
    manager.reload_config()
    project.layer("default", "app_name: other\ndatabase: {pool_size: 2, echo: true}\n")
    manager.reload_config()
    assert shop.sizes == [2, 2, 2]


def test_who_does_not_say_when_he_is_done_keeps_the_one_before_for_a_while(project, manager, made, shop):
    pool, hasty = made(), made(grace=0)
    held = pool()
    with hasty.use() as other:
        change(project, manager, 4)
        assert other.closed.wait(PATIENCE), "its grace was over"
    assert not held.closed.is_set()
    pool.close()
    assert held.closed.is_set(), "the end of the follow waits for nobody"
    with pytest.raises(RuntimeError, match="Follow of database"):
        pool()


def test_what_fails_when_it_is_closed_or_placed_is_told_without_its_words_and_refuses_nothing(
    project, manager, made, shop, caplog
):
    def fail(pool):
        raise OSError(CANARY)

    pool = made(close=fail, place=fail)
    assert size_of(pool) == 2
    change(project, manager, 4)
    pool.close()
    assert CANARY not in caplog.text
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert sorted(errors) == [
        *["closing what followed database before failed: OSError"] * 2,
        *["placing what follows database failed: OSError"] * 2,
    ]


def test_without_a_thread_to_be_had_the_one_before_is_closed_at_the_end(project, manager, made, shop, monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    manager.load_config()
    change(project, manager, 4)  # begins the thread of delivery
    pool = made()
    assert size_of(pool) == 4
    monkeypatch.setattr(threading.Thread, "start", start)
    change(project, manager, 6)
    assert size_of(pool) == 6
    pool.close()
    assert [one.closed.is_set() for one in shop.made] == [True, True]


def test_a_rollback_makes_another_one_or_is_refused(project, manager, made, shop):
    pool = made(check=None)
    assert size_of(pool) == 2
    change(project, manager, 4)
    manager.rollback()
    assert (size_of(pool), shop.sizes) == (2, [2, 4, 2])
    change(project, manager, 6)
    strict = made(make=Recipe(shop.make, lambda found: found.size != 2, shop.close), check=None, close=None)
    assert size_of(strict) == 6
    before = manager.snapshot
    with pytest.raises(SettingsError, match="its check returned False"):
        manager.rollback()
    assert (manager.snapshot, size_of(pool), size_of(strict)) == (before, 6, 6)


def test_overrides_are_followed_and_undone(shop):
    with follow("database", shop.make, check=lambda found: found.size != 9, close=shop.close) as pool:
        usual = settings.database.pool_size
        with override(database__pool_size=8):
            assert size_of(pool) == 8
            with pytest.raises(SettingsError), override(database__pool_size=9):
                pass
            assert (settings.database.pool_size, size_of(pool)) == (8, 8)
        assert (settings.database.pool_size, size_of(pool)) == (usual, usual)


def test_the_values_below_an_override_come_back_even_where_nothing_can_be_made_of_them(shop):
    with follow("database", shop.make, check=lambda found: len(shop.made) != 3, close=shop.close) as pool:
        usual = settings.database.pool_size
        with override(database__pool_size=8):
            assert size_of(pool) == 8
        assert settings.database.pool_size == usual
        assert (size_of(pool), shop.sizes) == (usual, [usual, 8, usual, usual])


def test_a_first_one_that_fails_raises_what_it_raised_and_is_tried_again(project, manager, made, shop):
    write(project, 3)
    pool = made()
    for _ in range(2):
        with pytest.raises(OSError, match=CANARY):
            pool()
    assert all(one.closed.is_set() for one in shop.made)
    change(project, manager, 4)
    assert pool().size == 4


def test_many_who_want_the_first_one_get_the_same(made, shop):
    pool = made()
    with ThreadPoolExecutor(8) as threads:
        assert len({id(one) for one in threads.map(lambda _: pool(), range(64))}) == 1
    assert shop.sizes == [2]


def test_a_first_one_that_is_overtaken_by_a_change_is_made_again(project, manager, made, shop):
    begun, go_on = threading.Event(), threading.Event()

    def slow(section):
        begun.set()
        assert go_on.wait(PATIENCE)
        return shop.make(section)

    pool = made(make=slow)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(pool)
        assert begun.wait(PATIENCE)
        change(project, manager, 4)
        go_on.set()
        assert first.result(PATIENCE).size == 4
    assert shop.made[0].closed.wait(PATIENCE)


def test_a_change_that_is_overtaken_while_it_is_prepared_is_made_ready_again(project, manager, made, shop):
    pool = made()
    assert size_of(pool) == 2
    begun, go_on, check = threading.Event(), threading.Event(), shop.check

    def slow(section):
        begun.set()
        assert section.pool_size != 4 or go_on.wait(PATIENCE)
        return shop.make(section)

    other = made(make=slow, check=check)
    assert size_of(other) == 2
    begun.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(change, project, manager, 4)
        assert begun.wait(PATIENCE)
        change(project, manager, 6)
        go_on.set()
        first.result(PATIENCE)
    assert (size_of(pool), size_of(other), manager.get_config().database.pool_size) == (6, 6, 6)
    assert all(one.closed.wait(PATIENCE) for one in shop.made if one.size == 4), "what was made in vain"


def test_what_is_followed_waits_for_no_restart_as_long_as_it_is(project, manager, made, shop):
    manager.load_config()
    assert manager.explain("database.pool_size").needs_restart
    pool = made(keys=["pool_size", "name"])
    assert not manager.explain("database.pool_size").needs_restart
    change(project, manager, 4, "server: {port: 8001}\n")
    project.layer("default", "database: {pool_size: 4, host: other}\nserver: {port: 8001}\n")
    manager.reload_config()
    assert manager.snapshot.pending_restart == ("server.port", "database.host")
    pool.close()
    project.layer("default", "database: {pool_size: 6}\n")
    manager.reload_config()
    assert manager.snapshot.pending_restart == ("database.pool_size",)


def test_any_settings_are_followed_also_all_of_them(project):
    project.layer("default", "motto: one\n")
    manager = ConfigManager(SHOP, settings_dir=project.settings, environ={})
    placed = []
    with manager.follow(None, lambda shop: shop.motto, keys=["motto", "cart"], place=placed.append) as motto:
        assert motto() == "one"
        project.layer("default", "motto: two\n")
        manager.reload_config()
        project.layer("default", "motto: two\ntill: {token: secret}\n")
        manager.reload_config()
    assert placed == ["one", "two"]


def test_what_cannot_be_followed_is_refused_at_once(manager, made):
    with pytest.raises(UnknownKeyError, match="did you mean database"):
        manager.follow("databse", lambda section: None)
    with pytest.raises(UnknownKeyError, match=r"database\.pool_size"):
        manager.follow("database", lambda section: None, keys=["pool_sise"])
    with pytest.raises(TypeError, match="must be a function, not str"):
        manager.follow("database", lambda section: None, close="close")
    with pytest.raises(TypeError, match="must be a function, not NoneType"):
        manager.follow("database", None)
    with pytest.raises(TypeError, match="a recipe says itself how"):
        manager.follow("database", Recipe(lambda section: None), close=print)
    for name, wrong, said in (
        ("grace", -1, "at least 0"),
        ("grace", math.nan, "at least 0"),
        ("timeout", 0, "more than 0"),
    ):
        with pytest.raises(ValueError, match=f"{name} must be {said} seconds"):
            manager.follow("database", lambda section: None, **{name: wrong})
    with pytest.raises(TypeError, match="hand over a coroutine function"):
        made(make=lambda section: asyncio.sleep(0))()


def test_a_watcher_tries_again_what_was_refused(project, watching, shop):
    write(project, 2)
    manager, is_there = project.manager(), threading.Event()

    def check(pool):
        if pool.size == 4 and not is_there.is_set():
            raise OSError

    with manager.follow("database", shop.make, check=check, close=shop.close) as pool:
        watch = watching(manager, poll_interval=0.02)
        write(project, 4)
        assert watch.ear.wait("reload_failed").problems[0].code == "refused-resource"
        is_there.set()
        assert watch.ear.wait("config_reloaded").database.pool_size == 4
        assert size_of(pool) == 4
    assert watch.ear.events.count("reload_failed") == 1


def test_a_child_of_a_fork_makes_its_own_and_leaves_its_parents_alone(project):
    write(project, 2)
    done = project.python("""if True:
        import os
        from synfinance_settings import ConfigManager
        manager, said = ConfigManager(), []
        pool = manager.follow("database", lambda section: [os.getpid()], close=lambda made: print("closed", flush=True))
        ours = pool()
        if os.fork() == 0:
            assert pool() == [os.getpid()] != ours
            assert pool() is pool()
            pool.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
        assert pool() is ours
        print("parent", flush=True)
        pool.close()
    """)
    assert (done.stdout.split(), done.returncode) == (["closed", "parent", "closed"], 0), done.stderr


def test_a_child_of_a_fork_refuses_what_its_parent_refuses_before_it_has_made_any(project):
    write(project, 2)
    done = project.python("""if True:
        import os
        from pathlib import Path
        from synfinance_settings import ConfigManager, SettingsError
        manager, layer = ConfigManager(), Path("settings/default.yaml")

        def make(section):
            if section.pool_size % 2:
                raise OSError
            return section.pool_size

        def change(size):
            layer.write_text(f"database: {{pool_size: {size}}}")
            try:
                manager.reload_config()
            except SettingsError as error:
                print(error.problems[0].code, manager.get_config().database.pool_size, flush=True)

        pool = manager.follow("database", make, close=lambda made: print("closed", made, flush=True))
        pool()
        change(3)
        if os.fork() == 0:
            change(3)
            end = manager.subscribe(lambda old, new: 1 / (new.pool_size - 4), section="database", on_error="rollback")
            change(4)
            end()
            print(pool, flush=True)
            change(6)
            print("child", pool(), flush=True)
            pool.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
        print("parent", pool(), flush=True)
        pool.close()
    """)
    assert sorted(done.stdout.splitlines()) == [  # each is closed by a thread of its own
        "<Follow of database: make, not made yet>",
        "child 6",
        "closed 2",
        "closed 4",
        "closed 6",
        "parent 2",
        "refused-resource 2",
        "refused-resource 2",
    ], done.stderr


class AsyncWorkshop(Workshop):
    """The same with coroutine functions, which remember their event loop."""

    async def make(self, section):
        pool = super().make(section)
        pool.loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        return pool

    async def check(self, pool):
        super().check(pool)

    async def close(self, pool):
        assert asyncio.get_running_loop() is pool.loop
        super().close(pool)


def test_in_an_event_loop_it_is_made_and_closed_there(project, manager):
    shop = AsyncWorkshop()

    async def work():
        pool = manager.follow("database", shop.make, check=shop.check, close=shop.close, grace=PATIENCE * 10)
        with pytest.raises(RuntimeError, match=r"await ready\(\)"):
            pool()
        firsts = await asyncio.gather(*(enter(pool) for _ in range(5)))
        assert len(set(firsts)) == len(shop.made) == 1
        async with pool.use() as first:
            await asyncio.to_thread(change, project, manager, 4)
            assert (await enter(pool)).size == 4
            assert not first.closed.is_set()
        assert await asyncio.to_thread(first.closed.wait, PATIENCE)
        with pytest.raises(SettingsError, match="could not be made anew: OSError"):
            await asyncio.to_thread(change, project, manager, 5)
        assert (await pool.ready()).size == pool().size == 4
        with pytest.raises(RuntimeError, match=r"await aclose\(\)"):
            pool.close()
        await pool.aclose()

    async def enter(pool):
        async with pool.use() as found:
            return found

    asyncio.run(work())
    assert [(pool.size, pool.closed.is_set()) for pool in shop.made] == [(2, True), (4, True), (5, True)]


def test_an_event_loop_that_reloads_itself_is_told_how_to_and_a_later_one_makes_its_own(project, manager):
    shop = AsyncWorkshop()
    pool = manager.follow("database", shop.make, check=shop.check, close=shop.close)

    async def work(size):
        async with pool.use():
            with pytest.raises(SettingsError, match=r"await asyncio\.to_thread"):
                change(project, manager, size)
            await asyncio.to_thread(manager.reload_config)
            async with pool.use() as found:
                return found.size

    assert asyncio.run(work(4)) == 4
    change(project, manager, 6)  # the loop is gone, and what belonged to it keeps nobody
    assert asyncio.run(work(8)) == 8
    pool.close()


def test_what_does_not_come_about_in_time_in_its_event_loop_is_refused(project, manager):
    async def make(section):
        if section.pool_size == 4:
            await asyncio.sleep(PATIENCE * 10)

    async def work():
        async with manager.follow("database", make, timeout=0.01):
            with pytest.raises(SettingsError, match="TimeoutError"):
                await asyncio.to_thread(change, project, manager, 4)

    asyncio.run(work())


def test_what_is_not_asynchronous_is_made_in_a_thread_where_an_event_loop_asks_first(made, shop):
    pool, threads = made(make=lambda section: threading.get_ident(), check=None, close=None), []

    async def work():
        threads.append(threading.get_ident())
        async with pool.use() as found:
            threads.append(found)

    asyncio.run(work())
    assert threads[0] != threads[1]
