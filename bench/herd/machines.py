"""A client of openline in a herd: the real core, fed with what the world answers.

``play`` is the whole of a face: deliver the answer that has come or a tick, carry out the
commands, pull the messages. A line is opened and left until it is stable, as of a session that
runs for long; then it is lost, and from there on the backend sees the dials.

``at`` is when the client has something to do next, ``inf`` once it streams again or has ended.
It depends on nothing but the client, for the backend answers each dial when it is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Final

from bench.herd.backend import LOSS, RETRY_AFTER, HerdBackend, Outcome
from openline import Backend, Policy, SessionMachine
from openline import events as e
from openline.commands import Command, OpenSocket, Report, SendPing
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.updates import State, StateChanged

ACK: Final = '{"type":"status","state":"streaming"}'
_TO: Final = Backend()
_TICK: Final = e.Tick()
#: When the first line is opened: the earliest and the latest. It is stable after ten seconds, and
#: its pings are spread over their interval of five.
OPENED: Final = (3.0, 8.0)


class MachineClient:
    """One session. ``loss`` ends its first line: the close code, or None for a backend gone mute.

    ``rtt`` is in seconds. ``noted`` is called with the time of each dial and the time that the
    session had announced for it.
    """

    __slots__ = (
        "_announced",
        "_backend",
        "_dial",
        "_machine",
        "_noted",
        "_open",
        "_pending",
        "_rtt",
        "_state",
        "at",
        "dials",
        "streams_at",
    )

    def __init__(
        self,
        backend: HerdBackend,
        *,
        policy: Policy,
        random: Random,
        rtt: float,
        loss: int | None,
        noted: Callable[[float, float], None] | None = None,
    ) -> None:
        self._backend, self._rtt, self._noted = backend, rtt, noted
        self._machine = SessionMachine(
            _TO,
            session_id="s",
            attempt_id="a",
            random=random.random,
            policy=policy,
            may_pause=("mic",),  # a source that is silent: no audio, so no sample's cost
        )
        self._pending: list[tuple[float, e.Event]] = []  # what is on its way, the first first
        self._open = False
        self._state = State.IDLE
        self._dial = self.dials = 0
        self._announced = -math.inf
        self.streams_at: float | None = None
        self.at = random.uniform(*OPENED)
        self._receive(e.OpenRequested())
        self._look()
        if loss is not None:
            while self.at < LOSS + rtt / 2:
                self.step()
            self._pending.clear()
            self.at = LOSS + rtt / 2
            self._receive(e.SocketLost(dial=self._dial, code=loss, sender=_sender(loss)))
            self._look()

    @property
    def failed(self) -> bool:
        """Whether the session has given up."""
        return self._machine.ended

    def step(self) -> float:
        """Do what is due at ``at``; return the next ``at``."""
        if self._pending and self._pending[0][0] <= self.at:
            self._receive(self._pending.pop(0)[1])
        else:
            self._receive(_TICK)
        return self._look()

    def _look(self) -> float:
        """When there is something to do next."""
        if self._state is State.STREAMING and self._dial > 1:
            self.streams_at, self.at = self.at, math.inf
            return self.at
        deadline = self._machine.next_deadline()
        self.at = math.inf if deadline is None else deadline
        if self._pending and self._pending[0][0] < self.at:
            self.at = self._pending[0][0]
        return self.at

    def _receive(self, event: e.Event) -> None:
        now = self.at
        if type(event) is e.SocketOpened:
            self._open = True
        elif type(event) is e.SocketLost:
            self._open = False
        for command in self._machine.receive(event, now):
            self._carry_out(command, now)
        while self._open and (outgoing := self._machine.next_message(now)) is not None:
            if type(outgoing) is not SendPing:
                self._later(now + self._rtt, e.MessageReceived(self._dial, ACK))
            elif now < LOSS or self._dial > 1:
                self._later(now + self._rtt, e.PongReceived(self._dial, outgoing.mark))

    def _carry_out(self, command: Command, now: float) -> None:
        if type(command) is OpenSocket:
            self._dial = command.dial
            self._pending.clear()
            self._begin(now)
        elif type(command) is Report:
            update = command.update
            if type(update) is StateChanged:
                self._state = update.state
                if update.retry_in is not None:
                    self._announced = now + update.retry_in
                    self._open = False

    def _begin(self, now: float) -> None:
        """A dial goes out: what will come of it."""
        dial, rtt = self._dial, self._rtt
        if dial == 1:
            self._later(now + rtt, e.SocketOpened(dial, "c"))
            return
        if self._noted is not None:
            self._noted(now, self._announced)
        self.dials += 1
        outcome, after = self._backend.dial(now)
        told = now + rtt + after
        match outcome:
            case Outcome.MUTE:  # the core's own timeout ends it
                return
            case Outcome.REFUSED:
                self._later(told, e.SocketLost(dial=dial, error=ErrorKind.REFUSED))
            case Outcome.UNAVAILABLE:
                self._later(told, e.SocketLost(dial=dial, status=503))
            case Outcome.LATER:
                lost = e.SocketLost(dial=dial, status=503, retry_after=RETRY_AFTER)
                self._later(told, lost)
            case Outcome.RESTARTING:
                self._later(told, e.SocketOpened(dial, "c"))
                lost = e.SocketLost(dial=dial, code=1012, sender=Sender.REMOTE)
                self._later(told + rtt / 2, lost)
            case Outcome.OPENED:
                self._later(told, e.SocketOpened(dial, "c"))

    def _later(self, at: float, event: e.Event) -> None:
        self._pending.append((at, event))


def _sender(code: int) -> Sender | None:
    """1006 is in no frame: nobody sent it."""
    return None if code == 1006 else Sender.REMOTE
