"""A server that a test scripts, and that counts the dials.

``await nursery.start(serve_script, script)`` gives a ``Scripted``. For each connection
it calls ``script(ws, dial)``: ``dial`` holds the number, time, path and headers of
the handshake; ``ws`` is an accepted trio-websocket connection. When the script returns, the
socket closes with 1000; ``dial.abort()`` ends it without a close frame. The script decides
what to send, and when. ``refuse`` answers handshakes with an HTTP status instead.
Nothing of the contract is enforced here. A script that only needs the contract's opening
uses ``open_session``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias, cast

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream
from wsproto.utilities import LocalProtocolError

from openline_server import contract
from openline_server.contract import JsonObject
from openline_server.transport import Transport

_CLOSE_SECONDS: Final = 1.0


@dataclass(slots=True)
class Dial:
    """One accepted connection."""

    number: int
    at: float
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    transport: Transport | None = None

    def abort(self) -> None:
        """When the script returns, end without a close frame."""
        if self.transport is not None:
            self.transport.abort()


Script: TypeAlias = Callable[[WebSocketConnection, Dial], Awaitable[None]]
Refuse: TypeAlias = Callable[[Dial], tuple[int, dict[str, str]] | None]


@dataclass(slots=True)
class Scripted:
    """A running scripted server."""

    host: str
    port: int
    dials: list[Dial] = field(default_factory=list[Dial])

    @property
    def url(self) -> str:
        """The URL to dial."""
        return f"ws://{self.host}:{self.port}{contract.PATH}"

    @property
    def times(self) -> list[float]:
        """When each dial came, on trio's clock."""
        return [dial.at for dial in self.dials]

    def dialled(self) -> Dial:
        """Record a dial."""
        dial = Dial(len(self.dials) + 1, trio.current_time())
        self.dials.append(dial)
        return dial


async def handle_script(
    scripted: Scripted, script: Script, refuse: Refuse | None, stream: trio.abc.Stream
) -> None:
    """Play one connection over any stream (a memory stream in tests with a fake clock)."""
    dial = scripted.dialled()
    dial.transport = transport = Transport(stream)
    try:
        async with trio.open_nursery() as nursery:
            transport.on_over(partial(_cancel_without_handshake, dial, nursery))
            request = await wrap_server_stream(
                nursery, transport, message_queue_size=1024, max_message_size=1 << 24
            )
            dial.path = request.path
            dial.headers = {k.decode(): v.decode("latin-1") for k, v in request.headers}
            refusal = refuse(dial) if refuse is not None else None
            if refusal is not None:
                status, headers = refusal
                extra = [(k.encode(), v.encode()) for k, v in headers.items()]
                await request.reject(status, extra_headers=extra)
            else:
                ws = await request.accept()
                await script(ws, dial)
                if not transport.aborted:
                    with trio.move_on_after(_CLOSE_SECONDS):
                        await ws.aclose()
            nursery.cancel_scope.cancel()
    except* (ConnectionClosed, LocalProtocolError):
        transport.abort()  # the client closed first, which a script may well provoke
    finally:
        await transport.finish()


def _cancel_without_handshake(dial: Dial, nursery: trio.Nursery) -> None:
    if not dial.path:
        nursery.cancel_scope.cancel()


async def serve_script(
    script: Script,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    refuse: Refuse | None = None,
    task_status: trio.TaskStatus[Scripted] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``script`` until cancelled. An error in it is raised here: it fails the test."""
    listeners = await trio.open_tcp_listeners(port, host=host)
    address = listeners[0].socket.getsockname()
    scripted = Scripted(address[0], address[1])
    handle = partial(handle_script, scripted, script, refuse)
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, handle, listeners)
        task_status.started(scripted)


async def open_session(ws: WebSocketConnection) -> JsonObject:
    """Play the contract's opening: ``connected``, the client's ``start``, the ack.

    Returns the ``start`` message.
    """
    connected = contract.status("connected", contract.CONNECTED_TEXT)
    await ws.send_message(contract.encode(connected))
    start = await receive(ws)
    ids = {k: start[k] for k in ("session_id", "attempt_id", "connection_id") if k in start}
    ack = contract.status("streaming", contract.STREAMING_TEXT, **ids)
    await ws.send_message(contract.encode(ack | {"client_features": start.get("client_features")}))
    return start


async def receive(ws: WebSocketConnection) -> JsonObject:
    """The next text message; binary ones (audio) are skipped."""
    while True:
        message = await ws.get_message()
        if isinstance(message, str):
            return cast("JsonObject", json.loads(message))
