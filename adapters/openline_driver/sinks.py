"""What the sources of a session deliver to, and how a stop takes from them what they hold.

A source is the app's, or a device's. Whatever it raises is reported as the loss of that source, and
goes no further. ``flush`` delivers what a source holds through the same sink as its task, even
before that task has begun: so a stop overtakes no audio.

A device that is muted, or that this program may not use, gives zeros and no error. So a source that
captures live and gives nothing but zeros from its start is reported, once. An output that plays
nothing gives zeros too, and nothing is wrong with it: such a source sets ``may_be_silent``.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from openline.events import (
    AudioCaptured,
    CaptureHole,
    DeviceFound,
    DeviceLost,
    Event,
    SilenceHeard,
    SourceKind,
    SourceStarted,
)
from openline.session import LocalProtocolError
from openline_audio.samples import as_pcm, level
from openline_audio.source import SAMPLE_RATE, Holding, Source
from openline_driver.facts import Fact, SourceRaised

Feed: TypeAlias = Callable[[Event | Fact], None]
#: Waits for room for audio of the source with this name.
Room: TypeAlias = Callable[[str], Coroutine[Any, Any, None]]
#: Sends audio of the source with this name at once; False: it did nothing, so ``feed`` it.
Relay: TypeAlias = Callable[[str, bytes], bool]
#: Samples of digital silence from the start that are reported: 10 s. No microphone that captures is
#: so quiet, for its converter has a noise of its own.
_SILENT: Final = 10 * SAMPLE_RATE


def _not_at_once(_name: str, _pcm: bytes, /) -> bool:
    return False


class SessionSink:
    """The sink of the source ``name``. Each method raises LocalProtocolError for what cannot be.

    ``is_watched``: the source is reported where it is muted.
    """

    def __init__(
        self, feed: Feed, room: Room, name: str, *, is_watched: bool, relay: Relay = _not_at_once
    ) -> None:
        self._feed = feed
        self._relay = relay
        self._name = name
        #: Whether it has given nothing but silence so far, and has not been reported.
        self.may_be_mute = is_watched
        self._silent = 0  # samples of silence from the start
        self._zeros = b""  # as many as the last audio had
        #: Waits until the session would rather have more.
        self.room = partial(room, name)
        self.frame = b""  #: the last one

    def started(self, at: float) -> None:
        """The first sample was captured at ``at``, a finite time."""
        self._feed(SourceStarted(self._name, at))

    def audio(self, pcm: bytes) -> None:
        """Whole 16-bit samples were captured."""
        if type(pcm) is not bytes:
            try:
                pcm = as_pcm(pcm)
            except TypeError as exc:
                raise LocalProtocolError(str(exc)) from None
        if not self._relay(self._name, pcm):
            self._feed(AudioCaptured(self._name, pcm))
        self.frame = pcm
        if self.may_be_mute:
            self._note_silence(pcm)

    def hole(self, samples: int) -> None:
        """``samples``, 0 or more, could not be captured."""
        self._feed(CaptureHole(self._name, samples))

    def held(self, device: str, reason: str) -> None:
        """The device is away, and the source waits."""
        self._feed(DeviceLost(self._name, device, reason))

    def changed(self, device: str, reason: str) -> None:
        """From here on the audio comes from ``device``."""
        self._feed(DeviceFound(self._name, device, reason))

    def _note_silence(self, pcm: bytes) -> None:
        self._silent += len(pcm) // 2
        if len(pcm) != len(self._zeros):
            self._zeros = bytes(len(pcm))
        if pcm != self._zeros:
            self.may_be_mute = False
        elif self._silent >= _SILENT:
            self.may_be_mute = False
            self._feed(SilenceHeard(self._name, self._silent / SAMPLE_RATE))


class Sinks:
    """The sources of a session, by name, and their sinks. The functions are the session's own."""

    def __init__(
        self,
        feed: Feed,
        room: Room,
        sources: Mapping[str, Source],
        relay: Relay = _not_at_once,
    ) -> None:
        self.feed = feed
        self.sources = dict(sources)
        self.sinks = {
            name: SessionSink(feed, room, name, is_watched=_is_watched(source), relay=relay)
            for name, source in sources.items()
        }

    def flush(self) -> None:
        """Have the sources deliver what they hold; they take no more then."""
        for name, source in self.sources.items():
            if isinstance(source, Holding):
                try:
                    source.flush(self.sinks[name])
                except Exception as exc:  # noqa: BLE001  # an app's source may raise anything
                    self.feed(SourceRaised(name, exc))

    def level(self, name: str) -> float:
        """The level of a source's last frame; 0.0 where there is none."""
        return level(self.sinks[name].frame) if name in self.sinks else 0.0


def _is_watched(source: Source) -> bool:
    """Whether it captures as time passes, and digital silence shows that something is wrong."""
    kind, silent = (
        getattr(source, "kind", SourceKind.DEVICE),
        getattr(source, "may_be_silent", False),
    )
    return kind is SourceKind.DEVICE and not silent
