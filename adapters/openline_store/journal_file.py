"""A session's journal in a file: each line of a ``Recorder`` is appended at once.

Only this user can read the file, because it holds the transcript, and it is locked while a
session writes it. Existing journals in it stay. A last line without a newline is a partial write
and is cut first, so that the new lines can be read. A file with any other content is refused and
not changed. Nothing here raises into a capture path: the first failed write is reported once,
and from then on nothing is written. The core does not depend on its journal, so the report goes
directly to the session.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from openline.journal.reader import JournalError, check_start
from openline.journal.recorder import Recorder
from openline.text import os_reason
from openline_store.locks import check_locks, lock
from openline_store.spool import close_quietly, write_all

_BLOCK: Final = 1 << 16
#: The longest opening, in bytes (it holds the finals of a resumed session).
_LONGEST: Final = 1 << 24
_WHAT: Final = "a journal"


def journal_file(path: str | os.PathLike[str] | None, *, keep_audio: bool) -> JournalFile | None:
    """The requested journal, or None. Raises ValueError for ``keep_audio`` without a path."""
    if keep_audio and path is None:
        raise ValueError("journal_audio without a journal: give a file as the journal as well")
    return None if path is None else JournalFile(Path(path), keep_audio=keep_audio)


@contextmanager
def opened(journal: JournalFile | None) -> Generator[None]:
    """Open the journal if there is one, and close it if the block raises. Raises JournalError."""
    if journal is None:
        yield
        return
    journal.open()
    try:
        yield
    except BaseException:
        journal.close()
        raise


class JournalFile:
    """A journal of one session. ``report(kind, text)`` is called once, if a write fails."""

    def __init__(self, path: Path, *, keep_audio: bool = False) -> None:
        self.report: Callable[[str, str], None] = _ignore
        self._path = path
        self._keep_audio = keep_audio
        self._fd: int | None = None
        self._early: list[bytes] | None = []  # lines written before the file is open

    def open(self) -> None:
        """Open the file and write the queued lines. Raises JournalError."""
        self._fd = _opened(self._path)
        early, self._early = self._early or [], None
        for line in early:
            self.write(line)

    @property
    def observer(self) -> Recorder:
        """The observer for the session's machine; it writes to this file."""
        return Recorder(self.write, keep_audio=self._keep_audio)

    def write(self, line: bytes) -> None:
        """Append a line, unless a write has failed before."""
        if self._early is not None:
            self._early.append(line)
        if self._fd is None:
            return
        try:
            write_all(self._fd, line)
        except OSError as exc:
            self.close()
            self.report("journal", f"the journal cannot be written any more: {os_reason(exc)}")

    def close(self) -> None:
        """Close the file. Idempotent."""
        fd, self._fd = self._fd, None
        if fd is not None:
            close_quietly(fd)


def _opened(path: Path) -> int:
    """Open a file for one more journal: locked, without a torn line. Raises JournalError."""
    try:
        check_locks(_WHAT)
    except OSError as exc:
        raise JournalError(f"{path}: {os_reason(exc)}: leave the journal out") from None
    try:
        # Checked before it is opened: opening a pipe would wake a process that waits at it.
        strange = path.exists() and not path.is_file() and not path.is_dir()
        fd = -1 if strange else os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as exc:
        raise JournalError(f"{path}: {os_reason(exc)}: give a file to write to") from None
    if strange:
        raise JournalError(f"{path}: is not a regular file: give a file to write to")
    try:
        lock(fd, _WHAT)
        with os.fdopen(fd, "rb", closefd=False) as file:
            check_start(file.readline(_LONGEST))
        _cut(fd)
    except (OSError, JournalError) as exc:
        close_quietly(fd)
        if isinstance(exc, JournalError):
            why = f"{exc}: give a new file, or one of journals"
        elif isinstance(exc, BlockingIOError):
            why = "another session writes it: give another"
        else:
            why = f"{os_reason(exc)}: give a regular file"
        raise JournalError(f"{path}: {why}") from None
    return fd


def _cut(fd: int) -> None:
    """Cut off everything behind the last whole line."""
    size = whole = os.fstat(fd).st_size
    while whole > 0:
        start = max(0, whole - _BLOCK)
        newline = os.pread(fd, whole - start, start).rfind(b"\n")
        if newline >= 0:
            whole = start + newline + 1
            break
        whole = start
    if whole < size:
        os.ftruncate(fd, whole)


def _ignore(_kind: str, _text: str) -> None:
    """Report nothing, because there is no session yet."""
