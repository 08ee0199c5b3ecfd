"""Real sessions along the rows of the chart, each step of them held to the model.

A search like the kit's walk, but for what is rare: of all situations that were reached, the one
goes on to which the rarest row has led. So a few hundred situations take nearly every row.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from openline.backend import Backend
from openline.events import Event
from openline.machine.handlers import LocalProtocolError
from openline.machine.table import Table
from openline.session import SessionMachine
from openline_diagrams.checked.model import Model
from openline_diagrams.checked.trace import Trace
from openline_testing.alphabet import Alphabet
from openline_testing.clone import Kept, clone
from openline_testing.samples import samples_of
from openline_testing.steps import Setting, Step, fixed
from openline_testing.watched import Situation, situation_of

#: Steps that are late or unknown: no row runs for them.
_LATE = (" of an earlier dial", " of a dial to come", " that is over", "of no source", "half a")


@dataclass
class Found:
    """What a search found: the faults, each with the way to it; the rows that ran."""

    rows: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])
    steps: int = 0


@dataclass
class _Node:
    """A session at ``now``, where its trace is, and the way to it."""

    machine: SessionMachine
    now: float
    mark: Any
    way: tuple[str, ...]


def search(
    setting: Setting,
    table: Table,
    model: Model,
    *,
    situations: int,
    begun: Sequence[tuple[float, Event]] = (),
) -> Found:
    """Take every step from so many situations, after the events ``begun``; stop at a fault."""
    found = Found()
    trace = Trace(table, model)
    alphabet = Alphabet(setting.dialect, setting.sources, samples_of(setting.dialect, None))
    machine = SessionMachine(Backend(), random=fixed, observers=[trace], **setting.options)
    order = itertools.count()
    now = 0.0
    for now, event in begun:
        machine.receive(event, now)
        while machine.next_message(now):
            pass
    found.rows.update(trace.rows)
    if why := _fault(trace):
        found.faults.append(why)
        return found
    todo = [(0, next(order), _Node(machine, now, trace.mark(), ()))]
    seen: set[Situation] = set()
    for _ in range(situations):
        if not todo:
            break
        _, _, node = heapq.heappop(todo)
        kept = Kept(node.machine)
        for step in alphabet.steps(_as_run(node)):  # type: ignore[arg-type]
            if any(late in step.name for late in _LATE):
                continue
            trace.back(node.mark, node.machine.snapshot)
            rows = _take(node.machine, step, trace)
            found.steps += 1
            found.rows.update(rows)
            if why := _fault(trace):
                found.faults.append("\n".join([*node.way, str(step), why]))
                return found
            if not node.machine.ended:
                situation = situation_of(node.machine.snapshot(), setting.policy)
                if situation not in seen:
                    seen.add(situation)
                    rarest = min((found.rows[row] for row in rows), default=100)
                    new = _Node(clone(node.machine), step.now, trace.mark(), (*node.way, str(step)))
                    heapq.heappush(todo, (rarest, next(order), new))
            kept.restore()
    return found


def _fault(trace: Trace) -> str:
    return trace.fault


def _as_run(node: _Node) -> SimpleNamespace:
    """What the alphabet asks of a run."""
    snapshot = node.machine.snapshot()
    seen = SimpleNamespace(dial=snapshot.dial, requested=snapshot.request)
    return SimpleNamespace(
        now=node.now, deadlines=snapshot.deadlines, world=SimpleNamespace(seen=seen)
    )


def _take(machine: SessionMachine, step: Step, trace: Trace) -> set[str]:
    """Take a step; the names of the rows that ran."""
    trace.rows.clear()
    if step.event is None:
        for _ in range(step.pulls):
            if machine.next_message(step.now) is None:
                break
    else:
        try:
            machine.receive(step.event, step.now)
        except LocalProtocolError:
            return set()
    for error in machine.observer_errors:
        raise error
    return set(trace.rows)
