"""The gate of one worker: its share of the dial rate of all workers.

Every dial of the worker's sessions passes here, retries and redirects too. They pass one by one,
in the order in which they came, at least ``Share.interval`` seconds apart. There is no burst that
could be spent twice: a worker that replaces a lost one waits an interval before its first dial, so
the two together keep the same distance.

A dial that waits here has begun for its session, whose ``connect_timeout`` runs. So the policy of a
worker's sessions has to allow for the wait: ``patient`` adds the longest one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from openline.backend import Backend
from openline.policy import Policy
from openline_asyncio.network import Connect
from openline_fleet.engines.contract import Share


class WorkerGate:
    """Lets one dial through at a time. ``clock`` counts seconds; None: the running loop's."""

    def __init__(self, share: Share, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._interval = share.interval
        self._next = self._clock() + share.first_after
        self._turn = asyncio.Lock()
        self.passed = 0  #: dials so far

    async def wait(self) -> None:
        """Wait for a turn to dial. Who is cancelled meanwhile has used none."""
        async with self._turn:
            while (left := self._next - self._clock()) > 0:  # noqa: ASYNC110  # no event tells it
                await asyncio.sleep(left)
            self._next = self._clock() + self._interval
            self.passed += 1

    def through(self, connect: Connect) -> Connect:
        """``connect`` behind this gate."""

        async def connect_in_turn(
            backend: Backend, protocol: asyncio.Protocol
        ) -> asyncio.WriteTransport:
            await self.wait()
            return await connect(backend, protocol)

        return connect_in_turn


def patient(policy: Policy, share: Share, sessions: int) -> Policy:
    """``policy`` for one of ``sessions`` at a time behind the gate of ``share``.

    A session dials once at a time. So at most all of them wait at the gate, and the last one waits
    for as many intervals.
    """
    wait = share.first_after + sessions * share.interval
    return replace(policy, connect_timeout=policy.connect_timeout + wait)
