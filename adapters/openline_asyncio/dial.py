"""One dial: a socket from its first packet until it is released.

``run`` opens a transport and then only waits: messages are read, and sent, in the loop's
callbacks. What arrives goes through ``openline_driver.websocket`` to the driver at once. ``pump``
pulls one message after the other and writes it; it stops when the driver has none (``wake``, and
the session calls it again) or when the kernel takes no more (``resume_writing``). It decides
nothing: the driver aborts a dial and begins the closing handshake. Reading and writing have both
ended before the one report of how the dial ended; ``Released`` follows when the socket is gone,
however the dial ended.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from openline.commands import Outgoing
from openline.events import Event, SocketLost, SocketOpened
from openline_asyncio.network import Connect
from openline_driver import effects as fx
from openline_driver.facts import Fact, Released
from openline_driver.network_errors import DialError
from openline_driver.websocket import WebSocket

#: Messages to send in one turn of the loop, so that a backlog delays no other task.
_TURN: Final = 16


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
        self._websocket = WebSocket(effect, os.urandom)
        self.send_bytes = self._websocket.send_bytes  #: sends one message of audio at once
        self._transport: asyncio.WriteTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._over: asyncio.Future[None] = self._loop.create_future()  # nothing more is to come
        self._gone: asyncio.Future[None] = self._loop.create_future()  # its socket is closed
        self.is_paused = False  #: the kernel takes no more, and has not all of the last message
        self.is_woken = False  #: there may be something to ``pump``
        self._close_code: int | None = None

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
        self.is_woken = self._websocket.opened

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
            self._websocket.begin(self._transport.write)
            await self._over
            self._feed(self._websocket.report(time.time()))
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
        self._websocket.stop()
        if not self._over.done():
            self._over.set_result(None)

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer to the upgrade, or of frames."""
        if self._over.done():
            return
        websocket = self._websocket
        try:
            for event in websocket.receive(data):
                self._feed(event)
                if type(event) is SocketOpened:
                    self.pump()
        except Exception as exc:  # noqa: BLE001  # ours, or the app's dialect's
            self._fail(exc)
            self._stop()
        if websocket.over:
            self._stop()

    def eof_received(self) -> None:
        """The stream has ended; the transport closes itself behind this."""
        self._websocket.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._websocket.end(exc)
        self._stop()
        self._gone.set_result(None)

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self.is_paused = True

    def resume_writing(self) -> None:
        """The kernel has taken everything: the last send has completed."""
        self.is_paused = False
        self.pump()

    # Out.

    def pump(self) -> None:
        """Send until the driver has nothing, or the kernel takes no more. It raises nothing."""
        self.is_woken = False
        websocket = self._websocket
        try:
            for _ in range(_TURN):
                if self.is_paused or websocket.over or not websocket.opened:
                    break
                if self._close_code is not None:
                    websocket.close(self._close_code)
                    break
                outgoing = self._pull()
                if outgoing is None:
                    break
                websocket.send(outgoing)
            else:
                self._loop.call_soon(self.pump)
        except Exception as exc:  # noqa: BLE001  # the app's dialect failed
            self._fail(exc)
        self._pumped()
