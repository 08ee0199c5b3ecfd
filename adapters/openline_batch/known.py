"""Which files a batch knows already: from earlier runs, and from another line of its manifest.

A file that looks as it did is not read again, so a batch of which all is done begins at once. A
file that goes by two names, as a link does, is one recording; with an id of its own it is another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeAlias

from openline_batch.identity import look, marks_of
from openline_batch.ledger import Outcome
from openline_batch.recordings import Recording

#: What an outcome is of, but for the content: path, given id, marks.
Work: TypeAlias = tuple[str, str | None, str]


class Known:
    """What is known of files. ``outcomes`` are those of earlier runs."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._outcomes: dict[Work, list[Outcome]] = {}
        for each in sorted(outcomes, key=lambda each: each.changed_ns):
            self._outcomes.setdefault((each.path, each.given, each.marks), []).append(each)
        self._names: dict[tuple[int, int, str], str] = {}

    def outcome(self, recording: Recording) -> Outcome | None:
        """The outcome of a file that has not changed since, or is gone since. Raises OSError."""
        known = self._outcomes.get((recording.path, recording.id, marks_of(recording)))
        if known is None:
            return None
        try:
            there = look(recording)
        except FileNotFoundError:
            return known[-1]
        return next(
            (each for each in known if there == (each.size, each.changed_ns, each.status_ns)), None
        )

    def twin(self, recording: Recording) -> str | None:
        """The name by which the same file was asked for before, if it was. It never raises."""
        if recording.id is not None:
            return None
        try:
            status = os.stat(recording.path)
        except OSError:
            return None
        file = (status.st_dev, status.st_ino, marks_of(recording))
        first = self._names.setdefault(file, recording.name)
        return None if first is recording.name else first
