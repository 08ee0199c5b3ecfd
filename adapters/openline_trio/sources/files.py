"""A recording as a source: WAV, FLAC, OGG or MP3, played at real time or faster.

Theory of operation. The constructor opens the file, decodes its first second and closes
it again. So a wrong name or a damaged file is reported before any dial, and a source that
never runs leaks no descriptor. `run` opens the file anew and hands a blocking reader to
`pace.play`, which decodes about a second at a time in a worker thread, ahead of the
absolute schedule.

On a failure halfway (corruption, a disk error, a file shorter than its header states), all
decodable audio is delivered first and then SourceError is raised: the source is *lost*, so
a torn recording never passes for a whole one. Whether to try again is not decided here.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import cast

from openline.events import SourceKind
from openline.text import one_line
from openline_audio.convert import Converter, describe_unusable
from openline_audio.decoder import DecodeError, Decoder
from openline_audio.source import Sink, SourceError
from openline_trio.sources.pace import Worker, check_speed, in_thread, play

#: The end of every error about a file's contents.
_ADVICE = "give a WAV, FLAC, OGG or MP3 file"
#: Formats by their first bytes, to tell a damaged recording from no recording at all.
_MAGIC = (
    (b"RIFF", "WAV"),
    (b"RF64", "WAV"),
    (b"fLaC", "FLAC"),
    (b"OggS", "OGG"),
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"\xff\xf2", "MP3"),
)


class FileSource:
    """The recording at ``path``, any rate and channel count, as 16 kHz mono.

    ``speed`` is how many seconds of audio are delivered in one second. At 1 and below it
    simulates live capture and does not wait for the session. Above 1 it waits for the
    sink's ``room`` before each frame.

    The constructor decodes the first second (it blocks on the disk) and raises SourceError,
    one line, if the file cannot be used; ValueError if ``speed`` is not a finite number
    above 0, and TypeError if ``path`` is no path. ``worker`` runs the blocking reads and
    is of interest to tests.
    """

    kind = SourceKind.STORE

    def __init__(
        self, path: str | os.PathLike[str], *, speed: float = 1.0, worker: Worker = in_thread
    ) -> None:
        self._path = _checked(path)
        self._speed = check_speed(speed)
        self._worker = worker
        reader = _FileReader(self._path)
        try:
            self._duration = reader.duration
            reader.read()  # a header may be fine with nothing decodable behind it
        finally:
            reader.close()

    @property
    def duration(self) -> float:
        """Seconds of audio in all, by the header (an estimate for an MP3 without one)."""
        return self._duration

    async def run(self, sink: Sink) -> None:
        """Deliver the recording; may be called again.

        Raises SourceError when the file is damaged or shorter than its header states, after
        delivering the decodable audio.
        """
        await play(lambda: _FileReader(self._path), sink, speed=self._speed, worker=self._worker)


class _FileReader:
    """Opens, checks, decodes and converts; everything here blocks."""

    def __init__(self, path: Path) -> None:
        self._name = shown(path)
        self._fd = _open(path, self._name)
        try:
            self._decoder = self._open_decoder()
            try:
                self._check()
                self._converter = Converter(self._decoder.rate, self._decoder.channels)
            except BaseException:
                self._decoder.close()
                raise
        except BaseException:
            os.close(self._fd)
            raise
        self._over = False
        self._failure: SourceError | None = None

    @property
    def duration(self) -> float:
        return self._decoder.frames / self._decoder.rate

    def read(self) -> list[bytes]:
        while not self._over:
            frames = self._next()
            if frames:  # a resampler may take a first piece and give nothing yet
                return frames
        if self._failure is not None:
            raise self._failure
        return []

    def close(self) -> None:
        self._decoder.close()
        os.close(self._fd)

    def _next(self) -> list[bytes]:
        try:
            samples = self._decoder.read()
        except DecodeError as error:
            partial = error.partial
            frames = [] if partial is None else self._converter.feed(partial)
            return frames + self._end(f"is damaged ({_text_of(error)})", error)
        if len(samples):
            return self._converter.feed(samples)
        missing = self._decoder.missing()
        if missing is None:
            return self._end(None, None)
        if not missing:
            return self._end("does not state its length, and cannot be read to its end", None)
        return self._end(f"is cut short ({missing:.2f} s are missing)", None)

    def _end(self, wrong: str | None, cause: Exception | None) -> list[bytes]:
        self._over = True
        if wrong is not None:
            self._failure = SourceError(f"{self._name} {wrong}; get a whole copy or convert it")
            self._failure.__cause__ = cause
        return self._converter.flush()

    def _open_decoder(self) -> Decoder:
        head = b""
        try:
            head = os.read(self._fd, 4)
            if head:
                return Decoder(self._fd)
        except OSError as error:
            raise SourceError(f"{self._name} cannot be read ({_text_of(error)})") from error
        except DecodeError as error:
            kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
            if kind is None:
                wrong = "is not audio that can be read here"
            elif kind == "MP3":  # libsndfile's text would mislead here
                wrong = "begins like MP3 but has no complete frame"
            else:
                wrong = f"begins like {kind} but its header is damaged ({_text_of(error)})"
            raise SourceError(f"{self._name} {wrong}; {_ADVICE}") from error
        raise SourceError(f"{self._name} is empty; {_ADVICE}")

    def _check(self) -> None:
        wrong = describe_unusable(self._decoder.rate, self._decoder.channels)
        if wrong is not None:
            raise SourceError(f"{self._name} cannot be right: {wrong}; {_ADVICE}")
        if self._decoder.frames <= 0:
            raise SourceError(f"{self._name} has a header but no audio behind it; {_ADVICE}")


def _checked(path: object) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"FileSource: give the path of a recording, a str or a Path, not {type(path).__name__}"
        )
    return Path(cast("str | os.PathLike[str]", path))


def shown(path: Path) -> str:
    """The name as one printable line, for any bytes in it."""
    name = str(path)
    return name if name.isprintable() else ascii(name)


def _text_of(error: BaseException) -> str:
    """An error's text without its full stop; its type if it has none."""
    return one_line(str(error)).rstrip(".") or type(error).__name__


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
        raise SourceError(f"{name} cannot be opened ({_text_of(error)})") from error
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return fd
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise SourceError(f"{name} is a directory; {_ADVICE}")
    raise SourceError(f"{name} is not a regular file; {_ADVICE}, or pipe raw PCM in")
