"""One connection under fault injection: its pending faults, and the effects in force on it.

Three kinds of effect are kept here. On the wire: holds, losses and garbage, through the
``FaultyStream``. On the recogniser: it is slow, late or stuck, ignores a source, has another
queue. On its words: ``Misreports``. Which fault strikes when is the injector's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Final

import trio

from openline_server.audioqueue import QUEUE_SECONDS
from openline_server.contract import BYTES_PER_SECOND, JsonObject
from openline_server.contracts.base import Contract
from openline_server.contracts.echopanel import Echopanel
from openline_server.faults import Effect, Fault, Mark
from openline_server.faulty_stream import FaultyStream
from openline_server.garbage import GARBAGE, NO_FRAME, WORDLESS
from openline_server.hooks import Peer
from openline_server.misreports import FALSE_ENDS, MISREPORTS, Misreports

_ON_WIRE: Final = frozenset(
    {
        Effect.STALL_UPLINK,
        Effect.STALL_DOWNLINK,
        Effect.NO_PONG,
        Effect.HALF_OPEN,
        Effect.GARBAGE,
        Effect.GARBAGE_BYTES,
    }
)
#: Effects that the contract words itself.
_TROUBLES: Final = frozenset(
    {Effect.ERROR, Effect.ERROR_WITHOUT_CODE, Effect.GO_AWAY, Effect.NO_KEEPALIVE}
)
#: Those that come instead of the ack, unless they wait for a moment.
ERRORS: Final = frozenset({Effect.ERROR, Effect.ERROR_WITHOUT_CODE})
_TEXT_FRAME: Final = 0x81
#: The audio that a slow flush is about: a full queue and a chunk of 4 s.
_FLUSHED_SECONDS: Final = QUEUE_SECONDS + 4.0


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that struck: which, on which dial (from 1), when on trio's clock."""

    fault: Fault
    dial: int
    at: float

    def __str__(self) -> str:
        return f"dial {self.dial}: {self.fault}"


