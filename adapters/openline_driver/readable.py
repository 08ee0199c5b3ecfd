"""What can be read of a driver, at any moment and without an effect on it."""

from __future__ import annotations

from openline.session import SessionMachine
from openline.updates import Ended, State, Statistics, Transcript
from openline_driver.translation import Translation


class Readable:
    """The present state of a session. A driver owns the machine and the translation."""

    _machine: SessionMachine
    _translation: Translation

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._machine.state

    @property
    def over(self) -> bool:
        """Whether the session has ended. Its last effects may still be queued."""
        return self._machine.ended

    @property
    def ended(self) -> Ended | None:
        """The result, from the moment that it lies in ``updates``."""
        return self._translation.ended

    @property
    def transcript(self) -> tuple[Transcript, ...]:
        """The finals so far, in order of session time."""
        return self._machine.transcript

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        return self._machine.statistics

    def has_room(self, source: str) -> bool:
        """Whether ``source``, if it can wait, as a file can, should deliver more now."""
        return self._machine.has_room(source)
