"""TLS inside TLS, over a carrier in memory that takes little at a time."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import trustme

from openline_driver.tls_in_tls import TlsInTls

T = TypeVar("T")
AUTHORITY = trustme.CA()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("speech.example").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


class Carrier:
    """A stream to a TLS server: it takes ``size`` bytes at each call, every other time."""

    def __init__(self, size: int, context: ssl.SSLContext | None = None) -> None:
        self._size = size
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (context or server_context()).wrap_bio(
            self._incoming, self._outgoing, server_side=True
        )
        self._turns = 0
        self.is_over = self.is_closed = self.is_full = False
        self.error: ssl.SSLError | None = None

    def serve(self, call: Callable[[], T]) -> T | None:
        """What the server does now; None if it has to wait."""
        try:
            return call()
        except ssl.SSLWantReadError:
            return None

    def handshake(self) -> None:
        try:
            self.serve(self.tls.do_handshake)
        except ssl.SSLError as exc:
            self.error = exc

    def recv(self, size: int, /) -> bytes:
        data = self._outgoing.read(min(size, self._size))
        if not data and not self.is_over:
            raise ssl.SSLWantReadError
        return data

    def send(self, data: bytes, /) -> int:
        self._turns += 1
        if self._turns % 2 or self.is_full:
            raise ssl.SSLWantWriteError
        return self._incoming.write(data[: self._size])

    def pending(self) -> int:
        return self._outgoing.pending

    def fileno(self) -> int:
        return 7

    def getpeername(self) -> Any:
        return ("192.0.2.1", 3128)

    def close(self) -> None:
        self.is_closed = True


def patiently(carrier: Carrier, call: Callable[[], T], meanwhile: Callable[[], object]) -> T:
    """Call it again as often as it has to wait."""
    for _ in range(100_000):
        try:
            return call()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            meanwhile()
    raise AssertionError("it waits for ever")


def opened(size: int, context: ssl.SSLContext | None = None) -> tuple[TlsInTls, Carrier]:
    carrier = Carrier(size, context)
    tls = TlsInTls(carrier, client_context(), "speech.example")
    assert tls.cipher() is None
    patiently(carrier, tls.do_handshake, carrier.handshake)
    carrier.handshake()
    assert tls.cipher() is not None
    return tls, carrier


@pytest.mark.parametrize("size", [1, 100, 70_000])
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_bytes_go_both_ways_however_little_the_carrier_takes(
    size: int, newest: ssl.TLSVersion
) -> None:
    context = server_context()
    context.maximum_version = newest
    tls, carrier = opened(size, context)
    assert patiently(carrier, lambda: tls.send(b"audio"), lambda: None) == 5
    assert carrier.serve(lambda: carrier.tls.read(99)) == b"audio"
    carrier.tls.write(b"words")
    assert tls.pending() > 0
    assert tls.recv(99) == b"words"
    with pytest.raises(ssl.SSLWantReadError):
        tls.recv(99)
    assert tls.pending() == 0


def test_much_is_sent_in_blocks_and_each_byte_once() -> None:
    tls, carrier = opened(5_000)
    data = bytes(range(256)) * 800
    unsent, got = bytearray(data), b""
    while unsent:
        sent = patiently(carrier, lambda: tls.send(unsent), lambda: None)
        assert 0 < sent <= 65_536
        del unsent[:sent]
        while (block := carrier.serve(lambda: carrier.tls.read(1 << 20))) is not None:
            got += block
    assert got == data


def test_an_end_is_an_end_whether_tls_says_so_or_not() -> None:
    for says_so in (True, False):
        tls, carrier = opened(70_000)
        if says_so:
            carrier.serve(carrier.tls.unwrap)
        carrier.is_over = True
        assert tls.recv(99) == b""
        assert tls.recv(99) == b""


def test_an_end_in_the_handshake_is_an_error() -> None:
    carrier = Carrier(70_000)
    carrier.is_over = True
    tls = TlsInTls(carrier, client_context(), "speech.example")
    with pytest.raises(ssl.SSLEOFError):
        patiently(carrier, tls.do_handshake, lambda: None)


def test_a_refusal_of_ours_reaches_the_server() -> None:
    carrier = Carrier(70_000)
    tls = TlsInTls(carrier, ssl.create_default_context(), "speech.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        patiently(carrier, tls.do_handshake, carrier.handshake)
    for _ in range(2):  # the carrier takes each other call
        carrier.handshake()
        if carrier.error is None:
            with pytest.raises(ssl.SSLError):
                tls.do_handshake()
    assert carrier.error is not None
    assert "ALERT" in str(carrier.error.reason)


def test_a_read_gives_what_came_although_the_carrier_takes_nothing() -> None:
    tls, carrier = opened(70_000)
    carrier.is_full = True
    with pytest.raises(ssl.SSLWantWriteError):
        tls.send(b"audio")
    carrier.tls.write(b"words")
    assert tls.recv(99) == b"words"
    with pytest.raises(ssl.SSLWantWriteError):
        tls.recv(99)  # before it waits for more
    carrier.is_full = False
    assert patiently(carrier, lambda: tls.send(b"audio"), lambda: None) == 5


def test_the_rest_is_the_carriers() -> None:
    carrier = Carrier(1)
    tls = TlsInTls(carrier, client_context(), "speech.example")
    assert (tls.fileno(), tls.getpeername()) == (7, ("192.0.2.1", 3128))
    tls.close()
    assert carrier.is_closed
