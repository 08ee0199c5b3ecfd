"""Each format of a transcript: its look, and that every text comes back from it."""

from __future__ import annotations

import html
import io
import itertools
import json
import re
from collections.abc import Callable
from random import Random

import pysubs2
import pytest
import webvtt

from openline.updates import Ended, Gap, Transcript
from openline_speech.formats import FORMATS, Format
from tests.cli import parsers
from tests.cli.transcripts import check_seed, drawn_finals, main, subtitled
from tests.cli.transcripts import ended as result

Final = Callable[..., Transcript]
End = Callable[..., Ended]
MakeGap = Callable[..., Gap]
#: Transcripts that a test draws for each format.
SOME = 400


def whole(suffix: str, end: Ended) -> str:
    several = len(end.statistics.sources) > 1
    return FORMATS[suffix](several=several).whole(end)


def grown(made: Format, *finals: Transcript) -> str:
    return made.head + "".join(map(made.add, finals))


def test_text_is_a_line_for_each_final(final: Final, ended: End) -> None:
    end = ended(final(" Go  forward.\n"), final(" "), final("Stop.\r\nNow.", 1, 2))
    assert whole(".txt", end) == "Go  forward.\nStop. Now.\n"


def test_text_names_the_source_if_there_are_several(final: Final, ended: End) -> None:
    end = ended(final("Hello."), final("Hi.", 1, 2, source="system"), sources=["mic", "system"])
    assert whole(".txt", end) == "mic: Hello.\nsystem: Hi.\n"


def test_text_shows_gaps_in_place(final: Final, ended: End, gap: MakeGap) -> None:
    end = ended(final("a"), final("b", 1.5, 2.0), gaps=[gap()])
    assert whole(".txt", end) == "a\n[0.50 s missing: overflow]\nb\n"
    end = ended(gaps=[gap()], sources=["mic", "system"])
    assert whole(".txt", end) == "[0.50 s of mic missing: overflow]\n"


def test_finals_of_one_time_stay_in_the_order_they_came(final: Final, ended: End) -> None:
    end = ended(final("Two.", 0, 1), final("One.", 0, 1, source="system"))
    assert whole(".txt", end) == "Two.\nOne.\n"


def test_text_is_as_it_was_received(final: Final, ended: End) -> None:
    texts = [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
        "so \U0001fae8 it was",
        "5\u202f000\u00a0\u20ac",
        "Donau\u00addampf",
        "a \u202eb\u202c",
        "\u05e9\u05c1\u05dc\u05d5\u05dd \u200f!",
    ]
    end = ended(*(final(text, at, at + 1) for at, text in enumerate(texts)))
    assert whole(".txt", end).splitlines() == texts
    assert [line for cue in parsers.subrip(whole(".srt", end)) for line in cue.lines] == texts
    assert [line for cue in parsers.webvtt(whole(".vtt", end)) for line in cue.lines] == texts


def test_subrip_counts_and_stamps(final: Final, ended: End) -> None:
    end = ended(final("One.", 0.0, 5.9996), final("Two.", 3661.5, 3662.25), final("", 1, 2))
    assert whole(".srt", end) == (
        "1\n00:00:00,000 --> 00:00:06,000\nOne.\n\n2\n01:01:01,500 --> 01:01:02,250\nTwo.\n"
    )


def test_subrip_names_the_source(final: Final, ended: End) -> None:
    end = ended(final("Hi."), sources=["mic", "system"])
    assert "\nmic: Hi.\n" in whole(".srt", end)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a --> b", "a --&gt; b"),
        ("<i>x</i> > y", "&lt;i>x&lt;/i> > y"),
        ("{\\an8}x {y:i} {z}", "&#123;\\an8}x &#123;y:i} {z}"),
        ("R&D & AT&T", "R&D & AT&T"),
        ("&lt; &amp; &#60; &copy", "&amp;lt; &amp;amp; &amp;#60; &amp;copy"),
        ("00:00:01,000 00:00:02.5", "00:00:01&#44;000 00:00:02&#46;5"),
        ("C:\\New", "C:&#92;New"),
    ],
)
def test_subrip_escapes_only_what_would_act(
    text: str, written: str, final: Final, ended: End
) -> None:
    out = whole(".srt", ended(final(text)))
    assert out == f"1\n00:00:00,000 --> 00:00:01,000\n{written}\n"
    assert parsers.subrip(out)[0].lines == (text,)


