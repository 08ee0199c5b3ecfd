"""A window on given bytes, for the tests of where a recording ends."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager

from openline_audio.window import Window


@contextmanager
def windowed(data: bytes, gone: int = 0) -> Generator[Window]:
    """A window on all of ``data``, in a file that is gone afterwards.

    ``gone``: bytes that were behind it when the window was made, and are not there any more.
    """
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Window(file.fileno(), 0, len(data) + gone)
