"""No borrowed docstrings: what Python says of ``int`` is nothing about a constant of ours.

A constant or an alias has no docstring, so autodoc would show that of its type; a field of a
named tuple has one that Python wrote. Both are left out, and what our pages say stays.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_FIELD = re.compile(r"Alias for field number \d+")


def _borrowed(obj: object, text: str) -> bool:
    if isinstance(obj, type) or inspect.isroutine(obj):
        return False
    return bool(_FIELD.fullmatch(text)) or text == inspect.cleandoc(type(obj).__doc__ or "").strip()


def _leave_out(
    _app: Sphinx, _what: str, _name: str, obj: object, _options: object, lines: list[str]
) -> None:
    if _borrowed(obj, "\n".join(lines).strip()):
        lines.clear()


def setup(app: Sphinx) -> ExtensionMetadata:
    """What Sphinx calls for an extension."""
    app.connect("autodoc-process-docstring", _leave_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
