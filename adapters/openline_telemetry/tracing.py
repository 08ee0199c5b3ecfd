"""The spans of one session: a root for the session, and children for its dials and turns.

A trace backend shows a child when it has ended, the root when the session ends. So the events of
the root are kept until then, and given to the SDK together: one by one, between frames, they cost
twice as much. The SDK keeps the last 128 events of a span (``OTEL_SPAN_EVENT_COUNT_LIMIT``), so the
root of a long session has its latest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

from openline_telemetry import names
from openline_telemetry.wall import Wall

Attributes = Mapping[str, AttributeValue]
#: Events of a session that are kept here: more than the SDK keeps, unless it is told otherwise.
_MOST_EVENTS: Final = 1024


class Tracing:
    """``drafts``: spans have the names of the drafts besides. Times are those of the session."""

    __slots__ = ("_common", "_context", "_drafts", "_events", "_session", "_tracer", "wall")

    def __init__(self, tracer: Tracer, wall: Wall, *, drafts: bool) -> None:
        self.wall = wall  #: to be anchored before the first span
        self._tracer = tracer
        self._drafts = drafts
        self._session: Span | None = None
        self._context = Context()
        self._events: deque[tuple[str, Attributes, int]] = deque(maxlen=_MOST_EVENTS)
        self._common: dict[str, AttributeValue] = {}

    def begin(self, now: float, session_id: str, provider: str, attributes: Attributes) -> None:
        """Start the session's span. The span that is current in the app, if any, is its parent."""
        self._common = {names.SESSION_ID: session_id}
        if self._drafts:
            self._common |= {names.DRAFT_CONVERSATION: session_id, names.DRAFT_PROVIDER: provider}
        given = {**self._common, **attributes}
        self._session = span = self._tracer.start_span(
            names.SESSION_SPAN, attributes=given, start_time=self.wall.at(now)
        )
        self._context = set_span_in_context(span)
        if self._drafts:
            self.event(names.DRAFT_STARTED, now, {names.DRAFT_CONVERSATION: session_id})

    def event(self, name: str, now: float, attributes: Attributes) -> None:
        """Add an event to the session's span."""
        if self._session is not None:
            self._events.append((name, attributes, self.wall.at(now)))

    def child(self, name: str, start_ns: int, attributes: Attributes) -> Span:
        """Start a span of a dial or turn, at a time of the calendar."""
        given = {**self._common, **attributes}
        if self._drafts and name == names.TURN_SPAN:
            given[names.DRAFT_OPERATION] = names.DRAFT_SPEECH
        return self._tracer.start_span(
            name, context=self._context, attributes=given, start_time=start_ns
        )

    def end(self, now: float, *, failed: bool, attributes: Attributes) -> None:
        """End the session's span."""
        if self._session is None:
            return
        if self._drafts:
            conversation = self._common[names.DRAFT_CONVERSATION]
            self.event(names.DRAFT_ENDED, now, {names.DRAFT_CONVERSATION: conversation})
        for event in self._events:
            self._session.add_event(*event)
        self._session.set_attributes(attributes)
        if failed:
            self._session.set_status(Status(StatusCode.ERROR))
        self._session.end(self.wall.at(now))
        self._session = None
