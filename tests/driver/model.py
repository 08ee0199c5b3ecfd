"""A face in memory that follows the driver's contract; an app may call back at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from openline import events as e
from openline.backend import Backend
from openline.observer import Observer
from openline.policy import Policy
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.driver import Driver
from openline_driver.options import SessionOptions

BACKEND = Backend()
ACK = '{"type":"status","state":"streaming","final_ends":"exact"}'
FINAL_MESSAGE = '{"type":"final_summary","markdown":"","json":{}}'
#: Delays are zero where possible, so that short schedules cover much.
HASTY = Policy(prompt_retry=0, scatter=0, start_delay=0)


class Clock:
    """Stands at ``now`` until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def counter() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"id-{number}"


def options(**given: Any) -> SessionOptions:
    """The options of a session with one source; ``given`` replaces some of them."""
    ids = counter()
    usual: dict[str, Any] = {
        "backend": BACKEND,
        "sources": ("mic",),
        "session_id": "session",
        "may_pause": frozenset({"mic", "system"}),
        "random": lambda: 0.5,
        "new_id": lambda: next(ids),
    }
    return SessionOptions(**{**usual, **given})


class Face:
    """Carries out effects. ``meddle`` is called inside each, before it is carried out.

    A socket that is aborted, or whose dial is lost, is released at the next ``release``.
    """

    def __init__(
        self, *observers: Observer, wake: Callable[[], object] = lambda: None, **given: Any
    ) -> None:
        self.clock = Clock()
        self.driver = Driver(options(**given), self.clock, observers, wake=wake)
        self.effects: list[fx.Effect] = []
        self.dialled: list[int] = []
        self.sockets: set[int] = set()  # open, or being closed
        self.closing: set[int] = set()  # those that will be released
        self.released: list[int] = []
        self.patience = 1000
        self.meddle: Callable[[fx.Effect], object] = lambda _effect: None

    def feed(self, *events: e.Event | f.Fact) -> None:
        """Feed, and drain the effects unless a drain is already running."""
        for event in events:
            self.driver.feed(event)
            if not self.driver.draining:
                self.drain()

    def drain(self) -> None:
        for effect in self.driver.effects():
            self.effects.append(effect)
            self.meddle(effect)
            match effect:
                case fx.Dial(dial=dial):
                    lost = self.driver.dials.abandoned
                    assert len(self.sockets) <= lost, "two sockets at once"
                    self.dialled.append(dial)
                    self.sockets.add(dial)
                case fx.AbortDial(dial):
                    assert dial in self.sockets, "aborted before it was dialled"
                    self.closing.add(dial)
                case _:
                    pass

    def lose(self, event: e.SocketLost | f.Refused) -> None:
        """The dial is lost: its socket is closed, and released later."""
        if event.dial in self.sockets:
            self.closing.add(event.dial)
        self.feed(event)

    def release(self) -> None:
        """Release every socket that is being closed."""
        while self.closing:
            dial = min(self.closing)
            self.closing.discard(dial)
            self.sockets.discard(dial)
            self.released.append(dial)
            self.feed(f.Released(dial))

    def wake_up(self, early: float = 0.0) -> None:
        """Wake for the next deadline, perhaps a little early."""
        deadline = self.driver.deadline()
        self.patience -= 1
        assert self.patience, "what a test waits for never comes"
        if deadline is not None:
            self.clock.now = max(self.clock.now, deadline - early)
            self.feed(f.Woke(deadline))

    def of(self, *kinds: type) -> list[fx.Effect]:
        """The effects of these kinds up to now."""
        return [effect for effect in self.effects if isinstance(effect, kinds)]

    def open(self) -> int:
        """Open a line up to streaming; return the number of its dial."""
        self.feed(e.OpenRequested())
        dial = self.dialled[-1]
        self.feed(e.SocketOpened(dial, f"c-{dial}"))
        while self.driver.pull() is None:  # the start has a short delay
            self.wake_up()
        self.feed(e.MessageReceived(dial, ACK))
        return dial
