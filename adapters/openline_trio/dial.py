"""One dial: a socket from the first packet to the one report of its end.

A dial opens a stream, upgrades it, then runs a reader, which hands every message to the
core, and a writer, which pulls one message at a time from the core and sends it. It
decides nothing: it is cancelled when the core aborts it, and begins the closing
handshake when the core says so. When reader and writer have ended it reports how, once.

Traps of trio-websocket 0.12 that are dealt with here: ``ping`` waits for ever if the
socket dies under it, so each ping is a task of the dial's nursery; the reader must be
emptied at once or pongs wait behind it, so nothing but the core stands behind it; an end
before the upgrade hangs, so the tap's event ends the wait; an answer that is no upgrade,
and a ping while closing, crash its reader; ``aclose`` records 1000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

import trio
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.utilities import LocalProtocolError as WebSocketStateError

from openline.backend import Backend
from openline.commands import Outgoing, SendPing
from openline.events import (
    Event,
    MessageReceived,
    PongReceived,
    Redirected,
    SocketLost,
    SocketOpened,
)
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_driver.version import version
from openline_trio.network import Connect, DialError
from openline_trio.tap import ObservedStream

#: The contract's limit on a message, which ours to the backend never come near.
MAX_MESSAGE: Final = 16 * 1024 * 1024
#: RFC 9110 §15.4: answers that name another place.
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NO_FRAME: Final = frozenset({1006, 1015})  # codes that no close frame carries
_USER_AGENT: Final = f"openline/{version()}"


class Line(Protocol):
    """What a dial needs of the session."""

    def feed(self, event: Event) -> None:
        """Take in an event now."""
        ...

    def pull(self) -> Outgoing | None:
        """What to send next."""
        ...

    def wall_clock(self) -> float:
        """Seconds since the epoch, for a Retry-After that is a date."""
        ...


class Dial:
    """One socket. ``run`` is its whole life; ``scope`` cancels it.

    ``headers`` carry the credential, if there is one and it travels so; None: the usual ones.
    """

    def __init__(
        self,
        line: Line,
        number: int,
        backend: Backend,
        *,
        credential: str | None,
        headers: Sequence[tuple[str, str]] | None = None,
        connection_id: str,
        connect: Connect,
        after: Dial | None = None,
    ) -> None:
        self.number = number
        self.scope = trio.CancelScope()
        self.gone = trio.Event()
        self._after = after
        self._line = line
        self._backend = backend
        self._credential = credential
        self._carriers = headers
        self._connection_id = connection_id
        self._connect = connect
        self._wake = trio.Event()
        self._close_code: int | None = None

    def wake(self) -> None:
        """Something happened: an idle writer asks again."""
        self._wake.set()

    def close(self, code: int) -> None:
        """Begin the closing handshake."""
        self._close_code = code
        self._wake.set()

    async def run(self) -> None:
        """Live, then report the end: exactly once, unless cancelled.

        A dial that was aborted needs a moment to let go of its socket: there is never a
        second one before.
        """
        try:
            with self.scope:
                if self._after is not None:
                    await self._after.gone.wait()
                    self._after = None
                end = await self._live()
                self._line.feed(end)
        finally:
            self.gone.set()

    async def _live(self) -> SocketLost | Redirected:
        try:
            stream = await self._connect(self._backend)
        except DialError as exc:
            return SocketLost(dial=self.number, error=exc.kind, detail=exc.detail)
        tap = ObservedStream(stream)
        try:
            return await self._upgrade(tap)
        finally:
            # Whatever was to be said has been said; this never waits.
            await trio.aclose_forcefully(stream)

    async def _upgrade(self, tap: ObservedStream) -> SocketLost | Redirected:
        ws: WebSocketConnection | None = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_if_never_opened, tap, nursery.cancel_scope)
                ws = await wrap_client_stream(
                    nursery,
                    tap,  # type: ignore[arg-type]  # any Stream works; typed for two of them
                    _host_header(self._backend),
                    self._backend.target(self._credential),
                    extra_headers=_headers(self._backend, self._credential, self._carriers),
                    max_message_size=MAX_MESSAGE,
                )
                tap.opened = True
                self._line.feed(SocketOpened(self.number, self._connection_id))
                await self._converse(ws)
                nursery.cancel_scope.cancel()
        except* WebSocketStateError:
            pass  # the reader met a ping while it was closing (the library's issue 184)
        except* Exception:
            # The library's reader trips over some answers, and means no more by it.
            if tap.opened:
                raise
            tap.fail_upgrade()
        if ws is not None:
            return self._how_it_ended(ws, tap)
        return self._how_it_was_rejected(tap)

    async def _converse(self, ws: WebSocketConnection) -> None:
        """Read and write until both have ended."""
        async with trio.open_nursery() as nursery:
            pings = nursery.cancel_scope

            async def read() -> None:
                try:
                    while True:
                        self._line.feed(MessageReceived(self.number, await ws.get_message()))
                except ConnectionClosed:
                    if self._close_code is None:
                        pings.cancel()

            async def ping(mark: bytes) -> None:
                try:
                    await ws.ping(mark)
                    self._line.feed(PongReceived(self.number, mark))
                except (ConnectionClosed, WebSocketStateError):
                    return  # the reader reports the end

            async def write() -> None:
                try:
                    while self._close_code is None:
                        outgoing = self._line.pull()
                        if outgoing is None:
                            self._wake = trio.Event()
                            await self._wake.wait()
                        elif isinstance(outgoing, SendPing):
                            nursery.start_soon(ping, outgoing.mark)
                            await trio.lowlevel.checkpoint()
                        else:
                            await ws.send_message(outgoing.data)
                    await ws.aclose(self._close_code)
                    pings.cancel()
                except (ConnectionClosed, WebSocketStateError):
                    return  # the reader reports the end

            nursery.start_soon(read)
            nursery.start_soon(write)

    def _how_it_ended(self, ws: WebSocketConnection, tap: ObservedStream) -> SocketLost:
        closed = ws.closed
        code = closed.code if closed is not None else None
        reason = (closed.reason if closed is not None else None) or ""
        if code is None or code in _NO_FRAME:
            return SocketLost(dial=self.number, error=tap.error or ErrorKind.CUT, detail=tap.detail)
        # The library echoes a peer's close frame before it tells of it. Of its own accord it
        # sends one for a message that is too big; at any other violation it just ends.
        echoed = tap.sent_close == code and not reason.startswith("Exceeded maximum message size")
        if echoed:
            return SocketLost(dial=self.number, code=code, sender=Sender.REMOTE, reason=reason)
        code = tap.sent_close or code
        return SocketLost(dial=self.number, code=code, sender=Sender.LOCAL, reason=reason)

    def _how_it_was_rejected(self, tap: ObservedStream) -> SocketLost | Redirected:
        status = tap.status
        if status is None:
            return SocketLost(dial=self.number, error=tap.error, detail=tap.detail)
        if status in REDIRECTS and "location" in tap.headers:
            return Redirected(self.number, status, tap.headers["location"])
        return SocketLost(
            dial=self.number,
            status=status,
            retry_after=_seconds(tap.headers.get("retry-after"), self._line.wall_clock),
            detail=f"HTTP {status}",
        )


async def _cancel_if_never_opened(tap: ObservedStream, scope: trio.CancelScope) -> None:
    await tap.ended.wait()
    if not tap.opened:
        scope.cancel()


def _host_header(backend: Backend) -> str:
    host = f"[{backend.host}]" if ":" in backend.host else backend.host
    return host if backend.port == (443 if backend.is_secure else 80) else f"{host}:{backend.port}"


def _headers(
    backend: Backend, credential: str | None, carriers: Sequence[tuple[str, str]] | None
) -> list[tuple[bytes, bytes]]:
    usual = backend.headers(credential)
    chosen = carriers if usual and carriers is not None else usual
    headers = [("User-Agent", _USER_AGENT), *chosen]
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers]


def _seconds(retry_after: str | None, wall_clock: Callable[[], float]) -> float | None:
    """Seconds of a Retry-After: a number of them, or a date (RFC 9110 §10.2.3)."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        # A date without a zone is GMT (RFC 9110 §5.6.7).
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - wall_clock())
    except (ValueError, OverflowError):
        return None  # not understood: as good as absent
