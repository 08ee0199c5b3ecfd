"""The microphone, through PortAudio and the sounddevice package.

Theory of operation. PortAudio calls back, in a thread of its own, with 20 ms at a time;
the callback copies it into a bounded `Handover` and wakes the loop. It never waits and
never raises, since either would cost audio.

Three things can go wrong while it runs:

- Audio is lost: PortAudio lost some before the callback (its ``input_overflow`` flag), or
  the loop was too slow (the hand-over is full). Either is a hole. The first kind is as long
  as the capture clock jumped since the block before, or one block if the clock did not jump.
- The device went away: on PulseAudio only ``finished_callback`` reports it.
- The device stalls without a sign (a suspended PulseAudio source): a watchdog, 2 s.

Both of the latter raise SourceError. The stream is closed with ``abort``: ``stop`` waits
for buffers to drain, and on a stalled device hangs. Even ``abort`` is given 2 s only; a
driver that hangs in it keeps one idle thread, but never the session.

sounddevice is optional and has no stubs: `_SoundDevice` is the part that is used.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import ClassVar, Protocol, cast

from openline.events import SourceKind
from openline_audio.handover import Handover
from openline_audio.pace import Runtime, Worker
from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, Sink, SourceError

#: Seconds without a block after which the device counts as stalled; also the longest wait
#: for the device to close. The first block came after 0.09 s on PulseAudio.
STALL_SECONDS = 2.0


class _Flags(Protocol):
    input_overflow: bool


class _Times(Protocol):
    inputBufferAdcTime: float  # noqa: N815 - PortAudio's name


class _Stream(Protocol):
    def start(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...


class _SoundDevice(Protocol):
    """The part of the sounddevice module that is used here."""

    PortAudioError: type[Exception]

    def check_input_settings(
        self, *, device: int | str | None, channels: int, dtype: str, samplerate: int
    ) -> None: ...

    def RawInputStream(  # noqa: N802 - sounddevice's name
        self,
        *,
        device: int | str | None,
        channels: int,
        dtype: str,
        samplerate: int,
        blocksize: int,
        callback: Callable[[bytes, int, _Times, _Flags], None],
        finished_callback: Callable[[], None],
    ) -> _Stream: ...


class Microphone:
    """An input device at 16 kHz mono: ``device`` is a name, part of one, or a number.

    None is the system's default input. The constructor asks PortAudio whether the device
    exists and supports this (it blocks while PortAudio scans for devices), and
    raises SourceError, one line, if not, or if sounddevice or PortAudio is missing.
    ``worker`` runs the blocking calls and is of interest to tests.
    """

    kind = SourceKind.DEVICE
    _runtime: ClassVar[Runtime]  # of a face
    _handovers: ClassVar[type[Handover]]

    def __init__(self, device: int | str | None = None, *, worker: Worker | None = None) -> None:
        self._device = device
        self._worker = worker or self._runtime.in_thread
        self._name = "the microphone" if device is None else f"the microphone {device!r}"
        self._library = _load()
        self._handover: Handover | None = None  # of the run that has begun last
        try:
            self._library.check_input_settings(
                device=device, channels=1, dtype="int16", samplerate=SAMPLE_RATE
            )
        except (self._library.PortAudioError, ValueError) as error:
            raise self._unusable(error) from error

    @property
    def duration(self) -> None:
        """None: unknown."""
        return None

    async def run(self, sink: Sink) -> None:
        """Deliver captured audio until cancelled; may be called again afterwards.

        Raises SourceError if the device cannot be opened, goes away or stalls.
        """
        capture = _Capture(self._handovers())
        self._handover = capture.handover
        stream: _Stream | None = None
        try:
            try:
                stream = await self._worker(lambda: self._open(capture))
                await self._worker(stream.start)
            except (self._library.PortAudioError, ValueError) as error:
                raise self._unusable(error) from error
            await self._capture_until_stalled(capture.handover, sink)
        finally:
            if stream is not None:
                await self._close(stream)

    def flush(self, sink: Sink) -> None:
        """Deliver the blocks that the loop had no turn for yet: a stop overtakes none of them."""
        if self._handover is not None:
            self._handover.deliver(self._handover.take_nowait(), sink)

    async def _capture_until_stalled(self, handover: Handover, sink: Sink) -> None:
        while True:
            items = await self._runtime.within(STALL_SECONDS, handover.take)
            if items is not None:
                if not items:
                    raise SourceError(f"{self._name} went away; plug it in and start again")
                handover.deliver(items, sink)
                continue
            # If it was the loop that stalled, the blocks are here: the deadline merely
            # ran before them.
            items = handover.take_nowait()
            if not items:
                raise SourceError(
                    f"{self._name} has given no sound for {STALL_SECONDS:.0f} s; "
                    "see that it is neither suspended nor taken by another program"
                )
            handover.deliver(items, sink)

    def _open(self, capture: _Capture) -> _Stream:
        return self._library.RawInputStream(
            device=self._device,
            channels=1,
            dtype="int16",
            samplerate=SAMPLE_RATE,
            blocksize=FRAME_SAMPLES,
            callback=capture.block,
            finished_callback=capture.finished,
        )

    async def _close(self, stream: _Stream) -> None:
        def abort_and_close() -> None:
            try:
                stream.abort()
            finally:
                stream.close()

        async def close() -> None:
            await self._worker(abort_and_close, abandon=True)

        # PortAudioError: the device is gone, or never started. There is nothing to close, and
        # run() is raising the reason.
        with suppress(self._library.PortAudioError):
            await self._runtime.shielded(STALL_SECONDS, close)

    def _unusable(self, error: Exception) -> SourceError:
        text = " ".join(str(error).split()).rstrip(".")
        return SourceError(
            f"{self._name} cannot be used ({text}); "
            "choose another one: python -m sounddevice lists them"
        )


class _Capture:
    """PortAudio's callbacks, called in a thread of its own."""

    def __init__(self, handover: Handover) -> None:
        self.handover = handover
        self._expected: float | None = None  # the next block's time on the capture clock

    def block(self, data: bytes, frames: int, times: _Times, flags: _Flags) -> None:
        """PortAudio delivers ``frames`` samples; ``data`` is only valid during the call."""
        captured_at = times.inputBufferAdcTime
        if flags.input_overflow:
            jumped = 0
            if self._expected is not None:
                jumped = round((captured_at - self._expected) * SAMPLE_RATE)
            self.handover.put_hole(jumped if jumped > 0 else frames)
        self._expected = captured_at + frames / SAMPLE_RATE
        self.handover.put(bytes(data))
        self.handover.notify_from_thread()

    def finished(self) -> None:
        """The stream has ended: we closed it, or the device is gone."""
        self.handover.close()
        self.handover.notify_from_thread()


def _load() -> _SoundDevice:
    try:
        return cast("_SoundDevice", import_module("sounddevice"))
    except ImportError as error:
        raise SourceError(
            'the microphone needs the sounddevice package; pip install "openline[microphone]"'
        ) from error
    except OSError as error:  # sounddevice is here and its PortAudio is not
        raise SourceError(
            "the microphone needs PortAudio; install libportaudio2 (Debian, Ubuntu), "
            "portaudio (Fedora, Homebrew)"
        ) from error
