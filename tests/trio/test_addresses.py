"""The addresses of a host, dialled side by side on trio."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import trio

from openline.reconnect.verdicts import ErrorKind
from openline_driver.addresses import Addresses
from openline_driver.network_errors import DialError
from openline_trio import addresses
from openline_trio.addresses import open_named
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


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Address]:
    """The addresses in the order in which they are dialled."""
    monkeypatch.setattr(addresses, "HAPPY_EYEBALLS", 0.01)
    found: list[Address] = []
    connect: Any = vars(addresses)["_connect"]

    async def noting(to: Address, known: Addresses) -> trio.socket.SocketType:
        found.append(to)
        opened: trio.socket.SocketType = await connect(to, known)
        return opened

    monkeypatch.setattr(addresses, "_connect", noting)
    return found


def host(monkeypatch: pytest.MonkeyPatch, found: Sequence[Address]) -> None:
    """Have every name lead to these addresses."""

    async def look_up(*_: object) -> list[Address]:
        await trio.lowlevel.checkpoint()
        return list(found)

    monkeypatch.setattr(addresses, "_look_up", look_up)


async def dial(known: Addresses) -> Address:
    """Dial, and return the address that answered."""
    stream = await open_named(known, "speech.example", 1, "speech.example:1")
    async with stream:
        peer: Address = (socket.AF_INET, stream.socket.getpeername())
        return peer


async def test_one_that_stayed_mute_is_last_the_next_time(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Address], mute: Address, there: Address
) -> None:
    host(monkeypatch, [mute, there])
    known, before = Addresses(), descriptors()
    assert await dial(known) == there
    assert dialled == [mute, there]
    dialled.clear()
    assert await dial(known) == there
    assert dialled == [there]
    assert descriptors() == before


async def test_one_that_refuses_costs_no_time(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Address], closed: Address, there: Address
) -> None:
    monkeypatch.setattr(addresses, "HAPPY_EYEBALLS", 60)
    host(monkeypatch, [closed, there])
    with trio.fail_after(5):
        assert await dial(Addresses()) == there
    assert dialled == [closed, there]


async def test_all_refuse(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Address], closed: Address
) -> None:
    for found in ([closed], [closed, closed]):
        host(monkeypatch, found)
        with pytest.raises(DialError, match=r"connection refused: speech\.example:1") as caught:
            await dial(Addresses())
        assert caught.value.kind is ErrorKind.REFUSED


async def test_a_cancelled_dial_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Address], mute: Address
) -> None:
    host(monkeypatch, [mute, mute])
    before = descriptors()
    with trio.move_on_after(0.05) as scope:
        await dial(Addresses())
    assert scope.cancelled_caught
    assert descriptors() == before
    assert dialled == [mute, mute]


async def test_two_that_answer_at_once_leave_one_socket(
    monkeypatch: pytest.MonkeyPatch, there: Address
) -> None:
    monkeypatch.setattr(addresses, "HAPPY_EYEBALLS", 0)
    host(monkeypatch, [there, there])
    before = descriptors()
    for _ in range(20):
        assert await dial(Addresses()) == there
    assert descriptors() == before


async def test_a_cancellation_as_one_answers_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch, there: Address
) -> None:
    host(monkeypatch, [there])
    connect: Any = vars(addresses)["_connect"]
    before = descriptors()
    with trio.CancelScope() as scope:

        async def answering(to: Address, known: Addresses) -> trio.socket.SocketType:
            opened: trio.socket.SocketType = await connect(to, known)
            scope.cancel()
            return opened

        monkeypatch.setattr(addresses, "_connect", answering)
        await dial(Addresses())
    assert scope.cancelled_caught
    assert descriptors() == before
