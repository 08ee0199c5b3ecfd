"""Show every member of an enum in the reference, with its value, documented or not.

The signature of an enum is left out, because users never call an enum.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def _keep_member(
    _app: Sphinx, _what: str, _name: str, obj: object, _skipped: object, _options: object
) -> bool | None:
    return False if isinstance(obj, Enum) else None


def _empty_signature(
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
    """Register the extension; Sphinx calls this."""
    app.connect("autodoc-skip-member", _keep_member)
    app.connect("autodoc-process-signature", _empty_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
