"""The marks in a queue of audio, each with its place, until somebody waits for it no more."""

from __future__ import annotations

from typing import cast

from openline_audio.handover import Handover, Mark
from openline_audio.source import SAMPLE_RATE, Sink

ONE, OTHER = bytes(2), bytes(4)


class Still(Handover):
    """Time stands still."""

    def _now(self) -> float:
        return 0.0


def test_a_mark_keeps_its_place_in_the_audio() -> None:
    queue, reached = Still(), list[str]()
    mark = Mark(lambda: reached.append("it"))
    queue.put(ONE)
    queue.put_mark(mark)
    queue.put(OTHER)
    assert queue.take_nowait() == [ONE, mark, OTHER]
    assert reached == []


class Told(list[object]):
    """A sink that notes the beginning and the audio."""

    started = audio = list[object].append


def test_a_mark_before_the_audio_does_not_begin_it() -> None:
    queue, told, mark = Still(), Told(), Mark(list)
    sink = cast("Sink", told)
    queue.put_mark(mark)
    assert queue.deliver(queue.take_nowait(), sink) == [mark]
    assert told == []
    for _ in range(2):
        queue.put(OTHER)
        queue.deliver(queue.take_nowait(), sink)
    assert told == [-2 / SAMPLE_RATE, OTHER, OTHER]


def test_marks_that_nobody_waits_for_do_not_pile_up() -> None:
    queue, kept = Still(), Mark(list)
    queue.put_mark(kept)
    for _ in range(2):
        dropped = Mark(list)
        queue.put_mark(dropped)
        queue.drop_mark(dropped)
    assert queue.take_nowait() == [kept]
    queue.drop_mark(kept)


def test_a_mark_behind_the_end_is_reached_at_once() -> None:
    queue, reached = Still(), list[str]()
    queue.close()
    queue.put_mark(Mark(lambda: reached.append("it")))
    assert reached == ["it"]
    assert queue.take_nowait() == []
