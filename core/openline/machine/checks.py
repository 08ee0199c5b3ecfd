"""Checks the names that a session is made with: its ids, its sources, and their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from openline.dialects.protocol import Dialect
from openline.events import SourceKind

#: The contract's limit on ids.
_ID_LENGTH: Final = 256


def check_names(
    session_id: str,
    attempt_id: str,
    sources: Sequence[str],
    kinds: Mapping[str, SourceKind],
    dialect: Dialect,
) -> None:
    """Raise ValueError for a name that cannot be, TypeError for a kind that is no SourceKind."""
    for name, value in (("session_id", session_id), ("attempt_id", attempt_id)):
        if not value.strip() or len(value) > _ID_LENGTH:
            raise ValueError(f"{name}: give a non-blank text of at most {_ID_LENGTH} characters")
    _check_sources(sources, dialect)
    if unknown := {*kinds} - {*sources}:
        raise ValueError(f"kinds: {min(unknown)!r} is no source of this session: leave it out")
    for name, kind in kinds.items():
        if not isinstance(cast("object", kind), SourceKind):
            raise TypeError(
                f"the kind of source {name!r} is {type(kind).__name__}: give a SourceKind"
            )


def _check_sources(sources: Sequence[str], dialect: Dialect) -> None:
    """Raise ValueError unless the dialect can carry these sources."""
    known = dialect.traits.sources
    if not known:
        if len(sources) != 1 or not sources[0].strip():
            raise ValueError(
                f"sources {list(sources)}: the dialect {dialect.name} takes one source of any name"
            )
    elif not sources or len(set(sources)) < len(sources) or not {*sources} <= {*known}:
        raise ValueError(f"sources {list(sources)}: give some of {list(known)}, once")
