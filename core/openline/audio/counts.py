"""How much audio had been sent with each message of a dial, for proofs that count messages.

A backend may prove by a count: so many messages, bytes or flushes were received, or are done with
(``Traits.counts``). The core notes a *mark* for each outgoing audio message, or flush: the count
behind it, and how many connection samples of every source had been sent by then. Messages
without audio need no mark. A count proves what was sent by the last mark up to it; so the part of
a message of which a count of bytes ends within is not proved yet.

What is proved is forgotten: marks before the lowest count of the kinds of proof that came on this
dial (received, drained, confirmed). Where ``MOST`` marks are kept, every second one goes, and of
the next ones, too; so marks lie farther apart, and a count proves a little late. The newest mark is
always kept.

An example: Vosk answers each message. ``config`` was message 1, and 2 and 3 each carried 3,200
samples of ``mic``. Its second reply proves 3,200, the third one 6,400.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

#: Marks of one dial: 80 s of messages of 20 ms.
MOST: Final = 4096


class Counts:
    """The marks of a dial, each with the samples sent of each source, in the order of sources."""

    __slots__ = ("_counts", "_is_loose", "_noted", "_proved", "_sent", "_stride")

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._sent: list[Sequence[int]] = []
        self.clear()

    def __len__(self) -> int:
        """The number of marks."""
        return len(self._counts)

    def clear(self) -> None:
        """The dial is over."""
        self._counts.clear()
        self._sent.clear()
        self._proved: dict[str, float] = {}  # the latest count of each kind of proof
        self._noted = 0
        self._stride = 1  # one mark of so many is kept
        self._is_loose = False  # the newest mark is none of these

    def note(self, count: int, sent: Sequence[int]) -> None:
        """With ``count`` messages, bytes or flushes, ``sent`` samples of each source are sent."""
        if self._is_loose:
            self._counts.pop()
            self._sent.pop()
        self._counts.append(count)
        self._sent.append(sent)
        self._noted += 1
        self._is_loose = self._noted % self._stride != 0
        if len(self._counts) == MOST:
            del self._counts[::2], self._sent[::2]
            self._stride *= 2

    def samples(self, count: float) -> Sequence[int]:
        """The samples of each source that ``count`` covers; of one that started later, none."""
        i = bisect_right(self._counts, count)
        return self._sent[i - 1] if i else ()

    def forget(self, **proved: float | None) -> None:
        """A count of each kind of proof came, or None; a lower one of that kind does not count."""
        known = {kind: count for kind, count in proved.items() if count is not None}
        self._proved |= known
        i = bisect_right(self._counts, min(self._proved.values(), default=0)) - 1
        if i > 0:
            del self._counts[:i], self._sent[:i]
            if len(self._counts) < MOST // 4:
                self._stride, self._is_loose = 1, False
