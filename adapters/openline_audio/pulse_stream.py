"""Captures one source of PulseAudio, or of PipeWire, through libpulse.

Theory of operation. When a source is unplugged, the sound server moves its streams to another one,
often the monitor of the speakers, and the audio goes on without a gap. So a stream here is made
with ``DONT_MOVE``: the server ends it, and no sample of another source is ever in it. The libraries
for Python that capture (sounddevice, SoundCard, pasimple) cannot ask for that, which is why this
module calls libpulse itself: a main loop, a context and a stream, in one thread of its own. The
index of the source is compared before audio is passed on all the same, for a server that moves a
stream nevertheless.

The stream has the source's own rate, channels and their places: nothing is converted by the server.
Without a fragment size it would collect 2 s before it gives the first; it is asked for 20 ms.

libpulse's loop is not thread-safe, but for its wake-up: `close` sets a flag and wakes the thread.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from openline_audio.devices import Captured, Device, Lost, Opened, Report, Suspended
from openline_audio.source import SourceError

# From pulse/def.h and pulse/sample.h, which the library keeps stable.
_S16LE: Final = 3
_NO_AUTOSPAWN: Final = 0x0001
_DONT_MOVE: Final = 0x0200
_ADJUST_LATENCY: Final = 0x2000
_READY: Final = {"context": 4, "stream": 2}
#: The states from this one on are ends.
_OVER: Final = {"context": 5, "stream": 3}
_DEFAULT: Final = 0xFFFF_FFFF
#: Fragments in a second.
_FRAGMENTS: Final = 50
_MOST_CHANNELS: Final = 32  # PA_CHANNELS_MAX
#: Bytes in a sample.
_SAMPLE: Final = 2

_Pointer = ctypes.c_void_p
_Text = ctypes.c_char_p
_Int = ctypes.c_int
_Index = ctypes.c_uint32


class _Spec(ctypes.Structure):
    _fields_ = (("format", _Int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class _Map(ctypes.Structure):
    _fields_ = (("channels", ctypes.c_uint8), ("places", _Int * _MOST_CHANNELS))


class _Buffering(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize")
    )


#: The functions that are used: what each returns, and takes.
FUNCTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "mainloop_new": (_Pointer,),
    "mainloop_free": (None, _Pointer),
    "mainloop_wakeup": (None, _Pointer),
    "mainloop_get_api": (_Pointer, _Pointer),
    "mainloop_iterate": (_Int, _Pointer, _Int, _Pointer),
    "context_new": (_Pointer, _Pointer, _Text),
    "context_connect": (_Int, _Pointer, _Text, _Int, _Pointer),
    "context_get_state": (_Int, _Pointer),
    "context_errno": (_Int, _Pointer),
    "context_disconnect": (None, _Pointer),
    "context_unref": (None, _Pointer),
    "strerror": (_Text, _Int),
    "stream_new": (_Pointer, _Pointer, _Text, ctypes.POINTER(_Spec), ctypes.POINTER(_Map)),
    "stream_connect_record": (_Int, _Pointer, _Text, ctypes.POINTER(_Buffering), _Int),
    "stream_get_state": (_Int, _Pointer),
    "stream_get_device_index": (_Index, _Pointer),
    "stream_is_suspended": (_Int, _Pointer),
    "stream_peek": (
        *(_Int, _Pointer),
        *(ctypes.POINTER(_Pointer), ctypes.POINTER(ctypes.c_size_t)),
    ),
    "stream_drop": (_Int, _Pointer),
    "stream_disconnect": (_Int, _Pointer),
    "stream_unref": (None, _Pointer),
}


class Library:
    """libpulse, with typed functions. Raises SourceError where it is not installed."""

    def __init__(self) -> None:
        try:
            loaded = ctypes.CDLL("libpulse.so.0")
        except OSError as error:
            raise SourceError(
                "PulseAudio's library is missing; install libpulse0 (Debian, Ubuntu) or "
                "pulseaudio-libs (Fedora)"
            ) from error
        self._functions: dict[str, Callable[..., Any]] = {}
        for name, (result, *arguments) in FUNCTIONS.items():
            function = getattr(loaded, f"pa_{name}")
            function.restype, function.argtypes = result, arguments
            self._functions[name] = function

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Call ``pa_name``."""
        return self._functions[name](*arguments)


