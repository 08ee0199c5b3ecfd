"""Backend times are mapped to session time, after skips and after dropped audio."""

from __future__ import annotations

from random import Random

import pytest

from openline.audio.time_map import MOST_DROPS, TimeMap
from openline.updates import SAMPLE_RATE, Gap, GapCause
from tests.core.driver import FRAME, Drive


def skipping() -> TimeMap:
    """100 samples from session sample 1000, then a skip to sample 2000."""
    positions = TimeMap()
    positions.begin_run(0, 1000)
    positions.begin_run(100, 2000)
    return positions


def test_before_any_send_there_is_no_mapping() -> None:
    assert not TimeMap()
    assert skipping()


def test_the_end_of_a_dial_clears_the_map() -> None:
    positions = skipping()
    positions.drop(0, 50, 10)
    positions.clear()
    assert not positions
    positions.begin_run(0, 0)
    assert positions.interval(60, 90, 300) == (60, 90)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ((0, 0), (1000, 1000)),
        ((0, 50), (1000, 1050)),
        ((50, 100), (1050, 1100)),
        ((99, 101), (1099, 2001)),
        ((100, 150), (2000, 2050)),
        ((-5, 500), (1000, 2100)),
        ((400, 500), (2100, 2100)),
    ],
)
def test_a_time_is_mapped_through_the_sent_audio(
    said: tuple[int, int], means: tuple[int, int]
) -> None:
    assert skipping().interval(*said, sent=200) == means


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ((10, 20), (10, 20)),  # before any audio that may have been dropped
        ((10, 101), (10, 131)),  # it ends after the drop or within it
        ((110, 120), (110, 150)),  # either side is possible
        ((169, 170), (169, 200)),  # it begins on the last sample that may be before the drop
        ((170, 180), (200, 210)),  # all of it after the drop
    ],
)
def test_after_a_drop_the_backends_clock_is_slow(
    said: tuple[int, int], means: tuple[int, int]
) -> None:
    positions = TimeMap()
    positions.begin_run(0, 0)
    positions.drop(100, 200, 30)
    assert positions.interval(*said, sent=1000) == means


def test_drops_add_up() -> None:
    positions = TimeMap()
    positions.begin_run(0, 0)
    positions.drop(100, 200, 30)
    positions.drop(300, 400, 50)
    assert positions.interval(200, 250, sent=1000) == (230, 280)
    assert positions.interval(230, 260, sent=1000) == (260, 290)
    assert positions.interval(271, 290, sent=1000) == (301, 370)
    assert positions.interval(400, 500, sent=1000) == (480, 580)


def test_very_many_drops_cost_no_more_than_many() -> None:
    positions = TimeMap()
    positions.begin_run(0, 0)
    for i in range(3 * MOST_DROPS):
        positions.drop(100 * i, 100 * i + 50, 10)
    drops = positions._drops  # pyright: ignore[reportPrivateUsage]
    assert len(drops) == MOST_DROPS
    assert sum(samples for _, _, samples in drops) == 30 * MOST_DROPS
    assert positions.interval(10**6, 10**6 + 1, sent=2**30) == (1001920, 1001921)


# Use in a session.


def slow_backend() -> Drive:
    """Three seconds were sent, one was drained, and half of the rest was dropped."""
    drive = Drive().stream()
    drive.speak(1.0)
    drive.figures()
    drive.speak(2.0)
    drive.figures(backlog=1.0, dropped=25)
    return drive


def test_words_after_a_drop_keep_their_time_and_are_not_repeated() -> None:
    drive = slow_backend()
    half = SAMPLE_RATE // 2
    assert drive.gaps == [
        Gap(
            source="mic",
            start=2 * half,
            end=6 * half,
            samples=half,
            cause=GapCause.BACKEND,
            exact=False,
        )
    ]
    drive.final(0, 2.5, "all that it heard")
    assert drive.finals[0].end == 3.0
    drive.lose()
    drive.redial()
    drive.connect()
    before = drive.frames()
    drive.serve("mic")
    assert drive.frames() == before, "nothing is left to be sent again"


def test_a_dropped_tail_is_missing_once() -> None:
    drive = slow_backend()
    drive.final(0, 2.5)
    drive.stop()
    drive.serve("mic")
    drive.summary()
    drive.lose(1000)
    assert [(gap.cause, gap.samples) for gap in drive.ended.missing] == [
        (GapCause.BACKEND, 25 * FRAME)
    ]


