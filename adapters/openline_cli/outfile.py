"""A file that grows while it is written, and that a crash at any moment leaves readable.

The first ``put`` writes the content beside the target, syncs it, and renames it: a reader sees
the old file or the new one. A later ``put`` of the same content and more appends the rest, in one
write, and syncs. Any other content is written beside and renamed again.

What a place may refuse, and what happens then:

- to change permissions (SMB shares): the file keeps those that it gets;
- to sync (some FUSE file systems): the write counts as done;
- to create or rename a file beside the target (a mounted single file, some shares): the target is
  written in place, from the first changed byte on, while the complete copy beside it, if there is
  one, is kept until that is done;
- to store the bytes (a full disk): OSError is raised, and the target holds what it held. Another
  ``put`` tries again: it overwrites what was torn, and writes nothing twice.

A device, a pipe or a folder at ``path`` is refused, since a rename would replace it.

If another program deletes, replaces or extends the file meanwhile, the next ``put`` makes it anew.

A process that is killed leaves what it wrote beside the target. It is locked until then, so
``sweep`` can tell it from what another process writes. Should that be swept all the same, in the
moment before it is locked, its target is written in place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Final

from openline_store.locks import lock

#: Errors of a sync that mean "not here", and not "not stored".
_NO_SYNC: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
#: Errors that another way of writing would meet too, and might meet half-way.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_PREFIX: Final = ".openline-"
#: The names that ``tempfile`` makes of it.
_BESIDE: Final = re.compile(re.escape(_PREFIX) + "[a-z0-9_]{8}")


class OutFile:
    """One file, at ``path``; it is not touched before the first ``put``."""

    def __init__(self, path: Path) -> None:
        """A symbolic link stays one: its target is written."""
        self._path = path.resolve()
        self._fd = -1
        self._content: bytes | None = None  # what the file holds, if it is still ours

    def put(self, data: bytes) -> None:
        """Make ``data`` the content, and sync. Raises OSError; then it can be tried again."""
        there = self._ours()
        if there is None or not data.startswith(there):
            self._renew(data)
        elif len(data) > len(there):
            self._write(data[len(there) :], len(there))
            self._content = data
            self._sync()

    def close(self) -> None:
        """Close the file; ``put`` makes it anew."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd, self._content = -1, None

    def _ours(self) -> bytes | None:
        """The content, if the path still leads to our file, with all that we wrote and no more."""
        content = self._content
        if content is None:
            return None
        try:
            there, ours = self._path.stat(), os.fstat(self._fd)
        except OSError:
            return None
        same = (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
        return content if same and ours.st_size == len(content) else None

    def _renew(self, data: bytes) -> None:
        """Write the content beside the target and rename it, or else in place."""
        _check(self._path)
        beside = None
        try:
            fd, beside = _write_beside(self._path, data)
            try:
                beside.replace(self._path)
            except OSError:
                os.close(fd)
                raise
        except OSError as error:
            try:
                if error.errno in _FULL:
                    raise
                self._rewrite(data)
            finally:
                if beside is not None:
                    _remove(beside)
            return
        self._take(fd, data)
        _sync_folder(self._path.parent)

    def _rewrite(self, data: bytes) -> None:
        """Change the target in place, from the first changed byte on."""
        ours = self._ours() is not None
        fd = self._fd if ours else os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            old = _read(fd)
            same = len(os.path.commonprefix([data, old]))  # noqa: RUF071  # bytes, not paths
            try:
                # Blank lines cover the rest of a longer content until it is cut off.
                _write_all(fd, data[same:].ljust(len(old) - same, b"\n"), same)
                os.ftruncate(fd, len(data))
            except OSError:
                with contextlib.suppress(OSError):
                    _write_all(fd, old[same:], same)
                    os.ftruncate(fd, len(old))
                raise
        except BaseException:
            if fd != self._fd:
                os.close(fd)
            raise
        self._take(fd, data)
        self._sync()

    def _take(self, fd: int, data: bytes) -> None:
        if fd != self._fd:
            self.close()
        self._fd, self._content = fd, data

    def _write(self, data: bytes, at: int) -> None:
        try:
            _write_all(self._fd, data, at)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, at)  # or else a torn record would be the end of the file
            raise

    def _sync(self) -> None:
        try:
            _sync_file(self._fd)
        except OSError:
            # The system may have thrown the written pages away: all is written again.
            self._content = None
            raise


def sweep(folder: Path) -> None:
    """Remove what killed processes left in ``folder``. What cannot be removed stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for each in found:
            if _BESIDE.fullmatch(each.name) and each.is_file(follow_symlinks=False):
                _remove_unlocked(Path(each.path))


def _remove_unlocked(path: Path) -> None:
    with contextlib.suppress(OSError):  # BlockingIOError: a process writes it
        fd = os.open(path, os.O_RDWR)
        try:
            lock(fd, "this file")
            path.unlink()
        finally:
            os.close(fd)


def _check(target: Path) -> None:
    """Raise OSError for a device, a pipe or a folder: a rename would replace it."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(target))


def _write_beside(target: Path, data: bytes) -> tuple[int, Path]:
    """A new file in the target's directory with ``data``, open. Raises OSError and leaves none."""
    fd, name = tempfile.mkstemp(dir=target.parent, prefix=_PREFIX)
    try:
        with contextlib.suppress(OSError):  # where there are no locks, nothing is swept
            lock(fd, "this file")
        _write_all(fd, data, 0)
        _sync_file(fd)
        with contextlib.suppress(OSError):
            os.fchmod(fd, _mode(target))
    except BaseException:
        os.close(fd)
        _remove(Path(name))
        raise
    return fd, Path(name)


def _write_all(fd: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(fd, rest, at)
        rest, at = rest[written:], at + written


def _read(fd: int) -> bytes:
    parts: list[bytes] = []
    at = 0
    while part := os.pread(fd, 1 << 20, at):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _sync_file(fd: int) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync_folder(folder: Path) -> None:
    """Sync a directory, so that a rename in it outlives a power cut, where that is possible."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _mode(target: Path) -> int:
    """The permissions of the replaced file, or those that ``open`` would give a new one."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
