from parcels import web


def test_the_paths_of_the_shop_lead_somewhere():
    assert web.route("/api/orders") == "/orders"
    assert web.route("/orders") is None


def test_pages_show_every_order_once():
    orders = list(range(100))
    pages = [web.page(orders, number) for number in range(100)]
    assert [order for page in pages for order in page] == orders
    assert max(map(len, pages)) <= 50


def test_the_shop_may_call_and_a_stranger_may_not():
    assert web.headers("https://shop.example")
    assert not web.headers("https://evil.example")


def test_a_quick_answer_is_given_and_a_slow_one_given_up():
    assert web.answer([lambda: 0.5] * 4) == "200"
    assert web.answer([lambda: 30.0] * 4) == "504"


def test_a_customer_may_call_three_times_at_once_and_not_a_hundred_times(clock):
    gate = web.Gate(clock)
    admitted = [gate.admits("ann") for _ in range(100)]
    assert all(admitted[:3])
    assert not admitted[-1]


def test_who_called_too_often_may_call_again_after_two_minutes(clock):
    gate = web.Gate(clock)
    while gate.admits("ann"):
        pass
    clock.sleep(120)
    assert gate.admits("ann")


def test_a_session_holds_for_ten_minutes_and_not_for_a_week(clock):
    given = web.cookie("ann", clock())
    assert web.customer(given, clock() + 600) == "ann"
    assert web.customer(given, clock() + 7 * 24 * 3600) is None


def test_a_signature_has_256_bits_or_more():
    assert web.strength() >= 256
    assert web.customer(web.cookie("ann", 0.0).replace("ann", "bob"), 1.0) is None
