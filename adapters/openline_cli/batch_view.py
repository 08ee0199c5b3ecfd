"""What a person sees while a batch runs: a bar on a terminal, and lines on standard error.

Without a terminal, as in a log, a line each 30 s says how far it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from openline_batch.standing import View
from openline_cli.problems import printable
from openline_cli.screen import write_err

#: Seconds between two lines of progress.
EVERY: Final = 30.0


@contextmanager
def view_of(recordings: int, clock: Callable[[], float]) -> Generator[View]:
    """The view while the block runs. ``clock`` counts seconds."""
    if not sys.stderr.isatty():
        yield Lines(recordings, clock)
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if console.is_dumb_terminal:
        yield Lines(recordings, clock)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[hours]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=recordings, hours="")

        class Bar:
            def progress(self, seconds: float, done: int, under_way: int) -> None:
                hours = f"{seconds / 3600:.2f} h, {under_way} under way"
                bar.update(task, completed=done, hours=hours)

            def note(self, line: str) -> None:
                console.print(f"openline: {printable(line)}", markup=False, soft_wrap=True)

        yield Bar()


class Lines:
    """No bar: notes, and now and then how far it is. ``clock`` counts seconds."""

    def __init__(self, recordings: int, clock: Callable[[], float]) -> None:
        self._recordings = recordings
        self._clock = clock
        self._said_at = clock()

    def progress(self, seconds: float, done: int, under_way: int) -> None:
        """One line on standard error, if the last one is long ago."""
        now = self._clock()
        if now - self._said_at < EVERY:
            return
        self._said_at = now
        write_err(
            f"openline: {done} of {self._recordings} recordings are over, "
            f"{seconds / 3600:.2f} h of audio, {under_way} under way"
        )

    def note(self, line: str) -> None:
        """One line on standard error."""
        write_err(f"openline: {printable(line)}")
