"""The queue of audio that a dial has not sent: a message may end inside a frame."""

from __future__ import annotations

from openline.audio.backlog import FRAME_SAMPLES, Backlog
from openline.audio.disk_runs import FETCH


def test_what_a_message_leaves_of_a_frame_comes_with_the_next() -> None:
    backlog = Backlog(FETCH)
    frames = [bytes([i]) * (2 * FRAME_SAMPLES) for i in range(3)]
    for i, frame in enumerate(frames):
        backlog.add(i * FRAME_SAMPLES, frame)
    assert backlog.take(400) == [(0, frames[0]), (FRAME_SAMPLES, frames[1][:160])]
    assert (backlog.samples, backlog.front) == (3 * FRAME_SAMPLES - 400, 400)
    assert backlog.take(560) == [(400, frames[1][160:]), (2 * FRAME_SAMPLES, frames[2])]
    assert (backlog.samples, backlog.front) == (0, None)


def test_what_lies_before_a_position_is_skipped_to_the_sample() -> None:
    backlog = Backlog(FETCH)
    frames = [bytes([i]) * (2 * FRAME_SAMPLES) for i in range(3)]
    for i, frame in enumerate(frames):
        backlog.add(i * FRAME_SAMPLES, frame)
    backlog.skip(400)
    assert list(backlog.frames) == [(400, frames[1][160:]), (2 * FRAME_SAMPLES, frames[2])]
    assert backlog.samples == 3 * FRAME_SAMPLES - 400
    backlog.skip(2 * FRAME_SAMPLES)
    assert list(backlog.frames) == [(2 * FRAME_SAMPLES, frames[2])]
