"""The input devices of PortAudio, through the sounddevice package.

Theory of operation. PortAudio calls back, in a thread of its own, with 20 ms at a time; the
callback copies and reports it. It never waits and never raises, since either would cost audio. A
device is opened at its own rate and channels: many give no others. Where even these are refused,
usual ones are tried.

Audio is lost where PortAudio lost some before the callback (its ``input_overflow`` flag): as much
as the capture clock jumped since the block before, or one block if the clock did not jump.

A stream is closed with ``abort``: ``stop`` waits for buffers to drain, and on a stalled device
hangs. Opening and closing block, and a driver may hang in either: they run in a thread of the
stream, which is left behind then.

PortAudio reports no change of devices, so nothing is watched here. sounddevice is optional and has
no stubs: `_SoundDevice` is the part that is used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, Protocol, cast

from openline_audio.devices import Captured, Device, Lost, Opened, Report
from openline_audio.source import SAMPLE_RATE, SourceError

#: Blocks in a second.
_BLOCKS: Final = 50
#: What is tried after a device's own form: rate and channels.
_USUAL: Final = tuple(
    (rate, channels) for rate in (48_000, 44_100, SAMPLE_RATE) for channels in (2, 1)
)
#: More channels are asked for only where fewer are refused: a sound server offers 32 of nothing.
_ENOUGH: Final = 2
_NONE: Final = "no microphone is connected; plug one in, and see that openline devices lists it"
_ADVICE: Final = "choose another one: openline devices lists them"


class _Flags(Protocol):
    input_overflow: bool


class _Times(Protocol):
    inputBufferAdcTime: float  # noqa: N815  # PortAudio's name


class _Stream(Protocol):
    def start(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...


class _SoundDevice(Protocol):
    """The part of the sounddevice module that is used here."""

    PortAudioError: type[Exception]

    def query_devices(self, device: int | str | None = None, kind: str | None = None) -> Any: ...

    def check_input_settings(
        self, *, device: int | str | None, channels: int, dtype: str, samplerate: int
    ) -> None: ...

    def RawInputStream(  # noqa: N802  # sounddevice's name
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


class PortAudioSystem:
    """Access to one device: ``wanted`` is a name, part of one, or a number; None: the default.

    Raises SourceError if sounddevice or PortAudio is missing.
    """

    is_watched = False

    def __init__(self, wanted: int | str | None = None) -> None:
        self._wanted = wanted
        self._library = _load()

    def find(self) -> Device:
        """The device, in a form that it supports. Raises SourceError. Blocks during a scan."""
        library, name = self._library, _called(self._wanted)
        try:
            info: Mapping[str, Any] = library.query_devices(self._wanted, "input")
            rate, channels = self._form(info)
        except (library.PortAudioError, ValueError) as error:
            if self._wanted is None and not self.devices():
                raise SourceError(_NONE) from error
            raise SourceError(f"{name} cannot be used ({_line(error)}); {_ADVICE}") from error
        title = str(info.get("name", name))
        return Device(name=title, description=title, rate=rate, channels=channels)

    def _form(self, info: Mapping[str, Any]) -> tuple[int, int]:
        """A rate and a channel count that the device supports, its own if it can be."""
        library = self._library
        rate, most = round(info["default_samplerate"]), int(info["max_input_channels"])
        counts = dict.fromkeys((min(most, _ENOUGH), most, 1))
        own = [(rate, channels) for channels in counts if channels > 0]
        refusals: list[Exception] = []
        for form in (*own, *_USUAL):
            try:
                library.check_input_settings(
                    device=self._wanted, channels=form[1], dtype="int16", samplerate=form[0]
                )
            except (library.PortAudioError, ValueError) as error:
                refusals.append(error)
            else:
                return form
        raise refusals[0]

    def devices(self) -> tuple[Device, ...]:
        """All inputs. Raises SourceError."""
        library = self._library
        try:
            default = library.query_devices(None, "input")["index"]
        except (library.PortAudioError, ValueError):
            default = None
        return tuple(
            Device(
                name=each["name"],
                description=each["name"],
                rate=round(each["default_samplerate"]),
                channels=each["max_input_channels"],
                is_default=each["index"] == default,
                number=each["index"],
            )
            for each in library.query_devices()
            if each["max_input_channels"] > 0
        )

    def open(self, stream: int, device: Device, report: Report) -> PortAudioStream:
        """Begin to capture the device, without waiting."""
        return PortAudioStream(self._library, self._wanted, stream, device, report=report)

    def watch(self, report: Report) -> None:
        """None: PortAudio does not say when devices change."""


class PortAudioStream:
    """One stream of ``device``, by this number. It reports until it is lost, or closed."""

    def __init__(
        self,
        library: _SoundDevice,
        wanted: int | str | None,
        number: int,
        device: Device,
        *,
        report: Report,
    ) -> None:
        self._library = library
        self._wanted = wanted
        self._number = number
        self._device = device
        self._report = report
        self._expected: float | None = None  # the next block's time on the capture clock
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"openline captures {device.name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Begin to end it, without waiting."""
        self._closed.set()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most; returns whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        library, device, stream = self._library, self._device, None
        try:
            stream = library.RawInputStream(
                device=self._wanted,
                channels=device.channels,
                dtype="int16",
                samplerate=device.rate,
                blocksize=device.rate // _BLOCKS,
                callback=self._block,
                finished_callback=self._finished,
            )
            stream.start()
        except (library.PortAudioError, ValueError) as error:
            what = f"{_called(self._wanted)} cannot be used ({_line(error)}); {_ADVICE}"
            self._report(Lost(self._number, what))
        else:
            self._report(Opened(self._number))
            self._closed.wait()
        if stream is not None:
            # PortAudioError: the device is gone, or never started. There is nothing to close.
            with suppress(library.PortAudioError):
                try:
                    stream.abort()
                finally:
                    stream.close()

    def _block(self, data: bytes, frames: int, times: _Times, flags: _Flags) -> None:
        """PortAudio delivers ``frames``; ``data`` is only valid during the call."""
        rate, captured_at, missing = self._device.rate, times.inputBufferAdcTime, 0.0
        if flags.input_overflow:
            jumped = 0.0 if self._expected is None else captured_at - self._expected
            missing = jumped if jumped > 0 else frames / rate
        self._expected = captured_at + frames / rate
        pcm = bytes(data)
        length = len(pcm) / (rate * self._device.channels * 2)
        self._report(Captured(self._number, pcm, length, time.monotonic(), missing))

    def _finished(self) -> None:
        """The stream has ended: we closed it, or the device is gone."""
        if not self._closed.is_set():
            self._report(Lost(self._number, f"{_called(self._wanted)} went away"))


def _called(wanted: int | str | None) -> str:
    return "the microphone" if wanted is None else f"the microphone {wanted!r}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


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
