"""A recording as frames, and its faults as one line for a person; everything here blocks.

Theory of operation. `RecordingReader` decodes a file (`recording`) and converts it (`convert`).
On a failure halfway all decodable audio is returned first, and then SourceError is raised: the
source is *lost*, so a torn recording never passes for a whole one. A recording without any audio
is a loss as well, unless it was allowed. So is one that ends before the part that is asked for
(`excerpt`). Behind that part nothing is read, so nothing there is a loss. What is odd about the
recording but no loss is in ``remarks``.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from openline.text import one_line
from openline_audio import formats
from openline_audio.convert import Joiner, describe_unusable
from openline_audio.excerpt import Excerpt
from openline_audio.recording import Block, NeedsMediaError, Recording, UnreadableError
from openline_audio.source import SourceError

#: The end of every error about a file's contents.
ADVICE = "give a WAV, FLAC, OGG or MP3 file"
#: Seconds of audio before a part that are read in one go, so that a cancellation need not wait.
_STRIDE: Final = 30.0
#: How to get what reads all other containers.
EXTRA = 'pip install "openline[media]"'


class NoAudioError(SourceError):
    """A source ended, or is at its end already, and had no audio at all."""


class Choice(NamedTuple):
    """What to read of a recording.

    ``channel`` is the number of one channel, from 0; None is a mix of all. ``stream`` is the
    number of a container's audio stream, from 1; None is its default. ``allow_empty``: a
    recording without audio is none that is lost. ``start`` and ``until`` are the times of the part
    to read, in seconds; None is its end.
    """

    channel: int | None = None
    stream: int | None = None
    allow_empty: bool = False
    start: float = 0.0
    until: float | None = None


#: The mix of all channels.
_ALL = Choice()


class RecordingReader:
    """The recording behind ``fd``, from the offset ``start`` on, as frames of 16 kHz mono s16le.

    ``name`` is for errors. ``probe``: only the first second will be read. The descriptor stays
    the caller's. Raises SourceError, one line, if it cannot be used.
    """

    def __init__(
        self,
        fd: int,
        name: str,
        *,
        start: int = 0,
        choice: Choice = _ALL,
        probe: bool = False,
    ) -> None:
        self._fd = fd
        self._name = name
        self._start = start
        self._channel = choice.channel
        self._allow_empty = choice.allow_empty
        self._joiner = Joiner(choice.channel)
        self._excerpt = Excerpt(choice.start, choice.until)
        self._kept: list[bytes] = []  # of the first block of the part
        self._over = False
        self._wrong: list[str] = []
        self._recording = self._opened(choice.stream, probe=probe)
        if self._recording is not None:
            try:
                self._check(self._recording)
            except BaseException:
                self._recording.close()
                raise

    @property
    def duration(self) -> float | None:
        """Seconds in all; None if they are not known for sure. Asked before the first read."""
        return 0.0 if self._recording is None else self._recording.duration

    @property
    def channels(self) -> int:
        """Channels of the part that is being read."""
        return 0 if self._recording is None else self._recording.channels

    @property
    def remarks(self) -> tuple[str, ...]:
        """After the end: what is odd about the recording and no loss, a line each."""
        of_file = [] if self._recording is None else self._recording.remarks
        return tuple(f"{self._name} {each}" for each in (*of_file, *self._joiner.remarks()))

    def read(self) -> list[bytes]:
        """About a second of frames; empty at the end. Raises SourceError where it is lost."""
        if self._kept:
            frames, self._kept = self._kept, []
            return frames
        while not self._over:
            frames = self._next()
            if frames:  # a resampler may take a first piece and give nothing yet
                return frames
        has_audio = bool(self._joiner.frames or self._excerpt.at)
        if not has_audio and not self._allow_empty and _is_empty(self._wrong):
            raise NoAudioError(f"{self._name} has a header but no audio behind it; {ADVICE}")
        if self._wrong:
            raise SourceError(
                f"{self._name} {'; it '.join(self._wrong)}; get a whole copy or convert it"
            )
        if self._excerpt.is_missed:
            raise SourceError(ends_before(self._name, self._excerpt.at, self._excerpt.start))
        return []

    @property
    def is_ahead(self) -> bool:
        """Whether all that was read is before the part that is asked for."""
        return not self._over and self._excerpt.is_ahead

    def pass_over(self) -> None:
        """Read on towards the part that is asked for; half a minute of audio at most."""
        until = self._excerpt.at + _STRIDE
        while self.is_ahead and self._excerpt.at < until:
            self._kept = self._next()

    def skip(self, samples: int) -> list[bytes]:
        """Read and drop the first ``samples`` (at 16 kHz); returns the frames behind them.

        The audio of a recording is the same at each reading, so this finds any place again.
        """
        left = 2 * samples
        while left:
            frames = self.read()
            if not frames:
                return []
            while frames and left >= len(frames[0]):
                left -= len(frames.pop(0))
            if frames:
                return [frames[0][left:], *frames[1:]]
        return self.read()

    def close(self) -> None:
        """Free everything but the descriptor."""
        if self._recording is not None:
            self._recording.close()

    def _next(self) -> list[bytes]:
        try:
            block = None if self._recording is None else self._recording.read()
        except OSError as error:
            return self._end(f"cannot be read further ({_text(error)})")
        if block is None:
            losses = [] if self._recording is None else self._recording.losses
            return self._end(*losses)
        return self._fed(block)

    def _fed(self, block: Block) -> list[bytes]:
        wrong = describe_unusable(block.rate, block.samples.shape[1])
        if wrong is not None:  # of a later part
            return self._end(f"cannot be read further: {wrong}")
        samples = self._excerpt.cut(block.rate, block.samples)
        try:
            frames = self._joiner.feed(block.rate, samples) if len(samples) else []
        except ValueError as error:  # a later part has fewer channels
            return self._end(f"cannot be read further: {error}")
        if self._excerpt.is_over and self._recording is not None:
            frames += self._end(*self._recording.losses)
        return frames

    def _end(self, *wrong: str) -> list[bytes]:
        self._over = True
        self._wrong += wrong
        return self._joiner.flush()

    def _opened(self, stream: int | None, *, probe: bool) -> Recording | None:
        head = b""
        try:
            head = os.pread(self._fd, formats.HEAD_BYTES, self._start)
            if head:
                return Recording(self._fd, start=self._start, stream=stream, measure=not probe)
        except OSError as error:
            raise SourceError(f"{self._name} cannot be read ({_text(error)})") from error
        except NeedsMediaError as error:
            what = "its --stream" if error.kind in formats.BY_LIBSNDFILE else error.kind
            raise SourceError(f"{self._name} is {what}, which needs PyAV; {EXTRA}") from error
        except UnreadableError as error:
            raise SourceError(f"{self._name} {_why(head, error)}; {ADVICE}") from error
        if self._allow_empty:
            return None
        raise NoAudioError(f"{self._name} is empty; {ADVICE}")

    def _check(self, recording: Recording) -> None:
        wrong = describe_unusable(recording.rate, recording.channels)
        if wrong is not None:
            raise SourceError(f"{self._name} cannot be right: {wrong}; {ADVICE}")
        if self._channel is not None and not 0 <= self._channel < recording.channels:
            raise SourceError(
                f"{self._name} has no channel {self._channel} (from 0), only {recording.channels}; "
                "give the file without it"
            )


def ends_before(name: str, seconds: float, start: float) -> str:
    """The error about a recording that is over before the part that is asked for."""
    return (
        f"{name} ends after {seconds:.2f} s, and its audio from {start:.2f} s on is asked for; "
        "give an earlier start"
    )


def _is_empty(wrong: list[str]) -> bool:
    """Whether nothing is wrong but that audio was stated, and did not come."""
    return all(each.endswith("s are missing)") for each in wrong)


def _why(head: bytes, error: UnreadableError) -> str:
    if str(error).startswith("it has "):  # streams, but not the one that is asked for
        return f"cannot be read so: {error}"
    kind = error.kind or formats.begins_like(head)
    if kind is None:
        return "is not audio that can be read here"
    if kind == formats.MP3:  # libsndfile's text would mislead here
        return "begins like MP3 but has no complete frame"
    if kind in formats.BY_LIBSNDFILE:
        return f"begins like {kind} but its header is damaged ({_text(error)})"
    return f"begins like {kind} but cannot be decoded ({_text(error)})"


def _text(error: BaseException) -> str:
    """An error's text without its full stop; its type if it has none."""
    return one_line(str(error)).rstrip(".") or type(error).__name__
