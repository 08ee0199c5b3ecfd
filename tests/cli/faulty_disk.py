"""A disk that refuses, fills up, or loses its process: for tests of files that must outlive it.

``FaultyDisk`` stands in for the system calls of ``outfile``. It counts them, and at a chosen one
the process "dies": that write leaves a part of its bytes, and no later call does anything, as
after ``kill -9``. So a test needs no process to try a death at every call.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class DeadError(BaseException):
    """The process is dead; nothing catches it."""


class FaultyDisk:
    """Refuses calls by name (``refused``: name to errno), and dies at call ``dies_at``."""

    def __init__(
        self, refused: dict[str, int] | None = None, *, dies_at: int = -1, share: float = 0.0
    ) -> None:
        """``share``: of the bytes of the write at which it dies, how much is written."""
        self.refused = refused or {}
        self.dies_at = dies_at
        self.share = share
        self.calls: list[str] = []
        self.dead = False
        self.room = -1  # bytes that can still be written; below 0: any number

    @contextmanager
    def installed(self) -> Generator[None]:
        """The calls of this disk instead of the system's."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "pwrite", self._call("write", os.pwrite))
            patch.setattr(os, "fsync", self._call("sync", os.fsync))
            patch.setattr(os, "fchmod", self._call("chmod", os.fchmod))
            patch.setattr(os, "ftruncate", self._call("truncate", os.ftruncate))
            patch.setattr(tempfile, "mkstemp", self._call("create", tempfile.mkstemp))
            patch.setattr(Path, "replace", self._call("rename", Path.replace))
            patch.setattr(Path, "unlink", self._call("remove", Path.unlink))
            yield

    def _call(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if self.dead:
                raise DeadError
            self.calls.append(name)
            if len(self.calls) - 1 == self.dies_at:
                self.dead = True
                if name == "write":
                    fd, data, at = given
                    real(fd, data[: int(len(data) * self.share)], at)
                raise DeadError
            if name in self.refused:
                code = self.refused[name]
                raise OSError(code, os.strerror(code))
            if name == "write" and self.room >= 0:
                return self._fill(real, *given)
            return real(*given, **named)

        return call

    def _fill(self, real: Callable[..., Any], fd: int, data: bytes, at: int) -> int:
        """Write what there is room for: first less than was asked, then nothing."""
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written: int = real(fd, data[: self.room], at)
        self.room -= written
        return written
