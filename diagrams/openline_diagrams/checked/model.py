"""The steps of the model, made from the table that the machine runs: pure, no text yet.

A *step* is a condition and what it sets. Each row of the chart gives one for every source of its
event (an input, or each timer that fires it), every way in which its actions may go, and for the
choices under which the guards of the rows before it do not hold and its own does. An event
without a row changes what its source changes and no more, so a timer without a row is lost.

``LAWS`` hold in every state. ``GOALS`` are reached from every state of a mode:

- ``SILENT``: no one acts but the timers. ``STRICT``: only those that certainly run.
- ``OUT``: the limit of a stopped session is the next thing to come, but for a planned retry.

In these modes a step that changes nothing is left out: deadlines that come again delay no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from openline.machine.table import Table, Transition
from openline.machine.timers import RUNS, Timer
from openline.reconnect.rules import Action, Rule
from openline_diagrams.checked.abstraction import (
    ACTIONS,
    BETWEEN,
    CHOICES,
    FINAL,
    FREE,
    GUARDS,
    KEPT,
    NOTHING,
    OUT,
    OUTSIDE,
    PLUS,
    SILENT,
    STRICT,
    VARIABLES,
    Effect,
    Source,
    bit,
    domain,
    of_timer,
    zones,
)
from openline_diagrams.checked.terms import (
    ALWAYS,
    Form,
    Value,
    after,
    both,
    either,
    has,
    joined,
    negated,
    without,
)


class Step(NamedTuple):
    """A step: where ``when`` holds, ``cause`` runs the row ``row`` (None: none), and sets ``sets``.

    ``source`` and ``target`` are states of the chart; the same if it stays.
    """

    cause: str
    row: str | None
    source: str
    target: str
    when: Form
    sets: Mapping[str, Value]

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return bool(self.sets)


class Law(NamedTuple):
    """What holds in every state: never ``not_``."""

    name: str
    text: str
    never: Form


class Model(NamedTuple):
    """All of it. ``states`` in the order of the chart; ``dials`` is the gate's limit."""

    states: tuple[str, ...]
    steps: tuple[Step, ...]
    laws: tuple[Law, ...]
    dials: int


class AbstractionError(ValueError):
    """The chart has a guard or an action whose meaning ``abstraction`` does not declare."""


GOALS: Final[Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "silence": ("silence always ends", (SILENT, STRICT)),
    "stopping": ("a stop reaches a final state from everywhere", (OUT,)),
}


def checked(table: Table, dials: int = 15) -> Model:
    """The model of ``table``, with the gate at ``dials`` a minute. Raises AbstractionError."""
    states = tuple(table)
    steps = [
        *_of_the_chart(table),
        *_of_the_clock(table),
        *(
            _step(name, None, state, both(has(mode=FREE), effect.when), effect.sets)
            for name, effect in BETWEEN.items()
            for state in table
        ),
        *_of_the_modes(table),
    ]
    merged: dict[object, Step] = {}
    for step in steps:
        if not step.when:
            continue
        key = step.cause, step.row, step.source, step.target, tuple(sorted(step.sets.items()))
        known = merged.get(key)
        merged[key] = step if known is None else step._replace(when=either(known.when, step.when))
    found = (step._replace(when=joined(step.when, domain)) for step in merged.values())
    return Model(states, tuple(found), _laws(states), dials)


def _of_the_chart(table: Table) -> Iterator[Step]:
    for state, events in table.items():
        if state in FINAL:
            continue
        for cause, event, source in _sources():
            yield from _steps(state, events.get(event, ()), cause, source)


def _sources() -> Iterator[tuple[str, str, Source]]:
    for event, source in OUTSIDE.items():
        yield event, event, source
    for timer in Timer:
        if timer.fires is not None:
            yield timer.name, timer.fires, of_timer(timer)


def _steps(state: str, rows: tuple[Transition, ...], cause: str, source: Source) -> Iterator[Step]:
    """The steps of one event in one state: a row, or none of them."""
    begins = both(source.modes, after(source.needs, {"state": state}))
    begins = after(begins, {"state": state})
    if not rows:
        yield _step(cause, None, state, begins, source.sets)
        return
    plan = _plan(source)
    before: Form = ALWAYS  # the guards of the rows so far do not hold
    for row in rows:
        guard = ALWAYS if not row.guard_name else _meaning(row)
        for effect in _done(row, source.sets):
            when = both(begins, plan, before, guard, effect.when)
            sets = dict(effect.sets)
            if row.target is not None:
                sets["state"] = row.target
            yield _step(cause, row.name, state, without(when, CHOICES), sets)
        before = both(before, negated(guard, domain)) if row.guard_name else ()
    if before:
        yield _step(cause, None, state, without(both(begins, plan, before), CHOICES), source.sets)


def _meaning(row: Transition) -> Form:
    if row.guard_name not in GUARDS:
        raise AbstractionError(f"{row.name}: the model knows no guard {row.guard_name!r}")
    return GUARDS[row.guard_name]


