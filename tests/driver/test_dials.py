"""One socket at a time, tested step by step."""

from __future__ import annotations

import pytest

from openline.backend import Backend
from openline.commands import AbortSocket, OpenSocket
from openline.events import Redirected, SocketLost
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_driver.addresses import Addresses
from openline_driver.dials import RELEASE, Dials, one_cause


def command(dial: int) -> OpenSocket:
    return OpenSocket(dial, Backend(), with_credential=False)


def test_dial_is_alive_until_it_ends() -> None:
    dials = Dials(Addresses())
    assert not dials.is_alive(0)
    assert dials.open(command(1))
    assert (dials.is_alive(1), dials.is_alive(2), dials.deadline) == (True, False, None)
    assert dials.end(1, 5.0)
    assert (dials.is_alive(1), dials.deadline) == (False, 5.0 + RELEASE)
    assert not dials.end(1, 6.0)
    assert dials.deadline == 5.0 + RELEASE


def test_next_dial_is_held_until_the_release() -> None:
    dials = Dials(Addresses())
    dials.open(command(1))
    dials.end(1, 0.0)
    assert not dials.open(command(2))
    assert dials.release(7) is None
    assert dials.deadline == RELEASE
    assert dials.release(1) == command(2)
    assert dials.release(1) is None
    assert dials.open(command(2))


def test_dial_that_is_released_without_an_end_is_over() -> None:
    dials = Dials(Addresses())
    dials.open(command(1))
    assert dials.release(1) is None
    assert not dials.is_alive(1)
    assert dials.open(command(2))


def test_only_an_overdue_socket_is_abandoned() -> None:
    dials = Dials(Addresses())
    dials.open(command(1))
    dials.end(1, 0.0)
    dials.open(command(2))
    assert dials.abandon(RELEASE / 2) is None
    assert dials.abandon(RELEASE) == command(2)
    assert (dials.abandoned, dials.deadline) == (1, None)
    assert dials.abandon(RELEASE) is None
    assert dials.abandoned == 1


def test_released_socket_is_not_overdue() -> None:
    dials = Dials(Addresses())
    dials.open(command(1))
    dials.end(1, 0.0)
    dials.release(1)
    assert dials.deadline is None
    assert dials.abandon(2 * RELEASE) is None
    assert dials.abandoned == 0


def test_abort_drops_a_held_dial_and_ends_a_live_one() -> None:
    dials = Dials(Addresses())
    dials.open(command(1))
    assert not dials.open(command(2))
    assert not dials.abort(AbortSocket(2), 0.0)
    assert dials.abort(AbortSocket(1), 0.0)
    assert not dials.abort(AbortSocket(1), 0.0)
    assert dials.release(1) is None


@pytest.mark.parametrize(
    ("event", "meant"),
    [
        (
            SocketLost(dial=1, code=1006, sender=Sender.REMOTE, reason="made up", detail="cut"),
            SocketLost(dial=1, error=ErrorKind.CUT, detail="cut"),
        ),
        (
            SocketLost(dial=1, code=1015, error=ErrorKind.TLS_CUT),
            SocketLost(dial=1, error=ErrorKind.TLS_CUT),
        ),
        (SocketLost(dial=1), SocketLost(dial=1, error=ErrorKind.CUT)),
        (
            SocketLost(dial=1, code=1005, sender=Sender.REMOTE),
            SocketLost(dial=1, code=1005, sender=Sender.REMOTE),
        ),
        (
            SocketLost(dial=1, code=4003, reason="no", error=ErrorKind.RESET, detail="reset"),
            SocketLost(dial=1, code=4003, reason="no"),
        ),
        (SocketLost(dial=1, status=503), SocketLost(dial=1, status=503)),
        (Redirected(1, 307, "/x"), Redirected(1, 307, "/x")),
    ],
)
def test_loss_has_one_cause(event: SocketLost | Redirected, meant: SocketLost | Redirected) -> None:
    assert one_cause(event) == meant


def test_late_abort_of_another_dial_drops_no_held_one() -> None:
    dials = Dials(Addresses())
    dials.open(command(1))
    dials.end(1, 0.0)
    dials.open(command(2))
    assert not dials.abort(AbortSocket(1), 0.1)
    assert dials.release(1) == command(2)


def test_release_of_an_unknown_dial_frees_no_held_one_beside_a_living() -> None:
    dials = Dials(Addresses())
    dials.open(command(1))
    assert not dials.open(command(2))
    assert dials.release(7) is None
    assert dials.is_alive(1)
    assert dials.release(1) == command(2)
