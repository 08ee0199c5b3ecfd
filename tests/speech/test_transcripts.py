"""The transcript of a session as a file, for those who embed the library."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import Any

import pytest

from openline.updates import Ended, Gap, GapCause, SourceStatistics, State, Statistics, Transcript
from openline_speech import transcript_file
from openline_speech.formats import FORMATS


def said(text: str, start: float, end: float, source: str = "mic") -> Transcript:
    return Transcript(source=source, text=text, final=True, start=start, end=end)


def ended(*finals: Transcript, sources: tuple[str, ...] = ("mic",)) -> Ended:
    nothing = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)
    gap = Gap(source="mic", start=32_000, end=48_000, samples=16_000, cause=GapCause.CAPTURE)
    return Ended(
        state=State.CLOSED,
        complete=False,
        reason="why",
        missing=(gap,),
        transcript=finals,
        statistics=Statistics(dials=1, sources=dict.fromkeys(sources, nothing)),
    )


ONE = ended(said("Good morning.", 0.5, 1.5), said("And good night.", 3.0, 4.0))


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".txt", "Good morning.\n[1.00 s missing: capture]\nAnd good night.\n"),
        (
            ".srt",
            (
                "1\n00:00:00,500 --> 00:00:01,500\nGood morning.\n\n"
                "2\n00:00:03,000 --> 00:00:04,000\nAnd good night.\n"
            ),
        ),
        (
            ".vtt",
            (
                "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nGood morning.\n\n"
                "00:00:03.000 --> 00:00:04.000\nAnd good night.\n"
            ),
        ),
    ],
)
def test_a_transcript_is_the_text_of_a_file(suffix: str, text: str) -> None:
    assert transcript_file(ONE, suffix) == text


def test_json_lines_have_finals_gaps_and_the_end() -> None:
    lines = transcript_file(ONE, ".jsonl").splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        f'{{"update":"{kind}"' for kind in ("transcript", "transcript", "gap", "ended")
    ]


def test_each_source_is_named_where_there_are_several_even_if_one_was_silent() -> None:
    found = ended(said("Hello.", 0.0, 1.0, "system"), sources=("mic", "system"))
    assert transcript_file(found, ".txt").startswith("system: Hello.\n")


@pytest.mark.parametrize("suffix", ["srt", ".doc", "", None])
def test_another_suffix_is_one_line(suffix: Any) -> None:
    with pytest.raises(ValueError, match=r"give one of \.txt, \.srt, \.vtt, \.jsonl$"):
        transcript_file(ONE, suffix)


@pytest.mark.parametrize("result", [None, "text", ONE.transcript])
def test_what_is_no_result_is_one_line(result: Any) -> None:
    with pytest.raises(TypeError, match=r"^ended: give the result of a session, not "):
        transcript_file(result, ".srt")


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_package_that_subtitles_need_is_named(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "wcwidth" else find_spec(name, package)

    monkeypatch.setattr(sys.modules["openline_speech.transcripts"], "find_spec", lacking)
    if suffix in {".txt", ".jsonl"}:
        assert transcript_file(ONE, suffix)
    else:
        with pytest.raises(ModuleNotFoundError, match=r"pip install \"openline\[cli\]\""):
            transcript_file(ONE, suffix)
