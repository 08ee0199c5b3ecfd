"""Shows a page of this command in the user's browser, from a private file.

What a command line holds, every user of the machine can read. So a browser is never given an
address that is a secret: it opens a private file, which leads there.

A browser is asked only where one can show a window: with ``BROWSER`` set, on a desktop, and not in
CI. Elsewhere ``webbrowser`` would start a browser for terminals, in the middle of our own output.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from openline.text import os_reason
from openline_cli.problems import FAILED, Problem

#: Seconds for a browser to start.
PATIENCE: Final = 5.0
_DESKTOPS: Final = frozenset({"win32", "cygwin", "darwin"})
_DISPLAYS: Final = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
_NAME: Final = "inspect.html"


def is_there(
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> bool:
    """Whether a browser can be asked to show something."""
    if environ.get("CI", "").lower() not in {"", "0", "false"}:
        return False
    return platform in _DESKTOPS or any(environ.get(name) for name in _DISPLAYS)


def keep(text: str) -> Path:
    """Write a page to a new file that its owner alone can read. Raises Problem (status 1)."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="openline-"))
    except OSError as error:
        raise _unwritten(tempfile.gettempdir(), error) from None
    try:
        path = folder / _NAME
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode())
    except OSError as error:
        drop(folder / _NAME)
        raise _unwritten(str(folder), error) from None
    return path


def drop(path: Path) -> None:
    """Delete a page that ``keep`` wrote, as far as it is there."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()


def leading_to(address: str) -> str:
    """A page that leads to ``address``."""
    where = escape(address)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>openline</title>'
        '<meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="refresh" content="0; url={where}"><a href="{where}">the session</a>'
    )


def show(path: Path, ask: Callable[[str], bool] = webbrowser.open) -> bool:
    """Have the browser show a file; whether it does, as far as can be known soon."""
    if not is_there():
        return False
    answers: list[bool] = []

    def run() -> None:
        with contextlib.suppress(webbrowser.Error, OSError):
            answers.append(ask(path.resolve().as_uri()))

    asking = threading.Thread(target=run, name="openline-browser", daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answers != [False] and (bool(answers) or asking.is_alive())


def _unwritten(where: str, error: OSError) -> Problem:
    return Problem(
        f"{where}: no page can be written: {os_reason(error)}; give --out", status=FAILED
    )
