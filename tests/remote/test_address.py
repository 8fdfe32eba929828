"""The address of the shared store: what it may say, and that its password is shown nowhere."""

from __future__ import annotations

import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synfinance_settings import InvalidSettingsError, Origin
from synfinance_settings.remote.address import Address, Login, read_address

CANARY = "canary4f6b1d"


def read(url):
    return read_address(url, Origin("env SHOP_REMOTE_URL"))


@pytest.mark.parametrize(
    ("url", "said", "shown"),
    [
        ("redis://db.example", Address((("db.example", 6379),)), "redis://db.example:6379/0"),
        ("redis://[::1]:7000/3", Address((("::1", 7000),), db=3), "redis://[::1]:7000/3"),
        (
            "rediss://shop:a%2Fb@host:6380?ssl_ca_certs=/ca.pem&db=2",
            Address(
                (("host", 6380),),
                db=2,
                login=Login("shop", "a/b"),
                is_tls=True,
                tls=(("ssl_ca_certs", "/ca.pem"),),
            ),
            "rediss://host:6380/2",
        ),
        (
            "unix:///run/re%20dis.sock?db=1&password=p",
            Address(path="/run/re dis.sock", db=1, login=Login(None, "p")),
            "unix:///run/re dis.sock?db=1",
        ),
        (
            "redis+sentinel://:p@one,two:26380/shop/4?sentinel_password=q",
            Address(
                (("one", 26379), ("two", 26380)),
                master="shop",
                db=4,
                login=Login(None, "p"),
                sentinel_login=Login(None, "q"),
            ),
            "redis+sentinel://one:26379,two:26380/shop/4",
        ),
    ],
)
def test_each_form_of_a_url_says_where_the_store_is(url, said, shown):
    assert (read(url), str(read(url))) == (said, shown)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "does not begin with redis://"),
        (f"http://:{CANARY}@host", "does not begin with redis://"),
        (f"redis://:{CANARY}@", "names no host"),
        (f"redis://:{CANARY}/more@host", "names no host"),
        (f"redis://:{CANARY}#more@host", "a # that is not percent-encoded"),
        (f"redis://:{CANARY}@host:70000", "has a port that is no number"),
        (f"redis://:{CANARY}@host/{CANARY}", "a database that is no number"),
        (f"redis://:{CANARY}@host?{CANARY}=1", "has an option that is none of db,"),
        (f"redis://:{CANARY}@host?{CANARY}", "is not a URL"),
        (f"redis://:{CANARY}@host?ssl_cert_reqs=required", "but no TLS: that is rediss://"),
        (f"rediss://:{CANARY}@host?ssl_cert_reqs={CANARY}", "another ssl_cert_reqs than none or"),
        (f"redis://:{CANARY}@[::1", "is not a URL"),
        (f"redis://:{CANARY}@host\n", "holds a character that no URL may hold"),
        (f"redis://:{CANARY}@one,two", "names no host"),
        (f"redis+sentinel://:{CANARY}@one,two", "does not name the master"),
        (f"unix://:{CANARY}@", "has no path of a socket"),
    ],
)
def test_any_other_url_is_an_error_at_its_variable_which_shows_nothing_of_it(url, said):
    with pytest.raises(InvalidSettingsError) as caught:
        read(url)
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.origin)) == ("bad-address", "env SHOP_REMOTE_URL")
    assert said in problem.message
    assert "redis://:password@host:6379/0" in (problem.hint or "")
    assert CANARY not in str(caught.value) + repr(caught.value)


def test_its_passwords_are_in_no_repr():
    address = read(f"redis+sentinel://{CANARY}:{CANARY}@one/shop?sentinel_password={CANARY}")
    assert CANARY not in repr(address) + str(address) + repr(address.login) + repr(vars(type(address)))
    assert pickle.loads(pickle.dumps(address)) == address


@given(st.text() | st.from_regex(r"(rediss?|unix|rediss?\+sentinel)://[\S]{0,60}", fullmatch=True))
def test_any_text_is_an_address_or_an_error_at_its_place(url):
    with suppress(InvalidSettingsError):
        address = read(url)
        assert address.hosts or address.path
