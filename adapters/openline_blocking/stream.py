"""A connected socket, plain or with TLS, that never blocks and tells all it knows of its end.

``read`` and ``write`` do what they can now. What the kernel does not take yet is kept, and the last
send has completed when nothing is kept (``is_full``). A failed send is no end: a close frame that
has already arrived explains more than a broken pipe, so the stream is read for ``DRAIN`` seconds
more, up to ``deadline``.

TLS may have to read before it can send, as in a renegotiation, and to send before it can read. Then
the one waits for what the other waits for.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable
from typing import Final

from openline_blocking.poller import Call, Poller
from openline_driver.effects import DRAIN
from openline_driver.tls_in_tls import TlsInTls
from openline_network.waits import Connected

#: Bytes to read at once: a larger block would be mapped and unmapped by the allocator each time.
_BLOCK: Final = 65_536
_WAIT: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Stream:
    """Owns ``sock``, which does not block, from now on.

    ``received`` gets what arrives, ``completed`` is called when the kernel has taken all of a send
    that was kept, and ``ended``, once, with the error that broke the stream, or None.
    """

    def __init__(
        self,
        poller: Poller,
        sock: Connected,
        *,
        received: Callable[[bytes], object],
        completed: Call,
        ended: Callable[[OSError | None], object],
    ) -> None:
        self._poller = poller
        self._socket = sock
        self._number = sock.fileno()
        self._pending = sock.pending if isinstance(sock, ssl.SSLSocket | TlsInTls) else None
        self._received = received
        self._completed = completed
        self._ended = ended
        self._unsent = bytearray()
        self._broken: OSError | None = None  # a send has failed
        self._reads_to_send = self._sends_to_read = False
        self._awaits_writing = False
        self.is_closed = False
        #: When it ends by itself, after a failed send.
        self.deadline = math.inf
        poller.watch(self._number, self.read)

    @property
    def is_full(self) -> bool:
        """Whether the kernel takes no more for now."""
        return bool(self._unsent)

    @property
    def has_more(self) -> bool:
        """Whether TLS holds data that was not read yet, of which the kernel reports nothing."""
        return self._pending is not None and not self.is_closed and self._pending() > 0

    def write(self, data: bytes) -> None:
        """Send; what the kernel does not take yet is sent as soon as it does."""
        if self.is_closed or self._broken is not None:
            return
        if self._unsent:
            self._unsent += data
            return
        sent = self._send(data)
        if sent < len(data) and self._broken is None:
            self._unsent += memoryview(data)[sent:]
            self._watch()

    def read(self) -> None:
        """Take what has arrived: one block of it, so that a flood holds up nothing else."""
        if self.is_closed:
            return
        try:
            data = self._socket.recv(_BLOCK)
        except ssl.SSLWantWriteError:
            self._sends_to_read = True
            self._watch()
            return
        except _WAIT:
            data = None
        except OSError as exc:
            self._end(exc)
            return
        if self._reads_to_send:  # what came may be what it waited for
            self._reads_to_send = False
            self._send_more()
        if data:
            self._received(data)
        elif data is not None:
            self._end(self._broken)

    def time_is_up(self) -> None:
        """``deadline`` has come."""
        self._end(self._broken)

    def close(self) -> None:
        """Close the socket now; what is unsent is dropped, and TLS says no goodbye."""
        if not self.is_closed:
            self.is_closed = True
            self.deadline = math.inf
            self._poller.watch(self._number)
            self._socket.close()

    def _end(self, exc: OSError | None) -> None:
        if not self.is_closed:
            self.close()
            self._ended(exc)

    def _send(self, data: bytes | bytearray) -> int:
        """How many bytes the kernel takes now; a failure is kept, and ends the stream later."""
        try:
            return self._socket.send(data)
        except ssl.SSLWantReadError:
            self._reads_to_send = True
        except _WAIT:
            pass
        except OSError as exc:
            self._broken = exc
            self.deadline = self._poller.now() + DRAIN
        return 0

    def _writable(self) -> None:
        """The kernel takes more."""
        if self._sends_to_read:
            self._sends_to_read = False
            self._watch()
            self.read()
        if self._unsent and not self.is_closed:
            self._send_more()

    def _send_more(self) -> None:
        sent = self._send(self._unsent)
        del self._unsent[:sent]
        if self._broken is not None:
            self._unsent.clear()
        self._watch()
        if not self._unsent and self._broken is None:
            self._completed()

    def _watch(self) -> None:
        """Wait for the kernel to take more, if that is what is waited for."""
        awaits = self._sends_to_read or bool(self._unsent and not self._reads_to_send)
        if awaits != self._awaits_writing and not self.is_closed:
            self._awaits_writing = awaits
            self._poller.watch(self._number, self.read, self._writable if awaits else None)
