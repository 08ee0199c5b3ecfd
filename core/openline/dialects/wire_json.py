"""Reads the JSON of a backend without ever raising, for dialects whose messages are objects.

``read_object`` gives the object of a message, or ``Malformed``. JSON that is slightly invalid (a
byte order mark, a bare ``NaN``, ``1e400``, half a surrogate pair) is repaired and read once more.
The other functions read one field of an unknown type: what is not of the wanted type is absent,
so a wrong type in a side field never costs the text of its message. A number may be written as a
text, as some backends do.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, cast

import msgspec

from openline.dialects.mended_json import mended
from openline.dialects.protocol import Malformed, Unknown

#: A message as it was read: its fields by name.
Fields: TypeAlias = dict[str, Any]

#: Seconds: larger times are absent, no session lasts so long.
_MOST: Final = 1e9
#: Seconds since 1970: the last date.
_LAST: Final = 1e11
#: Characters of a name, such as a type or a speaker.
_NAME: Final = 80


def read_object(data: str | bytes) -> Fields | Malformed:
    """The object in ``data``. Never raises."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        value = _decode(text)
    except RecursionError:
        return Malformed(why="nested too deeply")
    except ValueError:
        return Malformed(why="not JSON")
    if not isinstance(value, dict):
        return Malformed(why="no object", words=False)
    return cast("Fields", value)


def unknown(fields: Fields) -> Unknown:
    """``fields`` as a message of a type that the dialect does not define."""
    return Unknown(type=(text(fields.get("type")) or "no type")[:_NAME])


def text(value: object) -> str:
    """``value`` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def label(value: object) -> str | None:
    """A name, which may be written as a whole number; None for anything else, or no name."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST:
        return str(value)
    return text(value)[:_NAME] or None


def flag(value: object) -> bool:
    """Whether ``value`` is true, also as 1 or a text."""
    return value is True or value == 1 or (isinstance(value, str) and value.lower() == "true")


def number(value: object) -> float | None:
    """A finite number; None for anything else, and for one of more than 1e9."""
    if value is None:
        return None
    if type(value) is float:  # by its type alone, for it is most of them
        return value if -_MOST <= value <= _MOST else None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST:
        return float(value)
    return None


def date(value: object) -> float | None:
    """A date in whole or broken seconds since 1970, at most of the year 5138; None otherwise."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _LAST:
        return float(value)
    return None


def seconds(value: object) -> float | None:
    """Seconds, 0 or more, of a number of milliseconds; None for anything else."""
    found = number(value)
    return found / 1000 if found is not None and found >= 0 else None


def objects(value: object) -> list[Fields]:
    """The objects in a list; none in anything else."""
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Fields", each) for each in found if isinstance(each, dict)]


def fields(value: object) -> Fields:
    """``value`` if it is an object, else an empty one."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def write(message: Fields) -> str:
    """``message`` as JSON text."""
    return msgspec.json.encode(message).decode()


def _decode(data: str) -> object:
    try:
        return cast("object", msgspec.json.decode(data))
    except (msgspec.DecodeError, UnicodeEncodeError):  # not JSON to the letter
        return cast("object", msgspec.json.decode(mended(data)))
