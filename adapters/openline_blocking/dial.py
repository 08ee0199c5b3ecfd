"""One dial: a socket from its first packet until it is released.

A coroutine opens the socket (``network``). From then on its ``Stream`` calls back when something
has arrived, and ``openline_driver.websocket`` makes events of it. ``pump`` pulls one message after
the other and writes it; it stops when the driver has none or when the kernel takes no more. It
decides nothing: the driver aborts a dial and begins the closing handshake. Closing a socket takes
no time here, so ``Released`` follows at once, however the dial ended.
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Final

from openline.commands import Outgoing
from openline.events import Event, SocketLost, SocketOpened
from openline.reconnect.verdicts import ErrorKind
from openline_blocking.interrupts import interruptible
from openline_blocking.network import Connect
from openline_blocking.stream import Stream
from openline_blocking.tasks import Task, Tasks
from openline_driver import effects as fx
from openline_driver.facts import Fact, Refused, Released
from openline_driver.network_errors import DialError
from openline_driver.websocket import WebSocket

#: Messages to send in one turn of the session, so that a backlog delays nothing else.
_TURN: Final = 16


class Dial:
    """Carries out ``effect``, from ``start`` on; ``abort`` drops the socket."""

    def __init__(
        self,
        feed: Callable[[Event | Fact], None],
        pull: Callable[[], Outgoing | None],
        effect: fx.Dial,
        connect: Connect,
        tasks: Tasks,
    ) -> None:
        self._feed = feed
        self._pull = pull
        self._effect = effect
        self._number = effect.dial
        self._connect = connect
        self._tasks = tasks
        self._websocket = WebSocket(effect, os.urandom)
        self._opening: Task[None] | None = None
        self._stream: Stream | None = None
        self._close_code: int | None = None
        self._is_released = False
        self.is_woken = False  #: there may be something to ``pump``

    @property
    def deadline(self) -> float:
        """When ``time_is_up``."""
        return math.inf if self._stream is None else self._stream.deadline

    @property
    def is_busy(self) -> bool:
        """Whether it has something to do at once."""
        return self.is_woken or (self._stream is not None and self._stream.has_more)

    def start(self) -> None:
        """Begin its life."""
        self._opening = self._tasks.start(self._open())

    def abort(self) -> None:
        """Drop the socket; no report follows but ``Released``."""
        self._release()

    def drop(self) -> None:
        """Close the socket without a word, should the session have failed to abort it."""
        self._is_released = True
        self._close()

    def wake(self) -> None:
        """The driver has something to send."""
        self.is_woken = self._websocket.opened

    def close(self, code: int) -> None:
        """Begin the closing handshake."""
        self._close_code = code
        self.is_woken = True

    def time_is_up(self) -> None:
        """``deadline`` has come."""
        if self._stream is not None:
            self._stream.time_is_up()

    def work(self) -> None:
        """Do what is to be done at once."""
        if self._stream is not None and self._stream.has_more:
            self._stream.read()
        if self.is_woken:
            self.pump()

    def pump(self) -> None:
        """Send until the driver has nothing, or the kernel takes no more."""
        self.is_woken = False
        websocket, stream = self._websocket, self._stream
        for _ in range(_TURN):
            if stream is None or websocket.over or stream.is_full or not websocket.opened:
                return
            if self._close_code is not None:
                websocket.close(self._close_code)
                return
            outgoing = self._pull()
            if outgoing is None:
                return
            websocket.send(outgoing)
        self.is_woken = True

    async def _open(self) -> None:
        try:
            found = interruptible(lambda: self._connect(self._effect.backend))
            sock = await found if isinstance(found, Coroutine) else found
        except DialError as exc:
            self._lose(SocketLost(dial=self._number, error=exc.kind, detail=exc.detail))
            return
        except KeyboardInterrupt:  # in what blocks: the session goes on if the app wants it to
            detail = "a Ctrl-C ended the look-up of the name"
            self._lose(SocketLost(dial=self._number, error=ErrorKind.OS_OTHER, detail=detail))
            raise
        self._opening = None
        if isinstance(sock, socket.socket):  # what the app's own function opens may block
            sock.setblocking(False)  # noqa: FBT003  # its only argument
        self._stream = Stream(
            self._tasks.poller,
            sock,
            received=self._receive,
            completed=self.pump,
            ended=self._end,
        )
        self._websocket.begin(self._stream.write)

    def _receive(self, data: bytes) -> None:
        for event in self._websocket.receive(data):
            self._feed(event)
            if type(event) is SocketOpened:
                self.pump()
        if self._websocket.over and not self._is_released:
            self._lose(self._websocket.report(time.time()))

    def _end(self, error: OSError | None) -> None:
        self._websocket.end(error)
        self._lose(self._websocket.report(time.time()))

    def _lose(self, loss: SocketLost | Refused) -> None:
        """Report how it ended."""
        self._opening = None
        self._websocket.stop()
        try:
            self._feed(loss)
        finally:
            self._release()

    def _release(self) -> None:
        """The end of the socket, once."""
        if self._is_released:
            return
        self._is_released = True
        self._close()
        self._feed(Released(self._number))

    def _close(self) -> None:
        self.is_woken = False
        self._websocket.stop()
        if self._opening is not None:
            self._opening.cancel()
        if self._stream is not None:
            self._stream.close()