def test_webvtt_escapes_what_would_be_markup(final: Final, ended: End) -> None:
    end = ended(final("a --> b & <c>", 0.5, 1.0))
    assert whole(".vtt", end) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.000\na --&gt; b &amp; &lt;c&gt;\n"
    )


def test_webvtt_names_the_source_safely(final: Final, ended: End) -> None:
    sources = ["m<i>c", "system"]
    out = whole(".vtt", ended(final("Hi.", source="m<i>c"), sources=sources))
    assert "\n<v m&lt;i&gt;c>Hi.\n" in out
    assert parsers.webvtt(out)[0].voice == "m<i>c"


def test_cues_of_two_sources_mix_and_do_not_overlap(final: Final, ended: End) -> None:
    long = " ".join(["and so we went on to the next point of the long agenda"] * 6)
    end = ended(
        final(long, 0.0, 24.0),
        final("Yes.", 9.0, 10.0, source="system"),
        sources=["mic", "system"],
    )
    cues = parsers.subrip(whole(".srt", end))
    at = [cue.lines[0] for cue in cues].index("system: Yes.")
    assert 0 < at < len(cues) - 1
    assert 9_000 <= cues[at].begin <= 11_000
    assert all(a.end <= b.begin for a, b in itertools.pairwise(cues))


def test_finals_that_came_out_of_order_are_put_in_order(final: Final, ended: End) -> None:
    late, early = final("late", 5, 6), final("early", 1, 2)
    end = ended(late, early)
    assert whole(".txt", end) == "early\nlate\n"
    assert [cue.lines for cue in parsers.subrip(whole(".srt", end))] == [("early",), ("late",)]
    objects = parsers.json_lines(whole(".jsonl", end))
    assert [each.get("text") for each in objects] == ["early", "late", None]


@pytest.mark.parametrize("suffix", FORMATS)
def test_finals_in_order_are_appended_as_they_stay(suffix: str, final: Final, ended: End) -> None:
    finals = [final("a", 0, 1), final("", 1, 2), final("b " * 90, 2, 9), final("c", 9, 9.5)]
    text = grown(FORMATS[suffix](several=False), *finals)
    assert whole(suffix, ended(*finals)).startswith(text)


def test_live_cue_begins_where_the_one_before_ends(final: Final) -> None:
    text = grown(FORMATS[".srt"](several=False), final("a", 0, 2), final("b", 1.5, 3))
    assert [(cue.begin, cue.end) for cue in parsers.subrip(text)] == [(0, 2000), (2000, 3000)]


def test_live_cue_with_the_beginning_of_the_one_before_follows_it(final: Final) -> None:
    text = grown(FORMATS[".srt"](several=False), final("a", 1, 2), final("b", 1, 3))
    assert [(cue.begin, cue.end) for cue in parsers.subrip(text)] == [(1000, 2000), (2000, 3000)]


def test_live_cue_that_the_one_before_covers_keeps_its_times(final: Final) -> None:
    text = grown(FORMATS[".srt"](several=False), final("a", 1, 4), final("b", 2, 4))
    assert [(cue.begin, cue.end) for cue in parsers.subrip(text)] == [(1000, 4000), (2000, 4000)]


def test_label_of_a_source_takes_room_on_the_first_line(final: Final, ended: End) -> None:
    text = "x" * 20 + " " + "y" * 20
    said = final(text, source="system")
    for end in (ended(said, sources=["mic", "system"]), ended(said, sources=["system"])):
        several = len(end.statistics.sources) > 1
        lines = ("system: " + "x" * 20, "y" * 20) if several else (text,)
        assert [cue.lines for cue in parsers.subrip(whole(".srt", end))] == [lines]
        assert grown(FORMATS[".srt"](several=several), said) == whole(".srt", end)


