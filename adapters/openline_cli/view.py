"""The interface of a view: it collects updates without waiting, and writes them in ``flush``.

``show``, ``glance`` and ``note`` only store their argument. ``flush`` writes, and may block on a
full terminal or pipe, so it runs in a thread and the line stays up meanwhile. ``follow.Follower``
calls no method of a view while it flushes, so a view needs no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from openline.updates import SourceStatistics, Update
from openline_speech import jsonlines


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Levels and watermarks between two updates."""

    elapsed: float
    levels: Mapping[str, float]
    sources: Mapping[str, SourceStatistics]


class View(Protocol):
    """Shows a session."""

    @property
    def interval(self) -> float | None:
        """Seconds between two calls of ``glance``; None: no calls."""
        ...

    def show(self, update: Update) -> None:
        """Add an update."""
        ...

    def glance(self, glance: Snapshot) -> None:
        """Add a snapshot."""
        ...

    def note(self, text: str) -> None:
        """Add a message of the command itself to the user."""
        ...

    def flush(self) -> None:
        """Write. Raises OSError (BrokenPipeError) when the reader is gone."""
        ...

    def close(self) -> None:
        """Restore the terminal."""
        ...


class JsonView:
    """One JSON object per line for each update, flushed. Always UTF-8."""

    interval: float | None = None

    def __init__(self, file: BinaryIO, aside: Callable[[str], None]) -> None:
        """The caller closes ``file``; ``aside`` writes a note elsewhere, such as to stderr."""
        self._file = file
        self._aside = aside
        self._lines: list[str] = []
        self._notes: list[str] = []

    def show(self, update: Update) -> None:
        """Add the update's line."""
        self._lines.append(jsonlines.line(update))

    def glance(self, glance: Snapshot) -> None:
        """Not an update."""

    def note(self, text: str) -> None:
        """Write it with ``aside``: a note is no update."""
        self._notes.append(f"openline: {text}")

    def flush(self) -> None:
        """Write the lines."""
        notes, self._notes = self._notes, []
        for note in notes:
            self._aside(note)
        lines, self._lines = self._lines, []
        self._file.write("".join(lines).encode())
        self._file.flush()

    def close(self) -> None:
        """Nothing is open."""


class Both:
    """Two views of one session: the requested output, and the live view."""

    def __init__(self, first: View, second: View) -> None:
        """``first`` is written first."""
        self._views = (first, second)
        self.interval = second.interval if first.interval is None else first.interval

    def show(self, update: Update) -> None:
        """Each takes it."""
        for view in self._views:
            view.show(update)

    def glance(self, glance: Snapshot) -> None:
        """Each takes it."""
        for view in self._views:
            view.glance(glance)

    def note(self, text: str) -> None:
        """Each takes it."""
        for view in self._views:
            view.note(text)

    def flush(self) -> None:
        """Each writes."""
        for view in self._views:
            view.flush()

    def close(self) -> None:
        """Each leaves."""
        for view in self._views:
            view.close()
