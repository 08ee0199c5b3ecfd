"""Generated transcripts, and what must hold of the file that each format makes of one.

A seed draws a transcript: some finals of one or two sources, with any Unicode in their texts and
in the names of their speakers (markup of every format, line ends, joiners, halves of a pair), and
any times (none, overlapping, an hour); or finals of a word or two that follow each other closely,
with the times of their words. Its file must parse, give back every text, and keep the limits of a
cue. Where finals are joined, nothing but a space may stand between them.

Many more than a test can wait for:
``python -m tests.cli.transcripts --count 1000000 --seed 1``, or ``--format .srt`` alone.
"""

from __future__ import annotations

import argparse
import itertools
import re
import time
from collections.abc import Sequence
from random import Random
from typing import Final

from wcwidth import iter_graphemes

from openline.updates import (
    Ended,
    SourceStatistics,
    State,
    Statistics,
    Transcript,
    TranscriptWord,
)
from openline_speech.formats import FORMATS, SubRip
from openline_speech.passages import Passage, Voices, passages
from tests.cli import parsers

SNIPPETS: Final = (
    "-->", "00:00:01,000 --> 00:00:02,000", "00:01.000 --> 00:02.000 align:start", "<i>", "</i>",
    "<b>x</b>", "<", ">", "&", "&lt;", "&amp;lt;", "&#60;", "&#x3C;i>", "&copy", "AT&T", "R&D",
    "{\\an8}", "{\\b1}", "{y:i}", "{", "}", "\\N", "NOTE", "STYLE", "REGION", "WEBVTT", "1", "2",
    "<v mic>", "<00:00:01.000>", "mic:", '{"update":"ended"}', "[0.50 s missing: overflow]",
    "\n", "\n\n", "\r\n", "\r", "\t", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\0",
    "\x1b[2J", "\x9b", "\ufeff", "\u200b", "\u00a0", "\u202f", "\u3000", "\u2003", "  ",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "\u0915\u094d\u0937\u093f", "\u05e9\u05c1\u05dc\u05d5\u05dd", "\u202e", "\u202c", "\u2067",
    "\u200f", "Donau\u00addampf", "e\u0301", "Z" + "\u0334\u0353" * 30, "\U0001fae8",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\u5854\u8bfa\u00b7\u5361\u91cc\u8fea\u5148\u751f\uff0c",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\ud83d", "\ude00", "\ud83d\ude00", "\ud800x",
)  # fmt: skip
WORDS: Final = ("so", "we", "went", "on", "to", "the", "next", "point.", "Donaudampfschiff", "no,")
#: Controls and separators: the only characters that a file may change, besides lone surrogates.
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def drawn_text(rng: Random) -> str:
    """Any text."""
    kind = rng.random()
    count = rng.choice((0, 1, 2, 5, 20, 60))
    if kind < 0.3:
        return " ".join(rng.choice(WORDS) for _ in range(count))
    if kind < 0.6:
        between = rng.choice(("", " "))
        return between.join(rng.choice((*SNIPPETS, *WORDS)) for _ in range(count))
    if kind < 0.8:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(count))
    first = rng.choice((0x20, 0x5D0, 0x600, 0x900, 0xD80, 0xE00, 0x1100, 0x4E00, 0x1F300, 0x1F900))
    return "".join(chr(first + rng.randrange(0x60)) for _ in range(3 * count))


def drawn_finals(rng: Random) -> list[Transcript]:
    """Finals in any order of time."""
    if rng.random() < 0.4:
        return drawn_words(rng)
    nobody: list[str | None] = [None]
    speakers = rng.choice((nobody, nobody, drawn_speakers(rng)))
    channels = rng.choice(([None], [None, 0], [0, 1]))
    sources = rng.choice((("mic",), ("mic",), ("mic", "system")))
    finals: list[Transcript] = []
    at = 0.0
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = max(0.0, at + rng.choice((0.0, 0.0, 0.3, 5.0, -2.0, 3600.0)))
        end = at + rng.choice((0.0, 0.001, 0.4, 2.0, 6.9, 8.0, 31.5, 600.0))
        finals.append(
            Transcript(
                source=rng.choice(sources),
                text=drawn_text(rng),
                final=True,
                start=at,
                end=end,
                speaker=rng.choice(speakers),
                channel=rng.choice(channels),
            )
        )
        at = rng.choice((at, end, end))
    return finals


