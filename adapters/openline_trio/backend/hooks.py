"""The seam where faults are put in: what a test may change about a server while it runs.

The base class changes nothing. A fault overrides the moments that it needs; each is
awaited (or called) at exactly one place of the server:

==============  ==============================================================
``stream``      a TCP connection was accepted; may wrap it (stalls, cuts, delays)
``handshake``   the request is read, nothing answered; may wait, or give an HTTP status
``opened``      the WebSocket is open and nothing has been sent
``received``    a message was taken; while this waits, nothing more is read, not even pings
                once the small queue is full: a frozen server
``sending``     a message is about to go; may wait, change it, or return None to lose it
``heard``       a recogniser answered; may wait (stuck), change the answer, or raise
==============  ==============================================================

``Peer`` is the one thing that a fault can act on: the connection, which can be aborted
(no close frame) or closed with any code at any time.
"""

from __future__ import annotations

from typing import Protocol

import trio

from openline_trio.backend.contract import JsonObject
from openline_trio.backend.recognizer import Hypothesis, Segment


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


class Hooks:
    """Changes nothing; override what a fault needs."""

    def stream(self, peer: Peer, stream: trio.abc.Stream) -> trio.abc.Stream:
        """The transport to use for a connection that was accepted."""
        return stream

    async def handshake(self, peer: Peer) -> int | None:
        """None to go on, or the HTTP status to refuse with."""
        return None

    async def opened(self, peer: Peer) -> None:
        """The WebSocket is open."""

    async def received(self, peer: Peer, message: str | bytes) -> None:
        """A message arrived, and was not yet acted on."""

    async def sending(self, peer: Peer, message: JsonObject) -> JsonObject | None:
        """The message to send in place of this one, or None for none."""
        return message

    async def heard(
        self,
        peer: Peer,
        segment: Segment,
        answer: Hypothesis | None,
    ) -> Hypothesis | None:
        """What the recogniser is to have said."""
        return answer
