"""Small files that several machines share: written whole or not at all, and read without surprise.

JSON in ASCII: a name that is no UTF-8 travels as what Python makes of it (surrogates), and comes
back as the same name.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from openline.text import one_line

#: Errors of ``link`` that mean "not on this file system" (FAT, some shares).
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
#: Errors of a name that cannot be, or is taken by something else: others can be written.
_OF_ONE_PLACE: Final = frozenset(
    {
        *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EACCES),
        *(errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ),
    }
)
#: The beginning of files that are being written; a crash may leave one.
TEMPORARY: Final = ".openline-"
#: Bytes of a trial: a block of a usual disk.
_TRIED: Final = 4096
T = TypeVar("T")


def encode(value: object) -> bytes:
    """A struct or a dict as one line of JSON; a mapping of any kind in it is an object."""
    plain = msgspec.to_builtins(value, enc_hook=dict)
    return json.dumps(plain, separators=(",", ":")).encode("ascii")


def decode(data: bytes | str, kind: type[T]) -> T:
    """The struct that ``encode`` wrote. Raises ValueError, one line, for anything else."""
    try:
        return msgspec.convert(json.loads(data), kind)
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:  # msgspec's errors are of this kind
        raise ValueError(one_line(str(error))) from None


def write_new(path: Path, data: bytes) -> bool:
    """Write a file that is not there yet; False if it is there. Raises OSError.

    Of several that try at once, one gets True. A reader sees the whole content, or no file.
    """
    beside = _written(path.parent, data)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _renamed_new(beside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
    _sync_folder(path.parent)
    return True


def write_over(path: Path, data: bytes) -> None:
    """Write a file, whether it is there or not. Raises OSError; then it is as it was."""
    beside = _written(path.parent, data)
    try:
        os.replace(beside, path)
    except OSError:
        os.unlink(beside)
        raise
    _sync_folder(path.parent)


def try_folder(folder: Path) -> None:
    """Raise OSError, with a path, unless a file can be written in ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=TEMPORARY) as file:
            file.write(bytes(_TRIED))  # an empty file has room on a full disk
            file.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None


def is_of_one_place(error: OSError) -> bool:
    """Whether what cannot be written has a bad place, while another one may be good."""
    return error.errno in _OF_ONE_PLACE


def try_place(path: Path) -> None:
    """Raise OSError, with a path, unless a file can be written at ``path``; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    try:
        try_folder(path.parent)
    except OSError:
        if not os.access(path, os.W_OK):  # it is written in place, as a file that is mounted
            raise


def _renamed_new(beside: str, path: Path) -> bool:
    """Without links: two that try within a moment may both get True; the later one stays."""
    if path.exists():
        return False
    os.replace(beside, path)
    _sync_folder(path.parent)
    return True


def _written(folder: Path, data: bytes) -> str:
    fd, name = tempfile.mkstemp(dir=folder, prefix=TEMPORARY)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
    except OSError:
        os.unlink(name)
        raise
    return name


def _sync_folder(folder: Path) -> None:
    """Sync a directory, so that a new name outlives a power cut, where that is possible."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
