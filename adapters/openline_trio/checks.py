"""What a call is given, looked at before anything is made of it.

A wrong kind of thing would show itself as a traceback from deep inside, or as a session that
ends at once for no reason that its user could see. So each call asks here first. What is
wrong raises TypeError with one line: which argument, what it has to be, and of which kind it
is. Never its value: that may be a secret, or somebody's path.

Only kinds are looked at. Whether a value can work is said by what uses it, as ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from openline.dialects.checking import check_dialect, rehearse
from openline.dialects.dialect import Dialect
from openline.dialects.echopanel import EchoPanel


def kind_of(value: object) -> str:
    """What ``value`` is, in a word or three, without telling it."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def check_sources(sources: object) -> None:
    """Raise TypeError unless it maps names to sources."""
    if not isinstance(sources, Mapping):
        raise TypeError(
            "sources: give a dict of names and sources, such as {'mic': FileSource(path)}, "
            f"not {kind_of(sources)}"
        )
    for name, source in cast("Mapping[object, Any]", sources).items():
        if not isinstance(name, str):
            raise TypeError(f"sources: each name is a str, not {kind_of(name)}")
        if isinstance(source, type) or not callable(getattr(source, "run", None)):
            raise TypeError(
                f"sources[{name!r}]: give a source, an object with `async run(sink)`, not "
                f"{kind_of(source)}; FileSource(path) of openline_trio.audio makes one from a file"
            )


def checked_dialect(dialect: Dialect | None) -> Dialect:
    """The dialect to speak, which has said each of its messages. Raises DialectError."""
    if dialect is None:
        return EchoPanel()
    check_dialect(dialect)
    rehearse(dialect)
    return dialect
