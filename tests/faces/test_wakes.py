"""What another thread tells a session is never missed, at whichever line the session is meanwhile.

The session takes what is there, and what it told itself it has taken lets the next call wake it. In
the wrong order a call between the two is lost, and with it all that follow. So each test lets the
other thread call at one line of the taker, at every line in turn.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Self

import pytest
import trio
from trio.testing import MockClock

import openline_asyncio.sources.handover as of_asyncio
import openline_blocking.poller as of_blocking
import openline_trio.sources.handover as of_trio
from openline_audio.handover import Handover, Item
from openline_blocking.poller import Poller
from tests.support_asyncio import run
from tests.support_lines import numbered

pytestmark = pytest.mark.repeats  # it traces by itself
#: Lines of the taker, at most.
MOST = 40


class AtLine:
    """Calls ``intrude`` before the line number ``at`` of a module that runs in this block."""

    def __init__(self, module: Any, at: int, intrude: Callable[[], object]) -> None:
        self._file = module.__file__
        self._left = at
        self._intrude = intrude
        self._is_over = False
        self.has_intruded = False

    def __enter__(self) -> Self:
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Intrude no more."""
        sys.settrace(None)
        self._is_over = True

    def _call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        return self._line if frame.f_code.co_filename == self._file else None

    def _line(self, _frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line" and not self._is_over:
            self._left -= 1
            if self._left < 0:
                self.end()
                self.has_intruded = True
                self._intrude()
        return self._line


def at_every_line(play: Callable[[int], bool]) -> None:
    """``play`` each line until there are no more: it tells whether it came to that line."""
    lines = 0
    while play(lines):
        lines += 1
    assert 5 < lines < MOST


def test_a_poller_that_hears_a_wake_hears_the_next_one() -> None:
    def play(line: int) -> bool:
        poller = Poller()
        poller.open()
        poller.wake()
        with AtLine(of_blocking, line, poller.wake) as at:
            for call in poller.wait(math.inf):
                call()
        for call in poller.wait(poller.now()):  # that of the line, if it was not heard with it
            call()
        poller.wake()
        assert poller.wait(poller.now()), f"nothing wakes it any more, after line {line}"
        poller.close()
        return at.has_intruded

    at_every_line(play)


async def check_taken(handover: Handover, at: AtLine) -> bool:
    """Take until frame 9 comes; whether frame 2 was put, at the line, and was taken before that."""
    batches: list[list[Item]] = []
    with at:
        while not any(numbered(9) in each for each in batches):
            batches.append(await handover.take())
    before = {item for batch in batches[:-1] for item in batch}
    came = {numbered(1), numbered(2)} if at.has_intruded else {numbered(1)}
    assert before == came, "a frame waits for the next one"
    assert batches[-1] == [numbered(9)]
    return at.has_intruded


def give(handover: Handover, number: int) -> None:
    """As another thread does."""
    handover.put(numbered(number))
    handover.notify_from_thread()


def give_last(handover: Handover, at: AtLine) -> None:
    """Frame 9; no other comes from now on."""
    at.end()
    give(handover, 9)


def test_asyncio_takes_what_a_thread_puts_at_any_line() -> None:
    def play(line: int) -> bool:
        async def main() -> bool:
            handover, loop = of_asyncio.Handover(), asyncio.get_running_loop()
            at = AtLine(of_asyncio, line, partial(give, handover, 2))
            loop.call_soon(give, handover, 1)
            loop.call_later(1, give_last, handover, at)
            async with asyncio.timeout(2):
                return await check_taken(handover, at)

        return run(main)

    at_every_line(play)


def test_trio_takes_what_a_thread_puts_at_any_line() -> None:
    def play(line: int) -> bool:
        async def main() -> bool:
            handover = of_trio.Handover()
            at = AtLine(of_trio, line, partial(give, handover, 2))

            async def others() -> None:
                give(handover, 1)
                await trio.sleep(1)
                give_last(handover, at)

            with trio.fail_after(2):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(others)
                    return await check_taken(handover, at)

        return trio.run(main, clock=MockClock(autojump_threshold=0))

    at_every_line(play)