def test_a_drop_is_charged_to_the_queue_that_overflowed() -> None:
    drive = Drive(sources=("system", "mic")).stream()
    drive.audio(200, "system")
    drive.audio(40, "mic")
    for heard in (0.0, 1.0):  # so 2.6 s were sent, and the backend keeps 2.0
        drive.final(0, heard, source="system")
        drive.serve()
    drive.figures(dropped=3, source="mic")
    assert [gap.source for gap in drive.gaps] == ["system"]


def test_a_time_before_one_drop_is_before_the_next() -> None:
    positions = TimeMap()
    positions.begin_run(0, 0)
    positions.drop(0, 1000, 10)
    positions.drop(100, 1200, 1090)
    assert positions.earliest(200) == 200


def test_a_time_at_the_edge_of_a_drop_lies_before_it() -> None:
    positions = TimeMap()
    positions.begin_run(0, 0)
    positions.drop(100, 200, 50)
    assert positions.interval(0, 100, 1000) == (0, 100)
    assert positions.interval(0, 101, 1000) == (0, 151)
    assert positions.interval(149, 300, 1000) == (149, 350)
    assert positions.interval(150, 300, 1000) == (200, 350)


class TestSilence:
    """Session time stands still while silence is sent that was put in."""

    def test_all_of_the_silence_lies_behind_the_audio_before_it(self) -> None:
        positions = TimeMap()
        positions.begin_run(0, 0)
        positions.begin_still(3200, 3200)
        positions.begin_run(4800, 3200)
        assert positions.interval(4000, 4900, sent=5000) == (3200, 3300)
        assert positions.span(3200, 4800, sent=5000) == (3200, 3200)
        assert positions.span(4799, 4800, sent=4800) == (3200, 3200)
        assert positions.span(3100, 4000, sent=5000) == (3100, 3200)

    def test_silence_before_all_audio_lies_at_its_beginning(self) -> None:
        positions = TimeMap()
        positions.begin_still(0, 700)
        positions.begin_run(16, 700)
        assert positions.span(0, 16, sent=116) == (700, 700)
        assert positions.span(0, 116, sent=116) == (700, 800)
        assert positions.span(0, 0, sent=0) == (700, 700)

    def test_silence_that_goes_on_is_one_run(self) -> None:
        positions = TimeMap()
        positions.begin_run(0, 0)
        for sent in range(100, 100_000, 100):
            positions.begin_still(sent, 100)
        assert positions.span(50, 99_000, sent=100_000) == (50, 100)
        assert len(positions) == 2
        positions.clear()
        positions.begin_still(0, 5)
        assert positions.span(0, 9, sent=9) == (5, 5)


@pytest.mark.repeats
def test_random_runs_are_mapped_as_by_a_list_of_every_sample() -> None:
    """The model: the session sample of each connection sample, and None for silence."""
    random = Random(1)
    for _ in range(5000):
        positions = TimeMap()
        model: list[tuple[int, int]] = []  # the session samples before and behind each sample
        at = random.randint(0, 50)
        for number in range(random.randint(1, 6)):
            length = random.randint(1, 9)
            if random.random() < 0.4:
                positions.begin_still(len(model), at)
                model += [(at, at)] * length
            else:
                at += random.choice([0, 0, random.randint(1, 30)]) if number else 0
                positions.begin_run(len(model), at)
                model += [(at + i, at + i + 1) for i in range(length)]
                at += length
        sent, captured = random.randint(1, len(model)), at
        before = [model[0][0]] + [behind for _, behind in model[:sent]]
        for start in range(-1, sent + 2):
            end = random.randint(start, sent + 2)
            first, last = positions.span(start, end, sent)
            assert last == before[max(0, min(end, sent))]
            assert first == min(
                last,
                (
                    model[max(0, start)][0]
                    if 0 <= start < sent
                    else model[0][0]
                    if start < 0
                    else first
                ),
            )
            assert model[0][0] <= first <= last <= captured
        ends = [positions.span(0, each, sent)[1] for each in range(sent + 1)]
        assert ends == before == sorted(ends)
