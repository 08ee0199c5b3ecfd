"""The drawn parameters of one simulated session: the app, the policy, the network, the faults.

Most sessions are long and sparse: a few seconds of speech now and then, and in between
only pings and outages. Some are short and dense. A plan is a value: its ``repr`` describes
a seed completely.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from openline.policy import Policy

#: The kinds of faults.
KINDS = (
    "cut",
    "cut",
    "close",
    "half_open",
    "stall",
    "freeze",
    "outage",
    "outage",
    "slow",
    "noise",
    "expire",
)
#: Seconds of a session whose speech exceeds the memory.
ENDLESS = 110.0
#: The outcomes of a dial, besides success.
WAYS = ("mute", "full", "503", "429", "cut", "slow", "silent")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault ``at`` a time, for ``seconds``; ``how`` picks among its forms."""

    at: float
    kind: str
    seconds: float
    how: float


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A source: bursts of speech (begin, seconds), and how it is cut into pieces."""

    name: str
    bursts: tuple[tuple[float, float], ...]
    chunk: int = 1600
    holes: float = 0.0  # the share of pieces that are holes
    ends: bool = True


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One session; times are seconds from its opening."""

    seed: int
    seconds: float
    voices: tuple[Voice, ...]
    policy: Policy
    latency: float = 0.02
    faults: tuple[Fault, ...] = ()
    ways: tuple[str, ...] = ()  # the outcomes of the first dials after each loss
    provider: bool = False
    hints: bool = False
    reads_slowly: float = 0.0
    aborts: bool = False
    talk: float = 1.0  # seconds of speech in a final
    ack: float = 0.01


def draw(seed: int) -> Plan:
    """The plan of ``seed``."""
    rng = Random(seed)
    some, pick = rng.uniform, rng.choice
    dense = rng.random() < 0.2
    endless = dense and rng.random() < 0.2
    seconds = ENDLESS if endless else some(15, 45) if dense else some(1500, 7500)
    bursts: tuple[tuple[float, float], ...]
    if dense:
        bursts = ((some(0, 1), seconds * (0.9 if endless else some(0.5, 0.9))),)
    else:
        at = sorted(some(0, seconds - 20) for _ in range(pick([1, 2, 4, 6])))
        bursts = tuple((begin, some(0.3, 4)) for begin in at)
    names = rng.sample(("mic", "system"), pick([1, 1, 2]))
    voices = tuple(
        Voice(
            name=name,
            bursts=bursts if i == 0 else tuple((a + some(0, 3), b / 2) for a, b in bursts),
            chunk=pick([320, 1600, 1600, 3200, rng.randint(100, 4000)]),
            holes=pick([0.0, 0.0, 0.05]),
            ends=rng.random() < 0.7,
        )
        for i, name in enumerate(names)
    )
    # Half of the faults come during speech or just after: they matter most there.
    count = rng.randint(0, 4) if dense else rng.randint(2, 12)
    spoken = [begin + some(0, length + 3) for begin, length in (pick(bursts) for _ in range(count))]
    times = [at if rng.random() < 0.5 else some(0, seconds) for at in spoken]
    longest = 90.0 if dense else 900.0
    faults = [Fault(at=some(5, 20), kind="outage", seconds=some(65, 90), how=0.0)] * endless
    faults += (
        Fault(
            at=at,
            kind=pick(KINDS),
            seconds=pick([some(0, 2), some(0, 30), some(0, longest)]),
            how=rng.random(),
        )
        for at in times
    )
    patient = rng.random() < 0.9
    return Plan(
        seed=seed,
        seconds=seconds,
        voices=voices,
        policy=Policy(
            ping_interval=pick([5.0, 5.0, 10.0, 15.0]),
            pong_timeout=pick([5.0, 5.0, 3.0]),
            backoff_cap=pick([10.0, 30.0, 60.0]),
            give_up_after=None if patient else 300.0,
            buffer_seconds=pick([70.0, 65.0]),
            finish_timeout=pick([20.0, 20.0, 300.0]),
        ),
        latency=pick([0.001, 0.02, 0.02, 0.15]),
        faults=tuple(sorted(faults, key=lambda fault: fault.at)),
        ways=tuple(pick(WAYS) if rng.random() < 0.3 else "open" for _ in range(40)),
        provider=rng.random() < 0.4,
        hints=rng.random() < 0.5,
        reads_slowly=pick([0.0, 0.0, 0.0, 7.0]),
        aborts=rng.random() < 0.05,
        talk=pick([0.3, 1.0, 4.0]),
        ack=pick([0.002, 0.02, 1.0]),
    )
