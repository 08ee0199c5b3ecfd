"""Hours of simulated sessions, shared among processes; and one session with its journal.

Each process plays its own seeds, one after the other, until it has its share of session
time, so the same call plays the same sessions on any machine. A failing seed is printed
with its error and the command that plays it again.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import openline
import openline_trio
from tests.simulation.plan import draw
from tests.simulation.play import Simulation, complaint, play

ROOT = Path(__file__).parents[2]
#: Failures after which a process stops looking.
ENOUGH = 3
HOUR = 3600.0


def play_hours(first: int, step: int, hours: float) -> Counter[str]:
    """Play the seeds ``first``, ``first + step``, … for so many hours; return the counts."""
    gc.set_threshold(50_000)  # sessions leave garbage mostly as they end
    seen = Counter[str]()
    seed = first
    while seen["seconds"] < hours * HOUR and seen["failures"] < ENOUGH:
        simulation = Simulation(draw(seed))
        output = complaint(simulation)
        if output:
            print(f"seed {seed}: {simulation.plan}\n{output}", end="")
            print(f"again: python -m tests.simulation --one {seed} --journal FILE\n", flush=True)
        seen["failures"] += bool(output)
        seen["seconds"] += round(simulation.seconds)
        seen["sessions"] += 1
        ended = simulation.ended
        if ended is not None:
            dials = ended.statistics.dials
            seen.update({"dials": dials, ended.state.value: 1})
            seen.update({gap.cause.value for gap in ended.missing})
            seen["complete after a loss"] += ended.complete and dials > 1
        seed += step
    return seen


def workers(count: int, first: int, hours: float) -> list[subprocess.Popen[str]]:
    """Processes that share the hours; their coverage is not measured."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    homes = (Path(package.__path__[0]).parent for package in (openline, openline_trio))
    env["PYTHONPATH"] = os.pathsep.join(map(str, homes))
    command = [sys.executable, "-m", "simulation", "--hours", str(hours / count)]
    return [
        subprocess.Popen(
            [*command, "--worker", str(count), "--seed", str(first + i)],
            cwd=ROOT / "tests",
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(count)
    ]


def tally(output: Iterable[str]) -> tuple[Counter[str], str]:
    """The counts of the workers, added up; and their reports of failures."""
    seen, failed = Counter[str](), ""
    for each in output:
        before, _, last = each.rstrip("\n").rpartition("\n")
        seen.update(json.loads(last))
        failed += f"{before}\n" if before else ""
    return seen, failed


def main() -> int:
    """The command; its exit status is 1 when a session failed."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--hours", type=float, default=100.0, help="of session time, in all")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--one", type=int, metavar="SEED", help="play this session alone")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="its journal, with --one")
    parser.add_argument("--worker", type=int, metavar="COUNT", help="be one of so many")
    options = parser.parse_args()
    if options.one is not None:
        return play_one(options.one, options.journal)
    if options.worker is not None:
        seen = play_hours(options.seed, options.worker, options.hours)
        print(json.dumps(seen))
        return seen["failures"] > 0
    begun = time.monotonic()
    running = workers(os.cpu_count() or 1, options.seed, options.hours)
    output = [process.communicate()[0] for process in running]
    took = time.monotonic() - begun
    seen, failed = tally(output)
    print(failed, end="")
    hours = seen.pop("seconds") / HOUR
    print(", ".join(f"{count} {what}" for what, count in seen.items()))
    print(f"{hours:.0f} hours of sessions in {took:.0f} s")
    return any(process.returncode for process in running)


def play_one(seed: int, journal: Path | None) -> int:
    """Play one session; print its result, and write its journal in any case."""
    print(draw(seed))
    lines: list[bytes] = []
    try:
        simulation = play(seed, lines.append)
    finally:
        if journal is not None:
            journal.write_bytes(b"".join(lines))
    assert simulation.ended is not None
    print(simulation.ended.reason, simulation.ended.statistics, *simulation.ended.missing, sep="\n")
    return 0
