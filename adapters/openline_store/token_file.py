"""A token in a file that an agent renews: read before each dial, and after a refusal.

Agents (a kubelet, a vault, cron) renew a file in many ways: they write it in place, rename
another over it, or swap a symbolic link above it. So nothing but its content is compared: a file
of a few bytes is as quickly read as asked for its time, and a time may be too coarse to differ.

What can happen to the file while a session lives, and what follows:

- It is missing, empty, unreadable or no token for a moment. Before a dial the last token serves.
  After a refusal there is no other to be had: the provider fails, and is asked again later.
- It never held a token: its name is wrong, or its content. That is told at once, and ends the
  session: to ask again for minutes would only hide it. (A file that is being written has a
  second.) What the machine lacks, such as a free descriptor, is asked for again.
- It is written this very moment. Content younger than ``SETTLED`` is read again until it stays
  the same, so that half a token is not sent.
- It holds the refused token still. It is given again, once, and the backend's second refusal
  ends the session.
- It is no regular file (a named pipe, a process substitution). It can be read once: its token
  stays.

Everything here blocks; a face calls it in a thread.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from openline.text import os_reason
from openline.tokens import check_credential
from openline_driver.credentials import CredentialError
from openline_driver.shared_provider import SharedProvider

#: Bytes: more than any header may hold. A wrong file, or an endless device, is not read further.
MOST_BYTES: Final = 8192
#: Seconds after its last change from which a file counts as whole.
SETTLED: Final = 0.2
#: How often a file that is being changed is read at most, ``SETTLED`` apart.
_READS: Final = 6
#: Seconds to wait for someone to open the other end of a pipe, and for what they write.
_NO_WRITER: Final = 5.0
_NO_WORD: Final = 60.0
_STEP: Final = 0.05
#: Errors of a name that is wrong, or of a file that is not this user's to read.
_MISTAKES: Final = frozenset(
    {
        *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
        *(errno.EACCES, errno.EPERM),
    }
)
_FLAGS: Final = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
#: Encodings with a mark at the beginning of the file: Windows writes such files.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TokenFileError(Exception):
    """The file holds no token now; the text is one line: which file, what is wrong, what to do.

    ``passing``: neither its name nor its content is wrong. No text repeats the content.
    """

    def __init__(self, text: str, *, passing: bool = False) -> None:
        super().__init__(text)
        self.passing = passing


class TokenFile(SharedProvider):
    """A provider that reads the token in the file ``path`` before each dial.

    Give it as ``credentials`` to any number of sessions, of any face. Blanks and line ends around
    the token, and a byte order mark, are not part of it. A file that has no token when a session
    first asks ends that session. Once it had one, it is asked again later, like every provider that
    fails. ``pause`` (sleeps for seconds) is for tests.
    """

    asked_each_dial = True

    def __init__(
        self, path: str | os.PathLike[str], *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        super().__init__(lambda: self.provide(None))
        self._path = Path(path)
        self._pause = pause
        self._last: str | None = None

    def __repr__(self) -> str:
        return f"TokenFile({str(self._path)!r})"

    def first(self) -> str:
        """Read the token now, before any session begins. Raises TokenFileError."""
        found = read(self._path, self._pause)
        self._is_pipe = found.is_pipe
        self._last = found.token
        return found.token

    def provide(self, refused: str | None) -> str:
        """The token to dial with; ``refused`` is the one that the backend refused, if it did.

        Raises CredentialError.
        """
        last = self._last
        if last is None:
            return self._begun()
        if not self._is_pipe:
            try:
                last = self._last = self._settled(patient=refused is not None)
            except TokenFileError as error:
                if last == refused:
                    raise CredentialError(str(error)) from None
        return last

    def _begun(self) -> str:
        """The first token; a moment is left for a file that is being written."""
        for left in reversed(range(_READS)):
            try:
                return self.first()
            except TokenFileError as error:
                if error.passing or not left:
                    raise CredentialError(str(error), fatal=not error.passing) from None
            self._pause(SETTLED)
        raise AssertionError  # the last read returned or raised

    def _settled(self, *, patient: bool) -> str:
        """The token, once nothing writes to the file any more.

        ``patient``: wait a moment for a file that holds no token. Raises TokenFileError.
        """
        before = ""
        for left in reversed(range(_READS)):
            try:
                found = read(self._path, self._pause)
            except TokenFileError:
                if not (patient and left):
                    raise
            else:
                if not found.is_young or found.token in {before, self._last}:
                    return found.token
                before = found.token
            self._pause(SETTLED)
        return before


class Found(NamedTuple):
    """A token and its file: ``is_pipe``, it cannot be read again; ``is_young``, just changed."""

    token: str
    is_pipe: bool
    is_young: bool

    def __repr__(self) -> str:
        return f"Found(is_pipe={self.is_pipe}, is_young={self.is_young})"


def read(path: Path, pause: Callable[[float], object] = time.sleep) -> Found:
    """Read the token in ``path``. Raises TokenFileError."""
    try:
        # Opening a pipe would wait for its writer, for ever if there is none.
        fd = os.open(path, os.O_RDONLY | _FLAGS)
        try:
            status = os.fstat(fd)
            is_pipe = not stat.S_ISREG(status.st_mode)
            data = _from_pipe(path, fd, pause) if is_pipe else _whole(fd)
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = os_reason(error) if isinstance(error, OSError) else str(error)
        raise TokenFileError(
            f"{path}: {why}; name a file that holds the token",
            passing=isinstance(error, OSError) and error.errno not in _MISTAKES,
        ) from None
    if len(data) > MOST_BYTES:
        raise TokenFileError(f"{path}: too long for a token; name a file that holds one")
    try:
        token = check_credential(_text(data))
    except ValueError as error:
        raise TokenFileError(f"{path}: {error}") from None
    return Found(token, is_pipe, 0 <= time.time() - status.st_mtime < SETTLED)


def _whole(fd: int) -> bytes:
    data = b""
    while len(data) <= MOST_BYTES and (more := os.read(fd, MOST_BYTES + 1)):
        data += more
    return data


def _from_pipe(path: Path, fd: int, pause: Callable[[float], object]) -> bytes:
    """Read to the end of what is written to a pipe; wait for it, but not for ever."""
    data, waited, is_written = b"", 0.0, False
    while len(data) <= MOST_BYTES:
        try:
            more = os.read(fd, MOST_BYTES + 1)
        except BlockingIOError:  # someone has opened the other end, and is not done
            is_written = True
        else:
            data += more
            if more:
                continue
            if data or is_written:
                return data
        if waited >= (_NO_WORD if is_written else _NO_WRITER):
            what = "its writer does not finish" if is_written else "nothing writes to this pipe"
            raise TokenFileError(f"{path}: {what}; name a file that holds the token", passing=True)
        pause(_STEP)
        waited += _STEP
    return data


def _text(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "ascii")
    return data.decode(encoding, errors="replace").strip()
