"""The pings that are out, each with how much audio of every source was sent before it."""

from __future__ import annotations

from collections.abc import Sequence

#: Pings without a pong yet; a backend that sends messages but no pongs stays connected.
MARKS = 64


class PingMarks:
    """The marks of the pings of a session. A mark is never used twice."""

    __slots__ = ("_count", "_out")

    def __init__(self) -> None:
        self._count = 0
        self._out: list[tuple[bytes, Sequence[int]]] = []

    def mark(self, sent: Sequence[int]) -> bytes:
        """A new mark, behind so many samples of each source."""
        self._count += 1
        mark = b"%d" % self._count
        self._out.append((mark, sent))
        del self._out[:-MARKS]
        return mark

    def take(self, mark: bytes) -> Sequence[int]:
        """The samples sent before ``mark``; older pings count as answered. Empty: unknown."""
        for i, (known, sent) in enumerate(self._out):
            if known == mark:
                del self._out[: i + 1]
                return sent
        return ()

    def clear(self) -> None:
        """The dial is over."""
        self._out.clear()
