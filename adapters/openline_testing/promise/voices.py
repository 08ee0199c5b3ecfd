"""The finals of a backend whose finals come in disorder: two speakers, and decoders in parallel.

It is as bad as ``Traits.disorder`` allows: a final that is still to come begins so long before the
latest end at most. So each utterance is divided between two speakers, word by word, and either one
is told first; and a final is kept back for as long as that holds.

A final that begins within the disorder may be said again, in better words (``may_revise``).

An example, with a disorder of 3 s. The words are w1 0.0 to 0.5, w2 0.6 to 1.0 and w3 1.1 to 1.6.
"w1 w3", 0.0 to 1.6, is told; "w2" may follow when all ends that were told are at most 3.6.
"""

from __future__ import annotations

from random import Random

from openline_testing.promise.recognizer import Told


class Voices:
    """The finals of one connection that are kept back. Times are its seconds."""

    def __init__(self, rng: Random, disorder: float) -> None:
        self._rng, self._disorder = rng, disorder
        self.latest = 0.0  # the latest end that was told
        self._kept: list[list[Told]] = []

    def tell(self, words: list[Told]) -> list[list[Told]]:
        """The finals to tell now that these words are decided."""
        told: list[list[Told]] = []
        for final in self._divided(words):
            if self._rng.random() < 0.5:
                self._kept.append(final)
            else:
                told += [*self.silence(final[-1].end), final]
                self.latest = max(self.latest, final[-1].end)
        return told

    def silence(self, end: float) -> list[list[Told]]:
        """The finals to tell before anything is told that ends at ``end``.

        Those that were decided later begin in time behind each that was decided earlier.
        """
        told: list[list[Told]] = []
        latest = max(self.latest, end)
        while any(each[0].start < latest - self._disorder for each in self._kept):
            told.append(self._kept.pop(0))
            latest = max(latest, told[-1][-1].end)
        self.latest = latest
        return told

    def due(self, position: float) -> list[list[Told]]:
        """The finals that begin before ``position``: for the horizon they are due."""
        told: list[list[Told]] = []
        while any(each[0].start < position for each in self._kept):
            told.append(self._kept.pop(0))
            self.latest = max(self.latest, told[-1][-1].end)
        return told

    def may_revise(self, words: list[Told]) -> bool:
        """Whether this final may be said twice: nothing before its beginning is settled yet."""
        latest = max(self.latest, words[-1].end)
        return words[0].start >= latest - self._disorder and self._rng.random() < 0.3

    def rest(self) -> list[list[Told]]:
        """All that is kept back."""
        kept, self._kept = self._kept, []
        return kept

    def _divided(self, words: list[Told]) -> list[list[Told]]:
        """The words of two speakers, in the order in which their finals are decided."""
        one: list[Told] = []
        two: list[Told] = []
        for word in words:
            (one if self._rng.random() < 0.5 else two).append(word)
        if not one or not two:
            return [words]
        # The one that is told last begins in time.
        early = one[-1].end - self._disorder
        one = sorted([*one, *(word for word in two if word.start < early)], key=_start)
        two = [word for word in two if word.start >= early]
        return [one, two] if two else [one]


def _start(word: Told) -> float:
    return word.start
