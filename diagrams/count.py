"""Add up what the processes of a soak counted: ``make soak`` calls this, then draws.

    python diagrams/count.py build/soak SCHEDULES=1000000 HOURS=100

The sum becomes ``soaked.json``: when the soak ran and how long it was, and how often each row
of the chart fired. ``coverage.svg`` and ``coverage.md`` are drawn from it and from the chart.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from openline.session import TABLE
from openline_diagrams import rows

HERE = Path(__file__).parent


def main(folder: Path, numbers: list[str]) -> None:
    """Write the sum of the counts in ``folder``; a soak that counted nothing is no soak."""
    files = sorted(folder.glob("*.json"))
    if not files:
        sys.exit(f"{folder}: no counts: run make soak")
    fired = Counter[str]()
    for file in files:
        fired.update(json.loads(file.read_text(encoding="utf-8")))
    soaked = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "numbers": dict(number.split("=", 1) for number in numbers),
        "fired": {row.name: fired[row.name] for row in rows(TABLE)},
    }
    text = json.dumps(soaked, indent=1, ensure_ascii=False)
    (HERE / "soaked.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
