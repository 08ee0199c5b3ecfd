"""Audio and progress on disk, so that a session outlives its memory and its process.

A session has one folder. The audio of a source lies in files of raw PCM. The name of a file is
the session sample of its first sample, so a position is an offset and no index is needed; a file
is deleted when all of it is confirmed. Progress (finals, gaps, watermarks) lies in a log
(``records``); a record torn by a crash is cut from it. Every write goes to the operating system
at once, so a killed process loses no captured audio; a power failure may lose the last seconds.

The folder is locked while a process uses it. Nothing here raises into a capture path: opening
raises ``SpoolError``, and later failures are ``OSError``, which the session reports as an event.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Generator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from openline.journal.reader import JournalError
from openline.text import os_reason
from openline_store.locks import check_locks, lock
from openline_store.past import Past, past_of
from openline_store.records import VERSION, Began, Confirmed, Record, pack, unpack

#: Bytes of PCM per file: a minute at 16 kHz, 16 bits.
SEGMENT_BYTES: Final = 60 * 32_000
#: The most names of sessions that an error lists.
_SHOWN: Final = 3
_LOG = "log"
_LOCK = "lock"
_WHAT = "a spool"
_SEGMENT = re.compile(r"(?P<source>.+)-(?P<start>\d{15})\.pcm")


class SpoolError(Exception):
    """The folder cannot be used; the text is one line: which, what is wrong, what to do."""


class Spool:
    """One session's folder, open for writing. Raises SpoolError if it holds no session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writing: dict[str, tuple[int, int, int]] = {}  # source: fd, start, bytes
        try:  # first, so that nothing is created in a folder without a session
            self._log = os.open(folder / _LOG, os.O_WRONLY | os.O_APPEND)
        except OSError as exc:
            raise SpoolError(f"{folder}: {os_reason(exc)}: give the folder of a session") from exc
        try:
            self._lock = _lock(folder)
        except SpoolError:
            close_quietly(self._log)
            raise
        try:
            # After locking: without the lock, a torn record may be one that is being written.
            ends = [end for _, end in unpack((folder / _LOG).read_bytes())]
            os.ftruncate(self._log, ends[-1] if ends else 0)
        except OSError as exc:
            self.close()
            raise SpoolError(f"{folder}: {os_reason(exc)}: see that its disk works") from exc

    @classmethod
    def create(cls, directory: Path, began: Began) -> Spool:
        """A new folder for a session. Raises SpoolError."""
        folder = directory / folder_name(began.session_id)
        try:
            check_locks(_WHAT)
        except OSError as exc:
            raise SpoolError(f"{directory}: {os_reason(exc)}: leave the spool out") from None
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if folder.exists():
                raise SpoolError(
                    f"{folder}: this session is there already: "
                    "resume it, or give another session id"
                )
            folder.mkdir(mode=0o700)
            try:
                os.close(os.open(folder / _LOG, os.O_WRONLY | os.O_CREAT, 0o600))
                spool = cls(folder)
            except (SpoolError, OSError):
                _delete(folder)
                raise
            try:
                spool.note(began)
            except BaseException:
                spool.discard()
                raise
        except OSError as exc:
            raise SpoolError(f"{directory}: {os_reason(exc)}: give a folder to write to") from exc
        return spool

    def confirm(self, source: str, position: int) -> None:
        """Store the confirmed position and delete audio before it. Raises OSError."""
        self.note(Confirmed(source, position))
        self.forget(source, position)

    def note(self, record: Record) -> None:
        """Append a record to the log. Raises OSError."""
        write_all(self._log, pack(record))

    def keep(self, source: str, start: int, pcm: bytes) -> None:
        """Append audio that begins at session sample ``start``. Raises OSError."""
        fd, begins, size = self._writing.get(source, (-1, 0, 0))
        if fd < 0 or begins + size // 2 != start or size >= SEGMENT_BYTES:
            if fd >= 0:
                del self._writing[source]
                os.close(fd)  # a network's disk tells here that it has not kept what was written
            path = self.folder / f"{source}-{start:015d}.pcm"
            fd, begins, size = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), start, 0
        self._writing[source] = (fd, begins, size)
        write_all(fd, pcm)
        self._writing[source] = (fd, begins, size + len(pcm))

    def read(self, source: str, start: int, samples: int) -> bytes:
        """At most ``samples`` of audio from ``start``, within one file. Raises OSError."""
        return read_audio(self.folder, source, start, samples)

    def forget(self, source: str, position: int) -> None:
        """Delete the files that lie wholly before ``position``. Raises OSError."""
        for path, begins, samples in segments(self.folder, source):
            writing = self._writing.get(source)
            if begins + samples <= position and (writing is None or writing[1] != begins):
                path.unlink()

    def close(self) -> None:
        """Close the folder and keep it, to be resumed later. Whatever fails, all is closed."""
        for fd, _, _ in self._writing.values():
            close_quietly(fd)
        close_quietly(self._log)
        close_quietly(self._lock)

    def discard(self) -> None:
        """Close the folder and delete it."""
        self.close()
        # If something cannot be deleted now, the next resume finds the session complete.
        _delete(self.folder)


