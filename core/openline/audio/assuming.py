"""What a backend may be assumed to have processed, though it does not prove silence: one source.

Some backends say nothing in silence, and prove nothing either: the mark would stay, the next
dial would be sent the whole silence again, and memory would run over. So audio is *assumed* to
be processed when

- the backend has had it for the *horizon*, and has given a sign of life since,
- no words that may still change reach into it, and
- it was quiet (``loudness``): a deaf backend must not pass off speech as silence. Audio without
  peaks is taken for quiet for five minutes at most since the last words.

*Had it* is counted as for a recogniser that is half as fast again as speech: of a backlog of 60 s
that is sent at once, it reaches the last second after 40 s. Time in which it had nothing to do is
not saved up. Words show that it is farther.

Audio that is loud and as old is *unproved*. The dial is renewed once, for the audio is sent again
then. If nothing comes of it on the next dial either, it is a gap. Words, or another proof, give
the source a new dial for the next time.

An example, with a horizon of 10 s. There is an hour of silence: the mark follows 10 to 20 s behind.
A speaker talks from 3600 to 3610 s, and the backend is deaf. At about 3625 s the dial is renewed,
the audio from 3600 on is sent again, and at about 3640 s it becomes a gap.

All positions are samples of session time, but for connection samples, which count from the
beginning of the dial.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from openline.audio.loudness import WITHIN, Loudness, Run
from openline.updates import SAMPLE_RATE

#: Seconds of audio without peaks that are taken for quiet since the last words.
TRUST: Final = 300.0
#: How much faster than speech a recogniser is taken to be. At 1.0 what is sent again after a loss
#: would never be made good, and each loss would add to it; a dial of 60 s makes good 20 s at 1.5.
SPEED: Final = 1.5
#: Entries of the past in a horizon: what is older than it is known to so many parts of it.
_ENTRIES: Final = 32


class Ages:
    """How much audio of one dial the backend has had for a horizon, in connection samples."""

    __slots__ = ("_at", "_horizon", "_old", "_past", "_reached", "_received")

    def __init__(self, horizon: float, now: float) -> None:
        self._horizon = horizon
        self._at = now
        self._received = 0  # by then
        self._reached = 0  # by then, by a recogniser of that speed
        self._past: deque[tuple[float, int]] = deque()
        self._old = 0  # reached a horizon ago

    def note(self, received: int, drained: int, now: float) -> None:
        """The backend has received so much, and taken so much of that out of its queue."""
        passed = round((now - self._at) * SPEED * SAMPLE_RATE)
        reached = min(self._reached + passed, self._received)
        self._reached = max(reached, self._reached, drained)
        self._received, self._at = received, now
        past, step = self._past, self._horizon / _ENTRIES
        if len(past) > 1 and past[-1][0] - past[-2][0] < step:
            past.pop()
        past.append((now, self._reached))

    def old(self, now: float) -> int:
        """How much it had reached a horizon before ``now``."""
        past = self._past
        while past and past[0][0] <= now - self._horizon:
            self._old = past.popleft()[1]
        return self._old

    def note_suspension(self, gap: float) -> None:
        """No time passed for ``gap`` seconds."""
        self._at += gap
        self._past = deque((at + gap, reached) for at, reached in self._past)


class Judgement(NamedTuple):
    """What can be done with the audio up to ``mark``.

    The mark may move there. ``lost`` are its loud runs, each to become a gap. ``is_deaf``: there
    is loud audio that the backend has had for long; ``renews``: another dial is to be tried.
    """

    mark: int
    lost: Sequence[Run] = ()
    is_deaf: bool = False
    renews: bool = False


class Assuming:
    """What is known of one source's silence. It lives as long as the session."""

    __slots__ = ("_lost", "ages", "heard", "horizon", "is_new", "loudness", "renews")

    def __init__(self, horizon: float, begin: int, now: float) -> None:
        self.horizon = horizon
        self.loudness = Loudness(begin)
        self.ages = Ages(horizon, now)
        self.heard = begin  # the end of the last words
        # A new dial is wanted; it is there. Both until words, or another proof.
        self.renews = self.is_new = False
        self._lost = (begin, begin)  # the last run that was lost as unproved

    def restore(self, confirmed: int, captured: int) -> None:
        """An earlier process captured the audio of [confirmed, captured), whose peaks are lost."""
        self.loudness = Loudness(captured)
        self.heard = confirmed

    def begin_dial(self, now: float) -> None:
        """The line is open."""
        self.ages = Ages(self.horizon, now)
        self.is_new = self.renews

    def note_words(self, end: int) -> None:
        """Words came, up to ``end``."""
        self.heard = max(self.heard, end)
        self.note_proof()

    def note_proof(self) -> None:
        """The backend hears the source."""
        self.renews = self.is_new = False

    @property
    def _trusted(self) -> int:
        return self.heard + round(TRUST * SAMPLE_RATE)

    def is_quiet(self, start: int, end: int, said: Iterable[Run]) -> bool:
        """Whether no audio of [start, end) is loud, but that of the words ``said``."""
        return not self.loudness.loud_runs(start, end, said, self._trusted)

    def quiet_runs(self, start: int, end: int, said: Sequence[Run]) -> list[Run]:
        """The runs of [start, end) that are not loud, for the end of a session."""
        at = start
        runs: list[Run] = []
        for low, high in self.loudness.loud_runs(start, end, said, self._trusted):
            runs.append((at, low))
            at = high
        return [(low, high) for low, high in (*runs, (at, end)) if low < high]

    def judge(self, start: int, end: int, said: Sequence[Run]) -> Judgement:
        """Judge the audio of [start, end), which the backend has had for the horizon.

        ``said`` are the runs of words. Audio behind ``end`` shows whether the last second of it
        begins a sentence.
        """
        begin = start
        if self._lost[0] < start <= self._lost[1]:  # what follows a loud run may belong to it
            begin = max(self._lost[0], start - WITHIN)
        ahead = self.loudness.loud_runs(begin, end + WITHIN, said, self._trusted)
        loud = [(max(low, start), min(high, end)) for low, high in ahead if high > start]
        loud = [(low, high) for low, high in loud if low < high]
        old = self.loudness.loud_runs(begin, end, said, self._trusted)
        is_deaf = any(high > start for _, high in old)
        if not loud:
            return Judgement(end)
        if not is_deaf:
            return Judgement(loud[0][0])
        if not self.is_new:
            asks, self.renews = not self.renews, True
            return Judgement(loud[0][0], is_deaf=True, renews=asks)
        return Judgement(end, loud, is_deaf=True)

    def note_lost(self, start: int, end: int) -> None:
        """[start, end) became a gap: it was loud, and nothing was proved."""
        if start > self._lost[1]:
            self._lost = (start, end)
        else:
            self._lost = (self._lost[0], end)
