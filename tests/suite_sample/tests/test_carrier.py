import pytest
from parcels.carrier import Labels, NoLabelError, label


def test_a_carrier_that_answers_gives_a_label(clock):
    asked = []
    assert label("7", "standard", 2.0, lambda what, timeout: asked.append(what) or "L7", clock.sleep) == "L7"
    assert asked == ["standard/7"]


def test_a_carrier_that_fails_once_is_asked_again(clock):
    answers = iter([TimeoutError(), "L7"])

    def call(what, timeout):
        answer = next(answers)
        if isinstance(answer, Exception):
            clock.sleep(timeout)
            raise answer
        return answer

    assert label("7", "express", 2.0, call, clock.sleep) == "L7"


def test_a_customer_does_not_wait_longer_than_20_seconds_for_a_carrier_that_is_down(clock):
    before = clock.now

    def call(what, timeout):
        clock.sleep(timeout)
        raise TimeoutError

    with pytest.raises(NoLabelError):
        label("7", "standard", 2.0, call, clock.sleep)
    assert clock.now - before <= 20


def test_a_parcel_of_20_kilograms_goes_and_one_of_50_does_not(clock):
    assert label("7", "standard", 20.0, lambda what, timeout: "L7", clock.sleep) == "L7"
    with pytest.raises(NoLabelError):
        label("7", "standard", 50.0, lambda what, timeout: "L7", clock.sleep)


def test_a_label_that_was_asked_for_is_kept_for_a_minute(clock):
    labels = Labels(clock)
    labels.keep("7", "L7")
    clock.sleep(60)
    assert labels.get("7") == "L7"


def test_a_label_is_not_kept_for_a_day(clock):
    labels = Labels(clock)
    labels.keep("7", "L7")
    clock.sleep(24 * 3600)
    assert labels.get("7") is None


def test_labels_do_not_fill_the_memory(clock):
    labels = Labels(clock)
    for number in range(2000):
        labels.keep(str(number), "L")
    assert labels.get("1999") == "L"
    assert labels.get("0") is None
