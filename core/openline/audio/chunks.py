"""Where the edges of a backend's chunks lie, as its finals show them: safe places for the mark.

A recogniser that works on chunks of audio sends the finals of a chunk together. Within a chunk a
final may begin early or late, but many chunks begin with speech: then the first final begins
exactly where the last one of the chunk before ends. No word of one chunk lies in another, so
at such an edge a mark separates them without loss, however wrong all other times are.

Only a backend that shows edges often has them: 3 at least, and a fifth of its chunks. Otherwise
such an edge is chance, and counts for nothing. An example: of 9 chunks 4 begin where the one
before ended. So edges are known, and the newest one is a place for the mark.

All positions are samples of session time.
"""

from __future__ import annotations

from openline.updates import SAMPLE_RATE

#: Finals that came together were sent within this much audio.
_TOGETHER = SAMPLE_RATE // 4
#: An edge is exact, but for the rounding of times.
ROUNDING = SAMPLE_RATE // 50
#: Edges are known from this many on, and from one in so many chunks on.
_LEAST, _SHARE = 3, 5


class Chunks:
    """The chunks of one source, over all dials."""

    __slots__ = ("_chunks", "_edges", "_sent")

    def __init__(self) -> None:
        self._chunks = self._edges = 0
        self._sent = -_TOGETHER  # where the sent audio ended when the last final came

    def begin_dial(self) -> None:
        """The audio that is sent begins at the mark again."""
        self._sent = -_TOGETHER

    def note_final(self, start: int, edge: int, sent: int) -> bool:
        """Count a final at ``start``, where those before end at ``edge``; whether it is a first."""
        is_first = sent - self._sent >= _TOGETHER
        self._sent = sent
        self._chunks += is_first
        self._edges += is_first and abs(start - edge) <= ROUNDING
        return is_first

    @property
    def show_edges(self) -> bool:
        """Whether there are so many edges that they are not chance."""
        return self._edges >= _LEAST and self._edges * _SHARE >= self._chunks
