"""A socket, plain or with TLS, as an asyncio transport that tells all it knows of its end.

The loop's own transports give up reading when a send fails, and so lose a close frame that has
already arrived: "1008, no such token" becomes "broken pipe", and the session would dial again.
This one goes on reading for ``DRAIN`` seconds. Three things more are exact here, with and without
TLS, on asyncio and on uvloop: a send has completed when the kernel has taken it (``pause_writing``
until then); ``abort`` closes the socket before it returns; and the loop waits for nothing but the
socket's readiness (``add_reader``, ``add_writer``), so there is no task. ``may_read`` is asked
before each read: a program with thousands of sockets may have one wait for the next turn.

TLS may have to read before it can send, as in a renegotiation, and to send before it can read. Then
the one waits for what the other waits for: to wait for its own readiness, which is there already,
would keep the loop busy for nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from openline_driver.effects import DRAIN
from openline_driver.tls_in_tls import TlsInTls
from openline_network.waits import Connected

#: Bytes to read at once: a record of TLS has as many (RFC 8446 §5.1), and some hundred messages are
#: not more. Then all other sockets have their turn.
_BLOCK: Final = 16_384
#: What a socket raises that has to wait for the other side.
_WAIT: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SocketTransport(asyncio.Transport):
    """Feeds ``protocol`` from a connected socket that does not block, and owns it from now on."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: Connected,
        protocol: asyncio.Protocol,
        may_read: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__({"socket": sock, "peername": _peer(sock)})
        self._loop = loop
        self._socket = sock
        self._receive: Callable[[int], bytes] = sock.recv
        #: Whether it may be read in this turn of the loop; None: it may.
        self.may_read = may_read
        self._pending = sock.pending if isinstance(sock, ssl.SSLSocket | TlsInTls) else _nothing
        self._protocol = protocol
        #: What the kernel has not taken yet; the same object as long as the transport lives.
        self.unsent = self._unsent = bytearray()
        self._broken: OSError | None = None  # a send has failed
        self._drain: asyncio.TimerHandle | None = None
        self._reads_to_send = False  # TLS has to read before it can send
        self._sends_to_read = False  # TLS has to send before it can read
        self._awaits_writing = False
        self._is_reading = True
        self._closed = False
        loop.add_reader(sock.fileno(), self._read)
        protocol.connection_made(self)
        if self._pending():  # came with the handshake's last record
            loop.call_soon(self._read)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; what the kernel does not take yet is sent as soon as it does."""
        if self._closed or self._broken is not None:
            return
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except OSError as exc:
            sent = self._not_sent(exc)
        if sent < len(data) and self._broken is None:
            self._unsent += memoryview(data)[sent:]
            self._watch_writing()
            self._protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return len(self._unsent)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing to set: here they are 0."""

    def pause_reading(self) -> None:
        """Read nothing until ``resume_reading``: what comes waits in the kernel, then at the peer.

        An end of the stream waits as well. A closed transport, or one that pauses, stays so.
        """
        if self._is_reading and not self._closed:
            self._is_reading = False
            self._loop.remove_reader(self._socket.fileno())

    def resume_reading(self) -> None:
        """Read again."""
        if not self._is_reading and not self._closed:
            self._is_reading = True
            self._loop.add_reader(self._socket.fileno(), self._read)
            if self._pending():  # TLS has read it, and no descriptor will be ready for it
                self._loop.call_soon(self._read)

    def is_reading(self) -> bool:
        """Whether it reads: neither paused nor closed."""
        return self._is_reading and not self._closed

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Abort: what is unsent is dropped, and TLS says no goodbye."""
        self.abort()

    def abort(self) -> None:
        """Close the socket now; ``connection_lost(None)`` follows."""
        self._end(None)

    def _read(self) -> None:
        """The socket has something to read, or has ended."""
        if self.may_read is not None and not self.may_read():
            if self._pending():  # no descriptor is ready for it
                self._loop.call_soon(self._read)
            return
        self._read_all()
        if self._reads_to_send and self._unsent:  # behind it: reading may be what it waited for
            self._reads_to_send = False
            self._send_more()

    def _read_all(self) -> None:
        while self._is_reading and not self._closed:
            try:
                data = self._receive(_BLOCK)
            except ssl.SSLWantWriteError:
                self._sends_to_read = True
                self._watch_writing()
                return
            except _WAIT:
                return
            except OSError as exc:
                self._end(exc)
                return
            if not data:
                self._end(self._broken)
                return
            self._protocol.data_received(data)
            if not self._pending():
                return

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes the kernel takes now; a failure is kept, and ends the reader later."""
        try:
            return self._socket.send(data)
        except OSError as exc:
            return self._not_sent(exc)

    def _not_sent(self, exc: OSError) -> int:
        if isinstance(exc, ssl.SSLWantReadError):
            self._reads_to_send = True
        elif not isinstance(exc, _WAIT):
            self._broken = exc
            self._drain = self._loop.call_later(DRAIN, self._end, exc)
        return 0

    def _write_ready(self) -> None:
        """The kernel takes more."""
        if self._unsent and not self._reads_to_send:
            self._send_more()
        if self._sends_to_read and not self._closed:
            self._sends_to_read = False
            self._read()
            self._watch_writing()

    def _send_more(self) -> None:
        sent = self._send(self._unsent)
        del self._unsent[:sent]
        if self._broken is not None:
            self._unsent.clear()
        self._watch_writing()
        if not self._unsent and self._broken is None:
            self._protocol.resume_writing()

    def _watch_writing(self) -> None:
        """Wait for the kernel to take more, if that is what is waited for."""
        awaits = self._sends_to_read or bool(self._unsent and not self._reads_to_send)
        if awaits and not self._awaits_writing:
            self._loop.add_writer(self._socket.fileno(), self._write_ready)
        elif self._awaits_writing and not awaits:
            self._loop.remove_writer(self._socket.fileno())
        self._awaits_writing = awaits

    def _end(self, exc: OSError | None) -> None:
        if self._closed:
            return
        self._closed = True
        if self._drain is not None:
            self._drain.cancel()
        number = self._socket.fileno()
        self._loop.remove_reader(number)
        self._loop.remove_writer(number)
        self._socket.close()
        self._loop.call_soon(self._protocol.connection_lost, exc)


def _peer(sock: Connected) -> object:
    try:
        return sock.getpeername()
    except OSError:  # it has gone already
        return None


def _nothing() -> int:
    """A plain socket keeps nothing of what it has read."""
    return 0
