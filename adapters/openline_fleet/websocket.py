"""The client's end of one WebSocket, its frames read and written by picows.

It does what ``openline_driver.websocket`` does for the other faces, and its handshake is theirs
(``openline_driver.upgrade``): refusals, redirects and subprotocols are understood alike. Behind the
handshake picows parses frames in C, masks in C, and hands them to the kernel by a call of its own,
which is a third of what a frame costs in Python.

What arrives is copied into the buffer of picows, and its writes are those of our transport
(``carrier``).

picows checks each frame by itself: opcodes, lengths, masks, close codes. What goes over several
frames is checked here, as RFC 6455 wants it: reserved bits (none was agreed on), the order of
fragments and their sum, the UTF-8 of a text, and that a pong is one for all pings before it
(§5.5.3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport

from openline.commands import Outgoing, SendBytes, SendPing
from openline.events import Event, MessageReceived, PongReceived, SocketLost
from openline.reconnect.verdicts import Sender
from openline_driver import effects as fx
from openline_driver.effects import MAX_MESSAGE
from openline_driver.facts import Refused
from openline_driver.upgrade import Upgrade
from openline_fleet.carrier import framed

_TEXT, _PING = WSMsgType.TEXT, WSMsgType.PING
BINARY: Final = WSMsgType.BINARY
_DATA: Final = (_TEXT, BINARY)
#: RFC 6455 §7.4.1.
_BROKEN: Final = 1002
_INVALID_DATA: Final = 1007
_TOO_BIG: Final = 1009
#: A close frame without a code, which is 0 to the library (RFC 6455 §7.1.5).
_NO_STATUS: Final = 1005


class WebSocket(WSListener):
    """Of the dial of ``effect``. ``take`` gets each event as it comes.

    ``opened``: the server has agreed to the upgrade. ``over``: nothing more is to come, and nothing
    may be sent. An event that ``take`` is given may end the dial: after ``stop`` no other follows.
    """

    def __init__(self, effect: fx.Dial, take: Callable[[Event], object]) -> None:
        self.opened = self.over = False
        self._number = effect.dial
        self._take = take
        self._upgrade: Upgrade | None = Upgrade(effect)
        self._ending = self._upgrade.ending
        #: Writes one message, of a kind; once it is ``opened``.
        self.write: Callable[[WSMsgType, bytes | str], object] = _not_open
        self._codec: Any = None  # the library's protocol
        self._wire: WSTransport | None = None
        self._buffer: Callable[[int], memoryview] | None = None
        self._updated: Callable[[int], object] | None = None
        self._parts: list[bytes] | None = None  # of a fragmented message
        self._part_is_text = False
        self._pings: list[bytes] = []  # those without a pong; a deque takes 0.7 KB
        self._fault: Exception | None = None  # of ``take``, on its way through the library
        self._closed_with: int | None = None  # by us, in a closing handshake
        self._broken: tuple[int, str] | None = None  # how the server violated the protocol

    def begin(self, transport: asyncio.WriteTransport) -> None:
        """Send the request for the upgrade."""
        self._transport = transport
        assert self._upgrade is not None  # noqa: S101  # it has not been answered
        self._upgrade.begin(transport.write)

    def send(self, outgoing: Outgoing) -> None:
        """Send one message, or one ping, on an open line."""
        if isinstance(outgoing, SendBytes):
            self.write(BINARY, outgoing.data)
        elif isinstance(outgoing, SendPing):
            self._pings.append(outgoing.mark)
            self.write(_PING, outgoing.mark)
        else:
            self.write(_TEXT, outgoing.data)

    def close(self, code: int) -> None:
        """Begin the closing handshake; again, it changes nothing."""
        if self._wire is not None and not self._wire.is_close_frame_sent:
            self._closed_with = code
            self._wire.send_close(cast("Any", code))

    def receive(self, data: bytes) -> None:
        """Take bytes of the answer to the upgrade, or of frames. Raises what ``take`` raises."""
        if self._upgrade is not None:
            data = self._answer(self._upgrade, data)
        wire = self._wire
        if not data or self.over or wire is None or self._updated is None or self._buffer is None:
            return
        size = len(data)
        space = self._buffer(-1)
        if size <= len(space):  # as nearly always
            space[:size] = data
            self._updated(size)
            if self._fault is not None:
                raise self._fault
        else:
            self._receive_parts(memoryview(data), self._buffer, self._updated)
        if not self.over and self._closed_with is None and wire.is_close_frame_sent:
            # Neither side has closed it: the library has, for what arrived was no frame.
            sent = wire.close_handshake.sent
            self._break(_number(sent.code) if sent else _BROKEN, (sent and sent.reason) or "")

    def _receive_parts(
        self,
        data: memoryview,
        buffer: Callable[[int], memoryview],
        updated: Callable[[int], object],
    ) -> None:
        """Take more than the library has room for at once."""
        while data and not self.over:
            space = buffer(-1)
            part = data[: len(space)]
            space[: len(part)] = part
            updated(len(part))
            data = data[len(part) :]
            if self._fault is not None:
                raise self._fault

    def stop(self) -> None:
        """Read and send nothing more."""
        self.over = True
        self._upgrade = None
        if self._codec is not None:  # it must not write any more: its socket may be another's soon
            self._codec.connection_lost(None)
            self._codec = None
            self._look_at_its_error()

    def _look_at_its_error(self) -> None:
        """Take what the library keeps for a task that waits: asyncio would log it as unseen.

        It is done by now, so the first step is the last one. ``report`` tells the same.
        """
        with suppress(StopIteration, WSError):
            cast("WSTransport", self._wire).wait_disconnected().send(None)

    def end(self, error: BaseException | None = None) -> None:
        """The stream has ended, or is broken by ``error``; not once it is ``over``."""
        if self.over:
            return
        if error is None:
            self._ending.note_end()
        else:
            self._ending.note(error)

    def report(self, at: float) -> SocketLost | Refused:
        """How the dial ended, at ``at`` seconds since the epoch."""
        code, reason, sender = None, "", Sender.LOCAL
        closing = None if self._wire is None else self._wire.close_handshake
        if self._broken is not None:
            code, reason = self._broken
        elif closing is not None and closing.recv is not None:
            code = _number(closing.recv.code) or _NO_STATUS
            reason, sender = closing.recv.reason or "", Sender.REMOTE
        return self._ending.report(self._number, at, code=code, sender=sender, reason=reason)

    # The handshake.

    def _answer(self, upgrade: Upgrade, data: bytes) -> bytes:
        """Take bytes of the answer; the frames behind it."""
        event, rest = upgrade.receive(data)
        self.over = self.over or upgrade.failed
        if event is not None:
            self._upgrade = None
            self._hand_over()
            self.opened = True
            self._take(event)
        return rest

    def _hand_over(self) -> None:
        """Have the library read and write frames from here on."""
        self._codec = codec = framed(self, self._transport)
        self._buffer, self._updated = codec.get_buffer, codec.buffer_updated
        self._wire = codec.transport
        self.write = codec.transport.send

    # What the library calls.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """It is ready for frames."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame has arrived."""
        del transport  # ours
        if self.over:
            return
        try:
            self._take_frame(frame)
        except Exception as exc:  # noqa: BLE001  # of the app's dialect, or ours: see ``receive``
            self._fault = exc
            self.stop()

    def _take_frame(self, frame: WSFrame) -> None:
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._fail(_BROKEN, "reserved bits must be 0")
        elif kind in _DATA:
            if self._parts is not None:
                self._fail(_BROKEN, "expected a continuation frame")
            elif frame.fin:
                self._take_message(frame.get_payload_as_bytes(), is_text=kind == WSMsgType.TEXT)
            else:
                self._parts = [frame.get_payload_as_bytes()]
                self._part_is_text = kind == WSMsgType.TEXT
        elif kind == WSMsgType.CONTINUATION:
            self._take_part(frame)
        elif kind == WSMsgType.PONG:
            self._take_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self._answer_close(frame)

    def _answer_close(self, frame: WSFrame) -> None:
        wire, code = cast("WSTransport", self._wire), frame.get_close_code()
        if self._parts is not None:  # the rest of a message is missing
            wire.send_close(cast("Any", _BROKEN), b"incomplete fragmented message")
        elif _number(code):
            wire.send_close(code)
        else:
            wire.send(WSMsgType.CLOSE, None)
        self.over = True

    def _take_part(self, frame: WSFrame) -> None:
        parts = self._parts
        if parts is None:
            self._fail(_BROKEN, "unexpected continuation frame")
            return
        parts.append(frame.get_payload_as_bytes())
        if sum(map(len, parts)) > MAX_MESSAGE:
            self._fail(_TOO_BIG, f"a message of more than {MAX_MESSAGE} bytes")
        elif frame.fin:
            self._parts = None
            self._take_message(b"".join(parts), is_text=self._part_is_text)

    def _take_message(self, data: bytes, *, is_text: bool) -> None:
        if not is_text:
            self._take(MessageReceived(self._number, data))
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as exc:
            self._fail(_INVALID_DATA, str(exc))
        else:
            self._take(MessageReceived(self._number, text))

    def _take_pong(self, mark: bytes) -> None:
        if mark in self._pings:
            answered = None
            while answered != mark and not self.over:
                answered = self._pings.pop(0)
                self._take(PongReceived(self._number, answered))

    def _fail(self, code: int, reason: str) -> None:
        """The server violates the protocol: tell it, and end."""
        cast("WSTransport", self._wire).send_close(cast("Any", code), reason.encode())
        self._break(code, reason)

    def _break(self, code: int, reason: str) -> None:
        self._broken = code, reason
        self.over = True


def _not_open(kind: WSMsgType, data: bytes | str) -> None:
    """Nothing is sent before the server has agreed."""


def _number(code: object) -> int:
    """A close code of the library, which is an enumeration's member."""
    return int(cast("int", code))
