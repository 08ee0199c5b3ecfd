"""The queue between a session and an app that reads when it likes."""

from __future__ import annotations

import pytest
import trio
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    GapCause,
    Insight,
    PartialRetracted,
    SourceEnded,
    SourceEndReason,
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


async def get(updates: Updates) -> Update:
    await updates.wait()
    update = updates.take()
    assert update is not None
    return update


async def unread(updates: Updates) -> list[Update]:
    return [await get(updates) for _ in range(len(updates))]


async def left_of(*put: Update) -> list[Update]:
    """What an app finds that comes late."""
    updates = Updates()
    for update in put:
        updates.put(update)
    return await unread(updates)


async def test_what_counts_comes_in_order_and_is_all_kept() -> None:
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
    assert await left_of(*every) == every


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (words("a"), words("b")),
        (words("a"), PartialRetracted(source="mic")),
        (PartialRetracted(source="mic"), words("b")),
        (BackendMetrics(source="mic", backlog=1.0), BackendMetrics(source="mic", backlog=2.0)),
        (BackendStatus(state="buffering"), BackendStatus(state="streaming")),
        (Insight(kind="cards", payload={"a": 1}), Insight(kind="cards", payload={"a": 2})),
        (Trouble(kind="foreign", text="1"), Trouble(kind="foreign", text="2")),
        (words("a"), words("a", final=True)),
        (PartialRetracted(source="mic"), words("a", final=True)),
    ],
)
async def test_a_newer_one_takes_the_place_and_stands_at_the_end(
    older: Update, newer: Update
) -> None:
    assert await left_of(older, state(1), newer) == [state(1), newer]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (words("a"), words("b", source="system")),
        (words("a", final=True), words("b")),
        (words("a"), words("b", final=True, source="system")),
        (words("a"), PartialRetracted(source="system")),
        (BackendMetrics(source="mic", backlog=1), BackendMetrics(source="system", backlog=1)),
        (BackendStatus(state="buffering", source="mic"), BackendStatus(state="streaming")),
        (Trouble(kind="foreign", text=""), Trouble(kind="malformed", text="")),
        (Insight(kind="cards", payload={}), Insight(kind="entities", payload={})),
        (words("a"), BackendMetrics(source="mic", backlog=1)),
    ],
)
async def test_another_source_or_kind_takes_no_place(one: Update, other: Update) -> None:
    assert await left_of(one, other) == [one, other]


async def test_what_was_read_is_not_replaced() -> None:
    updates = Updates()
    for text in ("a", "b"):
        updates.put(words(text))
        assert await get(updates) == words(text)
    assert len(updates) == 0


async def test_of_a_line_that_flaps_for_days_the_last_states_are_kept() -> None:
    put: list[Update] = [words("first", final=True)]
    put += [state(dial) for dial in range(10 * MAX_STATES)]
    left = await left_of(*put, gap(0))
    assert left == [put[0], *put[-MAX_STATES:], gap(0)]


async def test_a_state_that_was_read_does_not_count() -> None:
    updates = Updates()
    for dial in range(3 * MAX_STATES):
        updates.put(state(dial))
        assert await get(updates) == state(dial)
    updates.put(state(-1))
    assert await unread(updates) == [state(-1)]


async def test_reading_waits_for_news(nursery: trio.Nursery) -> None:
    updates = Updates()
    got: list[Update] = []

    async def read() -> None:
        for _ in range(2):
            got.append(await get(updates))  # noqa: PERF401  # each when it comes

    nursery.start_soon(read)
    for dial in (1, 2):
        await wait_all_tasks_blocked()
        assert len(got) == dial - 1
        updates.put(state(dial))
    await wait_all_tasks_blocked()
    assert got == [state(1), state(2)]


async def test_a_second_reader_is_refused_while_the_first_one_waits(nursery: trio.Nursery) -> None:
    updates = Updates()
    nursery.start_soon(updates.wait)
    await wait_all_tasks_blocked()
    with pytest.raises(
        trio.BusyResourceError,
        match=r"^another task is waiting for the updates of this session: read them in one task$",
    ):
        await updates.wait()
    updates.put(gap(0))
    await wait_all_tasks_blocked()
    await updates.wait()  # nobody waits any more


async def test_who_waits_is_woken_by_the_end_that_another_took(nursery: trio.Nursery) -> None:
    updates = Updates()
    with trio.fail_after(5):
        async with trio.open_nursery() as reading:
            reading.start_soon(updates.wait)
            await wait_all_tasks_blocked()
            updates.put(ENDED)
            assert updates.take() is ENDED
    assert updates.exhausted
    await updates.wait()


async def test_reading_is_a_checkpoint_and_a_cancelled_one_loses_nothing() -> None:
    updates = Updates()
    updates.put(gap(0))
    with trio.CancelScope() as scope:
        scope.cancel()
        await get(updates)
    assert scope.cancelled_caught
    with assert_checkpoints():
        assert await get(updates) == gap(0)
