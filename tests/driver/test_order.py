"""What was asked for first comes first: posts, and what a stop or an abort finds queued."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openline import commands as c
from openline import events as e
from openline.observer import Observer
from openline_driver import effects as fx
from openline_driver import facts as f
from tests.driver.model import HASTY, Face


class Seen(Observer):
    """Notes the audio that reaches the machine, and how much it wants stored."""

    __slots__ = ("audio", "stored")

    def __init__(self) -> None:
        self.audio: list[bytes] = []
        self.stored = 0

    def on_event(self, event: e.Event, now: float) -> None:
        if isinstance(event, e.AudioCaptured):
            self.audio.append(event.pcm)

    def on_command(self, command: c.Command, now: float) -> None:
        self.stored += isinstance(command, c.StoreAudio)


def numbered(number: int) -> e.AudioCaptured:
    return e.AudioCaptured("mic", number.to_bytes(2, "little") * 320)


@given(st.lists(st.sampled_from(["post", "post", "post", "drain", "post inside"]), max_size=30))
def test_posts_are_taken_in_their_order(moves: list[str]) -> None:
    seen = Seen()
    face = Face(seen, policy=HASTY)
    face.feed(e.OpenRequested())
    posted: list[bytes] = []

    def post() -> None:
        event = numbered(len(posted))
        posted.append(event.pcm)
        face.driver.post(event)

    for move in moves:
        if move == "drain":
            face.drain()
        elif move == "post":
            post()
        else:
            face.meddle = lambda _effect: post()
            post()
            face.feed(e.NetworkRestored())
            face.meddle = lambda _effect: None
    face.drain()
    assert seen.audio == posted, "a post overtook another"


ENDS: dict[str, e.Event | f.Fact] = {
    "stop": e.StopRequested(),
    "abort": e.AbortRequested(),
    "cancel": f.Cancelled(),
}


@given(
    outside=st.lists(st.sampled_from(["audio", "audio", *ENDS]), max_size=8),
    inside=st.lists(st.lists(st.sampled_from(["audio", "audio", *ENDS]), max_size=4), max_size=12),
)
def test_no_request_for_an_end_overtakes_what_is_queued(
    outside: list[str], inside: list[list[str]]
) -> None:
    """All that was to be stored when the app asked is handed out before the sources are flushed."""
    seen = Seen()
    face = Face(seen, policy=HASTY, store_bytes=1 << 20)
    face.open()
    queued: list[int] = []  # what was to be stored at each request, handed out or not
    numbers = iter(range(1, 1_000))

    def act(what: str) -> None:
        if what == "audio":
            face.feed(numbered(next(numbers)))
            return
        if not face.driver.over:
            queued.append(seen.stored)
        face.feed(ENDS[what])

    def meddle(effect: fx.Effect) -> None:
        if isinstance(effect, fx.FlushSources):
            flushes = len(face.of(fx.FlushSources))
            stored = len(face.of(c.StoreAudio))
            assert stored >= queued[flushes - 1], "the request overtook audio that was queued"
        for what in inside.pop() if inside else ():
            act(what)

    face.meddle = meddle
    for what in outside:
        act(what)
    act("abort")
    assert face.driver.over
    assert len(face.of(fx.FlushSources)) <= len(queued)
    assert len(face.of(c.StoreAudio)) == seen.stored, "what was to be stored was not handed out"
