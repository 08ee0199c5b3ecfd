"""Find the terminal, if there is one, and write text to stdout and stderr.

The live view needs a terminal: stdout, or stderr when stdout goes into a file. When stdout is a
pipe there is no live view, because its reader may write to the same terminal.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from openline.backend import Backend
from openline_cli.problems import printable

if TYPE_CHECKING:
    from rich.console import Console

    from openline_cli.display import LiveView


def find_screen() -> Console | None:
    """A terminal for the live view, if there is one."""
    if not sys.stdout.isatty() and not (sys.stderr.isatty() and _is_file()):
        return None
    from rich.console import Console

    console = Console(highlight=False, stderr=not sys.stdout.isatty())
    return None if console.is_dumb_terminal else console


def live_view(screen: Console, backend: Backend, durations: Mapping[str, float | None]) -> LiveView:
    """The view for a terminal."""
    from openline_cli.display import LiveView

    return LiveView(screen, address=backend.url, durations=durations)


def write_out(text: str) -> None:
    """Write to stdout, and flush."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_err(line: str) -> None:
    """Write one line to stderr, and flush; it is lost if stderr is closed."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{printable(line)}\n")
        sys.stderr.flush()


def nowhere(line: str) -> None:
    """Drop a line that the live view shows already."""


def drop_out() -> None:
    """Let what is still to be written to stdout go nowhere: its reader is gone."""
    with contextlib.suppress(OSError, ValueError):  # closed, or no file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_file() -> bool:
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or no file at all
        return False
