"""Which source has fallen silent: nothing was heard from it for too long.

A source that hangs says nothing of it, so somebody has to look at a clock. Each source is
looked after from the opening of the line to its end, unless it may pause. A source that
can wait, such as a file, waits while the line is behind; that is no silence of its own,
and nobody can tell from outside which of them do. So twice in each ``timeout`` it is asked
whether there was room for more, and only the time since there was none counts.

Times are those of the caller's clock, in seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from openline.machine.timers import OFF


class SilenceWatchdog:
    """When each source was last heard. ``timeout`` None: they all may be silent."""

    __slots__ = ("_excused_until", "_heard", "_timeout", "_watched")

    def __init__(
        self, sources: Sequence[str], may_pause: Collection[str], timeout: float | None
    ) -> None:
        self._timeout = timeout or OFF
        self._watched = [name for name in sources if name not in may_pause]
        self._heard: dict[str, float] = {}
        self._excused_until = 0.0

    def begin(self, now: float) -> float:
        """The line is opened. When to ``look`` first; OFF: never."""
        self._excused_until = now
        return self.next_look(now)

    def note_audio(self, source: str, now: float) -> None:
        """Audio, or news of a hole."""
        self._heard[source] = now

    def forget(self, source: str) -> None:
        """It has ended, or was lost."""
        if source in self._watched:
            self._watched.remove(source)

    def look(self, now: float, *, room: bool) -> list[str]:
        """The sources that have been silent for too long; they are forgotten."""
        if not room:
            self._excused_until = now
        silent = [name for name in self._watched if self._silent_at(name) <= now]
        for name in silent:
            self.forget(name)
        return silent

    def next_look(self, now: float) -> float:
        """When to ``look`` again; OFF: there is nobody to look after."""
        if not self._watched:
            return OFF
        return min(now + self._timeout / 2, *map(self._silent_at, self._watched))

    def _silent_at(self, name: str) -> float:
        return max(self._heard.get(name, 0.0), self._excused_until) + self._timeout