def _done(row: Transition, begun: Mapping[str, Value]) -> Iterator[Effect]:
    """All that the actions of ``row`` may do, one after another."""
    ways = [Effect(ALWAYS, dict(begun))]
    for name in (*row.exit_names, *row.on_names, *row.enter_names):
        if name in NOTHING:
            continue
        if name not in ACTIONS:
            raise AbstractionError(f"{row.name}: the model knows no action {name!r}")
        ways = [
            Effect(when, {**way.sets, **does.sets})
            for way in ways
            for does in ACTIONS[name]
            if (when := both(way.when, after(does.when, way.sets)))
        ]
    yield from ways


#: While the gate is full it is shut.
_GATE: Final = either(has(full=0), has(full=1, open=0))


def _plan(source: Source) -> Form:
    """What may be known when the guards are asked: the plan for the next dial, and the gate."""
    shut = zones().shut
    waits = either(  # a full gate has a witness in such a zone
        has(waits=1, full=1), has(waits=1, full=0, zone=shut), has(waits=0, full=0)
    )
    goes = both(has(never=0, free=0, reauth=0), waits)
    stops = has(never=1, free=0, reauth=0, waits=0)
    if source.goes_on:
        return both(_GATE, either(stops, goes))
    if source.rules is None:  # no plan is made; a retry may be moved
        return both(_GATE, waits)
    ways = [stops]
    if any(_can(rule, Action.RETRY) and not rule.strike for rule in source.rules):
        ways.append(has(free=1, never=0, reauth=0, waits=0, full=0, open=1, held=1, leaving=(1, 2)))
    if any(_can(rule, Action.RETRY, Action.LATER) for rule in source.rules):
        ways.append(both(goes, has(spent=0)))
    if any(_can(rule, Action.REAUTH) for rule in source.rules):
        fresh = has(never=0, free=0, reauth=1, provider=1, used=0, spent=0)
        ways.append(both(fresh, waits))
    return both(_GATE, either(*ways))


def _can(rule: Rule, *actions: Action) -> bool:
    """Whether the rule may lead to one of these; bad weather makes it a LATER."""
    return rule.action in actions or (bool(rule.weather) and Action.LATER in actions)


def _step(cause: str, row: str | None, state: str, when: Form, sets: Mapping[str, Value]) -> Step:
    """One step without what it does not change; it has to change something while all is quiet."""
    when = after(when, {"state": state})
    named = dict(sets)
    target = str(named.get("state", state))
    if target == state:
        named.pop("state", None)
    for name, value in list(named.items()):
        if value != PLUS and when and all(case.get(name) == frozenset({value}) for case in when):
            del named[name]
    counts = PLUS in named.values() or "state" in named
    if not counts:
        news = either(
            *(
                negated(has(**{name: value}), domain)
                for name, value in named.items()
                if VARIABLES[name][0] is not None
            )
        )
        when = either(both(when, has(mode=FREE)), both(when, news))
    return Step(cause, row, state, target, when, named)


def _of_the_clock(table: Table) -> Iterator[Step]:
    """The witness grows older."""
    zone = zones()
    for state in table:
        if state in FINAL:
            continue
        for old in range(1, zone.last + 1):
            new = old + 1 if old < zone.last else 0
            sets: dict[str, Value] = {"zone": new}
            if new not in zone.shut:
                sets["gated"] = 0
            if new == 0:
                sets["passes"] = 0
            yield _step("time passes", None, state, has(zone=old), sets)


def _of_the_modes(table: Table) -> Iterator[Step]:
    for state in table:
        if state in FINAL:
            continue
        if state != "idle":
            yield _step("all fall silent", None, state, has(mode=FREE), {"mode": SILENT})
            yield _step("only some timers run", None, state, has(mode=SILENT), {"mode": STRICT})
        yield _step("the limit is near", None, state, has(mode=FREE, asked=1), {"mode": OUT})


def _laws(states: tuple[str, ...]) -> tuple[Law, ...]:
    over = has(state=FINAL)
    going = [state for state in states if state not in FINAL]
    strays = [
        has(
            state=[state for state in states if timer not in RUNS.get(state, ())], **{bit(timer): 1}
        )
        for timer in KEPT
    ]
    return (
        Law("dials", "no minute has more passes of the gate than its limit", has(flood=1)),
        Law("one socket", "no dial goes out while another one has a socket", has(sockets=2)),
        Law("one request", "one credential is asked for at a time", has(requests=2)),
        Law(
            "nothing left open",
            "a final state has no socket and no request",
            either(both(over, has(sockets=(1, 2))), both(over, has(requests=(1, 2)))),
        ),
        Law("timers", "a timer runs only in its states", either(*strays)),
        Law("attempts", "no more retries without progress than the policy has", has(beyond=1)),
        Law("stopped", "a stopped session does not stream", has(stop=1, state="streaming")),
        Law(
            "one fresh credential",
            "one is asked for since the line was stable",
            has(refused=1, used=1),
        ),
        Law(
            "the limit",
            "a stopped session has a limit until it closes",
            has(asked=1, t_finish=0, state=[s for s in going if s not in ("idle", "closing")]),
        ),
    )
