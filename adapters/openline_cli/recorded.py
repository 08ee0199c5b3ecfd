"""From session time to the time of a recording, for what the command shows and writes.

``openline stream FILE --from 12:30`` sends a part of a recording, and session time 0 is 12:30 in
it. A reader of the transcript has the recording and not the session: a subtitle file has to fit
it. So each update is shifted before it is shown, printed as JSON or written. The session itself,
its journal and its figures stay in session time.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from openline.updates import (
    SAMPLE_RATE,
    Ended,
    Gap,
    GapWithdrawn,
    Transcript,
    TranscriptWord,
    Update,
)


def in_recording(update: Update, begins_at: Mapping[str, float]) -> Update:
    """``update`` with times of the recording; ``begins_at`` are the seconds before what was sent.

    They are by the source's name. A source that is not among them stays as it is.
    """
    if not begins_at:
        return update
    match update:
        case Transcript():
            return shifted(update, begins_at)
        case Gap():
            return _gap(update, begins_at)
        case GapWithdrawn():
            return GapWithdrawn(gap=_gap(update.gap, begins_at))
        case Ended():
            return _ended(update, begins_at)
        case _:
            return update


def shifted(words: Transcript, begins_at: Mapping[str, float]) -> Transcript:
    """The same for words."""
    seconds = begins_at.get(words.source, 0.0)
    return replace(
        words,
        start=words.start + seconds,
        end=words.end + seconds,
        words=tuple(_word(each, seconds) for each in words.words),
    )


def _word(word: TranscriptWord, seconds: float) -> TranscriptWord:
    start = None if word.start is None else word.start + seconds
    end = None if word.end is None else word.end + seconds
    return replace(word, start=start, end=end)


def _gap(gap: Gap, begins_at: Mapping[str, float]) -> Gap:
    samples = round(begins_at.get(gap.source, 0.0) * SAMPLE_RATE)
    return replace(gap, start=gap.start + samples, end=gap.end + samples)


def _ended(ended: Ended, begins_at: Mapping[str, float]) -> Ended:
    covers = ended.summary_covers
    if covers is not None:
        samples = {name: round(begins_at.get(name, 0.0) * SAMPLE_RATE) for name in covers}
        covers = {name: (a + samples[name], b + samples[name]) for name, (a, b) in covers.items()}
    return replace(
        ended,
        missing=tuple(_gap(each, begins_at) for each in ended.missing),
        transcript=tuple(shifted(each, begins_at) for each in ended.transcript),
        summary_covers=covers,
    )
