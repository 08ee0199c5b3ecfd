"""The sources of one session in a shard: what the app pushes, and the recordings that are played.

What is pushed goes to the driver at once, through the sink that every face has
(``openline_driver.sinks``). A pushed source begins with its first piece: its start is reckoned back
from that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol

from openline.events import Event
from openline.updates import SAMPLE_RATE
from openline_asyncio.sources.pacer import Pacer
from openline_audio.handover import SourceClosedError
from openline_audio.samples import as_pcm
from openline_driver.facts import Fact
from openline_driver.sinks import SessionSink
from openline_fleet.recording import Recording
from openline_fleet.spec import SessionSpec


class Host(Protocol):
    """The session."""

    def feed(self, event: Event | Fact) -> None:
        """Hand the driver an event."""
        ...

    def relay(self, source: str, pcm: bytes) -> bool:
        """Send audio of it at once; False: nothing was done, so ``feed`` it."""
        ...

    async def room(self, source: str) -> None:
        """Wait until there is room for audio of it."""
        ...

    def has_room(self, source: str) -> bool:
        """Whether there is room for more audio of it."""
        ...

    def when_room(self, source: str, call: Callable[[], object]) -> None:
        """Call it once there is."""
        ...

    def fail(self, fault: BaseException) -> None:
        """An error that is ours."""
        ...


class Place(Protocol):
    """Where the session is."""

    loop: asyncio.AbstractEventLoop
    pacer: Pacer

    def clock(self) -> float:
        """Seconds, on the loop's clock."""
        ...


class Sources:
    """The sources of the session ``host`` of ``spec``."""

    def __init__(self, spec: SessionSpec, host: Host, place: Place) -> None:
        self._spec = spec
        self._host = host
        self._place = place
        self._recordings: dict[str, Recording] = {}
        self._pushed: dict[str, SessionSink] = {}  # those that have begun
        self._is_shut = spec.resume  # then its sources are over
        self._ended: set[str] = set()
        #: The pushed ones that are known not to be muted: their audio may go to the driver at once.
        self.plain: set[str] = set()

    @property
    def played(self) -> bool:
        """Whether each recording was delivered to its end."""
        return all(each.is_played for each in self._recordings.values())

    def start(self, pool: Callable[[], Executor]) -> None:
        """Begin to read the recordings, in what ``pool`` gives."""
        place = self._place
        for spec in self._spec.sources:
            if spec.path is not None:
                sink = SessionSink(self._host.feed, self._host.room, spec.name, is_watched=False)
                made = Recording(spec, self._spec.speed, self._host, sink, place.pacer)
                self._recordings[spec.name] = made
                made.start(place.loop, pool())

    def close(self, name: str | None = None) -> None:
        """Play the recording ``name`` no more, or take no more of a pushed source; None: of all."""
        for each in self._recordings.values():
            if name in {None, each.spec.name}:
                each.close()
        if name is None:
            self.shut()
        else:
            self._ended.add(name)
            self.plain.discard(name)

    def shut(self) -> None:
        """Take no more pushed audio. Recordings go on."""
        self._is_shut = True
        self.plain.clear()

    def takes(self, source: str) -> bool:
        """Whether audio of it may be pushed; of a recording, always."""
        return source in self._recordings or not (self._is_shut or source in self._ended)

    def push(self, source: str, pcm: bytes) -> None:
        """Audio of a pushed source; the first piece begins it. Raises as ``FleetSession.push``."""
        pcm = as_pcm(pcm)
        sink = self._sink(source, len(pcm) // 2)
        sink.audio(pcm)
        if not sink.may_be_mute:
            self.plain.add(source)

    def hole(self, source: str, samples: int) -> None:
        """A pushed source could not capture these."""
        self._sink(source, samples).hole(samples)

    def _sink(self, source: str, samples: int) -> SessionSink:
        """The sink of a source of which so many samples have just passed."""
        self._check_open(source)
        sink = self._pushed.get(source)
        return sink or self.begin(source, self._place.clock() - samples / SAMPLE_RATE)

    def begin(self, source: str, at: float) -> SessionSink:
        """A pushed source begins, whose first sample was captured at ``at``: its sink.

        Raises ValueError for a source that is not pushed, or has begun, and SourceClosedError.
        """
        self._check_open(source)
        if source in self._pushed:
            raise ValueError(f"{source!r} has begun: its start cannot be told any more")
        host = self._host
        made = SessionSink(host.feed, host.room, source, is_watched=True, relay=host.relay)
        made.started(at)
        self._pushed[source] = made
        return made

    def check_pushed(self, source: str) -> None:
        """Raise ValueError, one line, for a source that is not pushed."""
        pushed = [each.name for each in self._spec.sources if each.path is None]
        if source not in pushed:
            raise ValueError(f"{source!r} is not pushed in this session, but {pushed}")

    def _check_open(self, source: str) -> None:
        """Raise as ``check_pushed``, and SourceClosedError where it takes no more audio."""
        self.check_pushed(source)
        if not self.takes(source):
            raise SourceClosedError(
                f"{source!r} of session {self._spec.session_id!r} takes no more audio: it has "
                "ended, or was asked to; push the rest to another session"
            )
