"""The transcript of a session as the text of a file: what ``openline stream --out`` writes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, cast

from openline.updates import Ended
from openline_speech.formats import FORMATS

#: Those that count columns.
_CUES: Final = frozenset({".srt", ".vtt"})


def transcript_file(ended: Ended, suffix: str) -> str:
    """The transcript of a session that has ended, as the text of a file, to be written as UTF-8.

    ``suffix`` says which: ``.txt`` (plain text, with the gaps in brackets), ``.srt`` (SubRip),
    ``.vtt`` (WebVTT) or ``.jsonl`` (every final, every gap and the end, a line of JSON each).
    Finals are in the order of session time, those of a sentence are joined, and long ones are cut
    into cues of at most two lines of 42 columns and 7 s. Speakers, channels and sources are named
    where there are several. The text is that of ``openline stream --out``, whether the session is
    complete or not.

    Raises ValueError for another suffix, TypeError unless ``ended`` is a result, and
    ModuleNotFoundError for subtitles without ``wcwidth``, which the extra ``cli`` brings.
    """
    if not isinstance(cast("object", ended), Ended):
        raise TypeError(f"ended: give the result of a session, not {type(ended).__name__}")
    if suffix not in FORMATS:
        raise ValueError(f"suffix {suffix!r}: give one of {', '.join(FORMATS)}")
    if suffix in _CUES and find_spec("wcwidth") is None:
        raise ModuleNotFoundError(
            'subtitles need another package: pip install "openline[cli]"', name="wcwidth"
        )
    return FORMATS[suffix](several=len(ended.statistics.sources) > 1).whole(ended)
