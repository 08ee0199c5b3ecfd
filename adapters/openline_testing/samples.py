"""Sample messages of a backend: the kit needs them for a dialect that it does not know.

A sample is a message that may arrive: a text, bytes, or a function from the live dial's
``Ids`` to one of these, for messages with ids. A user gives them by name; the default
dialect has its own. A dialect may also offer them itself, as an attribute ``samples``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect, FinalMessage, Ids, Status
from openline.dialects.traits import Ends
from openline_testing.scope import audio_message, item_of

Sample: TypeAlias = str | bytes | Callable[[Ids], str | bytes]
Samples: TypeAlias = Mapping[str, Sample] | Iterable[Sample]

_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection 1")


@dataclass(frozen=True)
class EchoMessage:
    """One message of the echopanel contract, with the ids of its dial, none, or foreign ones."""

    fields: Mapping[str, Any]
    ids: str = "own"

    def __call__(self, ids: Ids) -> str:
        """The message as on the wire."""
        own = {"connection_id": ids.connection_id, "attempt_id": ids.attempt_id}
        stale = {"connection_id": "connection 0", "attempt_id": ids.attempt_id}
        other = {"connection_id": ids.connection_id, "attempt_id": "another"}
        added = {"own": own, "none": {}, "stale": stale, "other": other}[self.ids]
        return json.dumps({**self.fields, **added})


def _status(state: str, **more: str) -> EchoMessage:
    return EchoMessage({"type": "status", "state": state, **more})


#: One message of each kind that the default dialect distinguishes.
ECHOPANEL: Final[Mapping[str, Sample]] = {
    "ack": _status("streaming"),
    "exact ack": _status("streaming", final_ends="exact"),
    "connected": _status("connected"),
    "overloaded": _status("overloaded", source="mic"),
    "backpressure": _status("backpressure"),
    "warning": _status("warning"),
    "ignored": _status(
        "warning", message="Too many active sources (max 1). Ignoring source 'mic'."
    ),
    "full": _status("error", message="Server at capacity, please try again later"),
    "unauthorized": _status("error", message="Unauthorized websocket connection"),
    "remark": _status("error", message="something odd"),
    "wrong start": EchoMessage({"type": "error", "message": "Invalid start message"}),
    "partial": EchoMessage({"type": "asr_partial", "text": "ye", "t0": 0, "t1": 0.01}),
    "final": EchoMessage({"type": "asr_final", "text": "yes", "t0": 0, "t1": 0.02}),
    "far final": EchoMessage({"type": "asr_final", "text": "no", "t0": 0.01, "t1": 24}),
    "dot": EchoMessage({"type": "asr_final", "text": ".", "t0": 24, "t1": 39.88}),
    "metrics": EchoMessage({"type": "metrics", "source": "mic", "backlog_seconds": 0}),
    "short queue": EchoMessage(
        {"type": "metrics", "source": "mic", "backlog_seconds": 1, "max_backlog_seconds": 1}
    ),
    "drops": EchoMessage({"type": "metrics", "source": "mic", "dropped_total": 1}),
    "entities": EchoMessage({"type": "entities_update", "people": ["Ann"]}),
    "summary": EchoMessage({"type": "final_summary", "markdown": "", "json": {}}),
    "stale final": EchoMessage(
        {"type": "asr_final", "text": "yes", "t0": 0, "t1": 0.02}, ids="stale"
    ),
    "unknown": EchoMessage({"type": "unheard of"}),
    "no JSON": "no JSON",
    "bytes": b"\0",
}


def samples_of(dialect: Dialect, given: Samples | None = None) -> dict[str, Sample]:
    """The samples to use for ``dialect``: those given, its own, or the kit's.

    Raises ValueError, one line, if there are none, or if none of them is an ack that the backend
    must send.
    """
    if given is None:
        given = getattr(dialect, "samples", None)
    if given is None and isinstance(dialect, EchoPanel):
        given = ECHOPANEL
    if given is None or isinstance(given, str | bytes):
        raise ValueError(
            f"messages: give sample messages of the dialect {dialect.name!r}, as a list or by "
            "name: at least its ack, best one of each kind that it decodes"
        )
    if isinstance(given, Mapping):
        named = dict(cast("Mapping[str, Sample]", given))
    else:
        named = {f"message {i}": sample for i, sample in enumerate(given, 1)}
    kinds = {name: _decoded(dialect, sample) for name, sample in named.items()}
    traits = dialect.traits
    acks = traits.greets or traits.replies
    if acks and not any(_is_ack(kind) for kind in kinds.values()):
        found = ", ".join(f"{name}: {type(kind).__name__}" for name, kind in kinds.items())
        raise ValueError(
            f"messages: none of them is an ack (a Status with ack=True) to the dialect "
            f"{dialect.name!r}, so no session would ever stream; they are {found or 'none'}"
        )
    return named


def audio_of(dialect: Dialect, source: str, samples: int) -> str | bytes:
    """A message of that much silence. Empty if the dialect raises: a law reports that."""
    try:
        return audio_message(dialect, source, bytes(2 * samples))
    except DialectError:
        return b""


def fill(sample: Sample, ids: Ids) -> str | bytes:
    """``sample`` as it arrives on the dial with ``ids``."""
    return sample if isinstance(sample, str | bytes) else sample(ids)


def _decoded(dialect: Dialect, sample: Sample) -> object:
    """The decoded sample, or the exception; the walk reports a dialect that raises."""
    try:
        return item_of(dialect, fill(sample, _IDS))
    except Exception as exc:  # noqa: BLE001  # the dialect is under test
        return exc


def _is_ack(message: object) -> bool:
    return isinstance(message, Status) and message.ack


def acks_of(dialect: Dialect, samples: Mapping[str, Sample]) -> list[Sample]:
    """The first ack, and the first one of each other promise about the ends of finals."""
    acks: dict[Ends | None, Sample] = {}
    for sample in samples.values():
        message = _decoded(dialect, sample)
        if isinstance(message, Status) and message.ack:
            acks.setdefault(message.ends, sample)
    return [*acks.values()]


def final_of(dialect: Dialect, samples: Mapping[str, Sample]) -> Sample | None:
    """The first sample that is a final message; None if there is none."""
    decoded = ((_decoded(dialect, sample), sample) for sample in samples.values())
    return next((sample for message, sample in decoded if isinstance(message, FinalMessage)), None)


def ack_of(dialect: Dialect, samples: Mapping[str, Sample]) -> Sample:
    """The first sample that is an ack."""
    for sample in samples.values():
        if _is_ack(_decoded(dialect, sample)):
            return sample
    raise ValueError(f"messages: none is an ack to the dialect {dialect.name!r}")
