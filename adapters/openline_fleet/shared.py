"""What all sessions of a shard share, as one of them sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from openline.events import Event
from openline_asyncio.sources.pacer import Pacer
from openline_driver.facts import Fact
from openline_fleet.sending import Sending

#: A session.
Session_contra = TypeVar("Session_contra", contravariant=True)


class Shared(Protocol[Session_contra]):
    """What a line needs of its shard."""

    loop: asyncio.AbstractEventLoop
    pacer: Pacer
    sending: Sending

    def clock(self) -> float:
        """Seconds, on the loop's clock."""
        ...

    def may_dial(self, line: Session_contra) -> bool:
        """Whether the gate is open; otherwise ``Line.admitted`` is called later."""
        ...

    def dial_left(self, line: Session_contra) -> None:
        """The dial waits at the gate no more."""
        ...

    def has_news(self, line: Session_contra) -> None:
        """There are updates to read."""
        ...

    def ended(self, line: Session_contra) -> None:
        """It is over, and its socket is gone."""
        ...

    async def ask(self, request: int, refused: str | None) -> Event | Fact:
        """Ask the provider for a credential: its answer, or what it raised."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work``, which raises nothing, in a task."""
        ...

    def post(self, call: Callable[[], object]) -> None:
        """Have the loop call it soon, from any thread."""
        ...
