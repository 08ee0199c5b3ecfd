"""TLS inside TLS: to a backend, through a proxy that is reached by TLS itself.

``ssl.SSLSocket`` wraps a socket of the system and nothing else. ``TlsInTls`` looks like one over
any *carrier* that sends and receives, as an SSLSocket does. The inner TLS writes to memory, and the
carrier takes it from there. It raises what an SSLSocket raises: SSLWantReadError if it has to wait
for the other side, and SSLWantWriteError if the carrier takes no more.

    send("audio")   the inner TLS makes a record, once; the carrier takes half: SSLWantWriteError
    send("audio")   called again with the same bytes: the carrier takes the rest: 5
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

#: Bytes to read, and to encrypt, at once.
_BLOCK: Final = 65_536
_WAIT: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Carrier(Protocol):
    """What carries the bytes: a socket, and what of it is passed on."""

    def recv(self, size: int, /) -> bytes:
        """What has arrived; empty at the end."""
        ...

    def send(self, data: bytes, /) -> int:
        """Send; how many bytes were taken."""
        ...

    def pending(self) -> int:
        """Bytes that are there without a read of the system."""
        ...

    def fileno(self) -> int:
        """Its descriptor."""
        ...

    def getpeername(self) -> Any:
        """The address of the other side."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class TlsInTls:
    """A client's TLS with ``host`` over ``carrier``, which it owns from now on."""

    def __init__(self, carrier: Carrier, context: ssl.SSLContext, host: str) -> None:
        self._carrier = carrier
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._unsent = b""  # of the inner TLS, and not taken by the carrier
        self._claimed = 0  # bytes that a send has encrypted and not reported yet

    def do_handshake(self) -> None:
        """As of an SSLSocket: call it again when it can go on."""
        try:
            self._step(self._tls.do_handshake)
        except ssl.SSLError:
            with suppress(OSError):  # the alert that says why
                self._flush()
            raise
        self._flush()

    def recv(self, size: int) -> bytes:
        """What has arrived; empty at the end, be it said or not."""
        try:
            data: bytes = self._step(lambda: self._tls.read(size))
        except ssl.SSLEOFError:
            return b""
        with suppress(*_WAIT):  # an answer of TLS itself; the next call goes on with it
            self._flush()
        return data

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes the carrier has taken. After an error that waits: the same bytes again."""
        if not self._claimed:
            block = memoryview(data)[:_BLOCK]
            self._claimed = self._step(lambda: self._tls.write(block))
        self._flush()
        sent, self._claimed = self._claimed, 0
        return sent

    def pending(self) -> int:
        """Bytes that are there without a read of the system, of whatever layer."""
        return self._tls.pending() + self._incoming.pending + self._carrier.pending()

    def cipher(self) -> tuple[str, str, int] | None:
        """The cipher, once both sides have agreed on one."""
        return self._tls.cipher()

    def fileno(self) -> int:
        """The descriptor of the carrier."""
        return self._carrier.fileno()

    def getpeername(self) -> Any:
        """The address of the proxy."""
        return self._carrier.getpeername()

    def close(self) -> None:
        """Close the carrier, without a goodbye."""
        self._carrier.close()

    def _step(self, call: Callable[[], T]) -> T:
        """Call it until it need not read. Raises what the carrier raises."""
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                self._fill()

    def _fill(self) -> None:
        """Read from the carrier. It may have something although it takes nothing itself: then the
        other side may take no more until what it sent is read.
        """
        full: ssl.SSLError | None = None
        try:
            self._flush()
        except _WAIT as exc:
            full = exc
        try:
            data = self._carrier.recv(_BLOCK)
        except ssl.SSLWantReadError as exc:
            raise full or exc from None
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        while self._unsent or self._outgoing.pending:
            self._unsent = self._unsent or self._outgoing.read()
            self._unsent = self._unsent[self._carrier.send(self._unsent) :]
