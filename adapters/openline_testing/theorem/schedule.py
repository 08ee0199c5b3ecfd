"""All that happens in one session, drawn before it begins.

A ``Schedule`` lists the actions of the app, the network, the disk and the backend, with their
times. It is data: played twice it goes the same way, and with one item removed it is a
smaller schedule. ``draw`` makes one from a seed, so a failure is named by a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from openline.updates import SAMPLE_RATE as S

#: The sources of the default dialect.
NAMES: Final = ("system", "mic")
#: Seconds of audio with distinguishable places; a source must be shorter.
LONGEST: Final = 30
#: The horizon, in seconds, for which ``Schedule.buffer`` is meant.
HORIZON: Final = 1.0
#: The seconds that a backend queues unless its figures announce another number.
USUAL_QUEUE: Final = 2.0
#: The outcomes of a dial. A deploy (404) and a portal (another's certificate) come only after
#: the session has streamed: before, they end it.
WAYS: Final = (
    *("open", "refused", "busy", "hang", "mute", "full", "cut", "restart", "slow"),
    *("deploy", "portal"),
)
#: Outcomes in which the dial streams and the backend does not do its work: it answers pings
#: alone, or it ignores one source and says so.
POOR: Final = ("deaf", "ignores")
#: The kinds of faults; "stall" is drawn twice as often.
KINDS: Final = (
    *("cut", "stall", "close", "freeze", "stall"),
    *("half_open", "pause", "network", "late_cut"),
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault ``at`` a time, for ``seconds``; ``size`` is its severity.

    cut: the connection is reset. late_cut: it ends after the messages under way. close: the
    backend closes it. freeze: nothing moves, and no new dial opens. stall: the network takes
    ``size`` more messages, and delivers none. half_open: nothing arrives on either side any
    more. pause: the recogniser rests. network: there is none, for new dials either.
    """

    at: float
    kind: str
    seconds: float = 0.0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source: its start, its length, its chunks, its holes, its end.

    Raises ValueError if it is longer than ``LONGEST``.
    """

    name: str
    starts: float = 0.0
    seconds: float = 2.0
    chunk: int = 1600
    holes: tuple[int, ...] = ()  # samples, each after another second
    timed: bool = False  # it reports when it captured its first sample
    ends: str = ""  # "ended", "lost", or it just falls silent

    def __post_init__(self) -> None:
        if self.longest > LONGEST * S:
            raise ValueError(
                f"{self.name} lasts up to {self.longest / S:.1f} s: give {LONGEST} at most"
            )

    @property
    def longest(self) -> int:
        """An upper bound of its samples, from the beginning of the session on."""
        seconds = round((self.starts + self.seconds) * S)
        return S + seconds + 2 * self.chunk + sum(self.holes)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The drawn parameters of one session; the defaults make the calmest session there is."""

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
    memory: float | None = None  # of audio that the disk has too; None: the buffer
    disk_fails_at: float | None = None
    disk_forgets: float = 0.0  # the share of requested audio that the disk has lost
    latency: float = 0.01
    rate: float = 0.0  # how many times faster than real time; 0: at once
    metrics: float = 1.0  # seconds between figures; 0: never
    talk: float = 0.5  # longest utterance
    partials: float = 0.2  # the share of ticks that bring a partial
    summary: float = 0.05  # seconds that the final message takes
    late: bool = False  # events of earlier dials still arrive
    voice: int = 0  # the seed of the words that are spoken
    claims: float = 0.0  # the share of ends that lie behind the audio; 0: its ends are exact
    dots: float = 0.0  # the share of silences that bring finals without a word, anywhere
    speakers: float = 0.0  # the share of exact finals that a second, overlapping one follows
    after: bool = False  # the last words come after the final message
    leaves: bool = False  # the last words stay partial: no final has them
    queue: float | None = None  # the seconds of its queue, which its figures announce
    dials: tuple[str, ...] = ()  # the outcomes of the first dials; all others succeed
    faults: tuple[Fault, ...] = ()


def keeps_up(schedule: Schedule) -> bool:
    """Whether the backend always keeps up: it drains at once, or twice as fast as real time
    and reports its figures each second.
    """
    kinds = {fault.kind for fault in schedule.faults}
    if schedule.queue is not None and schedule.queue < USUAL_QUEUE:
        return False  # it drops before its first figures announce a short queue
    if not schedule.rate:  # after a freeze it drains the backlog at once
        return "pause" not in kinds
    reports = 0 < schedule.metrics <= 1
    return schedule.rate >= 2 and reports and not kinds & {"pause", "freeze"}


def draw(seed: int, sources: Sequence[str] = NAMES) -> Schedule:
    """The schedule of ``seed``, with one or two of ``sources``."""
    rng = Random(seed)
    some, pick = rng.uniform, rng.choice
    tight = rng.random() < 0.5  # memory is small, and will fill
    spool = rng.random() < 0.35
    speaking = tuple(
        Source(
            name=name,
            starts=0.0 if i == 0 else pick([0.0, some(0, 2)]),
            seconds=some(2, 7) if tight else some(0.2, 4),
            chunk=pick([1600, 1600, 320, rng.randint(900, 3000)]),
            holes=tuple(rng.randint(0, 9000) for _ in range(pick([0, 0, 0, 1, 2]))),
            timed=rng.random() < 0.3,
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
    return _with_habits(
        Schedule(
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
    )


def _with_habits(schedule: Schedule) -> Schedule:
    """The schedule with the habits of its backend; half of the backends claim their ends."""
    rng = Random(f"habits {schedule.seed}")
    pick = rng.choice
    dials = [each if rng.random() < 0.8 else pick(POOR) for each in schedule.dials]
    if rng.random() < 0.15:
        dials += [pick(POOR)]
    return replace(
        schedule,
        voice=schedule.seed,
        memory=Random(f"memory {schedule.seed}").choice([None, 0.1, 0.5, 1.5]),
        claims=pick([0.0, 0.0, 0.0, 0.05, 0.3, 0.3]),
        dots=pick([0.0, 0.2, 0.6]),
        speakers=pick([0.0, 0.0, 0.3]),
        after=rng.random() < 0.3,
        leaves=Random(f"leaves {schedule.seed}").random() < 0.2,
        queue=pick([None, None, None, None, 1.0, 4.0]),
        dials=tuple(dials),
    )
