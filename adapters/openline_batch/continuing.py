"""Finishes the session that an earlier worker left, with the rest of its recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from openline.events import SourceKind
from openline_asyncio.network import Connect, connector
from openline_asyncio.opening import Opening
from openline_asyncio.session import Session
from openline_asyncio.sources import FileSource
from openline_audio.source import Sink, Source
from openline_driver.openers import Openers
from openline_driver.options import SessionOptions
from openline_store.opening import past_session


def continue_session(
    folder: Path, rest: Mapping[str, Callable[[int], Source]], **given: Any
) -> AbstractAsyncContextManager[Session]:
    """Finish the session in ``folder``; ``given`` are arguments of ``resume_session``.

    ``rest`` makes the source of that name, which has to wait for room, as a file does: it is called
    with the number of samples that are captured, and gives those behind. All else is as for
    ``resume_session``, whose session captures no more.
    """

    def make(options: SessionOptions, _none: Mapping[str, Source], *others: Any) -> Session:
        stored = options.machine((), has_provider=False).statistics.sources  # as the core sees it
        captured = {name: source.captured for name, source in stored.items()}
        sources = {name: make_rest(captured.get(name, 0)) for name, make_rest in rest.items()}
        kinds = dict.fromkeys(sources, SourceKind.STORE)
        continued = replace(options, continued=frozenset(sources), kinds=kinds)
        return Session(continued, sources, *others)

    def resume(given: Mapping[str, Any]) -> Opening:
        return Opening(past_session(given, make, connector))

    # It has the arguments, and what they are where they are not given.
    return Openers[Connect, Session](resume, resume).resume_session(folder, **given)


class Rest:
    """A recording from sample ``done`` on; what is before is read, and left out."""

    def __init__(self, source: FileSource, done: int) -> None:
        self._source = source
        self._done = done
        self.kind = source.kind

    @property
    def duration(self) -> float | None:
        """Seconds of the whole recording; None: not known."""
        return self._source.duration

    async def run(self, sink: Sink) -> None:
        """Deliver the rest."""
        await self._source.run(_Behind(sink, self._done))


class _Behind:
    """A sink that leaves out the first samples. It has room for them at any time."""

    def __init__(self, sink: Sink, samples: int) -> None:
        self._sink = sink
        self._left = samples

    def started(self, at: float) -> None:
        self._sink.started(at)

    def audio(self, pcm: bytes) -> None:
        samples = len(pcm) // 2
        skipped = min(self._left, samples)
        self._left -= skipped
        if skipped < samples:
            self._sink.audio(pcm[2 * skipped :])

    def hole(self, samples: int) -> None:
        skipped = min(self._left, samples)
        self._left -= skipped
        if skipped < samples:
            self._sink.hole(samples - skipped)

    async def room(self) -> None:
        if not self._left:
            await self._sink.room()
