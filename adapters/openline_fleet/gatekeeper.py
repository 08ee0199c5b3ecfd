"""Keeps the dial gate of a shard: which dial waits at it, and who calls it when it opens."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from openline_asyncio.sources.pacer import Pacer
from openline_fleet.gate import FleetGate


class Dialler(Protocol):
    """A session that wants to dial."""

    @property
    def session_id(self) -> str:
        """Its name."""
        ...

    def admitted(self) -> None:
        """Its dial may go out."""
        ...


class Gatekeeper:
    """Lets the dials of sessions through ``gate``, as the pacer has time pass."""

    def __init__(self, gate: FleetGate, pacer: Pacer, clock: Callable[[], float]) -> None:
        self.gate = gate
        self._pacer = pacer
        self._clock = clock
        self._waiting: dict[str, Dialler] = {}
        self._due_at = math.inf

    def may_dial(self, dialler: Dialler) -> bool:
        """Whether its dial may go out now; otherwise ``admitted`` is called when it may."""
        if self.gate.ask(dialler.session_id, self._clock()):
            return True
        self._waiting[dialler.session_id] = dialler
        self._watch()
        return False

    def left(self, dialler: Dialler) -> None:
        """Its dial was given up, if it was waiting."""
        self.gate.leave(dialler.session_id)

    def forget(self, dialler: Dialler) -> None:
        """The session is over."""
        self.gate.forget(dialler.session_id)
        self._waiting.pop(dialler.session_id, None)

    def due(self, now: float) -> None:
        """The pacer calls."""
        if now < self._due_at:
            return
        self._due_at = math.inf
        while (key := self.gate.admit(now)) is not None:
            self._waiting.pop(key).admitted()
        self._watch()

    def _watch(self) -> None:
        deadline = self.gate.deadline()
        if deadline is not None and deadline < self._due_at:
            self._due_at = deadline
            self._pacer.put(self, deadline)
