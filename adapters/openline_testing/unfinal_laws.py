"""The law of words that are left: a partial that stands when the backend ends is reported.

The backend has processed all audio and ends the session. So no later dial makes the words final,
and the session is not complete. An abort leaves words open by intent, and a loss retracts those
whose audio is sent again: neither is reported.
"""

from __future__ import annotations

from openline.events import AbortRequested
from openline.updates import Ended, State
from openline_testing.laws import broken
from openline_testing.observation import Observation
from openline_testing.word_laws import WordLaws


class UnfinalLaws:
    """Counts the live partials before each event, and the reports in it."""

    __slots__ = ("_left", "_reported", "_seen", "_words")

    def __init__(self, seen: Observation, words: WordLaws) -> None:
        self._seen = seen
        self._words = words
        self._left = self._reported = 0

    def happened(self) -> None:
        """After the event was noted, before its commands."""
        open_now = [each for each in self._seen.sources if self._words.partial(each) is not None]
        self._left, self._reported = len(open_now), 0

    def reported(self) -> None:
        """The last words of a source are reported as never final."""
        self._reported += 1

    def ends(self, ended: Ended) -> None:
        """Check that each partial that was left is reported and counted."""
        is_proper = ended.state is State.CLOSED and not isinstance(self._seen.event, AbortRequested)
        left = self._left if is_proper else self._reported
        counted = ended.statistics.unfinal
        if not left == self._reported == counted:
            what = f"{left} are left, {self._reported} were reported, {counted} are counted"
            broken("partials end", what, self._seen.now)
