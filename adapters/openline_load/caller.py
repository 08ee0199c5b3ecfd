"""One synthetic caller: a session whose events become figures.

``Caller`` is the seam. A load begins callers, stops them and aborts them, and knows no more of how
they dial; another kind of caller (many on one shard, say) implements the same three. The one here
is a session of ``openline_asyncio``. Its figures come from an observer, which sees each event as it
happens, and not when a task gets round to reading an update.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.policy import Policy
from openline_asyncio.network import Connect, connector
from openline_asyncio.opening import open_session
from openline_asyncio.session import Session
from openline_driver.options import Credentials
from openline_driver.proxies import Proxies
from openline_load.faults import Effect, Strike
from openline_load.figures import Call
from openline_load.line import Line
from openline_load.voice import Voice, now
from openline_load.watch import Watch


class Caller(Protocol):
    """One caller."""

    async def run(self) -> None:
        """Call, talk, and finish properly, or end as ``stop`` and ``abort`` have it."""
        ...

    def stop(self) -> None:
        """Finish properly, now."""
        ...

    def abort(self) -> None:
        """End, whatever is lost."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How all callers of a load dial: the arguments of ``open_session``, and the source's name."""

    backend: Backend
    source: str
    dialect: Dialect | None = None
    credentials: Credentials = None
    policy: Policy | None = None
    connect: Connect


def dialler(
    backend: Backend,
    *,
    proxy: str | bool,
    context: ssl.SSLContext | None,
    environment: Mapping[str, str],
) -> Connect:
    """What opens the sockets of all callers. Raises ValueError.

    The TLS settings are made once: to read the system's authorities takes 20 ms, which would be
    most of what a caller costs.
    """
    if context is None and backend.is_secure:
        context = ssl.create_default_context()
    return connector(context, Proxies(proxy, environment))


class SessionCaller:
    """A caller on asyncio. ``strikes`` are the faults of its line, in order."""

    def __init__(
        self, dialling: Dialling, call: Call, voice: Voice, strikes: Sequence[Strike] = ()
    ) -> None:
        self._dialling, self._call, self._voice = dialling, call, voice
        self._strikes = strikes
        self._line = Line(dialling.connect)
        self._session: Session | None = None
        self._is_aborted = self._is_stopped = False

    async def run(self) -> None:
        """Call to the end."""
        dialling = self._dialling
        self._call.began(now())
        opening = open_session(
            dialling.backend,
            {dialling.source: self._voice},
            dialect=dialling.dialect,
            credentials=dialling.credentials,
            policy=dialling.policy,
            connect=self._line,
            network_hints=False,
            observers=(Watch(self._call),),
        )
        async with opening as self._session:
            if self._is_aborted:
                self.abort()
            elif self._is_stopped:
                self.stop()
            striking = asyncio.create_task(self._suffer(now())) if self._strikes else None
            try:
                await self._session.wait()
            finally:
                self._call.starved = self._line.starved
                if striking is not None:
                    striking.cancel()
                    with suppress(asyncio.CancelledError):
                        await striking

    def stop(self) -> None:
        """Finish properly, now."""
        self._is_stopped = True
        if self._session is not None:
            self._session.request_stop()

    def abort(self) -> None:
        """End, whatever is lost."""
        self._is_aborted = True
        if self._session is not None:
            self._session.abort()

    async def _suffer(self, start: float) -> None:
        for strike in self._strikes:
            await asyncio.sleep(max(0.0, start + strike.at - now()))
            if strike.effect is not Effect.LEAVE and not self._line.is_open:
                continue  # there is nothing to strike: it is between two dials
            self._call.struck.append(strike)
            match strike.effect:
                case Effect.CUT:
                    self._line.cut()
                case Effect.FREEZE:
                    await self._line.freeze(strike.seconds)
                case Effect.LEAVE:
                    self._call.left()
                    self.abort()
