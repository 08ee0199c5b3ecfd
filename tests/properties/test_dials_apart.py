"""What a backend said on a line that was lost leaves no trace on the next.

Two sessions live side by side. On its first line the one hears how its backend is, what it
may be about to say, and how busy it is; the other hears nothing of that. Then both lose the
line, and from the next dial on all that is told and sent is the same, to the letter.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest

import hypothesis.strategies as st
import pytest
from hypothesis import given

from openline import events as e
from openline.commands import Outgoing
from openline.updates import Update
from tests.core.driver import Drive

Act = Callable[[Drive], object]


def says(state: str) -> Act:
    return lambda drive: drive.ack(state, message="so it is")


def hears(end: float) -> Act:
    return lambda drive: drive.partial(0, end)


def is_busy(backlog: float) -> Act:
    return lambda drive: drive.figures(backlog)


ACKS = ("streaming", "backpressure", "buffering", "overloaded", "warning", "no_asr_provider")
#: Nothing here proves a sample or loses one, which may well make a difference.
HEARD = st.lists(
    st.one_of(
        st.sampled_from([*ACKS, "error", "nobody knows this one"]).map(says),
        st.sampled_from([0.1, 1.0]).map(hears),
        st.sampled_from([0.0, 1.2, 2.0]).map(is_busy),
    ),
    min_size=1,
    max_size=4,
)


def lost_at_once(drive: Drive) -> None:
    drive.lose(1006)


def lost_before_the_ack(drive: Drive) -> None:
    drive.opened()
    drive.drain()
    drive.lose(1006)


def lost_again(drive: Drive) -> None:
    drive.connect()
    drive.audio(10)
    drive.drain()
    drive.lose(1006)


def finished(drive: Drive) -> None:
    drive.connect()
    drive.serve("mic")
    drive.stop()
    drive.serve("mic")
    drive.summary()
    drive.lose(1000)


def play(heard: list[Act], before: float, then: Act) -> list[Update | Outgoing]:
    """What is told and sent from the second dial on."""
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.wait(before, pulling=False)
    for act in heard:
        act(drive)
    drive.lose()
    drive.redial()
    told, sent = len(drive.updates), len(drive.sent)
    then(drive)
    drive.feed(e.Tick(), after=0.001)
    return [*drive.updates[told:], *drive.sent[sent:]]


@pytest.mark.parametrize("then", [lost_at_once, lost_before_the_ack, lost_again, finished])
@given(heard=HEARD, before=st.sampled_from([0.0, 2.0]))
def test_what_was_said_on_a_line_that_is_lost_leaves_no_trace_on_the_next(
    heard: list[Act], before: float, then: Act
) -> None:
    one, other = play(heard, before, then), play([], before, then)
    for told, expected in zip_longest(one, other):
        assert told == expected
