"""What the tests of the sources share: a sink that writes down, clocks, a still worker.

Nothing here sleeps. Time is trio's MockClock, which jumps when all tasks wait; since it
does not wait for threads, blocking reads run in `still`, on the spot.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pytest
import soundfile
import trio
from trio.testing import MockClock

from openline_audio.pace import Worker
from openline_audio.source import Source

T = TypeVar("T")


class Recorder:
    """A sink that records its calls with their times."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.items: list[bytes | int] = []
        self.times: list[float] = []
        self.news: list[tuple[str, str, str]] = []
        self.rooms = 0
        self.before_room: Callable[[], float] = lambda: 0.0

    def started(self, at: float) -> None:
        assert not self.starts
        assert not self.items
        self.starts.append(at)

    def audio(self, pcm: bytes) -> None:
        assert self.starts
        assert pcm
        self.items.append(pcm)
        self.times.append(trio.current_time())

    def hole(self, samples: int) -> None:
        assert self.starts
        self.items.append(samples)

    def held(self, device: str, reason: str) -> None:
        self.news.append(("held", device, reason))

    def changed(self, device: str, reason: str) -> None:
        self.news.append(("changed", device, reason))

    async def room(self) -> None:
        self.rooms += 1
        await trio.sleep(self.before_room())

    @property
    def frames(self) -> list[bytes]:
        return [item for item in self.items if isinstance(item, bytes)]

    @property
    def pcm(self) -> bytes:
        return b"".join(self.frames)

    @property
    def samples(self) -> np.ndarray[Any, np.dtype[np.int16]]:
        return np.frombuffer(self.pcm, "<i2")


class OversleepingClock(trio.abc.Clock):
    """Jumps past each deadline by ``late`` seconds, as a busy machine does."""

    def __init__(self, late: float) -> None:
        self._now = 0.0
        self._late = late

    def start_clock(self) -> None:
        """Nothing to start."""

    def current_time(self) -> float:
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        if self._now < deadline < float("inf"):
            self._now = deadline + self._late
        return 0.0


async def _still(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
    await trio.lowlevel.checkpoint()
    return blocking()


def _play(source: Source, sink: Recorder) -> None:
    trio.run(source.run, sink, clock=MockClock(autojump_threshold=0))


Play: TypeAlias = Callable[[Source, Recorder], None]
Write: TypeAlias = Callable[..., Path]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def new_recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture
def oversleeping() -> type[OversleepingClock]:
    return OversleepingClock


@pytest.fixture(scope="session")
def still() -> Worker:
    return _still


@pytest.fixture
def play() -> Play:
    """Run a source to its end on a clock that jumps."""
    return _play


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write samples to a file; the format is in the name."""

    def write_file(name: str, samples: object, rate: int, **options: Any) -> Path:
        path = tmp_path / name
        writer: Any = soundfile
        writer.write(path, samples, rate, **options)
        return path

    return write_file
