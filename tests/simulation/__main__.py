"""The simulation as a command; ``python -m tests.simulation --hours 100 --seed 1``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the simulation uses the oracle of tests/properties

from tests.simulation.command import main  # noqa: E402 -- needs the path

sys.exit(main())
