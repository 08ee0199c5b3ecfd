"""A browser's end of server-sent events: what the HTML standard (9.2.6) makes of bytes."""

from __future__ import annotations

import json
from typing import Any


class EventSource:
    """Takes bytes as they come, and keeps what a live page keeps: rows, a story, an end.

    It has no row twice, and misses none: each event says how many elements came before.

    ``lose`` is a lost connection: what was not a whole event is gone, and ``last_event_id`` stays.
    """

    def __init__(self) -> None:
        self.last_event_id = ""
        self.rows: list[Any] = []
        self.story: Any = None
        self.end: str | None = None
        self.elements = 0
        self.retry: int | None = None
        self._left = b""
        self._seen_id = ""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        *events, self._left = (self._left + data).split(b"\n\n")
        for each in events:
            self._dispatch(each.decode())

    def lose(self) -> None:
        """The connection is lost."""
        self._left = b""

    def _dispatch(self, text: str) -> None:
        kind, data = "message", list[str]()
        for line in text.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "id":
                    self._seen_id = value
                case "event":
                    kind = value
                case "data":
                    data.append(value)
                case "retry":
                    self.retry = int(value)
                case _:
                    assert name == "", f"a field that no browser knows: {line}"
        self.last_event_id = self._seen_id
        if data:
            self._take(kind, json.loads("\n".join(data)))

    def _take(self, kind: str, value: Any) -> None:
        match kind:
            case "message":
                assert value["at"] == self.elements
                self.elements += len(value["rows"])
                for each in value["rows"]:
                    if isinstance(each, dict):
                        self.story = each
                    else:
                        self.rows.append(each)
            case "end":
                self.end = value
            case _:
                raise AssertionError(f"an event that no page knows: {kind}")
