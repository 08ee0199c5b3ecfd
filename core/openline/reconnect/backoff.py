"""How long to wait before a dial, and when the limit of dials a minute permits one.

The delay grows with the number of tries since the line was stable. It is drawn at random from
its upper half, so that clients that lost their lines together do not dial together. The *gate*
applies after every delay: for any server and verdict, no more than ``limit`` passes go through
in any minute.
"""

from __future__ import annotations

import math

from openline.policy import Policy

#: A minute, and a second for dials that take different times to reach the server,
#: which counts them where they arrive.
GATE_SPAN = 61.0


def backoff(policy: Policy, tries: int, random: float) -> float:
    """Seconds to wait before try number ``tries`` (from 0): U(d/2, d) of a doubling d.

    ``random`` is uniform in [0, 1). Never more than the cap (fault 25).
    """
    doubled = policy.backoff_first * 2.0 ** min(tries, 64)
    d = min(policy.backoff_cap, doubled)
    return d / 2 + random * d / 2


class DialGate:
    """The last passes, and when the next one may be."""

    __slots__ = ("_limit", "_passes")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._passes: list[float] = []

    def opens_at(self, now: float) -> float:
        """The earliest time at which a pass is allowed: ``now`` or later."""
        if len(self._passes) < self._limit:
            return now
        return max(now, self._passes[-self._limit] + GATE_SPAN)

    @property
    def newest(self) -> float:
        """When the last pass was; -inf: there was none."""
        return self._passes[-1] if self._passes else -math.inf

    def note(self, now: float) -> None:
        """Record a pass."""
        self._passes.append(now)
        del self._passes[: -self._limit]
