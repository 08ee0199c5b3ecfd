"""One dial: a socket from its first packet until it is released.

A dial opens a stream, upgrades it, then runs a reader, which feeds every message to the driver,
and a writer, which pulls one message at a time and sends it. It decides nothing: the driver
aborts it and begins the closing handshake. Reader and writer both end before the one report of
how the dial ended; ``Released`` follows when the socket is gone, however the dial ended.

Traps of trio-websocket 0.12 that are dealt with here: ``ping`` waits for ever if the socket dies
under it, so each ping is a task of the dial's nursery; the reader must be emptied at once or
pongs wait behind it, so nothing but the driver stands behind it; an end before the upgrade
hangs, so the stream's event ends the wait; an answer that is no upgrade, and a ping while
closing, crash its reader; ``aclose`` records 1000 before anybody has answered it, and an end
without an answer has no code (RFC 6455 §7.1.5: only a close frame that was received gives one).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import trio
from trio_websocket import CloseReason, ConnectionClosed, WebSocketConnection, wrap_client_stream
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage
from wsproto.utilities import LocalProtocolError as WebSocketStateError

from openline.commands import Outgoing, SendPing
from openline.events import Event, MessageReceived, PongReceived, SocketLost
from openline.reconnect.verdicts import Sender
from openline_driver import effects as fx
from openline_driver.dials import NO_FRAME
from openline_driver.effects import MAX_MESSAGE
from openline_driver.facts import Fact, Refused, Released
from openline_driver.http import opened
from openline_driver.network_errors import DialError
from openline_trio.network import Connect
from openline_trio.observed_stream import ObservedStream

_TOO_BIG: Final = "Exceeded maximum message size"  # the library's own words


def _is_not_ours(record: logging.LogRecord) -> bool:
    """Whether a record of the library is about a connection of someone else.

    The library logs what a backend sends as it came, at DEBUG: a token that it repeats as well.
    openline logs the same events, redacted (``openline_driver.log_observer``).
    """
    connection = record.args[0] if isinstance(record.args, tuple) and record.args else None
    return not isinstance(getattr(connection, "_stream", None), ObservedStream)


logging.getLogger("trio-websocket").addFilter(_is_not_ours)


class Dial:
    """Carries out ``effect``. ``run`` is its whole life; ``abort`` cancels its ``scope``."""

    def __init__(
        self,
        feed: Callable[[Event | Fact], None],
        pull: Callable[[], Outgoing | None],
        effect: fx.Dial,
        connect: Connect,
    ) -> None:
        self.scope = trio.CancelScope()
        self._feed = feed
        self._pull = pull
        self._effect = effect
        self._number = effect.dial
        self._connect = connect
        self._wake = trio.Event()
        self._close_code: int | None = None
        self._stream: ObservedStream | None = None  # once it is upgraded, until it ends
        self._framing = Connection(ConnectionType.CLIENT)  # of what is sent at once
        self._unanswered: CloseReason | None = None

    def abort(self) -> None:
        """Drop the socket; no report follows but ``Released``."""
        self.scope.cancel()

    def wake(self) -> None:
        """An idle writer pulls again."""
        self._wake.set()

    def close(self, code: int) -> None:
        """Begin the closing handshake."""
        self._close_code = code
        self._wake.set()

    @property
    def is_free(self) -> bool:
        """Whether ``send_now`` may be called."""
        return self._stream is not None and self._close_code is None and self._stream.is_free

    def send_now(self, message: bytes) -> bool:
        """Send audio without a checkpoint, while it ``is_free``; False: the writer has the rest."""
        assert self._stream is not None  # noqa: S101  # it is free
        is_sent = self._stream.send_now(self._framing.send(BytesMessage(message)))
        if not is_sent:
            self._wake.set()
        return is_sent

    async def run(self) -> None:
        """Live, then report how it ended: exactly once, or not at all if it was aborted."""
        try:
            with self.scope:
                self._feed(await self._live())
        finally:
            self._feed(Released(self._number))

    async def _live(self) -> SocketLost | Refused:
        try:
            stream = await self._connect(self._effect.backend)
        except DialError as exc:
            return SocketLost(dial=self._number, error=exc.kind, detail=exc.detail)
        try:
            return await self._upgrade(ObservedStream(stream))
        finally:
            await trio.aclose_forcefully(stream)  # nothing is left to send; this never waits

    async def _upgrade(self, stream: ObservedStream) -> SocketLost | Refused:
        effect = self._effect
        ws: WebSocketConnection | None = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_if_never_opened, stream, nursery.cancel_scope)
                ws = await wrap_client_stream(
                    nursery,
                    stream,  # type: ignore[arg-type]  # any Stream works; typed for two of them
                    effect.host,
                    effect.target,
                    subprotocols=effect.subprotocols,
                    extra_headers=[(k.encode(), v.encode()) for k, v in effect.headers],
                    max_message_size=MAX_MESSAGE,
                )
                stream.opened = True
                stream.closing = partial(self._note_closing, ws)
                self._feed(opened(self._number, effect.connection_id, ws.handshake_headers))
                self._stream = stream
                await self._converse(ws)
                nursery.cancel_scope.cancel()
        except* WebSocketStateError:
            pass  # the reader met a ping while it was closing (the library's issue 184)
        except* Exception:
            # The library's reader trips over some answers, and means no more by it.
            if stream.opened:
                raise
            stream.fail_upgrade()
        finally:
            self._stream = None
        return self._how_it_ended(ws, stream)

    def _note_closing(self, ws: WebSocketConnection) -> None:
        """What the library takes for the end before its own close frame is answered."""
        if self._close_code is not None:
            self._unanswered = ws.closed

    async def _converse(self, ws: WebSocketConnection) -> None:
        """Read and write until both have ended."""
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                try:
                    while True:
                        self._feed(MessageReceived(self._number, await ws.get_message()))
                except ConnectionClosed:
                    if self._close_code is None:
                        nursery.cancel_scope.cancel()

            async def ping(mark: bytes) -> None:
                try:
                    await ws.ping(mark)
                    self._feed(PongReceived(self._number, mark))
                except (ConnectionClosed, WebSocketStateError):
                    return  # the reader reports the end

            async def write() -> None:
                try:
                    while self._close_code is None:
                        outgoing = self._pull()
                        if outgoing is None:
                            self._wake = trio.Event()
                            await self._wake.wait()
                            await self._send_rest()
                        elif isinstance(outgoing, SendPing):
                            nursery.start_soon(ping, outgoing.mark)
                            await trio.lowlevel.checkpoint()
                            await trio.lowlevel.checkpoint()  # no message may overtake it
                        else:
                            await ws.send_message(outgoing.data)
                    await ws.aclose(self._close_code)
                    nursery.cancel_scope.cancel()
                except (ConnectionClosed, WebSocketStateError):
                    return  # the reader reports the end

            nursery.start_soon(read)
            nursery.start_soon(write)

    async def _send_rest(self) -> None:
        """Send what the kernel did not take at once."""
        if self._stream is not None and self._stream.is_sending:
            await self._stream.send_all(b"")

    def _how_it_ended(
        self, ws: WebSocketConnection | None, stream: ObservedStream
    ) -> SocketLost | Refused:
        closed = None if ws is None or ws.closed is self._unanswered else ws.closed
        code = None if closed is None else closed.code
        reason = (None if closed is None else closed.reason) or ""
        # The library echoes a peer's close frame before it reports it; a peer may answer ours with
        # another code. Of its own accord the library sends one for a message that is too big; at
        # any other violation it just ends.
        echoed = stream.sent_close == code or self._unanswered is not None
        echoed = echoed and not reason.startswith(_TOO_BIG)
        if code is not None and not echoed and code not in NO_FRAME:
            code = stream.sent_close or code
        return stream.report(
            self._number,
            time.time(),
            code=code,
            sender=Sender.REMOTE if echoed else Sender.LOCAL,
            reason=reason,
        )


async def _cancel_if_never_opened(stream: ObservedStream, scope: trio.CancelScope) -> None:
    await stream.ended.wait()
    if not stream.opened:
        scope.cancel()
