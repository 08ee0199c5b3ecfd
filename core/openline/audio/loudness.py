"""Which audio of one source was quiet, from the peaks of captured blocks.

Where a backend does not prove that it processed silence, its silence is ambiguous: there were no
words, or it is deaf. The client has heard the audio too. Audio is *loud* where more than
``LOUD`` of any ``WITHIN`` seconds lie above ``LEVEL``: a cough is not, a sentence is.

Peaks are kept as one number for each tenth of a second (a slot): how many of its samples came
in blocks with a peak above ``LEVEL``. A block without a peak makes its slots *unmeasured*. A day
is kept at most; what is older is unmeasured, too.

An example: a sentence from 20.0 to 22.0 s in a silence of a minute. ``loud_runs`` of the minute
gives [20.0, 22.0). Of what lies before 20.5 s it gives nothing: half a second may be a cough.

All positions are samples of session time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Final

from openline.dialects.traits import Drain, Traits
from openline.updates import SAMPLE_RATE

#: -45 dBFS as the absolute value of a 16-bit sample: 32768 * 10 ** (-45 / 20), rounded down. An
#: estimate: a quiet room lies below it, and speech far above.
LEVEL: Final = 184
#: Samples above the level, within so many samples, that make audio loud.
LOUD: Final = SAMPLE_RATE
WITHIN: Final = 10 * SAMPLE_RATE
#: Samples in a slot. It divides ``WITHIN``.
SLOT: Final = SAMPLE_RATE // 10
#: Slots that are kept, a day of them: 1.7 MB.
MOST: Final = 24 * 3600 * 10
#: The count of a slot that holds audio without a peak. More than a slot has samples.
_UNMEASURED: Final = 0xFFFF
#: Slots that are forgotten at once, so that the rest is seldom moved.
_CHUNK: Final = 600
_SPAN: Final = WITHIN // SLOT

Run = tuple[int, int]


def needs_peaks(traits: Traits) -> bool:
    """Whether a session with a dialect of these traits asks how loud its audio was.

    It does where silence is not proved, and for the pause in which a dial is drained.
    """
    assumes = traits.silent_in_silence or not traits.proves_silence
    return assumes or traits.drain is not Drain.NONE


class Loudness:
    """The loud samples of one source by slots, from ``begin`` on; before that is unmeasured."""

    __slots__ = ("_first", "_loud", "_most")

    def __init__(self, begin: int, most: int = MOST) -> None:
        self._first = -(-begin // SLOT)  # the slot of the first count
        self._loud = array("H")
        self._most = most

    def note(self, start: int, samples: int, peak: int | None) -> None:
        """``samples`` were captured at ``start``, their largest absolute value being ``peak``.

        None: it was not measured. What was passed over is a hole, which is silent.
        """
        if samples <= 0:
            return
        loud, first = self._loud, self._first
        end = start + samples
        if (missing := -(-end // SLOT) - first - len(loud)) > 0:
            loud.extend([0] * missing)
        if peak is None:
            for slot in range(max(start // SLOT, first), -(-end // SLOT)):
                loud[slot - first] = _UNMEASURED
        elif peak > LEVEL:
            for slot in range(max(start // SLOT, first), -(-end // SLOT)):
                if loud[slot - first] != _UNMEASURED:
                    low, high = max(start, slot * SLOT), min(end, (slot + 1) * SLOT)
                    loud[slot - first] += high - low
        if (over := len(loud) - self._most) > 0:
            self._drop(over)

    def forget(self, position: int) -> None:
        """Audio more than ``WITHIN`` before ``position`` is not asked for any more."""
        gone = (position - WITHIN) // SLOT - self._first
        if gone >= _CHUNK:
            self._drop(min(gone, len(self._loud)))

    def _drop(self, slots: int) -> None:
        del self._loud[:slots]
        self._first += slots

    def loud_runs(
        self, start: int, end: int, said: Iterable[Run] = (), trusted: int = 0
    ) -> list[Run]:
        """The loud runs of [start, end), in order, and not adjacent.

        Audio in the runs ``said`` is in words, and counts as quiet. Unmeasured audio counts as
        quiet before ``trusted``, and as loud behind it.
        """
        counts = self._counts(start, end, said, trusted)
        runs: list[Run] = []
        left, total = 0, 0
        for slot, samples in counts:
            total += samples
            while slot - counts[left][0] >= _SPAN:
                total -= counts[left][1]
                left += 1
            if total >= LOUD:
                low, high = counts[left][0], slot + 1
                while runs and runs[-1][1] >= low:
                    low = min(runs.pop()[0], low)
                runs.append((low, high))
        return [(max(low * SLOT, start), min(high * SLOT, end)) for low, high in runs]

    def _counts(self, start: int, end: int, said: Iterable[Run], trusted: int) -> list[Run]:
        """The slots that are not silent, each with its loud samples.

        A slot is left out if half of it lies outside, or in words.
        """
        first, loud = self._first, self._loud
        low = (start + SLOT // 2) // SLOT
        high = max((end + SLOT // 2) // SLOT, low)
        counts = [(slot, SLOT) for slot in range(low, min(high, first)) if slot * SLOT >= trusted]
        at = max(low - first, 0)
        for slot, samples in enumerate(loud[at : max(high - first, 0)], first + at):
            if samples:
                if samples != _UNMEASURED:
                    counts.append((slot, samples))
                elif slot * SLOT >= trusted:
                    counts.append((slot, SLOT))
        for run in said:
            low, high = run[0] - SLOT // 2, run[1] - SLOT // 2
            counts = [each for each in counts if not low <= each[0] * SLOT < high]
        return counts

    def is_loud_at(self, position: int) -> bool:
        """Whether measured audio around ``position`` is above the level: a slot, or two."""
        low, high = (position - SLOT) // SLOT - self._first, -(-position // SLOT) - self._first
        around = self._loud[max(low, 0) : max(high, 0)]
        return any(0 < samples < _UNMEASURED for samples in around)

    def is_measured(self, start: int, end: int) -> bool:
        """Whether all audio of [start, end) has a peak."""
        if start >= end:
            return True
        low, high = start // SLOT - self._first, -(-end // SLOT) - self._first
        return low >= 0 and _UNMEASURED not in self._loud[low:high]
