"""The walk reaches everything in the built-in chart, and every law holds."""

from __future__ import annotations

from functools import cache

import pytest
from msgspec.structs import replace

from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import Dialect
from openline.machine.timers import RUNS, Timer
from openline.policy import Policy
from openline.session import FINAL_STATES
from openline.updates import State
from openline_testing import Exploration, explore
from openline_testing.samples import ECHOPANEL
from openline_testing.watched import declared
from tests.testing.renewed import Bare, Flushing, Greeting, Hasty, Leaving, Quiet, Stopping

#: By name: the policy, whether there is a provider, and the number of sources.
WALKS: dict[str, tuple[Policy, bool, int]] = {
    "as it is": (Policy(), False, 2),
    "every limit near": (
        Policy(
            max_attempts=3,
            give_up_after=130,  # two minutes at the gate, and not three
            dials_per_minute=2,
            finish_timeout=70,
            max_redirects=1,
        ),
        True,
        1,
    ),
    "no second try": (Policy(max_attempts=0, give_up_after=None), True, 1),
    # A stop while the gate is shut for longer than the time to finish.
    "one more try": (
        Policy(
            max_attempts=1,
            give_up_after=None,
            source_timeout=None,
            dials_per_minute=1,
            finish_timeout=5,
        ),
        False,
        1,
    ),
    # The retry after a 503 would be due at the very moment of giving up.
    "no time at all": (
        Policy(give_up_after=7.5, finish_timeout=5, source_timeout=None),
        False,
        1,
    ),
    "no limit at all": (
        Policy(give_up_after=None, start_delay=0.0, source_timeout=None),
        False,
        1,
    ),
    # A credential may take longer than the time to give up; and more may be sent than the queue
    # holds, so that the backend has to show work.
    "a short queue": (Policy(max_attempts=1, give_up_after=20, source_timeout=None), True, 1),
}


#: By name: a dialect of another kind, the policy, whether there is a provider; and whether the
#: proofs are made, which take as long again.
TOYS: dict[str, tuple[Dialect, Policy, bool, bool]] = {
    "no reply": (Bare(), Policy(source_timeout=None), False, True),
    "no step": (Bare(), Policy(source_timeout=None, start_delay=0.0), False, False),
    "a greeting": (Greeting(), Policy(source_timeout=None), False, True),
    "renewed by a flush": (Flushing(), Policy(), False, True),
    "renewed by a stop": (Stopping(), Policy(source_timeout=None), True, False),
    # A drain may take longer than the time to finish.
    "no time to drain": (Hasty(), Policy(source_timeout=None, finish_timeout=0.3), False, False),
    # The gate is shut when the connection is to be replaced.
    "no silence proved": (Quiet(), Policy(source_timeout=None), False, False),
    "renewed later": (Leaving(), Policy(source_timeout=None, dials_per_minute=1), False, False),
}
#: These fire no event, so no row depends on them (``tests/core/test_keepalive.py``, ``test_pace``).
UNSEEN_TIMERS = frozenset({Timer.FILL, Timer.FLUSH, Timer.KEEPALIVE})


class Short(EchoPanel):
    """A backend with a queue that one step of the walk fills."""

    traits = replace(TRAITS, queue=1.6, live_ahead=1.6)


@cache
def walk(name: str) -> Exploration:
    if name in TOYS:
        dialect, policy, has_provider, proofs = TOYS[name]
        return explore(policy, dialect, has_provider=has_provider, proofs=proofs)
    policy, has_provider, count = WALKS[name]
    sources = ("mic", "system")[:count]
    if name == "a short queue":
        few = {kind: ECHOPANEL[kind] for kind in ("ack", "final", "summary")}
        return explore(policy, Short(), messages=few, sources=sources, has_provider=has_provider)
    return explore(policy, sources=sources, has_provider=has_provider)


@cache
def all_walks() -> Exploration:
    whole = walk("as it is")
    for name in (*WALKS, *TOYS):
        if name != "as it is":
            whole |= walk(name)
    return whole


@pytest.mark.parametrize("name", [*WALKS, *TOYS])
def test_walk_finds_no_violation(name: str) -> None:
    found = walk(name)
    found.check()
    assert found.complete
    assert found.situations > 100
    assert ("by the basic laws" in found.report()) is (name in TOYS)


def test_every_state_is_reached() -> None:
    assert all_walks().states == {state.value for state in State}


def test_every_row_of_the_chart_runs() -> None:
    found = all_walks()
    assert not found.dead
    assert set(found.rows) == set(declared()) == set(found.paths)


def test_timers_of_a_state_match_the_drawing() -> None:
    assert all_walks().timers == {
        state: frozenset(timers) - UNSEEN_TIMERS for state, timers in RUNS.items()
    }


def test_stop_ends_within_its_limits_from_every_situation() -> None:
    # FINISH with the horizon, the audio captured in one step, and CLOSE.
    assert walk("as it is").longest_stop <= 20 + TRAITS.horizon + 3 * 1.72 + 5


def test_silence_lasts_no_longer_than_the_policy_allows() -> None:
    # Its detection, then GIVE_UP; the night before is not the session's own silence.
    assert walk("as it is").longest_silence <= 10 + 300 + 10


def test_path_to_every_final_state_is_readable() -> None:
    path = all_walks().paths["closing --socket_lost--> closed"]
    assert path[0].endswith("the app opens")
    assert all(" s  " in step for step in path)
    assert {state.value for state in FINAL_STATES} <= all_walks().states


def test_report_has_every_figure() -> None:
    report = all_walks().report()
    rows = len(declared())
    assert f"rows of the chart that ran: {rows} of {rows}" in report
    assert "nothing is left to see" in report
    assert "violations: 0" in report
