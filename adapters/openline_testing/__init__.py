"""Test tools for code built on openline: your policy, your dialect, your backend.

- ``World`` observes one session and checks it against ``LAWS``; ``LawBroken`` names the law.
- ``SessionFuzzer`` is a hypothesis state machine to subclass: any events in any order.
- ``explore`` walks through every situation that a session can reach and returns an
  ``Exploration``: the situations reached, the rows that never run, and a shortest path to
  each ``Violation``.
- ``theorem`` simulates whole sessions and accounts for every sample of audio.
- ``strategies`` are the hypothesis strategies that these draw from.

Install it with ``pip install openline[testing]``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openline_testing import strategies
    from openline_testing.exploration import Exploration, Violation
    from openline_testing.laws import LAWS, LawBroken
    from openline_testing.machine import SessionFuzzer
    from openline_testing.walk import explore
    from openline_testing.world import World

__all__ = [
    "LAWS",
    "Exploration",
    "LawBroken",
    "SessionFuzzer",
    "Violation",
    "World",
    "explore",
    "strategies",
]

#: Imported on first use: the pytest plugin of this package is loaded in every run.
_HOME = {
    "LAWS": "openline_testing.laws",
    "SessionFuzzer": "openline_testing.machine",
    "Exploration": "openline_testing.exploration",
    "LawBroken": "openline_testing.laws",
    "Violation": "openline_testing.exploration",
    "World": "openline_testing.world",
    "explore": "openline_testing.walk",
}


def __getattr__(name: str) -> object:
    try:
        if name == "strategies":
            return import_module("openline_testing.strategies")
        if name in _HOME:
            return getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "hypothesis":
            raise
        raise ImportError(
            "openline_testing needs hypothesis: pip install 'openline[testing]'"
        ) from None
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
