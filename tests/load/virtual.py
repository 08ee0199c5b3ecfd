"""A backend in memory, on a clock that jumps: its one worker takes a known time for each final."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

from openline.backend import Backend
from openline.policy import Policy
from openline_load.caller import Dialling, SessionCaller
from openline_load.faults import Drawing, parse_faults
from openline_load.figures import Call
from openline_load.own import Own
from openline_load.plan import Plan, Turn
from openline_load.run import Load, Result
from openline_load.voice import Pacer, Voice
from tests.faces.script import GoneError, Helper, Peer
from tests.support_asyncio import MemoryTransport
from tests.support_lines import BINARY, CLOSE, PING, PONG, TEXT, answer, close, frame

#: Half a second of 16-bit PCM at 16 kHz: the audio of a final.
FINAL = 16_000
HOST = Backend()


class Transport(MemoryTransport):
    """What comes waits while nobody reads."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__(protocol)
        self._is_reading = True
        self._waiting: list[bytes] = []

    def pause_reading(self) -> None:
        self._is_reading = False

    def resume_reading(self) -> None:
        self._is_reading = True
        for data in self._waiting:
            self.put(data)
        self._waiting.clear()

    def put(self, data: bytes) -> None:
        if self._is_reading:
            super().put(data)
        else:
            self._waiting.append(data)


class Toiling:
    """A ``Connect``. ``cost`` is what a second of audio takes the one worker, in seconds."""

    def __init__(self, cost: float = 0.0, *, acks: bool = True) -> None:
        self._cost, self._acks = cost, acks
        self._free_at = 0.0
        self.dials: list[float] = []
        self.transports: list[Transport] = []
        self._serving: set[asyncio.Task[None]] = set()

    async def __call__(self, backend: Backend, protocol: asyncio.Protocol) -> Transport:
        self.dials.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.001)
        transport = Transport(protocol)
        self.transports.append(transport)
        self._serving.add(asyncio.create_task(self._begin(transport)))
        return transport

    async def end(self) -> None:
        """Wait until all dials are over."""
        await asyncio.gather(*self._serving)

    async def _begin(self, transport: Transport) -> None:
        with suppress(GoneError):
            await self._serve(transport)

    async def _serve(self, transport: Transport) -> None:
        peer = Peer(1, HOST)
        request = await carried(peer.read_request(), transport)
        transport.put(answer(request) + said("status", state="connected"))
        heard = done = 0
        while not transport.is_closed:
            opcode, payload = await carried(peer.receive(), transport)
            if opcode == BINARY:
                heard += len(payload) - 4
                while heard - done >= FINAL:
                    self._work(transport, done, done + FINAL)
                    done += FINAL
            elif b'"stop"' in payload:
                if heard > done:
                    self._work(transport, done, heard)
                self._finish(transport)
            else:
                await self._answer(transport, opcode, payload)

    async def _answer(self, transport: Transport, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            transport.put(frame(PONG, payload))
        elif opcode == CLOSE:
            transport.end()
        elif self._acks:
            await asyncio.sleep(0.01)
            transport.put(said("status", state="streaming", final_ends="exact"))

    def _finish(self, transport: Transport) -> None:
        loop = asyncio.get_running_loop()
        end = said("final_summary", markdown="", json={}) + close(1000)
        loop.call_at(max(self._free_at, loop.time()) + 0.001, transport.put, end)

    def _work(self, transport: Transport, start: int, end: int) -> None:
        loop = asyncio.get_running_loop()
        seconds = (end - start) / 32_000
        self._free_at = max(self._free_at, loop.time()) + self._cost * seconds
        words = said("asr_final", text="x", source="mic", t0=start / 32_000, t1=end / 32_000)
        loop.call_at(self._free_at, transport.put, words)


async def carried(steps: Helper, transport: Transport) -> Any:
    """What a helper of a script that only receives comes to."""
    data: bytes | None = None
    while True:
        try:
            steps.send(data)
        except StopIteration as found:
            return found.value
        data = await transport.sent()


def said(kind: str, **fields: object) -> bytes:
    """A message of the contract."""
    return frame(TEXT, json.dumps({"type": kind} | fields).encode())


async def played(
    plan: Plan,
    backend: Toiling,
    *,
    faults: str = "",
    frame: float = 0.1,
    look: Callable[[Result], bool] | None = None,
    acts: Sequence[tuple[float, str]] = (),
    own: Own | None = None,
) -> Result:
    """A load against ``backend``. ``acts``: when to call which method of it."""
    own = own or Own()
    pacer = Pacer(own)
    dialling = Dialling(
        backend=HOST, source="mic", connect=backend, policy=Policy(give_up_after=30.0)
    )
    drawing = Drawing(parse_faults(faults) if faults else (), Random(1).random)

    def make(call: Call, turn: Turn) -> SessionCaller:
        seconds = turn.end - turn.start
        voice = Voice(pacer, call, b"\x10\x20" * 4000, seconds=seconds, frame=frame)
        return SessionCaller(dialling, call, voice, drawing.draw(seconds))

    load = Load(plan, make, own, look=look)
    loop = asyncio.get_running_loop()
    timers = [loop.call_at(at, getattr(load, act)) for at, act in acts]
    result = await load.run()
    for timer in timers:
        timer.cancel()
    await backend.end()
    return result
