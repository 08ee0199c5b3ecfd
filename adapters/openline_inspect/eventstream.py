"""A live page's rows as server-sent events (HTML standard, 9.2). Pure: the time is given.

    retry: 1000

    id: 812-815                            the browser has 812 rows, and 815 elements
    data: {"at": 640, "rows": [row, …]}    640 elements came before these

    id: 812-816                            a story is told as a whole each time: an element,
    data: {"at": 815, "rows": [{"story": …}]}              and no row

    event: end                             there will be no more, and why
    data: "the session has ended"

A browser whose connection is lost asks again by itself, with the last ``id`` that it saw, and goes
on there. It gets each row once. Of stories it gets the newest: those that it missed are of no use.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from openline_inspect.history import Batch, History

MEDIA_TYPE: Final = "text/event-stream; charset=utf-8"
#: Milliseconds after which a browser asks again; its own default is 3 to 5 s.
RETRY: Final = 1000
#: Seconds of silence after which a browser is told that the connection lives.
SILENCE: Final = 15.0

_OPENING: Final = f"retry: {RETRY}\n\n".encode()
_ALIVE: Final = b":\n\n"  # a comment
_ID: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


class Reader:
    """What one browser has, and what it gets next.

    ``next`` gives bytes to send. ``due`` is when to ask again though nothing has come. ``is_done``:
    the browser has been told of the end. ``now`` is in seconds, on any clock.
    """

    def __init__(self, history: History, last_event_id: str | None = None) -> None:
        """``last_event_id``: what the browser had. Raises ValueError for that of another history.

        An empty one is none: the browser has nothing.
        """
        self._history = history
        self._cursor = self._elements = 0
        self._stories = 0
        self._first = _OPENING
        self.is_done = False
        self.due = 0.0
        if last_event_id:
            found = _ID.fullmatch(last_event_id)
            cursor, elements = (int(found[1]), int(found[2])) if found else (-1, -1)
            if not (history.knows(cursor) and cursor <= elements):
                raise ValueError("rows of another session")
            self._cursor, self._elements = cursor, elements

    def next(self, now: float) -> bytes | None:
        """The next bytes to send; None: nothing is new."""
        news = self._first + self._news()
        self._first = b""
        if not news and now >= self.due:
            news = _ALIVE
        if not news:
            return None
        self.due = now + SILENCE
        return news

    def _news(self) -> bytes:
        history = self._history
        if self._cursor < history.total:
            batch = history.since(self._cursor)
            self._cursor = batch.cursor
            return self._event(batch)
        if self._stories < history.stories and history.story is not None:
            self._stories = history.stories
            return self._event(Batch((history.story,), self._cursor))
        if history.ended is not None and not self.is_done:
            self.is_done = True
            return b"event: end\ndata: %b\n\n" % msgspec.json.encode(history.ended)
        return b""

    def _event(self, batch: Batch) -> bytes:
        before = self._elements
        self._elements += len(batch.rows)
        told = self._cursor, self._elements, before, b",".join(batch.rows)
        return b'id: %d-%d\ndata: {"at":%d,"rows":[%b]}\n\n' % told
