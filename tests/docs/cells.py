"""Runs the cells of a notebook as a kernel does, one after the other in a loop that runs already.

``python cells.py CELL…``: each CELL is a file. What the last one prints goes to stdout.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any


async def main(*cells: Path) -> bool:
    """Run them. Whether none has failed."""
    os.environ["IPYTHONDIR"] = str(Path.cwd())  # not the user's
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415  # reads it
    from traitlets.config import Config  # noqa: PLC0415

    config = Config({"HistoryManager": {"enabled": False}})
    shell: Any = InteractiveShell.instance(config=config)
    shell.displayhook.write_output_prompt = lambda: None
    said, is_well = io.StringIO(), True
    for cell in cells:
        said = io.StringIO()
        text = shell.transform_cell(cell.read_text("utf-8"))
        with contextlib.redirect_stdout(said):
            done = await shell.run_cell_async(text, transformed_cell=text, store_history=False)
        is_well = bool(done.success)
        if not is_well:
            break
    sys.stdout.write(said.getvalue())
    return is_well


if __name__ == "__main__":
    sys.exit(not asyncio.run(main(*map(Path, sys.argv[1:]))))
