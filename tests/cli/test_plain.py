from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from openline.account import Account
from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    GapCause,
    PartialRetracted,
    SourceChanged,
    SourceEnded,
    SourceEndReason,
    SourceHeld,
    SourceStatistics,
    State,
    StateChanged,
    Statistics,
    Transcript,
    Trouble,
    Update,
)
from openline_cli.plain import (
    PlainView,
    clock,
    decibels,
    describe_end,
    note_line,
    transcript_line,
)
from openline_cli.view import Snapshot
from openline_speech.formats import length


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (59.96, "1:00.0"), (61.25, "1:01.2"), (3600 + 125.5, "1:02:05.5")],
)
def test_session_time_is_read_like_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(("level", "loud"), [(1.0, 0.0), (0.1, -20.0), (0.0, -90.3)])
def test_loudness_is_in_decibels(level: float, loud: float) -> None:
    assert decibels(level) == pytest.approx(loud, abs=0.01)


@pytest.mark.parametrize(
    ("update", "line"),
    [
        (StateChanged(state=State.AWAITING_ACK, dial=1), "-- awaiting ack"),
        (StateChanged(state=State.STREAMING, dial=3), "-- streaming (dial 3)"),
        (
            StateChanged(state=State.RECONNECTING, dial=1, reason="re\x1b[2Jset", retry_in=0.84),
            "-- reconnecting, next dial in 0.8 s: re [2Jset",
        ),
        (
            Gap(source="mic", start=16_000, end=24_000, samples=8_000, cause=GapCause.OVERFLOW),
            "-- 0.50 s of mic missing, at 0:01.0 to 0:01.5 (overflow)",
        ),
        (
            Gap(
                source="mic",
                start=0,
                end=16_000,
                samples=320,
                cause=GapCause.BACKEND,
                exact=False,
            ),
            "-- 0.02 s of mic missing, somewhere from 0:00.0 to 0:01.0 (backend)",
        ),
        (
            SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="unplugged"),
            "-- mic was lost: unplugged",
        ),
        (
            SourceHeld(source="mic", device="usb", reason="usb went away\x1b; waiting for it"),
            "-- mic is held: usb went away ; waiting for it",
        ),
        (
            SourceChanged(source="mic", device="usb", reason="it gives audio again"),
            "-- mic is usb: it gives audio again",
        ),
        (Trouble(kind="malformed", text="not JSON"), "-- malformed: not JSON"),
        (Trouble(kind="late_audio", text="refused"), None),
        (
            BackendStatus(state="buffering", text="slow", source="mic"),
            "-- backend (mic): buffering slow",
        ),
        (BackendStatus(state="warning", text="odd"), "-- backend: warning odd"),
        (BackendStatus(state="streaming", text="Streaming"), None),
        (BackendMetrics(source="mic", backlog=1.0), None),
        (PartialRetracted(source="mic"), None),
    ],
)
def test_notable_updates_have_a_line(update: Update, line: str | None) -> None:
    assert note_line(update) == line


@pytest.mark.parametrize("partials", [False, True])
def test_words_and_notes_are_written_separately(
    partials: bool, final: Callable[..., Transcript], streaming: StateChanged
) -> None:
    words: list[str] = []
    notes: list[str] = []
    view = PlainView(words.append, notes.append, partials=partials)
    view.show(streaming)
    view.show(final("so far", final=False))
    view.show(final("so far, so good", 1.5, 3.0))
    view.note("stopping")
    assert not words + notes
    view.flush()
    view.flush()
    view.close()
    partial = ["  0:00.0  mic     ~ so far\n"] if partials else []
    assert words == [*partial, "  0:01.5  mic     so far, so good\n"]
    assert notes == ["-- streaming", "-- stopping"]


