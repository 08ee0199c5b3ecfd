"""What a view is: it takes updates without waiting, and writes when it is told to.

``show``, ``glance`` and ``note`` only remember; ``flush`` writes, and may block while a terminal
or a pipe takes nothing, so it runs in a thread and the line stays up meanwhile. Nobody tells a
view anything while it flushes (``follow.Follower``), so it needs no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from openline.updates import SourceStatistics, Update
from openline_cli import jsonlines


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How things stand between two updates."""

    elapsed: float
    levels: Mapping[str, float]
    sources: Mapping[str, SourceStatistics]


class View(Protocol):
    """Where a session is shown."""

    @property
    def interval(self) -> float | None:
        """Seconds between two glances; None: none are wanted."""
        ...

    def show(self, update: Update) -> None:
        """Take an update."""
        ...

    def glance(self, glance: Snapshot) -> None:
        """Take how things stand."""
        ...

    def note(self, text: str) -> None:
        """Take what the command itself has to say to a person."""
        ...

    def flush(self) -> None:
        """Write. Raises OSError (BrokenPipeError) where nobody reads any more."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class JsonView:
    """One object a line for each update, flushed. UTF-8, whatever the terminal speaks."""

    interval: float | None = None

    def __init__(self, file: BinaryIO, aside: Callable[[str], None]) -> None:
        """``file`` stays the caller's; ``aside`` writes a line for a person, elsewhere."""
        self._file = file
        self._aside = aside
        self._lines: list[str] = []
        self._notes: list[str] = []

    def show(self, update: Update) -> None:
        """Take its line."""
        self._lines.append(jsonlines.line(update))

    def glance(self, glance: Snapshot) -> None:
        """Not an update."""

    def note(self, text: str) -> None:
        """Not an update: it goes aside."""
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
    """Two views of one session: what was asked for, and what a person sees of it."""

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
