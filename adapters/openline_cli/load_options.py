"""The options of ``openline load``, and which of them go together.

An option that another one makes void would be ignored, and the user would not know. So it is
refused, with a line that says what to do. An option that was not given is None here where that
matters, and its default stands in ``load``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openline.policy import Policy
from openline_cli.network import NetworkOptions
from openline_cli.problems import Problem
from openline_load.faults import Fault
from openline_load.plan import Plan

#: Seconds of audio, where ``--frame`` is not given.
FRAME: Final = 0.02
#: Seconds: a load that would take longer has a wrong number in it.
_LONGEST: Final = 366 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions(NetworkOptions):
    """The options of the command."""

    url: str | None = None
    sessions: int | None = None
    ramp: float | None = None
    hold: float | None = None
    arrivals: float | None = None  # --rate
    audio: Sequence[Path] = ()
    frame: float = FRAME
    speed: float = 1.0
    fault: Sequence[str] = ()
    seed: int | None = None
    find_capacity: bool = False
    late: float | None = None
    json: Path | None = None
    plot: Path | None = None
    token_file: Path | None = None
    plain_ws: bool = False
    dialect: str | None = None
    option: Sequence[str] = ()
    policy: Policy | None = None

    def check_together(self) -> None:
        """Raise Problem for an option that another one makes void."""
        if self.find_capacity and self.arrivals is not None:
            raise Problem("--find-capacity searches with a ramp: leave --rate out")
        if self.find_capacity and self.fault:
            raise Problem(
                "--find-capacity: a fault of ours would count as the backend's: leave --fault out"
            )
        if self.arrivals is not None and self.ramp is not None:
            raise Problem("--ramp: with --rate callers begin without a ramp: leave one of them out")
        if self.late is not None and not self.find_capacity:
            raise Problem("--late is for --find-capacity: give both, or neither")
        if self.seed is not None and not self.fault:
            raise Problem("--seed is for --fault: give both, or neither")
        if self.json is not None and self.plot is not None:
            self._check_files(self.json, self.plot)

    @staticmethod
    def _check_files(json: Path, plot: Path) -> None:
        try:
            is_same = json.resolve() == plot.resolve()
        except (OSError, ValueError):  # which the place of the file is refused for
            return
        if is_same:
            raise Problem(f"--plot {plot}: the figures of --json go there: give another name")

    def check_plan(self, plan: Plan, faults: Sequence[Fault]) -> None:
        """Raise Problem for what the plan leaves no room for."""
        if not plan.seconds <= _LONGEST:
            raise Problem(
                f"the load would take {plan.seconds:.3g} s: give a shorter --ramp and --hold, a "
                "higher --rate, or fewer --sessions"
            )
        if len(self.audio) > plan.sessions:
            raise Problem(
                f"--audio: {len(self.audio)} recordings need as many callers: give "
                f"--sessions {len(self.audio)}, or fewer recordings"
            )
        said = plan.hold * self.speed
        if self.frame > max(said, FRAME):
            raise Problem(
                f"--frame: a caller says {said:g} s of audio, and a frame of {self.frame:g} s "
                "would never be full: give a shorter one"
            )
        for fault in faults:
            if fault.after is not None and fault.after >= plan.longest:
                raise Problem(
                    f'fault "{fault}": no caller talks for longer than {plan.longest:g} s: give a '
                    "shorter time, or a longer --hold"
                )
