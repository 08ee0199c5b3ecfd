"""The result of a walk: what it reached, what never ran, and the violations, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from openline.machine.timers import Timer
from openline_testing.steps import Run, Setting, Step, script


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A broken law: its name, the observation, and a shortest path to it."""

    law: str
    what: str
    setting: Setting
    path: tuple[Step, ...]

    @property
    def steps(self) -> list[str]:
        """The path, a line for each step: its time and its name."""
        return [str(step) for step in self.path]

    @property
    def reproduction(self) -> str:
        """Python that walks the path again, to the same error."""
        return script(self.setting, self.path)

    @property
    def _led_to(self) -> list[str]:
        """The state after each step of the path, walked again."""
        run = Run(self.setting)
        places: list[str] = []
        for step in self.path:
            try:
                taken = step.take(run)
            except Exception:  # noqa: BLE001  # the violation itself, reported above
                places.append("here it breaks")
            else:
                places.append(run.machine.state if taken else "refused")
        return places

    def __str__(self) -> str:
        width = max(map(len, self.steps), default=0)
        path = zip(self.steps, self._led_to, strict=True)
        lines = (f"  {step:{width}}  -> {place}" for step, place in path)
        return "\n".join([self.what, f"  with {self.setting}", *lines])


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """The result of ``explore``. ``|`` unites two.

    ``situations``: their number. ``steps``: the number taken from them.
    ``rows``: how often each row of the chart ran, by name. ``paths``: a shortest path to
    each. ``timers``: the timers seen running in each state reached. ``violations``: the
    shortest first. ``complete``: the walk ended because no new situation was left. Seconds:
    ``longest_silence`` until a session ended by itself, ``longest_stop`` after a stop.
    """

    settings: tuple[Setting, ...]
    situations: int
    steps: int
    rows: Mapping[str, int]
    paths: Mapping[str, tuple[str, ...]]
    timers: Mapping[str, frozenset[Timer]]
    violations: tuple[Violation, ...]
    complete: bool
    longest_silence: float
    longest_stop: float

    @property
    def dead(self) -> tuple[str, ...]:
        """The rows of the chart that never ran, in the order of the chart."""
        return tuple(row for row, times in self.rows.items() if not times)

    @property
    def states(self) -> frozenset[str]:
        """The states that were reached."""
        return frozenset(self.timers)

    def __or__(self, other: Exploration) -> Exploration:
        timers = {
            state: self.timers.get(state, frozenset()) | other.timers.get(state, frozenset())
            for state in {**self.timers, **other.timers}
        }
        rows = Counter(self.rows)
        rows.update(other.rows)
        paths = dict(self.paths)
        for row, path in other.paths.items():
            if row not in paths or len(path) < len(paths[row]):
                paths[row] = path
        violations = sorted((*self.violations, *other.violations), key=lambda v: len(v.path))
        return Exploration(
            settings=self.settings + other.settings,
            situations=self.situations + other.situations,
            steps=self.steps + other.steps,
            rows=dict(rows),
            paths=paths,
            timers=timers,
            violations=tuple(violations),
            complete=self.complete and other.complete,
            longest_silence=max(self.longest_silence, other.longest_silence),
            longest_stop=max(self.longest_stop, other.longest_stop),
        )

    def report(self) -> str:
        """The whole result as text."""
        return "\n".join([*self._figures(), "", *self._listed()]).rstrip() + "\n"

    def _figures(self) -> list[str]:
        ran = len(self.rows) - len(self.dead)
        return [
            f"{len(self.settings)} walks, {self.situations} situations, {self.steps} steps; "
            + ("nothing is left to see" if self.complete else "CUT SHORT, there is more to see"),
            *(f"by the basic laws: {name}" for name in self._basic),
            f"states reached: {', '.join(sorted(self.states))}",
            f"rows of the chart that ran: {ran} of {len(self.rows)}",
            *(f"  never: {row}" for row in self.dead),
            f"silence ends a session within {self.longest_silence:.1f} s at most",
            f"a stop ends it within {self.longest_stop:.1f} s at most",
            f"violations: {len(self.violations)}",
        ]

    @property
    def _basic(self) -> list[str]:
        """The dialects that not all laws apply to."""
        return sorted({each.dialect.name for each in self.settings if not each.is_whole})

    def _listed(self) -> list[str]:
        return [f"{n}. {violation}\n" for n, violation in enumerate(self.violations, 1)]

    def check(self) -> None:
        """Raise AssertionError, with the report and a script, if any law was broken."""
        if self.violations:
            again = "The first one again, as Python:\n\n" + self.violations[0].reproduction
            whole = ["The whole walk:\n", *self._figures()]
            raise AssertionError("\n".join([*self._listed(), again, *whole]))
