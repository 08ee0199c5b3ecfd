"""The real driver, simulated: it keeps its duties for hours, and a seed reproduces a session.

For more hours than a test can wait for: from ``tests``,
``python -m tests.simulation --hours 100 --seed 1``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from openline.journal.reader import read
from openline.journal.replay import replay
from openline.updates import GapCause, State
from openline_driver.effects import AbortDial, CloseDial, Effect
from openline_trio.dial import Dial
from openline_trio.session import Session
from tests.simulation.command import HOUR, ROOT, play_hours, tally, workers
from tests.simulation.plan import ENDLESS, draw
from tests.simulation.play import Simulation, complaint, left, play, seeded

#: Session hours that a test has time for.
HOURS = 16.0


def trace(seed: int) -> bytes:
    """Every (time, event, command) of a seed."""
    lines: list[bytes] = []
    play(seed, lines.append)
    return b"".join(lines)


def wrong(seed: int) -> str:
    """The failure of a seed's session, or an empty text."""
    return complaint(Simulation(draw(seed)))


def test_the_driver_keeps_its_duties_for_hours() -> None:
    running = workers(2, 0, HOURS)
    failure = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(failure)
    # And the sessions covered losses.
    seen, _ = tally(failure)
    assert seen["seconds"] >= HOURS * HOUR
    assert seen["complete after a loss"] >= 5, seen
    assert {"closed", "failed", "capture", "undelivered"} <= set(seen), seen


@pytest.mark.parametrize("seed", [5, 7])
def test_a_seed_gives_the_same_trace(seed: int) -> None:
    first = trace(seed)
    assert trace(seed) == first
    assert trace(seed + 1) != first
    [journal] = read(first.splitlines(keepends=True))
    assert list(replay(journal))[-1].state in {State.CLOSED, State.FAILED}


def test_another_process_gives_the_same_trace(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-m", "simulation", "--one", "7", "--journal", str(path)]
    subprocess.run(command, cwd=ROOT / "tests", env=env, check=True, capture_output=True)
    assert path.read_bytes() == trace(7)


def test_tasks_run_in_an_order_drawn_from_the_seed() -> None:
    async def order() -> list[int]:
        ran: list[int] = []

        async def run(number: int) -> None:
            await trio.lowlevel.checkpoint()
            ran.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(9):
                nursery.start_soon(run, number)
        return ran

    def with_seed(seed: int) -> list[int]:
        with seeded(seed):
            return trio.run(order, clock=MockClock(autojump_threshold=0))

    assert with_seed(1) == with_seed(1)
    assert len({tuple(with_seed(seed)) for seed in range(9)}) > 5


# A planted bug is found, and its seed plays it again.


def forgets_the_clock(session: Session) -> None:
    """The timekeeper is not woken for an earlier deadline."""


def forgets_to_wake(dial: Dial) -> None:
    """An idle sender is not woken by an event."""


async def forgets_to_report(dial: Dial) -> None:
    """The end of a dial is not reported."""
    with dial.scope:
        await dial._live()  # pyright: ignore[reportPrivateUsage]


def without(kind: type[Effect]) -> Callable[[Session, Effect], None]:
    """A face that does not carry out effects of one kind."""
    carry_out = Session._carry_out  # pyright: ignore[reportPrivateUsage]

    def carry_out_most(session: Session, effect: Effect) -> None:
        if not isinstance(effect, kind):
            carry_out(session, effect)

    return carry_out_most


@pytest.mark.parametrize(
    ("owner", "name", "bug", "message"),
    [
        (Session, "_watch_the_clock", forgets_the_clock, "s late"),
        (Dial, "wake", forgets_to_wake, "the sender slept"),
        (Dial, "run", forgets_to_report, "the end was not reported"),
        (Session, "_carry_out", without(AbortDial), "a second socket"),
        (Session, "_carry_out", without(CloseDial), "the client did not close"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_planted_bug_is_found_and_reproduced(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, bug: Any, message: str
) -> None:
    monkeypatch.setattr(owner, name, bug)
    seed, failure = next(found for found in ((n, wrong(n)) for n in range(60)) if found[1])
    assert message in failure
    last = [line for line in failure.splitlines() if "AssertionError" in line]
    again = [line for line in wrong(seed).splitlines() if "AssertionError" in line]
    assert again == last


def test_failing_seed_is_printed_with_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Dial, "wake", forgets_to_wake)
    assert play_hours(0, 1, 1.0)["failures"] == 3
    out = capsys.readouterr().out
    assert "seed 0: Plan(seed=0, " in out
    assert "again: python -m tests.simulation --one 0 --journal FILE" in out


# The oracle finds losses.


def test_left_returns_the_uncovered_parts() -> None:
    assert left(0, 10, []) == [(0, 10)]
    assert left(0, 10, [(4, 6), (2, 5)]) == [(0, 2), (6, 10)]
    assert left(0, 10, [(0, 5), (5, 12)]) == []
    assert left(3, 10, [(0, 4), (20, 30)]) == [(4, 10)]


def test_overflow_is_reported_and_a_missing_final_is_found() -> None:
    seed = next(n for n in count() if draw(n).seconds == ENDLESS)
    simulation = play(seed)
    ended = simulation.ended
    assert ended is not None
    assert {gap.cause for gap in ended.missing} & {GapCause.OVERFLOW, GapCause.UNPROVEN}
    lost = ended.transcript[-1]
    talker = simulation.talkers[lost.source]
    known = msgspec.structs.replace(ended, transcript=ended.transcript[:-1])
    captured = ended.statistics.sources[lost.source].captured
    with pytest.raises(AssertionError, match="lost in silence"):
        simulation.account(lost.source, talker, talker.origin, talker.origin + captured, known)
