"""Each field of a backend's message arrives as it was sent, and one that is absent is absent.

The contract's fields are drawn here by their names in any selection, among others that a
client ignores. The expected result is stated anew, and not looked up in the dialect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import hypothesis.strategies as st
from hypothesis import given
from hypothesis.strategies import SearchStrategy

from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Heard, Message, Metrics, Noticed, Status
from openline.dialects.traits import Ends

WORDS: Final = st.text(st.characters(codec="utf-8"), max_size=12)
SECONDS: Final = st.floats(0, 1e6)
#: Times of words: any finite ones, in any order, or none.
CLAIMS: Final = st.none() | st.floats(-1e9, 1e9)
COUNT: Final = st.integers(0, 10**6)
SOURCE: Final = st.sampled_from(["mic", "system"])
IDS: Final = {"connection_id": WORDS, "attempt_id": WORDS}
#: Fields of the contract that other clients use.
OTHERS: Final = {
    "session_id": WORDS,
    "timestamp": SECONDS,
    "stable": st.booleans(),
    "x": st.none(),
    "queue_depth": COUNT,
    "queue_max_frames": COUNT,
    "queue_fill_ratio": SECONDS,
    "dropped_recent": COUNT,
    "avg_infer_ms": SECONDS,
    "provider_health": WORDS,
    "dropped_frames": COUNT,
    "dropped_seconds": SECONDS,
}
#: The contract's status states: the acked ones, and the client's reaction.
SLOW_DOWN: Final = {"backpressure", "buffering", "overloaded"}
ACKED: Final = {"streaming", "warning", "no_asr_provider"} | SLOW_DOWN
LEAVES_A_DOUBT: Final = {"backpressure", "no_asr_provider"}


def messages(
    must: Mapping[str, SearchStrategy[Any]], may: Mapping[str, SearchStrategy[Any]]
) -> SearchStrategy[dict[str, Any]]:
    """Messages with all of ``must``, and any of ``may`` and the rest."""
    return st.fixed_dictionaries({**must}, optional={**OTHERS, **IDS, **may})


def decoded(kind: str, fields: Mapping[str, Any]) -> Message:
    _, (message,) = EchoPanel().decode(None, json.dumps({"type": kind} | {**fields}))
    return message


def ids(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields.get(name) for name in IDS}


@given(
    messages(
        {"state": st.sampled_from(sorted(ACKED | {"connected", "later"}))},
        {
            "message": WORDS,
            "source": SOURCE,
            "backlog_seconds": SECONDS,
            "final_ends": st.sampled_from(["exact", "claimed", "so-so"]),
        },
    )
)
def test_a_status(fields: dict[str, Any]) -> None:
    state = fields["state"]
    assert decoded("status", fields) == Status(
        state=state,
        text=fields.get("message", ""),
        source=fields.get("source"),
        ack=state in ACKED,
        filling=state in SLOW_DOWN,
        doubtful=state in LEAVES_A_DOUBT,
        warning=state == "warning",
        ends={"exact": Ends.EXACT, "claimed": Ends.CLAIMED}.get(fields.get("final_ends", "")),
        **ids(fields),
    )


@given(
    messages(
        {},
        {
            "source": SOURCE,
            "backlog_seconds": SECONDS,
            "dropped_total": COUNT,
            "realtime_factor": SECONDS,
            "rtf_avg_10s": SECONDS,
            "max_backlog_seconds": SECONDS,
        },
    )
)
def test_metrics(fields: dict[str, Any]) -> None:
    assert decoded("metrics", fields) == Metrics(
        source=fields.get("source"),
        backlog=fields.get("backlog_seconds"),
        dropped=fields.get("dropped_total", 0),
        realtime_factor=fields.get("realtime_factor", fields.get("rtf_avg_10s")),
        queue=fields.get("max_backlog_seconds") or None,
        **ids(fields),
    )


@given(
    st.sampled_from(["asr_partial", "asr_final"]),
    st.tuples(CLAIMS, CLAIMS),
    messages(
        {"text": WORDS},
        {
            "source": SOURCE,
            "confidence": st.floats(0, 1),
            "language": WORDS,
            "speaker": WORDS,
            "segment_id": WORDS,
        },
    ),
)
def test_words(kind: str, times: tuple[float | None, float | None], fields: dict[str, Any]) -> None:
    start, end = times
    assert decoded(kind, fields | {"t0": start, "t1": end}) == Heard(
        text=fields["text"],
        start=start,
        end=end,
        final=kind == "asr_final",
        source=fields.get("source"),
        confidence=fields.get("confidence"),
        language=fields.get("language"),
        speaker=fields.get("speaker"),
        segment_id=fields.get("segment_id"),
        **ids(fields),
    )


NOTICED = {
    "entities": ("people", "orgs", "dates", "projects", "topics"),
    "cards": ("actions", "decisions", "risks"),
}


@given(messages({}, dict.fromkeys([*NOTICED["entities"], *NOTICED["cards"]], st.lists(WORDS))))
def test_what_it_noticed(fields: dict[str, Any]) -> None:
    for kind, names in NOTICED.items():
        payload = {name: fields.get(name, []) for name in names}
        noticed = Noticed(kind=kind, payload=payload, **ids(fields))
        assert decoded(f"{kind}_update", fields) == noticed
