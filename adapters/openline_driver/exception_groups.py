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


def is_own(group: BaseException, exc: BaseException | None) -> bool:
    """Whether ``group`` holds nothing but ``exc``, which the block around the tasks raised."""
    return exc is not None and leaves(group) == leaves(exc)


def raise_alone(group: BaseException, kind: type[BaseException]) -> None:
    """Raise the one error in ``group`` itself if it is of this kind."""
    errors = leaves(group)
    if len(errors) == 1 and isinstance(errors[0], kind):
        raise errors[0] from errors[0].__cause__
