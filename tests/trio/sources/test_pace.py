"""Frames keep to a schedule that nothing moves, however late each wake-up is."""

from __future__ import annotations

from functools import partial
from random import Random

import hypothesis.strategies as st
import trio
from hypothesis import given

from openline_trio.sources.pace import Pace

RATE = 16_000


class Drowsy(trio.abc.Clock):
    """Jumps to each deadline, and past it by a time of its own, up to ``late`` seconds."""

    def __init__(self, late: float, seed: int) -> None:
        self._now = 0.0
        self._late = late
        self._random = Random(seed)

    def start_clock(self) -> None:
        """Nothing to start."""

    def current_time(self) -> float:
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        if self._now < deadline < float("inf"):
            self._now = deadline + self._late * self._random.random()
        return 0.0


class Listener:
    """A sink that notes when each frame came."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def started(self, at: float) -> None:
        assert at == trio.current_time()

    def audio(self, pcm: bytes) -> None:
        self.times.append(trio.current_time())

    def hole(self, samples: int) -> None:
        raise AssertionError(f"a hole of {samples}")

    async def room(self) -> None:
        await trio.lowlevel.checkpoint()


@given(
    frames=st.lists(st.integers(1, 640), min_size=1, max_size=60),
    late=st.floats(0.0, 0.05),
    speed=st.sampled_from([0.5, 1.0, 4.0]),
    waits=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_frame_is_never_early_and_never_later_than_its_own_wake_up(
    frames: list[int],
    late: float,
    speed: float,
    waits: bool,
    seed: int,
) -> None:
    listener = Listener()

    async def deliver() -> None:
        pace = Pace(listener, start=trio.current_time(), speed=speed, waits=waits)
        for samples in frames:
            await pace.deliver(bytes(2 * samples))

    trio.run(deliver, clock=Drowsy(late, seed))
    due = 0
    for samples, came in zip(frames, listener.times, strict=True):
        due += samples
        assert came >= due / RATE / speed - 1e-9
        assert came <= due / RATE / speed + late + 1e-9


class Shut(Listener):
    """A sink without room from ``shut`` to ``opens``, on the clock."""

    def __init__(self, shut: float, opens: float) -> None:
        super().__init__()
        self._shut, self._opens = shut, opens

    async def room(self) -> None:
        await trio.lowlevel.checkpoint()
        if self._shut <= trio.current_time() < self._opens:
            await trio.sleep_until(self._opens)


async def play_through(outage: float, *, waits: bool) -> list[float]:
    """When the frames of 4 s came, at real time, with an outage at 1 s."""
    listener = Shut(1.0, 1.0 + outage)
    pace = Pace(listener, start=trio.current_time(), speed=1.0, waits=waits)
    for _ in range(200):
        await pace.deliver(bytes(640))
    return listener.times


@given(outage=st.floats(1.5, 600.0))
def test_a_store_waits_out_an_outage(outage: float) -> None:
    times = trio.run(partial(play_through, outage, waits=True), clock=Drowsy(0.0, 0))
    assert len(times) == 200
    assert not [at for at in times if 1.02 < at < 1.0 + outage]


def test_a_live_stream_never_waits() -> None:
    times = trio.run(partial(play_through, 60.0, waits=False), clock=Drowsy(0.0, 0))
    assert times[-1] <= 4.0 + 1e-9
