"""Which finals make one passage, and who says them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from openline.updates import Transcript, TranscriptWord
from openline_speech.formats import FORMATS
from openline_speech.passages import Passage, Voices, line, passages
from tests.cli.transcripts import ended


def final(
    text: str, start: float, end: float, *, source: str = "mic", timed: bool = True, **more: object
) -> Transcript:
    words = (TranscriptWord(text=text, start=start, end=end),) if timed else ()
    return Transcript(
        source=source, text=text, final=True, start=start, end=end, words=words,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def row(*texts: str, length: float = 0.3, pause: float = 0.1) -> list[Transcript]:
    """Finals of so many seconds, with a pause between two."""
    step = length + pause
    return [final(text, i * step, i * step + length) for i, text in enumerate(texts)]


def joined(finals: Sequence[Transcript], *, several: bool = False) -> list[Passage]:
    voices = Voices(several=several)
    voices.note(finals)
    return passages(finals, voices)


def texts(finals: Sequence[Transcript], **how: bool) -> list[str]:
    return [each.text for each in joined(finals, **how)]


class TestJoining:
    def test_words_are_joined_to_a_sentence(self) -> None:
        [first, second] = joined(row("So we", "went", "on.", "Then"))
        assert (first.text, first.start) == ("So we went on.", 0.0)
        assert first.end == pytest.approx(1.1)
        assert [word.text for word in first.words] == ["So we", "went", "on."]
        assert second.text == "Then"

    @pytest.mark.parametrize("mark", [".", ",", "?", "…", ")", "”", "。"])
    def test_what_closes_follows_without_a_space(self, mark: str) -> None:
        assert texts(row("Yes", mark)) == [f"Yes{mark}"]

    def test_a_mark_alone_follows_the_end_of_a_sentence(self) -> None:
        assert texts(row("“Yes.", "”", "No")) == ["“Yes.”", "No"]

    @pytest.mark.parametrize(
        ("left", "right", "both"),
        [
            ("你好", "世界", "你好世界"),
            ("สวัส", "ดี", "สวัสดี"),
            ("こん", "にちは", "こんにちは"),
            ("テス", "ト", "テスト"),
            ("ສະ", "ບາຍດີ", "ສະບາຍດີ"),
            ("សួស្តី", "បាទ", "សួស្តីបាទ"),
            ("မင်္ဂ", "လာပါ", "မင်္ဂလာပါ"),
            ("안녕", "세계", "안녕 세계"),
            ("你", "so", "你 so"),
        ],
    )
    def test_scripts_without_spaces_get_none(self, left: str, right: str, both: str) -> None:
        assert texts(row(left, right)) == [both]

    @pytest.mark.parametrize(("pause", "count"), [(0.5, 1), (0.51, 2)])
    def test_a_pause_ends_a_passage(self, pause: float, count: int) -> None:
        assert len(texts([final("a", 0.0, 1.0), final("b", 1.0 + pause, 2.0)])) == count

    @pytest.mark.parametrize(("end", "parts"), [(14.0, 1), (14.01, 2)])
    def test_a_passage_may_be_14_s_long(self, end: float, parts: int) -> None:
        said = [final("so", 0.0, 7.0), final("on", 7.0, end)]
        assert len(passages(said, Voices(several=False))) == parts

    def test_a_passage_is_at_most_14_s(self) -> None:
        found = joined(row(*["so"] * 100))
        assert len(found) > 1
        assert max(each.end - each.start for each in found) <= 14.0
        assert sum(each.text.count("so") for each in found) == 100

    def test_only_words_with_times_are_joined(self) -> None:
        a, b = row("a", "b")
        untimed = final("b", b.start, b.end, timed=False)
        half = final("b", b.start, b.end, timed=False)
        half = Transcript(
            source="mic", text="b", final=True, start=half.start, end=half.end,
            words=(TranscriptWord(text="b", start=half.start),),
        )  # fmt: skip
        assert texts([a, b]) == ["a b"]
        assert texts([a, untimed]) == texts([a, half]) == ["a", "b"]

    def test_another_voice_ends_a_passage(self) -> None:
        a, b, c = row("a", "b", "c")
        other = final("b", b.start, b.end, speaker="S2")
        first = final("a", a.start, a.end, speaker="S1")
        last = final("c", c.start, c.end, speaker="S1")
        assert texts([first, other, last]) == ["a", "b", "c"]
        assert [each.voice for each in joined([first, other, last])] == ["S1", "S2", "S1"]

    def test_another_source_does_not(self) -> None:
        a, b, c = row("a", "b", "c")
        other = final("b", b.start, b.end, source="system")
        found = joined([a, other, c], several=True)
        assert [(each.voice, each.text) for each in found] == [("mic", "a c"), ("system", "b")]

    def test_a_final_without_words_is_left_out(self) -> None:
        assert texts(row("a", " \n", "c", pause=0.05)) == ["a c"]


def test_a_line_keeps_all_but_controls_and_the_spaces_around() -> None:
    for code in range(33, 127):
        said = f"{chr(code)}a b{chr(code)}"
        assert line(f" \n{said}\t ") == said


class TestVoices:
    def test_one_speaker_has_no_name(self) -> None:
        assert [each.voice for each in joined([final("a", 0, 1, speaker="S1")])] == [""]

    def test_a_number_alone_is_no_name(self) -> None:
        finals = [final("a", 0, 1, speaker="0"), final("b", 2, 3, speaker="1")]
        assert [each.voice for each in joined(finals)] == ["speaker 0", "speaker 1"]

    def test_channels_are_named_where_there_are_no_speakers(self) -> None:
        finals = [final("a", 0, 1, channel=0), final("b", 2, 3, channel=1, speaker="Zoe")]
        assert [each.voice for each in joined(finals)] == ["channel 0", "Zoe"]

    def test_speakers_of_several_sources_have_the_source_too(self) -> None:
        finals = [
            final("a", 0, 1, speaker="S1"),
            final("b", 2, 3, speaker="S1", source="system"),
            final("c", 4, 5, source="system"),
        ]
        found = [each.voice for each in joined(finals, several=True)]
        assert found == ["mic, S1", "system, S1", "system"]


FINALS = [
    final("Are you", 0.0, 0.5, speaker="S1"),
    final("there?", 0.6, 1.0, speaker="S1"),
    final("Yes", 1.1, 1.4, speaker="S<2>"),
    final(".", 1.4, 1.4, speaker="S<2>"),
]


GROWN = {
    ".txt": "Are you\nthere?\nS<2>: Yes\nS<2>: .\n",
    ".srt": """1
