"""From some thirty places, every next step: the laws hold, and the session comes to an end.

The walk of the kit covers every situation and takes long. This is the quick version: each
place has a short, named path, and from it every step of the alphabet is taken, and every
second one. Only the timers of the state run, and while it lasts none is put off. After
the first step silence has to end the session, and so has a stop, whether the sender sends or
hangs.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final

import pytest

from openline import events as e
from openline.dialects.echopanel import EchoPanel
from openline.machine.suspension import GRACE, NOTICED
from openline.machine.timers import RUNS, Timer
from openline.policy import Policy
from openline_testing.alphabet import Alphabet
from openline_testing.clone import Kept, clone
from openline_testing.proofs import outlast
from openline_testing.samples import ECHOPANEL
from openline_testing.steps import Run, Setting, Step
from openline_testing.watched import RowsSeen, Situation
from tests.core.driver import Drive

SOURCES: Final = ("mic",)
#: With early limits and a provider, and with the defaults.
SETTINGS: Final = {
    "near": Setting(
        policy=Policy(
            max_attempts=3, give_up_after=20, dials_per_minute=3, pong_timeout=2, max_redirects=1
        ),
        dialect=EchoPanel(),
        sources=SOURCES,
        has_provider=True,
    ),
    "far": Setting(policy=Policy(), dialect=EchoPanel(), sources=SOURCES, has_provider=False),
}
SPEECH: Final = ("mic captures much",)
ALL_OUT: Final = ("the sender sends all there is",)
STOP: Final = ("the app stops",)
OPENED: Final = ("the app opens", "a credential", "the socket opens")
SETTLED: Final = (*OPENED, "time runs to SETTLE")
STARTED: Final = (*SETTLED, "the sender sends")
ACKED: Final = (*STARTED, "message 'ack'")
STABLE: Final = (*ACKED, *("message 'metrics'", "time runs to PING", "a pong") * 2)
FLOWING: Final = (*ACKED, *SPEECH, *ALL_OUT)
LOST: Final = (*FLOWING, "reset")
#: The paths; "a credential" is left out where none is requested.
PLACES: Final[dict[str, tuple[str, ...]]] = {
    "idle": (),
    "idle with audio": SPEECH,
    "asked or dialled": ("the app opens",),
    "connecting": ("the app opens", "a credential"),
    "connecting with audio": ("the app opens", "a credential", *SPEECH),
    "stopped while connecting": ("the app opens", "a credential", *SPEECH, *STOP),
    "redirected": ("the app opens", "a credential", "a redirect"),
    "open": OPENED,
    "settled": SETTLED,
    "started": STARTED,
    "started with audio": (*STARTED, *SPEECH),
    "stopped before the ack": (*STARTED, *SPEECH, *STOP),
    "acked": ACKED,
    "flowing": FLOWING,
    "stable": STABLE,
    "a late event came": (*ACKED, "a pong of an earlier dial", "a credential that is over"),
    "redirected too often": ("the app opens", "a credential", *("a redirect",) * 3),
    "a ping is out": (*ACKED, "time runs to PING", "the sender sends"),
    "a remark was made": (*ACKED, "message 'remark'"),
    "lost": LOST,
    "lost for later": (*ACKED, *SPEECH, "message 'full'"),
    "lost and stopped": (*LOST, *STOP),
    "dialled again": (*LOST, "time runs to RETRY"),
    "acked again": (*LOST, "time runs to RETRY", *SETTLED[2:], "the sender sends", "message 'ack'"),
    "refused": (*STARTED, *SPEECH, "message 'unauthorized'"),
    "finishing": (*FLOWING, *STOP),
    "stop sent": (*FLOWING, *STOP, *ALL_OUT),
    "stop sent and nothing left": (*ACKED, *STOP, *ALL_OUT),
    "closing": (*ACKED, *STOP, *ALL_OUT, "message 'summary'"),
    "closed": STOP,
}
WITHOUT_PROVIDER: Final = {"a credential"}
#: The timers that a state starts.
BEGIN: Final = (Timer.AUTH, Timer.CONNECT, Timer.STABLE, Timer.RETRY, Timer.CLOSE)


@cache
def alphabet() -> Alphabet:
    return Alphabet(EchoPanel(), SOURCES, ECHOPANEL)


def walk_to(setting: Setting, names: tuple[str, ...]) -> Run:
    """A session at the end of this path."""
    run = Run(setting)
    for name in names:
        if name in WITHOUT_PROVIDER and not setting.has_provider:
            continue
        step = next((each for each in alphabet().steps(run) if each.name == name), None)
        assert step is not None, f"{name} cannot happen while {run.machine.state}"
        step.take(run)
    return run


def take(step: Step, run: Run) -> None:
    """A step that puts off nothing, unless it ends a suspension: by the grace at most."""
    line = run.machine
    before, running = (line.state, line.dial), run.deadlines
    resumes = step.now - min(running.values(), default=math.inf) > NOTICED
    step.take(run)
    if (line.state, line.dial) == before:
        for timer in BEGIN:
            due = run.deadlines.get(timer, 0.0)
            most = running.get(timer, due)
            if resumes:
                grace = run.policy.stable_after if timer is Timer.STABLE else GRACE
                most = max(most, step.now + grace)
            assert due <= most, f"{step.name} puts {timer.name} off"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_laws_hold_and_session_ends_after_any_step(setting: str, place: str) -> None:
    there = walk_to(SETTINGS[setting], PLACES[place])
    met: set[Situation] = set()
    for step in alphabet().steps(there):
        run = clone(there)
        take(step, run)
        assert set(run.deadlines) <= {*RUNS[run.machine.state]}
        situation = run.situation
        if situation in met or run.machine.ended:
            continue
        met.add(situation)
        kept = Kept(run)
        for second in alphabet().steps(run):
            take(second, run)
            kept.restore()
        for stop in (False, True):
            for sending in (False, True):
                taken: list[Step] = []
                outlast(run, SETTINGS[setting].policy, taken, stop=stop, sending=sending)
                kept.restore()


def test_a_copy_of_a_session_has_observers_of_its_own() -> None:
    """Else a walk, which copies sessions, would not see what they do."""
    seen = RowsSeen()
    things: list[Any] = [Drive(observers=[seen]).core, seen]
    copied, rows = clone(things)
    copied.receive(e.OpenRequested(), 1.0)
    assert [row.event for row in rows.rows] == ["open_requested"]
    assert seen.rows == []
