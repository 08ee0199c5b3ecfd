"""What a nursery's exception group is about.

A nursery wraps whatever its tasks raise in groups, and nested nurseries nest the groups. Those
who handle an error want the errors themselves, in the order in which the groups hold them.
"""

from __future__ import annotations

from typing import cast


def leaves(exc: BaseException) -> list[BaseException]:
    """The errors in a group and in the groups within it; of any other error, itself."""
    if not isinstance(exc, BaseExceptionGroup):
        return [exc]
    group = cast("BaseExceptionGroup[BaseException]", exc)
    return [leaf for each in group.exceptions for leaf in leaves(each)]