def drawn_speakers(rng: Random) -> list[str | None]:
    """Names of any length and any letters; some are none."""
    return [
        rng.choice((None, "", " ", "S1", "S2", "0", "1", "Zoe: B", drawn_text(rng)))
        for _ in range(3)
    ]


def drawn_words(rng: Random) -> list[Transcript]:
    """Finals of a word or two, most of them close to each other, with the times of the words."""
    choices: list[list[str | None]] = [[None], ["S1"], ["S1", "S2"]]
    speakers = rng.choice(choices)
    sources = rng.choice((("mic",), ("mic",), ("mic", "system")))
    text = drawn_text(rng)
    finals: list[Transcript] = []
    at = 0.0
    for word in text.split(" "):
        end = at + rng.choice((0.0, 0.1, 0.4, 3.0))
        parts = word.split("a") if rng.random() < 0.1 else [word]
        finals.append(
            Transcript(
                source=rng.choice(sources),
                text=" ".join(parts),
                final=True,
                start=at,
                end=end,
                speaker=rng.choice(speakers) if rng.random() < 0.3 else speakers[0],
                words=tuple(
                    TranscriptWord(text=each, start=at, end=rng.choice((end, end, end, None)))
                    for each in parts
                ),
            )
        )
        at = max(0.0, end + rng.choice((0.0, 0.1, 0.1, 0.5, 0.6, -0.1)))
    return finals


def ended(finals: Sequence[Transcript]) -> Ended:
    """The result of a session with these finals; it had the sources that they name."""
    counts = SourceStatistics(captured=1, sent=1, confirmed=1, missing=0)
    return Ended(
        state=State.CLOSED,
        complete=True,
        reason="finished",
        missing=(),
        transcript=tuple(sorted(finals, key=lambda final: (final.start, final.end))),
        statistics=Statistics(dials=1, sources={final.source: counts for final in finals}),
    )


def received(text: str) -> str:
    """The text as a file must have it: on one line, and in UTF-8."""
    text = CONTROL.sub(" ", text).strip(" ")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def subtitled(text: str) -> str:
    """As ``received``; of several blanks the first is kept."""
    return re.sub(r"(\s)\s+", r"\1", received(text)).strip()


def voice_of(final: Transcript, named: Sequence[Transcript], *, several: bool) -> str:
    """Who says it, if ``named`` are the finals that are known."""
    names = {(each.source, name_of(each)) for each in named if name_of(each)}
    name = name_of(final) if len(names) > 1 else ""
    return ", ".join(each for each in (final.source if several else "", name) if each)


def name_of(final: Transcript) -> str:
    """The speaker or the channel, as a file names it."""
    name = received(final.speaker or "")
    if not name.strip():
        return "" if final.channel is None else f"channel {final.channel}"
    return f"speaker {name}" if name.isdigit() else name


def check(suffix: str, finals: Sequence[Transcript]) -> None:
    """Write the finals as they come and in order, and check both files."""
    several = len({final.source for final in finals}) > 1
    growing = FORMATS[suffix](several=several)
    grown = growing.head + "".join(map(growing.add, finals))
    result = ended(finals)
    whole = FORMATS[suffix](several=several).whole(result)
    for text in (grown, whole):
        assert text.encode().decode() == text
    if suffix == ".jsonl":
        _check_json(parsers.json_lines(grown), finals)
        *objects, last = parsers.json_lines(whole)
        assert last["update"] == "ended"
        _check_json(objects, result.transcript)
        return
    told = [
        (voice_of(final, finals[: count + 1], several=several), final.text)
        for count, final in enumerate(finals)
    ]
    voices = Voices(several=several)
    voices.note(result.transcript)
    joined = passages(result.transcript, voices)
    _check_joined(joined, result.transcript, several=several)
    at_last = [(each.voice, each.text) for each in joined]
    if suffix == ".txt":
        _check_plain(parsers.plain(grown), told)
        _check_plain(parsers.plain(whole), at_last)
    else:
        parse = parsers.subrip if suffix == ".srt" else parsers.webvtt
        _check_cues(parse(grown), told)
        cues = parse(whole)
        _check_cues(cues, at_last)
        for earlier, later in itertools.pairwise(cues):
            assert earlier.end <= later.begin, "two cues overlap"


