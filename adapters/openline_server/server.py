"""Accepting, limits and shutdown: everything about a connection that is not conversation.

Every accepted TCP stream is handled by one task, ``Server.handle``: the handshake (within
a limit of time), the path, the credentials, then a ``Session``, then the closing
handshake and the end of the stream. An error in one connection ends that
connection (its client sees 1006) and is logged; the others are not affected.

The port opens last: by then the recogniser has loaded, so a client that can connect
can be served. On shutdown the port closes first, then every socket with 1012 and
without waiting for finals, as the observed server does.

Three traps of trio-websocket 0.12 are dealt with here. A stream that ends before the
handshake leaves its waiter hanging, so the transport calls back when it is over. A ping
that arrives while the closing handshake is under way crashes the reader (issue 184), so
LocalProtocolError is an ordinary end. And closing a socket that still has unread bytes
resets it, which can destroy the close frame on its way, so the transport lingers:
it sends EOF, reads until the client's EOF, one second at most, and then closes.

permessage-deflate is not offered: trio-websocket has no place to pass an extension.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from email.utils import formatdate
from functools import partial
from math import inf
from typing import Final

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, wrap_server_stream
from wsproto.utilities import LocalProtocolError

from openline_server import admission, no_upgrade
from openline_server.config import BackendError, ServerConfig
from openline_server.contracts import CONTRACTS, Contract
from openline_server.contracts.base import Ending, Rejection
from openline_server.hooks import Hooks
from openline_server.port import Port, open_port
from openline_server.recognizer import Recognizer
from openline_server.recording import last_number
from openline_server.registry import open_recognizer
from openline_server.session import Context, Session
from openline_server.transport import Transport
from openline_server.usage import Reading, Usage, tell

log: Final = logging.getLogger(__name__)

#: Messages read ahead, so that pings are answered while one message is acted on.
_READ_AHEAD: Final = 64
_RECEIVE_BYTES: Final = 64 * 1024
_SHUTDOWN_SECONDS: Final = 3.0


class Connection:
    """One accepted stream; what a fault and a shutdown act on."""

    def __init__(self, number: int) -> None:
        """``number``: 1 for the first of a server."""
        self.number = number
        self.opened_at = trio.current_time()
        self.ending: Ending | None = None
        self.conversation = trio.CancelScope()

    def abort(self) -> None:
        """End it now, without a close frame."""
        self.end(1006)

    def end(self, code: int, reason: str = "") -> None:
        """End it now, with a close frame."""
        if self.ending is None:
            self.ending = Ending(code, reason)
            self.conversation.cancel()


class Server:
    """A running server."""

    def __init__(
        self, config: ServerConfig, recognizer: Recognizer, hooks: Hooks | None = None
    ) -> None:
        """Open nothing; ``serve`` does that."""
        self.config = config
        #: The wire contract that it serves.
        self.contract: type[Contract] = CONTRACTS[config.dialect]
        self.host, self.port = config.host, config.port
        self.hooks = hooks if hooks is not None else Hooks()
        #: What it counts; an instrument for the loop that serves.
        self.usage = Usage(recognizer, trio.current_time)
        self._context = Context(
            config, recognizer, trio.CapacityLimiter(config.max_sessions), self.hooks,
            self.contract, self.usage,
            last_number(config.record) if config.record is not None else 0,
        )  # fmt: skip
        self._connections: set[Connection] = set()
        self._accepted = 0
        self._stopping = trio.Event()
        self._accepting = trio.CancelScope()
        self._failure: BackendError | None = None
        #: The port is closed until then.
        self.port_opens = -inf
        self.hooks.serving(self)

    @property
    def url(self) -> str:
        """The URL to dial."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ws://{host}:{self.port}{self.contract.path}"

    @property
    def accepted(self) -> int:
        """Streams accepted so far."""
        return self._accepted

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The open ones, oldest first."""
        return tuple(sorted(self._connections, key=lambda each: each.number))

    @property
    def sessions(self) -> int:
        """Sessions between ack and end."""
        return self._context.slots.borrowed_tokens

    def read(self) -> Reading:
        """Its figures since the last reading."""
        return self.usage.read(self.sessions, self.config.max_sessions)

    @property
    def stopping(self) -> bool:
        """Whether ``shutdown`` was called."""
        return self._stopping.is_set()

    def shutdown(self) -> None:
        """Stop accepting and close every socket with 1012; ``serve`` then returns."""
        self._stopping.set()
        for connection in self._connections:
            connection.end(1012)

    def close_port(self, seconds: float) -> None:
        """Accept no connection for ``seconds``; the open connections go on."""
        self.port_opens = max(self.port_opens, trio.current_time() + seconds)
        self._accepting.cancel()

    async def run(self, port: Port) -> None:
        """Accept until shut down. Raises BackendError if the port is lost."""
        async with trio.open_nursery() as nursery:
            async with trio.open_nursery() as accepting:
                accepting.start_soon(self._accept, port, nursery)
                await self._stopping.wait()
                accepting.cancel_scope.cancel()
            nursery.cancel_scope.deadline = trio.current_time() + _SHUTDOWN_SECONDS
        if self._failure is not None:
            raise self._failure

    async def _accept(self, port: Port, nursery: trio.Nursery) -> None:
        try:
            while True:
                while (then := self.port_opens) > trio.current_time():
                    await port.close()
                    await trio.sleep_until(then)
                port.open()
                with trio.CancelScope() as self._accepting:
                    await port.serve(self.handle, nursery)
                await port.close()  # cancelled by close_port, whose time may be over already
        except BackendError as error:
            self._failure = error
            self.shutdown()

    async def handle(self, stream: trio.abc.Stream) -> None:
        """Handle one connection, from the accepted stream to its end; raises nothing."""
        if self.port_opens > trio.current_time():
            await trio.aclose_forcefully(stream)  # accepted just before the port closed
            return
        self._accepted += 1
        connection = Connection(self._accepted)
        transport = Transport(self.hooks.stream(connection, stream))
        self._connections.add(connection)
        if self.stopping:
            connection.end(1012)
        try:
            await self._converse(connection, transport)
        except* ConnectionClosed:
            log.debug("connection %d: closed by the client", connection.number)
        except* LocalProtocolError as errors:
            log.debug("connection %d: %s", connection.number, errors.exceptions)
        except* Exception:
            log.exception("connection %d failed", connection.number)
        finally:
            self._connections.discard(connection)
            self.hooks.ended(connection)
            await transport.finish()

    async def _converse(self, connection: Connection, transport: Transport) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.hooks.attend, connection)
            request = await self._handshake(connection, transport, nursery)
            if request is not None:
                chosen = self.contract.subprotocol(request.proposed_subprotocols)
                dated = [(b"date", formatdate(usegmt=True).encode())]  # as most servers do
                ws = await request.accept(subprotocol=chosen, extra_headers=dated)
                refusal = admission.judge(request, self.contract, self.config)
                if isinstance(refusal, Rejection):
                    raise AssertionError("the handshake has rejected it")
                if refusal is not None:
                    admission.tell(connection.number, str(refusal.code), admission.DENIED)
                if refusal is not None and refusal.code == 1006:
                    connection.ending = refusal
                else:
                    session = Session(self._context, connection, ws, refusal, request.path)
                    try:
                        with connection.conversation:
                            ending = await session.run()
                            connection.ending = connection.ending or ending
                    except* ConnectionClosed:
                        await transport.close_broken(ws.closed, connection.number)
                        raise
                ending = connection.ending or Ending(1006)
                if ending.code == 1006:
                    transport.abort()
                else:
                    with trio.move_on_after(self.config.close_timeout):
                        await ws.aclose(ending.code, ending.reason or None)
            nursery.cancel_scope.cancel()

    async def _handshake(
        self, connection: Connection, transport: Transport, nursery: trio.Nursery
    ) -> WebSocketRequest | None:
        request: WebSocketRequest | None = None
        rejection: Rejection | None = None
        with trio.move_on_after(self.config.handshake_timeout) as waiting:
            transport.on_over(waiting.cancel)
            transport.on_no_upgrade(partial(self._refuse_plain, connection.number))
            with connection.conversation:
                request = await wrap_server_stream(
                    nursery,
                    transport,
                    message_queue_size=_READ_AHEAD,
                    max_message_size=self.contract.most_bytes,
                    receive_buffer_size=_RECEIVE_BYTES,
                )
                transport.requested()
                rejection = await self.hooks.handshake(connection)
        if request is None or waiting.cancelled_caught or connection.ending is not None:
            transport.abort()
            return None
        if rejection is None:
            count = len(self._connections)
            refused = admission.refuse(request, self.contract, self.config, count)
            if refused is not None:
                rejection, why = refused
                admission.tell(connection.number, f"HTTP {rejection.status}", why)
        if rejection is not None:
            named = (*rejection.headers, ("Connection", "close"))
            headers = [(name.encode(), value.encode()) for name, value in named]
            status, body = rejection.status, rejection.body or None
            await request.reject(status, extra_headers=headers, body=body)
            return None
        connection.conversation = trio.CancelScope()
        return request

    def _refuse_plain(self, number: int, head: bytes, bare: bytes) -> bytes:
        found = no_upgrade.judge(head, bare, self.contract.path)
        admission.tell(number, found.told, found.why)
        return found.answer


async def serve(
    config: ServerConfig,
    *,
    hooks: Hooks | None = None,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``Server.shutdown`` (sockets close with 1012) or until cancelled (1006).

    ``await nursery.start(serve, config)`` returns the running ``Server`` (``host``, ``port``,
    ``url``) once the port is open. Raises BackendError.
    """
    await _serve(config, hooks, task_status.started)


