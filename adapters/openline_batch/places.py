"""Where transcripts go: each recording has a file of its own, also if batches share a spool.

A place is that of the first recording that has it, for ever. Another one of the same name gets the
beginning of its key in the name. So no transcript is written over by one of another recording.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from openline_batch.ledger import Ledger, Outcome
from openline_batch.recordings import Recording, shown

#: Letters of a key in a name.
_SHORT: Final = 8


class Places:
    """The places of the transcripts of a batch. ``place`` gives the one that is wanted."""

    def __init__(self, ledger: Ledger, place: Callable[[Recording, str], Path]) -> None:
        self._ledger = ledger
        self._place = place
        self._absent: list[Outcome] = []
        self._elsewhere: list[Outcome] = []

    def take(self, recording: Recording, key: str) -> Path:
        """The place for a recording, which is now its own. Raises OSError."""
        wanted = self._place(recording, key)
        return wanted if self._ledger.take_place(wanted, key) else _marked(wanted, key)

    def checked(self, recording: Recording, done: Outcome) -> Outcome:
        """The outcome of an earlier run, without its transcript if that is not there any more."""
        if done.transcript is None:
            return done
        there = Path(done.transcript)
        if not there.exists():
            self._absent.append(done)
            return replace(done, transcript=None)
        wanted = self._place(recording, done.id)
        if there not in {wanted, _marked(wanted, done.id)}:
            self._elsewhere.append(done)
        return done

    def remarks(self) -> list[str]:
        """A line for each thing that is not as wanted with what earlier runs did."""
        return [
            f"done before, and {what}: {len(found)} recordings, the first {shown(found[0].name)} "
            f"({shown(found[0].transcript or '')}); with another spool they are done again"
            for what, found in (
                ("its transcript is not there", self._absent),
                ("its transcript is in another place or format", self._elsewhere),
            )
            if found
        ]


def _marked(path: Path, key: str) -> Path:
    return path.with_name(f"{path.stem}.{key[:_SHORT]}{path.suffix}")
