"""Every row of a live session, kept small: a browser can join or come back at any time. Pure.

A row says what changed since the row before (see the package). So a page needs each row once, in
order, from the first on: none can be left out, and a browser that joins late needs them all. Rows
are numbered from 0. A *cursor* is the number of rows that a browser has, and ``since`` gives those
that follow. A browser reads at its own pace, and nothing is kept for it but its cursor: a slow one
costs no memory and does not delay the session.

    rows     0 ─────────── 812 ────── 1630 ──── 1702
             packed        packed     as they are
    cursors       ↑ a browser that reads         ↑ one that has all

Rows that are a while old are packed, in blocks of ``_BLOCK`` bytes: to about a tenth. An hour of
speech from one source is some 2 MB of rows. The history is full at ``LIMIT`` bytes, which is more
than a page can show. Then it ends, and says so; the session goes on.

The story of the session is no row, for it is sent as a whole each time. The newest one replaces the
one before, and a browser that comes back gets the newest.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

import msgspec

#: Bytes of rows that a history holds at most, before they are packed: a hundred hours of speech.
LIMIT: Final = 256 << 20
#: Bytes of rows that are packed at once: large enough to be packed well, and unpacked in 1 ms.
_BLOCK: Final = 64 << 10
#: Bytes of rows that ``since`` gives at most, but for one row that is larger.
CHUNK: Final = 64 << 10
#: Packs in 1 ms a block. Higher levels take three times as long for a tenth less.
_LEVEL: Final = 1
_BETWEEN: Final = b"\n"  # JSON in one line has none

FULL: Final = "the page can hold no more of this session, which goes on without it"


class Batch(msgspec.Struct, frozen=True):
    """Rows, each as JSON, and the cursor behind them."""

    rows: tuple[bytes, ...]
    cursor: int


class History:
    """The rows of one session. ``limit``: bytes of rows that it holds at most."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._size = 0
        self._firsts: list[int] = []  # of each block: the number of its first row
        self._blocks: list[bytes] = []
        self._loose: list[bytes] = []  # the newest rows, not packed yet
        self._loose_size = 0
        self._packed = 0  # rows in blocks
        self._unpacked: tuple[int, list[bytes]] = (-1, [])  # the block that was read last
        self.story: bytes | None = None  #: the newest, as JSON
        self.stories = 0  #: how many there were
        self.ended: str | None = None  #: why there will be no more rows; None: there may be

    @property
    def total(self) -> int:
        """The number of rows: the cursor of a browser that has all."""
        return self._packed + len(self._loose)

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return sum(map(len, self._blocks)) + self._loose_size

    def add(self, rows: Iterable[bytes]) -> None:
        """Add rows, each as JSON on one line. Those that find no room end the history."""
        for row in rows:
            if self.ended is not None:
                return
            self._size += len(row)
            if self._size > self._limit:
                self.end(FULL)
                return
            self._loose.append(row)
            self._loose_size += len(row)
            if self._loose_size >= _BLOCK:
                self._pack()

    def tell(self, story: bytes) -> None:
        """Replace the story, as JSON."""
        if self.ended is None:
            self.story = story
            self.stories += 1

    def end(self, why: str) -> None:
        """There will be no more. The first reason counts."""
        if self.ended is None:
            self.ended = why

    def knows(self, cursor: int) -> bool:
        """Whether a browser can have this many rows."""
        return 0 <= cursor <= self.total

    def since(self, cursor: int, most: int = CHUNK) -> Batch:
        """The next rows for a browser that has ``cursor`` rows: ``most`` bytes, or one row.

        Raises ValueError for a cursor that is not of this history.
        """
        if not self.knows(cursor):
            raise ValueError(f"cursor {cursor} of {self.total} rows")
        rows, size = list[bytes](), 0
        at = cursor
        while at < self.total:
            first, block = self._block(at)
            for row in block[at - first :]:
                size += len(row)
                if rows and size > most:
                    return Batch(tuple(rows), at)
                rows.append(row)
                at += 1
        return Batch(tuple(rows), at)

    def _pack(self) -> None:
        self._firsts.append(self._packed)
        self._blocks.append(zlib.compress(_BETWEEN.join(self._loose), _LEVEL))
        self._packed += len(self._loose)
        self._loose, self._loose_size = [], 0

    def _block(self, at: int) -> tuple[int, list[bytes]]:
        """The rows that are kept with row ``at``, and the number of the first of them."""
        if at >= self._packed:
            return self._packed, self._loose
        number = bisect_right(self._firsts, at) - 1
        first = self._firsts[number]
        if self._unpacked[0] != first:
            rows = zlib.decompress(self._blocks[number]).split(_BETWEEN)
            self._unpacked = (first, rows)
        return self._unpacked
