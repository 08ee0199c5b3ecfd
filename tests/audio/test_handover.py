"""The marks in a queue of audio, each with its place, until somebody waits for it no more."""

from __future__ import annotations

from openline_audio.handover import Handover, Mark

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
