"""A sound card that is made up, behind a sounddevice module that is made up."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, field

BLOCK = bytes(range(256)) * 2 + bytes(128)


class PortAudioError(Exception):
    pass


@dataclass
class Times:
    inputBufferAdcTime: float  # noqa: N815 - PortAudio's name


@dataclass
class Flags:
    input_overflow: bool = False


class Stream:
    """What sounddevice.RawInputStream does, as far as it matters."""

    def __init__(self, card: Card, options: dict[str, object]) -> None:
        self.card = card
        self.options = options
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")
        self.card.on_start(self)
        if self.card.start_error is not None:
            raise self.card.start_error

    def abort(self) -> None:
        self.calls.append("abort")
        if self.card.abort_error is not None:
            raise self.card.abort_error
        self.finished()

    def close(self) -> None:
        self.calls.append("close")

    def block(self, at: float = 0.0, *, overflow: bool = False, pcm: bytes = BLOCK) -> None:
        callback = self.options["callback"]
        channels = self.options["channels"]
        assert callable(callback)
        assert isinstance(channels, int)
        reused = bytearray(pcm)  # PortAudio's buffer is only valid during the call
        callback(reused, len(pcm) // 2 // channels, Times(at), Flags(overflow))
        reused[:] = bytes(len(pcm))

    def finished(self) -> None:
        finished = self.options["finished_callback"]
        assert callable(finished)
        finished()


@dataclass
class Card:
    """Its own rate and channel count, and the forms that it supports; empty: any."""

    rate: int = 16_000
    channels: int = 1
    rates: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    name: str = "USB mic"
    streams: list[Stream] = field(default_factory=list[Stream])
    check_error: Exception | None = None
    open_error: Exception | None = None
    start_error: Exception | None = None
    abort_error: Exception | None = None
    checked: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    #: Called with each stream that starts, in the thread that starts it.
    on_start: Callable[[Stream], object] = id

    def check(self, **options: object) -> None:
        self.checked.append(options)
        if self.check_error is not None:
            raise self.check_error
        if self.rates and options["samplerate"] not in self.rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        if self.counts and options["channels"] not in self.counts:
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]")

    def open(self, **options: object) -> Stream:
        if self.open_error is not None:
            raise self.open_error
        self.streams.append(Stream(self, options))
        return self.streams[-1]

    def query(self, device: object = None, kind: str | None = None) -> object:
        """One device, or the list of all: this one, and an output."""
        mine = {
            "name": self.name,
            "index": 1,
            "default_samplerate": float(self.rate),
            "max_input_channels": self.channels,
        }
        if kind is None and device is None:
            return [mine | {"name": "speakers", "index": 0, "max_input_channels": 0}, mine]
        return mine


def sounddevice(card: Card) -> types.ModuleType:
    """The module, with ``card`` behind it."""
    module = types.ModuleType("sounddevice")
    vars(module).update(
        PortAudioError=PortAudioError,
        check_input_settings=card.check,
        query_devices=card.query,
        RawInputStream=card.open,
    )
    return module