class PulseStream:
    """One stream of ``device``, by this number. It reports until it is lost, or closed."""

    def __init__(
        self,
        library: Library,
        number: int,
        device: Device,
        *,
        report: Report,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call = library
        self._number = number
        self._device = device
        self._report = report
        self._clock = clock
        self._is_closed = False
        self._lock = threading.Lock()  # the loop is there as long as it is in ``_loop``
        self._loop: int | None = library("mainloop_new")
        self._suspended = False
        self._missing = 0  # bytes that the server lost
        self._thread = threading.Thread(
            target=self._run, name=f"openline captures {device.name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Begin to end it, without waiting."""
        with self._lock:
            self._is_closed = True
            if self._loop is not None:
                self._call("mainloop_wakeup", self._loop)

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most; returns whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        call, loop = self._call, self._loop
        context = call("context_new", call("mainloop_get_api", loop), b"openline")
        stream = None
        try:
            reason = self._connect(context)
            if reason is None and not self._is_closed:
                stream = self._make(context)
                reason = self._capture(context, stream)
            if reason is not None and not self._is_closed:
                self._report(Lost(self._number, reason))
        finally:
            if stream:
                call("stream_disconnect", stream)
                call("stream_unref", stream)
            call("context_disconnect", context)
            call("context_unref", context)
            with self._lock:
                self._loop = None
            call("mainloop_free", loop)

    def _connect(self, context: int) -> str | None:
        """Wait until the server has answered; returns why there is none."""
        call = self._call
        wrong = call("context_connect", context, None, _NO_AUTOSPAWN, None) < 0
        while not wrong and not self._is_closed:
            state = call("context_get_state", context)
            if state == _READY["context"]:
                return None
            wrong = state >= _OVER["context"] or not self._iterate()
        return f"no sound server answers ({self._error(context)})" if wrong else None

    def _make(self, context: int) -> int:
        device = self._device
        places = device.positions
        return (
            self._call(
                "stream_new",
                context,
                b"capture",
                ctypes.byref(_Spec(_S16LE, device.rate, device.channels)),
                ctypes.byref(_Map(len(places), (_Int * _MOST_CHANNELS)(*places)))
                if places
                else None,
            )
            or 0
        )

    def _capture(self, context: int, stream: int) -> str | None:
        """Pass on audio until the stream is over; returns why."""
        call, device = self._call, self._device
        fragment = device.rate // _FRAGMENTS * device.channels * _SAMPLE
        sizes = _Buffering(*[_DEFAULT] * 4, fragment)
        refused = not stream or call(
            *("stream_connect_record", stream, device.name.encode()),
            *(ctypes.byref(sizes), _DONT_MOVE | _ADJUST_LATENCY),
        )
        is_open = False
        while not refused and not self._is_closed:
            if not self._iterate():
                return f"{device.name} cannot be captured any more: libpulse failed"
            if call("context_get_state", context) >= _OVER["context"]:
                return "the sound server went away"
            state = call("stream_get_state", stream)
            if state >= _OVER["stream"]:
                refused = not is_open
                if is_open:
                    return f"{device.name} went away"
            elif state == _READY["stream"]:
                if not is_open:
                    is_open = True
                    self._report(Opened(self._number))
                if call("stream_get_device_index", stream) != device.number:
                    return f"{device.name} went away: the sound server moved its stream"
                self._read(stream)
                self._note_suspension(stream)
        if refused:
            return f"{device.name} cannot be captured ({self._error(context)})"
        return None

    def _read(self, stream: int) -> None:
        """Report all audio that is there, as one block."""
        call, pieces = self._call, list[bytes]()
        data, size = _Pointer(), ctypes.c_size_t()
        while call("stream_peek", stream, ctypes.byref(data), ctypes.byref(size)) >= 0:
            if not size.value:
                break
            if data.value is None:  # a hole in the server's buffer
                self._pass_on(pieces)
                self._missing += size.value
            else:
                pieces.append(ctypes.string_at(data.value, size.value))
            call("stream_drop", stream)
        self._pass_on(pieces)

    def _pass_on(self, pieces: list[bytes]) -> None:
        if pieces:
            pcm = b"".join(pieces)
            pieces.clear()
            second = self._device.rate * self._device.channels * _SAMPLE
            missing, self._missing = self._missing / second, 0
            length = len(pcm) / second
            self._report(Captured(self._number, pcm, length, self._clock(), missing))

    def _note_suspension(self, stream: int) -> None:
        is_suspended = self._call("stream_is_suspended", stream) > 0
        if is_suspended is not self._suspended:
            self._suspended = is_suspended
            self._report(Suspended(self._number, is_suspended))

    def _iterate(self) -> bool:
        """Wait until something happens; False: the loop failed."""
        return bool(self._call("mainloop_iterate", self._loop, 1, None) >= 0)

    def _error(self, context: int) -> str:
        text: bytes | None = self._call("strerror", self._call("context_errno", context))
        return (text or b"unknown").decode(errors="replace")
