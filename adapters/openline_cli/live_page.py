"""``--inspect``: the page of a session while it lives, from its first step to its end.

The session's observer fills a history; ``LiveServer`` serves it to browsers of this machine, on the
loop of the session, in tasks of their own. The address holds a token and is printed once. It stands
in no log, journal or command line: a browser opens a private file that leads there.

When the session has ended, each page gets the rest and is told so. It has everything then, and
stays as it is. A browser that we have started just now gets a moment to come.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar, cast

import trio

from openline.observer import Observer
from openline.text import os_reason
from openline_cli import browser
from openline_cli.live_server import LiveServer
from openline_cli.problems import Problem
from openline_cli.screen import write_err
from openline_inspect.history import History
from openline_inspect.live import LiveRecorder
from openline_inspect.page import page
from openline_inspect.recording import Recording

#: Bytes of randomness in the token.
_TOKEN: Final = 32
#: Seconds between two looks for new rows: short for eyes, and long enough to tell many at once.
EVERY: Final = 0.1
#: Seconds that pages have to take the rest when the session has ended.
REST: Final = 2.0
#: Seconds that a browser has to come, if it was started and the session has ended meanwhile.
COMING: Final = 5.0
#: What the events are to the page.
_PATH: Final = "events"
OVER: Final = "the session has ended"

T = TypeVar("T")


class LivePage:
    """The page of one session. ``port`` 0: one that is free. ``opens``: a browser is started."""

    def __init__(self, port: int = 0, *, opens: bool = True) -> None:
        self._port = port
        self._opens = opens
        self._seen = trio.Event()
        self._begun = trio.Event()
        self._lead: Path | None = None
        self._is_coming = False
        self._history = History()
        self._recorder = LiveRecorder(self._see)
        self._server = LiveServer(self._history, self._page, token=secrets.token_urlsafe(_TOKEN))

    @property
    def observer(self) -> Observer:
        """What the session is to be watched by."""
        return self._recorder

    async def around(self, follow: Callable[[], Awaitable[T]]) -> T:
        """Serve the page while ``follow()`` runs the session; its result. Raises Problem.

        What ``follow`` raises comes out as it is, and not in a group.
        """
        raised: Exception | None = None
        found: T | None = None
        async with trio.open_nursery() as nursery:
            try:
                port = await self._listen(nursery)
                address = self._server.address(port)
                write_err(f"openline: inspect this session at {address}")
                if self._opens and browser.is_there():
                    nursery.start_soon(self._show, address)
                nursery.start_soon(self._pour)
                found = await follow()
                await self._finish()
            except Exception as error:  # noqa: BLE001  # raised again, outside of the nursery
                raised = error
            nursery.cancel_scope.cancel()
        if self._lead is not None:
            browser.drop(self._lead)
        if raised is not None:
            raise raised
        return cast("T", found)

    async def _listen(self, nursery: trio.Nursery) -> int:
        try:
            port: int = await nursery.start(self._server.listen, self._port)
        except OSError as error:
            raise Problem(f"--inspect-port {self._port}: {os_reason(error)}") from None
        return port

    async def _show(self, address: str) -> None:
        """Start a browser; ``_lead`` is the file that leads it to the page."""
        try:
            self._lead = browser.keep(browser.leading_to(address))
        except Problem as problem:
            write_err(f"openline: {problem}")
            return
        self._is_coming = await trio.to_thread.run_sync(
            browser.show, self._lead, abandon_on_cancel=True
        )

    async def _finish(self) -> None:
        """Tell each page the rest."""
        self._recorder.pour(self._history)
        self._history.end(OVER)
        self._server.wake()
        if self._is_coming:
            with trio.move_on_after(COMING):
                await self._server.visited.wait()
        with trio.move_on_after(REST):
            await self._server.drain()

    def _see(self) -> None:
        self._seen.set()

    async def _pour(self) -> None:
        while True:
            await self._seen.wait()
            self._seen = trio.Event()
            self._begun.set()
            self._recorder.pour(self._history)
            self._server.wake()
            await trio.sleep(EVERY)

    async def _page(self) -> bytes:
        await self._begun.wait()
        recording = Recording(head=self._recorder.head, rows=[])
        return page([recording], live=_PATH).encode()
