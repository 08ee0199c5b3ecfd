"""A part of an open file as a file of its own, for decoders that read a whole file.

It reads by position (``pread``), so that several windows and the caller share one descriptor and
none moves it. ``prefix`` stands before the part, as if it were in the file: a decoder gets a
corrected header so. An error of the disk would be swallowed by the C code that calls this; it is
kept in ``failure``, and reading ends.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Window:
    """The bytes ``start`` to ``end`` of the file behind ``fd``, after ``prefix``."""

    def __init__(self, fd: int, start: int, end: int, prefix: bytes = b"") -> None:
        self._fd = fd
        self._start = start
        self._prefix = prefix
        self._size = len(prefix) + max(0, end - start)
        self._at = 0
        self.furthest = 0  #: the offset behind the last byte that was read
        self.failure: OSError | None = None

    def __len__(self) -> int:
        return self._size

    @property
    def name(self) -> str:
        """No name: a decoder must not guess by it."""
        return ""

    def peek(self, at: int, size: int) -> bytes:
        """At most ``size`` bytes from offset ``at`` on; fewer only at the end. Raises OSError."""
        size = min(size, self._size - at)
        got = self._prefix[at : at + size] if at < len(self._prefix) else b""
        while len(got) < size:
            more = os.pread(
                self._fd, size - len(got), self._start + at + len(got) - len(self._prefix)
            )
            if not more:  # the file has become shorter
                break
            got += more
        return got

    def read(self, size: int = -1) -> bytes:
        """The next bytes; all the rest if ``size`` is below 0."""
        try:
            got = self.peek(self._at, self._size - self._at if size < 0 else size)
        except OSError as error:
            self.failure = error
            return b""
        if got:
            self._at += len(got)
            self.furthest = max(self.furthest, self._at)
        return got

    def readinto(self, buffer: Buffer) -> int:
        """Fill ``buffer`` with the next bytes; returns how many."""
        view = memoryview(buffer).cast("B")
        got = self.read(len(view))
        view[: len(got)] = got
        return len(got)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position, as a file does."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = min(max(0, base + offset), self._size)
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def seekable(self) -> bool:
        """It is."""
        return True