def test_label_that_is_long_is_cut_to_half_a_line(final: Final, ended: End) -> None:
    source = "s" * 40
    end = ended(final("word", source=source), sources=["mic", source])
    [cue] = parsers.subrip(whole(".srt", end))
    assert cue.lines == ("s" * 18 + "…: word",)


@pytest.mark.parametrize("suffix", [".srt", ".vtt"])
def test_a_cue_of_two_lines_has_them_as_they_are(suffix: str, final: Final, ended: End) -> None:
    text = "x" * 30 + " " + "y" * 30
    assert "x" * 30 + "\n" + "y" * 30 + "\n" in whole(suffix, ended(final(text)))


def test_live_cue_that_came_late_keeps_its_times(final: Final) -> None:
    text = grown(FORMATS[".srt"](several=False), final("a", 5, 6), final("b", 1, 3))
    assert [(cue.begin, cue.end) for cue in parsers.subrip(text)] == [(5000, 6000), (1000, 3000)]


def test_json_lines_have_the_finals_the_gaps_and_the_end(
    final: Final, ended: End, gap: MakeGap
) -> None:
    text = whole(".jsonl", ended(final("a"), gaps=[gap()]))
    kinds = [json.loads(line)["update"] for line in text.splitlines()]
    assert kinds == ["transcript", "gap", "ended"]


@pytest.mark.repeats
@pytest.mark.parametrize("suffix", FORMATS)
def test_any_text_comes_back_from_its_file(suffix: str) -> None:
    for seed in range(SOME):
        check_seed(suffix, seed)


def test_failure_of_a_drawn_transcript_names_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unescaped(text: str) -> str:
        return text

    monkeypatch.setattr("openline_speech.formats.escape_subrip", unescaped)
    with pytest.raises((AssertionError, parsers.UnparsableError)) as caught:
        test_any_text_comes_back_from_its_file(".srt")
    assert re.match(r"format \.srt, seed \d+: \[Transcript", caught.value.__notes__[0])


def test_soak_reports_each_format(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["transcripts", "--count", "3", "--seed", "7"])
    main()
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [*FORMATS]


@pytest.mark.repeats
def test_other_readers_get_the_same_words() -> None:
    for seed in range(SOME):
        finals = drawn_finals(Random(seed))
        if len({(final.source, final.speaker, final.channel) for final in finals}) > 1:
            continue  # they have labels
        end = result(finals)
        words = _packed("".join(subtitled(final.text) for final in end.transcript))
        read = pysubs2.SSAFile.from_string(
            FORMATS[".srt"](several=False).whole(end), "srt", keep_unknown_html_tags=True
        )
        lines = [event.text.replace("\\N", "\n") for event in read]
        assert _packed(html.unescape("".join(lines))) == words
        captions = webvtt.from_buffer(io.StringIO(FORMATS[".vtt"](several=False).whole(end)))
        assert _packed(html.unescape("".join(each.raw_text for each in captions.captions))) == words


def _packed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parsers.subrip, "1\n00:00:00,000 --> 00:00:01,000\nx"),
        (parsers.subrip, "2\n00:00:00,000 --> 00:00:01,000\nx\n"),
        (parsers.subrip, "1\n00:00:00.000 --> 00:00:01.000\nx\n"),
        (parsers.subrip, "1\n00:00:00,000 --> 00:00:01,000\nx\n\n\n"),
        (parsers.subrip, "1\n00:00:00,000 --> 00:00:01,000\na --> b\n"),
        (parsers.webvtt, "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<i>x\n"),
        (parsers.webvtt, "00:00:00.000 --> 00:00:01.000\nx\n"),
        (parsers.webvtt, "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na --> b\n"),
        (parsers.webvtt, "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na & b\n"),
        (parsers.plain, "a\u2028b\n"),
        (parsers.json_lines, '"a\u2028b"\n'),
    ],
)
def test_wrong_file_is_rejected_by_the_parser(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(parsers.UnparsableError):
        parse(text)
