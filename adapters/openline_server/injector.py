"""Carries out faults: hooks for the server that count moments and strike in time.

Each dial has its own list of pending faults. Every event on a connection (it opens, audio
arrives, the ack goes out, seconds pass) is a moment. A fault that waits for that moment
strikes and leaves the list. A fault with a place of its own is taken from the list there:
``refuse`` at the handshake, ``no ack`` when the ack is about to go.

Faults below the WebSocket (holds, cuts, losses, garbage) act through the dial's
``FaultyStream``; faults of the contract change the server's messages; faults that end the
connection act through its ``Peer``. ``freeze``, ``crash``, ``restart`` and ``refuse 5s`` affect
the whole server, whichever dial they came with. The clock is trio's. Each strike is
recorded in ``struck`` and logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import ceil, inf
from typing import Final

import trio

from openline_server import contract
from openline_server.contract import JsonObject
from openline_server.contracts.base import (
    Action,
    Audio,
    Contract,
    End,
    Flush,
    Keepalive,
    Start,
    Stop,
)  # fmt: skip
from openline_server.contracts.echopanel import Echopanel
from openline_server.faultgrammar import parse_faults
from openline_server.faults import Effect, Fault, Mark
from openline_server.faulty_dial import (
    ERRORS,
    FaultyDial,
    Strike,
    before_a_dial,
    frames,
    has_a_place,
    is_ack,
    is_at,
    new_dial,
)
from openline_server.faulty_stream import FaultyStream
from openline_server.hooks import Hooks, Host, Peer, Rejection
from openline_server.recognizer import Hypothesis, Segment

__all__ = ["FaultInjector", "Strike"]

log: Final = logging.getLogger(__name__)

_ON_SERVER: Final = frozenset({Effect.CRASH, Effect.RESTART, Effect.SHUT, Effect.FREEZE})


class FaultInjector(Hooks):
    """Hooks that inject ``faults``; ``struck`` lists those that struck, in order."""

    def __init__(self, faults: str | Iterable[Fault] = (), *, seed: int = 0) -> None:
        """Faults, or the phrases for them; ``seed`` draws what is random. Raises FaultError."""
        self._seed = seed
        self.faults = parse_faults(faults) if isinstance(faults, str) else tuple(faults)
        self.struck: list[Strike] = []
        self._dials: dict[int, FaultyDial] = {}
        self._host: Host | None = None
        self._frozen_until = self._busy_until = -inf
        self._latest = 0

    # The server and its connections.

    def serving(self, host: Host) -> None:
        """Close the port, if a fault forbids the first dial."""
        self._host = host
        self._before_dial(1)

    def stream(self, peer: Peer, stream: trio.abc.Stream) -> trio.abc.Stream:
        """Wrap the stream in a ``FaultyStream``."""
        self._latest = peer.number
        wire = FaultyStream(stream, lambda: self._frozen_until)
        pending = [f for f in self.faults if peer.number in f.dials and not before_a_dial(f)]
        dial = new_dial(peer, wire, pending, self._seed, self._contract)
        self._dials[peer.number] = dial
        self._reach(dial, Mark.ACCEPT)
        return wire

    async def attend(self, peer: Peer) -> None:
        """Strike at the timed moments, and send noise."""
        dial = self._dials[peer.number]
        async with trio.open_nursery() as nursery:
            for moment in {fault.after for fault in dial.pending if fault.after is not None}:
                if moment.mark is Mark.SECOND:
                    nursery.start_soon(self._wait, dial, moment.count)
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                async for frame in dial.noise[1]:
                    await dial.wire.send_all(frame)

    async def _wait(self, dial: FaultyDial, seconds: float) -> None:
        await trio.sleep_until(dial.peer.opened_at + seconds)
        self._reach(dial, Mark.SECOND, seconds)

    def ended(self, peer: Peer) -> None:
        """Drop the dial's state; close the port if a fault forbids the next dial."""
        for channel in self._dials.pop(peer.number).noise:
            channel.close()
        self._before_dial(peer.number + 1)

    def _before_dial(self, number: int) -> None:
        if number <= self._latest:
            return  # its connection was accepted before this one ended
        for fault in self.faults:
            if number in fault.dials and before_a_dial(fault):
                self._note(fault, number)
                self._close_port(fault.number)

    # Moments.

    async def handshake(self, peer: Peer) -> Rejection | None:
        """Reject or redirect the handshake, if a fault asks for it."""
        dial = self._dials[peer.number]
        left = self._busy_until - trio.current_time()
        if left > 0:
            return Rejection(503, (("Retry-After", str(ceil(left))),))
        refusal = self._contract.unauthorized
        if refusal is not None and self._take(dial, Effect.UNAUTHORIZED):
            return refusal
        if not self._contract.acks and self._take(dial, Effect.NO_ACK):
            await trio.sleep_forever()
        if (fault := self._take(dial, Effect.REDIRECT)) is not None:
            return Rejection(307, (("Location", fault.text),))
        if (fault := self._take(dial, Effect.REFUSE)) is not None:
            after = fault.retry_after
            headers = () if after is None else (("Retry-After", str(ceil(after))),)
            return Rejection(int(fault.number), headers)
        return None

    async def opened(self, peer: Peer) -> None:
        """The moment at which most faults strike."""
        self._reach(self._dials[peer.number], Mark.OPEN)

    async def acting(self, peer: Peer, action: Action) -> None:
        """Count audio; note ``start`` and ``stop`` as moments."""
        dial = self._dials[peer.number]
        if isinstance(action, Audio | Keepalive):
            dial.heard_at = trio.current_time()
        match action:
            case Start():
                self._reach(dial, Mark.START)
            case Stop() | End(stop=True):
                dial.reports.stopped = True
                self._reach(dial, Mark.STOP)
            case Flush() if self._contract.stops_by_flush:
                self._flush_slowly(dial)
                self._reach(dial, Mark.STOP)
            case Audio(more=False):
                dial.frames += 1
                self._reach(dial, Mark.FRAME, dial.frames)
            case _:
                pass

    async def sending(self, peer: Peer, message: JsonObject) -> JsonObject | None:
        """Change the message, or drop it, as the faults in force ask."""
        dial = self._dials[peer.number]
        if message.get("state") == "connected" and self._take(dial, Effect.UNAUTHORIZED):
            dial.last_words = self._contract.denied.code, self._contract.denied.reason
            return contract.status("error", contract.UNAUTHORIZED_TEXT)
        if is_ack(message):
            if (fault := self._take(dial, *ERRORS)) is not None:
                dial.strike(fault)
                await trio.sleep_forever()  # the session ends meanwhile
            if self._take(dial, Effect.NO_ACK):
                return None
            if not dial.exact_ends:
                message = {name: message[name] for name in message if name != "final_ends"}
        if self._is_summary(message) and self._take(dial, Effect.NO_SUMMARY):
            await trio.sleep_forever()
        return message

    async def sent(self, peer: Peer, message: JsonObject) -> None:
        """Note the ack, a final and the summary as moments."""
        dial = self._dials[peer.number]
        if dial.last_words is not None:
            peer.end(*dial.last_words)
        elif message["type"] == "asr_final":
            dial.finals += 1
            self._reach(dial, Mark.FINAL, dial.finals)
        elif self._is_summary(message):
            self._reach(dial, Mark.SUMMARY)
        elif is_ack(message):
            self._reach(dial, Mark.ACK)

    def _is_summary(self, message: JsonObject) -> bool:
        """Whether this is the last that a client waits for."""
        last = "flushed" if self._contract.stops_by_flush else "final_summary"
        return message["type"] == last

    async def trouble(self, peer: Peer) -> JsonObject:
        """What the faults in force make of the session."""
        return await self._dials[peer.number].trouble()

    def serves(self, peer: Peer, usual: type[Contract]) -> type[Contract]:
        """The contract of the version that the fault asks for."""
        fault = self._take(self._dials[peer.number], Effect.OLDER_SERVER, Effect.CPP_SERVER)
        return usual if fault is None else usual.variants[fault.effect.phrase.words]

    def longest(self, peer: Peer, usual: float) -> float:
        """As long as the fault says."""
        fault = self._take(self._dials[peer.number], Effect.SESSION_LIMIT)
        return usual if fault is None else fault.number

    def admits(self, peer: Peer) -> bool:
        """Whether no ``capacity`` fault is pending."""
        return self._take(self._dials[peer.number], Effect.CAPACITY) is None

    def queues(self, peer: Peer, source: str, pcm: bytes) -> bool:  # noqa: ARG002  # any source
        """Whether there is no audio to drop."""
        dial = self._dials[peer.number]
        drop, dial.to_drop = dial.to_drop > 0, max(0, dial.to_drop - len(pcm))
        return not drop

    def hears(self, peer: Peer, source: str) -> bool:
        """Whether the source is not ignored."""
        return source not in self._dials[peer.number].ignored

    def queue_seconds(self, peer: Peer, usual: float) -> float:
        """The size in force."""
        asked = self._dials[peer.number].queue_seconds
        return usual if asked is None else asked

    async def taking(self, peer: Peer, source: str) -> None:  # noqa: ARG002  # any source
        """Wait while the recogniser is late."""
        await self._dials[peer.number].until_not_late()

    def took(self, peer: Peer, source: str, samples: int) -> None:
        """Note what finals are about at most."""
        self._dials[peer.number].taken[source] = samples

    async def finishing(self, peer: Peer) -> None:
        """Wait for a slow flush; a deaf server never finishes."""
        dial = self._dials[peer.number]
        if dial.reports.deaf:
            await trio.sleep_forever()
        if self._flush_slowly(dial):
            await dial.until_not_late()

    def _flush_slowly(self, dial: FaultyDial) -> bool:
        if (fault := self._take(dial, Effect.SLOW_FLUSH)) is not None:
            dial.flush_slowly(fault.number)
        return fault is not None

    def replacing(self, peer: Peer, message: JsonObject) -> Sequence[JsonObject]:
        """Misreport, as the faults in force ask."""
        dial = self._dials[peer.number]
        return dial.reports.messages(message, dial.taken)

    def encoding(self, peer: Peer, message: JsonObject, encode: Callable[[JsonObject], str]) -> str:
        """The text, in whatever form the faults in force ask for."""
        return self._dials[peer.number].reports.encode(message, encode)

    def slowness(self, peer: Peer) -> float:
        """The factor in force."""
        return self._dials[peer.number].slowness

    async def recognized(
        self,
        peer: Peer,
        segment: Segment,  # noqa: ARG002  # the fault holds any segment
        answer: Hypothesis | None,
    ) -> Hypothesis | None:
        """Hold the answer while the recogniser is stuck or late."""
        if self._dials[peer.number].stuck:
            await trio.sleep_forever()
        await self._dials[peer.number].until_not_late()
        return answer

    # Strikes.

    def _reach(self, dial: FaultyDial, mark: Mark, count: float = 1) -> None:
        """A moment has come: strike with the faults that wait for it."""
        for fault in list(dial.pending):
            if not has_a_place(fault) and is_at(fault, mark, count):
                dial.pending.remove(fault)
                self._strike(dial, fault)

    def _take(self, dial: FaultyDial, *effects: Effect) -> Fault | None:
        """Take the next pending fault of these kinds; it strikes now."""
        for fault in dial.pending:
            if fault.effect in effects and fault.after is None:
                dial.pending.remove(fault)
                self._note(fault, dial.peer.number)
                return fault
        return None

    def _note(self, fault: Fault, dial: int) -> None:
        strike = Strike(fault, dial, trio.current_time())
        self.struck.append(strike)
        log.warning("fault on %s", strike)

    @property
    def _contract(self) -> type[Contract]:
        return Echopanel if self._host is None else self._host.contract

    def _close_port(self, seconds: float) -> None:
        if self._host is not None:
            self._host.close_port(seconds)

    def _strike(self, dial: FaultyDial, fault: Fault) -> None:
        if fault.effect in {Effect.CUT_MID_FRAME, Effect.CUT_MID_FINAL}:
            within = frames(fault.effect, self._contract.final_mark)
            dial.wire.cut_within(within, lambda: self._half_sent(dial, fault))
            return
        self._note(fault, dial.peer.number)
        if fault.effect in _ON_SERVER:
            self._strike_server(fault)
        else:
            self._strike_dial(dial, fault)

    def _strike_server(self, fault: Fault) -> None:
        if fault.effect is Effect.FREEZE:
            until = trio.current_time() + fault.number
            self._frozen_until = max(self._frozen_until, until)
            return
        self._close_port(fault.number)
        if fault.effect is not Effect.SHUT and self._host is not None:
            for peer in self._host.connections:
                peer.end(1012 if fault.effect is Effect.RESTART else 1006)

    def _strike_dial(self, dial: FaultyDial, fault: Fault) -> None:
        match fault.effect:
            case Effect.CUT:
                dial.peer.abort()
            case Effect.RESET:
                dial.wire.reset()
                dial.peer.abort()
            case Effect.CLOSE:
                dial.peer.end(int(fault.number), fault.text)
                until = trio.current_time() + (fault.retry_after or 0)
                self._busy_until = max(self._busy_until, until)
            case _:
                dial.strike(fault)

    def _half_sent(self, dial: FaultyDial, fault: Fault) -> None:
        self._note(fault, dial.peer.number)
        dial.peer.abort()