00:00:00,000 --> 00:00:00,500
Are you

2
00:00:00,600 --> 00:00:01,000
there?

3
00:00:01,100 --> 00:00:01,400
S&lt;2>: Yes

4
00:00:01,400 --> 00:00:01,401
S&lt;2>: .
""",
    ".vtt": """WEBVTT

00:00:00.000 --> 00:00:00.500
Are you

00:00:00.600 --> 00:00:01.000
there?

00:00:01.100 --> 00:00:01.400
<v S&lt;2&gt;>Yes

00:00:01.400 --> 00:00:01.401
<v S&lt;2&gt;>.
""",
}
WHOLE = {
    ".txt": "S1: Are you there?\nS<2>: Yes.\n",
    ".srt": """1
00:00:00,000 --> 00:00:01,000
S1: Are you there?

2
00:00:01,100 --> 00:00:01,400
S&lt;2>: Yes.
""",
    ".vtt": """WEBVTT

00:00:00.000 --> 00:00:01.000
<v S1>Are you there?

00:00:01.100 --> 00:00:01.400
<v S&lt;2&gt;>Yes.
""",
}


@pytest.mark.parametrize("suffix", [".txt", ".srt", ".vtt"])
def test_a_file_grows_by_each_final_and_is_joined_at_the_end(suffix: str) -> None:
    """A kill leaves every final that was told; speakers have names once there are two."""
    growing = FORMATS[suffix](several=False)
    assert growing.head + "".join(map(growing.add, FINALS)) == GROWN[suffix]
    assert FORMATS[suffix](several=False).whole(ended(FINALS)) == WHOLE[suffix]


def test_a_long_name_takes_half_a_line_of_subrip_at_most() -> None:
    finals = [
        final("one two three four five six seven", 0.0, 2.0, speaker="The Speaker of the House"),
        final("two", 3.0, 4.0, speaker="名" * 30),
    ]
    text = FORMATS[".srt"](several=False).whole(ended(finals))
    assert "The Speaker of the…: one" in text
    assert f"{'名' * 8}…: two" in text
    assert max(map(len, text.splitlines())) <= 42
