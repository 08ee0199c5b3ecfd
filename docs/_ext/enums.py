"""Enums in the reference: every member with its value, documented or not.

A name that needs no sentence still has to be found. And nobody calls an enum to make one.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def _skip(
    _app: Sphinx, _what: str, _name: str, obj: object, _skipped: object, _options: object
) -> bool | None:
    return False if isinstance(obj, Enum) else None


def _signature(
    _app: Sphinx,
    _what: str,
    _name: str,
    obj: object,
    _options: object,
    _signature: str | None,
    _returns: str | None,
) -> tuple[str, str] | None:
    return ("", "") if isinstance(obj, type) and issubclass(obj, Enum) else None


def setup(app: Sphinx) -> ExtensionMetadata:
    """What Sphinx calls for an extension."""
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
