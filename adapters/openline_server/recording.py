"""WAV files of the received audio, before any queue could drop it.

One file per connection and source, ``0001-<connection_id>-mic.wav``: the number gives
the order of the connections, and goes on from what the directory already holds. The ids
come from the network, so only letters, digits, ``-`` and ``_`` of them reach a file
name, and the number alone makes it unique.

A recording must survive however its connection ends, and be no shorter than the audio
confirmed to the client. Audio is therefore written as it arrives and the header made
valid again with every piece, so that killing the process costs nothing. Writes go to
the page cache of a local disk; they take microseconds and stay in the event loop.
"""

from __future__ import annotations

import logging
import os
import re
import struct
from pathlib import Path
from typing import Final

from openline.updates import SAMPLE_RATE
from openline_server.contract import BYTES_PER_SECOND

log: Final = logging.getLogger(__name__)

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MAX_DATA: Final = 0xFFFF_FFFF - _HEADER.size
_NUMBERED: Final = re.compile(r"(\d+)-")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


def file_name(number: int, connection_id: str, source: str, suffix: str = ".wav") -> str:
    """A name that sorts by number, shows connection and source, and is safe for any id."""
    named = f"{_UNSAFE.sub('_', connection_id)[:64]}-{_UNSAFE.sub('_', source)}"
    return f"{number:04d}-{named}{suffix}"


def last_number(directory: Path) -> int:
    """The highest number of a recording in ``directory``; 0 if there is none."""
    numbers = (_NUMBERED.match(path.name) for path in directory.glob("*.wav"))
    return max((int(match[1]) for match in numbers if match), default=0)


def header(data_bytes: int) -> bytes:
    """The 44 bytes before 16 kHz mono 16-bit PCM."""
    size = min(data_bytes, _MAX_DATA)
    return _HEADER.pack(
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, SAMPLE_RATE, BYTES_PER_SECOND, 2, 16,
        b"data", size,
    )  # fmt: skip


class Recording:
    """One growing WAV file."""

    def __init__(self, path: Path) -> None:
        """Create the file; it must not exist. Raises OSError."""
        self.path = path
        self._file = path.open("xb", buffering=0)
        self._file.write(header(0))
        self._written = 0

    def write(self, pcm: bytes) -> None:
        """Append bytes as they were received. Raises OSError (a full disk), and is closed then."""
        try:
            self._file.write(pcm)
            self._written += len(pcm)
            os.pwrite(self._file.fileno(), header(self._written), 0)
        except OSError:
            self._file.close()
            raise

    def close(self) -> None:
        """Close. Idempotent."""
        self._file.close()


class Recordings:
    """The recordings of one connection. A file that fails ends alone, and is logged."""

    def __init__(self, directory: Path | None, number: int) -> None:
        """Into ``directory`` (None: not at all), for connection ``number``."""
        self.connection_id = ""
        self.names: list[str] = []
        self._directory, self._number = directory, number
        self._open: dict[str, Recording | None] = {}

    @property
    def ledger(self) -> Path | None:
        """Where the ledger of this connection goes, beside its recordings (see ``hearing``)."""
        if self._directory is None:
            return None
        return self._directory / file_name(self._number, self.connection_id, "heard", ".jsonl")

    def write(self, source: str, pcm: bytes) -> None:
        """Append audio received from a source."""
        if self._directory is None:
            return
        try:
            if source not in self._open:
                self._open[source] = None
                name = file_name(self._number, self.connection_id, source)
                self._open[source] = Recording(self._directory / name)
                self.names.append(name)
            recording = self._open[source]
            if recording is not None:
                recording.write(pcm)
        except OSError as error:
            self._lost(source, error)

    def close(self) -> None:
        """Close all. Idempotent."""
        for recording in self._open.values():
            if recording is not None:
                recording.close()

    def _lost(self, source: str, error: OSError) -> None:
        self._open[source] = None
        log.error("recording %s of connection %d: %s", source, self._number, error.strerror)
