"""Every row of the chart by which a dial is replaced runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from openline import events as e
from openline.dialects.traits import Drain
from openline.machine.table import Transition
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.policy import Policy
from openline.session import TABLE
from tests.core.driver import Drive
from tests.core.renewing import Renewing

PATIENT: Final = Policy(source_timeout=None)
#: The events that only a dial fires that is replaced, or to be replaced.
OF_ROTATION: Final = frozenset({"expiring", "rotate_due", "drain_due"})


def _of_rotation(row: Transition) -> bool:
    return "draining" in {row.source, row.target} or row.event in OF_ROTATION


ROWS: Final = frozenset(
    row.name
    for events in TABLE.values()
    for rows in events.values()
    for row in rows
    if _of_rotation(row)
)


class Rows(Observer):
    """Notes the rows that ran."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def on_transition(self, transition: Transition, now: float) -> None:
        del now
        self.names.add(transition.name)


class Played(Drive):
    """A session that streams, or ``opens`` only; ``rows`` are those that ran."""

    def __init__(
        self,
        drain: Drain = Drain.FLUSH,
        *,
        due: bool = False,
        opens: bool = False,
        policy: Policy = PATIENT,
    ) -> None:
        self.rows = Rows()
        super().__init__(
            dialect=Renewing(drain), policy=policy, has_provider=due, observers=[self.rows]
        )
        self.open()
        if due:
            self.feed(e.CredentialReady(1, due_at=self.now + 5))
        self.opened()
        self.drain()
        if not opens:
            self.ack()

    def hold(self) -> None:
        """The line becomes stable; all audio is confirmed."""
        for _ in range(11):
            self.wait(1.0, pulling=False)
            self.serve()

    def leave(self, *, audio: bool = True) -> None:
        """The dial is being replaced; with ``audio`` some is not confirmed, and is asked for."""
        if audio:
            self.audio(5)
            self.serve()
        self.go_away()
        self.serve()
        assert self.state == "draining"

    def go_away(self) -> None:
        self.say("go_away", seconds=0)

    def comes(self, timer: Timer) -> None:
        """The deadline of a timer comes."""
        self.session.deadlines[timer] = self.now
        self.feed(e.Tick())

    def last(self) -> None:
        """Wait until the dial is over."""
        while self.state == "draining":
            self.tick()


def draining(drain: Drain = Drain.FLUSH, *, audio: bool = True, due: bool = False) -> Played:
    """A stable dial that is being replaced."""
    play = Played(drain, due=due)
    play.hold()
    play.leave(audio=audio)
    return play


Does = Callable[[Played], object]


def _hears(kind: str, **fields: Any) -> Does:
    return lambda play: play.say(kind, **fields)


#: What happens in a drain, by the event that it fires.
HAPPENS: Final[dict[str, Does]] = {
    "acked": lambda play: play.ack(),
    "status": _hears("status", state="connected"),
    "backend_error": lambda play: play.refuse("it is wrong"),
    "transcript": lambda play: play.partial(0, 0.1),
    "proved": _hears("proof", confirmed=0.05),
    "ignored": _hears("status", state="warning", message="Ignoring source 'mic'"),
    "metrics": lambda play: play.figures(),
    "insight": _hears("entities_update"),
    "ping_due": lambda play: play.comes(Timer.PING),
    "pong": lambda play: play.feed(e.PongReceived(1, b"?")),
    "expiring": lambda play: play.go_away(),
    "drain_due": lambda play: play.tick(),
    "network_restored": lambda play: play.feed(e.NetworkRestored()),
    "abort_requested": lambda play: play.abort(),
}

#: What ends a dial, by the event that it fires.
ENDS: Final[dict[str, Does]] = {
    "socket_lost": lambda play: play.lose(),
    "timed_out": lambda play: play.last(),
    "refused": lambda play: play.say("again"),
}


def _stopped(*, audio: bool = False) -> Played:
    """The session is stopped within the closing handshake; with ``audio`` some is unsent."""
    play = draining(audio=False)
    if audio:
        play.audio(5)
    play.stop()
    return play


def _unstable(policy: Policy = PATIENT) -> Played:
    play = Played(policy=policy)
    play.leave()
    return play


#: The reason for the state that follows such an end: the row's guard.
AFTER: Final[dict[str, Callable[[], Played]]] = {
    " [nothing_left]--> closed": _stopped,
    " [no_retry]--> failed": lambda: _unstable(Policy(max_attempts=0, source_timeout=None)),
    " [renews_with_credential]--> authorizing": lambda: draining(due=True),
    " [renews]--> connecting": draining,
    "--> reconnecting": _unstable,
}


def _within_words() -> Played:
    play = Played()
    play.audio(5)
    play.serve()
    play.partial(0, 0.1)
    play.comes(Timer.ROTATE)
    return play


def _did(play: Played, *does: Does) -> Played:
    for each in does:
        each(play)
    return play


#: The rows that remain, and how each is reached.
OTHERS: Final[dict[str, Callable[[], Played]]] = {
    "streaming --rotate_due [may_rotate]--> draining": draining,
    "streaming --rotate_due--> itself": _within_words,
    "awaiting_ack --expiring--> itself": lambda: _did(Played(opens=True), Played.go_away),
    "streaming --expiring--> itself": draining,
    "finishing --expiring--> itself": lambda: _did(Played(), Drive.stop, Played.go_away),
    "draining --stop_requested [line_usable]--> finishing": lambda: _did(draining(), Drive.stop),
    "draining --stop_requested--> itself": _stopped,
    "draining --final_message [awaits_final]--> itself": lambda: _did(
        draining(Drain.STOP), _hears("done")
    ),
    "draining --final_message [stop_sent]--> itself": lambda: _did(
        draining(Drain.STOP), Drive.tick, _hears("done")
    ),
    "draining --finish_due [all_delivered]--> closed": lambda: _did(
        _stopped(), lambda play: play.comes(Timer.FINISH)
    ),
    "draining --finish_due--> failed": lambda: _did(
        _stopped(audio=True), lambda play: play.comes(Timer.FINISH)
    ),
}


@pytest.mark.parametrize("event", HAPPENS)
def test_what_happens_in_a_drain(event: str) -> None:
    play = draining()
    HAPPENS[event](play)
    target = "closed" if event == "abort_requested" else "itself"
    assert f"draining --{event}--> {target}" in play.rows.names


@pytest.mark.parametrize("event", ENDS)
@pytest.mark.parametrize("after", AFTER)
def test_what_ends_a_drain(event: str, after: str) -> None:
    play = AFTER[after]()
    assert play.state == "draining"
    ENDS[event](play)
    assert f"draining --{event}{after}" in play.rows.names
    assert play.state == after.rsplit(maxsplit=1)[-1]


@pytest.mark.parametrize("row", OTHERS)
def test_the_other_rows(row: str) -> None:
    assert row in OTHERS[row]().rows.names


def test_no_row_is_left_out() -> None:
    reached = {*OTHERS}
    for event in HAPPENS:
        target = "closed" if event == "abort_requested" else "itself"
        reached.add(f"draining --{event}--> {target}")
    reached |= {f"draining --{event}{after}" for event in ENDS for after in AFTER}
    assert reached == ROWS
