"""The other end of a dial, written once for every face: a generator that never touches a loop.

A script yields what it waits for, and the harness of a face carries it out in its own loop:

    Receive()      the client's next bytes; b"" when the client is gone
    Send(data)     send bytes
    Sleep(s)       let the clock of the harness move on
    End() Reset()  close the stream, or break it

``Peer`` has the helpers that speak the wire. Each answer comes ``LATER`` after what it answers, so
that no two things happen at the same time: the order of events is the same on each loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.policy import Policy
from openline_audio.source import Source
from openline_driver.network_errors import DialError
from tests.support_lines import BINARY, CLOSE, PING, PONG, TEXT, answer, close, frame, number_of

#: Seconds until a peer answers: no multiple of a frame, or of a timer.
LATER = 0.0013


@dataclass(frozen=True)
class Receive:
    """Wait for bytes."""


@dataclass(frozen=True)
class Send:
    """Send them."""

    data: bytes


@dataclass(frozen=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Reset:
    """Break the stream: the client's next read fails with ECONNRESET."""


Step: TypeAlias = Receive | Send | Sleep | Reset
Steps: TypeAlias = Generator[Step, Any, None]
Helper: TypeAlias = Generator[Step, Any, Any]


class Peer:
    """The server's end of one dial, without its stream."""

    def __init__(self, number: int, backend: Backend) -> None:
        self.number = number
        self.backend = backend
        self.request = b""
        self.start: dict[str, Any] = {}
        self._bytes = bytearray()

    def read_request(self) -> Helper:
        """The handshake's request."""
        while b"\r\n\r\n" not in self.request:
            data = yield Receive()
            if not data:
                raise GoneError
            self.request += data
        return self.request

    def send(self, data: bytes) -> Helper:
        """Send, a moment later."""
        yield Sleep(LATER)
        yield Send(data)

    def upgrade(self, extra: bytes = b"", **headers: str) -> Helper:
        """Answer 101."""
        request = yield from self.read_request()
        yield from self.send(answer(request, **headers) + extra)

    def refuse(self, status: int, *headers: str, body: bytes = b"") -> Helper:
        """Answer with another status."""
        yield from self.read_request()
        lines = "".join(f"{line}\r\n" for line in headers)
        yield from self.send(f"HTTP/1.1 {status} No\r\n{lines}\r\n".encode() + body)

    def receive(self) -> Helper:
        """The next frame, unmasked; (CLOSE, b"EOF") when the client is gone."""
        while (found := self._parse()) is None:
            data = yield Receive()
            if not data:
                return CLOSE, b"EOF"
            self._bytes += data
        return found

    def _parse(self) -> tuple[int, bytes] | None:
        data = self._bytes
        if len(data) < 6:
            return None
        size, at = data[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        if len(data) < at + 4 + size:
            return None
        mask = bytes(data[at : at + 4]) * (size // 4 + 1)
        masked = int.from_bytes(data[at + 4 : at + 4 + size], "big")
        payload = (masked ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")
        opcode = data[0] & 0x0F
        del data[: at + 4 + size]
        return opcode, payload

    def say(self, kind: str, **fields: Any) -> Helper:
        """A message with this dial's ids."""
        ids = {k: self.start[k] for k in ("attempt_id", "connection_id") if k in self.start}
        yield from self.send(frame(TEXT, json.dumps({"type": kind} | ids | fields).encode()))

    def open(self) -> Helper:
        """Open as in the contract, up to the ack."""
        yield from self.upgrade()
        yield from self.say("status", state="connected")
        while not self.start:
            opcode, payload = yield from self.receive()
            if payload == b"EOF":
                raise GoneError
            assert opcode == TEXT
            self.start = json.loads(payload)
        yield from self.say("status", state="streaming", final_ends="exact")

    def echo(self, *, every: int = 25, frames: int | None = None, pongs: bool = True) -> Helper:
        """Finalise each half second of audio, as its frames' numbers; at most ``frames``."""
        audio: list[bytes] = []
        done = 0
        while frames is None or len(audio) < frames:
            opcode, payload = yield from self.receive()
            stops = opcode == TEXT and b'"stop"' in payload
            if opcode == CLOSE:
                return
            if opcode == PING and pongs:
                yield from self.send(frame(PONG, payload))
            elif opcode == BINARY:
                audio.append(payload[4:])
            if len(audio) > done and (stops or len(audio) - done == every):
                text = f"{number_of(audio[done])}-{number_of(audio[-1])}"
                times = {"t0": done * 0.02, "t1": len(audio) * 0.02}
                yield from self.say("asr_final", text=text, source="mic", **times)
                done = len(audio)
            if stops:
                yield from self.finish()

    def finish(self) -> Helper:
        """The final message, and the closing handshake as the backend does it."""
        yield from self.say("final_summary", markdown="", json={})
        yield from self.send(close(1000))

    def hang(self) -> Helper:
        """Read, and say nothing, until the client is gone."""
        while (yield Receive()):
            pass


class GoneError(Exception):
    """The client is gone: the script is over."""


Script: TypeAlias = Callable[[Peer], Steps]


@dataclass(frozen=True)
class Scenario:
    """What happens in one session, on any face.

    The first dials get one script each, all others the last one; in place of a script there may be
    the error that its dial fails with. ``frames`` of audio are captured, the first of them at
    ``OFFSET`` + 0.02 s, and ``system`` frames of a second source a little later, if it is given.
    ``acts`` are what the app calls, and when: a method of the session; "cancel", which is what a
    Ctrl-C does on this face; or "kill", for which ``harness.kill`` is called. ``cancel_at`` is the
    number of the event at which the app is cancelled, whenever that comes (``harness.Nth``).
    ``reads``: whether the app reads updates as they come, ``pause``: how many seconds it waits
    after each.
    """

    scripts: tuple[Script | DialError, ...]
    frames: int = 60
    ends: bool = True
    acts: tuple[tuple[float, str], ...] = ()
    policy: Policy = field(default_factory=lambda: Policy(give_up_after=30.0))
    #: What the provider gives, one after the other; None: it is asked no credential.
    tokens: tuple[str | Exception | float, ...] | None = None
    backend: Backend = field(default_factory=Backend)
    reads: bool = True
    pause: float = 0.0
    system: int | None = None
    dialect: Dialect | None = None
    cancel_at: int | None = None

    def begin(self, number: int, backend: Backend) -> Steps:
        """The other end of this dial. Raises DialError if there is none: so does ``connect``."""
        script = self.scripts[min(number, len(self.scripts)) - 1]
        if isinstance(script, DialError):
            raise script
        return script(Peer(number, backend))

    def sources(self, make: Callable[[int, float, bool], Source]) -> dict[str, Source]:
        """Its sources: ``make`` takes the count of frames, a delay in seconds, and whether it ends.

        After the delay a source has started ``OFFSET`` from now.
        """
        made = {"mic": make(self.frames, 0.0, self.ends)}
        if self.system is not None:
            made["system"] = make(self.system, DELAY, self.ends)
        return made


#: Where frames lie beside the timers of the core, in seconds.
OFFSET = 0.0007
#: How much later a second source begins.
DELAY = 0.0084
