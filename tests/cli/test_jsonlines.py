from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from openline.reconnect.verdicts import Action
from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    Insight,
    PartialRetracted,
    SourceChanged,
    SourceEnded,
    SourceEndReason,
    SourceHeld,
    State,
    StateChanged,
    Statistics,
    Transcript,
    TranscriptWord,
    Trouble,
    Update,
)
from openline_speech import jsonlines


def _told(update: Update) -> dict[str, Any]:
    text = jsonlines.line(update)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    told: dict[str, Any] = json.loads(text)
    return told


def test_every_kind_of_update_has_a_name_of_its_own() -> None:
    assert set(jsonlines.NAMES) == set(get_args(Update))
    assert len(set(jsonlines.NAMES.values())) == len(jsonlines.NAMES)


def test_state_has_reason_and_next_dial() -> None:
    update = StateChanged(
        state=State.RECONNECTING, dial=2, reason="refused", action=Action.RETRY, retry_in=0.5
    )
    assert _told(update) == {
        "update": "state",
        "state": "reconnecting",
        "dial": 2,
        "reason": "refused",
        "action": "retry",
        "retry_in": 0.5,
    }


def test_what_becomes_of_a_device_is_told_by_its_name() -> None:
    held = SourceHeld(source="mic", device="usb", reason="unplugged")
    assert _told(held) == {
        "update": "source_held",
        "source": "mic",
        "device": "usb",
        "reason": "unplugged",
    }
    back = SourceChanged(source="mic", device="usb", reason="back")
    assert _told(back)["update"] == "source_changed"


def test_a_transcript_is_in_seconds(final: Callable[..., Transcript]) -> None:
    told = _told(final("yes \u2013 \u00e9\n", 0.1 + 0.2, 1.00000000001, confidence=0.5))
    assert told["text"] == "yes \u2013 \u00e9\n"
    assert (told["start"], told["end"]) == (0.3, 1.0)
    assert (told["update"], told["final"], told["source"]) == ("transcript", True, "mic")
    assert told["confidence"] == 0.5
    assert told["speaker"] is None


def test_a_gap_is_in_seconds_and_samples(gap: Callable[..., Gap]) -> None:
    assert _told(gap()) == {
        "update": "gap",
        "source": "mic",
        "start": 1.0,
        "end": 1.5,
        "samples": 8000,
        "cause": "overflow",
        "exact": True,
    }


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (PartialRetracted(source="mic"), {"update": "retracted", "source": "mic", "settled": True}),
        (
            BackendStatus(state="buffering", text="slow", source="mic"),
            {"update": "status", "state": "buffering", "text": "slow", "source": "mic"},
        ),
        (
            BackendMetrics(source="mic", backlog=1.5, dropped=2),
            {
                "update": "metrics",
                "source": "mic",
                "backlog": 1.5,
                "dropped": 2,
                "realtime_factor": None,
            },
        ),
        (
            Insight(kind="cards", payload={"actions": [{"text": "x"}]}),
            {"update": "insight", "kind": "cards", "payload": {"actions": [{"text": "x"}]}},
        ),
        (
            SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="unplugged"),
            {"update": "source_lost", "source": "mic", "cause": "failed", "reason": "unplugged"},
        ),
        (
            Trouble(kind="unknown", text="what"),
            {"update": "trouble", "kind": "unknown", "text": "what"},
        ),
    ],
)
def test_other_updates_keep_their_fields(update: Update, expected: dict[str, Any]) -> None:
    assert _told(update) == expected


def test_the_end_has_the_result_the_gaps_and_the_counts(
    ended: Callable[..., Ended], gap: Callable[..., Gap]
) -> None:
    lost = SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="unplugged")
    told = _told(
        ended(
            gaps=[gap()],
            summary={"markdown": "x"},
            summary_covers={"mic": (0, 9)},
            lost_sources=(lost,),
        )
    )
    assert told["lost_sources"] == [{"source": "mic", "cause": "failed", "reason": "unplugged"}]
    assert told["accounts"]["mic"] == {
        "captured": 32000,
        "confirmed": 24000,
        "told": 0,
        "missing": 8000,
        "assumed": 0,
    }
    fields = {*Ended.__struct_fields__, *Statistics.__struct_fields__}
    assert {*told} == {"update", *fields} - {"statistics", "transcript"}
    assert told["update"] == "ended"
    assert told["complete"] is False
    assert told["action"] is None
    assert told["state"] == "closed"
    assert told["reason"] == "finished"
    assert told["dials"] == 1
    assert told["missing"] == [
        {
            "source": "mic",
            "start": 1.0,
            "end": 1.5,
            "samples": 8000,
            "cause": "overflow",
            "exact": True,
        }
    ]
    assert told["sources"] == {
        "mic": {
            "captured": 32000,
            "sent": 32000,
            "confirmed": 24000,
            "missing": 8000,
            "told": 0,
            "assumed": 0,
        }
    }
    assert told["summary"] == {"markdown": "x"}
    assert told["summary_covers"] == {"mic": [0, 9]}


def test_a_line_is_a_line_to_every_reader(final: Callable[..., Transcript]) -> None:
    text = "a\u2028b\x85c\x7f\x9b\u202ed\u200d\U0001fae8"
    written = jsonlines.line(final(text))
    assert written.splitlines() == [written[:-1]]
    assert not re.search("[\x7f-\x9f\u2028\u2029\u202a-\u202e]", written)
    assert json.loads(written)["text"] == text


def test_lone_surrogates_anywhere_do_not_break_a_line(ended: Callable[..., Ended]) -> None:
    summary = {"a\ud800": ["\ud83d", ("\ud83d\ude00", 1, None)]}
    end = msgspec.structs.replace(ended(), summary=summary)
    assert json.loads(jsonlines.line(end))["summary"] == {
        "a\ufffd": ["\ufffd", ["\U0001f600", 1, None]]
    }


def test_lone_surrogates_in_a_word_do_not_break_a_line(final: Callable[..., Transcript]) -> None:
    said = msgspec.structs.replace(final("a"), words=(TranscriptWord(text="\ud83dx", start=1.0),))
    assert json.loads(jsonlines.line(said))["words"] == [
        {"text": "\ufffdx", "start": 1.0, "end": None, "confidence": None, "speaker": None}
    ]
