"""A client that knows no contract, and the recordings of real servers to compare with.

``Talk`` sends what it is given and keeps every text that comes. ``recorded`` reads
``tests/wire``. ``differences`` compares two messages by their members and types, not by their
values: what a real server sends is the shape that ours must have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from openline_server.contract import JsonObject
from openline_server.contracts import CONTRACTS, Contract
from openline_server.contracts.base import Audio, Ending, Opening

WIRE = Path(__file__).parents[1] / "wire"
ID = "0123456789abcdef0123456789abcdef"
#: 100 ms of silence at 16 kHz, 16 bits.
PIECE = bytes(3200)


def recorded(name: str) -> list[dict[str, Any]]:
    """The lines of a recording."""
    lines = (WIRE / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def received(name: str) -> list[Any]:
    """The JSON messages of the server in a recording; other texts are left out."""
    texts = (line["text"] for line in recorded(name) if line["dir"] == "in" and "text" in line)
    return [json.loads(text) for text in texts if text[:1] in "{["]


def differences(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Where two messages have other members or types; an empty list is like any other."""
    if {type(ours), type(theirs)} == {dict}:
        found = [f"{at}.{name} is in one alone" for name in ours.keys() ^ theirs.keys()]
        for name in ours.keys() & theirs.keys():
            found += differences(ours[name], theirs[name], f"{at}.{name}")
        return found
    if {type(ours), type(theirs)} == {list}:
        return differences(ours[0], theirs[0], f"{at}[0]") if ours and theirs else []
    kinds = [_kind(ours), _kind(theirs)]
    return [] if kinds[0] == kinds[1] else [f"{at} is {kinds[0]}, not {kinds[1]}"]


def _kind(value: object) -> str:
    """The type of a value, as JSON has it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


def opened(name: str, target: str = "/", **fields: Any) -> Contract:
    """A contract whose socket has just opened."""
    return CONTRACTS[name](Opening(ID, 1_000.0, target, **fields))


def final(text: str, t0: float, t1: float) -> JsonObject:
    """A final, as the server notes it."""
    return {
        "type": "asr_final", "text": text, "t0": t0, "t1": t1, "confidence": 0.5, "stable": True,
        "source": "system", "segment_id": "system-1", "language": "en",
    }  # fmt: skip


def partial(text: str, t0: float, t1: float) -> JsonObject:
    """A partial, as the server notes it."""
    return final(text, t0, t1) | {"type": "asr_partial", "stable": False}


def progress(taken: float, settled: float | None = None, *, waiting: bool = False) -> JsonObject:
    """How far the recogniser is, as the server notes it."""
    return {
        "type": "progress", "source": "system", "received": taken, "dropped": 0.0,
        "taken": taken, "settled": taken if settled is None else settled, "waiting": waiting,
    }  # fmt: skip


def flushed(at: float) -> JsonObject:
    """The end of a flush, as the server notes it."""
    return {"type": "flushed", "source": "system", "at": at}


#: The server's note that the session begins.
ACK: JsonObject = {"type": "status", "state": "streaming", "client_features": {}}
SUMMARY: JsonObject = {"type": "final_summary", "markdown": "", "json": {}}


def written(contract: Contract, *happenings: Mapping[str, object]) -> list[Any]:
    """The messages for these happenings; an ``Ending`` among them stays one."""
    return [each for happening in happenings for each in contract.write(dict(happening))]


def audio_of(contract: Contract, message: str | bytes) -> bytes:
    """The audio of a message."""
    return b"".join(act.pcm for act in contract.read(message) if isinstance(act, Audio))


def ending_of(contract: Contract, kind: str, **fields: object) -> tuple[list[Any], Ending]:
    """What goes before the end that such a happening makes, and that end."""
    *before, last = contract.write({"type": kind, **fields})
    assert isinstance(last, Ending)
    return before, last


class Over(Exception):  # noqa: N818 -- an ending that a test may expect
    """The connection is over, and what was waited for did not come."""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


class Talk:
    """One connection."""

    def __init__(self, ws: WebSocketConnection) -> None:
        self.ws = ws
        self.texts: list[str] = []
        self.code, self.reason = 0, ""
        self._more = trio.Event()

    async def listen(self) -> None:
        """Receive until the end."""
        try:
            while True:
                self.texts.append(str(await self.ws.get_message()))
                self._note()
        except ConnectionClosed as closed:
            reason = closed.reason
            self.code = 1006 if reason is None else int(reason.code)
            self.reason = "" if reason is None else reason.reason or ""
            self._note()

    def _note(self) -> None:
        self._more.set()
        self._more = trio.Event()

    @property
    def messages(self) -> list[Any]:
        """The JSON objects that came; what is none is left out."""
        return [each for each in map(_parsed, self.texts) if isinstance(each, dict)]

    async def send(self, *messages: object) -> None:
        """Send bytes and texts as they are, and anything else as JSON."""
        for each in messages:
            raw = each if isinstance(each, str | bytes) else json.dumps(each)
            await self.ws.send_message(raw)

    async def speak(self, seconds: float, piece: object = PIECE) -> None:
        """Audio in messages of 100 ms, in real time."""
        for _ in range(round(seconds / 0.1)):
            await self.send(piece)
            await trio.sleep(0.1)

    async def until(self, part: str) -> Any:
        """Wait for a text that contains ``part``; it, as JSON if it is."""
        seen = 0
        while True:
            for text in self.texts[seen:]:
                if part in text:
                    return _parsed(text) or text
            seen = len(self.texts)
            if self.code:
                raise Over(f"closed with {self.code} {self.reason}: {self.texts}")
            await self._more.wait()

    async def more(self) -> None:
        """Wait for another message, or the end."""
        await self._more.wait()

    async def end(self) -> int:
        """Wait for the end; the close code."""
        while not self.code:
            await self._more.wait()
        return self.code
