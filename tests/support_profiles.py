"""The number of examples of a test with its own settings; a soak multiplies it."""

from __future__ import annotations

import os

from hypothesis import settings

#: How much longer a soak goes on.
SOAK = 100


def paced(examples: int, steps: int) -> settings:
    """The profile's settings with ``examples`` walks of ``steps`` steps."""
    many = SOAK if os.environ.get("OPENLINE_PROFILE") == "soak" else 1
    return settings(max_examples=examples * many, stateful_step_count=steps)
