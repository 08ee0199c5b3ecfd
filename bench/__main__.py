"""Every benchmark, one after the other: ``python bench``."""

from __future__ import annotations

import runpy
from pathlib import Path

HERE = Path(__file__).parent

if __name__ == "__main__":
    for script in sorted(HERE.glob("[a-z]*.py")):
        print(f"== {script.stem}")
        runpy.run_path(str(script), run_name="__main__")
