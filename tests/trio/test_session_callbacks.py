"""Sessions whose observers and sources call back, and whose sockets are slow to go."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from openline.backend import Backend
from openline.commands import Outgoing
from openline.events import AudioCaptured, Event
from openline.machine.table import Transition
from openline.observer import Observer
from openline.updates import Ended, State, Trouble, Update
from openline_threads import open_session as open_in_thread
from openline_trio import Session, open_session, resume_session
from tests.support_lines import Frames, Silent, all_delivered
from tests.support_sessions import BACKEND, Play, drop, echo, last


class Meddler(Observer):
    """Calls back once, at the hook ``when``."""

    __slots__ = ("call", "events", "when")

    def __init__(self, when: str = "") -> None:
        self.when = when
        self.call: Callable[[], object] | None = None
        self.events: list[Event] = []

    def _meddle(self, hook: str) -> None:
        if hook == self.when and self.call is not None:
            call, self.call = self.call, None
            call()

    def on_event(self, event: Event, now: float) -> None:
        self.events.append(event)
        self._meddle("event")

    def on_transition(self, transition: Transition, now: float) -> None:
        self._meddle("transition")

    def on_update(self, update: Update, now: float) -> None:
        self._meddle("update")

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        self._meddle("pull")


@pytest.mark.parametrize("when", ["event", "transition", "update", "pull"])
@pytest.mark.parametrize("how", [Session.abort, Session.request_stop])
async def test_session_is_ended_from_inside_an_observer(
    autojump_clock: MockClock, play: Play, when: str, how: Callable[[Session], None]
) -> None:
    meddler = Meddler(when)
    net = play.net(echo)
    with all_delivered():
        async with open_session(
            BACKEND, {"mic": Frames(1000)}, connect=net, observers=[meddler]
        ) as session:
            await trio.sleep(1)
            meddler.call = partial(how, session)
            updates = [update async for update in session]
        for peer in net.dials:
            await peer.gone.wait()
        await wait_all_tasks_blocked()
    assert not [u for u in updates if isinstance(u, Trouble)]
    assert last(updates).state is State.CLOSED
    assert last(updates).complete is (how is Session.request_stop)


async def test_observer_that_raises_is_reported_and_harms_nothing(
    autojump_clock: MockClock, play: Play
) -> None:
    meddler = Meddler("update")
    meddler.call = lambda: 1 / 0
    net = play.net(echo)
    async with open_session(
        BACKEND, {"mic": Frames(20)}, connect=net, observers=(meddler,)
    ) as session:
        updates = [update async for update in session]
    [trouble] = [u for u in updates if isinstance(u, Trouble)]
    assert trouble.text.startswith("an observer raised ZeroDivisionError (test_session_callbacks")
    assert last(updates).complete


def test_observers_see_a_session_in_a_thread() -> None:
    seen = Meddler()
    with open_in_thread(Backend(port=1), {"mic": Silent()}, observers=[seen]) as session:
        session.abort()
        session.wait()
    assert seen.events


async def test_observers_see_a_session_that_is_resumed(
    autojump_clock: MockClock, play: Play, tmp_path: Path
) -> None:
    async with open_session(
        BACKEND, {"mic": Frames(50)}, connect=play.net(drop), spool=tmp_path
    ) as session:
        await trio.sleep(0.5)
        session.abort()
    seen = Meddler()
    async with resume_session(tmp_path, connect=play.net(echo), observers=[seen]) as session:
        ended = await session.wait()
    assert isinstance(ended, Ended)
    assert seen.events
    assert not any(isinstance(event, AudioCaptured) for event in seen.events)


async def test_socket_that_does_not_go_is_abandoned_after_a_second(
    autojump_clock: MockClock, play: Play
) -> None:
    """A ``connect`` of the app that cannot be cancelled does not hold the session up for ever."""
    net = play.net(echo)
    began: list[float] = []

    async def connect(backend: Backend) -> trio.abc.Stream:
        began.append(trio.current_time())
        if len(began) == 1:
            with trio.CancelScope(shield=True):
                await trio.sleep(60)
        return await net(backend)

    async with open_session(
        BACKEND, {"mic": Frames(4000)}, connect=connect, random=lambda: 0.0
    ) as session:
        ended = await session.wait()
    assert ended.complete
    # CONNECT after 10 s; the backoff of 0.5 s is over before the second for the release.
    assert began == [0.0, pytest.approx(11.0)]
