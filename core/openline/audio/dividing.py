"""A final that is divided between two words, because the mark lies there.

Both parts keep the text of the final as it is, cut before a word. The first part keeps the id, the
other one has an id of its own, with a number behind: ``1.3.17``, ``1.3.17.2``, ``1.3.17.3``.

An example: "Yes, of course." with the words "Yes," 1.0 to 1.4, "of" 1.5 to 1.7 and "course." 1.7 to
2.2. The mark is 1.45: the parts are "Yes," up to the mark, and "of course." from 1.5 on.

A final whose words have no times, or are not in order, has one part.
"""

from __future__ import annotations

from itertools import pairwise

from msgspec import structs

from openline.audio.readings import Reading
from openline.updates import SAMPLE_RATE, Transcript, TranscriptWord, to_samples


def word_runs(reading: Reading) -> list[tuple[int, int]]:
    """The samples of each word of a final; all of the final where they are not known."""
    runs: list[tuple[int, int]] = []
    for each in reading.final.words:
        if each.start is None or each.end is None:
            return [(reading.start, reading.end)]
        runs.append((to_samples(each.start), to_samples(each.end)))
    is_ordered = all(one[0] <= two[0] and one[1] <= two[1] for one, two in pairwise(runs))
    return runs if runs and is_ordered else [(reading.start, reading.end)]


def divided(reading: Reading, mark: int) -> list[Reading]:
    """The part of a final before ``mark``, and the one behind it; one where the other has no word.

    A part that is alone ends, or begins, at the mark: so a final is passed by it or is not.
    """
    runs = word_runs(reading)
    before = sum(end <= mark for _, end in runs)
    if len(runs) == 1 and runs[0] == (reading.start, reading.end):
        return [reading]
    if not before:
        return [reading._replace(start=mark)]
    if before == len(runs):
        return [reading._replace(end=mark)]
    words, final = reading.final.words, reading.final
    head, tail = _cut(final.text, words, before)
    first = structs.replace(
        final, text=head, words=words[:before], end=runs[before - 1][1] / SAMPLE_RATE
    )
    rest = structs.replace(
        final,
        text=tail,
        words=words[before:],
        start=runs[before][0] / SAMPLE_RATE,
        id=_next(final),
        seam=False,
    )
    return [reading._replace(end=mark, final=first), reading._replace(start=mark, final=rest)]


def _cut(text: str, words: tuple[TranscriptWord, ...], before: int) -> tuple[str, str]:
    """``text`` cut before a word; the words themselves where it does not have them in order."""
    at = 0
    for each in words[:before]:
        found = text.find(each.text, at)
        if found < 0:
            return _joined(words[:before]), _joined(words[before:])
        at = found + len(each.text)
    at = text.find(words[before].text, at)
    if at < 0:
        return _joined(words[:before]), _joined(words[before:])
    return text[:at].rstrip(), text[at:]


def _joined(words: tuple[TranscriptWord, ...]) -> str:
    return " ".join(each.text for each in words)


def _next(final: Transcript) -> str:
    process, dial, number, *part = final.id.split(".")
    return f"{process}.{dial}.{number}.{int(part[0]) + 1 if part else 2}"
