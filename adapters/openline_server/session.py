"""One connection, from the open socket to the code that closes it, in any contract.

The session makes happenings, lets faults change them, and sends what the contract writes for
them; what the client sends it takes as the actions that the contract reads. The phases:
*waiting* for ``start``; *admitting*, while it waits for a session slot; *streaming* from the
ack; *finishing* from ``stop``, until all audio is recognised or its time is over. A contract
without a start is admitted at once. One task receives in all phases, because a WebSocket whose
messages are not taken answers no pings. Slow work (admission, finishing, keepalive, metrics,
recognition) runs beside it. A task that ends the conversation calls ``_end`` with the code,
and the rest is cancelled; the closing handshake is the server's business.

Each task sends its messages directly. So a client that does not read stops its own
recogniser, then its queue drops, then its pongs are missed: its slowness costs other
clients nothing and this server no memory.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from uuid import uuid4

import trio
from trio_websocket import WebSocketConnection

from openline_server import contract
from openline_server.config import ServerConfig
from openline_server.contracts.base import (
    Action,
    Audio,
    Contract,
    End,
    Ending,
    Flush,
    Ids,
    Ignored,
    JsonObject,
    Keepalive,
    Opening,
    Reply,
    Start,
    Stop,
    Wire,
)
from openline_server.hooks import Hooks, Peer
from openline_server.recognizer import Recognizer
from openline_server.recording import Recordings
from openline_server.sources import Sources
from openline_server.usage import Usage

log: Final = logging.getLogger(__name__)

#: Waits for a session slot on behalf of a ``start``.
Wait: TypeAlias = Callable[[object], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Context:
    """The resources that all sessions of one server share."""

    config: ServerConfig
    recognizer: Recognizer
    slots: trio.CapacityLimiter
    hooks: Hooks
    contract: type[Contract]
    usage: Usage
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
        target: str = "",
    ) -> None:
        """``refusal``: the credentials were wrong, and the session ends with it.

        ``target``: path and query of the handshake.
        """
        self._config, self._recognizer = context.config, context.recognizer
        self._slots, self._hooks = context.slots, context.hooks
        self._usage = context.usage
        self._peer, self._ws, self._refusal = peer, ws, refusal
        served = context.hooks.serves(peer, context.contract)
        usual = min(served.longest, context.config.max_session_seconds)
        self._longest = context.hooks.longest(peer, usual)
        left = peer.opened_at + self._longest - trio.current_time()
        opening = Opening(uuid4().hex, time.time(), target, left)
        self._contract = served(opening)
        self._phase: Literal["waiting", "admitting", "streaming", "finishing"] = "waiting"
        self._ids: Ids | None = None
        self._features: dict[str, bool] = dict.fromkeys(contract.FEATURES, False)
        self._recordings = Recordings(context.config.record, context.recorded + peer.number)
        self._sources = Sources(
            context.config, context.recognizer, hooks=context.hooks, peer=peer,
            served=self._contract, recordings=self._recordings, send=self._send,
            broken=self._broken, usage=context.usage,
        )  # fmt: skip
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
                    nursery.start_soon(self._troubled)
                    nursery.start_soon(self._limit, self._config.start_timeout, "waiting")
                    for action in self._contract.opened():
                        await self._act(action, nursery)
                    while True:
                        message = await self._ws.get_message()
                        await self._hooks.received(self._peer, message)
                        await self._read(message, nursery)
        finally:
            self._recordings.close()
            self._sources.hearing.close()
            if self in self._slots.statistics().borrowers:
                self._slots.release_on_behalf_of(self)
        return self._ending

    def _end(self, code: int, reason: str = "") -> None:
        self._ending = Ending(code, reason)
        self._scope.cancel()

    def _broken(self) -> None:
        """Audio was not recognised, and the contract has no message for that."""
        log.warning("connection %d: audio was not recognised", self._peer.number)
        self._end(1011, contract.NOT_RECOGNISED_TEXT)

    async def _read(self, message: str | bytes, nursery: trio.Nursery) -> None:
        try:
            actions = self._contract.read(message)
        except contract.Refusal as refusal:
            if self._phase == "waiting":
                await self._conclude({"type": "error", "message": str(refusal), "code": None})
            return
        except contract.MalformedMessageError as error:
            self._tell_broken(str(error))
            self._end(1006)
            return
        for action in actions:
            await self._act(action, nursery)
            if isinstance(action, Audio) and action.more:
                await trio.lowlevel.checkpoint()  # decoding the next part takes its time

    async def _act(self, action: Action, nursery: trio.Nursery) -> None:
        await self._hooks.acting(self._peer, action)
        match action:
            case Start():
                await self._start(action, nursery)
            case Stop():
                await self._stop(nursery)
            case Audio(source, pcm):
                if self._phase == "streaming" and pcm:
                    await self._sources.audio(source, pcm, nursery)
            case Flush():
                await self._flush()
            case Reply(messages):
                await self._send({"type": "reply", "messages": messages})
            case End(ending, messages, stop):
                if not stop:
                    self._tell_broken(f"closed with {ending.code} {ending.reason}".rstrip())
                for each in messages:
                    await self._put(each)
                self._end(ending.code, ending.reason)
            case Keepalive():
                pass
            case Ignored(kind):
                log.debug("connection %d: message %r not served", self._peer.number, kind)

    def _tell_broken(self, what: str) -> None:
        name = self._contract.name
        log.warning("connection %d sent what %s does not take: %s", self._peer.number, name, what)

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
        wait = self._contract.capacity_wait
        with trio.move_on_after(self._config.capacity_wait if wait is None else wait) as waiting:
            await slot(self)
        if waiting.cancelled_caught:
            self._usage.refused()
            await self._conclude({"type": "capacity"})
        elif self._phase == "admitting":
            await self._ack(start, nursery)

    async def _ack(self, start: Start, nursery: trio.Nursery) -> None:
        self._phase = "streaming"
        self._ids = start.ids
        self._features = start.client_features
        self._recordings.connection_id = start.ids.connection_id
        self._sources.hearing.write_to(self._recordings.ledger)
        ack = contract.status("streaming", contract.STREAMING_TEXT)
        if self._recognizer.exact_ends:
            ack["final_ends"] = "exact"
        await self._send(ack | {"client_features": self._features})
        if not self._recognizer.available:
            await self._send(contract.status("no_asr_provider", contract.NO_ASR_TEXT))
        nursery.start_soon(self._sources.report)
        nursery.start_soon(self._limit, self._longest, "streaming")

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
        wait = self._contract.stop_wait
        await self._sources.finish(self._config.stop_wait if wait is None else wait)
        if not self._scope.cancel_called:
            await self._summarise()

    async def _flush(self) -> None:
        if self._phase != "streaming":
            return
        await self._sources.flush()

    async def _summarise(self) -> None:
        self._recordings.close()
        names = self._recordings.names
        await self._send(self._sources.minutes.final_summary(self._ids, self._features, names))
        if (done := self._contract.done) is not None:
            self._end(done.code, done.reason)

    async def _keepalive(self) -> None:
        while True:
            await trio.sleep(self._config.ping_interval)
            with trio.move_on_after(self._config.ping_timeout) as waiting:
                await self._ws.ping()
            if waiting.cancelled_caught:
                self._end(1011, contract.KEEPALIVE_TEXT)

    async def _limit(self, seconds: float, phase: str) -> None:
        """In ``phase``: a session that streams is limited from its accept on, and to its end."""
        streams = phase == "streaming"
        until = self._peer.opened_at if streams else trio.current_time()
        await trio.sleep_until(until + seconds)
        if self._phase == phase:
            await self._conclude({"type": "limit", "phase": phase, "seconds": seconds})

    async def _troubled(self) -> None:
        while True:
            await self._conclude(await self._hooks.trouble(self._peer))

    async def _conclude(self, happening: JsonObject) -> None:
        """Send what the contract writes for this, and end if it ends the connection."""
        for each in self._contract.write(happening):
            if isinstance(each, Ending):
                self._end(each.code, each.reason)
            else:
                await self._put(each)

    async def _send(self, message: JsonObject) -> None:
        if self._ids is not None and self._contract.shows_ids:
            message |= self._ids.fields()
        for each in self._hooks.replacing(self._peer, message):
            chosen = await self._hooks.sending(self._peer, each)
            if chosen is not None:
                for wire in self._contract.write(chosen):
                    if not isinstance(wire, Ending):
                        await self._put(wire)
                if chosen["type"] == "asr_final":
                    self._sources.hearing.sent(chosen)
                await self._hooks.sent(self._peer, chosen)

    async def _put(self, wire: Wire) -> None:
        if not isinstance(wire, str):
            wire = self._hooks.encoding(self._peer, wire, self._contract.encode)
        await self._ws.send_message(wire)


async def _never(_who: object) -> None:
    await trio.sleep_forever()
