"""Sources of audio, each brought to 16 kHz mono.

`FileSource` plays a recording, `PcmSource` reads raw PCM from a descriptor, `StreamSource` takes it
from an iterable, `Microphone` captures from a device and `SystemAudio` what an output plays
(`DevicePolicy` says what becomes of them while the device is away), and `PushSource` takes audio
that the app captures itself. `Source`, `Sink`, `DeviceSink` and `Holding` are their protocols, for
a source of your own.

Importing this package is cheap: each class is imported on first use. The converter needs
numpy, which loads slower than everything else and which ``openline[blocking]`` alone does not
install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openline_audio.source import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    DeviceSink,
    Holding,
    Sink,
    Source,
    SourceError,
)
from openline_driver.exports import Exports

if TYPE_CHECKING:
    from openline_audio.devices import DevicePolicy
    from openline_audio.handover import SourceClosedError
    from openline_blocking.sources.files import FileSource
    from openline_blocking.sources.microphone import Microphone, SystemAudio
    from openline_blocking.sources.pcm import PcmSource
    from openline_blocking.sources.pushed import PushSource
    from openline_blocking.sources.streamed import StreamSource

__all__ = [
    "FRAME_SAMPLES",
    "SAMPLE_RATE",
    "DevicePolicy",
    "DeviceSink",
    "FileSource",
    "Holding",
    "Microphone",
    "PcmSource",
    "PushSource",
    "Sink",
    "Source",
    "SourceClosedError",
    "SourceError",
    "StreamSource",
    "SystemAudio",
]

_EXPORTS = Exports(
    __name__,
    {
        "openline_blocking.sources.files": ("FileSource",),
        "openline_blocking.sources.microphone": ("Microphone", "SystemAudio"),
        "openline_blocking.sources.pcm": ("PcmSource",),
        "openline_blocking.sources.pushed": ("PushSource",),
        "openline_blocking.sources.streamed": ("StreamSource",),
        "openline_audio.devices": ("DevicePolicy",),
        "openline_audio.handover": ("SourceClosedError",),
    },
    extra=("numpy", "soundfile", "soxr"),
    needs='audio needs more packages: pip install "openline[audio]"',
)
__getattr__ = _EXPORTS.get
__dir__ = _EXPORTS.names(globals(), __all__)
