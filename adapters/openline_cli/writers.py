"""``--out``: the transcript in a file, written while the session runs.

The suffix and the place are checked before anything is dialled. Each final is appended and synced
as it comes, so that a crash loses none that was reported. So is a settled partial, whose words
become final as they are, or are heard again: if it is retracted, it leaves the file, and if it is
divided, its first part takes its place. At the end
the whole transcript is put into order, with what a format adds (gaps, the result). What stood at
the path before stays there until the first words come, and stays for good if none do and the
session is not complete.

A file that cannot be written meanwhile is tried again at each final. If it cannot be written at
the end, the transcript is saved in another place, and the error names it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from msgspec import structs

from openline.updates import Ended, Transcript
from openline_cli.outfile import OutFile
from openline_cli.problems import FAILED, Problem
from openline_speech.formats import FORMATS

#: The name that stands for stdout, where a command writes one file.
STDOUT: Final = Path("-")


def check(path: Path, *, reads: Iterable[Path] = ()) -> None:
    """Raise Problem unless ``path`` can be written, as far as this can be checked now.

    ``reads`` are files that must not be overwritten.
    """
    if path.suffix.lower() not in FORMATS:
        raise Problem(f"--out {path}: the name must end in {', '.join(FORMATS)}")
    if any(path.exists() and each.exists() and path.samefile(each) for each in reads):
        raise Problem(f"--out {path}: it is read too; give another name")
    check_place(path)


def check_place(path: Path, option: str = "--out") -> None:
    """Raise Problem unless a file can be written at ``path``, as far as this can be checked now.

    ``option`` is what named it.
    """
    try:
        target = path.resolve()
        there = target.exists()
        if there and not target.is_file():
            raise Problem(f"{option} {path}: exists and is not a regular file; give another name")
        if not target.parent.is_dir():
            folder = target.parent if path.is_symlink() else path.parent
            raise Problem(f"{option} {path}: there is no directory {folder}; make it first")
        try:
            with tempfile.TemporaryFile(dir=target.parent):
                pass
        except OSError:
            if not os.access(target, os.W_OK):  # nor is it there, perhaps
                raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Problem(f"{option} {path}: {_why(error)}; give a place that can be written") from None


def put(path: Path, text: str, option: str = "--out") -> None:
    """Write ``text`` to ``path``. Raises Problem (status 1); the file is then as it was."""
    file = OutFile(path)
    try:
        file.put(text.encode())
    except OSError as error:
        raise Problem(f"{option} {path}: not written ({_why(error)})", status=FAILED) from None
    finally:
        file.close()


class Draft:
    """The transcript file of a session that runs.

    ``add`` may be called while ``save`` runs in another thread.
    """

    def __init__(self, path: Path, *, several: bool, past: Iterable[Transcript] = ()) -> None:
        """``several``: there is more than one source. ``past``: finals of a resumed session."""
        self.path = path
        self._format = FORMATS[path.suffix.lower()]
        self._several = several
        self._finals = list(past)
        self._changing = threading.Lock()  # of what is to be in it
        self._settled: dict[str, Transcript] = {}  # of them, those that are not final yet, by id
        self.changes = len(self._finals)  #: how often they changed
        self._begin()
        self._file = OutFile(path)
        self._lock = threading.Lock()  # of the file

    def _begin(self) -> None:
        self._growing = self._format(several=self._several)
        self._text = bytearray(self._growing.head.encode())
        self._count = 0  # of the finals in _text

    def add(self, words: Transcript) -> None:
        """Take a final, or a settled partial; ``save`` writes it."""
        self.changes += 1
        with self._changing:
            if words.final and self._settled.pop(words.id, None) is not None:
                return  # it is there already
            final = structs.replace(words, final=True)
            if not words.final:
                former = self._settled.get(words.id)
                self._settled[words.id] = final
                if former is not None:  # it was divided
                    self._finals[self._finals.index(former)] = final
                    self._begin()
                    return
            self._finals.append(final)

    def retract(self, source: str) -> None:
        """Take out the settled partials of a source; ``save`` writes the rest anew."""
        self.changes += 1
        with self._changing:
            gone = [each for each in self._settled.values() if each.source == source]
            if gone:
                self._finals = [each for each in self._finals if each not in gone]
                for each in gone:
                    del self._settled[each.id]
                self._begin()

    def save(self) -> None:
        """Append the finals that are not in the file yet, and sync. Raises OSError."""
        with self._lock:
            self._save()

    def _save(self) -> None:
        with self._changing:
            while self._count < len(self._finals):
                self._text += self._growing.add(self._finals[self._count]).encode()
                self._count += 1
            text = bytes(self._text)
        self._file.put(text)

    def finish(self, ended: Ended) -> None:
        """Put the whole transcript into the file. Raises Problem (status 1) if it is elsewhere."""
        text = self._format(several=self._several).whole(ended).encode()
        with self._lock:
            try:
                self._file.put(text)
            except OSError as error:
                raise self._save_elsewhere(text, error) from None
            finally:
                self._file.close()

    def leave(self) -> None:
        """Save what can be saved at once, for a session that was left without a result."""
        if self._finals and self._lock.acquire(blocking=False):
            with contextlib.suppress(OSError):
                self._save()
            self._file.close()
            self._lock.release()

    def why(self, error: OSError) -> str:
        """One line for a save that failed."""
        return f"--out {self.path}: not written yet ({_why(error)}); each final tries again"

    def _save_elsewhere(self, text: bytes, error: OSError) -> Problem:
        lead = f"--out {self.path}: not written ({_why(error)})"
        for path in _other_places(self.path):
            with contextlib.suppress(OSError):
                _create(path, text)
                return Problem(f"{lead}; the transcript is in {path}", status=FAILED)
        return Problem(f"{lead}, and in no other place either", status=FAILED)


def _other_places(path: Path) -> Iterator[Path]:
    """Names that are free: beside ``path``, in the current directory, among temporary files."""
    for folder in dict.fromkeys(_folders(path)):
        names = (folder / f"{path.stem}-{number}{path.suffix}" for number in count(1))
        yield next(name for name in names if not os.path.lexists(name))


def _folders(path: Path) -> Iterator[Path]:
    places: tuple[Callable[[], Path], ...] = (
        lambda: path.resolve().parent,
        Path.cwd,
        lambda: Path(tempfile.gettempdir()),
    )
    for find in places:
        with contextlib.suppress(OSError):  # as where the current directory was removed
            yield find()


def _create(path: Path, text: bytes) -> None:
    """Write a new file, for its owner alone. Raises OSError, and then leaves none."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
