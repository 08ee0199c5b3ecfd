"""How a dial ended: what a face learns of it, kept until the one report.

A face learns of an end in pieces: an answer that refuses the upgrade, an error of a send, the end
of the stream behind it. The first error that has a name explains the end; what comes later
follows from it. Before the upgrade the face passes each piece of the answer through
``read_answer``: of the preliminary answers before it a WebSocket library must see nothing, and of
a refusal only status and headers are read, for its body may be endless.
"""

from __future__ import annotations

from openline.events import SocketLost
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_driver.facts import Refused
from openline_driver.http import Head, NoAnswerError, read_answer
from openline_driver.network_errors import is_end, name_os_error

_NO_WEBSOCKET = "the answer to the upgrade is no WebSocket's"


class UpgradeError(Exception):
    """The answer to the upgrade is none, and cannot become one; the text is one line."""


class Ending:
    """What is known of the end of one dial; ``opened`` is set by the face after the upgrade."""

    def __init__(self) -> None:
        self._answer: bytes | None = b""  # what has arrived of its head; None: it was read
        self._skipped: int = 0  # bytes of preliminary answers
        self.opened = False
        self.refusal: Head | None = None  #: of an answer that refused the upgrade
        self.error: ErrorKind | None = None
        self.detail = ""

    def read_answer(self, data: bytes | bytearray) -> bytes | bytearray:
        """What the library has to read of ``data``; empty while more of the answer is to come.

        Raises UpgradeError if the answer is no upgrade.
        """
        if self._answer is None:
            return data
        answer = self._answer + data
        try:
            head, rest = read_answer(answer, self._skipped)
        except NoAnswerError as exc:
            self.fail_upgrade(str(exc))
        else:
            if head is None:
                self._answer = rest
                self._skipped += len(answer) - len(rest)
                return b""
            self._answer = None
            if head.is_upgrade:
                return rest
            self.refusal = head
        raise UpgradeError(self.detail)

    def fail_upgrade(self, detail: str = _NO_WEBSOCKET) -> None:
        """Remember that the answer to the upgrade makes no sense."""
        self._name(ErrorKind.BAD_UPGRADE, detail)

    def note_end(self) -> None:
        """Remember that the stream ended, without an error."""
        detail = "the connection ended without a close frame"
        if self._answer is not None:
            # As where a client lacks the certificate that a server wants, and no alert says so.
            detail = "the server closed the connection before it answered the upgrade"
        self._name(ErrorKind.CUT, detail)

    def note(self, exc: BaseException) -> None:
        """Remember an error of the stream."""
        if is_end(exc):
            self.note_end()
            return
        kind, detail = name_os_error(exc)
        detail = detail or "the connection was closed on this side"
        # A stream that broke without an errno was cut all the same, or closed by us.
        self._name(ErrorKind.CUT if kind is ErrorKind.OS_OTHER else kind, detail)

    def report(
        self,
        dial: int,
        at: float,
        *,
        code: int | None = None,
        sender: Sender | None = None,
        reason: str = "",
    ) -> SocketLost | Refused:
        """The one report of how ``dial`` ended, at ``at`` seconds since the epoch.

        ``code``, ``sender`` and ``reason`` are those of the close frame, if there was one.
        """
        if self.refusal is not None:
            return Refused(dial, self.refusal.status, self.refusal.headers, at)
        return SocketLost(
            dial=dial,
            code=code,
            sender=sender,
            reason=reason,
            error=self.error,
            detail=self.detail,
        )

    def _name(self, kind: ErrorKind, detail: str) -> None:
        # With TLS 1.3 a server refuses this client's certificate after the handshake: a send that
        # failed before its alert was read is the consequence.
        if self.error is None or kind is ErrorKind.TLS_CLIENT_CERTIFICATE:
            self.error, self.detail = kind, detail
