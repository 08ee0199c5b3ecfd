"""What a herd goes through, and by which policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final, NamedTuple

from bench.herd.backend import HerdBackend, Outcome
from bench.herd.machines import MachineClient
from bench.herd.peers import PEERS, Delay, PeerClient, equal_jitter
from bench.herd.world import Make, Scenario
from openline import Policy

#: Clients of the herds in the picture, and of those that answer a question beside it.
LARGE: Final = 100_000
SMALL: Final = 10_000
#: Nothing is changed but that nobody gives up within the five minutes of an outage.
PATIENT: Final = Policy(give_up_after=None)
OURS: Final = "openline"

_FULL: Final = Scenario(
    name="overload",
    about="closes all lines with 1012, is back in 2 s, and opens 1,000 lines a second",
    loss=1012,
    back=2.0,
    away=Outcome.REFUSED,
    rate=1_000.0,
)
#: Those of the picture.
SCENARIOS: Final = (
    Scenario(
        name="restart",
        about="closes all lines with 1012, and is back in 20 s",
        loss=1012,
        back=20.0,
        away=Outcome.REFUSED,
        rate=10_000.0,
    ),
    Scenario(
        name="crash",
        about="dies (1006), and is back in 5 s",
        loss=1006,
        back=5.0,
        away=Outcome.REFUSED,
        rate=10_000.0,
    ),
    Scenario(
        name="outage",
        about="goes mute for 5 minutes",
        loss=None,
        back=300.0,
        away=Outcome.MUTE,
        rate=10_000.0,
    ),
    _FULL,
)


#: The last one again, for each other way to turn a dial away.
EXCESS: Final = (
    replace(_FULL, name="overload, Retry-After", excess=Outcome.LATER),
    replace(_FULL, name="overload, 1012", excess=Outcome.RESTARTING),
    replace(_FULL, name="overload, refused", excess=Outcome.REFUSED),
    replace(_FULL, name="overload, mute", excess=Outcome.MUTE),
)
_SCATTER: Final = replace(SCENARIOS[0], name="scatter", back=0.0, rate=100_000.0, about=(
    "closes all lines with 1012, and another one takes them at once"
))  # fmt: skip
_PROMPT: Final = replace(SCENARIOS[1], name="prompt")
_GATE: Final = replace(SCENARIOS[0], name="gate", back=120.0, about=(
    "closes all lines with 1012, and is back in 2 minutes; the policy has a first delay of 0.1 s "
    "and a cap of 0.5 s"
))  # fmt: skip
_GONE: Final = replace(
    SCENARIOS[1], name="gone", back=1_000.0, about="dies, and does not come back"
)
#: What one number of the policy does.
TRIALS: Final = (_SCATTER, _PROMPT, _GATE, _GONE)


def _machine(
    backend: HerdBackend, random: Random, rtt: float, loss: int | None, *, policy: Policy
) -> MachineClient:
    return MachineClient(backend, policy=policy, random=random, rtt=rtt, loss=loss)


def _peer(
    backend: HerdBackend, random: Random, rtt: float, loss: int | None, *, delay: Delay
) -> PeerClient:
    return PeerClient(backend, delay=delay, random=random, rtt=rtt, loss=loss)


def ours(policy: Policy = PATIENT) -> Make:
    """Makes sessions of openline with this policy."""
    return partial(_machine, policy=policy)


def _hasty_jitter(number: int, random: Random) -> float:
    """What the core would wait with a hasty policy, if it had no gate."""
    return equal_jitter(number, random, first=0.1, cap=0.5)


def policies() -> dict[str, Make]:
    """Every policy by its name, openline first."""
    return {OURS: ours(), **{name: partial(_peer, delay=each) for name, each in PEERS.items()}}


class Run(NamedTuple):
    """A scenario, the policies that it is played by, and the number of clients."""

    scenario: Scenario
    makers: Mapping[str, Make]
    clients: int


def _runs() -> dict[str, Run]:
    all_of_them = policies()
    runs = [
        *(Run(each, all_of_them, LARGE) for each in SCENARIOS),
        *(Run(each, all_of_them, SMALL) for each in EXCESS),
        Run(
            _SCATTER,
            {
                "scatter of 5 s": ours(),
                "scatter of 0.25 s": ours(Policy(give_up_after=None, scatter=0.25)),
            },
            SMALL,
        ),
        Run(
            _PROMPT,
            {
                "prompt_retry of 0.25 s": ours(),
                "prompt_retry of 1 s": ours(Policy(give_up_after=None, prompt_retry=1.0)),
            },
            SMALL,
        ),
        Run(
            _GATE,
            {
                "hasty": ours(Policy(give_up_after=None, backoff_first=0.1, backoff_cap=0.5)),
                "hasty, no gate": partial(_peer, delay=_hasty_jitter),
            },
            SMALL,
        ),
        Run(_GONE, {"give_up_after of 300 s": ours(Policy())}, SMALL),
    ]
    return {run.scenario.name: run for run in runs}


#: Everything that is played, by the name of the scenario.
RUNS: Final = _runs()
