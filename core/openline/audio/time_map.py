"""Where a backend's times lie in the session: one dial of one source.

A backend without resume counts from 0 on every connection and knows nothing of what was
skipped. So whatever is *sent* leaves marks, each where a run begins that was captured in
one piece: (connection sample, session sample). Times are looked up among them.

Nor does such a backend count what it *dropped*: behind a drop its clock is slow by as much
as it has dropped. Where that was it does not say, only, with its figures, how much; it lies
between what it had drained when the figures before came and what had been sent by then. A
time in between may or may not lie behind the drop, so an interval begins where it begins
at the earliest and ends where it ends at the latest. Too much is confirmed by no more than
was dropped, and that is told as lost: what is told covers all that was lost, only the
places are not known. Drops are counted in frames, and each is taken for a whole one: for a
shorter one as much more is told, and confirmed, as it lacks of 20 ms.
"""

from __future__ import annotations

from bisect import bisect_right

#: Drops of one dial that are told apart; of more the oldest count as one.
MOST_DROPS = 64


class TimeMap:
    """Session samples by connection sample. ``sent`` is always what this dial was sent."""

    __slots__ = ("_connection", "_drops", "_session")

    def __init__(self) -> None:
        self._connection: list[int] = []
        self._session: list[int] = []
        self._drops: list[tuple[int, int, int]] = []  # after, before, how much

    def __bool__(self) -> bool:
        return bool(self._session)

    def begin_run(self, sent: int, at: int) -> None:
        """What is sent next was captured at session sample ``at``."""
        self._connection.append(sent)
        self._session.append(at)

    def drop(self, after: int, before: int, samples: int) -> None:
        """The backend dropped ``samples`` of what it was sent as [after, before)."""
        self._drops.append((after, before, samples))
        if len(self._drops) > MOST_DROPS:
            (after, _, some), (_, before, more) = self._drops[:2]
            self._drops[:2] = [(after, before, some + more)]

    def clear(self) -> None:
        """The dial is over."""
        self._connection.clear()
        self._session.clear()
        self._drops.clear()

    def span(self, start: int, end: int, sent: int) -> tuple[int, int]:
        """The session samples from connection sample ``start`` to ``end``."""
        first = self._look_up(min(max(start, 0), sent))
        end = min(max(end, 0), sent)
        last = self._look_up(end - 1) + 1 if end else self._session[0]
        return min(first, last), last

    def interval(self, start: int, end: int, sent: int) -> tuple[int, int]:
        """Session samples of what the backend calls [start, end), wherever it may lie."""
        return self.span(self.earliest(start), self._latest(end), sent)

    def earliest(self, counted: int) -> int:
        """The connection sample that the backend counts as ``counted``, at the earliest."""
        for _, before, samples in self._drops:
            if counted + samples < before:
                break
            counted += samples
        return counted

    def _latest(self, counted: int) -> int:
        for after, _, samples in self._drops:
            if counted > after:
                counted += samples
        return counted

    def _look_up(self, sample: int) -> int:
        i = bisect_right(self._connection, sample) - 1
        return self._session[i] + sample - self._connection[i]
