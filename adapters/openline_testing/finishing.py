"""The time that a stop may take: two bounds of it, as far as it can be computed from outside.

The limit is fixed at the stop: ``finish_timeout``, and the time that the backend needs for what
is due. On an open line that is the audio not sent yet and the backend's own queue, without a
line all audio that is not confirmed; a backend that is slower than real time needs the more.
How long its queue is, and which figures the session counts, is not known for certain from
outside. So the limit lies between ``seen.finish_from`` and ``seen.finish_by``.
"""

from __future__ import annotations

from typing import Final

from openline.updates import SAMPLE_RATE
from openline_testing.line import Line
from openline_testing.observation import Observation

#: A backend may claim any factor: a stop waits ten times as long at most.
MOST_FACTOR: Final = 10.0


class Finishing:
    """Computes the bounds when the stop comes."""

    __slots__ = ("_line", "_noted", "_seen")

    def __init__(self, seen: Observation, line: Line) -> None:
        self._seen = seen
        self._line = line
        self._noted = False

    def happened(self) -> None:
        """After the event was noted: it may have been the stop."""
        seen, line = self._seen, self._line
        if self._noted or not seen.stop_wanted:
            return
        self._noted = True
        sources = line.before.sources.values()
        unconfirmed = max((each.captured - each.confirmed for each in sources), default=0)
        unsent = max((each.captured - each.sent for each in sources), default=0)
        due = unsent if seen.live is not None and seen.acked else unconfirmed
        queue = max(seen.dialect.traits.queue, line.queue or 0.0) + seen.dialect.traits.horizon
        factor = min(max(1.0, *line.factors.values()), MOST_FACTOR) if line.factors else 1.0
        begins = seen.now + seen.policy.finish_timeout
        seen.finish_from = begins + due / SAMPLE_RATE
        seen.finish_by = begins + (due / SAMPLE_RATE + queue) * factor
