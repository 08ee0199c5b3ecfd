"""The backend of the simulation: it keeps the wire contract and records what it received.

A real WebSocket server (trio-websocket's) on the network in memory. Audio encodes its own
position (``audio``), so a final can carry the spans of session audio that it covers; the
oracle compares them with the client's times. Each connection checks that it receives
exactly what the core gave to the sender, in order. It also keeps what it sends, so that the
events of the core can be checked the same way.
"""

from __future__ import annotations

import json
from collections import deque
from random import Random
from typing import Any

import trio
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    wrap_server_stream,
)
from wsproto.utilities import LocalProtocolError as WebSocketStateError

from openline.updates import SAMPLE_RATE as S
from tests.simulation.network import Link
from tests.simulation.plan import Plan

#: The audio of each source; any few samples show their position.
LONGEST = 120 * S
PATTERNS = {"system": Random(0).randbytes(2 * LONGEST), "mic": Random(1).randbytes(2 * LONGEST)}
_SOURCES = ("system", "mic")
#: Seconds of silence after which the audio before is finalised.
ENDPOINT = 0.8
#: Seconds within which a client notices an end, or causes one.
PATIENCE = 3.0
#: Seconds for which an expired token is still accepted.
GRACE = 60.0
FULL = "Server at capacity, please try again later"


class SourceAudio:
    """One source on one connection, in samples."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.received = 0
        self.finalised = 0
        self.received_at = 0.0
        self.reported_at = 0.0
        self.next_place = -1
        self.spans: list[list[int]] = []  # not finalised yet: [begin, end) of the source's samples

    def take(self, pcm: bytes) -> None:
        pattern, place = PATTERNS[self.name], self.next_place
        if place < 0 or pattern[2 * place : 2 * place + len(pcm)] != pcm:
            found = pattern.find(pcm)
            assert found >= 0, "audio that was never captured"
            assert found % 2 == 0, "audio that is shifted by half a sample"
            place = found // 2
        samples = len(pcm) // 2
        if self.spans and self.spans[-1][1] == place:
            self.spans[-1][1] += samples
        else:
            self.spans.append([place, place + samples])
        self.next_place = place + samples
        self.received += samples


class Wire:
    """The messages that the core gave to the sender and that a server sent, on each dial."""

    def __init__(self) -> None:
        self.dial = 0  # the live one
        self.link: Link | None = None
        self.failed_at: float | None = None  # when it could not be opened
        self.pulled = deque[str | bytes]()
        self.sent = deque[str]()

    @property
    def over_at(self) -> float | None:
        """When the dial was ended, if the client must notice it."""
        if self.link is None:
            return self.failed_at
        return None if self.link.troubled else self.link.over_at

    def begin(self, dial: int) -> None:
        """A new dial; a server that still has the last one keeps the queues it has."""
        self.dial = dial
        self.link = self.failed_at = None
        self.pulled, self.sent = deque[str | bytes](), deque[str]()


def name(number: int) -> str:
    """A credential."""
    return f"token-{number:08}"


class Server:
    """The host, with all its connections."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rng = Random(f"{plan.seed} server")
        self.token = 1  # the number of the credential that is good
        self._expired_at = -GRACE
        self.live: Conversation | None = None

    async def serve(self, link: Link, way: str) -> None:
        """One connection, from the handshake to the end."""
        try:
            async with trio.open_nursery() as nursery:
                request = await wrap_server_stream(nursery, link.server)
                if way in {"503", "429"}:
                    await request.reject(int(way), extra_headers=[(b"Retry-After", b"7")])
                elif way == "silent":
                    await trio.sleep_forever()
                else:
                    known = self._accepts(dict(request.headers))
                    ws = await request.accept()
                    way = way if known else "unauthorized"
                    self.live = Conversation(self, ws, link, way, nursery)
                    await self.live.run()
                nursery.cancel_scope.cancel()
        except* (ConnectionClosed, HandshakeError, trio.BrokenResourceError):
            pass
        except* (trio.ClosedResourceError, WebSocketStateError):
            pass  # the latter: a ping met the library while it was closing (its issue 184)
        finally:
            link.end()
            await trio.aclose_forcefully(link.server)

    def expire(self) -> None:
        """From now on another credential is good."""
        self.token += 1
        self._expired_at = trio.current_time()

    def _accepts(self, headers: dict[bytes, bytes]) -> bool:
        good = [self.token]
        if trio.current_time() < self._expired_at + GRACE:
            good.append(self.token - 1)
        given = headers.get(b"authorization")
        return not self.plan.provider or given in {f"Bearer {name(n)}".encode() for n in good}


