"""Injected randomness for a session under test: a fixed cycle of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Draws:
    """Cycles through ``draws``."""

    def __init__(self, draws: Sequence[float]) -> None:
        self._draws = tuple(draws)
        self._turn = 0

    def __call__(self) -> float:
        """The next number."""
        self._turn += 1
        return self._draws[self._turn % len(self._draws)]

    def __iter__(self) -> Iterator[float]:
        return iter(self._draws)
