"""Each update that has a lane is a short list, and none of them has more words than it may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openline import commands as c
from openline.updates import (
    BackendStatus,
    Gap,
    GapCause,
    GapWithdrawn,
    Insight,
    PartialRetracted,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceEndReason,
    SourceHeld,
    Transcript,
    TranscriptWord,
    Trouble,
    Update,
)
from openline_inspect import Recorder
from openline_inspect.updates import short

SAID = Transcript(source="b", text="so it is", final=True, start=1.0, end=2.00049, id="1.1.1")
GAP = Gap(source="a", start=0, end=320, samples=320, cause=GapCause.OVERFLOW)
FORMS: list[tuple[Update, list[Any] | None]] = [
    (SAID, ["f", 1, "so it is", 1.0, 2.0, "1.1.1", ""]),
    (Transcript(source="a", text="x", final=True, start=0, end=1, speaker="Ann"),
     ["f", 0, "x", 0, 1, "", "Ann"]),
    (Transcript(source="a", text="x", final=True, start=0, end=1, channel=2),
     ["f", 0, "x", 0, 1, "", "channel 2"]),
    (Transcript(source="a", text="x", final=False, start=0, end=1), ["p", 0, "x", 0, 1]),
    (Transcript(source="a", text="x", final=False, start=0, end=1, settled=True, id="7"),
     ["h", 0, "x", 0, 1, "7"]),
    (PartialRetracted(source="b", settled=False), ["x", 1, 0]),
    (GAP, ["g", 0, 0, 320, 320, "overflow"]),
    (GapWithdrawn(gap=GAP), ["G", 0, 0, 320, 320, "overflow"]),
    (Trouble(kind="deaf", text="it hears nothing"), ["t", "deaf", "it hears nothing"]),
    (SourceHeld(source="a", device="USB", reason="unplugged"),
     ["a", 0, "waits for USB: unplugged"]),
    (SourceEnded(source="a", cause=SourceEndReason.STALLED, reason="nothing for 10 s"),
     ["a", 0, "stalled: nothing for 10 s"]),
    (SourceChanged(source="b", device="USB", reason="it is back"), ["b", 1, "goes on with USB"]),
    (Resumed(gap=61.23456), ["z", 61.235]),
    (BackendStatus(state="connected", text="hello"), None),
]  # fmt: skip


@pytest.mark.parametrize(("update", "form"), FORMS)
def test_an_update_has_its_form(update: Update, form: list[Any] | None) -> None:
    assert short(update, ["a", "b"].index, text=True) == form


def test_words_are_counted_where_they_may_not_be_shown() -> None:
    assert short(SAID, ["a", "b"].index, text=False) == ["f", 1, "(3 words)", 1.0, 2.0, "1.1.1", ""]
    one = Transcript(source="a", text=" yes ", final=False, start=0, end=1)
    assert short(one, ["a"].index, text=False) == ["p", 0, "(1 word)", 0, 1]


@pytest.mark.parametrize(
    "command",
    [
        c.Report(SAID),
        c.Report(Insight(kind="entities", payload={"names": ["so it is"]})),
        c.StoreFinal(Transcript(source="a", text="x so it is", final=True, start=0, end=1,
                                words=(TranscriptWord(text="so it is"),))),
    ],
)  # fmt: skip
def test_no_command_says_words_that_may_not_be_shown(command: c.Command) -> None:
    for text, is_shown in ((True, True), (False, False)):
        recorder = Recorder(text=text)
        recorder.on_command(command, 0.0)
        told = recorder._commands  # pyright: ignore[reportPrivateUsage]
        assert ("so it is" in json.dumps(told)) == is_shown
