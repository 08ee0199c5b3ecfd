"""The credential is sent in the headers that the dialect chooses, or in the default one."""

from __future__ import annotations

from typing import Any

import pytest

from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.headers import basic, credential_headers
from openline.dialects.protocol import DialectBase

SECRET = "s3cret-and-long"


class Speaks(EchoPanel):
    """A dialect that chooses the headers of a credential."""

    def __init__(self, gives: Any) -> None:
        self._gives = gives

    def headers(self, credential: str) -> Any:
        if isinstance(self._gives, BaseException):
            raise self._gives
        return self._gives


class Silent(DialectBase):
    """A dialect that does not choose its headers."""

    name = "silent"
    traits = EchoPanel.traits
    start = EchoPanel.start
    audio = EchoPanel.audio
    stop = EchoPanel.stop
    decode = EchoPanel.decode


@pytest.mark.parametrize("given", [{"Origin": "https://a.example", "X-Key": "k"}, None])
def test_an_app_adds_headers_to_each_request(given: dict[str, str] | None) -> None:
    pairs = (("Origin", "https://a.example"), ("X-Key", "k"))
    backend = Backend.from_url("ws://127.0.0.1/ws", headers=pairs if given is None else given)
    assert backend.headers == pairs
    assert "k'" not in repr(backend)
    assert Backend(headers=pairs).headers == pairs


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("Origin: x", "give a dict of names and values, not str"),
        (7, "give a dict of names and values, not int"),
        ({"Bad Name": "secret"}, "number 1 cannot be sent"),
        ({"Good": "x", "Other": "secret\r\nX: y"}, "number 2 cannot be sent"),
        ({"Other": "sécret"}, "number 1 cannot be sent"),
        ([("Other",)], "number 1 cannot be sent"),
        ({"host": "secret"}, "Host belongs to the handshake"),
        ({"sec-websocket-key": "secret"}, "a Sec-WebSocket-… belongs to the handshake"),
    ],
)
def test_headers_that_cannot_be_added(given: Any, error: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Backend.from_url("ws://127.0.0.1/ws", headers=given)
    assert error in str(caught.value)
    assert "secret" not in str(caught.value)


def test_basic_authentication() -> None:
    assert basic("Aladdin", "open sesame") == (
        "Authorization",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    )
    with pytest.raises(ValueError, match="no colon"):
        basic("a:b", "c")


def test_without_a_choice_only_a_bearer_token_is_sent() -> None:
    usual: Any = Silent()
    assert credential_headers(usual, SECRET) == [("Authorization", f"Bearer {SECRET}")]
    assert Backend().credential_headers(SECRET) == [("Authorization", f"Bearer {SECRET}")]


def test_the_default_dialect_sends_a_header_of_its_own_as_well() -> None:
    own = ("x-echopanel-token", SECRET)
    assert credential_headers(EchoPanel(), SECRET) == [("Authorization", f"Bearer {SECRET}"), own]


def test_a_dialect_chooses_its_headers() -> None:
    class Keyed(EchoPanel):
        def headers(self, credential: str) -> list[tuple[str, str]]:
            return [("Authorization", f"Token {credential}"), ("x-version", "2")]

    keyed = credential_headers(Keyed(), SECRET)
    assert keyed == [("Authorization", f"Token {SECRET}"), ("x-version", "2")]
    assert credential_headers(Speaks(()), SECRET) == []


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        ([("x", f"a{SECRET}\r\nHost: evil")], "header 1 of its headers cannot be sent"),
        ([("x", "fine"), ("y z", SECRET)], "header 2 of its headers cannot be sent"),
        ([("", SECRET)], "header 1"),
        ([("x", f"{SECRET}é")], "header 1"),
        ([("x", SECRET.encode())], "header 1"),
        ([("x", SECRET, "more")], "header 1"),
        ([SECRET], "header 1"),
        (None, "headers has to return pairs of a name and a value, not NoneType"),
        (SECRET, "headers has to return pairs of a name and a value, not str"),
        ({"x": SECRET}, "headers has to return pairs of a name and a value, not dict"),
        (KeyError(SECRET), "headers raised KeyError"),
        ([("x", SECRET), ("HOST", SECRET)], "header 2 of its headers is Host, which the handshake"),
        ([("connection", SECRET)], "is Connection, which the handshake sets itself: leave it out"),
        ([("Upgrade", SECRET)], "is Upgrade, which"),
        ([("content-length", SECRET)], "is Content-Length, which"),
        ([("Transfer-Encoding", SECRET)], "is Transfer-Encoding, which"),
        ([(f"sec-websocket-{SECRET}", "x")], "is a Sec-WebSocket-…, which"),
    ],
)
def test_invalid_headers_are_one_line_without_the_secret(gives: Any, says: str) -> None:
    with pytest.raises(DialectError, match=r"^the dialect Speaks: ") as error:
        credential_headers(Speaks(gives), SECRET)
    assert says in str(error.value)
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None or error.value.__suppress_context__
    assert "\n" not in str(error.value)
