"""A watchdog for sources that fall silent: one delivers no audio for too long.

A source that hangs sends no signal, so a clock must find it. Each source is watched from
the opening of the line to its end, unless it may pause, or is a store: a read of a file may
take long. A source may also wait while the session has no room for it, which looks like
silence. So the watchdog samples twice in each ``timeout`` whether there is room, and restarts
the count of a source whenever there was none. A source that waits for its device is held: it is
not silent, however long that takes, until it gives audio again.

Times are those of the caller's clock, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from openline.machine.timers import OFF

#: Shared by all sessions: an empty set takes 216 bytes.
_NONE: Final[frozenset[str]] = frozenset()


class SilenceWatchdog:
    """When audio last came from each source. If ``timeout`` is None, silence is never reported."""

    __slots__ = ("_held", "_opened_at", "_timeout", "_watched", "heard")

    def __init__(
        self, sources: Sequence[str], may_pause: Collection[str], timeout: float | None
    ) -> None:
        self._timeout = timeout or OFF
        self._watched = [name for name in sources if name not in may_pause]
        self.heard: dict[str, float] = {}  #: when audio of each source came
        self._held = _NONE
        self._opened_at = 0.0

    def begin(self, now: float) -> float:
        """The line is opened. Returns when to ``look`` first; OFF: never."""
        self._opened_at = now
        return self.next_look(now)

    def note_audio(self, source: str, now: float) -> None:
        """Audio came, or a report of a hole."""
        self.heard[source] = now
        if self._held:
            self._held -= {source}

    @property
    def holds(self) -> bool:
        """Whether a source waits for its device."""
        return bool(self._held)

    def hold(self, source: str) -> None:
        """The source waits for its device, and is not silent before it gives audio again."""
        self._held |= {source}

    def forget(self, source: str) -> None:
        """The source has ended, or was lost."""
        if source in self._watched:
            self._watched.remove(source)

    def look(self, now: float, has_room: Callable[[str], bool]) -> list[str]:
        """The sources that have been silent for too long; they are not watched any more.

        ``has_room``: whether the session has room for more audio of a source.
        """
        for name in self._watched:
            if name in self._held or not has_room(name):
                self.heard[name] = now
        silent = [name for name in self._watched if self._silent_at(name) <= now]
        for name in silent:
            self.forget(name)
        return silent

    def next_look(self, now: float) -> float:
        """When to ``look`` again; OFF: no source is watched."""
        if not self._watched:
            return OFF
        return min(now + self._timeout / 2, *map(self._silent_at, self._watched))

    def _silent_at(self, name: str) -> float:
        return max(self.heard.get(name, 0.0), self._opened_at) + self._timeout
