"""The kernel's socket for news of the network, where there is one, and the clock of a sleep."""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

import pytest

from openline_driver import netlink


class Fake:
    """A socket that does what it was told to."""

    def __init__(self, outcome: OSError | bytes) -> None:
        self.outcome = outcome
        self.closed = False
        self.bound: Any = None

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def bind(self, address: Any) -> None:
        if isinstance(self.outcome, OSError):
            raise self.outcome
        self.bound = address

    def recv(self, size: int) -> bytes:
        if isinstance(self.outcome, OSError):
            raise self.outcome
        return self.outcome[:size]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of Linux, on whatever the tests run."""
    monkeypatch.setattr(socket, "AF_NETLINK", 16, raising=False)
    monkeypatch.setattr(socket, "NETLINK_ROUTE", 0, raising=False)


@pytest.mark.usefixtures("linux")
def test_the_socket_is_subscribed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(b"news")
    given: list[Any] = []

    def make(*arguments: Any) -> Fake:
        given.append(arguments)
        return fake

    monkeypatch.setattr(socket, "socket", make)
    made = netlink.news_socket()
    assert made is not None
    assert given == [(16, socket.SOCK_RAW, 0)]
    assert fake.bound == (0, 0x551)
    assert netlink.read_news(made) == b"news"


@pytest.mark.usefixtures("linux")
def test_a_sandbox_without_it_has_no_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> Fake:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(socket, "socket", forbidden)
    assert netlink.news_socket() is None
    fake = Fake(PermissionError(errno.EPERM, "no"))

    def unbound(*_: Any) -> Fake:
        return fake

    monkeypatch.setattr(socket, "socket", unbound)
    assert netlink.news_socket() is None
    assert fake.closed


def test_another_system_has_no_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert netlink.news_socket() is None
    assert netlink.sleep_clock() is None


@pytest.mark.parametrize(
    ("error", "read"),
    [(BlockingIOError(), None), (InterruptedError(), None), (OSError(errno.ENOBUFS, "full"), b"")],
)
def test_what_a_socket_without_news_gives(error: OSError, read: bytes | None) -> None:
    fake: Any = Fake(error)
    assert netlink.read_news(fake) == read


def test_the_clock_of_a_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", {7: 100.5, time.CLOCK_MONOTONIC: 40.0}.__getitem__)
    slept = netlink.sleep_clock()
    assert slept is not None
    assert slept() == 60.5
