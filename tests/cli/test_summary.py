from __future__ import annotations

import io
from collections.abc import Callable

from msgspec.structs import replace
from rich.console import Console

from openline.updates import Ended, Gap, SourceEnded, SourceEndReason, Transcript
from openline_cli.follow import Outcome
from openline_cli.summary import as_lines, print_tables, summarise

End = Callable[..., Ended]


def _printed(end: Ended, outcome: Outcome, reference: str | None = None) -> str:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as captured:
        print_tables(summarise(outcome, end, reference=reference), console)
    return captured.get()


def test_lines_have_the_words_the_dials_and_the_samples(
    ended: End, final: Callable[..., Transcript]
) -> None:
    end = ended(final("Go forward"), final("ten metres.", 1, 2))
    outcome = Outcome(ended=end, seconds=2.5)
    text = as_lines(summarise(outcome, end, reference="go forward ten meters"))
    assert text.splitlines() == [
        "complete: every captured sample was confirmed",
        "words: 4",
        "word error rate: 25.0 % of 4 reference words",
        "wrong words: 1 changed, 0 missing, 0 extra",
        "dials: 1",
        "gaps: none",
        "time: 2.5 s for 2.0 s of audio",
        "samples of mic: captured 32000, confirmed 32000, assumed 0, told 0, missing 0",
    ]


def test_lines_name_every_loss(ended: End, gap: Callable[..., Gap]) -> None:
    lost = SourceEnded(source="system", cause=SourceEndReason.FAILED, reason="unplugged")
    end = replace(ended(gaps=[gap()], reason="aborted"), lost_sources=(lost,))
    text = as_lines(summarise(Outcome(ended=end), end))
    assert "incomplete: aborted" in text
    assert "system was lost: unplugged\n" in text
    assert "gaps: 1\n" in text
    assert "0.50 s of mic missing, at 0:01.0 to 0:01.5 (overflow)\n" in text
    assert "word error rate" not in text


def test_tables_have_the_same(ended: End, final: Callable[..., Transcript]) -> None:
    end = ended(final("Go forward"))
    text = _printed(end, Outcome(ended=end, interrupts=1), "go forward")
    assert "● interrupted, and complete" in text
    assert "0.0 % of 2 reference words" in text
    assert "32,000" in text


def test_tables_name_every_loss(ended: End, gap: Callable[..., Gap]) -> None:
    lost = SourceEnded(source="system", cause=SourceEndReason.FAILED, reason="unplugged")
    end = replace(ended(gaps=[gap()]), lost_sources=(lost,))
    text = _printed(end, Outcome(ended=end))
    assert "system was lost: unplugged" in text
    assert "0.50 s of mic missing" in text


def test_a_session_without_audio_has_no_table_of_samples(ended: End) -> None:
    end = ended(sources=[])
    assert "captured" not in _printed(end, Outcome(ended=end)).replace("every captured", "")
