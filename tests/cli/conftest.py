"""Shared by the tests of the command: updates to show, and a scripted session."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import msgspec
import pytest
import trio

from openline.account import Account
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    SourceStatistics,
    State,
    StateChanged,
    Statistics,
    Transcript,
    Update,
)
from openline_audio.pace import Worker

T = TypeVar("T")


def _final(text: str, start: float = 0.0, end: float = 1.0, **changes: Any) -> Transcript:
    fields: dict[str, Any] = {"source": "mic", "final": True, **changes}
    return Transcript(text=text, start=start, end=end, **fields)


def _gap(start: int = 16_000, end: int = 24_000, **changes: Any) -> Gap:
    fields: dict[str, Any] = {"source": "mic", "cause": GapCause.OVERFLOW, **changes}
    return Gap(start=start, end=end, samples=end - start, **fields)


def _ended(
    *finals: Transcript, gaps: Sequence[Gap] = (), sources: Sequence[str] = ("mic",), **changes: Any
) -> Ended:
    missing = sum(gap.samples for gap in gaps)
    counts = SourceStatistics(
        captured=32_000, sent=32_000, confirmed=32_000 - missing, missing=missing
    )
    account = Account(captured=32_000, confirmed=32_000 - missing, told=0, missing=missing)
    result = Ended(
        state=State.CLOSED,
        complete=not gaps and changes.get("state") is not State.FAILED,
        reason="finished",
        missing=tuple(gaps),
        transcript=finals,
        statistics=Statistics(dials=1, sources=dict.fromkeys(sources, counts)),
        accounts=dict.fromkeys(sources, account),
    )
    return msgspec.structs.replace(result, **changes)


class Played:
    """A session that yields the given updates, waits for a stop, and then ends."""

    def __init__(self, updates: Sequence[Update], ended: Ended, *, waits: bool = False) -> None:
        self.updates = list(updates)
        self.result = ended
        self.asked: list[str] = []
        self.statistics = ended.statistics
        self.session_id = "the-session"
        self.reached_the_wait = trio.Event()
        self.last_may_come: trio.Event | None = None  # the last update waits for it
        self._go_on = trio.Event()
        if not waits:
            self._go_on.set()

    async def __aiter__(self) -> AsyncIterator[Update]:
        for update in self.updates:
            if self.last_may_come is not None and update is self.updates[-1]:
                await self.last_may_come.wait()
            await trio.lowlevel.checkpoint()
            yield update
        self.reached_the_wait.set()
        await self._go_on.wait()
        yield self.result

    def level(self, source: str) -> float:
        return 0.1

    def request_stop(self) -> None:
        self.asked.append("stop")

    def abort(self) -> None:
        self.asked.append("abort")
        self._go_on.set()

    def open(self) -> AbstractAsyncContextManager[Played]:
        @asynccontextmanager
        async def opened() -> AsyncGenerator[Played]:
            yield self

        return opened()


async def _still(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
    await trio.lowlevel.checkpoint()
    return blocking()


@pytest.fixture
def still() -> Worker:
    return _still


@pytest.fixture
def final() -> Callable[..., Transcript]:
    return _final


@pytest.fixture
def gap() -> Callable[..., Gap]:
    return _gap


@pytest.fixture
def ended() -> Callable[..., Ended]:
    return _ended


@pytest.fixture
def played() -> type[Played]:
    return Played


@pytest.fixture
def streaming() -> StateChanged:
    return StateChanged(state=State.STREAMING, dial=1)
