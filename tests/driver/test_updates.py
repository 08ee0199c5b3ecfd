"""The queue between a session and an app that reads at its own pace."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
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
    Trouble,
    Update,
)
from openline_driver.updates import MAX_STATES, Updates

ENDED = Ended(
    state=State.CLOSED,
    complete=True,
    reason="finished",
    missing=(),
    transcript=(),
    statistics=Statistics(dials=0, sources={}),
)


def words(text: str, *, final: bool = False, source: str = "mic") -> Transcript:
    return Transcript(source=source, text=text, final=final, start=0.0, end=1.0)


def state(dial: int) -> StateChanged:
    return StateChanged(state=State.CONNECTING, dial=dial)


def gap(start: int) -> Gap:
    return Gap(source="mic", start=start, end=start + 1, samples=1, cause=GapCause.CAPTURE)


def get(updates: Updates) -> Update:
    update = updates.take()
    assert update is not None
    return update


def unread(updates: Updates) -> list[Update]:
    return [get(updates) for _ in range(len(updates))]


def left_of(*put: Update) -> list[Update]:
    """The updates that a late reader receives."""
    updates = Updates()
    for update in put:
        updates.put(update)
    return unread(updates)


def test_durable_updates_are_all_kept_in_order() -> None:
    every: list[Update] = [
        state(1),
        words("a", final=True),
        gap(0),
        words("a", final=True),
        SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="unplugged"),
        state(1),
        gap(5),
        words("b", final=True, source="system"),
        ENDED,
    ]
    assert left_of(*every) == every


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (words("a"), words("b")),
        (words("a"), PartialRetracted(source="mic", settled=False)),
        (PartialRetracted(source="mic", settled=False), words("b")),
        (BackendMetrics(source="mic", backlog=1.0), BackendMetrics(source="mic", backlog=2.0)),
        (BackendStatus(state="buffering"), BackendStatus(state="streaming")),
        (Insight(kind="cards", payload={"a": 1}), Insight(kind="cards", payload={"a": 2})),
        (Trouble(kind="foreign", text="1"), Trouble(kind="foreign", text="2")),
        (words("a"), words("a", final=True)),
        (PartialRetracted(source="mic", settled=False), words("a", final=True)),
    ],
)
def test_a_newer_update_replaces_the_older_and_is_last(older: Update, newer: Update) -> None:
    assert left_of(older, state(1), newer) == [state(1), newer]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (words("a"), words("b", source="system")),
        (words("a", final=True), words("b")),
        (words("a"), words("b", final=True, source="system")),
        (words("a"), PartialRetracted(source="system", settled=False)),
        (BackendMetrics(source="mic", backlog=1), BackendMetrics(source="system", backlog=1)),
        (BackendStatus(state="buffering", source="mic"), BackendStatus(state="streaming")),
        (Trouble(kind="foreign", text=""), Trouble(kind="malformed", text="")),
        (Insight(kind="cards", payload={}), Insight(kind="entities", payload={})),
        (words("a"), BackendMetrics(source="mic", backlog=1)),
    ],
)
def test_another_source_or_kind_replaces_nothing(one: Update, other: Update) -> None:
    assert left_of(one, other) == [one, other]


def held(text: str, *, final: bool = False) -> Transcript:
    """A partial that is settled, or the final that it becomes; its id is its text."""
    return replace(words(text, final=final), settled=True, id=text)


def test_a_settled_partial_is_read_before_its_final() -> None:
    live = words("c")
    every = [held("a"), held("b"), live, held("a", final=True)]
    assert left_of(*every) == every  # the settled one replaces what the app may show


def test_a_retraction_of_settled_partials_removes_the_unread_ones() -> None:
    retracted = PartialRetracted(source="mic")
    other = replace(held("o"), source="system")
    final = words("f", final=True)
    assert left_of(final, held("a"), other, words("b"), retracted) == [final, other, retracted]


def test_retractions_of_two_sources_are_both_read() -> None:
    both = [PartialRetracted(source="mic"), PartialRetracted(source="system")]
    assert left_of(*both) == both


def test_a_new_partial_does_not_hide_a_retraction_of_settled_ones() -> None:
    retracted = PartialRetracted(source="mic")
    assert left_of(retracted, words("a"), held("b")) == [retracted, words("a"), held("b")]
    assert left_of(retracted, words("a"), retracted) == [retracted]


def test_a_withdrawn_gap_is_kept_until_it_is_read() -> None:
    every = [GapWithdrawn(gap=gap(0)), GapWithdrawn(gap=gap(9))]
    assert left_of(*every) == every


def test_what_becomes_of_a_device_is_kept_until_it_is_read() -> None:
    held = SourceHeld(source="mic", device="usb", reason="unplugged")
    back = SourceChanged(source="mic", device="usb", reason="back")
    assert left_of(held, back, held, back) == [held, back, held, back]


def test_an_update_already_read_is_not_replaced() -> None:
    updates = Updates()
    for text in ("a", "b"):
        updates.put(words(text))
        assert get(updates) == words(text)
    assert len(updates) == 0


def test_the_last_states_of_a_flapping_line_are_kept() -> None:
    put: list[Update] = [words("first", final=True)]
    put += [state(dial) for dial in range(10 * MAX_STATES)]
    left = left_of(*put, gap(0))
    assert left == [put[0], *put[-MAX_STATES:], gap(0)]


def test_a_state_that_was_read_does_not_count() -> None:
    updates = Updates()
    for dial in range(3 * MAX_STATES):
        updates.put(state(dial))
        assert get(updates) == state(dial)
    updates.put(state(-1))
    assert unread(updates) == [state(-1)]


def test_nothing_is_taken_from_an_empty_queue() -> None:
    assert Updates().take() is None


def test_queue_is_exhausted_once_the_end_is_taken() -> None:
    updates = Updates()
    updates.put(ENDED)
    assert not updates.exhausted
    assert updates.take() is ENDED
    assert updates.exhausted
