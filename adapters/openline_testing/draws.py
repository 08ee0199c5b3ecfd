"""Injected randomness for a session under test: the same few numbers, over and over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Draws:
    """Injected randomness: ``draws``, over and over."""

    def __init__(self, draws: Sequence[float]) -> None:
        self._draws = tuple(draws)
        self._turn = 0

    def __call__(self) -> float:
        """The next one."""
        self._turn += 1
        return self._draws[self._turn % len(self._draws)]

    def __iter__(self) -> Iterator[float]:
        return iter(self._draws)
