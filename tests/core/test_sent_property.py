"""What the messages of all dials held is what is reported as sent and as confirmed.

Any form, any cuts of the captured audio, any pauses, proofs in any unit, and losses. The audio is
read back from the wire: each sample holds its position, and at a higher rate every third sample
is a copy of one.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from openline.dialects.traits import AudioForm, Encoding, Unit
from openline.events import CaptureHole
from openline.updates import SAMPLE_RATE, GapCause
from tests.core.formed_toy import MODULUS, Toy, hear, marks, messages, prove, samples, stream

FORMS = [
    AudioForm(),
    AudioForm(encoding=Encoding.F32LE),
    AudioForm(usual=0.1),
    AudioForm(usual=0.1, least=0.1),
    AudioForm(usual=0.06, least=0.05, encoding=Encoding.F32LE),
    AudioForm(rate=24000),
    AudioForm(rate=24000, usual=0.1, least=0.02),
    AudioForm(rate=48000, usual=0.04, encoding=Encoding.F32LE),
    AudioForm(rate=48000, usual=0.2, least=0.2),
]
FLOWS = [{}, {"pace": 4.0}, {"keepalive": 0.3}, {"tail": 0.13}, {"queue": 2.0, "window": 1.6}]


class World:
    """One session, and what its messages held, as a reader of the wire sees it."""

    def __init__(self, form: AudioForm, flow: dict[str, Any], random: Random) -> None:
        self.form, self.random = form, random
        self.unit = random.choice([Unit.SECONDS, Unit.AUDIO, Unit.MESSAGES, Unit.BYTES])
        counts = None if self.unit is Unit.SECONDS else self.unit
        self.drive = stream(Toy(form=form, counts=counts, **flow))
        # One connection sample of so many can be read back.
        self.slack = 1 if form.rate == SAMPLE_RATE else 3 * SAMPLE_RATE // form.rate
        self.is_other_rate = form.rate != SAMPLE_RATE
        # Of this dial: the messages that were read, their samples, and the position behind each.
        self.read = 0
        self.values: list[float] = []
        self.behind: list[int] = []
        self.captured = self.begin = self.confirmed = self.proved = self.holes = 0

    def parts(self) -> list[bytes]:
        """The audio messages of this dial."""
        return [each for each in messages(self.drive) if isinstance(each, bytes)]

    def held(self, counted: int = 10**9) -> int:
        """The position behind the last audio among the first connection samples of the dial."""
        parts = self.parts()
        for each in parts[self.read :]:
            self.values += samples(each, self.form)
        self.read = len(parts)
        every = 3 if self.is_other_rate else 1  # the others lie between captured samples
        for value in self.values[every * len(self.behind) :: every]:
            before = self.behind[-1] if self.behind else self.begin
            at = before + (round(value) - 1 - before) % MODULUS
            self.behind.append(at + 1 if value else before)  # 0 is silence
        number = min(-(-counted // self.slack), len(self.behind))
        return self.behind[number - 1] if number else self.begin

    def hear(self, count: int) -> None:
        hear(self.drive, self.captured, self.captured + count)
        self.captured += count
        self.drive.drain()

    def hole(self, count: int) -> None:
        self.drive.feed(CaptureHole("mic", count))
        self.captured += count
        self.holes += count

    def prove(self) -> None:
        """The backend confirms some of what it was sent, in the unit of the session."""
        number = self.random.randint(0, len(self.parts()))
        head = self.parts()[:number]
        width = 4 if self.form.encoding is Encoding.F32LE else 2
        size = sum(len(each) - 1 for each in head)
        counted = size // width * SAMPLE_RATE // self.form.rate
        amounts = {
            Unit.SECONDS: counted / SAMPLE_RATE,
            Unit.AUDIO: number,
            Unit.MESSAGES: number + 1 if number else 0,  # the start is one
            Unit.BYTES: size,
        }
        if self.unit is Unit.SECONDS and counted:
            counted = self.random.randint(0, counted)
            amounts[Unit.SECONDS] = counted / SAMPLE_RATE
        prove(self.drive, unit=self.unit.value, confirmed=amounts[self.unit])
        self.proved = max(self.proved, counted)
        self.confirmed = max(self.confirmed, self.held(self.proved))

    def lose(self) -> None:
        self.drive.lose()
        self.drive.redial()
        self.drive.connect()
        self.begin = self.confirmed = marks(self.drive)[2]
        self.proved = self.read = 0
        self.values, self.behind = [], []
        self.drive.drain()

    def check(self) -> None:
        captured, sent, confirmed = marks(self.drive)
        assert captured == self.captured
        assert 0 <= confirmed - self.confirmed < self.slack
        assert 0 <= sent - self.held() < self.slack
        assert confirmed <= sent <= captured


@pytest.mark.repeats
@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("flow", FLOWS, ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_the_messages_hold_what_is_reported(
    form: AudioForm, flow: dict[str, Any], seed: int
) -> None:
    random = Random(f"{form} {flow} {seed}")
    world = World(form, flow, random)
    drive = world.drive
    world.hear(random.randint(1, 2000))
    # Where only some samples can be read back, the end of a run is not known to the sample.
    events = ["hear", "hear", "hear", "wait", "prove", "lose", *["hole"] * (world.slack == 1)]
    for _ in range(40):
        match random.choice(events):
            case "hear":
                world.hear(random.choice([1, 160, 319, 320, 320, 320, 640, 1600, 5000]))
            case "hole":
                world.hole(random.choice([1, 300, 4000]))
            case "wait":
                drive.wait(random.choice([0.02, 0.1, 0.7]))
            case "prove":
                world.prove()
            case _:
                world.lose()
        world.check()
    world.hear(7)
    drive.stop()
    while "stop" not in messages(drive):
        drive.wait(0.1)
        prove(drive, received=10**6)
    captured = world.captured
    assert captured - world.slack < world.held() <= captured
    assert marks(drive)[:2] == (captured, captured)
    drive.summary()
    drive.lose(1000)
    assert marks(drive) == (captured, captured, captured)
    assert drive.ended.complete is (not world.holes), drive.ended.reason
    assert sum(gap.samples for gap in drive.gaps) == world.holes
    assert {gap.cause for gap in drive.gaps} <= {GapCause.CAPTURE}
