"""The theorem: nothing is lost silently and nothing is finalised twice, whatever happens.

``openline_testing.theorem`` states it and checks a session against it. Here it is checked
over thousands of schedules, and over sessions that are killed on the way.

Many more schedules than a test can wait for: from ``tests``,
``python -m tests.properties.test_theorem --schedules 1000000 --seed 1``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given

import openline
import openline_testing
from openline.updates import GapCause
from openline_testing import strategies
from openline_testing.theorem import (
    Counterexample,
    Fault,
    Schedule,
    Source,
    calm,
    check,
    draw,
    play,
)
from tests.support_profiles import many

# The soak.


def play_many(first: int, count: int) -> int:
    """Play the schedules of these seeds, and kill every twentieth; the number of failures."""
    failures = 0
    for seed in range(first, first + count):
        for kill in (True, False) if seed % 20 == 0 else (False,):
            try:
                check([seed], kill=kill)
            except Counterexample:
                print(traceback.format_exc(), flush=True)
                failures += 1
        if failures >= 5:
            break
    return failures


def workers(count: int, first: int, schedules: int) -> list[subprocess.Popen[str]]:
    """Processes that share the schedules; their coverage is not measured."""
    share = -(-schedules // count)
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    homes = (Path(each.__path__[0]).parent for each in (openline, openline_testing))
    env["PYTHONPATH"] = os.pathsep.join(map(str, homes))
    here = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.properties.test_theorem", "--worker"]
    return [
        subprocess.Popen(
            [*command, "--schedules", str(share), "--seed", str(first + i * share)],
            cwd=here,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(count)
    ]


def main() -> None:
    """The soak."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--schedules", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--worker", action="store_true", help="be one process, not many")
    options = parser.parse_args()
    if options.worker:
        sys.exit(play_many(options.seed, options.schedules) > 0)
    begun = time.monotonic()
    running = workers(os.cpu_count() or 1, options.seed, options.schedules)
    outputs = [process.communicate()[0] for process in running]
    print(*filter(None, outputs), sep="\n", end="")
    took = time.monotonic() - begun
    print(f"{options.schedules} schedules in {took:.0f} s: {options.schedules / took:.0f}/s")
    sys.exit(any(process.returncode for process in running))


# The tests.


@pytest.mark.parametrize("block", range(10))
def test_the_theorem_in_this_process(block: int) -> None:
    check(range(1_000_000 + block * 30, 1_000_000 + (block + 1) * 30))


@pytest.mark.longer
@pytest.mark.parametrize("block", range(4))
def test_the_theorem_for_many_schedules(block: int) -> None:
    running = workers(2, block * 5_000, many(75, 5_000))
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(outputs)


@pytest.mark.parametrize("block", range(10))
def test_session_killed_at_any_moment_is_resumed(block: int) -> None:
    check(range(block * 30, (block + 1) * 30), kill=True)


def test_what_is_skipped_behind_a_final_may_lie_in_another_that_is_told_later() -> None:
    """A final that claims much takes what is unsent with it; an older one still stands aside."""
    half_open, freeze = Fault(at=2.3, kind="half_open"), Fault(at=4.0, kind="freeze", seconds=3.0)
    play(
        Schedule(
            seed=3975, sources=(Source(name="mic", seconds=6.5),), opens_at=1.0, stops_at=9.0,
            buffer=2.8, disk=1000.0, memory=0.5, disk_fails_at=3.8, disk_forgets=0.3, rate=1.3,
            voice=3975, claims=0.3, faults=(half_open, freeze),
        )
    )  # fmt: skip


def test_dropped_frame_may_be_shorter_than_counted() -> None:
    """The backend counts drops in frames; each may be up to 319 samples short."""
    source = Source(name="system", seconds=6.9, chunk=2465)
    cut = Fault(at=2.9, kind="late_cut")
    play(
        Schedule(
            seed=40970, sources=(source,), stops_at=10.0, buffer=2.5, finish=5.0, disk=3.0,
            latency=0.1, rate=0.33, metrics=0.0, talk=1.0, faults=(cut,),
        )
    )  # fmt: skip


def test_final_after_drop_survives_kill_before_store() -> None:
    check([93480], kill=True)


def test_a_reading_that_was_replaced_is_gone_when_the_new_one_is_final() -> None:
    """The process is killed while it ends, when the new reading is stored as final."""
    check([6009940], kill=True)


def test_resumed_session_reads_a_disk_it_cannot_write() -> None:
    check([228420], kill=True)


def test_the_reading_of_two_lost_dials_that_reaches_farther_counts() -> None:
    check([2003019])


@pytest.mark.parametrize("seed", [10029148, 10108326, 10132942])
def test_the_word_before_a_cut_does_not_replace_the_one_behind_it(seed: int) -> None:
    """The cut lies in its last samples; the next dial says it again, and is lost at once."""
    check([seed])


