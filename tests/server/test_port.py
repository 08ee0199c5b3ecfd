"""A port whose process has no file left for a connection."""

from __future__ import annotations

import errno
import logging
import os

import pytest
import trio
from trio.testing import MockClock

from openline_server.port import PatientListener


class Short(trio.abc.Listener[trio.SocketStream]):
    """A listener without a free file for so many tries; then it fails in another way."""

    def __init__(self, tries: int, code: int = errno.EMFILE) -> None:
        self.left = tries
        self.code = code

    async def accept(self) -> trio.SocketStream:
        await trio.lowlevel.checkpoint()
        self.left -= 1
        code = self.code if self.left >= 0 else errno.EBADF
        raise OSError(code, os.strerror(code))

    async def aclose(self) -> None:
        self.left = 0


async def test_a_port_without_a_free_file_says_so_in_a_line_and_waits(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    listener = PatientListener(Short(150))
    with pytest.raises(OSError, match="Bad file descriptor"):
        await listener.accept()
    assert trio.current_time() == pytest.approx(15.0)
    line = (
        "cannot accept a connection: Too many open files; it waits until another one ends"
        " (more at a time: a higher ulimit -n)"
    )  # fmt: skip
    assert [record.message for record in caplog.records] == [line] * 2  # in 15 s
    assert not any(record.exc_info for record in caplog.records)
    assert caplog.records[0].levelno == logging.WARNING
    await listener.aclose()
