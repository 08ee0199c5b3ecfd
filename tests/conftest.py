"""How hypothesis searches: the same way each time, or at random when asked to soak.

OPENLINE_PROFILE=soak python -m pytest tests/properties
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("OPENLINE_PROFILE", "ci"))
