"""One dial: a socket from its first packet until it is released.

``run`` opens a transport and then only waits: messages are read, and sent, in the loop's
callbacks. What arrives goes through websockets' sans-I/O protocol to the driver at once. ``pump``
pulls one message after the other and writes it; it stops when the driver has none (``wake``, and
the session calls it again) or when the kernel takes no more (``resume_writing``). It decides
nothing: the driver aborts a dial and begins the closing handshake. Reading and writing have both
ended before the one report of how the dial ended; ``Released`` follows when the socket is gone,
however the dial ended.

What is left to us of RFC 6455: fragments are joined here, the UTF-8 of a text is checked here, and
a pong for a ping is one for all pings before it (§5.5.3).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from openline.commands import Outgoing, SendBytes, SendPing
from openline.events import Event, MessageReceived, PongReceived, SocketLost
from openline.reconnect.verdicts import Sender
from openline_asyncio.network import Connect
from openline_driver import effects as fx
from openline_driver.effects import MAX_MESSAGE
from openline_driver.ending import Ending, UpgradeError
from openline_driver.facts import Fact, Refused, Released
from openline_driver.http import opened
from openline_driver.network_errors import DialError

#: Messages to send in one turn of the loop, so that a backlog delays no other task.
_TURN: Final = 16
_INVALID_DATA: Final = 1007  # RFC 6455 §7.4.1
#: The library's own log: what a backend sends as it came, so a token that it repeats as well.
#: openline logs the same events, redacted (``openline_driver.log_observer``).
_MUTE: Final = logging.Logger("openline.websocket", logging.CRITICAL + 1)  # noqa: LOG001  # in no tree


class Dial(asyncio.Protocol):
    """Carries out ``effect``. ``run`` is its whole life; ``abort`` drops the socket.

    ``pumped`` is called after a ``pump``: there may be an earlier deadline then.
    ``fail`` takes an error that is no end of a line: one of the app's dialect, or a bug.
    """

    def __init__(
        self,
        feed: Callable[[Event | Fact], None],
        pull: Callable[[], Outgoing | None],
        effect: fx.Dial,
        connect: Connect,
        *,
        pumped: Callable[[], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._feed = feed
        self._pull = pull
        self._pumped = pumped
        self._fail = fail
        self._effect = effect
        self._number = effect.dial
        self._connect = connect
        self._ending = Ending()
        self._websocket = _client(effect)
        self._transport: asyncio.WriteTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._over: asyncio.Future[None] = self._loop.create_future()  # nothing more is to come
        self._gone: asyncio.Future[None] = self._loop.create_future()  # its socket is closed
        self._is_paused = False  # the kernel takes no more
        self.is_woken = False  #: there may be something to ``pump``
        self._close_code: int | None = None
        self._part: list[bytes] = []  # of a fragmented message
        self._part_is_text = False
        self._bad_text = ""  # what was wrong with a text that was not UTF-8
        self._pings: deque[bytes] = deque()  # those without a pong

    def start(self, spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]) -> None:
        """Begin its life."""
        self._task = spawn(self.run())
        self._task.add_done_callback(self._release)

    def abort(self) -> None:
        """Drop the socket; no report follows but ``Released``."""
        if self._task is not None:
            self._task.cancel()
        self._stop()

    def wake(self) -> None:
        """The driver has something to send."""
        self.is_woken = self._ending.opened

    def close(self, code: int) -> None:
        """Begin the closing handshake."""
        self._close_code = code
        self.is_woken = True

    async def run(self) -> None:
        """Live, then report how it ended: exactly once, or not at all if it was aborted."""
        try:
            try:
                self._transport = await self._connect(self._effect.backend, self)
            except DialError as exc:
                self._feed(SocketLost(dial=self._number, error=exc.kind, detail=exc.detail))
                return
            self._transport.set_write_buffer_limits(high=0)
            self._send_request()
            await self._over
            self._feed(self._how_it_ended())
        finally:
            self._stop()
            if self._transport is not None:
                self._transport.abort()
                while not self._gone.done():  # it takes the loop a turn
                    with suppress(asyncio.CancelledError):  # it goes on at the end of ``run``
                        await asyncio.shield(self._gone)

    def _release(self, _task: asyncio.Task[None]) -> None:
        """``run`` has ended, or was cancelled before it began."""
        try:
            self._feed(Released(self._number))
        except Exception as exc:  # noqa: BLE001  # ours
            self._fail(exc)

    def _stop(self) -> None:
        """Nothing more is read or sent; ``run`` goes on."""
        if not self._over.done():
            self._over.set_result(None)

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer to the upgrade, or of frames."""
        if self._over.done():
            return
        try:
            self._receive(self._ending.read_answer(data))
        except UpgradeError:
            self._stop()
        except Exception as exc:  # noqa: BLE001  # ours, or the app's dialect's
            self._fail(exc)
            self._stop()

    def _receive(self, data: bytes | bytearray) -> None:
        websocket = self._websocket
        if not data:  # more of the answer's head is to come
            return
        websocket.receive_data(data)
        self._flush()
        for event in websocket.events_received():
            if self._over.done():
                return  # aborted by what came before
            if isinstance(event, Frame):
                self._take(event)
            elif websocket.handshake_exc is None and isinstance(event, Response):
                self._open(event)
        if websocket.handshake_exc is not None:
            self._ending.fail_upgrade()
            self._stop()
        elif websocket.close_rcvd is not None or websocket.parser_exc is not None:
            self._stop()

    def eof_received(self) -> None:
        """The stream has ended; the transport closes itself behind this."""
        self._ending.note_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if not self._over.done():
            if exc is None:
                self._ending.note_end()
            else:
                self._ending.note(exc)
        self._stop()
        self._gone.set_result(None)

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """The kernel has taken everything: the last send has completed."""
        self._is_paused = False
        self.pump()

    # Out.

    def _send_request(self) -> None:
        request = self._websocket.connect()
        del request.headers["Host"]
        request.headers["Host"] = self._effect.host
        for name, value in self._effect.headers:
            request.headers[name] = value
        self._websocket.send_request(request)
        self._flush()

    def _flush(self) -> None:
        """Write what the library has to send."""
        if self._transport is not None:
            for data in self._websocket.data_to_send():
                if data:  # it ends the stream by an empty one: we close it
                    self._transport.write(data)

    def pump(self) -> None:
        """Send until the driver has nothing, or the kernel takes no more. It raises nothing."""
        self.is_woken = False
        try:
            for _ in range(_TURN):
                if self._over.done() or self._is_paused or not self._ending.opened:
                    break
                if self._close_code is not None:
                    if self._websocket.state is OPEN:
                        self._websocket.send_close(self._close_code)
                        self._flush()
                    break
                outgoing = self._pull()
                if outgoing is None:
                    break
                self._send(outgoing)
            else:
                self._loop.call_soon(self.pump)
        except Exception as exc:  # noqa: BLE001  # the app's dialect failed
            self._fail(exc)
        self._pumped()

    def _send(self, outgoing: Outgoing) -> None:
        websocket = self._websocket
        if isinstance(outgoing, SendBytes):
            websocket.send_binary(outgoing.data)
        elif isinstance(outgoing, SendPing):
            self._pings.append(outgoing.mark)
            websocket.send_ping(outgoing.mark)
        else:
            websocket.send_text(outgoing.data.encode())
        self._flush()

    # In.

    def _open(self, answer: Response) -> None:
        self._ending.opened = True
        headers = [(k.encode(), v.encode(errors="replace")) for k, v in answer.headers.raw_items()]
        self._feed(opened(self._number, self._effect.connection_id, headers))
        self.pump()

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            self._take_pong(bytes(frame.data))
        elif frame.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            if frame.opcode is not Opcode.CONT:
                self._part_is_text = frame.opcode is Opcode.TEXT
            self._part.append(bytes(frame.data))
            if frame.fin:
                whole, self._part = b"".join(self._part), []
                self._take_message(whole)

    def _take_message(self, data: bytes) -> None:
        if not self._part_is_text:
            self._feed(MessageReceived(self._number, data))
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as exc:
            self._bad_text = str(exc)
            self._websocket.fail(_INVALID_DATA)
            self._flush()
            self._stop()
        else:
            self._feed(MessageReceived(self._number, text))

    def _take_pong(self, mark: bytes) -> None:
        if mark in self._pings:
            while True:
                answered = self._pings.popleft()
                self._feed(PongReceived(self._number, answered))
                if answered == mark:
                    return

    def _how_it_ended(self) -> SocketLost | Refused:
        received, sent = self._websocket.close_rcvd, self._websocket.close_sent
        code, reason, sender = None, "", Sender.LOCAL
        if self._bad_text:
            code, reason = _INVALID_DATA, self._bad_text
        elif received is not None:
            code, reason, sender = received.code, received.reason, Sender.REMOTE
        elif self._websocket.parser_exc is not None and sent is not None:
            code, reason = sent.code, sent.reason  # a violation of the protocol
        return self._ending.report(
            self._number, time.time(), code=code, sender=sender, reason=reason
        )


def _client(effect: fx.Dial) -> ClientProtocol:
    """The library's side of the socket. What it would make of the address is not used."""
    uri = WebSocketURI(secure=False, host="", port=0, path=effect.target, query="")
    return ClientProtocol(
        uri,
        subprotocols=[Subprotocol(each) for each in effect.subprotocols] or None,
        max_size=MAX_MESSAGE,
        logger=_MUTE,
    )
