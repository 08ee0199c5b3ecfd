"""``openline devices``: the microphones, and the outputs whose audio can be captured.

Each line begins with the word that ``openline stream`` takes for it; a star marks the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from openline_audio.devices import Device
from openline_audio.finding import list_devices
from openline_audio.source import SourceError
from openline_cli.inputs import MIC, SYSTEM
from openline_cli.problems import FAILED, Problem, printable

_MONITOR: Final = ".monitor"
_NONE: Final = (
    "There is no device to capture from. On Linux, see that PulseAudio or PipeWire runs for this "
    "user.\n"
)


def show(*, json: bool) -> str:
    """The text to print. Raises Problem if no device can be listed."""
    try:
        devices = list_devices()
    except SourceError as error:
        raise Problem(str(error), status=FAILED) from None
    ordered = sorted(devices, key=lambda each: (each.is_monitor, not each.is_default, each.name))
    if json:
        return "".join(f"{msgspec.json.encode(_as_data(each)).decode()}\n" for each in ordered)
    lines: list[str] = []
    for title, is_monitor in (("Microphones", False), ("System audio", True)):
        of_kind = [each for each in ordered if each.is_monitor is is_monitor]
        if of_kind:
            lines += [title, *_table(of_kind), ""]
    if not lines:
        return _NONE
    lines.append("To stream one: openline stream WORD. A star marks the default: mic: or system:.")
    return "".join(f"{line}\n" for line in lines)


def _table(devices: Sequence[Device]) -> list[str]:
    words = [printable(_word(each)) for each in devices]
    width = max(map(len, words))
    return [
        f"{'*' if each.is_default else ' '} {word:<{width}}  {each.rate:>6} Hz  "
        f"{each.channels} ch  {printable(each.description)}"
        for word, each in zip(words, devices, strict=True)
    ]


def _word(device: Device) -> str:
    if device.is_monitor:
        return f"{SYSTEM}:{device.name.removesuffix(_MONITOR)}"
    return f"{MIC}:{device.name}"


def _as_data(device: Device) -> dict[str, Any]:
    return {
        "file": _word(device),
        "name": device.name,
        "description": device.description,
        "rate": device.rate,
        "channels": device.channels,
        "monitor": device.is_monitor,
        "default": device.is_default,
    }