def test_words_behind_the_final_message_belong_to_the_last_reading() -> None:
    check([2025182])


@pytest.mark.parametrize("seed", [5508110, 5515766])
def test_a_word_of_which_half_is_in_a_gap_may_be_replaced_by_what_is_left(seed: int) -> None:
    """Memory overflows within a final that was put aside: the next dial hears the rest of it."""
    check([seed])


@pytest.mark.parametrize("seed", [6569450, 6573300])
def test_what_was_lost_of_a_final_that_is_told_after_all_is_no_gap(seed: int) -> None:
    """Memory overflows within a final that was put aside, and the next dial does not repeat it."""
    check([seed])


@pytest.mark.parametrize("seed", [7243, 19502, 2015565])
def test_times_behind_a_short_frame_that_was_dropped_are_off_by_its_rest(seed: int) -> None:
    check([seed])


def test_what_is_left_of_a_withdrawn_gap_is_reported_behind_the_withdrawal() -> None:
    """The disk has lost the beginning of a final that was put aside, and parts of the rest."""
    check([3307785])


@pytest.mark.parametrize("seed", [3001493, 10051172])
def test_a_final_that_claims_audio_behind_its_words_is_told_over_a_gap(seed: int) -> None:
    check([seed])


@pytest.mark.parametrize("seed", [10069026, 10128185])
def test_a_final_whose_claimed_beginning_the_disk_has_lost_is_told(seed: int) -> None:
    """It counts from an earlier beginning on, for its end is behind all that was sent."""
    check([seed])


def test_what_is_lost_with_a_final_is_not_lost_again_with_the_next_run() -> None:
    """Two runs leave memory at once, on both sides of a hole, and the final claims both of them."""
    check([30204220])


def test_a_claim_that_is_off_by_the_error_of_times_withdraws_a_gap() -> None:
    """Without a disk, too."""
    check([30314126])


def test_short_frames_of_a_disk_keep_the_clock_of_their_source() -> None:
    """Both queues run over, and a file ends inside frames: each drop counts as a whole frame."""
    check([51499], kill=True)


def test_as_many_deaf_dials_as_there_are_strikes_excuse_a_loss() -> None:
    books = play(Schedule(seed=10145443, dials=("deaf", "deaf", "deaf", "deaf")))
    assert books.ended is not None
    assert books.ended.reason.endswith("4 unknown endings with no stable line in between")
    books = play(Schedule(dials=("deaf", "deaf", "deaf")))
    assert calm(books.schedule, books.policy)


#: Both queues run over while one holds a frame that a hole made short: by part of a frame.
BROKEN_ONCE = (
    Schedule(
        seed=88461,
        sources=(
            Source(name="system", seconds=3.0, chunk=320, holes=(5645,)),
            Source(name="mic", seconds=4.0, chunk=1923, holes=(2333,)),
        ),
        latency=0.1,
        dials=("mute", "cut"),
        faults=(Fault(at=1.6, kind="pause", seconds=1.0),),
    ),
    Schedule(
        seed=141805,
        sources=(
            Source(name="mic", seconds=4.0),
            Source(name="system", starts=1.0, seconds=3.0, chunk=2607, holes=(893,)),
        ),
        stops_at=10.0,
        metrics=0.0,
        faults=(Fault(at=1.0, kind="pause", seconds=4.0),),
    ),
)


@pytest.mark.parametrize("schedule", BROKEN_ONCE, ids=lambda schedule: str(schedule.seed))
def test_the_theorem_for_schedules_that_broke_it_once(schedule: Schedule) -> None:
    assert play(schedule).drops


@given(schedule=strategies.plays())
def test_the_theorem_for_schedules_that_hypothesis_draws(schedule: Schedule) -> None:
    play(schedule)


def test_the_schedules_are_worth_playing() -> None:
    """The first of them cover every way to lose audio, and to save it."""
    seen = Counter[str]()
    for seed in range(750):
        books = play(draw(seed))
        ended = books.ended
        assert ended is not None
        seen.update({gap.cause.value for gap in ended.missing})
        seen[ended.state] += 1
        seen["complete after a loss"] += ended.complete and ended.statistics.dials > 1
        seen["calm"] += calm(books.schedule, books.policy)
        seen["the backend dropped"] += books.drops > 0
        seen["a source stalled"] += bool(books.let_go)
    # The contract has no message that bounds audio which was not transcribed, and no schedule has
    # an app that skips.
    other = {GapCause.UNHEARD, GapCause.SKIPPED}
    assert {cause.value for cause in GapCause} - other <= set(seen)
    rare = ("complete after a loss", "calm", "failed", "the backend dropped", "a source stalled")
    assert min(seen[name] for name in rare) >= 10, seen


if __name__ == "__main__":
    main()
