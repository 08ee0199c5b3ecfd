"""Where transcripts go: each recording has a file of its own, also if batches share a spool.

A place is that of the first recording that has it, for ever. Another one of the same name gets the
beginning of its key in the name, and so does one whose place is a folder. So no transcript is
written over by one of another recording.

What earlier runs did is written again from the words that were kept, where it is not there any
more, or is wanted in another place or format.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from msgspec.structs import replace

from openline.updates import Ended
from openline_batch.ledger import Ledger, Outcome
from openline_batch.recordings import Recording, shown

#: Letters of a key in a name.
_SHORT: Final = 8
#: Writes a transcript: it gets the path and the result, and raises OSError.
Write: TypeAlias = Callable[[Path, Ended], None]


class Places:
    """The places of the transcripts of a batch. ``place`` gives the one that is wanted."""

    def __init__(
        self, ledger: Ledger, place: Callable[[Recording, str], Path], write: Write
    ) -> None:
        self._ledger = ledger
        self._place = place
        self._write = write
        self._elsewhere: list[Outcome] = []
        self._again: list[Outcome] = []

    def take(self, recording: Recording, key: str) -> Path:
        """The place for a recording, which is now its own. Raises OSError."""
        wanted = self._place(recording, key)
        is_free = not wanted.is_dir() and self._ledger.take_place(wanted, key)
        return wanted if is_free else _marked(wanted, key)

    def checked(self, recording: Recording, done: Outcome) -> Outcome | None:
        """The outcome of an earlier run, with its transcript, which is written again if need be.

        None: it is not there, and its words are not there. Raises OSError: it cannot be written.
        """
        if done.transcript is None:
            return done
        wanted = self.take(recording, done.id)
        written = (done.transcript, *done.copies)
        if str(wanted) in written and wanted.exists():
            return replace(done, transcript=str(wanted))
        ended = self._ledger.kept(done.id)
        if ended is None:
            there = next((each for each in written if Path(each).exists()), None)
            if there is None:
                return None
            self._elsewhere.append(replace(done, transcript=there))
            return self._elsewhere[-1]
        put(self._write, wanted, ended)
        others = tuple(each for each in written if each != str(wanted))
        made = replace(done, transcript=str(wanted), copies=others)
        if (made.transcript, made.copies) != (done.transcript, done.copies):
            self._ledger.amend(made)
        self._again.append(made)
        return made

    def remarks(self) -> list[str]:
        """A line for what was written again, and one for what is not as wanted."""
        return [
            f"done before, {what}: {len(found)} recordings, the first {shown(found[0].name)} "
            f"({shown(found[0].transcript or '')}){then}"
            for what, found, then in (
                ("and its transcript is written again from the words that were kept",
                 self._again, ""),
                ("and its transcript is in another place or format, and its words are not kept",
                 self._elsewhere, "; with another spool they are done again"),
            )
            if found
        ]  # fmt: skip


def put(write: Write, path: Path, ended: Ended) -> None:
    """Write a transcript, and make its folder. Raises OSError, which has the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(path, ended)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _marked(path: Path, key: str) -> Path:
    return path.with_name(f"{path.stem}.{key[:_SHORT]}{path.suffix}")
