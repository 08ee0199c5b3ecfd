"""The disk of a session that keeps its audio: it stores runs and returns them.

It answers late, returns less than requested where a file ends, and may have lost audio.
"""

from __future__ import annotations

from random import Random

from openline.commands import FetchAudio, StoreAudio
from openline.events import AudioFetched
from openline_testing.theorem.clauses import fail
from openline_testing.theorem.feeder import PATTERN
from openline_testing.theorem.schedule import Schedule


class Disk:
    """Runs of session samples by source."""

    __slots__ = ("_forgets", "_rng", "broken", "runs")

    def __init__(self, schedule: Schedule, rng: Random) -> None:
        self._forgets = schedule.disk_forgets
        self._rng = rng
        self.broken = False
        self.runs: dict[str, list[tuple[int, int]]] = {}

    def store(self, command: StoreAudio) -> None:
        """Keep audio, unless the disk is full."""
        if self.broken:
            return
        start, end = command.start, command.start + len(command.pcm) // 2
        if PATTERN[2 * start : 2 * end] != command.pcm:
            fail("the disk", f"{command.source}: audio of another place is noted as {start}")
        runs = self.runs.setdefault(command.source, [])
        if runs and runs[-1][1] == start:
            start = runs.pop()[0]
        runs.append((start, end))

    def delay(self) -> float:
        """The delay of the next answer."""
        return self._rng.choice((0.0, 0.03, 0.3))

    def fetch(self, command: FetchAudio) -> AudioFetched:
        """The stored part of the requested audio."""
        source, start, pcm = command.source, command.start, b""
        if self._rng.random() >= self._forgets:
            for a, b in self.runs.get(source, []):
                if a <= start < b:
                    end = min(start + command.samples, b)
                    if self._rng.random() < 0.3:  # the end of a file
                        end = self._rng.randint(start + 1, end)
                    pcm = PATTERN[2 * start : 2 * end]
        return AudioFetched(source, start, pcm)
