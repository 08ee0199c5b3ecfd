"""An app that calls back at any moment leaks no socket and changes no order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from openline import commands as c
from openline import events as e
from openline.observer import Observer
from openline.reconnect.verdicts import ErrorKind
from openline.updates import Ended, Update
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.driver import Driver
from tests.driver.model import ACK, FINAL_MESSAGE, HASTY, Face
from tests.support_profiles import paced

#: The steps of the environment. ``now``: on the newest dial.
WORLD = (
    *("open", "ack", "cut", "close", "redirect", "busy", "audio", "final", "pull", "pong"),
    *("wake", "wake", "wake", "early", "release", "release", "token", "no token"),
)
#: The calls of the app, from its own code or from inside any callback.
APP = ("abort", "stop", "cancel", "post abort", "post stop", "audio", "hint", "open")
NOTHING = "nothing"


class Watcher(Observer):
    """Records the commands, and calls back while the machine works."""

    __slots__ = ("commands", "moments", "session")

    def __init__(self) -> None:
        self.commands: list[c.Command] = []
        self.moments: list[str] = []
        self.session: Driver | None = None

    def on_command(self, command: c.Command, now: float) -> None:
        self.commands.append(command)
        self._meddle()

    def on_event(self, event: e.Event, now: float) -> None:
        self._meddle()

    def on_pull(self, outgoing: object, now: float) -> None:
        self._meddle()

    def _meddle(self) -> None:
        if self.moments and self.session is not None:
            app(self.session.feed, self.session.post, self.moments.pop())


def app(feed: Any, post: Any, what: str) -> None:
    """One call of the app."""
    match what:
        case "abort":
            feed(e.AbortRequested())
        case "stop":
            feed(e.StopRequested())
        case "cancel":
            feed(f.Cancelled())
        case "post abort":
            post(e.AbortRequested())
        case "post stop":
            post(e.StopRequested())
        case "audio":
            feed(e.AudioCaptured("mic", bytes(640)))
        case "hint":
            feed(e.NetworkRestored())
        case "open":
            feed(e.OpenRequested())
        case _:
            pass


def socket(face: Face, dial: int, what: str) -> None:
    """One event of an open socket."""
    match what:
        case "open":
            face.feed(e.SocketOpened(dial, f"c-{dial}"))
        case "cut":
            face.lose(e.SocketLost(dial=dial, error=ErrorKind.CUT))
        case "close":
            face.lose(e.SocketLost(dial=dial, code=1000))
        case "redirect":
            face.lose(f.Refused(dial, 307, {"location": "/other"}))
        case "busy":
            face.lose(f.Refused(dial, 503, {"retry-after": "1"}))
        case "pull":
            face.driver.pull()
        case _:
            pass


def world(face: Face, what: str) -> None:
    """One event of the environment."""
    dial = face.dialled[-1] if face.dialled else 0
    if dial in face.sockets - face.closing:
        socket(face, dial, what)
    match what:
        case "ack":
            face.feed(e.MessageReceived(dial, ACK))
        case "final":
            face.feed(e.MessageReceived(dial, FINAL_MESSAGE))
        case "pong":
            face.feed(e.PongReceived(dial, b"1"))
        case "wake":
            face.wake_up()
        case "early":
            face.wake_up(early=0.01)
        case "release":
            face.release()
        case "token" | "no token" if asked := face.of(fx.AskCredential):
            request = getattr(asked[-1], "request", 0)
            given = "a-token-to-hide" if what == "token" else None
            face.feed(f.CredentialGiven(request, given))
        case _:
            app(face.feed, face.driver.post, what)


async def provide() -> str:
    raise AssertionError("the model answers for it")


MOMENTS = st.lists(st.sampled_from([*APP, *[NOTHING] * 12]), max_size=30)
#: Inside an effect the environment moves on too: a socket is released, a timer is due.
EFFECTS = st.lists(
    st.sampled_from([*APP, "release", "release", "wake", "cut", *[NOTHING] * 12]), max_size=40
)


@paced(examples=300, steps=50)
@given(
    steps=st.lists(st.sampled_from([*WORLD, *WORLD, *WORLD, *APP]), max_size=40),
    effects=EFFECTS,
    observed=MOMENTS,
    provider=st.booleans(),
    stores=st.booleans(),
)
def test_app_that_calls_back_at_any_moment_leaves_no_socket(
    steps: list[str], effects: list[str], observed: list[str], *, provider: bool, stores: bool
) -> None:
    watcher = Watcher()
    face = Face(
        watcher,
        policy=HASTY,
        credentials=provide if provider else None,
        store_bytes=1 << 20 if stores else 0,
    )
    watcher.session, watcher.moments = face.driver, observed

    def meddle(_effect: fx.Effect) -> None:
        while effects and (what := effects.pop()) != NOTHING:
            world(face, what)

    face.meddle = meddle
    for what in ["open", *steps]:
        world(face, what)
    face.feed(e.AbortRequested())
    face.drain()
    assert face.driver.over
    # Each socket was aborted, or its dial was lost: none is open for ever.
    assert face.sockets == face.closing
    face.release()
    assert face.sockets == set()
    assert sorted(face.released) == sorted(set(face.dialled))
    _check_order(face, watcher.commands)
    _check_updates(face)


def _check_order(face: Face, commands: list[c.Command]) -> None:
    """Effects come in the order of the commands, and commands in that of the events."""
    stored = [x for x in commands if isinstance(x, c.Storage)]
    assert [x for x in face.effects if isinstance(x, c.Storage)] == stored
    asked = [x.request for x in commands if isinstance(x, c.RequestCredential)]
    assert [x.request for x in face.effects if isinstance(x, fx.AskCredential)] == asked
    assert face.dialled == sorted(set(face.dialled))
    for number, effect in enumerate(face.effects):
        if isinstance(effect, fx.AbortDial | fx.CloseDial | fx.Wake):
            before = [x.dial for x in face.effects[:number] if isinstance(x, fx.Dial)]
            assert effect.dial in before


def _check_updates(face: Face) -> None:
    updates: list[Update] = []
    while (update := face.driver.updates.take()) is not None:
        updates.append(update)
    assert [type(x) for x in updates].count(Ended) == 1
    assert updates[-1] is face.driver.ended


@given(
    steps=st.lists(st.sampled_from(WORLD), max_size=60),
    stuck=st.integers(0, 7),
)
def test_no_second_socket_before_the_first_is_released_or_abandoned(
    steps: list[str], stuck: int
) -> None:
    """``Face`` checks that there is one socket; one in eight is never released."""
    face = Face(policy=HASTY)
    world(face, "open")
    face.feed(e.OpenRequested())
    for what in steps:
        if what == "release":
            face.closing = {dial for dial in face.closing if dial % 8 != stuck}
        world(face, what)
        due = face.driver.dials.deadline
        assert due is None or due <= face.clock.now + 1.02, "it may be stuck for a second"
        assert due is None or what != "wake" or due > face.clock.now, "it is overdue for ever"
