"""What is done and what is not, as files in the spool of a batch, which machines may share.

    words/ID.json.gz   the result of its session, with all words; kept before it is used
    outcomes/ID.json   what became of a recording; written once and whole, by its worker
    sessions/ID/       the spool of its session, until it is complete
    claims/, owners/   who is doing what now (``leases``)
    places/            whose transcript a path is (``places``)
    results.jsonl      the results of all recordings, for people and programs

The outcome decides: a recording that has one is in the report once, however many processes tried,
and is never done again, unless its transcript is lost and its words are lost too. As long as they
are there, a transcript is written from them, in any format. All else can be lost, and costs no more
than doing a part again.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import zlib
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import msgspec

from openline.text import os_reason
from openline.updates import Ended
from openline_batch.files import decode, encode, write_new, write_over
from openline_batch.identity import Identity, marks_of
from openline_batch.recordings import Recording
from openline_store.spool import folder_name

COMPLETE: Final = "complete"
INCOMPLETE: Final = "incomplete"
FAILED: Final = "failed"
OPEN: Final = "open"
_FOLDERS: Final = ("words", "outcomes", "sessions", "claims", "owners", "places")
_SUFFIX: Final = ".json"


class LedgerError(Exception):
    """The spool of a batch cannot be used; the text is one line."""


class Missing(msgspec.Struct, frozen=True):
    """Audio that was not transcribed: seconds from ``start`` to ``end``, of which ``seconds``."""

    start: float
    end: float
    seconds: float
    cause: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a recording.

    ``state`` is ``complete``, ``incomplete`` (transcribed, but for gaps or a part of the file that
    cannot be read), ``failed`` (nothing was transcribed) or ``open`` (it is not done yet: the same
    command does it). ``reason`` is one line. ``seconds`` of audio were sent. ``size``,
    ``changed_ns`` and ``status_ns`` are those of the file at ``path``, which is absolute; ``marks``
    is what else makes it the same piece of work. ``id`` is its key (``identity``), ``given`` the id
    in the manifest, which gave it the ``labels``.
    ``transcript`` is the path of its transcript; ``copies`` are others, in another format or place.
    ``unstored``: nothing can be written, as on a full disk.
    """

    id: str
    name: str
    path: str = ""
    given: str | None = None
    state: str
    reason: str = ""
    seconds: float = 0.0
    words: int = 0
    missing: tuple[Missing, ...] = ()
    untold: int = 0
    dials: int = 0
    transcript: str | None = None
    copies: tuple[str, ...] = ()
    unstored: bool = False
    marks: str = ""
    size: int = -1
    changed_ns: int = -1
    status_ns: int = -1
    labels: dict[str, Any] = {}  # msgspec copies it

    @property
    def is_settled(self) -> bool:
        """Whether the recording is over, complete or not."""
        return self.state != OPEN


def outcome_of(recording: Recording, identity: Identity, state: str, reason: str = "") -> Outcome:
    """The outcome of a recording of which nothing was sent."""
    return Outcome(
        id=identity.key,
        name=recording.name,
        path=recording.path,
        given=recording.id,
        state=state,
        reason=reason,
        marks=marks_of(recording),
        size=identity.size,
        changed_ns=identity.changed_ns,
        status_ns=identity.status_ns,
        labels=recording.labels,
    )


class Ledger:
    """The spool of a batch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sessions = root / "sessions"
        self.claims = root / "claims"
        self.owners = root / "owners"
        self._words = root / "words"
        self._outcomes = root / "outcomes"
        self._places = root / "places"

    def prepare(self) -> None:
        """Make the folders, for their owner alone. Raises LedgerError if it cannot be used."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in _FOLDERS:
                (self.root / name).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise LedgerError(
                f"{self.root}: {os_reason(error)}: give a directory to write to"
            ) from None

    def outcome(self, key: str) -> Outcome | None:
        """What became of a recording; None: it is not done. Raises LedgerError, one line."""
        path = self._path(key)
        try:
            return decode(path.read_bytes(), Outcome)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LedgerError(f"{path}: {os_reason(error)}") from None
        except ValueError as error:
            raise LedgerError(f"{path}: it is damaged ({error}): delete it") from None

    def outcomes(self) -> list[Outcome]:
        """All that became of recordings. Raises LedgerError, one line."""
        try:
            names = sorted(os.listdir(self._outcomes))
        except OSError as error:
            raise LedgerError(f"{self._outcomes}: {os_reason(error)}") from None
        keys = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
        found = [self.outcome(key) for key in keys if not key.startswith(".")]
        return [each for each in found if each is not None]

    def settle(self, outcome: Outcome) -> Outcome:
        """Store an outcome, unless there is one; the one that counts. Raises OSError."""
        if write_new(self._path(outcome.id), encode(outcome)):
            return outcome
        return self.outcome(outcome.id) or outcome

    def amend(self, outcome: Outcome) -> None:
        """Store an outcome over the one that is there: its transcript has another copy. OSError."""
        write_over(self._path(outcome.id), encode(outcome))

    def keep(self, key: str, ended: Ended) -> None:
        """Keep the result of a session, to write its transcript from. Raises OSError."""
        write_over(self._kept(key), gzip.compress(encode(ended), mtime=0))

    def kept(self, key: str) -> Ended | None:
        """The result of a session; None: it is not there, or damaged. Raises OSError."""
        try:
            data = self._kept(key).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return decode(gzip.decompress(data), Ended)
        except (ValueError, EOFError, gzip.BadGzipFile, zlib.error):
            return None

    def take_place(self, transcript: Path, key: str) -> bool:
        """Give the path of a transcript to a recording, unless another has it. Raises OSError.

        On some disks names that differ in case, or in how an accent is written, are one name.
        """
        path = os.fsencode(normalize("NFC", str(transcript).casefold()))
        file = self._places / hashlib.blake2b(path, digest_size=16).hexdigest()
        return write_new(file, key.encode()) or file.read_bytes() == key.encode()

    def forget(self, outcome: Outcome) -> None:
        """Have a recording done again, from its beginning. Raises OSError."""
        self.clear(outcome.id)
        self._kept(outcome.id).unlink(missing_ok=True)
        self._path(outcome.id).unlink(missing_ok=True)

    def clear(self, key: str) -> None:
        """Delete what the session of a recording that is over has left."""
        shutil.rmtree(self.spool(key), ignore_errors=True)

    def sweep(self) -> None:
        """Delete what sessions left whose workers died when all was done. Raises OSError."""
        for name in os.listdir(self.sessions):
            if self._path(name).exists():
                self.clear(name)

    def spool(self, key: str) -> Path:
        """The folder of its session."""
        return self.sessions / folder_name(key)

    def _kept(self, key: str) -> Path:
        return self._words / f"{key}.json.gz"

    def _path(self, key: str) -> Path:
        return self._outcomes / f"{key}{_SUFFIX}"
