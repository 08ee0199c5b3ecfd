"""The seam for fault injection: where a test may change a server while it runs.

The base class changes nothing. A fault overrides the moments that it needs; each is
awaited (or called) at exactly one place of the server:

=================  ==============================================================
``serving``        a server was made and its port is not open yet
``stream``         a TCP connection was accepted; may wrap it (stalls, cuts, delays)
``attend``         runs beside the connection and is cancelled with it
``handshake``      the request is read, not yet answered; may wait, or reject it
``opened``         the WebSocket is open and nothing has been sent
``received``       a message was taken; while this waits, nothing more is read, and once the
                   small queue is full not even pings: a frozen server
``acting``         the server is about to do what a message asks for
``trouble``        waits for what is to go wrong with the session in the contract's own words
``serves``         the contract of the connection, which may be that of another version
``longest``        seconds that the session may last
``admits``         a ``start`` asks for a session; False: as if no slot were free
``hears``          audio of a source arrived; False: it is ignored, and each frame is answered so
``queues``         audio is about to be queued; False: as if it did not fit
``queue_seconds``  how much audio the queue of a source holds
``slowness``       seconds that a second of audio takes the recogniser; 1.0: no slowdown
``taking``         the recogniser is about to take audio from its queue; may wait
``took``           it took audio
``finishing``      a ``stop`` came, and the recognisers are not told yet; may wait
``replacing``      the messages that go instead of one: none, it alone, or others
``sending``        a message is about to go; may wait, change it, or return None to lose it
``encoding``       the text frame of a message
``sent``           a message went
``recognized``     the recogniser answered; may wait (stuck), change the answer, or raise
``ended``          the connection is over
=================  ==============================================================

A fault acts on a ``Peer``, the connection, which can be aborted (no close frame) or closed
with any code at any time; and on the ``Host`` of all connections, whose port can be closed
for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import trio

from openline_server.contracts.base import Action, Contract, JsonObject, Rejection
from openline_server.recognizer import Hypothesis, Segment

__all__ = ["Hooks", "Host", "Peer", "Rejection"]


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
    def contract(self) -> type[Contract]:
        """The contract that it serves."""
        ...

    @property
    def connections(self) -> Sequence[Peer]:
        """The open ones, oldest first."""
        ...

    def close_port(self, seconds: float) -> None:
        """Accept no connection from now on, for ``seconds``."""
        ...


class Hooks:
    """Changes nothing; override what a fault needs."""

    def serving(self, host: Host) -> None:
        """The server is made; ``host`` is it."""

    def stream(self, peer: Peer, stream: trio.abc.Stream) -> trio.abc.Stream:
        """The transport to use for a connection that was accepted."""
        return stream

    async def attend(self, peer: Peer) -> None:
        """Run beside the connection; cancelled when it ends."""

    async def handshake(self, peer: Peer) -> Rejection | None:
        """None to go on, or how to reject it."""
        return None

    async def opened(self, peer: Peer) -> None:
        """The WebSocket is open."""

    async def received(self, peer: Peer, message: str | bytes) -> None:
        """A message arrived and has not been read."""

    async def acting(self, peer: Peer, action: Action) -> None:
        """The message asked for this, and it is not done yet."""

    async def trouble(self, peer: Peer) -> JsonObject:
        """Wait for a happening that ends the session, or that says so (``contracts.base``)."""
        await trio.sleep_forever()
        raise AssertionError("it sleeps for ever")

    def serves(self, peer: Peer, usual: type[Contract]) -> type[Contract]:
        """The contract that this connection gets; ``usual``: that of the server."""
        return usual

    def longest(self, peer: Peer, usual: float) -> float:
        """How long the session may last, in seconds from its accept; ``usual``: without a fault."""
        return usual

    def admits(self, peer: Peer) -> bool:
        """Whether this ``start`` may get a session."""
        return True

    def hears(self, peer: Peer, source: str) -> bool:
        """Whether the server transcribes ``source``; False: it ignores what comes of it."""
        return True

    def queues(self, peer: Peer, source: str, pcm: bytes) -> bool:
        """Whether this audio may be queued."""
        return True

    def slowness(self, peer: Peer) -> float:
        """Seconds that a second of audio takes at least, if above 1.0."""
        return 1.0

    def queue_seconds(self, peer: Peer, usual: float) -> float:
        """How much audio the queue of each source holds; ``usual``: without a fault."""
        return usual

    async def taking(self, peer: Peer, source: str) -> None:
        """Audio is about to be taken from the queue of ``source``."""

    def took(self, peer: Peer, source: str, samples: int) -> None:
        """The recogniser has taken so many samples of ``source`` on this connection."""

    async def finishing(self, peer: Peer) -> None:
        """The client sent ``stop``; the recognisers go on as if it had not, while this waits."""

    def replacing(self, peer: Peer, message: JsonObject) -> Sequence[JsonObject]:
        """The messages to send in place of this one, in order."""
        return (message,)

    async def sending(self, peer: Peer, message: JsonObject) -> JsonObject | None:
        """The message to send in place of this one, or None for none."""
        return message

    def encoding(self, peer: Peer, message: JsonObject, encode: Callable[[JsonObject], str]) -> str:
        """The text frame of a message; ``encode`` is the contract's own."""
        return encode(message)

    async def sent(self, peer: Peer, message: JsonObject) -> None:
        """This message was sent."""

    async def recognized(
        self,
        peer: Peer,
        segment: Segment,
        answer: Hypothesis | None,
    ) -> Hypothesis | None:
        """The recogniser's answer, or what replaces it."""
        return answer

    def ended(self, peer: Peer) -> None:
        """The connection is over."""
