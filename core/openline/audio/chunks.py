"""Where the chunks of a backend meet, as its finals show it: safe places for the mark.

A recogniser that works on chunks of audio sends the finals of a chunk together. Within a chunk a
final may begin early or late. But no word of one chunk lies in another: the words of the finals
that came before end at the edge between the two chunks at the latest, and the words of those that
come now begin there at the earliest. So at such an edge a mark separates them without loss,
however wrong all other times are.

The edge lies between the end that is claimed before it and the beginning that is claimed behind
it. Where these agree, it *shows*: many chunks begin with speech, and then the first final begins
exactly where the last one of the chunk before ends. Where the two leave a little time between
them, the edge lies in that time. In a model with measured errors, of 1,000 marks in the middle of
at most 0.3 s between two chunks at most 1 doubled a word, and at most 2 lost one (5, where
beginnings are late more often). Of 1,000 marks between two finals of one chunk 8 to 80 doubled a
word, and of those in a pause of 0.6 to 1.2 s 26 to 220: most such pauses are ends that are early.

Only a backend that shows edges often is known to work on chunks: it has shown 3 at least, and a
fifth of its chunks. Otherwise an edge that shows may be chance. An example: of 9 chunks 4 begin
where the one before ended. So edges are known.

All positions are samples of session time.
"""

from __future__ import annotations

from openline.updates import SAMPLE_RATE

#: Finals that came together were sent within this much audio.
_TOGETHER = SAMPLE_RATE // 4
#: An edge that shows is exact, but for the rounding of times.
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
        """Count a final at ``start``, where those before end at ``edge``.

        True if it is the first one of its chunk.
        """
        is_first = sent - self._sent >= _TOGETHER
        self._sent = sent
        self._chunks += is_first
        self._edges += is_first and abs(start - edge) <= ROUNDING
        return is_first

    @property
    def show_edges(self) -> bool:
        """Whether there are so many edges that they are not chance."""
        return self._edges >= _LEAST and self._edges * _SHARE >= self._chunks
