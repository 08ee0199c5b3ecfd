"""From a client's audio to what the recognisers take: 16 kHz, 16-bit, mono.

``Decoder`` is one stream: it keeps the half sample and the filter's state between pieces, so
that how the audio is cut into messages changes no sample. At 16 kHz nothing is filtered.

Other rates go through a windowed sinc: each output sample is a sum of the inputs around its
place, weighted by sinc times a Hann window, cut off at the lower of the two Nyquist
frequencies (A. V. Oppenheim, R. W. Schafer, *Discrete-Time Signal Processing*, 4.6). The
places repeat after ``step`` outputs, so that the weights are computed once. The filter is
centred: output ``n`` is about the time ``n / 16000``, and the last 16 input samples wait for
those that follow.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from math import ceil, cos, gcd, pi, sin
from operator import mul
from sys import byteorder
from typing import Final, Literal, TypeAlias

from openline.updates import SAMPLE_RATE

Encoding: TypeAlias = Literal["s16le", "f32le", "mulaw", "u8"]

#: Zero crossings of the sinc on each side.
_LOBES: Final = 8
#: Samples that are decoded at once. Resampling takes 10 µs for each, and nothing else goes on then.
MOST_AT_ONCE: Final = 8_192
LEAST_RATE: Final = 8_000
MOST_RATE: Final = 48_000
_SIZES: Final[dict[Encoding, int]] = {"s16le": 2, "f32le": 4, "mulaw": 1, "u8": 1}


class Decoder:
    """Decodes one stream of audio."""

    def __init__(self, encoding: Encoding = "s16le", rate: int = SAMPLE_RATE) -> None:
        """``rate`` in Hz, from 8,000 to 48,000."""
        self._encoding: Encoding = encoding
        self._size = _SIZES[encoding]
        self._rest = b""
        self._resampler = None if rate == SAMPLE_RATE else _Resampler(rate)

    def parts(self, data: bytes) -> list[bytes]:
        """``data`` in pieces to push, at least one, of ``MOST_AT_ONCE`` samples at most.

        All of it, where pushing costs next to nothing.
        """
        most = MOST_AT_ONCE * self._size
        if len(data) <= most or (self._resampler is None and self._encoding == "s16le"):
            return [data]
        return [data[at : at + most] for at in range(0, len(data), most)]

    def push(self, data: bytes) -> bytes:
        """The samples that ``data`` completes."""
        data = self._rest + data
        whole = len(data) - len(data) % self._size
        data, self._rest = data[:whole], data[whole:]
        if self._resampler is None and self._encoding == "s16le":
            return data
        samples = _samples(data, self._encoding)
        return _bytes(samples if self._resampler is None else self._resampler.push(samples))


class _Resampler:
    """Resamples one stream to 16 kHz."""

    def __init__(self, rate: int) -> None:
        common = gcd(rate, SAMPLE_RATE)
        #: Output n is at input n * up / down.
        self._up, self._down = rate // common, SAMPLE_RATE // common
        self._half, self._weights = _filter(self._up, self._down)
        self._held = array("h", bytes(2 * self._half))  # silence before the first sample
        self._held_from = -self._half
        self._next = 0

    def push(self, samples: array[int]) -> array[int]:
        self._held += samples
        held, width = self._held.tolist(), 2 * self._half
        end = self._held_from + len(held)
        # Every output whose last input has come.
        count = max(0, -((self._half - end) * self._down // self._up) - self._next)
        made = [0] * count
        # Each phase makes every down-th output; between two of them lie ``up`` inputs.
        for turn in range(min(self._down, count) if any(held) else 0):  # silence stays silence
            at, phase = divmod((self._next + turn) * self._up, self._down)
            first = at - self._half + 1 - self._held_from
            last = first + len(range(turn, count, self._down)) * self._up
            weights = self._weights[phase]
            made[turn :: self._down] = [
                round(sum(map(mul, weights, held[i : i + width])))
                for i in range(first, last, self._up)
            ]
        self._next += count
        gone = max(0, self._next * self._up // self._down - self._half + 1 - self._held_from)
        del self._held[:gone]
        self._held_from += gone
        return _clamped(made)


@lru_cache(maxsize=16)
def _filter(up: int, down: int) -> tuple[int, tuple[tuple[float, ...], ...]]:
    """How many inputs on each side, and the weights for each phase."""
    cut = min(1.0, down / up)
    half = ceil(_LOBES / cut)
    phases: list[tuple[float, ...]] = []
    for phase in range(down):
        offsets = [phase / down - place for place in range(1 - half, half + 1)]
        weights = [_sinc(cut * x) * (0.5 + 0.5 * cos(pi * x / half)) for x in offsets]
        total = sum(weights)
        phases.append(tuple(weight / total for weight in weights))
    return half, tuple(phases)


def _sinc(x: float) -> float:
    return sin(pi * x) / (pi * x) if x else 1.0


def _clamped(values: list[int]) -> array[int]:
    if values and (max(values) > 32767 or min(values) < -32768):
        values = [max(-32768, min(32767, each)) for each in values]
    return array("h", values)


def _samples(data: bytes, encoding: Encoding) -> array[int]:
    if encoding == "mulaw":
        return array("h", map(_MULAW.__getitem__, data))
    if encoding == "u8":
        return array("h", ((byte - 128) * 256 for byte in data))
    if encoding == "f32le":
        floats = array("f", data)
        if byteorder == "big":
            floats.byteswap()
        # NaN is neither above nor below: it is silence here.
        return _clamped([round(32768 * x) if -2 < x < 2 else 0 for x in floats])
    samples = array("h", data)
    if byteorder == "big":
        samples.byteswap()
    return samples


def _bytes(samples: array[int]) -> bytes:
    if byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _from_mulaw(code: int) -> int:
    """ITU-T G.711, table 2a."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -magnitude if code & 0x80 else magnitude


_MULAW: Final = tuple(map(_from_mulaw, range(256)))
