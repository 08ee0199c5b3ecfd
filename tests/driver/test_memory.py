"""What nobody reads, and what is repeated, takes no more memory than once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline import events as e
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Insight,
    PartialRetracted,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_driver import facts as f
from openline_driver.shared_provider import Landed, Place, SharedProvider
from openline_driver.updates import MAX_STATES, Updates
from tests.driver.model import ACK, Face

#: What code and classes are made of: it is the same for every session.
_PROGRAM = (ModuleType, type, FunctionType, BuiltinFunctionType)


def reachable(root: object) -> int:
    """How many objects live through ``root`` alone: containers and what they hold."""
    seen: dict[int, Any] = {}
    todo: list[Any] = [root]
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, _PROGRAM):
            continue
        seen[id(each)] = each
        todo += gc.get_referents(each)
    return len(seen)


def partial(source: str, number: int, *, settled: bool = False) -> Transcript:
    text = f"word {number}"
    return Transcript(
        source=source, text=text, final=False, start=0.0, end=1.0, settled=settled, id=text
    )


PASSING: dict[str, Callable[[str, int], Update]] = {
    "state": lambda _, n: StateChanged(state=State.CONNECTING, dial=n, reason=f"reason {n}"),
    "partial": partial,
    "retraction": lambda source, _: PartialRetracted(source=source, settled=False),
    "settled": lambda source, _: PartialRetracted(source=source),
    "metrics": lambda source, n: BackendMetrics(source=source, backlog=float(n)),
    "status": lambda source, n: BackendStatus(state=f"state {n}", source=source, text=f"text {n}"),
    "trouble": lambda source, n: Trouble(kind=source, text=f"text {n}"),
    "insight": lambda source, n: Insight(kind=source, payload={"n": n}),
}


@pytest.mark.repeats
@given(
    kinds=st.lists(st.sampled_from([*PASSING]), min_size=1, max_size=5),
    reads=st.integers(0, 3),
)
def test_what_passes_takes_no_memory_however_often_it_comes(kinds: list[str], reads: int) -> None:
    """Read by a slow app or by none at all."""
    updates = Updates()
    sizes: list[int] = []
    for number in range(4 * MAX_STATES):
        for kind in kinds:
            updates.put(PASSING[kind](("mic", "system")[number % 2], number))
        for _ in range(reads):
            updates.take()
        if number in {2 * MAX_STATES, 4 * MAX_STATES - 2}:
            sizes.append(
                sum(len(each) for each in vars(updates).values() if hasattr(each, "__len__"))
            )
    assert len(updates) <= MAX_STATES + 2 * len(PASSING), "more is kept than the last of each kind"
    assert sizes[1] <= sizes[0] + 100, f"the queue grows: {sizes}"


#: It never gives up.
ENDLESS = Policy(give_up_after=None, max_attempts=None, source_timeout=None)


def flapping(face: Face) -> None:
    """One dial that opens, streams for a moment and is cut."""
    while not (face.sockets - face.closing):
        face.wake_up()
    dial = face.dialled[-1]
    face.feed(e.SocketOpened(dial, f"c-{dial}"))
    while face.driver.pull() is None:
        face.wake_up()
    face.feed(e.MessageReceived(dial, ACK))
    face.lose(e.SocketLost(dial=dial, error=ErrorKind.CUT))
    face.release()


def refused(face: Face) -> None:
    """One dial that HTTP refuses for now."""
    while not (face.sockets - face.closing):
        face.wake_up()
    face.lose(f.Refused(face.dialled[-1], 503, {"retry-after": "1"}))
    face.release()


@pytest.mark.repeats
@pytest.mark.parametrize("dial", [flapping, refused])
@pytest.mark.parametrize("reads", [True, False])
def test_thousand_dials_take_no_more_memory_than_a_few(
    dial: Callable[[Face], None], *, reads: bool
) -> None:
    face = Face(policy=ENDLESS)
    face.feed(e.OpenRequested())
    face.patience = 1_000_000
    sizes: list[int] = []
    for number in range(1, 1_001):
        dial(face)
        face.effects.clear()
        del face.dialled[:-1]
        face.released.clear()
        while reads and face.driver.updates.take():
            pass
        if number in {500, 1_000}:
            gc.collect()
            sizes.append(reachable(face.driver))
    assert sizes[1] <= sizes[0] + 200, f"a dial leaves something behind: {sizes}"


@pytest.mark.repeats
def test_thousand_askers_of_a_shared_provider_leave_nothing_behind() -> None:
    async def provide() -> str:
        raise AssertionError("nobody calls it here")

    provider = SharedProvider(provide)
    sizes: list[int] = []
    for number in range(1_001):
        refused = (None, f"token-{number - 1}")
        joined = [provider.join(each, 0.0, lambda: None) for each in refused]
        places = [place for place in joined if isinstance(place, Place)]
        for place in places:
            if place.leads:
                provider.began(place.call, lambda: None)
                if number % 3:
                    provider.land(place.call, Landed(f"token-{number}"))
        for place in places:
            provider.leave(place)
        joined.clear()
        places.clear()
        if number in {10, 1_000}:
            sizes.append(reachable(vars(provider)))
    assert sizes[1] <= sizes[0] + 5, "what was asked before is kept"


def test_reachable_counts_what_is_kept() -> None:
    """The measure of these tests can grow."""
    updates = Updates()
    before = reachable(updates)
    for number in range(10):
        updates.put(Trouble(kind=f"kind {number}", text="text"))
    assert reachable(updates) >= before + 10
