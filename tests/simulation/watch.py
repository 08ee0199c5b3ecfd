"""A session's machine that is watched: by the World, by its journal, and for the driver's duties.

The World checks the core and the driver against the laws of a session. The duties of a
driver are checked here, for any core: it never lets a deadline pass, it never leaves a
message unpulled while the sender is idle, it never loops without progress, and it reports a
socket's messages as they were sent there, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openline import events as e
from openline.backend import Backend
from openline.commands import AbortSocket, CloseSocket, Command, OpenSocket, Outgoing, SendPing
from openline.journal.recorder import Recorder
from openline.machine.handlers import LocalProtocolError
from openline.session import SessionMachine
from openline_testing import World
from tests.simulation.backend import PATIENCE, Wire

SESSION, ATTEMPT = "session", "attempt"
#: The options that a World needs.
KNOWN = ("policy", "dialect", "sources", "session_id", "attempt_id", "has_provider", "may_pause")

#: Virtual time has no rounding above this.
SOON = 1e-6
#: Steps at one instant, above which the driver loops without progress.
MANY = 20_000


class Watched:
    """One session's machine, as its driver sees it: each call goes by way of the World."""

    def __init__(
        self, backend: Backend, *, wire: Wire, write: Callable[[bytes], object], **options: Any
    ) -> None:
        options["attempt_id"] = ATTEMPT
        observers = (*options.pop("observers", ()), Recorder(write))
        self.machine = SessionMachine(backend, observers=observers, **options)
        self.world = World(**{name: options[name] for name in KNOWN})
        self.wire = wire
        self._failed = False
        self._idle = False  # its last pull gave nothing
        self._owed = False  # an event came since
        self._now = 0.0
        self._steps = 0

    def __getattr__(self, name: str) -> Any:
        """What is only read comes from the machine itself."""
        return getattr(self.machine, name)

    def receive(self, event: e.Event, now: float) -> list[Command]:
        if self._failed:  # the first complaint counts; let the driver tidy up
            return self.machine.receive(event, now)
        self._failed = True
        commands = self._receive(event, now)
        self._failed = False
        return commands

    def _receive(self, event: e.Event, now: float) -> list[Command]:
        self._be_on_time(now)
        match event:
            case e.MessageReceived(dial, data) if dial == self.wire.dial:
                sent = self.wire.sent
                assert sent, "a message that was not sent"
                assert data == sent.popleft(), "messages were lost, or changed places"
            case _:
                pass
        try:
            commands = self.world.receive(self.machine, event, now)
        except LocalProtocolError as exc:
            raise AssertionError("the driver requested the impossible") from exc
        self._owed = self._idle
        self._follow(event, commands)
        return commands

    def _follow(self, event: e.Event, commands: list[Command]) -> None:
        """Track whether there is a sender."""
        match event:
            case e.SocketOpened():
                self._owed = True
            case e.SocketLost():
                self._hang_up()
            case _:
                pass
        for command in commands:
            if isinstance(command, AbortSocket | CloseSocket):
                self._hang_up()
            elif isinstance(command, OpenSocket):
                self.wire.begin(command.dial)
        if self.machine.ended:
            self._hang_up()

    def _hang_up(self) -> None:
        self._idle = self._owed = False

    def next_message(self, now: float) -> Outgoing | None:
        if self._failed:
            return None
        self._failed = True
        outgoing = self._next_message(now)
        self._failed = False
        return outgoing

    def _next_message(self, now: float) -> Outgoing | None:
        self._be_on_time(now)
        outgoing = self.world.pull(self.machine, now)
        self._owed = False
        self._idle = outgoing is None
        if outgoing is None:
            return None
        if not isinstance(outgoing, SendPing):
            self.wire.pulled.append(outgoing.data)
        return outgoing

    def _be_on_time(self, now: float) -> None:
        deadline = self.machine.next_deadline()
        assert deadline is None or now <= deadline + SOON, f"{now - deadline} s late"
        if now == self._now:
            self._steps += 1
            assert self._steps < MANY, f"turning in circles at {now}"
            return
        over_at = self.wire.over_at
        live = self.world.seen.live is not None
        assert not live or over_at is None or now < over_at + PATIENCE, "the end was not reported"
        sound = self.wire.link is not None and self.wire.link.over_at is None
        assert not (self._owed and sound), f"the sender slept from {self._now} to {now}"
        self._now, self._steps = now, 0
