"""One dial: the network between a session and an ideal backend, and all that it can do.

It delays what goes through it, takes in some messages while it is stalled, loses what was
on its way when it breaks, and tells of its end exactly once, as an adapter must.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from openline.dialects.checking import encode_checked
from openline.dialects.protocol import Ids
from openline.events import Event, MessageReceived, PongReceived, SocketLost
from openline_testing.theorem.backend import IdealBackend
from openline_testing.theorem.speech import Said
from openline_testing.theorem.stage import Simulation

SESSION: Final = "session"
ATTEMPT: Final = "attempt"
#: What goes up: a frame (its source, its first session sample, its samples), the mark of a
#: ping, or one of these. A plain tuple, as there are more of them than of all else.
START, STOP = "start", "stop"
Up: TypeAlias = tuple[str, int, int] | bytes | str


class Client(Protocol):
    """What a network can do to the session's side."""

    def feed(self, event: Event) -> None:
        """Something happened."""
        ...

    def forget(self, socket: Socket) -> None:
        """The dial is over."""
        ...

    def unblock(self, socket: Socket) -> None:
        """A send that hung has completed."""
        ...


class Socket:
    """One dial, from the command to the last that is heard of it."""

    def __init__(self, stage: Simulation, client: Client, number: int, way: str) -> None:
        self._stage = stage
        self._client = client
        self._latency = stage.schedule.latency
        self._late = stage.schedule.late
        self.number = number
        self.way = way
        self.ids = Ids(session_id=SESSION, attempt_id=ATTEMPT, connection_id=f"connection {number}")
        self._texts: dict[str | bytes, str] = {}
        self.over = False  # nobody answers any more
        self.reported = False  # the client was told so
        self.deaf = False  # half-open: nothing arrives on either side
        self.capacity: int = 0  # messages that a stalled network still takes
        self.stalled_until = 0.0
        self.frozen_until = 0.0
        self._wire: list[Up] = []
        self._due = False
        self.backend = IdealBackend(stage, self, self.ids)

    @property
    def stuck(self) -> bool:
        """Whether what is sent stays on this side."""
        return self.deaf or max(self.stalled_until, self.frozen_until) > self._stage.now

    def kind(self, said: str | bytes) -> str | None:
        """START or STOP, if that is what the dialect ``said`` on this dial."""
        if not self._texts:
            dialect = self._stage.speech.dialect
            start, stop = (encode_checked(dialect, each, self.ids) for each in ("start", "stop"))
            self._texts = {start: START, stop: STOP}
        return self._texts.get(said)

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
            self._stage.at(self._latency, self._deliver)

    def _deliver(self) -> None:
        self._due = False
        if self.over or self.stuck:
            return
        wire, self._wire = self._wire, []
        backend = self.backend
        for item in wire:
            if isinstance(item, tuple):
                backend.hears(*item)
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

    def down(self, item: Said, key: str | None = None) -> None:
        """The backend speaks; ``key`` is that of a final."""
        self._comes(MessageReceived(self.number, item), key)

    def pong(self, mark: bytes) -> None:
        """The backend's library answers a ping."""
        self._comes(PongReceived(self.number, mark))

    def _comes(self, event: Event, key: str | None = None) -> None:
        if not self.deaf and (not self.over or self._late):
            self._stage.at(self._latency, lambda: self._arrives(event, key))

    def _arrives(self, event: Event, key: str | None) -> None:
        # What was on its way when the dial ended is lost, or arrives when it is over.
        if self.deaf or (self.reported and not self._late):
            return
        if key is not None:
            self._stage.ledger.arrives(key)
        self._client.feed(event)

    def ends(self, **facts: Any) -> None:
        """The backend or the network ends it, behind all that was said."""
        if not self.over:
            self.over = True
            self._stage.at(self._latency, partial(self.report, **facts))

    def report(self, **facts: Any) -> None:
        """The client learns that it is over, once."""
        if not self.reported:
            self.over = self.reported = True
            self._client.forget(self)
            self._client.feed(SocketLost(dial=self.number, **facts))
