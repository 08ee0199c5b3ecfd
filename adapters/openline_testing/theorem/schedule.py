"""All that happens in one session, drawn before it begins.

A ``Schedule`` says what the app, the network, the disk and the backend do and when. It is
data: played twice it goes the same way, and one thing less in it is a smaller schedule.
``draw`` makes one from a seed, so that a failure is named by a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from openline.updates import SAMPLE_RATE as S

#: The sources of the default dialect.
NAMES: Final = ("system", "mic")
#: Seconds of audio that can be told apart; what a source hears must be shorter.
LONGEST: Final = 30
#: The horizon, in seconds, for which ``Schedule.buffer`` is meant.
HORIZON: Final = 1.0
#: How a dial can go.
WAYS: Final = ("open", "refused", "busy", "hang", "mute", "full", "cut", "restart", "slow")
#: What can go wrong; "stall" is drawn twice as often.
KINDS: Final = (
    *("cut", "stall", "close", "freeze", "stall"),
    *("half_open", "pause", "network", "late_cut"),
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something goes wrong ``at`` a time, for ``seconds``; ``size`` says how badly.

    cut: the connection is reset. late_cut: it ends behind what was said. close: the backend
    closes it. freeze: nothing moves, and no new dial opens. stall: the network takes ``size``
    more messages, and delivers none. half_open: nothing arrives on either side any more.
    pause: the recogniser rests. network: there is none, for new dials either.
    """

    at: float
    kind: str
    seconds: float = 0.0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source: when it starts, how long it speaks, how it is cut, what it cannot hear.

    Raises ValueError if it hears more than can be told apart.
    """

    name: str
    starts: float = 0.0
    seconds: float = 2.0
    chunk: int = 1600
    holes: tuple[int, ...] = ()  # samples, each after another second
    told: bool = False  # it says when it heard its first sample
    ends: str = ""  # "ended", "lost", or it just falls silent

    def __post_init__(self) -> None:
        if self.longest > LONGEST * S:
            raise ValueError(
                f"{self.name} hears up to {self.longest / S:.1f} s: give {LONGEST} at most"
            )

    @property
    def longest(self) -> int:
        """More samples than it has, from the beginning of the session on."""
        heard = round((self.starts + self.seconds) * S)
        return S + heard + 2 * self.chunk + sum(self.holes)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """All that is drawn of one session; the defaults are the calmest session there is."""

    seed: int = 0
    sources: tuple[Source, ...] = (Source(name="mic"),)
    opens_at: float = 0.0
    stops_at: float = 2.5  # counted from the opening
    aborts_at: float | None = None
    buffer: float = 60.0
    finish: float = 200.0
    give_up: float | None = None
    patience: float | None = None  # with a source that falls silent
    disk: float = 0.0
    disk_fails_at: float | None = None
    disk_forgets: float = 0.0  # how often it no longer has what is asked for
    latency: float = 0.01
    rate: float = 0.0  # how many times faster than real time; 0: at once
    metrics: float = 1.0  # seconds between figures; 0: never
    talk: float = 0.5  # longest utterance
    partials: float = 0.2  # how often a tick brings one
    summary: float = 0.05  # seconds that the final message takes
    late: bool = False  # facts of dials that are over still arrive
    dials: tuple[str, ...] = ()  # how the first dials go; all others succeed
    faults: tuple[Fault, ...] = ()


def keeps_up(schedule: Schedule) -> bool:
    """Whether the backend always takes what it is sent: at once, or twice as fast as it is
    spoken if it says each second how far it has come.
    """
    kinds = {fault.kind for fault in schedule.faults}
    if not schedule.rate:  # what it could not drain while it was frozen it drains at once
        return "pause" not in kinds
    told = 0 < schedule.metrics <= 1
    return schedule.rate >= 2 and told and not kinds & {"pause", "freeze"}


def draw(seed: int, sources: Sequence[str] = NAMES) -> Schedule:
    """The schedule of ``seed``, with one or two of ``sources``."""
    rng = Random(seed)
    some, pick = rng.uniform, rng.choice
    tight = rng.random() < 0.5  # memory is short, and will be filled
    spool = rng.random() < 0.35
    speaking = tuple(
        Source(
            name=name,
            starts=0.0 if i == 0 else pick([0.0, some(0, 2)]),
            seconds=some(2, 7) if tight else some(0.2, 4),
            chunk=pick([1600, 1600, 320, rng.randint(900, 3000)]),
            holes=tuple(rng.randint(0, 9000) for _ in range(pick([0, 0, 0, 1, 2]))),
            told=rng.random() < 0.3,
            ends=pick(["", "ended", "ended", "lost"]),
        )
        for i, name in enumerate(rng.sample([*sources], min(pick([1, 1, 2]), len(sources))))
    )
    over = max(source.starts + source.seconds for source in speaking)
    faults = tuple(
        Fault(
            at=some(0, over + 2),
            kind=pick(KINDS),
            seconds=pick([some(0, 0.4), some(0, 3), some(2, 6) if tight else 1.0]),
            size=pick([rng.randint(0, 20), rng.randint(0, 400)]),
        )
        for _ in range(pick([0, 1, 1, 2, 3, 5]))
    )
    return Schedule(
        seed=seed,
        sources=speaking,
        opens_at=pick([0.0, 0.0, some(0, 1)]),
        stops_at=pick([over + some(0, 1), over + 3, some(0, over)]),
        aborts_at=some(0, over + 2) if rng.random() < 0.05 else None,
        buffer=some(2.41, 3) if tight else 60.0,
        finish=pick([5.0, 200.0]),
        give_up=pick([None, None, 20.0, 3.0]),
        patience=pick([None, None, 3.0, 1.2]),
        disk=pick([1000.0, some(2.5, 5), some(2.5, 3)]) if spool else 0.0,
        disk_fails_at=some(0, over) if spool and rng.random() < 0.4 else None,
        disk_forgets=pick([0.0, 0.0, 0.3]) if spool else 0.0,
        latency=pick([0.001, 0.02, 0.1]),
        rate=pick([0.0, 0.0, 1.1, 2.0, 4.0, some(0.5, 1.5), some(0.05, 0.6)]),
        metrics=pick([1.0, 1.0, 0.25, 3.0, 0.0]),
        talk=pick([0.2, 0.5, 1.0]),
        partials=pick([0.0, 0.2, 0.6]),
        summary=pick([0.0, 0.05, 0.5, some(0, 3)]),
        late=rng.random() < 0.3,
        dials=tuple(pick(WAYS) for _ in range(pick([0, 0, 1, 2, 4]))),
        faults=faults,
    )
