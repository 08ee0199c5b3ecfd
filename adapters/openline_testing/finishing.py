"""The time that a stop may take: two bounds of it, as far as it can be computed from outside.

The limit is fixed at the stop: ``finish_timeout``, and the time that the backend needs for what
is due. On an open line that is the audio not sent yet and the backend's queue, without a line
all audio that is not confirmed; then the horizon. A backend that is slower than real time needs
the more. How full its queue is, and which audio left memory, is not known for certain from
outside. So the limit lies between ``seen.finish_from`` and ``seen.finish_by``.
"""

from __future__ import annotations

from typing import Final

from openline.updates import SAMPLE_RATE
from openline_testing.line import Line
from openline_testing.observation import Observation
from openline_testing.scope import queue_of

#: A backend may claim any factor: a stop waits ten times as long at most.
MOST_FACTOR: Final = 10.0
FRAME: Final = 320


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
        policy, traits = seen.policy, seen.dialect.traits
        is_open = seen.live is not None and seen.acked
        queue = round(queue_of(traits, line.queue) * SAMPLE_RATE)
        kept = round(policy.buffer_of(traits) * SAMPLE_RATE) - FRAME
        least = most = 0
        for source, each in line.before.sources.items():
            if source not in line.origins:
                continue  # it has not started
            due = each.captured - (each.sent if is_open else each.confirmed)
            queued = min(line.track(source).sent, queue) if is_open else 0
            most = max(most, due + queued)
            if source not in seen.holes:
                least = max(least, min(due, kept))
        factor = min(line.factor, MOST_FACTOR)
        begins = seen.now + policy.finish_timeout
        seen.finish_from = begins + (least / SAMPLE_RATE + traits.horizon) * factor
        seen.finish_by = begins + (most / SAMPLE_RATE + traits.horizon) * factor
