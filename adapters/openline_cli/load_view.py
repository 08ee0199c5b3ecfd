"""What ``openline load`` prints: a table on a terminal, the same as plain columns elsewhere."""

from __future__ import annotations

import sys
from typing import Final

from openline_cli.problems import printable
from openline_cli.screen import find_screen, write_err, write_out
from openline_load.figures import quantile
from openline_load.report import Report, lines, rows
from openline_load.run import Result

#: Seconds between two lines of progress.
_PROGRESS: Final = 5.0
#: Seconds without an ack after which a load says so: a backend that is well answers within one.
_UNANSWERED: Final = 3.0


def show(found: Report) -> None:
    """Print the figures of a load on stdout. Raises OSError."""
    screen = find_screen() if sys.stdout.isatty() else None
    if screen is None:
        write_out(plain(found))
        return
    told = _told(found)
    from rich.table import Table
    from rich.text import Text

    head, *body = rows(found)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for place, heading in enumerate(head):
        table.add_column(heading, justify="right" if place else "left", header_style="bright_black")
    for row in body:
        *cells, flagged = row
        table.add_row(*map(Text, cells), Text(flagged, style="yellow"))
    colour = "green" if found.is_good else "red"
    screen.print(table)
    screen.print()
    for place, line in enumerate(told):
        last_is_own = found.is_own and place == len(told) - 1
        style = colour if not place else "yellow" if last_is_own else ""
        screen.print(Text(line, style=style))


def plain(found: Report) -> str:
    """The figures of a load as plain text."""
    return "".join(f"{line}\n" for line in [*_columns(rows(found)), *_told(found)])


def _told(found: Report) -> list[str]:
    return [printable(line) for line in lines(found)]


def _columns(table: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


class Progress:
    """Prints on stderr how a load goes: a line each 5 s, on a terminal.

    One line more, wherever stderr goes, if no caller has been acknowledged within 3 s: callers
    that the backend refuses retry, and finish, for half a minute before they give up.
    """

    def __init__(self) -> None:
        self._printed = -_PROGRESS
        self._is_answered = False

    def look(self, result: Result) -> bool:
        """Print what is due. It never ends a load."""
        if not self._is_answered and result.seconds >= _UNANSWERED:
            self._is_answered = True
            if line := unanswered(result):
                write_err(f"openline: {line}")
        if result.seconds - self._printed >= _PROGRESS and sys.stderr.isatty():
            self._printed = result.seconds
            write_err(f"openline: {progress(result)}")
        return False


def unanswered(result: Result) -> str:
    """Why no caller has been acknowledged yet, as one line; nothing if one has been."""
    begun = result.begun
    if not begun or any(call.acked_at is not None for call in begun):
        return ""
    refused = next((call.first_refusal for call in begun if call.first_refusal), "")
    why = printable(refused) or "the backend does not answer"
    return f"no caller is connected after {result.seconds:.0f} s: {why}; Ctrl-C ends the load"


def progress(result: Result) -> str:
    """How it goes, as one line."""
    live = sum(call.is_live for call in result.begun)
    ended = sum(call.outcome is not None for call in result.begun)
    since = result.ended_at - 5
    lags = sorted(lag for call in result.begun for lag in call.lags_since(since))
    lag = f", final lag {quantile(lags, 0.95):.2f} s (p95)" if lags else ""
    lost = sum(call.lost for call in result.begun)
    gone = f", {lost:.1f} s lost" if lost > 0 else ""
    return f"{result.seconds:.0f} s: {live} live, {ended} ended{lag}{gone}"
