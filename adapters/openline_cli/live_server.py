"""Serves a live page to the browsers of this machine, on trio. It decides nothing.

``openline_inspect.admission`` says which request gets what, and ``eventstream.Reader`` what a
browser gets next, and when. A connection is a task that sends, and waits until there is more. A
browser that takes nothing for ``STALL`` seconds is dropped; it comes back by itself and goes on
where it was. So the session never waits for a browser, and keeps nothing for it.

The bytes of HTTP are h11's, which comes with trio-websocket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import h11
import trio

from openline_inspect.admission import BUSY, FORGOTTEN, UNREADABLE, Answer, Body, admit
from openline_inspect.eventstream import Reader
from openline_inspect.history import History

#: This machine, to itself.
HOST: Final = "127.0.0.1"
#: Connections at once: a browser opens at most six to a host, so five browsers fit.
CONNECTIONS: Final = 32
#: Seconds for the whole of a request.
ASKING: Final = 10.0
#: Seconds in which a browser has to take what is sent.
STALL: Final = 10.0
#: Bytes of the head of a request.
_HEAD: Final = 16 << 10
_PIECE: Final = 64 << 10


class StalledError(Exception):
    """A browser takes nothing."""


#: Why a browser gets nothing more.
_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError, StalledError)


class LiveServer:
    """The page and the events of one history. ``page`` waits until there is one."""

    def __init__(
        self, history: History, page: Callable[[], Awaitable[bytes]], *, token: str
    ) -> None:
        self._history = history
        self._page = page
        self._token = token
        self._news = trio.Event()
        self._open = 0
        self._left = trio.Event()
        self.visited = trio.Event()  #: a page has asked for events

    def address(self, port: int) -> str:
        """The address of the page. Who has it may read the session."""
        return f"http://{HOST}:{port}/{self._token}/"

    async def listen(
        self, port: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; the status is the port. Raises OSError for one that is taken."""
        listeners = await trio.open_tcp_listeners(port, host=HOST)
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.serve_listeners(self.serve, listeners)

    def wake(self) -> None:
        """Have each connection look for more."""
        self._news.set()
        self._news = trio.Event()

    async def drain(self) -> None:
        """Wait until each connection is over, as they are soon when the history has ended."""
        while self._open:
            await self._left.wait()

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Answer one request, and close."""
        self._open += 1
        try:
            async with stream:
                # Whatever becomes of one browser is of no interest to the session.
                with suppress(*_GONE):
                    await _Connection(stream).run(self._answer)
        finally:
            self._open -= 1
            self._left.set()
            self._left = trio.Event()

    async def _answer(self, connection: _Connection, request: h11.Request) -> None:
        if self._open > CONNECTIONS:
            await connection.say(BUSY)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers
        }
        answer = admit(
            request.method.decode("ascii"),
            request.target.decode("latin-1"),
            headers,
            token=self._token,
        )
        match answer.body:
            case Body.TEXT:
                await connection.say(answer)
            case Body.PAGE:
                await connection.say(answer, await self._page())
            case Body.EVENTS:
                await self._follow(connection, answer)

    async def _follow(self, connection: _Connection, answer: Answer) -> None:
        try:
            reader = Reader(self._history, answer.last_event_id)
        except ValueError:
            await connection.say(FORGOTTEN)
            return
        self.visited.set()
        await connection.begin(answer)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.until_gone, nursery.cancel_scope)
            with suppress(*_GONE):
                await self._tell(connection, reader)
            nursery.cancel_scope.cancel()

    async def _tell(self, connection: _Connection, reader: Reader) -> None:
        while not reader.is_done and not connection.is_head:
            news = self._news
            data = reader.next(trio.current_time())
            if data is not None:
                await connection.send(data)
                continue
            with trio.move_on_at(reader.due):
                await news.wait()
        await connection.end()


class _Connection:
    """One request and its answer on a stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD)
        self.is_head = False  #: the answer has no body

    async def run(self, answer: Callable[[_Connection, h11.Request], Awaitable[None]]) -> None:
        """Read a request, and have it answered."""
        request: h11.Request | None = None
        try:
            with trio.move_on_after(ASKING):
                request = await self._request()
        except h11.RemoteProtocolError:
            await self.say(UNREADABLE)
            return
        if request is not None:
            self.is_head = request.method == b"HEAD"
            await answer(self, request)

    async def _request(self) -> h11.Request | None:
        """The next request; None: the browser is gone."""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(bytes(await self._stream.receive_some(_PIECE)))
            else:
                return event if isinstance(event, h11.Request) else None

    async def say(self, answer: Answer, content: bytes | None = None) -> None:
        """Send an answer with its content, else with its text."""
        body = answer.text.encode() if content is None else content
        await self.begin(answer, ("Content-Length", str(len(body))))
        for at in range(0, 0 if self.is_head else len(body), _PIECE):
            await self.send(body[at : at + _PIECE])
        await self.end()

    async def begin(self, answer: Answer, *more: tuple[str, str]) -> None:
        """Send the head of an answer."""
        length = () if answer.status == 204 else more
        head = h11.Response(status_code=answer.status, headers=[*answer.headers, *length])
        await self._put(self._http.send(head))

    async def send(self, data: bytes) -> None:
        """Send a part of the body."""
        await self._put(self._http.send(h11.Data(data=data)))

    async def end(self) -> None:
        """Send the end of the body."""
        await self._put(self._http.send(h11.EndOfMessage()))

    async def until_gone(self, scope: trio.CancelScope) -> None:
        """Cancel ``scope`` when the browser closes its end."""
        with suppress(*_GONE):
            while await self._stream.receive_some(_PIECE):
                pass
        scope.cancel()

    async def _put(self, data: bytes | None) -> None:
        """Send bytes. Raises StalledError if the browser does not read them."""
        if not data:
            return
        with trio.move_on_after(STALL) as scope:
            await self._stream.send_all(data)
        if scope.cancelled_caught:
            raise StalledError
