"""Puts JSON right that is slightly invalid, as some encoders write it: for the dialects' decoders.

    mended('\ufeff{"t": NaN, "n": 1e400}')  →  b'{"t": null, "n": null}'

A decoder reads strictly first, which is fast, and comes here only with what it cannot read.
"""

from __future__ import annotations

import json
import math
from typing import Final

#: Characters around the JSON that some encoders write: a byte order mark, NUL, blanks.
_AROUND: Final = "\ufeff\0 \t\r\n"
#: More digits than any count has; Python refuses to read more than 4,300.
_DIGITS: Final = 400


def mended(data: str) -> bytes:
    """The same JSON with null for a number that is not finite, and ? for half a surrogate pair.

    An integer of more than 400 digits is null too. Raises ValueError or RecursionError for what
    is no JSON even so.
    """
    value = json.loads(
        data.strip(_AROUND),
        parse_constant=lambda _: None,
        parse_float=_finite,
        parse_int=_countable,
    )
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _finite(digits: str) -> float | None:
    found = float(digits)
    return found if math.isfinite(found) else None


def _countable(digits: str) -> int | None:
    return int(digits) if len(digits) <= _DIGITS else None
