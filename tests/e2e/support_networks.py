"""Servers and proxies in threads, with TLS or without, and a session of either face with them.

Their sockets block, so that an alert of TLS goes out before the socket closes: a loop's own TLS
closes without the alert that says why.
"""

from __future__ import annotations

import asyncio
import base64
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import trio
import trustme

import openline_asyncio
import openline_trio
from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended
from tests.asyncio import support as on_asyncio
from tests.faces.corpus import echo
from tests.faces.script import GoneError, Peer, Receive, Reset, Script, Send, Sleep
from tests.support_clock import WaitedClock, WaitedLoop
from tests.support_lines import Frames

#: Seconds that a test waits before it fails.
LONGEST = 120
QUICK = Policy(start_delay=0.001, backoff_first=0.01, backoff_cap=0.01, later_floor=0.01, scatter=0)
Address: TypeAlias = tuple[str, int]


class Server:
    """Serves each connection in a thread; ``with`` closes it."""

    def __init__(
        self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family)
        self._context = context
        self.port = int(self._listener.getsockname()[1])
        self.dials = 0
        self.errors: list[BaseException] = []

    def __enter__(self) -> Any:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:  # it was closed
                return
            self.dials += 1
            threading.Thread(target=self._meet, args=(plain,), daemon=True).start()

    def _meet(self, plain: socket.socket) -> None:
        plain.settimeout(LONGEST)
        sock = plain
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(
                    plain, server_side=True, do_handshake_on_connect=False
                )
                sock.do_handshake()
            self.serve(sock)
        except OSError:  # also TLS that failed
            pass
        except BaseException as exc:
            self.errors.append(exc)
            raise
        finally:
            _leave(sock)

    def serve(self, sock: socket.socket) -> None:
        """Be its server until it ends."""
        raise NotImplementedError


class Place(Server):
    """A backend that plays a script; ``peers`` are its ends of the dials."""

    def __init__(
        self, context: ssl.SSLContext | None = None, *, script: Script = echo, **where: Any
    ) -> None:
        super().__init__(context, **where)
        self._script = script
        self.peers: list[Peer] = []

    def serve(self, sock: socket.socket) -> None:
        peer = Peer(self.dials, Backend())
        self.peers.append(peer)
        play, given = self._script(peer), None
        with suppress(StopIteration, GoneError):
            while True:
                step: object = play.send(given)
                given = None
                match step:
                    case Receive():
                        given = sock.recv(65_536)
                    case Send(data):
                        sock.sendall(data)
                    case Sleep(seconds):
                        time.sleep(seconds)
                    case _:
                        assert isinstance(step, Reset)
                        return


class HttpProxy(Server):
    """Leads every CONNECT to ``port`` of this machine, if ``user`` says who he is."""

    def __init__(
        self, to: int, context: ssl.SSLContext | None = None, *, user: str | None = None
    ) -> None:
        super().__init__(context)
        self._to = to
        self._user = user
        self.asked: list[str] = []

    def serve(self, sock: socket.socket) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            asked += sock.recv(1)
        self.asked.append(asked.decode())
        if self._user is not None:
            pair = base64.b64encode(self._user.encode()).decode()
            if f"Proxy-Authorization: Basic {pair}\r\n" not in asked.decode():
                sock.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n")
                return
        with socket.create_connection(("127.0.0.1", self._to)) as there:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _join(sock, there)


def _join(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select(LONGEST):
                source, sink = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                data = source.recv(65_536)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    data += source.recv(source.pending())
                if not data:
                    return
                sink.sendall(data)


def _leave(sock: socket.socket) -> None:
    """Close it so that what was sent arrives: unread data would reset it."""
    number = sock.detach()
    if number < 0:
        return
    with suppress(OSError), socket.socket(fileno=number) as raw:
        raw.settimeout(5)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):
            pass


class Authority:
    """Certificates for both sides, of an authority that no system knows."""

    def __init__(self) -> None:
        self.ca = trustme.CA()

    def server(
        self, *names: str, wants: bool = False, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ) -> ssl.SSLContext:
        """Settings of a server; ``wants`` a certificate of the client."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = newest
        self.ca.issue_cert(*names).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
        if wants:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
        return context

    def client(self, shown: trustme.LeafCert | None = None) -> ssl.SSLContext:
        """Settings of a client that trusts it, and shows a certificate."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
        if shown is not None:
            shown.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
        return context


def _on_trio(backend: Backend, **given: Any) -> Ended:
    async def main() -> Ended:
        source = {"mic": Frames(5)}
        with trio.fail_after(LONGEST):
            async with openline_trio.open_session(backend, source, **given) as session:
                return await session.wait()

    return trio.run(main, clock=WaitedClock(rate=1.0))


def _on_asyncio(backend: Backend, **given: Any) -> Ended:
    async def main() -> Ended:
        source = {"mic": on_asyncio.Frames(5)}
        async with asyncio.timeout(LONGEST):
            async with openline_asyncio.open_session(backend, source, **given) as session:
                return await session.wait()

    return on_asyncio.run(main, WaitedLoop)


#: A session of five frames on each face, to its end. No stop of this process makes it late.
FACES: dict[str, Callable[..., Ended]] = {"trio": _on_trio, "asyncio": _on_asyncio}
