"""What a backend hears on one connection: words, where they lie, and how far it has come.

Audio arrives in the wire's form and is looked at in blocks of 10 ms: the value in the middle of a
block tells its word. A word counts as heard if three fifths of it were sent; less is a splinter
that no recogniser could name.
"""

from __future__ import annotations

from array import array
from typing import Final, NamedTuple

from openline.dialects.traits import AudioForm, Encoding
from openline_testing.promise.speaker import RATE, Speaker, number_at

#: Seconds of a block.
BLOCK: Final = 0.01
#: The part of a word that has to be heard.
_ENOUGH: Final = 0.6


class Told(NamedTuple):
    """A word as it was heard: its text, and its seconds on this connection."""

    text: str
    start: float
    end: float


class Ear:
    """The audio of one connection, as blocks: the number of a word, or 0."""

    def __init__(self, speaker: Speaker, form: AudioForm) -> None:
        self._lengths = {each.number: each.end - each.start for each in speaker.words}
        self._form = form
        self._rest = b""
        self.blocks: list[int] = []

    @property
    def seconds(self) -> float:
        """Seconds received."""
        width = 4 if self._form.encoding is Encoding.F32LE else 2
        return len(self.blocks) * BLOCK + len(self._rest) / width / self._form.rate

    def hear(self, data: bytes) -> None:
        """A message of audio arrived."""
        is_float = self._form.encoding is Encoding.F32LE
        length = round(self._form.rate * BLOCK)
        size = length * (4 if is_float else 2)
        self._rest += data
        whole = len(self._rest) // size * size
        middles = array("f" if is_float else "h", self._rest[:whole])[length // 2 :: length]
        self._rest = self._rest[whole:]
        full = 32768 if is_float else 1
        self.blocks += [number_at(middle * full) if middle else 0 for middle in middles]

    def words(self, start: float, end: float) -> list[Told]:
        """The words that end within [start, end), and were heard well enough."""
        found: list[Told] = []
        at, stop = round(start / BLOCK), min(round(end / BLOCK), len(self.blocks))
        while at < stop:
            number, begin = self.blocks[at], at
            while at < stop and self.blocks[at] == number:
                at += 1
            if number in self._lengths:
                heard = (at - begin) * BLOCK * RATE
                if heard >= _ENOUGH * self._lengths[number]:
                    found.append(Told(f"w{number}", begin * BLOCK, at * BLOCK))
        return found

    def pause_before(self, end: float, least: float, after: float) -> float | None:
        """The beginning of the last silence of ``least`` seconds in [after, end), or None."""
        stop, run = min(round(end / BLOCK), len(self.blocks)), 0
        for at in range(stop - 1, round(after / BLOCK) - 1, -1):
            run = run + 1 if self.blocks[at] == 0 else 0
            if run * BLOCK >= least:
                return at * BLOCK
        return None

    def is_silent(self, start: float, end: float) -> bool:
        """Whether there is no word in [start, end)."""
        return not any(self.blocks[round(start / BLOCK) : round(end / BLOCK)])
