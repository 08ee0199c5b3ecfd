"""The tables of the page about herds, made from the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bench.herd.scenarios import EXCESS, SCENARIOS, TRIALS
from bench.pages import table

_HEAD: Final = ("policy", "dials a second, at most", "within 0.1 s", "dials a client",
                "half stream after", "99 % stream after")  # fmt: skip


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """Name of the place → its table."""
    herds = figures["herds"]
    found = {
        each.name: table(_HEAD, [_row(name, herd) for name, herd in herds[each.name].items()])
        for each in (*SCENARIOS, *TRIALS)
    }
    kinds = {"503": SCENARIOS[-1].name, **{each.name.split()[-1]: each.name for each in EXCESS}}
    found["gone"] = table(
        ("policy", "dials in second 299", "in second 300", "gave up"),
        [(name, f"{herd['per_second'][299]:,}", f"{herd['per_second'][300]:,}",
          f"{herd['failed']:,}") for name, herd in herds["gone"].items()],
    )  # fmt: skip
    policies = herds[SCENARIOS[-1].name]
    found["excess"] = table(
        ("turned away with", *policies),
        [(kind, *(_both(herds[name][each]) for each in policies))
         for kind, name in kinds.items()],
    )  # fmt: skip
    return found


def _row(name: str, herd: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        name,
        f"{herd['peak']:,}",
        f"{herd['peak_tenth']:,}",
        f"{herd['dials'] / herd['clients']:.1f}",
        _at(herd, "half"),
        _at(herd, "most"),
    )


def _both(herd: Mapping[str, Any]) -> str:
    return f"{_at(herd, 'most')} ({herd['dials'] / herd['clients']:.0f} dials)"


def _at(herd: Mapping[str, Any], which: str) -> str:
    at = herd[which]
    if at is not None:
        return f"{at:.1f} s"
    if herd["failed"]:
        return f"never: {herd['failed']:,} gave up"
    return {"time": "not in 20 minutes", "dials": "not in 50 dials each"}[herd["cut"]]
