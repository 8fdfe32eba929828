import threading

import pytest
from parcels.orders import RefusedError, Store, accept, total

ORDER = {"items": {"mug": 8.0, "plate": 12.0}, "service": "standard"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("hour", [9, 18])
def test_an_order_is_taken_by_day(hour):
    assert accept(ORDER, hour)["items"] == ORDER["items"]


def test_no_order_is_taken_at_three_in_the_night():
    with pytest.raises(RefusedError):
        accept(ORDER, 3)


def test_an_order_of_nothing_is_refused():
    with pytest.raises(RefusedError):
        accept({"items": {}}, 12)


def test_an_order_of_a_thousand_things_is_refused():
    with pytest.raises(RefusedError):
        accept({"items": {str(number): 1.0 for number in range(1000)}}, 12)


def test_an_order_with_a_book_of_a_note_is_refused():
    with pytest.raises(RefusedError):
        accept({**ORDER, "note": "x" * 10_000_000}, 12)


def test_a_small_order_costs_its_value_with_delivery_and_tax():
    amount, currency = total(20.0, "standard").split()
    assert 20 * 1.19 < float(amount) < 40
    assert amount == f"{float(amount):.2f}"
    assert currency == "EUR"


def test_each_service_has_a_fee_and_the_faster_one_costs_more():
    assert float(total(20.0, "express").split()[0]) > float(total(20.0, "standard").split()[0])


def test_a_large_order_is_brought_for_nothing():
    assert total(100.0, "express") == total(100.0, "standard")


def test_an_order_that_was_put_down_is_found_again(store):
    store.put(1, {"name": "Zoë 渡辺"})
    assert store.get(1) == {"name": "Zoë 渡辺"}


def test_orders_are_kept_in_the_data_folder(store, tmp_path):
    Store(tmp_path).put(1, ORDER)
    assert [file.suffix for file in tmp_path.rglob("*") if file.is_file()] == [".json"]


def test_two_orders_can_be_put_down_at_once(store):
    threads = [threading.Thread(target=store.put, args=(number, ORDER)) for number in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get(2) == store.get(3) == ORDER


def test_an_order_of_last_month_is_kept_and_one_of_ten_years_ago_is_not(store):
    assert store.expired({1: 30, 2: 3650}) == [2]
