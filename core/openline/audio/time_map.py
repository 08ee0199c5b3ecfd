"""Maps a backend's times to session time: one dial of one source.

A backend without resume counts from 0 on every connection and does not count skipped
audio. So *sent* audio leaves marks, one where each contiguous run begins:
(connection sample, session sample). Times are looked up among them.

The backend's clock does not count *dropped* frames either: behind a drop it is slow by the
dropped amount. The backend reports the amount with its figures, but not the place. The
drop lies between what was drained at the figures before and what had been sent by then.
Each backend time therefore maps to a range, and an interval runs from its earliest start
to its latest end. At most the dropped amount is confirmed too much, and exactly that
amount is reported as a gap, at an unknown place. Drops are counted in frames, each
assumed to be 20 ms, so a shorter last frame is over-reported by the difference.

Where silence was put in that was not captured (a keepalive, a tail, a message that was filled
up, the delay of a filter), the backend's clock runs and session time *stands still*: all of the
silence lies at one session sample, the one behind the audio before it. An example: 3,200 samples
from session sample 0 on, then 1,600 of silence, then more audio. ``begin_run(0, 0)``,
``begin_still(3200, 3200)``, ``begin_run(4800, 3200)``. The backend's [4000, 4900) is [3200, 3300).

An example of a skip, in samples. A dial begins with audio captured at 16,000 and goes on, after an
overflow, with audio captured at 25,600: ``begin_run(0, 16000)``, ``begin_run(3200, 25600)``. The
backend's 1,600 is then 17,600, and its 4,800 is 27,200. Now one frame of 320 is dropped,
somewhere in [1,600, 4,800). The backend's 3,200 may be connection sample 3,200 (the drop lies
behind it) or 3,520 (before it), so an interval that begins there begins at 3,200, and one that
ends there ends at 3,520. Its 4,800 is 5,120 for certain.
"""

from __future__ import annotations

from bisect import bisect_right

#: Drops kept apart on one dial; beyond that the oldest are merged.
MOST_DROPS = 64


class TimeMap:
    """Session samples by connection sample. ``sent`` is the count sent on this dial."""

    __slots__ = ("_connection", "_drops", "_session", "_steps")

    def __init__(self) -> None:
        self._connection: list[int] = []
        self._session: list[int] = []
        self._steps: list[int] = []  # 1 for a run of captured audio, 0 for one that stands still
        self._drops: list[tuple[int, int, int]] = []  # after, before, how much

    def __len__(self) -> int:
        """The number of runs."""
        return len(self._session)

    def begin_run(self, sent: int, at: int) -> None:
        """The samples sent next were captured at session sample ``at``."""
        self._begin(sent, at, 1)

    def begin_still(self, sent: int, at: int) -> None:
        """The samples sent next were put in behind session sample ``at``."""
        if not self._steps or self._steps[-1]:  # else it goes on
            self._begin(sent, at, 0)

    def _begin(self, sent: int, at: int, step: int) -> None:
        self._connection.append(sent)
        self._session.append(at)
        self._steps.append(step)

    def drop(self, after: int, before: int, samples: int) -> None:
        """The backend dropped ``samples`` of the connection samples [after, before)."""
        self._drops.append((after, before, samples))
        if len(self._drops) > MOST_DROPS:
            (after, _, some), (_, before, more) = self._drops[:2]
            self._drops[:2] = [(after, before, some + more)]

    def clear(self) -> None:
        """The dial is over."""
        self._connection.clear()
        self._session.clear()
        self._steps.clear()
        self._drops.clear()

    def span(self, start: int, end: int, sent: int) -> tuple[int, int]:
        """The session samples from connection sample ``start`` to ``end``."""
        first = self._look_up(min(max(start, 0), sent), 0)
        end = min(max(end, 0), sent)
        last = self._look_up(end - 1, 1) if end else self._session[0]
        return min(first, last), last

    def interval(self, start: int, end: int, sent: int) -> tuple[int, int]:
        """Session samples of the backend's interval [start, end), at its widest."""
        return self.span(self.earliest(start), self._latest(end), sent)

    def earliest(self, counted: int) -> int:
        """The earliest connection sample that the backend may count as ``counted``."""
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

    def _look_up(self, sample: int, behind: int) -> int:
        """The session sample of a connection sample, or of what lies ``behind`` samples on."""
        i = bisect_right(self._connection, sample) - 1
        return self._session[i] + self._steps[i] * (sample - self._connection[i] + behind)
