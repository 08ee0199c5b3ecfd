"""Messages of a backend on a lost line leave no trace on the next.

Two sessions run side by side. On its first line one of them receives messages about the
backend's state, its transcripts and its load; the other receives none. Then both lose the
line, and from the next dial on their reports and messages are equal, byte for byte.
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


def status(state: str) -> Act:
    return lambda drive: drive.ack(state, message="so it is")


def final(end: float) -> Act:
    return lambda drive: drive.partial(0, end)


def is_busy(backlog: float) -> Act:
    return lambda drive: drive.figures(backlog)


ACKS = ("streaming", "backpressure", "buffering", "overloaded", "warning", "no_asr_provider")
#: Nothing here confirms a sample or loses one, which may well make a difference.
MESSAGES = st.lists(
    st.one_of(
        st.sampled_from([*ACKS, "error", "unheard of"]).map(status),
        st.sampled_from([0.1, 1.0]).map(final),
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


def play(messages: list[Act], before: float, then: Act) -> list[Update | Outgoing]:
    """The reports and messages from the second dial on."""
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.wait(before, pulling=False)
    for act in messages:
        act(drive)
    drive.lose()
    drive.redial()
    reported, sent = len(drive.updates), len(drive.sent)
    then(drive)
    drive.feed(e.Tick(), after=0.001)
    return [*drive.updates[reported:], *drive.sent[sent:]]


@pytest.mark.parametrize("then", [lost_at_once, lost_before_the_ack, lost_again, finished])
@given(messages=MESSAGES, before=st.sampled_from([0.0, 2.0]))
def test_messages_of_a_lost_line_leave_no_trace(
    messages: list[Act], before: float, then: Act
) -> None:
    one, other = play(messages, before, then), play([], before, then)
    for reported, expected in zip_longest(one, other):
        assert reported == expected