def _check_joined(
    joined: Sequence[Passage], finals: Sequence[Transcript], *, several: bool
) -> None:
    """Each passage is finals of one voice, in order, with at most a space between two."""
    for source in {final.source for final in finals}:
        own = [each for each in finals if each.source == source and received(each.text).strip()]
        for each in joined:
            if each.source == source:
                assert each.start == own[0].start
                rest = each.text.replace(" ", "")
                while rest:
                    final = own.pop(0)
                    assert voice_of(final, finals, several=several) == each.voice
                    text = final.text.replace(" ", "")
                    assert rest.startswith(text), "a final is not where it belongs"
                    rest = rest.removeprefix(text)
        assert not own, "a final is in no passage"


def _check_plain(lines: Sequence[str], told: Sequence[tuple[str, str]]) -> None:
    expected = [(voice, received(text)) for voice, text in told]
    assert lines == [
        f"{voice}: {text}" if voice else text for voice, text in expected if text.strip()
    ]


def _check_json(objects: Sequence[dict[str, object]], finals: Sequence[Transcript]) -> None:
    pairs = [(each["source"], each["text"]) for each in objects]
    assert pairs == [
        (final.source, final.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        for final in finals
    ]


def _check_cues(cues: Sequence[parsers.Shown], told: Sequence[tuple[str, str]]) -> None:
    named = {_label(voice) for voice, _ in told if voice}
    own: dict[str, list[str]] = {}
    for cue in cues:
        voice, words = _unlabelled(cue, named)
        own.setdefault(voice, []).extend(words)
    texts: dict[str, list[str]] = {}
    is_tagged = any(cue.voice for cue in cues)
    for voice, said in told:
        if text := subtitled(said):
            texts.setdefault(voice if is_tagged else _label(voice), []).append(text)
    assert own.keys() == texts.keys()
    for voice, lines in own.items():
        assert _rest(lines, texts[voice]) == [], "a text did not come back"
    for cue in cues:
        assert 1 <= len(cue.lines) <= 2
        assert 1 <= cue.end - cue.begin <= 7_000
        _, bare = _unlabelled(cue, named)
        for line, said in zip(cue.lines, bare, strict=True):
            assert len(line) <= 42 or _is_one_cluster(said), f"a line of {len(line)} characters"


def _label(voice: str) -> str:
    """What stands before the words in SubRip: at most half a line."""
    return SubRip(several=False)._label(voice)  # pyright: ignore[reportPrivateUsage]


def _unlabelled(cue: parsers.Shown, named: set[str]) -> tuple[str, tuple[str, ...]]:
    """The voice, and the lines without it. A longer label is looked for first."""
    if cue.voice:
        return cue.voice, cue.lines
    for label in sorted(named, key=len, reverse=True):
        if cue.lines[0].startswith(label):
            return label, (cue.lines[0].removeprefix(label), *cue.lines[1:])
    return "", cue.lines


def _is_one_cluster(line: str) -> bool:
    return len([each for each in iter_graphemes(line) if not each.isspace()]) == 1


def _rest(lines: Sequence[str], texts: Sequence[str]) -> list[str]:
    """What is left of ``texts`` when the lines are taken from it, in order.

    A line ends where a text has a space, which is left out, or between two clusters, or at the
    end of the text.
    """
    rest = list(texts)
    for line in lines:
        if not rest or not rest[0].startswith(line):
            return [line, *rest]
        text = rest[0]
        if len(line) == len(text):
            del rest[0]
        elif text[len(line)] == " ":
            rest[0] = text[len(line) + 1 :]
        elif _is_between(text, len(line)):
            rest[0] = text[len(line) :]
        else:
            return [f"a cluster is cut behind {line!r}", *rest]
    return rest


def _is_between(text: str, at: int) -> bool:
    """Whether a cluster begins at this offset."""
    offset = 0
    for cluster in iter_graphemes(text):
        if offset >= at:
            break
        offset += len(cluster)
    return offset == at


def check_seed(suffix: str, seed: int) -> None:
    """Draw a transcript and check its file. The failure names the seed."""
    finals = drawn_finals(Random(seed))
    try:
        check(suffix, finals)
    except Exception as error:
        error.add_note(f"format {suffix}, seed {seed}: {finals!r}")
        raise


def main() -> None:
    """The soak."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--format", choices=tuple(FORMATS), action="append")
    options = parser.parse_args()
    for suffix in options.format or FORMATS:
        began = time.monotonic()
        for seed in range(options.seed, options.seed + options.count):
            check_seed(suffix, seed)
        rate = options.count / (time.monotonic() - began)
        print(f"{suffix}: {options.count} transcripts came back, {rate:.0f} a second", flush=True)


if __name__ == "__main__":
    main()
