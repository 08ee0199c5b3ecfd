"""The traceback of an error for a log: kinds of errors and places in the code, and no secret.

The text of an error may quote anything, and so may a line of code: both are left out, as in
``openline_driver.error_origin``. The rest has Python's form and order, a cause first:

    Traceback (most recent call last):
      File "mine.py", line 3, in opening_text
    KeyError
"""

from __future__ import annotations

from collections.abc import Iterator
from traceback import StackSummary, walk_tb

from openline_driver.exception_groups import leaves


def traceback_of(error: BaseException) -> str:
    """The lines for ``error``, its causes and, where it is a group, the errors in it."""
    return "\n".join(_lines(error, set()))


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen:
        yield f"{_kind(error)}, as above"
    chain = list[BaseException]()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:  # causes may form a circle
        seen.add(id(each))
        chain.append(each)
        each = each.__cause__ if each.__suppress_context__ else each.__context__
    for number, link in enumerate(reversed(chain)):
        if number:
            yield from ("", "The error above led to this one:")
        yield from _own(link)
        held = leaves(link)
        if isinstance(link, BaseExceptionGroup):
            for which, leaf in enumerate(held, 1):
                yield from ("", f"Error {which} of {len(held)} in the group:")
                yield from _lines(leaf, seen)


def _own(error: BaseException) -> Iterator[str]:
    """Where the error was raised, and its kind."""
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
    frames = [
        (frame.f_code.co_filename, line, frame.f_code.co_name, "")  # no line of code
        for frame, line in walk_tb(error.__traceback__)
    ]
    for shown in StackSummary.from_list(frames).format():  # it folds a recursion
        yield shown.rstrip("\n")
    yield _kind(error)


def _kind(error: BaseException) -> str:
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return module + kind.__qualname__
