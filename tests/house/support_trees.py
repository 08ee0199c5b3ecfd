"""The syntax trees of our modules: each file is parsed once, whichever test asks for it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree(path: Path) -> ast.Module:
    """That of a file. It is shared: change nothing in it."""
    return ast.parse(path.read_text("utf-8"), str(path))
