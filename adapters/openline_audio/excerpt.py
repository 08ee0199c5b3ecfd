"""A part of a recording, by its times: what is before it is dropped, and nothing behind it is read.

Pure: blocks of samples in, the samples of the part out. A block is cut at the sample that is next
to the time, at the block's own rate and before it is converted. So audio that is left out costs
its decoding alone, and a time means the same in each format: no decoder has to seek, which some
cannot, and others do not to the sample.

    Excerpt(1.5, 4.0), blocks of 1 s: nothing, half of the 2nd, the 3rd, the 4th; then it is over
"""

from __future__ import annotations

import math

from openline_audio.channels import Samples


def check_part(start: float, until: float | None) -> None:
    """Raise ValueError, one line, unless these are two times of a recording; None is its end."""
    if not _is_time(start):
        raise ValueError(f"start must be a finite number of seconds, 0 or more, not {start!r}")
    if until is not None and not (_is_time(until) and start < until):
        raise ValueError(f"until must be a finite number of seconds behind start, not {until!r}")


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < math.inf


class Excerpt:
    """The part from ``start`` to ``until``, in seconds of the recording; None: to its end."""

    def __init__(self, start: float = 0.0, until: float | None = None) -> None:
        self.start = start
        self._until = math.inf if until is None else until
        self.at = 0.0  #: seconds of the recording that were read
        self.is_over = False  #: nothing that follows is a part of it

    @property
    def is_ahead(self) -> bool:
        """Whether all that was read is before the part."""
        return self.at < self.start

    @property
    def is_missed(self) -> bool:
        """At the end of the recording: whether it has audio, and none of it in the part."""
        return bool(self.start) and 0 < self.at <= self.start

    def cut(self, rate: int, samples: Samples) -> Samples:
        """The samples of the next block, (n,) or (n, channels) at ``rate`` Hz, that are in it."""
        count = len(samples)
        first = _place(self.start - self.at, rate, count)
        last = _place(self._until - self.at, rate, count)
        self.at += count / rate
        self.is_over = last < count or self.at >= self._until
        return samples[first : max(first, last)]


def _place(seconds: float, rate: int, count: int) -> int:
    """The sample of a block at this time, within 0 to ``count``."""
    return round(min(max(0.0, seconds * rate), count))
