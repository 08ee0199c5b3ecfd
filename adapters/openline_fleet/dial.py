"""One dial of a session in a fleet: a socket from its place at the gate until it is released.

Opening the transport is a task. From then on there is none: messages are read, and sent, in the
loop's callbacks. What arrives goes through ``openline_fleet.websocket`` to the driver at once.
``pump`` pulls one message after the other and writes it; it stops when the driver has none
(``wake``, and the session calls it again) or when the kernel takes no more (``resume_writing``). It
decides nothing: the driver aborts a dial and begins the closing handshake. A frame that went
straight through is held until the end of the loop's turn (``sending``), or until anything else is
to be sent: it goes first. Reading and writing have
both ended before the one report of how the dial ended; ``Released`` follows when the socket is
gone, however the dial ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from openline.backend import Backend
from openline.commands import Outgoing, SendBytes
from openline.events import Event, SocketLost, SocketOpened
from openline_driver import effects as fx
from openline_driver.facts import Fact, Released
from openline_driver.network_errors import DialError
from openline_fleet.sending import Sending
from openline_fleet.websocket import BINARY, WebSocket

#: Messages to send in one turn of the loop, so that a backlog delays no other session.
_TURN: Final = range(16)


class Owner(Protocol):
    """The session of a dial."""

    def feed(self, event: Event | Fact) -> None:
        """Hand the driver an event."""
        ...

    @property
    def next_message(self) -> Callable[[], Outgoing | None]:
        """The driver's ``pull``."""
        ...

    async def connect(self, backend: Backend, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        """Open a transport. Raises DialError."""
        ...

    def is_sending(self) -> None:
        """The kernel has not taken the frame of ``send_soon`` yet: ``pump`` follows when it has."""
        ...

    def pumped(self) -> None:
        """A ``pump`` is over: there may be an earlier deadline."""
        ...

    def released(self, dial: Dial) -> None:
        """The socket is gone; ``Released`` was fed."""
        ...

    def fail(self, fault: BaseException) -> None:
        """An error that is no end of a line: one of the app's dialect, or a bug."""
        ...


class Dial(asyncio.Protocol):
    """Carries out ``effect`` for ``owner``. ``start`` begins it, ``abort`` drops the socket."""

    __slots__ = (
        "_close_code",
        "_effect",
        "_held",
        "_is_aborted",
        "_is_gone",
        "_is_over",
        "_is_paused",
        "_is_released",
        "_loop",
        "_owner",
        "_pull",
        "_sending",
        "_task",
        "_transport",
        "_websocket",
        "is_woken",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sending: Sending, owner: Owner, effect: fx.Dial
    ) -> None:
        self._loop = loop
        self._sending = sending
        self._owner = owner
        self._pull = owner.next_message
        self._effect = effect
        self._websocket = WebSocket(effect, self._take)
        self._transport: asyncio.WriteTransport | None = None
        self._task: asyncio.Task[asyncio.WriteTransport] | None = None  # while it connects
        self._is_over = False  # nothing more is to come
        self._is_gone = False  # its socket is closed, if there was one
        self._is_aborted = False
        self._is_released = False
        self._is_paused = False  # the kernel takes no more
        self.is_woken = False  #: there may be something to ``pump``
        self._held: bytes | None = None  # a message of audio, for the end of the turn
        self._close_code: int | None = None

    def start(self) -> None:
        """Connect: the gate is open."""
        if not self._is_aborted:
            connecting = self._owner.connect(self._effect.backend, self)
            self._task = self._loop.create_task(connecting)
            self._task.add_done_callback(self._connected)

    def abort(self) -> None:
        """Drop the socket; no report follows but ``Released``."""
        if self._is_aborted:
            return
        self._is_aborted = True
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

    def _connected(self, task: asyncio.Task[asyncio.WriteTransport]) -> None:
        """The transport is there, or cannot be."""
        self._task = None
        if task.cancelled():
            self._is_gone = True
            self._stop()
            self._release()
            return
        error = task.exception()
        if error is None:
            self._transport = task.result()
            if self._is_over:
                self._transport.abort()
                self._end()
            else:
                self._transport.set_write_buffer_limits(high=0)
                self._websocket.begin(self._transport)
            return
        self._is_gone = self._is_over = True
        if not isinstance(error, DialError):
            self._owner.fail(error)
        elif not self._is_aborted:
            lost = SocketLost(dial=self._effect.dial, error=error.kind, detail=error.detail)
            self._attempt(lost)
        self._release()

    def _stop(self) -> None:
        """Nothing more is read or sent; ``_end`` follows."""
        if not self._is_over:
            self._is_over = True
            self._websocket.stop()
            if self._is_aborted and self._transport is not None:
                self._transport.abort()
            self._loop.call_soon(self._end)

    def _end(self) -> None:
        """Report how it ended, and close the socket."""
        if self._task is not None or self._is_released:  # it is still connecting
            return
        if not self._is_aborted:
            self._is_aborted = True
            self._attempt(self._websocket.report(time.time()))
        if self._transport is not None and not self._is_gone:
            self._transport.abort()
        else:
            self._release()

    def _release(self) -> None:
        if not self._is_released:
            self._is_released = True
            self._attempt(Released(self._effect.dial))
            self._owner.released(self)

    def _attempt(self, event: Event | Fact) -> None:
        """Feed it, in a callback of the loop."""
        try:
            self._owner.feed(event)
        except Exception as exc:  # noqa: BLE001  # ours
            self._owner.fail(exc)

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer to the upgrade, or of frames."""
        if self._is_over:
            return
        websocket = self._websocket
        try:
            websocket.receive(data)
        except Exception as exc:  # noqa: BLE001  # ours, or the app's dialect's
            self._owner.fail(exc)
            self._stop()
        if websocket.over:
            self._stop()

    def _take(self, event: Event) -> None:
        self._owner.feed(event)
        if type(event) is SocketOpened:
            self.pump()

    def eof_received(self) -> None:
        """The stream has ended; the transport closes itself behind this."""
        self._websocket.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._websocket.end(exc)
        self._is_gone = True
        if self._is_over:
            self._end()
        else:
            self._stop()

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """The kernel has taken everything: the last send has completed."""
        self._is_paused = False
        self.pump()

    # Out.

    @property
    def is_open(self) -> bool:
        """Whether ``send_soon`` may be called."""
        return self._websocket.opened and not self._websocket.over

    def send_soon(self, message: bytes, *, pumps: bool) -> None:
        """Send one message of audio in this turn of the loop; ``pumps``: and ``pump`` behind it."""
        if self._held is not None:
            self._send_held()
        self._held = message
        self.is_woken |= pumps
        self._sending.add(self)

    def send_held(self) -> None:
        """The turn is over."""
        if self.is_woken:
            self.pump()
        else:
            self._send_held()

    def _send_held(self) -> None:
        held, self._held = self._held, None
        if held is None or self._websocket.over:
            return
        try:
            self._websocket.write(BINARY, held)
        except Exception as exc:  # noqa: BLE001  # ours: no other dial waits for it
            self._owner.fail(exc)
        else:
            if self._is_paused:
                self._owner.is_sending()

    def pump(self) -> None:
        """Send until the driver has nothing, or the kernel takes no more. It raises nothing."""
        self.is_woken = False
        websocket, pull = self._websocket, self._pull
        try:
            self._send_held()
            if self._close_code is not None:
                if not (self._is_paused or websocket.over):
                    websocket.close(self._close_code)
            elif websocket.opened:
                for _ in _TURN:
                    if self._is_paused or websocket.over:
                        break
                    outgoing = pull()
                    if outgoing is None:
                        break
                    if type(outgoing) is SendBytes:  # as nearly all that is sent
                        websocket.write(BINARY, outgoing.data)
                    else:
                        websocket.send(outgoing)
                else:
                    self._loop.call_soon(self.pump)
        except Exception as exc:  # noqa: BLE001  # the app's dialect failed
            self._owner.fail(exc)
        self._owner.pumped()
