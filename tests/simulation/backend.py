"""The backend of the simulation: keeps the wire contract, and knows what it really heard.

A real WebSocket server (trio-websocket's) on the network in memory. Audio says where it
belongs (``audio``), so a final can carry the spans of session audio that it is about; the
oracle compares them with where the client puts it. Each connection checks that what it
receives is what the core gave to the sender, in order, and keeps what it sends, so that
what the core is told can be checked the same way.
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

#: What each source says, so that any few samples tell their place.
LONGEST = 120 * S
PATTERNS = {"system": Random(0).randbytes(2 * LONGEST), "mic": Random(1).randbytes(2 * LONGEST)}
_SOURCES = ("system", "mic")
#: Seconds of silence after which what was heard is finalised.
ENDPOINT = 0.8
#: Seconds within which a client hears of an end, or brings one about.
PATIENCE = 3.0
#: Seconds for which an expired token is still good.
GRACE = 60.0
FULL = "Server at capacity, please try again later"


class Ear:
    """One source on one connection, in samples."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.received = 0
        self.said = 0
        self.heard_at = 0.0
        self.told_at = 0.0
        self.next_place = -1
        self.spans: list[list[int]] = []  # not yet said: [begin, end) of the source's samples

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
    """What the core gave to the sender and what a server said, on each dial."""

    def __init__(self) -> None:
        self.dial = 0  # the one that is out
        self.link: Link | None = None
        self.failed_at: float | None = None  # when it could not be opened
        self.pulled = deque[str | bytes]()
        self.said = deque[str]()

    @property
    def over_at(self) -> float | None:
        """When the dial was ended, if the client must hear of it."""
        if self.link is None:
            return self.failed_at
        return None if self.link.troubled else self.link.over_at

    def begin(self, dial: int) -> None:
        """A new dial; a server that still has the last one keeps the queues it has."""
        self.dial = dial
        self.link = self.failed_at = None
        self.pulled, self.said = deque[str | bytes](), deque[str]()


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
                    known = self._knows(dict(request.headers))
                    ws = await request.accept()
                    way = way if known else "stranger"
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

    def _knows(self, headers: dict[bytes, bytes]) -> bool:
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
        self._ears: dict[str, Ear] = {}
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
        """Anything at all."""
        self._said.append(text)
        await self._ws.send_message(text)

    async def _take(self, message: str | bytes) -> None:
        if not self._ids:
            self._begin(message)
            await self._answer()
            return
        assert self._expected, "received what the core never gave to the sender"
        assert message == self._expected.popleft(), "received out of order"
        if isinstance(message, bytes):
            assert self.acked, "audio before the ack"
            source = _SOURCES[message[3]]
            ear = self._ears.setdefault(source, Ear(source))
            ear.take(message[4:])
            ear.heard_at = trio.current_time()
            if ear.received - ear.said >= self._server.plan.talk * S:
                await self._finalise(ear)
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
            case "stranger":
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
                while any(ear.spans for ear in self._ears.values()):
                    await trio.sleep(0.5)
                    for ear in list(self._ears.values()):
                        await self._look_at(ear)
        except (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            return  # the reader sees it too

    async def _look_at(self, ear: Ear) -> None:
        now = trio.current_time()
        if now - ear.told_at >= 1 and now - ear.heard_at < 1:
            ear.told_at = now
            await self.say("metrics", source=ear.name, backlog_seconds=0.0, dropped_total=0)
        if ear.spans and now - ear.heard_at >= ENDPOINT:
            await self._finalise(ear)

    async def _finalise(self, ear: Ear) -> None:
        if not ear.spans:
            return
        spans, ear.spans = ear.spans, []
        begin, ear.said = ear.said, ear.received
        text = " ".join(f"{a}-{b}" for a, b in spans)
        words = {"text": text, "source": ear.name, "t0": begin / S, "t1": ear.said / S}
        if self._server.rng.random() < 0.3:
            await self.say("asr_partial", **words)
        await self.say("asr_final", **words)

    async def _finish(self) -> None:
        assert not self._stopping, "a second stop"
        self._stopping = True
        for ear in list(self._ears.values()):
            await self._finalise(ear)
        await trio.sleep(self._server.rng.choice((0.01, 0.4, 3.0)))
        await self.say("final_summary", markdown="", json={})
        if self._server.rng.random() < 0.5:
            with trio.move_on_after(PATIENCE):  # the client closes by itself
                await self._ws.get_message()
            assert self.link.troubled or self.link.over_at is not None, "the client did not close"
        await self.close(1000)

    async def close(self, code: int) -> None:
        """End it, whatever is going on."""
        self.link.end()
        try:
            await self._ws.aclose(code)
        except (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            return
