"""The session base class of every face, tested on the smallest face."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from openline import events as e
from openline.commands import SendText
from openline.observer import Observer
from openline.session import LocalProtocolError
from openline.updates import Ended, Gap, GapCause, State, Trouble, Update
from openline_driver.effects import AbortDial, Dial, Effect, FlushSources, Wake
from openline_driver.face import Face
from openline_driver.facts import Released, Woke
from tests.driver.model import ACK, Clock, options


class Session(Face):
    """Records its effects."""

    def wait_until(self, deadline: float) -> None:
        self._time_is_up(deadline)

    def __init__(self, *observers: Observer, wake: Callable[[], object] = lambda: None) -> None:
        self.clock = Clock()
        super().__init__(options(), self.clock, observers, wake)
        self.effects: list[type] = []
        self.settled = 0
        self.deadline: float | None = None

    def _carry_out(self, effect: Effect) -> None:
        self.effects.append(type(effect))
        if isinstance(effect, FlushSources):
            self.feed(e.AudioCaptured("mic", bytes(640)))  # inside an effect

    def _settle(self) -> None:
        self.settled += 1

    def _watch_the_clock(self) -> None:
        self.deadline = self._driver.deadline()


def test_a_deadline_that_was_put_off_is_not_due() -> None:
    session = Session()
    session.feed(e.OpenRequested())
    due = session.deadline
    assert due is not None
    session.clock.now = due
    session.wait_until(due - 1.0)
    assert session.deadline == due
    session.wait_until(due)
    assert session.deadline != due
    session.abort()
    session.wait_until(due)
    session.feed(Released(1))
    assert [session.deadline] == [None]
    session.wait_until(due)


def test_session_opens_pulls_and_ends() -> None:
    session = Session()
    assert (session.session_id, session.state) == ("session", State.IDLE)
    session.feed(e.OpenRequested())
    assert session.settled == 1
    assert session.deadline is not None
    assert session.pull() is None
    session.network_restored()
    session.abort()
    assert session.effects == [Dial, Wake, FlushSources, AbortDial]
    assert session.ended is not None
    assert session.statistics.sources["mic"].captured == 320
    assert session.transcript == ()
    updates: list[Update] = []
    while not session.exhausted:
        update = session.poll()
        assert update is not None
        updates.append(update)
    assert isinstance(updates[-1], Ended)
    session.request_stop()
    assert session.poll() is None


def test_a_pong_that_changes_nothing_else_has_no_effect() -> None:
    session = Session()  # pytest's handlers want its log
    session.feed(e.OpenRequested())
    session.feed(e.SocketOpened(1, "c-1"))
    session.clock.now = 0.2
    session.feed(Woke(0.2))
    session.pull()
    session.feed(e.MessageReceived(1, ACK))
    session.feed(e.AudioCaptured("mic", bytes(640)))
    while session.pull() is not None:
        pass
    settled = session.settled
    session.effects.clear()
    session.feed(e.PongReceived(1, b"1"))
    assert (session.effects, session.settled) == ([], settled)
    session.feed(e.AudioCaptured("mic", bytes(640)))
    session.feed(e.PongReceived(1, b"1"))  # there is something to send
    assert (session.effects, session.settled) == ([Wake], settled + 2)


def test_session_sends_what_is_due_and_stops_on_request() -> None:
    session = Session()
    session.feed(e.OpenRequested())
    session.feed(e.SocketOpened(1, "c-1"))
    while (sent := session.pull()) is None:
        assert session.deadline is not None
        session.clock.now = session.deadline
        session.feed(Woke(session.deadline))
    assert isinstance(sent, SendText)
    session.feed(e.MessageReceived(1, ACK))
    session.request_stop()
    assert session.state is State.FINISHING
    assert session.effects.count(FlushSources) == 1


def test_reader_is_settled_when_the_end_was_read() -> None:
    session = Session()
    session.abort()
    before = session.settled
    while not session.exhausted:
        assert session.settled == before
        session.poll()
    assert session.settled == before + 1


class Aborts(Observer):
    """Aborts its session at the first pull."""

    __slots__ = ("session",)

    session: Session

    def on_pull(self, outgoing: object, now: float) -> None:
        self.session.abort()


def test_session_is_aborted_from_inside_an_observer() -> None:
    observer, woken = Aborts(), list[bool]()
    session = Session(observer, wake=lambda: woken.append(True))
    observer.session = session
    session.feed(e.OpenRequested())
    session.pull()
    assert (woken, session.ended) == ([True], None)
    session.feed(e.NetworkRestored())
    assert session.ended is not None
    while (update := session.poll()) is not None:
        assert not isinstance(update, Trouble), "the observer was dropped"


def test_audio_that_waits_is_given_up() -> None:
    session = Session()
    session.feed(e.OpenRequested())
    session.feed(e.AudioCaptured("mic", bytes(6400)))
    session.skip_to_live()
    causes: list[GapCause] = []
    while (update := session.poll()) is not None:
        if isinstance(update, Gap):
            causes.append(update.cause)
    assert causes == [GapCause.SKIPPED]


def test_impossible_event_is_the_callers_error() -> None:
    with pytest.raises(LocalProtocolError):
        Session().feed(e.AudioCaptured("mic", b"odd"))


def test_face_without_its_methods_raises() -> None:
    bare = Face(options(), Clock(), (), lambda: None)
    for call in (bare.pull, partial(bare.feed, e.NetworkRestored()), bare.abort):
        with pytest.raises(NotImplementedError):
            call()
    for name in ("_carry_out", "_settle", "_watch_the_clock"):
        with pytest.raises(NotImplementedError):
            getattr(bare, name)(*[Wake(1)] * (name == "_carry_out"))
