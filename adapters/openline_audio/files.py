"""A recording as a source, played at real time or faster.

Theory of operation. The constructor opens the file, decodes its first second and closes
it again. So a wrong name or a damaged file is reported before any dial, and a source that
never runs leaks no descriptor. `run` opens the file anew and hands a blocking reader to
`pace.play`, which decodes about a second at a time in a worker thread, ahead of the
absolute schedule.

WAV, AIFF, AU, CAF, FLAC, OGG and MP3 need no more than the extra ``audio``. All other containers
(MP4, WebM, AAC, AMR, WMA and so on) are read with PyAV, the extra ``media``.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import ClassVar, cast

from openline.events import SourceKind
from openline.text import harmless, os_reason
from openline_audio.excerpt import check_part
from openline_audio.pace import Runtime, Worker, check_speed, play
from openline_audio.reader import ADVICE, Choice, RecordingReader, ends_before
from openline_audio.source import Sink, SourceError

_ALL = Choice()


class FileSource:
    """The recording at ``path``, any rate and channel count, as 16 kHz mono.

    ``speed`` is how many seconds of audio are delivered in one second, at most. At any speed it
    waits for the sink's ``room`` before each frame: with no line, it stops when 2 s are unsent.
    What is overdue then goes out as fast as there is room.

    ``channel`` is the number of the one channel to send, from 0 (left); None sends a mix.
    ``stream`` is the number of a container's audio stream, from 1; None takes its default.
    ``allow_empty``: a recording without audio ends, and is not lost.

    ``start`` and ``until`` are the times of the part to send, in seconds of the recording; None is
    its end. Session time 0 is ``start`` then: add ``begins_at`` to a time of a session to get the
    time of the recording. What is before the part is decoded and dropped. A recording that ends
    before it is lost; where its header states the length, the constructor raises SourceError.

    The constructor decodes the first second (it blocks on the disk) and raises SourceError,
    one line, if the file cannot be used (NoAudioError if there is no audio in it); ValueError if
    ``speed`` is not a finite number above 0, or there can be no such part, and TypeError if
    ``path`` is no path. ``worker`` runs the blocking reads and is of interest to tests.
    """

    kind = SourceKind.STORE
    _runtime: ClassVar[Runtime]  # of a face

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        speed: float = 1.0,
        channel: int | None = None,
        stream: int | None = None,
        start: float = 0.0,
        until: float | None = None,
        allow_empty: bool = False,
        worker: Worker | None = None,
    ) -> None:
        self._path = _checked(path)
        self._speed = check_speed(speed)
        check_part(start, until)
        whole = Choice(channel, stream, allow_empty)
        self._choice = whole._replace(start=start, until=until)
        self._worker = worker or self._runtime.in_thread
        self._reader: _FileReader | None = None
        reader = _FileReader(self._path, whole, probe=True)
        try:
            self._length = reader.duration
            self._channels = reader.channels
            reader.read()  # a header may be fine with nothing decodable behind it
        finally:
            reader.close()
        if self._length and self._length <= start:
            raise SourceError(ends_before(shown(self._path), self._length, start))

    @property
    def duration(self) -> float | None:
        """Seconds of audio in all; None if the file does not state them, or has several parts.

        Those of the part alone, if only one is wanted.
        """
        if self._length is None:
            return None
        until = self._choice.until
        return (self._length if until is None else min(self._length, until)) - self.begins_at

    @property
    def begins_at(self) -> float:
        """Seconds of the recording before the audio that is sent."""
        return self._choice.start

    @property
    def channels(self) -> int:
        """Channels at its beginning."""
        return self._channels

    @property
    def remarks(self) -> tuple[str, ...]:
        """After ``run``: what is odd about the recording and no loss, a line each."""
        return () if self._reader is None else self._reader.remarks

    async def run(self, sink: Sink) -> None:
        """Deliver the recording; may be called again.

        Raises SourceError when the file is damaged, shorter than its header states, or holds
        bytes that cannot be read, after delivering all decodable audio.
        """
        await play(self._runtime, self._open, sink, speed=self._speed, worker=self._worker)

    def _open(self) -> _FileReader:
        self._reader = _FileReader(self._path, self._choice)
        return self._reader


def read_pcm(path: str | os.PathLike[str]) -> bytes:
    """The whole recording as 16 kHz mono s16le, for what plays it many times; it blocks.

    Raises SourceError, one line, if it cannot be used or is damaged, and TypeError if ``path`` is
    no path.
    """
    reader = _FileReader(_checked(path))
    try:
        return b"".join(iter(lambda: b"".join(reader.read()), b""))
    finally:
        reader.close()


class _FileReader(RecordingReader):
    """Opens a file, and closes it."""

    def __init__(self, path: Path, choice: Choice = _ALL, *, probe: bool = False) -> None:
        name = shown(path)
        self._file = _open(path, name)
        try:
            super().__init__(self._file, name, choice=choice, probe=probe)
        except BaseException:
            os.close(self._file)
            raise

    def close(self) -> None:
        super().close()
        os.close(self._file)


def _checked(path: object) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"FileSource: give the path of a recording, a str or a Path, not {type(path).__name__}"
        )
    return Path(cast("str | os.PathLike[str]", path))


def shown(path: Path) -> str:
    """The name as one line that harms no terminal, for any bytes in it."""
    name = str(path)
    return name if name == harmless(name) else ascii(name)


def _open(path: Path, name: str) -> int:
    try:
        # Not blocking: opening a FIFO without a writer would wait for one for ever.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise SourceError(f"{name} does not exist; check the name") from error
    except PermissionError as error:
        raise SourceError(f"{name} may not be read by this user; chmod u+r it") from error
    except ValueError as error:  # the interpreter's words for it differ from Python to Python
        raise SourceError(f"{name} holds a NUL, as no file's name can; check the name") from error
    except OSError as error:
        raise SourceError(f"{name} cannot be opened ({os_reason(error)})") from error
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return fd
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise SourceError(f"{name} is a directory; {ADVICE}")
    raise SourceError(f"{name} is not a regular file; {ADVICE}, or pipe raw PCM in")
