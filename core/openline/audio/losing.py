"""The audio of one source that leaves memory and the disk: finals tell it, or it is lost.

Audio of a final that was put aside (``hearing``) is not lost when it leaves memory: the final
is told then, and the rest of its audio is not sent again.

An end that is clamped to what was sent is no end of words. Then the audio up to that end is a gap:
words may lie there that no dial has heard. To send it again would say the final's words twice. Nor
does a final withdraw a gap where its end is doubtful (``Reading.heard_until``).

That holds for a final of which this dial was sent nothing yet. If it was sent the beginning, the
audio that leaves memory is a gap, and the dial's own finals may replace the one put aside, with
the word in the gap. An example: "one two three" is aside, and the dial was sent "one" again when
memory ran over at "two". It says "one" and "three", and the gap holds "two". To tell the older
final too would save "two", and put "one" and "three" into the transcript twice, as if they had
been said twice, up to a window's worth of words. A gap shows where to listen, and doubled words
show nothing. So it is a gap. If the older final is told in the end, for the dial's own did not
replace it, the gap is withdrawn (``reclaim``).

A final counts from an earlier beginning on than it claims, where the claim is not possible
(``marks``). That beginning may be sent again, and the claimed one leave memory: then the new dial
can hardly repeat the final, and it is told from the claimed beginning on.

Positions are samples of session time.
"""

from __future__ import annotations

from collections.abc import Iterable

from openline.audio.backlog import Backlog
from openline.audio.gaps import GapLog
from openline.audio.hearing import Hearing
from openline.audio.marks import Marks
from openline.audio.readings import Reading
from openline.updates import GapCause, to_samples


class Losing:
    """The watermarks of one source, its finals and its gaps."""

    __slots__ = (
        *("_backlog", "_heard", "_unheard"),
        *("captured", "confirmed", "hearing", "losses", "origin", "sent", "source"),
    )

    def __init__(self, source: str, origin: int, backlog: Backlog) -> None:
        self.source = source
        self.origin = origin
        self.captured = self.sent = self.confirmed = origin
        self.losses = GapLog(source)
        self.hearing = Hearing(Marks(origin, 0, 0))
        self._backlog = backlog
        self._unheard: list[tuple[int, int]] = []  # runs behind the mark that are lost already
        # Lost, though it lies in a final that was put aside: the id of that, and the run.
        self._heard: list[tuple[str, int, int]] = []

    def _let_go(self, start: int, end: int, cause: GapCause, *, rest: bool = False) -> None:
        """[start, end) left memory unsent: it is told, where a final covers it, or lost.

        ``rest``: some may be lost already, with a final that was told for the run before.
        """
        for reading in (left := self.hearing.leave(self.sent, end, start)):
            self.tell(reading, reading.claimed_until)
        self._lose(start, end, cause, rest=rest)
        self._note_heard(self.hearing.aside_in(start, end))
        if left and (front := self._backlog.front) is not None:
            # A claimed beginning that is not possible lies behind the one that counts.
            first = max(front, min(each.start for each in left))
            until = min(max(each.end for each in left), self.captured)
            if first < until:
                self._backlog.cut(first, until)
                self.losses.lose_rest(first, until, cause)
                self._note_heard(self.hearing.aside_in(first, until))

    def give_up(self, cause: GapCause) -> None:
        """Lose what waits to be sent, but for what is less than a frame; what was sent stays."""
        for start, end in self._backlog.clear():
            self._let_go(max(start, self.confirmed), end, cause)

    def tell(self, reading: Reading, until: int | None = None) -> None:
        """A final is told though its audio is not confirmed.

        ``until``: the end of the audio that counts as told; None: as far as figures show work.
        """
        low = max(reading.start, to_samples(reading.final.start), self.confirmed)
        high = max(low, min(reading.told_until if until is None else until, self.captured))
        self.reclaim(reading, min(high, reading.heard_until))
        self.losses.tell(low, high)
        self.hearing.tell(reading._replace(start=low, end=high))

    def _note_heard(self, runs: Iterable[tuple[str, int, int]]) -> None:
        for key, start, end in runs:
            joins = bool(self._heard) and self._heard[-1][::2] == (key, start)
            self._heard.append((key, self._heard.pop()[1] if joins else start, end))

    def reclaim(self, reading: Reading, until: int) -> list[tuple[int, int]]:
        """A final is final: what was lost of its audio, up to ``until``, is no gap any more.

        Returns the runs that were.
        """
        own = [each for each in self._heard if each[0] == reading.final.id]
        self._heard = [each for each in self._heard if each not in own and each[2] > self.confirmed]
        return [run for _, start, end in own for run in self.losses.reclaim(start, min(end, until))]

    def _lose(self, start: int, end: int, cause: GapCause, *, rest: bool = False) -> None:
        """Lose [start, end), of which some may be lost already."""
        (self.losses.lose_rest if rest or self._unheard else self.losses.lose)(start, end, cause)
