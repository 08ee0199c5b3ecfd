"""What a person sees while a batch runs: a bar on a terminal, and lines on standard error."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from openline_batch.coordinator import View
from openline_cli.problems import printable
from openline_cli.screen import write_err


@contextmanager
def view_of(recordings: int) -> Generator[View]:
    """The view while the block runs."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if console.is_dumb_terminal:
        yield Lines()
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
    """No bar: notes alone."""

    def progress(self, seconds: float, done: int, under_way: int) -> None:
        """Say nothing."""

    def note(self, line: str) -> None:
        """One line on standard error."""
        write_err(f"openline: {printable(line)}")
