"""The client's end of one WebSocket, without its socket: bytes in, events out.

websockets' sans-I/O protocol does the work. A face owns the socket and a clock:

    websocket.begin(write)                  # once the socket is there: the request goes out
    for event in websocket.receive(data):   # whatever arrived
        feed(event)
    websocket.send(outgoing)                # what the driver's ``pull`` gave, once ``opened``
    websocket.end(error)                    # the stream has ended
    websocket.report(now)                   # ``over``, or no stream any more: how it ended

``write`` is called at once, from within each of them, and must not call back. An event that is fed
may end the dial: ``stop`` ends ``receive`` before the next one.

What is left to us of RFC 6455: fragments are joined here, the UTF-8 of a text is checked here, and
a pong for a ping is one for all pings before it (§5.5.3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any, Final, cast

from websockets import frames
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN

from openline.commands import Outgoing, SendBytes, SendPing
from openline.events import Event, MessageReceived, PongReceived, SocketLost
from openline.reconnect.verdicts import Sender
from openline_driver import effects as fx
from openline_driver.facts import Refused
from openline_driver.upgrade import Upgrade

_INVALID_DATA: Final = 1007  # RFC 6455 §7.4.1
_SHORT, _MIDDLE, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")
#: Data and the 4 bytes of its mask → the data masked: the library's, in C where that was built.
_masked: Final[Callable[[bytes, bytes], bytes]] = cast("Any", frames).apply_mask


def head(opcode: int, size: int) -> bytes:
    """What stands before the mask in a whole frame of ``size`` bytes (RFC 6455 §5.2)."""
    if size < 126:
        return _SHORT.pack(0x80 | opcode, 0x80 | size)
    if size < 65_536:
        return _MIDDLE.pack(0x80 | opcode, 0xFE, size)
    return _LONG.pack(0x80 | opcode, 0xFF, size)


def _nowhere(data: bytes) -> None:
    """There is no socket yet, or no more."""


class WebSocket:
    """Of the dial of ``effect``.

    ``opened``: the server has agreed to the upgrade. ``over``: nothing more is to come, and nothing
    may be sent.
    """

    def __init__(self, effect: fx.Dial, random: Callable[[int], bytes]) -> None:
        self.opened = self.over = False
        self._number = effect.dial
        self._random = random
        self._size, self._head = -1, b""  # of the last message of audio
        self._write: Callable[[bytes], object] = _nowhere
        self._upgrade = Upgrade(effect)
        self._ending = self._upgrade.ending
        self._protocol = self._upgrade.protocol
        self._part: list[bytes] = []  # of a fragmented message
        self._bad_text = ""  # what was wrong with a text that was not UTF-8
        self._pings: deque[bytes] = deque()  # those without a pong

    @property
    def subprotocol(self) -> str:
        """The one that the server chose; empty: none."""
        return self._protocol.subprotocol or ""

    def begin(self, write: Callable[[bytes], object]) -> None:
        """Send the request for the upgrade. All bytes go to ``write``, from now on."""
        self._write = write
        self._upgrade.begin(write)

    def send(self, outgoing: Outgoing) -> None:
        """Send one message, or one ping, on an open line."""
        # Without the protocol, which would only ask whether the line is open, and queue the frame.
        if isinstance(outgoing, SendBytes):
            self.send_bytes(outgoing.data)
            return
        if isinstance(outgoing, SendPing):
            self._pings.append(outgoing.mark)
            self._send(Opcode.PING, outgoing.mark)
        else:
            self._send(Opcode.TEXT, outgoing.data.encode())

    def send_bytes(self, data: bytes) -> None:
        """Send one binary message on an open line."""
        if len(data) != self._size:
            self._size, self._head = len(data), head(Opcode.BINARY, len(data))
        mask = self._random(4)
        self._write(self._head + mask + _masked(data, mask))

    def _send(self, opcode: int, data: bytes) -> None:
        mask = self._random(4)
        self._write(head(opcode, len(data)) + mask + _masked(data, mask))

    def close(self, code: int) -> None:
        """Begin the closing handshake; again, it changes nothing."""
        if self._protocol.state is OPEN:
            self._protocol.send_close(code)
            self._flush()

    def receive(self, data: bytes) -> Iterator[Event]:
        """Take bytes of the answer to the upgrade, or of frames: the events that they bring."""
        if not self.opened:
            event, data = self._upgrade.receive(data)
            self.over = self.over or self._upgrade.failed
            if event is not None:
                self.opened = True
                yield event
            if self.over or not data:
                return
        protocol = self._protocol
        protocol.receive_data(data)
        self._flush()
        for frame in protocol.events_received():
            assert isinstance(frame, Frame)  # noqa: S101  # there is one answer
            yield from self._take(frame)
            if self.over:
                return
        if protocol.close_rcvd is not None or protocol.parser_exc is not None:
            self.over = True

    def stop(self) -> None:
        """Read and send nothing more."""
        self.over = True
        self._write = _nowhere

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
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        code, reason, sender = None, "", Sender.LOCAL
        if self._bad_text:
            code, reason = _INVALID_DATA, self._bad_text
        elif received is not None:
            code, reason, sender = received.code, received.reason, Sender.REMOTE
        elif self._protocol.parser_exc is not None and sent is not None:
            code, reason = sent.code, sent.reason  # a violation of the protocol
        return self._ending.report(self._number, at, code=code, sender=sender, reason=reason)

    def _flush(self) -> None:
        """Write what the library has to send."""
        for data in self._protocol.data_to_send():
            self._write(data)

    def _take(self, frame: Frame) -> Iterator[Event]:
        if frame.opcode is Opcode.PONG:
            yield from self._take_pong(bytes(frame.data))
        elif frame.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            if frame.opcode is not Opcode.CONT:
                self._part_is_text = frame.opcode is Opcode.TEXT
            self._part.append(bytes(frame.data))
            if frame.fin:
                whole, self._part = b"".join(self._part), []
                yield from self._take_message(whole)

    def _take_message(self, data: bytes) -> Iterator[Event]:
        if not self._part_is_text:
            yield MessageReceived(self._number, data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as exc:
            self._bad_text = str(exc)
            self._protocol.fail(_INVALID_DATA)
            self._flush()
            self.over = True
        else:
            yield MessageReceived(self._number, text)

    def _take_pong(self, mark: bytes) -> Iterator[Event]:
        if mark in self._pings:
            answered = None
            while answered != mark:
                answered = self._pings.popleft()
                yield PongReceived(self._number, answered)
