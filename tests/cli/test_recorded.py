"""Session time to the time of the recording: every time that a user reads, and no count."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from openline.updates import (
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
    State,
    StateChanged,
    Transcript,
    TranscriptWord,
)
from openline_cli.recorded import in_recording, shifted

AT = {"mic": 750.0}
WORDS = (TranscriptWord(text="go", start=1.0, end=1.5), TranscriptWord(text="on"))
SAID = Transcript(source="mic", text="go on", final=True, start=1.0, end=2.0, words=WORDS)
GAP = Gap(source="mic", start=16_000, end=32_000, samples=9, cause=GapCause.OVERFLOW, exact=False)
#: 750 s in samples.
FAR = 12_000_000


def test_words_are_shifted_with_each_of_their_words() -> None:
    said = shifted(SAID, AT)
    assert (said.start, said.end, said.text) == (751.0, 752.0, "go on")
    assert said.words == (
        TranscriptWord(text="go", start=751.0, end=751.5),
        TranscriptWord(text="on"),
    )
    assert in_recording(SAID, AT) == said


def test_gaps_are_shifted_and_their_samples_are_not() -> None:
    gap = Gap(
        source="mic",
        start=FAR + 16_000,
        end=FAR + 32_000,
        samples=9,
        cause=GapCause.OVERFLOW,
        exact=False,
    )
    assert in_recording(GAP, AT) == gap
    assert in_recording(GapWithdrawn(gap=GAP), AT) == GapWithdrawn(gap=gap)


def test_the_result_is_shifted_as_what_it_is_made_of(ended: Callable[..., Ended]) -> None:
    end = ended(SAID, gaps=[GAP])
    shown = in_recording(end, AT)
    assert isinstance(shown, Ended)
    assert shown.transcript == (shifted(SAID, AT),)
    assert shown.missing == (in_recording(GAP, AT),)
    assert (shown.accounts, shown.statistics) == (end.accounts, end.statistics)


def test_what_a_summary_covers_is_shifted(ended: Callable[..., Ended]) -> None:
    end = replace(ended(), summary_covers={"mic": (0, 5), "system": (1, 2)})
    shown = in_recording(end, AT)
    assert isinstance(shown, Ended)
    assert shown.summary_covers == {"mic": (FAR, FAR + 5), "system": (1, 2)}


def test_another_source_and_a_whole_recording_stay_as_they_are() -> None:
    assert in_recording(SAID, {"system": 3.0}) == SAID
    assert in_recording(SAID, {}) is SAID
    state = StateChanged(state=State.STREAMING, dial=1)
    assert in_recording(state, AT) is state
