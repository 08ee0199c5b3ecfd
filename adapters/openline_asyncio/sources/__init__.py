"""Sources of audio, each brought to 16 kHz mono.

`FileSource` plays a recording, `PcmSource` reads raw PCM from a descriptor, `StreamSource` takes it
from an async iterable, `Microphone` captures from a device, and `PushSource` takes audio that the
app captures itself. `Source`, `Sink` and `Holding` are their protocols, for a source of your own.

Importing this package is cheap: each class is imported on first use. The converter needs
numpy, which loads slower than everything else and which ``openline[asyncio]`` alone does not
install.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, Holding, Sink, Source, SourceError

if TYPE_CHECKING:
    from openline_asyncio.sources.files import FileSource
    from openline_asyncio.sources.microphone import Microphone
    from openline_asyncio.sources.pcm import PcmSource
    from openline_asyncio.sources.pushed import PushSource
    from openline_asyncio.sources.streamed import StreamSource
    from openline_audio.handover import SourceClosedError

__all__ = [
    "FRAME_SAMPLES",
    "SAMPLE_RATE",
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
]

#: The packages of the extra: only where one of them is missing, the extra is the advice.
_EXTRA = ("numpy", "soundfile", "soxr")
_LAZY = {
    "FileSource": "openline_asyncio.sources.files",
    "Microphone": "openline_asyncio.sources.microphone",
    "PcmSource": "openline_asyncio.sources.pcm",
    "PushSource": "openline_asyncio.sources.pushed",
    "SourceClosedError": "openline_audio.handover",
    "StreamSource": "openline_asyncio.sources.streamed",
}


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        from openline_driver.version import advice  # noqa: PLC0415  # only now: it costs time

        note = advice(error, _EXTRA, 'audio needs more packages: pip install "openline[audio]"')
        if note:
            error.add_note(note)
        raise


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
