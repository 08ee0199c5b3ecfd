"""Who does what, and what becomes of a loss: the decisions of a crew."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from openline_fleet.engines.contract import (
    Done,
    Ended,
    Event,
    Failed,
    Lost,
    Reported,
    Share,
    Started,
    Unit,
    shares,
)
from openline_fleet.engines.rota import MOST_STARTS, Action, Broken, Hand, Rota, Start, Tell


def handed(actions: Sequence[Action]) -> list[tuple[int, str]]:
    return [(each.worker, each.unit.id) for each in actions if isinstance(each, Hand)]


def told(actions: Sequence[Action]) -> list[Event]:
    return [each.event for each in actions if isinstance(each, Tell)]


def started(actions: Sequence[Action]) -> list[int]:
    return [each.worker for each in actions if isinstance(each, Start)]


def ready(workers: int = 1, slots: int = 2) -> Rota:
    """Workers 0 and so on have started at 0 s."""
    rota = Rota(shares(600, workers), slots)
    assert started(rota.tick(0.0)) == list(range(workers))
    for worker in range(workers):
        rota.receive(Started(worker), 0.0)
    return rota


def give(rota: Rota, *units: str) -> list[tuple[int, str]]:
    return [each for unit in units for each in handed(rota.add(Unit(unit)))]


def test_units_go_to_the_worker_that_has_least() -> None:
    rota = ready(2)
    assert rota.free == 4
    assert give(rota, "a", "b", "c", "d", "e") == [(0, "a"), (1, "b"), (0, "c"), (1, "d")]
    assert rota.free == 0
    assert rota.under_way == [(0, "a"), (0, "c"), (1, "b"), (1, "d")]
    assert handed(rota.receive(Done(1, "b", b""), 1.0)) == [(1, "e")]
    assert not rota.is_idle


def test_nothing_is_handed_to_a_worker_that_has_not_started() -> None:
    rota = Rota(shares(600, 1), 2)
    rota.tick(0.0)
    assert rota.free == 0
    assert give(rota, "a") == []
    assert handed(rota.receive(Started(0), 1.0)) == [(0, "a")]
    assert rota.free == 1
    rota.receive(Failed(0, "a", "no"), 2.0)
    assert rota.is_idle


def test_units_of_a_lost_worker_go_first_to_another_one() -> None:
    rota = ready(2, slots=1)
    give(rota, "a", "b", "c")
    rota.receive(Reported(0, "a", b"half"), 1.0)
    actions = rota.receive(Lost(0, ("a",), "signal 9"), 2.0)
    assert told(actions) == [Lost(0, ("a",), "signal 9")]
    assert started(actions) == [2]
    assert handed(rota.receive(Done(1, "b", b""), 2.0)) == [(1, "a")]
    assert handed(rota.receive(Started(2), 3.0)) == [(2, "c")]


def test_a_replacement_has_the_share_of_its_seat_and_waits_an_interval() -> None:
    rota = ready(2)
    [start] = [each for each in rota.receive(Lost(1, (), "x"), 0.0) if isinstance(each, Start)] or [
        each for each in rota.tick(1.0) if isinstance(each, Start)
    ]
    assert start == Start(2, Share(seat=1, dials_per_minute=300, first_after=0.2))


def test_a_worker_that_got_nowhere_is_replaced_later_each_time_and_then_no_more() -> None:
    rota = Rota(shares(600, 1), 2)
    now = 0.0
    waits: list[float] = []
    actions: list[Action] = []
    for worker in range(MOST_STARTS):
        assert started(rota.tick(now)) == [worker]
        actions = rota.receive(Lost(worker, (), "no numpy"), now)
        due = rota.deadline()
        if due is not None:
            waits.append(due - now)
            now = due
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert Broken("no worker stays alive: no numpy") in actions
    assert rota.tick(now + 1000) == []


def test_a_worker_that_was_of_use_is_replaced_at_once() -> None:
    rota = ready()
    for worker in range(2 * MOST_STARTS):
        give(rota, f"u{worker}")
        rota.receive(Done(worker, f"u{worker}", b""), 0.0)
        assert started(rota.receive(Lost(worker, (), "x"), 0.0)) == [worker + 1]
        rota.receive(Started(worker + 1), 0.0)


def test_other_workers_go_on_when_a_seat_is_given_up() -> None:
    rota = ready(2)
    now = 0.0
    number = 0
    for _ in range(MOST_STARTS):
        actions = rota.receive(Lost(number, (), "x"), now)
        assert not any(isinstance(each, Broken) for each in actions)
        now += 1000.0
        for number in started(actions) or started(rota.tick(now)):
            rota.receive(Started(number), now)
    assert rota.deadline() is None
    assert rota.free == 2


def test_a_unit_that_kills_its_worker_fails_and_takes_no_other_with_it() -> None:
    """``bad`` kills each worker at once; ``good`` and ``fine`` are beside it the first time."""
    rota = ready(slots=3)
    assert give(rota, "good", "bad", "fine") == [(0, "good"), (0, "bad"), (0, "fine")]
    actions = rota.receive(Lost(0, ("good", "bad", "fine"), "signal 11"), 0.0)
    now, worker = 0.0, 0
    done: list[str] = []
    failed: list[Failed] = []
    for _ in range(20):
        now += 100.0
        for worker in started(actions) or started(rota.tick(now)):
            actions = rota.receive(Started(worker), now)
        units = [unit for _, unit in handed(actions)]
        assert len(units) == 1, "a suspect has a worker to itself"
        if units == ["bad"]:
            assert rota.free == 0
            actions = rota.receive(Lost(worker, ("bad",), "signal 11"), now)
            failed += [each for each in told(actions) if isinstance(each, Failed)]
        else:
            done += units
            actions = rota.receive(Done(worker, units[0], b""), now)
        if rota.is_idle:
            break
    assert done == ["good", "fine"]
    assert [(each.unit, each.reason, each.deadly) for each in failed] == [
        ("bad", "3 workers in a row died with it: signal 11", True)
    ]


def test_a_suspect_that_reports_is_none_any_more() -> None:
    rota = ready(slots=2)
    give(rota, "a")
    rota.receive(Lost(0, ("a",), "x"), 0.0)
    rota.tick(1.0)
    assert handed(rota.receive(Started(1), 1.0)) == [(1, "a")]
    assert give(rota, "b") == []
    assert handed(rota.receive(Reported(1, "a", b""), 2.0)) == [(1, "b")]


def test_a_suspect_does_not_hold_up_others() -> None:
    rota = ready(2, slots=2)
    give(rota, "a", "b")
    rota.receive(Reported(1, "b", b""), 0.0)
    actions = rota.receive(Lost(0, ("a",), "x"), 0.0)
    assert handed(actions) == []
    assert give(rota, "c") == [(1, "c")]


def test_a_drain_hands_out_no_more_and_gives_back() -> None:
    rota = ready(slots=1)
    give(rota, "a", "b")
    assert [unit.id for unit in rota.drain()] == ["b"]
    assert rota.under_way == [(0, "a")]
    actions = rota.receive(Lost(0, ("a",), "x"), 1.0)
    assert actions == [Tell(Lost(0, ("a",), "x"))]
    assert rota.deadline() is None
    assert rota.is_idle
    assert rota.tick(100.0) == []


@pytest.mark.parametrize(
    "late", [Started(9), Reported(9, "a", b""), Done(9, "a", b""), Lost(9, ("a",), "x"), Ended(9)]
)
def test_news_of_a_worker_that_was_replaced_change_nothing(late: Event) -> None:
    rota = ready()
    give(rota, "a")
    rota.receive(late, 0.0)
    assert rota.under_way == [(0, "a")]
    assert rota.deadline() is None


def test_a_unit_that_was_handed_over_too_late_is_handed_out_again() -> None:
    rota = ready()
    give(rota, "a")
    actions = rota.receive(Lost(0, (), "it died before it had a"), 5.0)
    assert told(actions) == [Lost(0, ("a",), "it died before it had a")]
    rota.tick(10.0)
    assert handed(rota.receive(Started(1), 10.0)) == [(1, "a")]
    rota.receive(Lost(0, ("a",), "it was gone already"), 11.0)
    assert rota.under_way == [(1, "a")]


def test_a_worker_that_ends_unasked_is_replaced() -> None:
    rota = ready()
    give(rota, "a")
    rota.receive(Done(0, "a", b""), 0.0)
    assert started(rota.receive(Ended(0), 0.0)) == [1]