def folder_name(session_id: str) -> str:
    """The name of a session's folder: its id if that is a safe name, else a hash of it.

    The hash has 96 bits: no two of a billion sessions share a folder (of 32 bits, two of 77,000).
    """
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", session_id):
        return session_id
    return f"session-{sha256(session_id.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def segments(folder: Path, source: str) -> list[tuple[Path, int, int]]:
    """The source's files: path, first session sample, samples. A torn sample is cut."""
    found: list[tuple[Path, int, int]] = []
    for path in sorted(folder.iterdir()):
        match = _SEGMENT.fullmatch(path.name)
        if match and match["source"] == source:
            found.append((path, int(match["start"]), path.stat().st_size // 2))
    return found


def read_audio(folder: Path, source: str, start: int, samples: int) -> bytes:
    """At most ``samples`` from session sample ``start``; empty where there is none."""
    for path, begins, size in segments(folder, source):
        if begins <= start < begins + size:
            with path.open("rb") as file:
                file.seek(2 * (start - begins))
                return file.read(2 * min(samples, begins + size - start))
    return b""


def records(folder: Path) -> Iterator[Record]:
    """The log's records up to the first torn one.

    Raises SpoolError for a folder that holds no session, or one of another version.
    """
    path = folder / _LOG
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise SpoolError(f"{folder}: {os_reason(exc)}: no session was spooled here") from exc
    whole = list(unpack(data))
    if not whole:
        raise SpoolError(f"{folder}: its log is empty: there is nothing to resume, delete it")
    for record, _ in whole:
        if isinstance(record, Began) and not 1 <= record.version <= VERSION:
            raise SpoolError(f"{folder}: written by a later version: resume it with that one")
        yield record


def load(folder: Path) -> Past:
    """Read the content of a session's folder. Raises SpoolError."""
    try:
        past = past_of(records(folder), lambda source: segments(folder, source))
    except OSError as exc:
        raise SpoolError(f"{folder}: {os_reason(exc)}: see that its disk works") from exc
    if past is None:
        raise SpoolError(f"{folder}: its log has no session id: delete it")
    return past


@contextlib.contextmanager
def reopened(folder: str | os.PathLike[str]) -> Generator[tuple[Spool, Past]]:
    """The only session in ``folder`` and its content; it is closed if the block raises.

    Raises SpoolError, also in place of a ValueError of the block, which means that an argument
    does not fit the content of the folder.
    """
    there = the_session(folder)
    spool = Spool(there)
    try:
        past = load(there)
        yield spool, past
    except BaseException as exc:
        spool.close()
        if isinstance(exc, ValueError) and not isinstance(exc, JournalError):
            raise SpoolError(f"{there}: {exc}") from exc
        raise


def spooled_sessions(directory: str | os.PathLike[str]) -> list[Path]:
    """The folders of the unfinished sessions in ``directory``, or itself if it is one.

    ``directory`` is the ``spool`` argument of ``open_session``; if it does not exist, the list is
    empty. Sessions that another process uses are included. Raises OSError for a directory with
    an impossible name, or one that cannot be read.
    """
    directory = Path(directory)
    if (directory / _LOG).exists():
        return [directory]
    return sorted(path.parent for path in directory.glob(f"*/{_LOG}") if _has_records(path))


def _has_records(log: Path) -> bool:
    """Whether a session has begun; False also if another process has deleted it meanwhile."""
    try:
        return log.stat().st_size > 0
    except OSError:
        return False


def the_session(directory: str | os.PathLike[str]) -> Path:
    """The folder of the only session in ``directory``. Raises SpoolError."""
    directory = Path(directory)
    try:
        found = spooled_sessions(directory)
        is_folder = directory.is_dir()
    except OSError as exc:
        raise SpoolError(f"{directory}: {os_reason(exc)}: give the folder of a session") from exc
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.name for path in found[:_SHOWN]) + ", …" * (len(found) > _SHOWN)
        raise SpoolError(
            f"{directory}: {len(found)} sessions are spooled there ({names}): "
            "give the folder of one"
        )
    if is_folder:
        raise SpoolError(
            f"{directory}: no unfinished session is spooled there: give the folder of a session"
        )
    return directory  # opening it raises the error


def _lock(folder: Path) -> int:
    try:
        fd = os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as exc:
        raise SpoolError(f"{folder}: {os_reason(exc)}") from exc
    try:
        lock(fd, _WHAT)
    except OSError as exc:
        close_quietly(fd)
        if isinstance(exc, BlockingIOError):
            why = "another process is using this session: wait for it"
        else:
            why = f"it cannot be locked ({os_reason(exc)}): give a folder on a local disk"
        raise SpoolError(f"{folder}: {why}") from None
    return fd


def _delete(folder: Path) -> None:
    with contextlib.suppress(OSError):  # rmtree raises where closing a folder fails
        shutil.rmtree(folder, ignore_errors=True)


def close_quietly(fd: int) -> None:
    """Close ``fd``. The system frees it even if it reports an error, which nobody can mend now."""
    with contextlib.suppress(OSError):
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, or cut off what was written and raise OSError."""
    before = os.lseek(fd, 0, os.SEEK_END)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError:
        os.ftruncate(fd, before)
        raise
