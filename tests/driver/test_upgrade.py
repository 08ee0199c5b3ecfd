"""The handshake of a WebSocket without a socket: what comes behind the answer is left as it is."""

from __future__ import annotations

import pytest

from openline.events import SocketOpened
from openline_driver.http import split_head
from openline_driver.upgrade import Upgrade
from tests.driver.test_websocket import EFFECT
from tests.support_lines import TEXT, answer, frame


def begun() -> tuple[Upgrade, bytes]:
    """An upgrade, and its request."""
    written: list[bytes] = []
    upgrade = Upgrade(EFFECT)
    upgrade.begin(written.append)
    return upgrade, b"".join(written)


def test_what_comes_behind_the_answer_is_handed_back() -> None:
    upgrade, request = begun()
    event, rest = upgrade.receive(answer(request) + frame(TEXT, b"{}"))
    assert event == SocketOpened(EFFECT.dial, EFFECT.connection_id)
    assert rest == frame(TEXT, b"{}")
    assert upgrade.opened
    assert not upgrade.failed


def test_an_answer_in_pieces_behind_a_preliminary_one_opens() -> None:
    upgrade, request = begun()
    whole = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(request)
    for at in range(len(whole) - 1):
        assert upgrade.receive(whole[at : at + 1]) == (None, b"")
    event, rest = upgrade.receive(whole[-1:] + b"\x81")
    assert event is not None
    assert rest == b"\x81"


@pytest.mark.parametrize("bad", [b"HTTP/1.1 503 No\r\n\r\n", b"SSH-2.0\r\n", b"HTTP/1.1 101 X\n\n"])
def test_an_answer_that_is_no_upgrade_fails(bad: bytes) -> None:
    upgrade, _ = begun()
    assert upgrade.receive(bad) == (None, b"")
    assert upgrade.failed
    assert not upgrade.opened


def test_a_head_ends_with_its_blank_line() -> None:
    assert split_head(b"HTTP/1.1 101 X\r\na: b\r\n\r\nrest\r\n\r\n") == (
        b"HTTP/1.1 101 X\r\na: b\r\n\r\n",
        b"rest\r\n\r\n",
    )
    assert split_head(b"a: b\n\nrest") == (b"a: b\n\n", b"rest")
    assert split_head(b"no end\r\n") == (b"no end\r\n", b"")
