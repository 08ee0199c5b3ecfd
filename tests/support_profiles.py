"""How many examples a test takes by the profile: fewer in a quick run, more in a soak."""

from __future__ import annotations

import os

from hypothesis import settings

#: The profile of ``make test`` (``tests/conftest.py``).
QUICK = "quick"
#: How many times fewer examples a quick run takes.
FEWER = 10
#: How much longer a soak goes on.
SOAK = 100


def _profile() -> str:
    return os.environ.get("OPENLINE_PROFILE", QUICK)


def some(examples: int) -> int:
    """So many examples, or in a quick run a part of them; for ``hypothesis.settings``."""
    return max(examples // FEWER, 1) if _profile() == QUICK else examples


def paced(examples: int, steps: int) -> settings:
    """The profile's settings with ``examples`` walks of ``steps`` steps, or fewer, or more."""
    most = examples * SOAK if _profile() == "soak" else some(examples)
    return settings(max_examples=most, stateful_step_count=steps)


def many(quick: int, long: int) -> int:
    """How often a test does one thing: ``quick`` in a quick run and for a mutant, else ``long``.

    A test that calls it is marked ``longer``, so that ``make long`` runs it too.
    """
    return quick if _profile() in {QUICK, "mutants"} else long