def test_snapshot_line_has_the_watermarks() -> None:
    notes: list[str] = []
    view = PlainView(notes.append, notes.append, interval=5.0)
    assert view.interval == 5.0
    source = SourceStatistics(captured=32_000, sent=16_000, confirmed=8_000, missing=0)
    view.glance(Snapshot(elapsed=2.0, levels={"mic": 0.1}, sources={"mic": source}))
    view.flush()
    assert notes == ["-- mic: level -20 dB, captured 2.0 s, sent 1.0 s, confirmed 0.5 s"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.00 s"), (1 / 16_000, "less than 0.01 s"), (0.005, "0.01 s"), (61.5, "61.50 s")],
)
def test_nonzero_length_is_never_shown_as_zero(seconds: float, text: str) -> None:
    assert length(seconds) == text


@pytest.mark.parametrize(
    ("count", "told"), [(0, ""), (1, ", but 1 message of"), (12, ", but 12 messages of")]
)
def test_end_reports_malformed_messages(ended: Callable[..., Ended], count: int, told: str) -> None:
    end = ended()
    counts = msgspec.structs.replace(end.statistics, malformed=count)
    line = describe_end(msgspec.structs.replace(end, statistics=counts))
    rest = f"{told} the backend could not be read" if count else ""
    assert line == f"complete: every captured sample was confirmed{rest}"


@pytest.mark.parametrize(
    ("told", "assumed", "fate"),
    [
        (0, 0, "was confirmed"),
        (320, 0, "was confirmed, or is in a final"),
        (0, 48_000, "was confirmed, or was quiet (3.00 s unconfirmed)"),
        (320, 48_000, "was confirmed, or is in a final, or was quiet (3.00 s unconfirmed)"),
    ],
)
def test_the_end_says_what_became_of_the_audio(
    ended: Callable[..., Ended], told: int, assumed: int, fate: str
) -> None:
    account = Account(captured=96_000, confirmed=0, told=told, missing=0, assumed=assumed)
    end = msgspec.structs.replace(ended(), accounts={"mic": account})
    assert describe_end(end) == f"complete: every captured sample {fate}"


def test_the_end_is_one_line(ended: Callable[..., Ended], gap: Callable[..., Gap]) -> None:
    assert describe_end(ended()) == "complete: every captured sample was confirmed"
    assert describe_end(ended(), interrupted=True).startswith("interrupted, and complete:")
    assert describe_end(ended(sources=[])) == "complete, but there was no audio"
    assert describe_end(ended(gaps=[gap()], reason="aborted")) == (
        "incomplete: aborted (0.50 s of audio missing)"
    )
    assert describe_end(ended(state=State.FAILED, reason="no\nway")) == (
        "failed: no way (no audio lost)"
    )


def test_end_without_audio_is_not_called_a_success(
    ended: Callable[..., Ended],
) -> None:
    silent = ended().statistics.sources["mic"]
    nothing = msgspec.structs.replace(silent, captured=0, sent=0, confirmed=0)
    for sources in ({}, {"mic": nothing}):
        statistics = Statistics(dials=1, sources=sources)
        end = ended(state=State.FAILED, complete=False, reason="no", statistics=statistics)
        assert describe_end(end) == "failed: no (nothing was streamed)"
        end = ended(complete=False, reason="aborted", statistics=statistics)
        assert describe_end(end) == "incomplete: aborted (nothing was streamed)"


def test_lost_source_without_gap_is_incomplete(
    ended: Callable[..., Ended], gap: Callable[..., Gap]
) -> None:
    lost = SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="damaged")
    end = ended(complete=False, reason="mic was lost: damaged")
    end = msgspec.structs.replace(end, lost_sources=(lost,))
    assert describe_end(end) == "incomplete: mic was lost: damaged"
    assert describe_end(msgspec.structs.replace(end, missing=(gap(),))) == (
        "incomplete: mic was lost: damaged (0.50 s of audio missing)"
    )


def test_words_on_a_terminal_are_as_received_but_for_what_can_harm(
    final: Callable[..., Transcript],
) -> None:
    said = "\u0645\u06cc\u200c\u062e 5\u202f000  \U0001fae8"
    assert transcript_line(final(f" {said}\n")).endswith(f"mic     {said}")
    assert transcript_line(final("a\x1b[2J\x9b\u202eb\ud800")).endswith("a [2J b\ufffd")