def _always(_number: int, _now: float) -> bool:
    return True


async def run_server(
    config: ServerConfig,
    announce: Callable[[str], None],
    *,
    hooks: Hooks | None = None,
    figures: float | None = None,
    signals: Iterable[int] = (signal.SIGTERM, signal.SIGINT),
    is_new: Callable[[int, float], bool] = _always,
) -> None:
    """Serve as a process of its own: announce one line, obey ``signals``, return.

    ``figures``: announce the server's own figures each so many seconds, and at the end. The second
    signal does not wait for the closing handshakes. ``is_new`` is told the number and the time of
    a signal, and says whether it is another request. Raises BackendError.
    """
    running: list[Server] = []
    failure: BackendError | None = None

    def ready(server: Server) -> None:
        running.append(server)
        announce(f"listening on {server.url}")
        if figures is not None:
            nursery.start_soon(tell, server.usage, server.read, figures, announce)

    async def obey(received: AsyncIterator[int], scope: trio.CancelScope) -> None:
        async for number in received:
            if not is_new(number, trio.current_time()):
                continue
            if not running or running[0].stopping:
                scope.cancel()
            else:
                running[0].shutdown()

    with trio.open_signal_receiver(*signals) as received:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(obey, received, nursery.cancel_scope)
            try:
                await _serve(config, hooks, ready)
            except BackendError as error:
                failure = error  # raised outside of the nursery, which would wrap it
            nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _serve(
    config: ServerConfig, hooks: Hooks | None, ready: Callable[[Server], None]
) -> None:
    if config.record is not None:
        try:
            config.record.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BackendError(f"cannot record into {config.record}: {error.strerror}") from None
    async with open_recognizer(config) as recognizer, open_port(config) as port:
        server = Server(config, recognizer, hooks)
        server.host, server.port = port.host, port.number
        if server.port_opens > trio.current_time():
            await port.close()
        ready(server)
        await server.run(port)
