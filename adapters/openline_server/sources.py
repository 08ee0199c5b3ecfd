"""The sources of one connection: their listeners, queues and words, as happenings to send.

A source exists from its first audio on. Everything that it gives rise to (transcripts,
metrics, states of its queue, progress) is handed to ``send`` as a happening; who may hear
which audio is asked of the hooks. The session decides when audio is taken at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

import trio

from openline.updates import SAMPLE_RATE
from openline_server import contract
from openline_server.audioqueue import AudioQueue, Dropped, all_of
from openline_server.config import ServerConfig
from openline_server.contract import BYTES_PER_SECOND, JsonObject, Source
from openline_server.contracts.base import SOURCE, Contract
from openline_server.hearing import Hearing
from openline_server.hooks import Hooks, Peer
from openline_server.listener import Listener, Progress, pace
from openline_server.load import Load
from openline_server.recognizer import Hypothesis, Question, Recognizer, Segment
from openline_server.recording import Recordings
from openline_server.summary import Line, MeetingSummary
from openline_server.transcripts import Transcripts
from openline_server.usage import Usage

_METRICS_SECONDS: Final = 1.0

Send: TypeAlias = Callable[[JsonObject], Awaitable[None]]


class Sources:
    """The sources of one connection."""

    def __init__(
        self,
        config: ServerConfig,
        recognizer: Recognizer,
        *,
        hooks: Hooks,
        peer: Peer,
        served: Contract,
        recordings: Recordings,
        send: Send,
        broken: Callable[[], None],
        usage: Usage,
    ) -> None:
        """No audio came yet. ``send`` takes a happening; ``broken`` ends the connection."""
        self._config, self._recognizer = config, recognizer
        self._hooks, self._peer, self._contract = hooks, peer, served
        self._recordings, self._send, self._broken = recordings, send, broken
        self._usage = usage
        self._taken: dict[Source, int] = {}
        self._listeners: dict[Source, Listener] = {}
        self._load = Load()
        self._received: dict[Source, int] = {}
        self._lost: dict[Source, float] = {}
        self.hearing = Hearing()
        self._transcripts = Transcripts(self.hearing)
        self.minutes = MeetingSummary()
        self._told: set[str] = set()

    async def audio(self, source: Source, pcm: bytes, nursery: trio.Nursery) -> None:
        """Audio of a source arrived; a new source's listener runs in ``nursery``."""
        listener = self._listeners.get(source)
        most = contract.MAX_SOURCES if self._hooks.hears(self._peer, source) else 1
        if listener is None and len(self._listeners) >= contract.MAX_SOURCES:
            await self._ignore(source, most)
            return
        place = self._received.get(source, 0)
        self._received[source] = place + len(pcm)
        self._recordings.write(source, pcm)
        if most == 1:
            await self._ignore(source, most)
            return
        if listener is None:
            listener = self._open(source)
            nursery.start_soon(listener.run)
        usual = self._contract.queue_seconds
        listener.queue.resize(self._hooks.queue_seconds(self._peer, usual))
        if self._hooks.queues(self._peer, source, pcm):
            dropped, fill = listener.push(pcm, place), listener.queue.fill
        else:
            dropped, fill = all_of(pcm), 1.0
        if dropped is not None:
            self._lost[source] = self._lost.get(source, 0.0) + dropped.seconds
            self._usage.dropped(dropped.seconds)
        await self._degrade(listener, fill, dropped)

    async def _ignore(self, source: Source, most: int) -> None:
        """Say so with each frame, as the observed server does."""
        text = contract.TOO_MANY_SOURCES_TEXT.format(most=most, source=source)
        await self.warn(text, again=True)

    def _open(self, source: Source) -> Listener:
        pacing = pace(self._config.slow, self._config.drain_rate, trio.current_time())
        listener = Listener(
            source, self._recognizer, pacing,
            ask=self._ask, send=self._send_transcript, fail=self._fail,
            slowness=partial(self._hooks.slowness, self._peer),
            taking=partial(self._hooks.taking, self._peer),
            took=self._took, hearing=self.hearing,
            flushed=self._flushed,
            progressed=self._progressed if self._contract.shows_progress else None,
            queue=AudioQueue(self._contract.queue_seconds, self._contract.shed_seconds),
        )  # fmt: skip
        self._listeners[source] = listener
        return listener

    async def _degrade(
        self, listener: Listener, fill: float, dropped: Dropped | None = None
    ) -> None:
        for message in self._load.states(listener, fill, dropped):
            await self._send(message)

    def _took(self, source: Source, samples: int) -> None:
        self._usage.heard((samples - self._taken.get(source, 0)) / SAMPLE_RATE)
        self._taken[source] = samples
        self._hooks.took(self._peer, source, samples)

    async def _ask(self, question: Question) -> Hypothesis | None:
        answer = await self._recognizer.recognise(question)
        if question.asked_at is not None:
            segment = question.segment
            audio = segment.t1 - segment.t0 if segment.final else 0.0
            self._usage.answered(trio.current_time() - question.asked_at, audio)
        return await self._hooks.recognized(self._peer, question.segment, answer)

    async def _send_transcript(self, source: Source, segment: Segment, answer: Hypothesis) -> None:
        for message in self._transcripts.of(source, segment, answer):
            await self._send(message)
            if segment.final:
                for update in self.minutes.add(Line.of(message)):
                    await self._send(update)

    async def _fail(self, source: Source, segment: Segment) -> None:
        self.hearing.failed(source, segment)
        if not self._contract.tells_failures:
            self._broken()
        elif not self._recognizer.available and "no_asr" not in self._told:
            self._told.add("no_asr")
            await self._send(contract.status("no_asr_provider", contract.NO_ASR_TEXT))
        else:
            where = {"source": source, "t0": round(segment.t0, 4), "t1": round(segment.t1, 4)}
            text = f"Recognition failed for a stretch of {source}"
            await self._send(contract.status("warning", text, **where))

    async def warn(self, text: str, *, again: bool = False) -> None:
        """Send a warning, once unless ``again``."""
        if again or text not in self._told:
            self._told.add(text)
            await self._send(contract.status("warning", text))

    async def report(self) -> None:
        """Send the metrics, each second."""
        due = trio.current_time()
        while True:
            due += _METRICS_SECONDS
            await trio.sleep_until(due)
            for listener in list(self._listeners.values()):
                await self._metrics(listener)
                await self._degrade(listener, listener.queue.fill)

    async def _metrics(self, listener: Listener) -> None:
        await self._send(self._load.metrics(listener, self._recognizer))

    async def finish(self, seconds: float) -> None:
        """No more audio comes: recognise what is queued, within ``seconds``."""
        with trio.move_on_after(seconds) as waiting:
            for listener in self._listeners.values():
                listener.finish()
            for listener in self._listeners.values():
                await listener.done.wait()
        for listener in self._listeners.values():
            listener.hearing.cancel()
        if waiting.cancelled_caught:
            if not self._contract.tells_failures:
                self._broken()
                return
            await self.warn(contract.ASR_TIMEOUT_TEXT)
        for listener in self._listeners.values():
            await self._metrics(listener)

    async def flush(self) -> None:
        """Recognise what is queued, and say when that is done; a session without audio is."""
        for listener in self._listeners.values():
            listener.flush()
        if not self._listeners:
            await self._flushed(SOURCE, 0)

    async def _flushed(self, source: Source, at: int) -> None:
        await self._send({"type": "flushed", "source": source, "at": at / SAMPLE_RATE})

    async def _progressed(self, source: Source, progress: Progress) -> None:
        happening: JsonObject = {
            "type": "progress",
            "source": source,
            "received": self._received.get(source, 0) / BYTES_PER_SECOND,
            "dropped": self._lost.get(source, 0.0),
            "taken": progress.taken / SAMPLE_RATE,
            "settled": progress.settled / SAMPLE_RATE,
            "waiting": progress.waiting,
        }
        await self._send(happening)
