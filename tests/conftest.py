"""How hypothesis searches: the same way each time, at random while one works, or for long.

- ``ci`` (the default): derandomised, so that a run can be compared with any other;
- ``dev``: as many examples, drawn anew each time;
- ``soak``: very many, drawn anew, what failed kept in ``.hypothesis`` and tried first.

    OPENLINE_PROFILE=soak python -m pytest tests/properties tests/testing

A test at a pace of its own says so by ``support_profiles.paced``, which a soak multiplies.
"""

from __future__ import annotations

import os

from hypothesis import settings

from . import support_counts

PROFILE = os.environ.get("OPENLINE_PROFILE", "ci")

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(PROFILE)

support_counts.begin()
