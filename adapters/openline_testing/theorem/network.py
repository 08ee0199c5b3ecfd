"""One dial: the network between a session and an ideal backend, with its faults.

It delays every message, accepts some messages while it is stalled, loses the messages under
way when it breaks, and reports its end exactly once, as an adapter must.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from openline.dialects.protocol import Ids
from openline.events import Event, MessageReceived, PongReceived, SocketLost
from openline_testing.scope import start_of, stop_of
from openline_testing.theorem.backend import IdealBackend
from openline_testing.theorem.simulation import Simulation
from openline_testing.theorem.speech import Encoded

SESSION: Final = "session"
ATTEMPT: Final = "attempt"
#: An item on its way up: a frame (its source, its first session sample, its samples), the mark
#: of a ping, or START or STOP. Frames are plain tuples, as they are by far the most frequent.
START, STOP = "start", "stop"
Up: TypeAlias = tuple[str, int, int] | bytes | str


class Client(Protocol):
    """The session's side, as the network calls it."""

    def feed(self, event: Event) -> None:
        """Feed the session an event."""
        ...

    def forget(self, socket: Socket) -> None:
        """The dial is over."""
        ...

    def hears(self, socket: Socket) -> bool:
        """Whether this dial is the live one for the session."""
        ...

    def unblock(self, socket: Socket) -> None:
        """A send that hung has completed."""
        ...


class Socket:
    """One dial, from the command to its last event."""

    def __init__(self, simulation: Simulation, client: Client, number: int, way: str) -> None:
        self._simulation = simulation
        self._client = client
        self._latency = simulation.schedule.latency
        self._late = simulation.schedule.late
        self.number = number
        self.way = way
        self.ids = Ids(session_id=SESSION, attempt_id=ATTEMPT, connection_id=f"connection {number}")
        self._texts: dict[str | bytes, str] = {}
        self.over = False  # the backend's side is gone
        self.reported = False  # the client has received SocketLost
        self.half_open = False  # nothing arrives on either side
        self.capacity: int = 0  # messages that a stalled network still takes
        self.stalled_until = 0.0
        self.frozen_until = 0.0
        self._wire: list[Up] = []
        self._due = False
        self._received: dict[str, int] = {}  # by source, up to the last pong that arrived
        self._known: dict[str, int] = {}  # by source, as ``known``
        self.backend = IdealBackend(simulation, self, self.ids)

    @property
    def stuck(self) -> bool:
        """Whether sent messages stay on this side."""
        now = self._simulation.now
        return self.half_open or self.stalled_until > now or self.frozen_until > now

    def kind(self, data: str | bytes) -> str | None:
        """START or STOP, if ``data`` is the dialect's start or stop on this dial."""
        if not self._texts:
            dialect = self._simulation.speech.dialect
            self._texts = {start_of(dialect, self.ids): START, stop_of(dialect, self.ids): STOP}
        return self._texts.get(data)

    def up(self, item: Up) -> bool:
        """The client sends; False if the send does not complete now."""
        self._wire.append(item)
        if self.stuck:
            return len(self._wire) <= self.capacity
        self._deliver_soon()
        return True

    def _deliver_soon(self) -> None:
        if not self._due:
            self._due = True
            self._simulation.at(self._latency, self._deliver)

    def _deliver(self) -> None:
        self._due = False
        if self.over or self.stuck:
            return
        wire, self._wire = self._wire, []
        backend = self.backend
        for item in wire:
            if isinstance(item, tuple):
                backend.audio_arrives(*item)
            elif isinstance(item, bytes):
                self.pong(item)
            elif item == START:
                backend.starts()
            else:
                backend.stops()

    def resume(self) -> None:
        """The stall or the freeze may be over."""
        if not self.over and not self.stuck:
            self._deliver_soon()
            self._client.unblock(self)

    def down(self, item: Encoded, key: str | None = None) -> None:
        """The backend sends a message; ``key`` is that of a final."""
        event = MessageReceived(self.number, item)
        self._send_down(event, partial(self._final_arrives, key) if key is not None else None)

    def figures(self, item: Encoded, source: str, backlog: int) -> None:
        """The backend sends its figures: so many samples of a source are queued."""
        event = MessageReceived(self.number, item)
        self._send_down(event, partial(self._figures_arrive, source, backlog))

    def pong(self, mark: bytes) -> None:
        """The backend's library answers a ping."""
        received = {name: each.received for name, each in self.backend.streams.items()}
        event = PongReceived(self.number, mark)
        self._send_down(event, partial(self._received.update, received))

    def _send_down(self, event: Event, first: Callable[[], None] | None) -> None:
        """The event arrives later; ``first`` notes before that what it shows."""
        if not self.half_open and (not self.over or self._late):
            self._simulation.at(self._latency, lambda: self._arrives(event, first))

    def _arrives(self, event: Event, first: Callable[[], None] | None) -> None:
        # An event under way when the dial ended is lost, or arrives late.
        if self.half_open or (self.reported and not self._late):
            return
        if first is not None:
            first()
        self._client.feed(event)

    def _figures_arrive(self, source: str, backlog: int) -> None:
        drained = max(0, self._received.get(source, 0) - backlog)
        known = self.backend.streams[source].place(drained)
        self._known[source] = max(self._known.get(source, 0), known)

    def _final_arrives(self, key: str) -> None:
        live = self._client.hears(self)
        self._simulation.ledger.arrives(key, live=live, known=self._known)

    def ends(self, **fields: Any) -> None:
        """The backend or the network ends it, after all messages under way."""
        if not self.over:
            self.over = True
            self._simulation.at(self._latency, partial(self.report, **fields))

    def report(self, **fields: Any) -> None:
        """Report the end to the client, once."""
        if not self.reported:
            self.over = self.reported = True
            self._client.forget(self)
            self._client.feed(SocketLost(dial=self.number, **fields))
