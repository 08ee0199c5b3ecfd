"""A dialect of any traits, whose audio can be read back, and a drive of it.

Each audio message is the index of its source, one byte, and the ``pcm`` that the core gave it.
Whatever goes out is kept per dial, so a test can compare it with what the core reports.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from openline.commands import SendBytes, SendText
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    FinalMessage,
    Ids,
    Memory,
    Proof,
    Sent,
    Status,
)
from openline.dialects.traits import AudioForm, Encoding, Ends, Traits, Unit
from openline.events import AudioCaptured
from tests.core.driver import Drive

SOURCES = ("mic", "system")
#: Sample values, so that 0 is silence, and positions can be read back from values.
MODULUS = 32749


class Toy(DialectBase):
    """``alive``: the messages of a keepalive. ``parts``: how many messages carry a frame."""

    name = "toy"

    def __init__(self, *, alive: tuple[str, ...] = (), parts: int = 1, **traits: Any) -> None:
        known: dict[str, Any] = {"queue": None, "ends": Ends.NONE, "horizon": 1.0} | traits
        self.traits = Traits(sources=SOURCES, **known)
        self.alive = alive
        self.parts = parts

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        return memory, ("start",)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (bytes([SOURCES.index(source)]) + pcm, *["more"] * (self.parts - 1))

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        if sent.idle:
            return memory, (f"idle flush {sent.seconds:g}",)
        return memory, (f"flush {sent.seconds:g}",) if self.traits.flush_every else ()

    def keepalive(self, memory: Memory, sent: Sent) -> Encoded:
        return memory, self.alive

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return memory, ("stop",)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        fields = json.loads(data)
        match fields.pop("type"):
            case "status":
                return memory, (Status(state="streaming", ack=True),)
            case "proof":
                known = {name: fields.get(name) for name in ("source", *PROVES)}
                return memory, (Proof(unit=Unit(fields.get("unit", "seconds")), **known),)
            case _:
                return memory, (FinalMessage(summary={}),)


PROVES = ("received", "drained", "confirmed")


def stream(dialect: Toy, sources: tuple[str, ...] = ("mic",), **options: Any) -> Drive:
    """A session with this dialect, streaming."""
    return Drive(dialect=dialect, sources=sources, **options).stream()


def hear(drive: Drive, start: int, end: int, source: str = "mic") -> None:
    """Capture the session positions [start, end), which can be read back."""
    values = [each % MODULUS + 1 for each in range(start, end)]
    drive.feed(AudioCaptured(source, struct.pack(f"<{len(values)}h", *values)))


def messages(drive: Drive, dial: int | None = None) -> list[str | bytes]:
    """What went out on a dial, the last one if there is no number."""
    dial = drive.core.dial if dial is None else dial
    return [
        each.data
        for each in drive.sent
        if isinstance(each, SendText | SendBytes) and each.dial == dial
    ]


def texts(drive: Drive) -> list[str]:
    """The texts that went out on the last dial."""
    return [each for each in messages(drive) if isinstance(each, str)]


def samples(message: bytes, form: AudioForm) -> list[float]:
    """The samples of an audio message, as of 16 bits."""
    if form.encoding is Encoding.F32LE:
        floats = struct.unpack(f"<{len(message) // 4}f", message[1:])
        return [each * 32768 for each in floats]
    return list(struct.unpack(f"<{len(message) // 2}h", message[1:]))


def lengths(drive: Drive, source: str = "mic") -> list[int]:
    """The samples of each audio message of a source on the last dial."""
    form = drive.session.dialect.traits.form
    number = SOURCES.index(source)
    width = 4 if form.encoding is Encoding.F32LE else 2
    sent = [each for each in messages(drive) if isinstance(each, bytes)]
    return [len(each) // width for each in sent if each[0] == number]


def prove(drive: Drive, **fields: Any) -> None:
    """The backend proves something."""
    drive.say("proof", **fields)


def rest(drive: Drive, seconds: float) -> None:
    """Let time pass; the backend answers pings, and the sender pulls at each deadline."""
    end = drive.now + seconds
    drive.serve()
    while (due := drive.core.next_deadline()) is not None and due <= end:
        drive.tick()
        drive.serve()
    drive.now = end


def marks(drive: Drive, source: str = "mic") -> tuple[int, int, int]:
    """Captured, sent and confirmed of a source, as session positions."""
    known = drive.core.snapshot().sources[source]
    return known.captured, known.sent, known.confirmed
