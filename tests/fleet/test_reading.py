"""How long a turn of the loop reads, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_fleet.reading import LEAST, MOST, PATIENCE, Reading

#: What a read takes here, in seconds.
READ = 0.0005
#: What is read beyond the limits: the read that began within them, and rounding.
MORE = READ + 1e-9


class Turns:
    """A loop with sockets that are ready for ever, each read taking ``READ``."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[Callable[[], object]] = []
        self.reading = Reading(cast("asyncio.AbstractEventLoop", self), lambda: self.now)

    def call_soon(self, call: Callable[[], object]) -> None:
        self.calls.append(call)

    def turn(self, sockets: int, else_: float = 0.0) -> int:
        """All else takes ``else_`` seconds, and so many sockets are ready; how many are read."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()
        self.now += else_
        read = 0
        for _ in range(sockets):
            if self.reading.may_read():
                read += 1
                self.now += READ
        assert len(self.calls) == (sockets > 0)
        return read


@given(turns=st.lists(st.tuples(st.integers(1, 300), st.floats(0.0, 0.1))))
def test_reading_leaves_all_else_its_time_and_is_never_starved(
    turns: list[tuple[int, float]],
) -> None:
    loop = Turns()
    loop.turn(1)
    since: float | None = None  # when something was left, and was left again in each turn
    for sockets, else_ in turns:
        read = loop.turn(sockets, else_)
        begun = loop.now - read * READ
        if since is not None and begun - since > PATIENCE:
            assert read == sockets
        else:
            most = min(max(LEAST, (else_ + READ) / 2), MOST)
            assert read * READ <= most + MORE
            assert read == sockets or read * READ >= LEAST - 1e-9
        since = (begun if since is None else since) if read < sockets else None


def test_many_answers_at_once_are_read_in_parts() -> None:
    loop = Turns()
    loop.turn(1)
    left, longest, turns = 60, 0, 0
    while left:
        read = loop.turn(left, else_=0.006)
        longest, turns = max(longest, read), turns + 1
        left -= read
    assert longest <= 7  # 3 ms
    assert turns >= 60 / 7


@pytest.mark.parametrize("else_", [0.001, 0.02])
def test_what_waits_for_long_is_read_whole(else_: float) -> None:
    loop = Turns()
    loop.turn(1)
    began, read = loop.now, 0
    while read < 1000:
        read = loop.turn(1000, else_)
        assert loop.now - began < PATIENCE + 1000 * READ + 2 * (else_ + MOST + MORE)
    assert loop.turn(1000, else_) < 1000  # and then it is bounded again
