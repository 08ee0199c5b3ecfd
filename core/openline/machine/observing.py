"""Calls the observers of one session, each by itself; see ``openline.observer`` for the rules.

Audio arrives fifty times a second and a source, so an observer that does without it is not even
looked at then: those that want it stand in a list of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openline.commands import Command, Report
from openline.events import AudioCaptured, Event
from openline.observer import Observer


class Observers:
    """The observers of a session, and the exceptions of those that were dropped.

    ``begin`` clears what ``show`` counts: how many of the commands were shown already.
    """

    __slots__ = ("_busy", "_hearing", "_shown", "_watching", "errors")

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._watching = list(observers)
        self._hearing = [each for each in observers if each.wants_audio]
        self._shown = 0
        self._busy = False
        self.errors: tuple[Exception, ...] = ()

    def call(self, hook: Callable[..., None], *arguments: Any) -> None:
        """Call ``hook``, a method of ``Observer``, on each observer; drop one that raises."""
        self._call(self._watching, hook, *arguments)

    def call_with(self, hook: Callable[..., None], event: Event, *arguments: Any) -> None:
        """``call``, of those alone that are shown ``event``."""
        watching = self._hearing if type(event) is AudioCaptured else self._watching
        if watching:
            self._call(watching, hook, event, *arguments)

    def lets_relay(self) -> bool:
        """Whether nobody wants to see audio. Raises RuntimeError if an observer asks."""
        self.begin()
        return not self._hearing

    def _call(
        self, watching: Sequence[Observer], hook: Callable[..., None], *arguments: Any
    ) -> None:
        name = hook.__name__
        self._busy = True
        try:
            for observer in watching:
                try:
                    getattr(observer, name)(*arguments)
                except Exception as exc:  # noqa: BLE001  # an observer never harms the session
                    self._watching = [o for o in self._watching if o is not observer]
                    self._hearing = [o for o in self._hearing if o is not observer]
                    self.errors += (exc,)
        finally:
            self._busy = False

    def begin(self) -> None:
        """The machine is called. Raises RuntimeError if an observer does it."""
        if self._busy:
            raise RuntimeError("an observer called the machine: let it note what it saw instead")
        self._shown = 0

    def show(self, commands: Sequence[Command], now: float) -> None:
        """Show what has been added to ``commands`` since the last time."""
        for command in commands[self._shown :]:
            self.call(Observer.on_command, command, now)
            if isinstance(command, Report):
                self.call(Observer.on_update, command.update, now)
        self._shown = len(commands)

    def drawing(self, random: Callable[[], float]) -> Callable[[], float]:
        """``random``, with each number shown."""

        def draw() -> float:
            value = random()
            self.call(Observer.on_draw, value)
            return value

        return draw
