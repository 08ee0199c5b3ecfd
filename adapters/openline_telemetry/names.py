"""Every name that is exported: metrics with their labels, spans, events, attributes.

A label has few values, whatever a server sends: those of an enumeration of openline, or those of
``labels``. What differs from session to session, such as its id, stands on spans alone.

The names ``openline.*`` are openline's own; ``error.type``, ``server.*`` and
``http.response.status_code`` are those of OpenTelemetry's stable conventions. The conventions for
speech are drafts (``gen_ai.*``, https://github.com/open-telemetry/semantic-conventions-genai), so
these names stand beside the others only where ``OPT_IN`` asks for them.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

#: The variable by which OpenTelemetry opts in to drafts: values, separated by commas.
OPT_IN_VARIABLE: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
#: The value for the drafts of ``gen_ai.*``, as other instrumentations read it.
OPT_IN: Final = "gen_ai_latest_experimental"

#: The instrumentation scope.
SCOPE: Final = "openline"

# Labels, which are attributes of spans as well.
DIALECT: Final = "openline.dialect"
END: Final = "openline.session.end"
OUTCOME: Final = "openline.outcome"
CAUSE: Final = "openline.gap.cause"
KIND: Final = "openline.trouble.kind"
ERROR_TYPE: Final = "error.type"

# Attributes of spans alone.
SESSION_ID: Final = "openline.session.id"
ATTEMPT_ID: Final = "openline.attempt.id"
CONNECTION_ID: Final = "openline.connection.id"
DIAL: Final = "openline.dial"
SOURCE: Final = "openline.source"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
CLOSE_CODE: Final = "openline.close.code"
CLOSE_SENDER: Final = "openline.close.sender"
STATUS_CODE: Final = "http.response.status_code"
RETRY_AFTER: Final = "openline.retry_after"
VERDICT: Final = "openline.verdict.action"
VERDICT_SOURCE: Final = "openline.verdict.source"
STATE: Final = "openline.state"
RETRY_IN: Final = "openline.retry_in"
SECONDS: Final = "openline.seconds"
DIALS: Final = "openline.session.dials"
FINALS: Final = "openline.session.finals"
CAPTURED: Final = "openline.audio.captured"
CONFIRMED: Final = "openline.audio.confirmed"
MISSING: Final = "openline.audio.missing"
START: Final = "openline.turn.start"
STOP: Final = "openline.turn.end"
WORDS: Final = "openline.turn.words"
PARTIALS: Final = "openline.turn.partials"

# Drafts.
DRAFT_CONVERSATION: Final = "gen_ai.conversation.id"
DRAFT_OPERATION: Final = "gen_ai.operation.name"
DRAFT_PROVIDER: Final = "gen_ai.provider.name"
DRAFT_SPEECH: Final = "speech_to_text"
DRAFT_STARTED: Final = "gen_ai.client.live_session.started"
DRAFT_ENDED: Final = "gen_ai.client.live_session.ended"

# Spans, and the events on them.
SESSION_SPAN: Final = "openline.session"
DIAL_SPAN: Final = "openline.dial"
TURN_SPAN: Final = "openline.turn"
STATE_EVENT: Final = "openline.state"
GAP_EVENT: Final = "openline.gap"
WITHDRAWN_EVENT: Final = "openline.gap.withdrawn"
TROUBLE_EVENT: Final = "openline.trouble"
SUSPENDED_EVENT: Final = "openline.suspended"
SOURCE_EVENT: Final = "openline.source.ended"
OPENED_EVENT: Final = "openline.socket.opened"
LINE_EVENT: Final = "openline.line.open"


class Kind(Enum):
    """What a metric does with a measurement."""

    COUNTER = "counter"  #: adds it; it never falls
    LEVEL = "level"  #: adds it; it may fall
    HISTOGRAM = "histogram"  #: counts it among those of its size


class Metric(NamedTuple):
    """One metric. ``unit`` is one of UCUM; ``bounds`` are those of a histogram's buckets."""

    name: str
    kind: Kind
    unit: str
    about: str
    labels: tuple[str, ...] = (DIALECT,)
    bounds: tuple[float, ...] = ()


#: Seconds: what a socket takes, from one on this machine to the longest of ``Policy``.
_QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: Seconds: what people notice, and what a buffer holds.
_SLOW: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)

ACTIVE: Final = Metric(
    "openline.session.active", Kind.LEVEL, "{session}", "Sessions that are open now."
)
SESSIONS: Final = Metric(
    "openline.sessions",
    Kind.COUNTER,
    "{session}",
    "Sessions that ended.",
    (DIALECT, END),
)
DIALLED: Final = Metric(
    "openline.dials",
    Kind.COUNTER,
    "{dial}",
    "Dials that ended, by what followed.",
    (DIALECT, OUTCOME, ERROR_TYPE),
)
OPENING: Final = Metric(
    "openline.dial.opening",
    Kind.HISTOGRAM,
    "s",
    "From dialling until audio may flow.",
    bounds=_QUICK,
)
OUTAGE: Final = Metric(
    "openline.outage.duration",
    Kind.HISTOGRAM,
    "s",
    "From the loss of a line until audio may flow again, or the session ends.",
    (DIALECT, OUTCOME),
    _SLOW,
)
LAG: Final = Metric(
    "openline.audio.lag",
    Kind.HISTOGRAM,
    "s",
    "Audio captured and not confirmed, of the source that has most; looked at now and then.",
    bounds=_SLOW,
)
AUDIO_CAPTURED: Final = Metric(CAPTURED, Kind.COUNTER, "s", "Audio that was captured.")
AUDIO_CONFIRMED: Final = Metric(
    CONFIRMED, Kind.COUNTER, "s", "Audio up to which nothing is sent again."
)
GAPS: Final = Metric(
    "openline.gap.duration",
    Kind.COUNTER,
    "s",
    "Audio that will not be transcribed.",
    (DIALECT, CAUSE),
)
WITHDRAWN: Final = Metric(
    "openline.gap.withdrawn",
    Kind.COUNTER,
    "s",
    "Audio of gaps that are none any more.",
    (DIALECT, CAUSE),
)
PONG: Final = Metric(
    "openline.pong.duration",
    Kind.HISTOGRAM,
    "s",
    "From a ping to its pong: the slowest since the session was last looked at.",
    bounds=_QUICK,
)
TOLD: Final = Metric("openline.words", Kind.COUNTER, "{word}", "Words in finals.")
TURN: Final = Metric(
    "openline.turn.duration",
    Kind.HISTOGRAM,
    "s",
    "From the first partial of an utterance to its final.",
    bounds=_SLOW,
)
TROUBLES: Final = Metric(
    "openline.troubles",
    Kind.COUNTER,
    "{trouble}",
    "Faults that ended no session.",
    (DIALECT, KIND),
)

#: All metrics, by name.
METRICS: Final = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            *(ACTIVE, SESSIONS, DIALLED, OPENING, OUTAGE, LAG, AUDIO_CAPTURED, AUDIO_CONFIRMED),
            *(GAPS, WITHDRAWN, PONG, TOLD, TURN, TROUBLES),
        )
    }
)
