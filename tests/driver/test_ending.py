"""How a dial ended: pieces in any order, one report."""

from __future__ import annotations

import errno
import ssl

import pytest

from openline.events import SocketLost
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_driver.ending import Ending, UpgradeError
from openline_driver.facts import Refused
from openline_driver.http import MAX_HEAD

UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_head_of_an_upgrade_comes_in_pieces(size: int) -> None:
    ending = Ending()
    data = b"HTTP/1.1 103 Early\r\n\r\n" + UPGRADE + b"\x81\x00"
    found = [ending.read_answer(data[i : i + size]) for i in range(0, len(data), size)]
    assert b"".join(found) == UPGRADE + b"\x81\x00"
    assert ending.read_answer(b"\x82\x00") == b"\x82\x00"
    assert (ending.error, ending.refusal) == (None, None)


def test_preliminary_answers_without_end_are_a_bad_upgrade() -> None:
    """Each is read once: a server that sends many of them costs no time."""
    ending = Ending()
    early = b"HTTP/1.1 100 Continue\r\n\r\n"
    for _ in range(MAX_HEAD // len(early)):
        assert ending.read_answer(early) == b""
    with pytest.raises(UpgradeError, match=r"^an endless answer to the upgrade$"):
        ending.read_answer(early)


def test_a_refusal_is_the_report() -> None:
    ending = Ending()
    with pytest.raises(UpgradeError):
        ending.read_answer(b"HTTP/1.1 503 No\r\nRetry-After: 7\r\n\r\nlater")
    ending.note_end()
    assert ending.report(3, 12.5, code=1006) == Refused(3, 503, {"retry-after": "7"}, 12.5)


@pytest.mark.parametrize("answer", [b"SSH-2.0", b"HTTP/1.1 101 Sure\r\n" + b"x: y\r\n" * MAX_HEAD])
def test_what_is_no_answer_is_a_bad_upgrade(answer: bytes) -> None:
    ending = Ending()
    with pytest.raises(UpgradeError) as caught:
        ending.read_answer(answer)
    report = ending.report(1, 0.0)
    assert isinstance(report, SocketLost)
    assert (report.error, report.detail) == (ErrorKind.BAD_UPGRADE, str(caught.value))


def test_the_first_error_explains_the_end() -> None:
    ending = Ending()
    ending.note(ConnectionResetError(errno.ECONNRESET, ""))
    ending.note_end()
    ending.fail_upgrade()
    assert ending.report(1, 0.0, code=1006, sender=Sender.LOCAL, reason="why") == SocketLost(
        dial=1,
        code=1006,
        sender=Sender.LOCAL,
        reason="why",
        error=ErrorKind.RESET,
        detail="connection reset by peer",
    )


@pytest.mark.parametrize(
    ("error", "detail"), [(OSError("odd"), "odd"), (OSError(), "closed on this side")]
)
def test_an_error_without_a_number_is_a_cut(error: OSError, detail: str) -> None:
    ending = Ending()
    ending.note(error)
    assert ending.error is ErrorKind.CUT
    assert detail in ending.detail


def test_a_refused_certificate_explains_a_send_that_failed_before() -> None:
    ending = Ending()
    ending.note(BrokenPipeError(errno.EPIPE, ""))
    alert = ssl.SSLError(1, "alert")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    ending.note(alert)
    assert ending.error is ErrorKind.TLS_CLIENT_CERTIFICATE


def test_the_end_of_a_stream_says_whether_the_upgrade_was_answered() -> None:
    ending = Ending()
    ending.read_answer(b"HTTP/1.1 101 Switching")
    ending.note_end()
    assert ending.error is ErrorKind.CUT
    assert ending.detail == "the server closed the connection before it answered the upgrade"
    ending = Ending()
    ending.read_answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
    ending.note_end()
    assert ending.detail == "the connection ended without a close frame"


def test_a_stream_that_tls_finds_cut_has_ended() -> None:
    """Each face wraps the error of TLS in one of its own."""
    ending = Ending()
    error = OSError("broken")
    error.__cause__ = ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:2427)")
    ending.note(error)
    assert ending.error is ErrorKind.CUT
    assert ending.detail == "the server closed the connection before it answered the upgrade"
