"""Calls the observers of one session, each by itself; see ``openline.observer`` for the rules.

A session makes a hundred calls a second and more, and most observers override a few methods alone.
So it is looked up once which those are; a method that an observer leaves as it is, is never called.
Audio arrives fifty times a second and a source, so an observer that does without it is not even
looked at then: those that want it stand in a list of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from openline.commands import Command, Outgoing, Report
from openline.events import AudioCaptured, Event
from openline.observer import Observer

#: A method of ``Observer``.
Hook: TypeAlias = Callable[..., None]
_HOOKS: Final[tuple[Hook, ...]] = (
    *(Observer.on_begin, Observer.on_event, Observer.on_draw, Observer.on_timer),
    *(Observer.on_verdict, Observer.on_transition, Observer.on_command, Observer.on_update),
    *(Observer.on_done, Observer.on_pull, Observer.on_error),
)
#: By these names the methods are kept of those that want audio.
_HEARD: Final[dict[Hook, str]] = {Observer.on_event: "event", Observer.on_done: "done"}
_EMPTY: Final = "pull"
_NAMES: Final[dict[Hook | str, str]] = {
    **{hook: hook.__name__ for hook in _HOOKS},
    **{key: hook.__name__ for hook, key in _HEARD.items()},
    _EMPTY: "on_pull",
}


class Observers:
    """The observers of a session, and the exceptions of those that were dropped.

    ``begin`` clears what ``show`` counts: how many of the commands were shown already.
    """

    __slots__ = ("_busy", "_calls", "_hears", "_shown", "_watching", "errors")

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._shown = 0
        self._busy = False
        self.errors: tuple[Exception, ...] = ()
        self._watch([*observers])

    def _watch(self, observers: list[Observer]) -> None:
        """These look on from now on: look up their methods."""
        self._watching = observers
        hearing = [each for each in observers if each.wants_audio]
        self._hears = bool(hearing)
        self._calls: dict[Hook | str, list[Observer]] = {}  # who has a method of its own
        wanted: list[tuple[Hook | str, Hook, list[Observer]]] = [
            *((hook, hook, observers) for hook in _HOOKS),
            *((key, hook, hearing) for hook, key in _HEARD.items()),
            (_EMPTY, Observer.on_pull, hearing),
        ]
        for key, hook, those in wanted:
            name = hook.__name__
            own = [o for o in those if getattr(getattr(o, name), "__func__", None) is not hook]
            if own:
                self._calls[key] = own

    def call(self, hook: Hook | str, *arguments: Any) -> None:
        """Call ``hook``, a method of ``Observer``, on each observer; drop one that raises."""
        observers = self._calls.get(hook)
        if observers is None:
            return
        name = _NAMES[hook]
        self._busy = True
        try:
            for observer in observers:
                try:
                    # No bound method is kept: a copy of a session has copies of its observers.
                    getattr(observer, name)(*arguments)
                except Exception as exc:  # noqa: BLE001  # an observer never harms the session
                    self._watch([each for each in self._watching if each is not observer])
                    self.errors += (exc,)
        finally:
            self._busy = False

    def call_with(self, hook: Hook, event: Event, *arguments: Any) -> None:
        """``call``, of those alone that are shown ``event``."""
        self.call(_HEARD[hook] if type(event) is AudioCaptured else hook, event, *arguments)

    def call_for_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """``on_pull``: where something was pulled; where nothing was, of those that want audio."""
        self.call(_EMPTY if outgoing is None else Observer.on_pull, outgoing, now)

    def lets_relay(self) -> bool:
        """Whether no observer wants audio. Raises RuntimeError if an observer asks."""
        self.begin()
        return not self._hears

    def begin(self) -> None:
        """The machine is called. Raises RuntimeError if an observer does it."""
        if self._busy:
            raise RuntimeError("an observer called the machine: let it note what it saw instead")
        self._shown = 0

    def show(self, commands: Sequence[Command], now: float) -> None:
        """Show what has been added to ``commands`` since the last time."""
        if len(commands) == self._shown:
            return
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
