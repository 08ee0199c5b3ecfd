"""How busy a server is, by its own measurement."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from openline_server.config import ServerConfig
from openline_server.recognizer import Echo, FixedCutter, Hypothesis, Question
from openline_server.usage import Reading, Usage, tell
from tests.server.conftest import Connect, Serving


class Slow(Echo):
    """One worker, which takes a tenth of the audio's time."""

    workers = 1

    def __init__(self) -> None:
        super().__init__()
        self.immediate = False

    def cutter(self) -> FixedCutter:
        return FixedCutter(step=1.0, length=1.0)

    async def recognise(self, question: Question) -> Hypothesis | None:
        question.grant()
        await trio.sleep(0.1 * (question.segment.t1 - question.segment.t0))
        return Hypothesis("x")


#: What a reading has of its interval, beside the loop's part.
COUNTED = ("refused", "heard", "answered", "dropped", "recogniser")


def reading(**changes: float) -> Reading:
    fields = {
        "seconds": 2.0, "sessions": 20, "most": 1000, "refused": 0, "heard": 40.0,
        "answered": 40.0, "dropped": 0.0, "loop": 0.25, "recogniser": 0.4,
    }  # fmt: skip
    return Reading(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "capacity"),
    [
        ({}, 50),  # the example of the head comment
        ({"recogniser": 0.0}, 80),
        ({"most": 30}, 30),
        ({"loop": 1.0, "recogniser": 0.5}, 20),
        ({"answered": 0.0}, 80),
        ({"heard": 0.0, "answered": 0.0}, None),
        ({"loop": 0.0, "recogniser": 0.0}, None),
    ],
)
def test_what_is_the_busiest_is_the_limit(changes: dict[str, float], capacity: int | None) -> None:
    assert reading(**changes).capacity == capacity


def test_a_reading_is_a_line() -> None:
    assert str(reading(refused=3, dropped=1.0)) == (
        "figures: 20 sessions, 3 refused; 20.0 s of audio heard a second, 0.5 s dropped; "
        "loop 25 %, recogniser 40 %; carries 50"
    )
    assert str(reading(heard=0.0, answered=0.0)).endswith("loop 25 %, recogniser 40 %")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_loop_is_busy_while_it_does_not_wait() -> None:
    clock = Clock()
    usage = Usage(Echo(), clock)
    usage.after_io_wait(0)  # added while it waits
    clock.now = 1.0
    usage.before_io_wait(1)
    clock.now = 3.0
    usage.after_io_wait(1)
    clock.now = 4.0
    first = usage.read(0, 8)
    assert (first.seconds, first.loop, first.recogniser) == (4.0, 0.5, 0.0)
    clock.now = 5.0
    assert usage.read(0, 8).loop == 1.0


def test_each_interval_counts_from_nought() -> None:
    """Whatever was done before a reading is in none behind it."""
    clock = Clock()
    usage = Usage(Slow(), clock)
    for _ in range(2):
        usage.refused()
        usage.heard(1.0)
        usage.dropped(1.0)
        usage.answered(1.0, 1.0)
        clock.now += 2.0
        busy = usage.read(0, 8)
        assert [getattr(busy, each) for each in COUNTED] == [1, 1.0, 1.0, 1.0, 0.5]
        usage.before_io_wait(1)
        clock.now += 2.0
        usage.after_io_wait(1)
        idle = usage.read(0, 8)
        assert [getattr(idle, each) for each in (*COUNTED, "loop")] == [0] * 6


async def test_a_server_counts_what_it_hears(
    serving: Serving, connect: Connect, autojump_clock: MockClock
) -> None:
    server = serving(recognizer=Slow())
    client = await connect(server)
    await client.start()
    server.read()
    await client.speak(10.0)
    found = server.read()
    assert found.sessions == 1
    assert found.heard == pytest.approx(10.0, abs=0.2)
    assert found.answered == pytest.approx(10.0, abs=1.01)
    assert found.recogniser == pytest.approx(0.1, abs=0.011)


async def test_a_start_that_finds_no_session_is_counted(
    serving: Serving, connect: Connect, autojump_clock: MockClock
) -> None:
    server = serving(max_sessions=1)
    first, second = await connect(server), await connect(server)
    await first.start()
    await second.start()
    await second.end()
    found = server.read()
    assert (found.sessions, found.refused) == (1, 1)


async def test_what_is_dropped_is_counted(
    serving: Serving, connect: Connect, autojump_clock: MockClock
) -> None:
    server = serving(slow=4.0)
    client = await connect(server)
    await client.start()
    await client.speak(8.0)
    found = server.read()
    assert found.dropped == pytest.approx(8 - 8 / 4 - 2, abs=0.3)


async def test_figures_are_told_each_interval_and_at_the_end(autojump_clock: MockClock) -> None:
    usage, lines = Usage(Echo(), trio.current_time), list[str]()
    with trio.move_on_after(25):
        await tell(usage, lambda: usage.read(0, 8), 10.0, lines.append)
    assert len(lines) == 3
    assert all(line.startswith("figures: 0 sessions") for line in lines)


def test_connections_are_more_than_sessions() -> None:
    assert ServerConfig().most_connections == 64
    assert ServerConfig(max_sessions=500).most_connections == 1000
    assert ServerConfig(max_sessions=500, max_connections=3).most_connections == 3
