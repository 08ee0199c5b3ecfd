"""A span for each dial: from the command that dials to what ended it, and what was judged then.

The evidence of an ending and the verdict on it come first, the state that follows from both comes
after them. So a dial that is over waits for ``settle``, at the end of the machine's step: only the
state tells a line that was lost from one that was closed on purpose, or replaced in time.

    SocketLost(code=1001)  →  verdict retry  →  reconnecting     outcome retry, error close_1001
    SocketLost(code=1000)  →  verdict retry  →  closed           outcome closed, no error
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from openline.commands import OpenSocket
from openline.events import SocketLost, SocketOpened
from openline.reconnect.verdicts import Verdict
from openline.updates import State
from openline_telemetry import names
from openline_telemetry.names import Metric
from openline_telemetry.tracing import Tracing

#: Adds to a metric of this session: the metric, the value, labels besides the session's own.
Measure = Callable[[Metric, float, dict[str, str]], None]

CLOSED: Final = "closed"  #: on purpose, at the end of the session
REPLACED: Final = "replaced"  #: by the next dial, before its own end
REDIRECTED: Final = "redirected"  #: the backend named another address
DROPPED: Final = "dropped"  #: given up without a verdict, as when the time for a session is over

_OVER: Final = frozenset({State.CLOSING, State.CLOSED})
_NEXT: Final = frozenset({State.AUTHORIZING, State.CONNECTING})


@dataclass(slots=True)
class _Dial:
    span: Span
    began: float
    is_over: bool = False
    otherwise: str = DROPPED
    error: str = ""
    verdict: Verdict | None = None
    facts: dict[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])


class Dials:
    """The dials of one session that are not over."""

    __slots__ = ("_dials", "_last", "_measure", "_tracing", "any_is_over")

    def __init__(self, tracing: Tracing, measure: Measure) -> None:
        self._tracing, self._measure = tracing, measure
        self._dials: dict[int, _Dial] = {}
        self._last: _Dial | None = None  # whose line is in use
        self.any_is_over = False  #: one waits for ``settle``

    def dial(self, command: OpenSocket, now: float) -> None:
        """A dial begins."""
        tracing = self._tracing
        tracing.wall.anchor(now)
        address = urlsplit(command.backend.url)
        given: dict[str, AttributeValue] = {
            names.DIAL: command.dial,
            names.SERVER_ADDRESS: address.hostname or "",
        }
        if address.port is not None:
            given[names.SERVER_PORT] = address.port
        span = tracing.child(names.DIAL_SPAN, tracing.wall.at(now), given)
        self._last = self._dials[command.dial] = _Dial(span, now)

    def open_socket(self, event: SocketOpened, now: float) -> None:
        """The socket is open."""
        if dial := self._dials.get(event.dial):
            dial.span.set_attribute(names.CONNECTION_ID, event.connection_id)
            dial.span.add_event(names.OPENED_EVENT, timestamp=self._tracing.wall.at(now))

    def open_line(self, dial: int, now: float) -> None:
        """Audio may flow from now on."""
        if found := self._dials.get(dial):
            found.span.add_event(names.LINE_EVENT, timestamp=self._tracing.wall.at(now))
            self._measure(names.OPENING, now - found.began, {})

    def lose(self, event: SocketLost) -> None:
        """The dial is over; note the evidence."""
        if dial := self._dials.get(event.dial):
            dial.is_over = self.any_is_over = True
            facts = {
                names.CLOSE_CODE: event.code,
                names.CLOSE_SENDER: event.sender and event.sender.value,
                names.STATUS_CODE: event.status,
                names.RETRY_AFTER: event.retry_after,
            }
            dial.facts |= {name: value for name, value in facts.items() if value is not None}

    def redirect(self, dial: int) -> None:
        """The dial is over: it was answered with a redirect."""
        if found := self._dials.get(dial):
            found.is_over = self.any_is_over = True
            found.otherwise = REDIRECTED

    def abort(self, dial: int) -> None:
        """The dial is over: its socket is dropped."""
        if found := self._dials.get(dial):
            found.is_over = self.any_is_over = True

    def judge(self, verdict: Verdict, error: str) -> None:
        """The ending of the last dial was judged, by the evidence ``error``."""
        if self._last is not None:
            self._last.verdict, self._last.error = verdict, error

    def settle(self, before: State, state: State, now: float) -> None:
        """End the spans of what is over. The state was ``before`` when that happened."""
        self.any_is_over = False
        over = [number for number, dial in self._dials.items() if dial.is_over]
        for number in over:
            dial = self._dials.pop(number)
            if dial is self._last:
                self._last = None
            if state in _OVER or before in _OVER:
                self._end(dial, CLOSED, now)
            elif before is State.DRAINING and state in _NEXT:
                self._end(dial, REPLACED, now)
            elif dial.verdict is not None:
                self._end(dial, dial.verdict.action.value, now)
            else:
                self._end(dial, dial.otherwise, now)

    def finish(self, before: State, state: State, now: float) -> None:
        """The session is over, and so is every dial."""
        for dial in self._dials.values():
            dial.is_over = True
        self.settle(before, state, now)

    def _end(self, dial: _Dial, outcome: str, now: float) -> None:
        span, verdict = dial.span, dial.verdict
        labels = {names.OUTCOME: outcome}
        told = dial.facts
        if verdict is not None and outcome == verdict.action.value:
            labels[names.ERROR_TYPE] = dial.error
            told |= {names.VERDICT: verdict.action.value, names.VERDICT_SOURCE: verdict.source}
            span.set_status(Status(StatusCode.ERROR))
        span.set_attributes({**told, **labels})
        span.end(self._tracing.wall.at(now))
        self._measure(names.DIALLED, 1, labels)
