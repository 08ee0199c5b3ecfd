"""Record the journals in this folder anew: ``python tests/journals/record.py``.

Look at what ``git diff`` says afterwards: it is how the machine's behaviour has changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))  # a script finds only its own folder

from tests.core.scenarios import SCENARIOS, record  # noqa: E402 -- needs the path

if __name__ == "__main__":
    for name in SCENARIOS:
        (HERE / f"{name}.jsonl").write_bytes(record(name))
