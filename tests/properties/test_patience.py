"""Without a stable line delays grow and retries count, however far each dial got."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from openline.policy import Policy
from openline.reconnect.verdicts import Action
from tests.core.driver import Drive

#: How far a dial gets before it is lost, and for how many seconds its line holds.
WAYS = st.one_of(
    st.sampled_from(["refused", "opened"]).map(lambda way: (way, 0.0)),
    st.tuples(st.sampled_from(["acked", "transcribed"]), st.floats(0.0, 9.9)),
)


def lose(drive: Drive, way: str, seconds: float) -> None:
    """Let the live dial go so far, and no further."""
    if way != "refused":
        drive.opened()
    if way in {"acked", "transcribed"}:
        drive.drain()
        drive.ack()
        if way == "transcribed":
            drive.audio(5)
            drive.drain()
            drive.partial(0, 0.1)
        for _ in range(int(seconds)):
            drive.wait(1.0)
            drive.figures()
        drive.wait(seconds % 1.0)
    drive.lose(1006)


@given(ways=st.lists(WAYS, min_size=2, max_size=8), random=st.floats(0.0, 0.999))
def test_each_wait_is_drawn_from_twice_the_one_before(
    ways: list[tuple[str, float]], random: float
) -> None:
    drive = Drive(policy=Policy(give_up_after=None), random=random)
    drive.open()
    waits: list[float] = []
    for way, seconds in ways:
        lose(drive, way, seconds)
        assert drive.last_change.action is Action.RETRY
        waits.append(drive.last_change.retry_in or 0.0)
        drive.redial()
    assert waits[0] == pytest.approx(0.5 + random / 2)
    for before, after in pairwise(waits):
        assert after == pytest.approx(min(2 * before, 5 + 5 * random))


@given(ways=st.lists(WAYS, min_size=1, max_size=6))
def test_retries_stop_at_the_limit(ways: list[tuple[str, float]]) -> None:
    drive = Drive(policy=Policy(max_attempts=len(ways) - 1, give_up_after=None))
    drive.open()
    for way, seconds in ways[:-1]:
        lose(drive, way, seconds)
        drive.redial()
    lose(drive, *ways[-1])
    assert drive.ended.state == "failed"
    assert len(drive.dials) == len(ways)
