"""The data that the drawings leave out, as Markdown: verdicts, policy, timers.

Each table is read from the data that the machine runs on, so it shows the behaviour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Final

from openline.machine.timers import RUNS, Scope, Timer
from openline.policy import MEANINGS, Policy
from openline.reconnect.verdicts import NO_CODES, Action, Rule
from openline_diagrams.markdown import code, grid
from openline_lookup.endings import DEFAULT_POLICY, NO_REFUSALS, Explanation, all_rows

_SCOPES: Final = {
    Scope.SESSION: "the session",
    Scope.STATE: "the state",
    Scope.DIAL: "the dial",
}
_ORDER: Final = [*Action]


def verdict_table(
    *,
    dialect_codes: Mapping[int, Rule] = NO_CODES,
    refusals: Mapping[str, Rule] = NO_REFUSALS,
    policy: Policy = DEFAULT_POLICY,
) -> str:
    """The meaning of each ending of a dial, and the action that follows, by kinds of endings."""
    found = all_rows(dialect_codes=dialect_codes, refusals=refusals, policy=policy)
    return verdict_rows(found)


def verdict_rows(found: Sequence[Explanation], *, level: str = "##") -> str:
    """The same for some explanations, under headings of ``level``.

    Each action stands once, under a letter: by verdict, the most frequent first.
    """
    often = Counter((each.action, each.does) for each in found)
    ways = sorted(often, key=lambda way: (_ORDER.index(way[0]), -often[way]))
    letters = {way: chr(ord("a") + number) for number, way in enumerate(ways)}
    out = [
        f"{level} What is done\n\n",
        grid(
            ("verdict", "the client"),
            ((f"{way[0].upper()} {letters[way]}", way[1]) for way in ways),
        ),
    ]
    for group, some in groupby(found, key=lambda each: each.group):
        lines = [
            (
                each.title.removeprefix(f"{group} ") + (f", {each.when}" if each.when else ""),
                f"{each.action.upper()} {letters[each.action, each.does]}",
                each.why,
                each.source,
            )
            for each in some
        ]
        out.append(f"\n{level} {group[0].upper()}{group[1:]}\n\n")
        out.append(grid((group, "verdict", "why", "source"), lines))
    return "".join(out)


def policy_table(policy: Policy = DEFAULT_POLICY) -> str:
    """Every field of the policy: its value, its meaning, the source of the number."""
    return grid(
        ("field", "default" if policy == DEFAULT_POLICY else "value", "meaning", "source"),
        (
            (f"`{field.name}`", _value(getattr(policy, field.name)), *MEANINGS[field.name])
            for field in fields(Policy)
        ),
    )


def timer_table() -> str:
    """Every timer, in the order that settles ties: its scope, its event, its states."""
    return grid(
        ("timer", "of", "fires", "runs in"),
        (
            (
                timer.name,
                _scope(timer),
                code([event]) if (event := timer.fires) else "nothing: the sender pulls again",
                code(state for state, timers in RUNS.items() if timer in timers),
            )
            for timer in Timer
        ),
    )


def _scope(timer: Timer) -> str:
    if timer.fires is None:
        return "the sender"
    return _SCOPES[timer.scope]


def _value(value: float | None) -> str:
    """As ``--policy`` takes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}"
