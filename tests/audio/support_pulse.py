"""A pulsectl and a libpulse that are made up: a sound server in memory."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace, TracebackType
from typing import Any, Self, cast

from openline_audio.pulse_stream import FUNCTIONS

INVALID = 0xFFFF_FFFF


def source(
    name: str, index: int, *, sink: str | None = None, rate: int = 48_000, channels: int = 2
) -> SimpleNamespace:
    """What libpulse says of a source; ``sink``: it is the monitor of this one."""
    return SimpleNamespace(
        name=name,
        description=f"the {name}",
        index=index,
        monitor_of_sink_name=sink,
        sample_spec=SimpleNamespace(rate=rate, channels=channels),
        channel_list_raw=list(range(1, channels + 1)),
    )


class PulseSourceInfo(SimpleNamespace):
    """What pulsectl keeps of it: as a structure, a view of memory that is used again."""

    def _init_from_struct(self, struct: SimpleNamespace) -> None:
        """Called while the memory holds this source."""


def listed(sources: tuple[SimpleNamespace, ...]) -> list[PulseSourceInfo]:
    """One piece of memory for all sources, one after the other."""
    memory = SimpleNamespace()
    found: list[PulseSourceInfo] = []
    for each in sources:
        source: Any = each
        vars(memory).update(cast("dict[str, Any]", vars(source.sample_spec)))
        found.append(PulseSourceInfo(**(vars(each) | {"sample_spec": memory})))
        found[-1]._init_from_struct(  # pyright: ignore[reportPrivateUsage]
            SimpleNamespace(**(vars(each) | {"sample_spec": memory}))
        )
    return found


class PulseError(Exception):
    pass


class PulseDisconnected(Exception):  # noqa: N818 - pulsectl's name
    pass


class PulseLoopStop(Exception):  # noqa: N818 - pulsectl's name
    pass


class Server:
    """The module pulsectl, with this server behind it."""

    PulseError, PulseDisconnected, PulseLoopStop = PulseError, PulseDisconnected, PulseLoopStop
    PulseSourceInfo = PulseSourceInfo

    def __init__(self, *sources: SimpleNamespace) -> None:
        self.sources = sources
        self.is_up = True
        self.hangs = False
        self.changed = threading.Event()
        self.connections: list[Connection] = []

    def Pulse(self, name: str, *, connect: bool) -> Connection:  # noqa: N802 - pulsectl's name
        assert not connect
        self.connections.append(Connection(self))
        return self.connections[-1]

    def change(self, *sources: SimpleNamespace) -> None:
        """Other sources; the listeners get an event."""
        self.sources = sources
        self.changed.set()

    def die(self) -> None:
        self.is_up = False
        self.changed.set()


class Connection:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.is_closed = False
        self.masks: tuple[str, ...] = ()
        self.callback: Callable[[object], None] | None = None
        self.stopped = threading.Event()

    def connect(self) -> None:
        if self.server.hangs:
            threading.Event().wait(5)
        if not self.server.is_up:
            raise PulseError("Failed to connect to pulseaudio server")

    def close(self) -> None:
        self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def server_info(self) -> SimpleNamespace:
        return SimpleNamespace(default_source_name="usb", default_sink_name="speakers")

    def source_list(self) -> list[PulseSourceInfo]:
        if not self.server.is_up:
            raise PulseDisconnected
        return listed(self.server.sources)

    def event_mask_set(self, *masks: str) -> None:
        self.masks = masks

    def event_callback_set(self, callback: Callable[[object], None]) -> None:
        self.callback = callback

    def event_listen(self, timeout: float) -> None:
        assert self.callback is not None
        if self.server.changed.wait(0.005):
            self.server.changed.clear()
            if not self.server.is_up:
                raise PulseDisconnected
            try:
                self.callback(None)
            except PulseLoopStop:
                return

    def event_listen_stop(self) -> None:
        self.stopped.set()


class LibPulse:
    """A libpulse: each step of its script is what the next iteration brings."""

    def __init__(self, *script: Callable[[LibPulse], object]) -> None:
        self.script = deque(script)
        self.context, self.stream = 1, 1
        self.index, self.is_suspended, self.errno = 4, False, 0
        self.refuses = ""  # the function that fails
        self.pieces: deque[tuple[bytes | None, int]] = deque()
        self.calls: list[str] = []
        self.connected: tuple[Any, ...] = ()
        self.form: tuple[int, ...] = ()
        self._kept: Any = None
        self._woken = threading.Event()

    def hears(self, *pieces: bytes | int) -> None:
        """Audio comes; a number is the length of a hole, in bytes."""
        for each in pieces:
            self.pieces.append((None, each) if isinstance(each, int) else (each, len(each)))

    def __call__(self, name: str, *arguments: Any) -> Any:
        _, *types = FUNCTIONS[name]
        assert len(arguments) == len(types), f"{name} is declared with {len(types)} arguments"
        self.calls.append(name)
        if name == self.refuses:
            return -1
        special = getattr(self, f"_{name}", None)
        return 7 if special is None else special(*arguments)

    def _mainloop_iterate(self, loop: int, block: int, result: None) -> int:
        if self.script:
            self.script.popleft()(self)
            return 0
        self._woken.wait(10)
        return 0

    def _mainloop_wakeup(self, loop: int) -> None:
        self._woken.set()

    def _context_connect(self, *_: object) -> int:
        return 0

    def _context_get_state(self, context: int) -> int:
        return self.context

    def _context_errno(self, context: int) -> int:
        return self.errno

    def _strerror(self, number: int) -> bytes | None:
        return {0: None, 5: b"No such entity", 6: b"Connection refused"}[number]

    def _stream_new(self, context: int, name: bytes, spec: Any, places: Any) -> int:
        form = spec._obj
        channels = places and tuple(places._obj.places[: places._obj.channels])
        self.form = (form.format, form.rate, form.channels, *(channels or ()))
        return 9

    def _stream_connect_record(self, stream: int, name: bytes, sizes: Any, flags: int) -> int:
        self.connected = (name, sizes._obj.fragsize, sizes._obj.maxlength, flags)
        return 0

    def _stream_get_state(self, stream: int) -> int:
        return self.stream

    def _stream_get_device_index(self, stream: int) -> int:
        return self.index

    def _stream_is_suspended(self, stream: int) -> int:
        return int(self.is_suspended)

    def _stream_peek(self, stream: int, data: Any, size: Any) -> int:
        piece, length = self.pieces[0] if self.pieces else (None, 0)
        self._kept = None if piece is None else ctypes.create_string_buffer(piece, length)
        data._obj.value = None if piece is None else ctypes.addressof(self._kept)
        size._obj.value = length
        return 0

    def _stream_drop(self, stream: int) -> int:
        self.pieces.popleft()
        return 0