class Conversation:
    """The backend's side of one socket."""

    def __init__(
        self,
        server: Server,
        ws: WebSocketConnection,
        link: Link,
        way: str,
        nursery: trio.Nursery,
    ) -> None:
        self._server = server
        self._ws = ws
        self.link = link
        self._way = way
        self._nursery = nursery
        self._ids: dict[str, str] = {}
        self._expected, self._said = link.queues
        self._sources: dict[str, SourceAudio] = {}
        self._work = trio.Event()
        self.acked = False
        self._stopping = False

    async def run(self) -> None:
        await self.say("status", state="connected", message="Connected, waiting for start")
        while True:
            await self._take(await self._ws.get_message())

    async def say(self, kind: str, **fields: Any) -> None:
        await self.send(json.dumps({"type": kind, **self._ids, **fields}))

    async def send(self, text: str) -> None:
        """Send any text."""
        self._said.append(text)
        await self._ws.send_message(text)

    async def _take(self, message: str | bytes) -> None:
        if not self._ids:
            self._begin(message)
            await self._answer()
            return
        assert self._expected, "received a message that the core never gave to the sender"
        assert message == self._expected.popleft(), "received out of order"
        if isinstance(message, bytes):
            assert self.acked, "audio before the ack"
            source = _SOURCES[message[3]]
            audio = self._sources.setdefault(source, SourceAudio(source))
            audio.take(message[4:])
            audio.received_at = trio.current_time()
            if audio.received - audio.finalised >= self._server.plan.talk * S:
                await self._finalise(audio)
            self._work.set()
        else:
            assert json.loads(message)["type"] == "stop"
            await self._finish()

    def _begin(self, message: str | bytes) -> None:
        start = json.loads(message)
        assert start["type"] == "start", "something before the start"
        self._ids = {k: start[k] for k in ("connection_id", "session_id", "attempt_id")}
        assert message == self._expected.popleft(), "not what the core gave to the sender"

    async def _answer(self) -> None:
        match self._way:
            case "mute":
                pass
            case "full":
                await trio.sleep(5)
                await self.say("status", state="error", message=FULL)
                await self.close(1000)
            case "unauthorized":
                await self.say("status", state="error", message="Unauthorized websocket connection")
                await self.close(1008)
            case "cut":
                self.link.tear()
            case _:
                await trio.sleep(3 if self._way == "slow" else self._server.plan.ack)
                self.acked = True
                await self.say("status", state="streaming", message="Streaming")
                self._nursery.start_soon(self._recognise)

    async def _recognise(self) -> None:
        """While there is audio: figures each second, and a final when it falls silent."""
        try:
            while True:
                self._work = trio.Event()
                await self._work.wait()
                while any(audio.spans for audio in self._sources.values()):
                    await trio.sleep(0.5)
                    for audio in list(self._sources.values()):
                        await self._check_silence(audio)
        except (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            return  # the reader sees the same error

    async def _check_silence(self, audio: SourceAudio) -> None:
        now = trio.current_time()
        if now - audio.reported_at >= 1 and now - audio.received_at < 1:
            audio.reported_at = now
            await self.say("metrics", source=audio.name, backlog_seconds=0.0, dropped_total=0)
        if audio.spans and now - audio.received_at >= ENDPOINT:
            await self._finalise(audio)

    async def _finalise(self, audio: SourceAudio) -> None:
        if not audio.spans:
            return
        spans, audio.spans = audio.spans, []
        begin, audio.finalised = audio.finalised, audio.received
        text = " ".join(f"{a}-{b}" for a, b in spans)
        words = {"text": text, "source": audio.name, "t0": begin / S, "t1": audio.finalised / S}
        if self._server.rng.random() < 0.3:
            await self.say("asr_partial", **words)
        await self.say("asr_final", **words)

    async def _finish(self) -> None:
        assert not self._stopping, "a second stop"
        self._stopping = True
        for audio in list(self._sources.values()):
            await self._finalise(audio)
        await trio.sleep(self._server.rng.choice((0.01, 0.4, 3.0)))
        await self.say("final_summary", markdown="", json={})
        if self._server.rng.random() < 0.5:
            with trio.move_on_after(PATIENCE):  # the client closes by itself
                await self._ws.get_message()
            assert self.link.troubled or self.link.over_at is not None, "the client did not close"
        await self.close(1000)

    async def close(self, code: int) -> None:
        """End it, at any point."""
        self.link.end()
        try:
            await self._ws.aclose(code)
        except (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            return
