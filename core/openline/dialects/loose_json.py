"""Reads JSON of C++ programs: their streams write ``nan`` and ``inf``, which are no JSON.

Such a number is read as null, so it never costs the words of its message. Texts are left as
they are: the same letters inside quotes are words.
"""

from __future__ import annotations

import re
from typing import Final

from openline.dialects.protocol import Malformed
from openline.dialects.wire_json import Fields, read_object

#: A text, which may be cut off, or a number of C++ that JSON does not have.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|-?\b(?:nan|inf(?:inity)?)\b', re.IGNORECASE)


def read_loose(data: str | bytes) -> Fields | Malformed:
    """The object in ``data``. Never raises."""
    found = read_object(data)
    if isinstance(found, dict):
        return found
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    mended = _TOKEN.sub(_null, text)
    return found if mended == text else read_object(mended)


def _null(token: re.Match[str]) -> str:
    return token[0] if token[0].startswith('"') else "null"
