"""The key of a recording: the same each time, on each machine, as long as it is the same recording.

It is a hash of its name and of all its content. An id that is given in a manifest counts in place
of the name. So a recording that was replaced is another one, and so is another file with the same
id; and a batch that is run again knows which are done. The key is the id of the session, and the
name of its files in the spool.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from openline_batch.recordings import Recording

#: Size and times of change of a file: if they are the same, so is the content.
Looks: TypeAlias = tuple[int, int, int]
_DIGEST_BYTES: Final = 12
_PIECE: Final = 1 << 20
#: It marks a given id in the hash. No name of a file holds a NUL.
_GIVEN: Final = "\0id "


class Identity(msgspec.Struct, frozen=True):
    """A recording's key, and what its file looked like: if that is the same, so is the content."""

    key: str
    size: int
    changed_ns: int  # its content, or so its owner says
    status_ns: int  # anything of it, as the system says; not on Windows

    @property
    def looks(self) -> Looks:
        """What ``look`` gave."""
        return self.size, self.changed_ns, self.status_ns


def _always() -> bool:
    return True


def identify(recording: Recording, goes_on: Callable[[], bool] = _always) -> Identity:
    """Read all of a recording, and name it. Raises OSError.

    It is InterruptedError if ``goes_on``, which is asked after each MiB, no longer holds.
    """
    # Not blocking: opening a FIFO without a writer would wait for one for ever.
    fd = os.open(recording.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb", buffering=0) as file:
        status = os.fstat(fd)  # before it is read: what changes meanwhile looks otherwise
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{recording.path!r} is no regular file")
        name = _encoded_name(recording)
        start = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        start.update(len(name).to_bytes(8, "big") + name)
        start.update(marks_of(recording).encode("utf-8", "surrogatepass"))
        while piece := file.read(_PIECE):
            start.update(piece)
            if not goes_on():
                raise InterruptedError
    return Identity(start.hexdigest(), *_looks(status))


def look(recording: Recording) -> Looks:
    """Size and times of change of its file. Raises OSError."""
    return _looks(os.stat(recording.path))


def is_same(recording: Recording, key: str, looks: Looks) -> bool:
    """Whether its file has the content of ``key`` still, which it had when it had those looks.

    It is read again if it looks otherwise, as a copy on another machine does. Raises OSError.
    """
    return look(recording) == looks or identify(recording).key == key


def _looks(status: os.stat_result) -> Looks:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def marks_of(recording: Recording) -> str:
    """What else makes it another piece of work: a channel, options of its own."""
    marks = [f"{name}={text}\0" for name, text in sorted(recording.options.items())]
    if recording.channel is not None:
        marks.append(f"channel {recording.channel}\0")
    return "".join(marks)


def _encoded_name(recording: Recording) -> bytes:
    if recording.id is None:
        return recording.name.encode("utf-8", "surrogateescape")
    return (_GIVEN + recording.id).encode("utf-8", "surrogatepass")