@dataclass(slots=True)
class FaultyDial:
    """The pending faults of one connection, and the effects in force."""

    peer: Peer
    wire: FaultyStream
    pending: list[Fault]
    reports: Misreports
    contract: type[Contract] = Echopanel
    frames: int = 0
    finals: int = 0
    #: The samples that the recogniser has taken of each source.
    taken: dict[str, int] = field(default_factory=dict[str, int])
    #: Audio that is yet to be dropped, in bytes.
    to_drop: float = 0
    slowness: float = 1.0
    stuck: bool = False
    #: The recogniser does nothing before this time.
    late_until: float = -inf
    #: None: as much as without a fault.
    queue_seconds: float | None = None
    ignored: set[str] = field(default_factory=set[str])
    #: Whether the server may say that its ends are exact.
    exact_ends: bool = True
    #: How to end the connection once the current message has gone.
    last_words: tuple[int, str] | None = None
    #: Frames to send beside the server's messages.
    noise: tuple[trio.MemorySendChannel[bytes], trio.MemoryReceiveChannel[bytes]] = field(
        default_factory=lambda: trio.open_memory_channel[bytes](inf)
    )

    #: What the session is to say in its contract's words, and when.
    troubles: list[tuple[float, JsonObject]] = field(default_factory=list[tuple[float, JsonObject]])
    #: When audio or a keepalive came last, and how long the server waits for the next.
    heard_at: float = -inf
    patience: float = inf
    _troubled: trio.Event = field(default_factory=trio.Event)

    def strike(self, fault: Fault) -> None:
        """``fault`` is in force from now on."""
        if fault.effect in MISREPORTS or fault.effect is Effect.FAILED_ITEM:
            self.reports.strike(fault)
        elif fault.effect in _TROUBLES:
            self._strike_session(fault)
        elif fault.effect in _ON_WIRE:
            self._strike_wire(fault)
        else:
            self._strike_recognizer(fault)

    def flush_slowly(self, seconds: float) -> None:
        """The recogniser needs so long for what is left."""
        self.late_until = max(self.late_until, trio.current_time() + seconds)
        self.reports.realtime_factor = round(seconds / _FLUSHED_SECONDS, 3)

    async def trouble(self) -> JsonObject:
        """Wait for the next happening that a fault makes."""
        while True:
            now = trio.current_time()
            at, first = min(
                ((at, number) for number, (at, _) in enumerate(self.troubles)), default=(inf, 0)
            )
            if at <= now:
                return self.troubles.pop(first)[1]
            if now >= self.heard_at + self.patience:
                seconds, self.patience = self.patience, inf
                return {"type": "idle", "seconds": seconds}
            with trio.move_on_after(min(at, self.heard_at + self.patience) - now):
                await self._troubled.wait()

    def _strike_session(self, fault: Fault) -> None:
        now, seconds = trio.current_time(), fault.number
        match fault.effect:
            case Effect.NO_KEEPALIVE:
                self.heard_at, self.patience = max(self.heard_at, now), seconds
            case Effect.GO_AWAY:
                self.troubles.append((now, {"type": "go_away", "seconds": seconds}))
                self.troubles.append((now + seconds, {"type": "gone", "seconds": seconds}))
            case _:
                at_start = "Invalid start message: " if fault.after is None else ""
                text = fault.text or f"{at_start}a fault was asked for"
                code = int(fault.number) or None
                told: JsonObject = {"type": "error", "code": code, "message": text}
                if fault.effect is Effect.ERROR_WITHOUT_CODE:
                    told["uncoded"] = True
                self.troubles.append((now, told))
        self._troubled.set()
        self._troubled = trio.Event()

    async def until_not_late(self) -> None:
        """Wait while the recogniser is late; it may become later meanwhile."""
        now = trio.current_time()
        while (then := self.late_until) > now:
            await trio.sleep_until(then)
            now = then

    def _strike_wire(self, fault: Fault) -> None:
        wire, until = self.wire, trio.current_time() + fault.number
        match fault.effect:
            case Effect.STALL_UPLINK:
                wire.reads_from = max(wire.reads_from, until)
            case Effect.STALL_DOWNLINK:
                wire.sends_from = max(wire.sends_from, until)
            case Effect.NO_PONG:
                wire.swallows_pongs = True
            case Effect.HALF_OPEN:
                wire.dead = True
            case _:
                garbage = GARBAGE if self.contract is Echopanel else WORDLESS
                for frame in garbage if fault.effect is Effect.GARBAGE else (NO_FRAME,):
                    self.noise[0].send_nowait(frame)

    def _strike_recognizer(self, fault: Fault) -> None:
        match fault.effect:
            case Effect.SLOW:
                self.slowness = fault.number
            case Effect.STUCK:
                self.stuck = True
            case Effect.LATE:
                self.late_until = max(self.late_until, trio.current_time() + fault.number)
            case Effect.QUEUE:
                self.queue_seconds = fault.number
            case Effect.IGNORE:
                self.ignored.add(fault.text)
            case Effect.DROP:
                self.to_drop += fault.number * BYTES_PER_SECOND
            case _:
                raise AssertionError(f"{fault} has a place of its own")


def new_dial(
    peer: Peer,
    wire: FaultyStream,
    pending: list[Fault],
    seed: int,
    contract: type[Contract] = Echopanel,
) -> FaultyDial:
    """A connection on which nothing is in force yet; ``seed`` draws the same for each run."""
    reports = Misreports(Random(f"{seed} {peer.number}"))  # noqa: S311  # drawn from a seed
    exact = not any(fault.effect in FALSE_ENDS for fault in pending)
    return FaultyDial(peer, wire, pending, reports, contract, exact_ends=exact)


def is_ack(message: JsonObject) -> bool:
    """Whether this is the answer to ``start``."""
    return message.get("state") == "streaming" and "client_features" in message


def before_a_dial(fault: Fault) -> bool:
    """Whether ``fault`` strikes before the dial is accepted."""
    return fault.effect is Effect.SHUT and fault.after is None


def has_a_place(fault: Fault) -> bool:
    """Whether ``fault`` waits for a place of its own, and not for a moment."""
    at_ack = fault.effect in ERRORS and fault.after is None
    return at_ack or not fault.effect.phrase.timed


def is_at(fault: Fault, mark: Mark, count: float) -> bool:
    """Whether ``fault`` waits for this moment."""
    if fault.after is None:
        return mark is Mark.OPEN
    return (fault.after.mark, fault.after.count) == (mark, count)


def frames(effect: Effect, mark: bytes) -> Callable[[bytes], bool]:
    """A predicate for the frames to cut: of a message, or of a final, which contains ``mark``."""
    final = effect is Effect.CUT_MID_FINAL
    return lambda frame: frame[0] == _TEXT_FRAME and (not final or mark in frame)
