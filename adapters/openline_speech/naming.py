"""The name of the one source of a session that listens to one person."""

from __future__ import annotations

from openline.dialects.protocol import Dialect


def source_name(dialect: Dialect) -> str:
    """``mic`` where the dialect allows it, else the first name that it does."""
    names = dialect.traits.sources
    return names[0] if names and "mic" not in names else "mic"
