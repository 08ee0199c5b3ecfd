"""One connection, from the open socket to the code that closes it.

The phases are the contract's: *waiting* for ``start``; *admitting*, while it waits for a
session slot (silence, up to 5 s); *streaming* from the ack; *finishing* from ``stop``, until
all audio is recognised or 8 s are over. One task receives in all of them, because a
WebSocket whose messages are not taken answers no pings. Slow work (admission, finishing,
keepalive, metrics, recognition) runs beside it. A task that ends the conversation calls
``_end`` with the code, and the rest is cancelled; the closing handshake is the server's
business.

Each task sends its messages directly. So a client that does not read stops its own
recogniser, then its queue drops, then its pongs are missed: its slowness costs other
clients nothing and this server no memory.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

import trio
from trio_websocket import WebSocketConnection

from openline_server import contract
from openline_server.audioqueue import Dropped, all_of
from openline_server.config import ServerConfig
from openline_server.contract import Audio, Ids, JsonObject, Source, Start, Stop
from openline_server.hearing import Hearing
from openline_server.hooks import Hooks, Peer
from openline_server.listener import Listener, pace
from openline_server.load import Load
from openline_server.recognizer import Hypothesis, Question, Recognizer, Segment
from openline_server.recording import Recordings
from openline_server.summary import Line, MeetingSummary
from openline_server.transcripts import Transcripts

log: Final = logging.getLogger(__name__)

_METRICS_SECONDS: Final = 1.0
#: Waits for a session slot on behalf of a ``start``.
Wait: TypeAlias = Callable[[object], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation ends: a close frame, or none (``code`` 1006)."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The resources that all sessions of one server share."""

    config: ServerConfig
    recognizer: Recognizer
    slots: trio.CapacityLimiter
    hooks: Hooks
    #: Recordings are numbered from the next one on.
    recorded: int = 0


