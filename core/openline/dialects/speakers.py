"""One final per speaker: a final in which the speaker changes becomes several.

Services put the speaker on each word, and a final may hold the end of one turn and the beginning
of the next. Transcripts name one speaker, so such a final is cut where the speaker changes. The
text of each part is cut out of the whole, so punctuation and blanks stay as the service wrote
them, in languages without blanks too.

    by_speaker(Heard("How are you? Fine.", 0.0, 2.0, words: how are you? by 0, fine. by 1))
        →  Heard("How are you?", 0.0, 1.2, speaker="0"), Heard("Fine.", 1.2, 2.0, speaker="1")

Part by part the times tile the whole: a part ends at the latest where the words of the next begin,
for the end of an exact final proves that nothing before it is still to come.
"""

from __future__ import annotations

from itertools import groupby, pairwise

from msgspec.structs import replace

from openline.dialects.protocol import Heard, Word


def by_speaker(heard: Heard) -> tuple[Heard, ...]:
    """``heard`` as one item per run of words by one speaker; a partial stays one item.

    The words of a partial, and of a final whose text does not hold its words in order, keep
    their speakers.
    """
    runs = [tuple(run) for _, run in groupby(heard.words, lambda word: word.speaker)]
    if len(runs) <= 1:
        speaker = runs[0][0].speaker if runs else None
        return (replace(heard, speaker=speaker or heard.speaker),)
    begins = _begins(heard.text, runs) if heard.final else None
    if begins is None:
        return (heard,)
    texts = [heard.text[a:b].strip() for a, b in pairwise([*begins, len(heard.text)])]
    cuts = [heard.start, *(run[0].start for run in runs[1:]), heard.end]
    return tuple(
        replace(heard, text=text, start=a, end=b, words=run, speaker=run[0].speaker)
        for text, run, (a, b) in zip(texts, runs, pairwise(cuts), strict=True)
    )


def _begins(text: str, runs: list[tuple[Word, ...]]) -> list[int] | None:
    """Where in ``text`` the words of each run begin, the first at 0; None if one is not there."""
    begins: list[int] = []
    at = 0
    for run in runs:
        for nth, word in enumerate(run):
            found = text.find(word.text, at)
            if found < 0:
                return None
            if nth == 0:
                begins.append(found if begins else 0)
            at = found + len(word.text)
    return begins
