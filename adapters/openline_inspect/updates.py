"""What the app is told, as short lists of plain data, for lanes and the transcript.

    ======= ===========================================================================
    ``p``   source, text, start, end: the live partial
    ``h``   source, text, start, end, id: words that are settled, and not final yet
    ``f``   source, text, start, end, id, who says it: a final
    ``x``   source, settled (1 or 0): its partials are retracted, settled ones too
    ``g``   source, start, end, samples, cause: a gap, in samples
    ``G``   the same: this gap is withdrawn
    ``t``   kind, text: a trouble
    ``a``   source, text: its device is away, or it has ended
    ``b``   source, text: it goes on
    ``z``   seconds: the process was suspended
    ``e``   complete (1 or 0), reason, the samples of each source that are missing
    ======= ===========================================================================

A source is given by its number, times in seconds of session time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from openline.updates import (
    Ended,
    Gap,
    GapWithdrawn,
    PartialRetracted,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceHeld,
    Transcript,
    Trouble,
    Update,
)
from openline_lookup.story import hidden

Short: TypeAlias = list[Any]


def short(update: Update, number: Callable[[str], int], *, text: bool) -> Short | None:
    """``update`` as a list, or None for one that has no lane. ``text``: with the words said."""
    match update:
        case Transcript():
            return _transcript(update, number, text=text)
        case PartialRetracted(source=source, settled=settled):
            return ["x", number(source), int(settled)]
        case Gap():
            return ["g", *_gap(update, number)]
        case GapWithdrawn(gap=gap):
            return ["G", *_gap(gap, number)]
        case Trouble(kind=kind, text=said):
            return ["t", kind, said]
        case SourceHeld(source=source, device=device, reason=reason):
            return ["a", number(source), f"waits for {device}: {reason}"]
        case SourceEnded(source=source, cause=cause, reason=reason):
            return ["a", number(source), f"{cause}: {reason}"]
        case SourceChanged(source=source, device=device):
            return ["b", number(source), f"goes on with {device}"]
        case Resumed(gap=gap):
            return ["z", round(gap, 3)]
        case Ended(complete=complete, reason=reason):
            missing = [each.missing for each in update.statistics.sources.values()]
            return ["e", int(complete), reason, missing]
        case _:
            return None


def _transcript(said: Transcript, number: Callable[[str], int], *, text: bool) -> Short:
    words = said.text if text else hidden(said.text)
    common = [number(said.source), words, round(said.start, 3), round(said.end, 3)]
    if said.final:
        who = said.speaker or ("" if said.channel is None else f"channel {said.channel}")
        return ["f", *common, said.id, who]
    return ["h", *common, said.id] if said.settled else ["p", *common]


def _gap(gap: Gap, number: Callable[[str], int]) -> Short:
    return [number(gap.source), gap.start, gap.end, gap.samples, str(gap.cause)]
