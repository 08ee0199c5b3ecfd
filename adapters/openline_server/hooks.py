"""The seam where faults are put in: what a test may change about a server while it runs.

The base class changes nothing. A fault overrides the moments that it needs; each is
awaited (or called) at exactly one place of the server:

==============  ==============================================================
``serving``     a server was made and its port is not open yet
``stream``      a TCP connection was accepted; may wrap it (stalls, cuts, delays)
``attend``      runs beside the connection and is cancelled with it
``handshake``   the request is read, nothing answered; may wait, or reject it
``opened``      the WebSocket is open and nothing has been sent
``received``    a message was taken; while this waits, nothing more is read, not even pings
                once the small queue is full: a frozen server
``admits``      a ``start`` asks for a session; False: as if none were free
``queues``      audio is about to be queued; False: as if it did not fit
``slowness``    how many seconds a second of audio takes the recogniser; 1.0: as it can
``sending``     a message is about to go; may wait, change it, or return None to lose it
``sent``        a message went
``heard``       a recogniser answered; may wait (stuck), change the answer, or raise
``ended``       the connection is over
==============  ==============================================================

A fault can act on a ``Peer``, the connection, which can be aborted (no close frame) or closed
with any code at any time; and on the ``Host`` of them all, whose port can be closed for a
while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import trio

from openline_server.contract import JsonObject
from openline_server.recognizer import Hypothesis, Segment


class Peer(Protocol):
    """One connection, as a fault sees it."""

    @property
    def number(self) -> int:
        """1 for the first connection of this server, and so on."""
        ...

    @property
    def opened_at(self) -> float:
        """When it was accepted, on trio's clock."""
        ...

    def abort(self) -> None:
        """End it now, without a close frame."""
        ...

    def end(self, code: int, reason: str = "") -> None:
        """End it now, with a close frame."""
        ...


class Host(Protocol):
    """The server, as a fault sees it."""

    @property
    def connections(self) -> Sequence[Peer]:
        """The open ones, oldest first."""
        ...

    def close_port(self, seconds: float) -> None:
        """Accept nobody from now on, for so long."""
        ...


@dataclass(frozen=True, slots=True)
class Rejection:
    """An answer to a handshake that is not 101."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


class Hooks:
    """Changes nothing; override what a fault needs."""

    def serving(self, host: Host) -> None:
        """The server that this is for."""

    def stream(self, peer: Peer, stream: trio.abc.Stream) -> trio.abc.Stream:
        """The transport to use for a connection that was accepted."""
        return stream

    async def attend(self, peer: Peer) -> None:
        """The connection lasts as long as this may run."""

    async def handshake(self, peer: Peer) -> Rejection | None:
        """None to go on, or how to refuse."""
        return None

    async def opened(self, peer: Peer) -> None:
        """The WebSocket is open."""

    async def received(self, peer: Peer, message: str | bytes) -> None:
        """A message arrived, and was not yet acted on."""

    def admits(self, peer: Peer) -> bool:
        """Whether there may be a session for this ``start``."""
        return True

    def queues(self, peer: Peer, source: str, pcm: bytes) -> bool:
        """Whether this audio may be queued."""
        return True

    def slowness(self, peer: Peer) -> float:
        """Seconds that a second of audio takes at least, if above 1.0."""
        return 1.0

    async def sending(self, peer: Peer, message: JsonObject) -> JsonObject | None:
        """The message to send in place of this one, or None for none."""
        return message

    async def sent(self, peer: Peer, message: JsonObject) -> None:
        """This message is on its way."""

    async def heard(
        self,
        peer: Peer,
        segment: Segment,
        answer: Hypothesis | None,
    ) -> Hypothesis | None:
        """What the recogniser is to have said."""
        return answer

    def ended(self, peer: Peer) -> None:
        """The connection is over."""
