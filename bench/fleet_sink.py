"""A raw sink for a fleet, in a process of its own: takes audio, checks it, and keeps the books.

It speaks as much of the default dialect as a session needs: it acks the start, sends figures once a
second of audio and a final with an exact end each two seconds, and answers the stop. Each frame
names its session and its position in the session and the moment at which it was due; what follows
is known from those. The sink hashes it and compares.

What it has seen lies in a file that both processes map, so that it survives ``kill -9``: for each
position of each session whether its frame came, and came right; and how late frames were, in tenths
of a millisecond. A position is noted before anything that confirms it is sent.

    python -m bench.fleet_sink PORT FILE SESSIONS POSITIONS
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import time
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import picows

from openline_fleet.running import run

HEAD: Final = struct.Struct("<IId")  #: session, position, due
#: Tenths of a millisecond.
BINS: Final = 20_000
COUNTS: Final = struct.Struct(f"<{BINS}I")
#: Blocks of noise, of which a frame carries the one of its session and position.
NOISE: Final = tuple(bytes((i * 7 + k * 13) & 0xFF for k in range(3_200)) for i in range(64))
_HASHES: Final[dict[int, tuple[int, ...]]] = {}
MISSING, RIGHT, WRONG = 0, 1, 2
_SECOND: Final = 32_000  # bytes


def frame(session: int, position: int, due: float, size: int) -> bytes:
    """A frame of ``size`` bytes."""
    return HEAD.pack(session, position, due) + body(session, position, size)


def body(session: int, position: int, size: int) -> bytes:
    """What follows its head."""
    return NOISE[(session + position) & 63][: size - HEAD.size]


class Books:
    """What the sink has seen, in ``file``."""

    def __init__(self, file: Path, sessions: int, positions: int) -> None:
        self.positions = positions
        size = COUNTS.size + sessions * positions
        with file.open("a+b") as opened:
            if opened.seek(0, os.SEEK_END) < size:
                opened.truncate(size)
            self._map = mmap.mmap(opened.fileno(), size)

    def note(self, session: int, position: int, found: int) -> None:
        """One frame."""
        self._map[COUNTS.size + session * self.positions + position] = found

    def late(self, seconds: float) -> None:
        """How late it was."""
        at = 4 * min(BINS - 1, max(0, int(seconds * 10_000)))
        (count,) = struct.unpack_from("<I", self._map, at)
        struct.pack_into("<I", self._map, at, (count + 1) & 0xFFFF_FFFF)

    def seen(self, session: int) -> bytes:
        """What came of each position."""
        at = COUNTS.size + session * self.positions
        return self._map[at : at + self.positions]

    def lateness(self) -> tuple[int, ...]:
        """How many frames were so late, by tenths of a millisecond."""
        return COUNTS.unpack_from(self._map, 0)

    def close(self) -> None:
        """Unmap it."""
        self._map.close()


def quantile(counts: Sequence[int], part: float) -> float:
    """Milliseconds: so late is ``part`` of the frames at most."""
    left = sum(counts) * part
    for tenths, count in enumerate(counts):
        left -= count
        if left <= 0:
            return (tenths + 1) / 10
    return BINS / 10


class _Line(picows.WSListener):
    """One connection. ``every`` is how many seconds of audio a final covers."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._ids: dict[str, Any] = {}
        self._bytes = 0  # of audio on this connection
        self._told = 0  # of them in figures
        self._final = 0  # of them in finals

    @classmethod
    def of(cls, books: Books, _request: object) -> _Line:
        """The connection of a request."""
        return cls(books)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Audio, or a text."""
        if frame.msg_type == picows.WSMsgType.BINARY:
            self._audio(transport, frame.get_payload_as_memoryview())
        elif frame.msg_type == picows.WSMsgType.TEXT:
            message = json.loads(frame.get_payload_as_bytes())
            if message["type"] == "start":
                self._ids = {k: message[k] for k in ("attempt_id", "connection_id")}
                self._say(transport, "status", state="streaming", final_ends="exact")
            elif message["type"] == "stop":
                self._finalise(transport)
                self._say(transport, "final_summary", markdown="", json={})
                transport.send_close(picows.WSCloseCode.OK)
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()

    def _audio(self, transport: picows.WSTransport, data: memoryview) -> None:
        head: tuple[int, int, float] = HEAD.unpack_from(data, 4)
        session, position, due = head
        size = len(data) - 4
        right = zlib.crc32(data[4 + HEAD.size :]) == hashes(size)[(session + position) & 63]
        if position < self._books.positions:
            self._books.note(session, position, RIGHT if right else WRONG)
        self._books.late(time.monotonic() - due)
        self._bytes += size
        if self._bytes - self._told >= _SECOND:
            self._told = self._bytes
            self._say(transport, "metrics", source="mic", backlog_seconds=0.0, dropped_total=0)
            if self._bytes - self._final >= 2 * _SECOND:
                self._finalise(transport)

    def _finalise(self, transport: picows.WSTransport) -> None:
        if self._bytes > self._final:
            start, end = self._final / _SECOND, self._bytes / _SECOND
            text = f"{start:.2f}-{end:.2f}"
            self._final = self._bytes
            self._say(transport, "asr_final", text=text, source="mic", t0=start, t1=end)

    def _say(self, transport: picows.WSTransport, kind: str, **fields: Any) -> None:
        message = {"type": kind} | self._ids | fields
        transport.send(picows.WSMsgType.TEXT, json.dumps(message).encode())


def hashes(size: int) -> tuple[int, ...]:
    """Of the bodies of frames of this size."""
    found = _HASHES.get(size)
    if found is None:
        found = _HASHES[size] = tuple(zlib.crc32(body(0, i, size)) for i in range(64))
    return found


async def serve(port: int, books: Books) -> None:
    """Until it is killed."""
    create: Any = cast("Any", picows).ws_create_server
    server = await create(
        partial(_Line.of, books),
        "127.0.0.1",
        port,
        websocket_handshake_timeout=None,
        backlog=4_096,
        reuse_address=True,
        use_aiofastnet=False,
    )
    print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run(serve(int(sys.argv[1]), Books(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
