"""Readers see one whole, valid state after another, whatever is written meanwhile."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager

import pytest

from synfinance_settings import InvalidSettingsError, LayerError, SettingsError

WHOLE = "generation: {{num_customers: {0}, num_transactions: {0}00}}\n"
BROKEN = (
    "generation: {{num_customers: {0}, num_transactions: 1}}\n",
    "generation: {{num_customers: {0}, num_transaction: {0}00}}\n",
    "generation: {{num_customers: {0}\n",
    "generation: {{num_customers: {0}, num_transactions: x}}\n",
    "",
)


@pytest.fixture(autouse=True)
def many_switches():
    """Threads change places often: readers are interrupted at many places, and do not hold up the writer."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@contextmanager
def eight_readers(manager):
    """Read all the time, and find nothing but whole pairs in rising order."""
    faults, done, reads = [], threading.Event(), [0] * 8

    def read(reader):
        latest = 0
        try:
            while not done.wait(0.001):  # lets the writer breathe
                for _ in range(50):
                    generation = manager.get_config().generation
                    one = (generation.num_customers, generation.num_transactions)
                    config = manager.snapshot.config
                    other = (config.generation.num_customers, config.generation.num_transactions)
                    assert one[1] == one[0] * 100, one
                    assert other[1] == other[0] * 100, other
                    assert latest <= one[0] <= other[0], (latest, one, other)
                    latest = other[0]
                reads[reader] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
            faults.append(error)

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(8)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert all(reads)


def check_edits(project, edits, watch, land):
    """Alternate broken and whole edits under eight readers; `land` makes each of them count."""
    with eight_readers(watch.manager):
        for number in range(11, 11 + edits):
            for text in (BROKEN[number % len(BROKEN)], WHOLE):
                new = project.write("new", text.format(number))
                os.replace(new, project.settings / "default.yaml")
                land(text is WHOLE, number)
    watch.ear.wait("config_reloaded", edits)
    assert watch.config.generation.num_customers == 10 + edits
    assert watch.manager.last_failure is None
    assert [config.generation.num_customers for config in watch.ear.all("config_reloaded")] == [*range(11, 11 + edits)]
    assert watch.ear.events.count("validation_failed") + watch.ear.events.count("reload_failed") == edits


@pytest.mark.parametrize("edits", [40, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_no_reader_sees_a_torn_or_invalid_state_while_reloads_are_asked_for(project, watching, edits):
    project.layer("default", WHOLE.format(10))
    watch = watching(polling=True, poll_interval=3600)  # no look before this is over

    def land(is_whole, number):
        if is_whole:
            assert watch.manager.reload_config().generation.num_customers == number
        else:
            with pytest.raises(SettingsError):
                watch.manager.reload_config()
            assert isinstance(watch.manager.last_failure, LayerError | InvalidSettingsError)

    check_edits(project, edits, watch, land)


@pytest.mark.parametrize("edits", [8, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(300)])])
def test_no_reader_sees_a_torn_or_invalid_state_while_files_are_watched(project, watching, edits):
    project.layer("default", WHOLE.format(10))
    watch = watching(debounce=0.01)

    def land(is_whole, number):
        failures = ("validation_failed", "reload_failed")
        if is_whole:
            watch.ear.until(lambda: watch.config.generation.num_customers == number)
        else:
            watch.ear.until(lambda: sum(event in failures for event in watch.ear.events) == number - 10)

    check_edits(project, edits, watch, land)


def test_the_history_can_be_read_while_it_changes(project):
    """It is never empty, and rises."""
    manager = project.manager()
    manager.load_config()
    faults, done = [], threading.Event()

    def read():
        try:
            while not done.is_set():
                numbers = [snapshot.number for snapshot in manager.history()]
                assert numbers == sorted(set(numbers))
                assert len(numbers) >= 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
            faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(150):
        project.layer("default", f"app_name: name-{number}\n")
        manager.reload_config()
    done.set()
    for thread in threads:
        thread.join()
    assert faults == []


def test_two_threads_that_reload_at_once_both_return_what_was_written_before(project):
    manager = project.manager()
    manager.load_config()
    project.layer("default", "app_name: new\n")
    together, names = threading.Barrier(8), []

    def reload():
        together.wait()
        names.append(manager.reload_config().app_name)

    threads = [threading.Thread(target=reload) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (names, manager.version) == (["new"] * 8, 2)
