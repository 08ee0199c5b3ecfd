"""The addresses of a host, dialled side by side on trio."""

from __future__ import annotations

import socket
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pytest
import trio

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.addresses import Addresses
from openline_driver.network_errors import DialError
from openline_network import tcp
from openline_trio.network import WAITS, connector
from tests.support_lines import descriptors

Address = tuple[int, Any]


@pytest.fixture
def mute() -> Iterator[Address]:
    """A server whose queue is full: it takes no connection, and refuses none."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        yield socket.AF_INET, server.getsockname()
        for each in waiting:
            each.close()


@pytest.fixture
def there() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield socket.AF_INET, server.getsockname()


@pytest.fixture
def closed() -> Address:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return socket.AF_INET, free.getsockname()


class Noting(Addresses):
    """Notes the addresses in the order in which they are dialled."""

    def __init__(self) -> None:
        super().__init__()
        self.dialled: list[Hashable] = []

    def attempt(self, address: Hashable) -> None:
        super().attempt(address)
        self.dialled.append(address)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head start is short here."""
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 0.01)


def host(monkeypatch: pytest.MonkeyPatch, found: Sequence[Address]) -> None:
    """Have every name lead to these addresses; one that is there twice is dialled twice."""

    async def look_up(*_: object) -> list[Address]:
        await trio.lowlevel.checkpoint()
        return list(found)

    monkeypatch.setattr(WAITS, "look_up", look_up)
    monkeypatch.setattr(tcp, "in_turns", list)


async def dial(known: Addresses) -> Address:
    """Dial, and return the address that answered."""
    backend = Backend("speech.example", port=1, secure=False, allow_plain=True)
    async with await connector(addresses=known)(backend) as stream:
        assert isinstance(stream, trio.SocketStream)
        peer: Address = (socket.AF_INET, stream.socket.getpeername())
        return peer


async def test_one_that_stayed_mute_is_last_the_next_time(
    monkeypatch: pytest.MonkeyPatch, mute: Address, there: Address
) -> None:
    host(monkeypatch, [mute, there])
    known, before = Noting(), descriptors()
    assert await dial(known) == there
    assert known.dialled == [mute, there]
    known.dialled.clear()
    assert await dial(known) == there
    assert known.dialled == [there]
    assert descriptors() == before


async def test_one_that_refuses_costs_no_time(
    monkeypatch: pytest.MonkeyPatch, closed: Address, there: Address
) -> None:
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 60)
    host(monkeypatch, [closed, there])
    known = Noting()
    with trio.fail_after(30):
        assert await dial(known) == there
    assert known.dialled == [closed, there]


async def test_all_refuse(monkeypatch: pytest.MonkeyPatch, closed: Address) -> None:
    for found in ([closed], [closed, closed]):
        host(monkeypatch, found)
        with pytest.raises(DialError, match=r"connection refused: speech\.example:1") as caught:
            await dial(Addresses())
        assert caught.value.kind is ErrorKind.REFUSED


async def test_a_cancelled_dial_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch, mute: Address
) -> None:
    host(monkeypatch, [mute, mute])
    before = descriptors()
    known = Noting()
    with trio.move_on_after(0.05) as scope:
        await dial(known)
    assert scope.cancelled_caught
    assert descriptors() == before
    assert known.dialled == [mute, mute]


async def test_two_that_answer_at_once_leave_one_socket(
    monkeypatch: pytest.MonkeyPatch, there: Address
) -> None:
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 0)
    host(monkeypatch, [there, there])
    before = descriptors()
    for _ in range(20):
        assert await dial(Addresses()) == there
    assert descriptors() == before


async def test_a_cancellation_as_one_answers_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch, there: Address
) -> None:
    host(monkeypatch, [there])
    before = descriptors()
    with trio.CancelScope() as scope:

        class Cancelling(Addresses):
            def reached(self, address: Hashable) -> None:
                super().reached(address)
                scope.cancel()

        await dial(Cancelling())
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert descriptors() == before
