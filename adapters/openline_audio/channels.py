"""From the channels of a recording to one: a mix, or one of them.

Theory of operation. The mix is the channels' mean. Where one channel is another one turned over
(a balanced cable, a broken headset), the mean cancels what both hold. So the mix is judged in
windows of 20 ms: where the sum of all channels is more than 7 dB below the loudest of them, that
channel is used instead. One party who speaks on one channel gives a sum as loud as the channel,
and two parties at once one that is louder, so a call is always mixed.

Windows lie on a grid from the first sample on. The output depends on the stream alone and not on
the pieces it comes in.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

#: One step of 16-bit audio is 1/32768 of full scale, as libsndfile has it.
FULL_SCALE: Final = 32_768.0
#: Windows in a second.
_WINDOWS: Final = 50
#: The energy of the sum, as a part of the loudest channel's, below which channels cancel: -7 dB.
_CANCELLED: Final = 0.2

#: Samples as they come from a decoder: (frames,) or (frames, channels).
Samples: TypeAlias = "npt.NDArray[np.int16] | npt.NDArray[np.float32]"


def scaled(samples: Samples) -> npt.NDArray[np.float32]:
    """The samples as float32 in [-1, 1]. NaN, which would poison a resampler for good, is 0."""
    if samples.dtype == np.int16:
        return samples.astype(np.float32) / np.float32(FULL_SCALE)
    # Limited before any sum: huge floats would overflow in it.
    limited = np.clip(samples.astype(np.float32), -1.0, 1.0)
    return np.nan_to_num(limited, nan=0.0)


class Mixer:
    """Makes one channel of several, in float32.

    ``rate`` is in Hz, ``channels`` 2 or more. ``cancelled`` counts the frames in which a channel
    was used in place of a mix.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._window = max(1, rate // _WINDOWS)
        self._channels = channels
        self._held = np.zeros((0, channels), np.float32)
        self.cancelled = 0

    def feed(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Take (frames, channels); returns the windows that these complete, mixed."""
        held = np.concatenate([self._held, scaled(samples)])
        whole = len(held) - len(held) % self._window
        self._held = held[whole:].copy()
        return self._mixed(held[:whole], self._window)

    def flush(self) -> npt.NDArray[np.float32]:
        """The rest, shorter than a window."""
        rest, self._held = self._held, self._held[:0]
        return self._mixed(rest, max(1, len(rest)))

    def _mixed(self, frames: npt.NDArray[np.float32], window: int) -> npt.NDArray[np.float32]:
        mixed: npt.NDArray[np.float32] = frames.mean(axis=1, dtype=np.float32)
        if not len(frames):
            return mixed
        windows = frames.astype(np.float64).reshape(-1, window, self._channels)
        energy = np.square(windows).sum(axis=1)
        loudest = energy.argmax(axis=1)
        most = energy[np.arange(len(energy)), loudest]
        total = np.square(windows.sum(axis=2)).sum(axis=1)
        for index in np.flatnonzero(total < _CANCELLED * most):
            start = index * window
            mixed[start : start + window] = windows[index, :, loudest[index]]
            self.cancelled += window
        return mixed