class Session:
    """One conversation."""

    def __init__(
        self,
        context: Context,
        peer: Peer,
        ws: WebSocketConnection,
        refusal: Ending | None,
    ) -> None:
        """``refusal``: the credentials were wrong, and the session ends with it."""
        self._config, self._recognizer = context.config, context.recognizer
        self._slots, self._hooks = context.slots, context.hooks
        self._peer, self._ws, self._refusal = peer, ws, refusal
        self._phase: Literal["waiting", "admitting", "streaming", "finishing"] = "waiting"
        self._ids: Ids | None = None
        self._features: dict[str, bool] = dict.fromkeys(contract.FEATURES, False)
        self._listeners: dict[Source, Listener] = {}
        self._load = Load()
        self._received: dict[Source, int] = {}
        self._hearing = Hearing()
        self._transcripts = Transcripts(self._hearing)
        self._recordings = Recordings(context.config.record, context.recorded + peer.number)
        self._minutes = MeetingSummary()
        self._told: set[str] = set()
        self._scope = trio.CancelScope()
        self._ending = Ending(1006)

    async def run(self) -> Ending:
        """Converse; return how to close. Raises ConnectionClosed if the client is gone."""
        await self._hooks.opened(self._peer)
        if self._refusal is not None:
            await self._send(contract.status("error", contract.UNAUTHORIZED_TEXT))
            return self._refusal
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    await self._send(contract.status("connected", contract.CONNECTED_TEXT))
                    nursery.start_soon(self._keepalive)
                    nursery.start_soon(self._limit, self._config.start_timeout, "waiting")
                    while True:
                        message = await self._ws.get_message()
                        await self._hooks.received(self._peer, message)
                        await self._act(message, nursery)
        finally:
            self._recordings.close()
            self._hearing.close()
            if self in self._slots.statistics().borrowers:
                self._slots.release_on_behalf_of(self)
        return self._ending

    def _end(self, code: int, reason: str = "") -> None:
        self._ending = Ending(code, reason)
        self._scope.cancel()

    async def _act(self, message: str | bytes, nursery: trio.Nursery) -> None:
        try:
            if isinstance(message, str):
                decoded = contract.read_text(message)
            else:
                decoded = contract.read_frame(message)
        except contract.Refusal as refusal:
            if self._phase == "waiting":
                await self._send(contract.error(str(refusal)))
                self._end(1000)
            return
        except contract.MalformedMessageError as error:
            log.info("connection %d: malformed message: %s", self._peer.number, error)
            self._end(1006)
            return
        match decoded:
            case Start():
                await self._start(decoded, nursery)
            case Stop():
                await self._stop(nursery)
            case Audio(source, pcm):
                if self._phase == "streaming" and pcm:
                    await self._audio(source, pcm, nursery)
            case contract.Ignored(kind):
                log.debug("connection %d: message %r not served", self._peer.number, kind)

    async def _start(self, start: Start, nursery: trio.Nursery) -> None:
        if self._phase == "waiting":
            self._phase = "admitting"
            free = self._hooks.admits(self._peer)
            if free and self._slots.available_tokens:
                self._slots.acquire_on_behalf_of_nowait(self)
                await self._ack(start, nursery)
            else:
                wait = self._slots.acquire_on_behalf_of if free else _never
                nursery.start_soon(self._admit, start, wait, nursery)
        else:
            log.warning("connection %d: a second start was ignored", self._peer.number)

    async def _admit(self, start: Start, slot: Wait, nursery: trio.Nursery) -> None:
        with trio.move_on_after(self._config.capacity_wait) as waiting:
            await slot(self)
        if waiting.cancelled_caught:
            await self._send(contract.status("error", contract.CAPACITY_TEXT))
            self._end(1000)
        elif self._phase == "admitting":
            await self._ack(start, nursery)

    async def _ack(self, start: Start, nursery: trio.Nursery) -> None:
        self._phase = "streaming"
        self._ids, self._features = start.ids, start.client_features
        self._recordings.connection_id = start.ids.connection_id
        self._hearing.write_to(self._recordings.ledger)
        ack = contract.status("streaming", contract.STREAMING_TEXT)
        if self._recognizer.exact_ends:
            ack["final_ends"] = "exact"
        await self._send(ack | {"client_features": self._features})
        if not self._recognizer.available:
            await self._send(contract.status("no_asr_provider", contract.NO_ASR_TEXT))
        nursery.start_soon(self._report)
        nursery.start_soon(self._limit, self._config.max_session_seconds, "streaming")

    async def _audio(self, source: Source, pcm: bytes, nursery: trio.Nursery) -> None:
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
        listener.queue.resize(self._hooks.queue_seconds(self._peer))
        if self._hooks.queues(self._peer, source, pcm):
            dropped = listener.push(pcm, place)
            await self._degrade(listener, listener.queue.fill, dropped)
        else:
            await self._degrade(listener, 1.0, all_of(pcm))

    async def _ignore(self, source: Source, most: int) -> None:
        """Say so with each frame, as the observed server does."""
        text = contract.TOO_MANY_SOURCES_TEXT.format(most=most, source=source)
        await self._warn(text, again=True)

    def _open(self, source: Source) -> Listener:
        pacing = pace(self._config.slow, self._config.drain_rate, trio.current_time())
        listener = Listener(
            source, self._recognizer, pacing,
            ask=self._ask, send=self._send_transcript, fail=self._fail,
            slowness=partial(self._hooks.slowness, self._peer),
            taking=partial(self._hooks.taking, self._peer),
            took=partial(self._hooks.took, self._peer), hearing=self._hearing,
        )  # fmt: skip
        self._listeners[source] = listener
        return listener

    async def _degrade(
        self, listener: Listener, fill: float, dropped: Dropped | None = None
    ) -> None:
        for message in self._load.states(listener, fill, dropped):
            await self._send(message)

    async def _ask(self, question: Question) -> Hypothesis | None:
        answer = await self._recognizer.recognise(question)
        return await self._hooks.recognized(self._peer, question.segment, answer)

    async def _send_transcript(self, source: Source, segment: Segment, answer: Hypothesis) -> None:
        for message in self._transcripts.of(source, segment, answer):
            await self._send(message)
            if segment.final:
                for update in self._minutes.add(Line.of(message)):
                    await self._send(update)

    async def _fail(self, source: Source, segment: Segment) -> None:
        self._hearing.failed(source, segment)
        if not self._recognizer.available and "no_asr" not in self._told:
            self._told.add("no_asr")
            await self._send(contract.status("no_asr_provider", contract.NO_ASR_TEXT))
        else:
            where = {"source": source, "t0": round(segment.t0, 4), "t1": round(segment.t1, 4)}
            text = f"Recognition failed for a stretch of {source}"
            await self._send(contract.status("warning", text, **where))

    async def _warn(self, text: str, *, again: bool = False) -> None:
        if again or text not in self._told:
            self._told.add(text)
            await self._send(contract.status("warning", text))

    async def _report(self) -> None:
        due = trio.current_time()
        while True:
            due += _METRICS_SECONDS
            await trio.sleep_until(due)
            for listener in list(self._listeners.values()):
                await self._metrics(listener)
                await self._degrade(listener, listener.queue.fill)

    async def _metrics(self, listener: Listener) -> None:
        await self._send(self._load.metrics(listener, self._recognizer))

    async def _stop(self, nursery: trio.Nursery) -> None:
        if self._phase == "finishing":
            return
        streaming, self._phase = self._phase == "streaming", "finishing"
        if streaming:
            nursery.start_soon(self._finish)
        else:
            await self._summarise()

    async def _finish(self) -> None:
        await self._hooks.finishing(self._peer)
        with trio.move_on_after(self._config.stop_timeout) as hearing:
            for listener in self._listeners.values():
                listener.finish()
            for listener in self._listeners.values():
                await listener.done.wait()
        for listener in self._listeners.values():
            listener.hearing.cancel()
        if hearing.cancelled_caught:
            await self._warn(contract.ASR_TIMEOUT_TEXT)
        for listener in self._listeners.values():
            await self._metrics(listener)
        await self._summarise()

    async def _summarise(self) -> None:
        self._recordings.close()
        names = self._recordings.names
        await self._send(self._minutes.final_summary(self._ids, self._features, names))
        self._end(1000)

    async def _keepalive(self) -> None:
        while True:
            await trio.sleep(self._config.ping_interval)
            with trio.move_on_after(self._config.ping_timeout) as waiting:
                await self._ws.ping()
            if waiting.cancelled_caught:
                self._end(1011, contract.KEEPALIVE_TEXT)

    async def _limit(self, seconds: float, phase: str) -> None:
        await trio.sleep(seconds)
        if self._phase == phase:
            await self._warn(f"Time limit reached: {seconds:g} s {phase}")
            self._end(1000, "time limit reached")

    async def _send(self, message: JsonObject) -> None:
        if self._ids is not None:
            message |= self._ids.fields()
        for each in self._hooks.replacing(self._peer, message):
            chosen = await self._hooks.sending(self._peer, each)
            if chosen is not None:
                await self._ws.send_message(self._hooks.encoding(self._peer, chosen))
                if chosen["type"] == "asr_final":
                    self._hearing.sent(chosen)
                await self._hooks.sent(self._peer, chosen)


async def _never(_who: object) -> None:
    await trio.sleep_forever()
