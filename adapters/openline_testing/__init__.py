"""Proof for what you build on openline: your policy, your dialect, your backend.

- ``World`` watches one session and holds it to ``LAWS``; ``LawBroken`` says which broke.
- ``ConnectionMachine`` is a hypothesis state machine to subclass: any events in any order.
- ``explore`` walks through every situation that a session can get into, and gives back an
  ``Exploration``: what was reached, what never runs, and a shortest path to each
  ``Violation``.
- ``theorem`` plays whole sessions and accounts for every sample of audio.
- ``strategies`` are what hypothesis draws from.

Install it with ``pip install openline[testing]``.
"""

from __future__ import annotations

try:
    from openline_testing import strategies
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "hypothesis":
        raise
    raise ImportError(
        "openline_testing needs hypothesis: pip install 'openline[testing]'"
    ) from None

from openline_testing.exploration import Exploration, Violation
from openline_testing.laws import LAWS, LawBroken
from openline_testing.machine import ConnectionMachine
from openline_testing.walk import explore
from openline_testing.world import World

__all__ = [
    "LAWS",
    "ConnectionMachine",
    "Exploration",
    "LawBroken",
    "Violation",
    "World",
    "explore",
    "strategies",
]
