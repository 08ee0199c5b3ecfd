"""What an app holds that has called ``open_session`` and not entered the block yet.

``open_session`` returns at once; the session exists inside ``async with``. An app that forgets the
block gets one line on what to do, in place of Python's complaint about a missing attribute.
"""

from __future__ import annotations

from typing import NoReturn


class Unopened:
    """Base of the block around a session of the class ``opens``, in the event loop ``loop``."""

    opens: type = object
    loop = ""

    def __repr__(self) -> str:
        return f"<a session to be opened with `async with`, in {self.loop}>"

    def __enter__(self) -> NoReturn:
        raise TypeError("a session is opened with `async with`, not with `with`")

    def __exit__(self, *_: object) -> None:
        """Never called. Without it Python would complain of its lack instead."""

    def __iter__(self) -> NoReturn:
        raise TypeError("a session is opened with `async with`; what it gives has the updates")

    __aiter__ = __iter__

    def __await__(self) -> NoReturn:
        raise TypeError("a session is opened with `async with`, not with `await`")

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(self.opens, name) and not name.startswith("_"):
            raise AttributeError(f"a session is opened with `async with`; what it gives has {name}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
