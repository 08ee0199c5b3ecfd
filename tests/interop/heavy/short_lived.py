"""Dialects whose connections live for a minute, so that a test sees one replaced."""

from __future__ import annotations

import copy
from typing import Final

from msgspec import structs

from openline.dialects.deepgram import Deepgram
from openline.dialects.protocol import Dialect
from openline.dialects.sherpa import Sherpa

#: The shortest life that a dialect may state, in seconds.
LIFE: Final = 60.0


def short_lived(dialect: Dialect) -> Dialect:
    """The dialect with connections of a minute."""
    changed = copy.copy(dialect)
    traits = structs.replace(dialect.traits, longest=LIFE)
    object.__setattr__(changed, "traits", traits)
    return changed


SHERPA = short_lived(Sherpa())
#: Deepgram's protocol as WhisperLiveKit speaks it.
DEEPGRAM = short_lived(Deepgram(exact=False, finalize=False))
