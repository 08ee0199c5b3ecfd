"""The dialect of WhisperLiveKit, held to recordings of the real server with the model tiny.en."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.commands import SendBytes
from openline.dialects import (
    Drain,
    End,
    Ends,
    FinalMessage,
    Heard,
    Malformed,
    Message,
    Proof,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.dialects.whisperlivekit import ONSET, PARAMETERS, WEBM, WhisperLiveKit
from openline.dialects.whisperlivekit_lines import Told, clock, take_line
from openline.events import MessageReceived
from openline.reconnect.verdicts import Action, Ending, judge
from tests.core.driver import Drive
from tests.dialects import support_wire as wire
from tests.support_profiles import some

KIT = WhisperLiveKit()
WITHDRAWN = Heard(text="", start=None, end=None, final=True)
RECORDINGS = ("whisperlivekit-asr", "whisperlivekit-asr-diff")


def line(text: str | None, start: str, end: str, speaker: int = 1) -> dict[str, Any]:
    """A line, as the server writes it."""
    return {"speaker": speaker, "text": text, "start": f"0:00:{start}", "end": f"0:00:{end}"}


def state(*lines: object, buffer: str = "", policy: object = 0.0, **fields: object) -> str:
    """A message of the server, in mode full."""
    return json.dumps(
        {
            "status": "active_transcription",
            "lines": lines,
            "buffer_transcription": buffer,
            "buffer_diarization": "",
            "remaining_time_transcription_policy": policy,
        }
        | fields
    )


def decode(*messages: str, kit: WhisperLiveKit = KIT) -> list[tuple[Message, ...]]:
    return wire.decode_all(kit, messages)


def final(text: str, start: float, end: float, **more: Any) -> Heard:
    return Heard(text=text, start=start, end=end, final=True, **more)


def partial(text: str) -> Heard:
    return Heard(text=text, start=None, end=None, final=False)


def texts(found: list[tuple[Message, ...]]) -> list[str]:
    return [each.text for each in wire.told(found)]


def test_it_can_be_used() -> None:
    wire.check_whole(KIT)
    traits = KIT.traits
    assert (traits.greets, traits.replies, traits.queue) == (True, False, 15.0)
    assert traits.window * 2 < 15  # two decodings, before a piece may be dropped
    assert (traits.end, traits.ends, traits.drain) == (End.MESSAGE, Ends.EXACT, Drain.STOP)
    assert not traits.proves_silence
    assert (traits.longest, WhisperLiveKit(longest=0).traits.longest) == (1800.0, None)
    with pytest.raises(ValueError, match="option mode: 'all'"):
        WhisperLiveKit(mode="all")


def test_options_are_in_the_query() -> None:
    assert KIT.query() == (("mode", "diff"),)
    kit = WhisperLiveKit(language="en", mode="full")
    assert kit.query() == (("language", "en"), ("mode", "full"))


def test_audio_is_sent_as_it_is_and_an_empty_message_asks_for_the_end() -> None:
    memory = KIT.begin()
    assert KIT.audio(memory, "mic", b"\1\2", 0) == (memory, (b"\1\2",))
    assert KIT.stop(memory, wire.IDS, wire.SENT) == (memory, (b"",))


def test_the_greeting() -> None:
    assert decode(*wire.incoming(RECORDINGS[0])[:1]) == [
        (Status(state="config", text="full", ack=True),)
    ]
    wrong = json.dumps({"type": "config", "useAudioWorklet": False, "mode": "full"})
    assert decode(wrong) == [(Refusal(row=WEBM, text="useAudioWorklet is false"),)]
    verdict = judge(Ending(refusal=WEBM))
    assert (verdict.action, "--pcm-input" in verdict.why) == (Action.FATAL, True)


def test_the_first_words_of_the_recording() -> None:
    """The line ends at 1.96 s, and 0.6 s more are decoded, less 0.1 s of rounding."""
    found = wire.decode_all(KIT, wire.incoming("whisperlivekit-asr")[:10])
    assert found[8:] == [
        (
            final("Mr. John Dashwood had", 0.0, 1.96),
            partial("then lee-"),
            Proof(drained=2.46, confirmed=1.96),
        ),
        (
            final("then", 1.96, 2.36),
            partial("leisure to consider-"),
            Proof(drained=3.26, confirmed=2.36),
        ),
    ]


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_whole_recording(name: str) -> None:
    """Each word once: the finals are the last line, and each begins where the last one ended."""
    found = wire.decode_all(KIT, wire.incoming(name))
    wire.check_proofs(found)
    last = json.loads(wire.incoming(name)[-2])
    (whole,) = last.get("lines") or last["new_lines"]
    assert " ".join(texts(found)) == whole["text"].strip()
    told = wire.told(found)
    assert all(
        a.end is not None and b.start is not None and a.end <= b.start for a, b in pairwise(told)
    )
    assert found[-1] == (FinalMessage(summary={}),)


def test_no_word_is_cut() -> None:
    """The line ended with "rather cold", and the buffer went on with "-hearted"."""
    found = wire.decode_all(KIT, wire.incoming("whisperlivekit-asr"))
    assert "unless to be rather cold-hearted and rather" in texts(found)
    shown = [each.text for each in wire.of(Heard, found) if not each.final]
    assert "unless to be rather cold-hearted and rather a s-" in shown
    proofs = [each.confirmed for each in wire.of(Proof, found)]
    assert 13.38 not in proofs


def test_an_unknown_language_is_only_logged_by_the_server() -> None:
    found = wire.decode_all(KIT, wire.incoming("whisperlivekit-badlang"))
    assert [type(each) for items in found for each in items] == [Status]


def test_the_token_is_refused_with_403() -> None:
    refused = wire.lines("whisperlivekit-unauthorized")[0]["error"]
    assert "status_code=403" in refused
    assert KIT.traits.statuses[403].action is Action.REAUTH


def test_parameters_are_refused_with_an_error_and_4400() -> None:
    error = json.dumps({"type": "error", "error": "no such language"})
    assert decode(error) == [(Refusal(row=PARAMETERS, text="no such language"),)]
    assert judge(Ending(code=4400), KIT.traits.codes).action is Action.FATAL
    later = judge(Ending(code=4400, ever_connected=True), KIT.traits.codes)
    assert (later.action, "accepted before" in later.why) == (Action.LATER, True)


def test_an_end_behind_what_was_decoded_confirms_no_further() -> None:
    """The line claims 9 s; figures show 4.9 s, and later that all of it is decoded."""
    found = decode(
        state(line(" one", "00.00", "02.00"), policy=3.0),
        state(line(" one two", "00.00", "09.00")),
        state(line(" one two", "00.00", "09.00"), policy=0.5),
    )
    assert found == [
        (final("one", 0.0, 2.0), Proof(drained=4.9, confirmed=2.0)),
        (final("two", 2.0, 4.9), Proof(drained=4.9, confirmed=4.9)),
        (Proof(drained=9.4, confirmed=9.0),),
    ]


def test_words_before_any_figure_confirm_nothing() -> None:
    """An end before the beginning proves nothing."""
    assert decode(state(line(" one", "01.00", "02.00"))) == [(final("one", 1.0, 0.0),)]


def test_a_silence_that_is_over_is_proved() -> None:
    one = line(" one", "00.00", "02.00")
    found = decode(
        state(one, policy=0.3),
        state(one, line(None, "02.30", "09.00", -2), policy=7.0),
        state(one, line(None, "02.30", "09.00", -2), line(" two", "09.20", "09.80"), policy=0.2),
    )
    assert found[1] == (Proof(drained=9.0, confirmed=9.0 - ONSET),)
    assert found[2] == (final("two", 9.2, 9.8), Proof(drained=9.9, confirmed=9.8))


def test_a_silence_that_lasts_is_proved_as_far_as_it_was_received() -> None:
    """Servers after 0.2.26 tell it from its beginning on, and no more if it was a short one."""
    one = line(" one", "00.00", "02.00")
    found = decode(
        state(one, policy=0.3),
        state(one, line(None, "02.30", "04.00", -2)),
        state(one, line(None, "02.30", "06.00", -2)),
        state(one, buffer=" two"),
        state(line(" one two", "00.00", "07.00"), policy=0.2),
    )
    assert [each.confirmed for each in wire.of(Proof, found)] == [2.0, 3.5, 5.5, 7.0]
    assert texts(found) == ["one", "two"]


@pytest.mark.parametrize(
    ("silence", "buffer"),
    [
        (line(None, "04.00", "09.00", -2), ""),  # what is before it is not decoded
        (line(None, "02.30", "09.00", -2), " two"),  # words are not committed
        (line(None, "02.30", "01.00", -2), ""),
        ({"speaker": -2, "start": None, "end": "0:00:09.00"}, ""),
        ({"speaker": -2, "start": "0:00:02.00", "end": "?"}, ""),
    ],
)
def test_a_silence_that_proves_nothing(silence: object, buffer: str) -> None:
    one = line(" one", "00.00", "02.00")
    found = decode(state(one, policy=0.3), state(one, silence, policy=0.3, buffer=buffer))
    assert wire.of(Proof, found) == [Proof(drained=2.2, confirmed=2.0)]


def test_a_partial_is_shown_when_it_changes() -> None:
    one = line(" one", "00.00", "02.00")
    assert decode(
        state(buffer=" one"), state(buffer=" one"), state(one, buffer=" one"), state(one)
    ) == [
        (partial("one"),),
        (),
        (final("one", 0.0, 0.0), partial("one")),
        (WITHDRAWN,),
    ]


def test_words_without_a_speaker_are_shown_first() -> None:
    found = decode(state(buffer=" three", buffer_diarization=" one two"))
    assert found == [(partial("one two three"),)]


def test_words_that_were_never_committed_are_told_at_the_end() -> None:
    end = json.dumps({"type": "ready_to_stop"})
    left = Heard(text="one", start=None, end=None, final=True)
    assert decode(state(buffer=" one"), end, end)[1:] == [
        (left, FinalMessage(summary={})),
        (FinalMessage(summary={}),),
    ]


def test_words_that_belong_to_no_speaker_name_none() -> None:
    kit = WhisperLiveKit(diarization=True)
    (told,) = wire.told(decode(state(line(" one", "00.00", "01.00", -1), policy=1.0), kit=kit))
    assert told.speaker is None


def test_words_whose_speaker_is_not_found_yet_name_none() -> None:
    """0 is no speaker: the server's own page shows it as the lag of the diarization."""
    kit = WhisperLiveKit(diarization=True)
    found = wire.told(decode(wire.from_source("whisperlivekit-unattributed"), kit=kit))
    assert [(each.text, each.speaker) for each in found] == [("one", "1"), ("two", None)]


def test_older_servers_say_beg() -> None:
    old = {"speaker": 1, "text": " one", "beg": "0:00:02", "end": "0:00:03"}
    (told,) = wire.told(decode(state(old, policy=1.0)))
    assert (told.start, told.end) == (2.0, 3.0)
    quiet = {"speaker": -2, "text": "", "beg": "0:00:03", "end": "0:00:09"}
    proved = decode(state(old, policy=1.0), state(old, quiet, policy=0.0))[1]
    assert proved == (Proof(drained=9.0, confirmed=8.5),)


def test_lines_that_are_cut_anew_are_told_once() -> None:
    """Speakers are found later: the line of one becomes the lines of two, and a third is new."""
    kit = WhisperLiveKit(diarization=True)
    found = decode(
        state(line(" good morning how are you", "00.00", "03.00"), policy=1.0),
        state(
            line(" good morning", "00.00", "01.00", 1),
            line(" how are you today", "01.00", "04.00", 2),
            policy=1.0,
        ),
        state(
            line(" good morning", "00.00", "01.00", 1),
            line(" how are you today", "01.00", "04.00", 2),
            line(" fine", "04.00", "04.50", 1),
            policy=1.0,
        ),
        kit=kit,
    )
    assert texts(found) == ["good morning how are you", "today", "fine"]
    assert [each.speaker for each in wire.told(found)] == ["1", "2", "1"]


def test_lines_that_are_joined_are_told_once() -> None:
    one, two = line(" good morning", "00.00", "01.00"), line(" how are you", "01.00", "03.00")
    joined = line(" good morning how are you today", "00.00", "04.00")
    assert texts(decode(state(one, two), state(joined))) == ["good morning", "how are you", "today"]


def test_a_line_whose_beginning_was_dropped_goes_on() -> None:
    """In mode diff the server keeps 300 s, and cuts a longer line at its beginning."""
    long = " ".join(str(each) for each in range(1000))
    first = line(f" {long}", "00.00", "30.00")
    found = decode(state(first), state(line(f"{long[600:]} and more", "09.00", "33.00")))
    assert texts(found) == [long, "and more"]


def test_a_line_behind_the_growing_one_is_new_whatever_its_times() -> None:
    one = line(" one", "00.00", "09.00")
    assert texts(decode(state(one), state(one, line(" two", "03.00", "04.00")))) == ["one", "two"]


def test_a_line_that_cannot_be_found_is_told() -> None:
    """Rather a word twice than none."""
    found = decode(
        state(line(" one two", "00.00", "02.00")), state(line(" won three", "01.00", "03.00"))
    )
    assert texts(found) == ["one two", "won three"]


def test_a_line_that_was_told_in_other_words_is_not_told_again() -> None:
    found = decode(
        state(line(" one two", "00.00", "02.00")), state(line(" won too", "00.00", "02.00"))
    )
    assert texts(found) == ["one two"]


def test_a_language_is_told() -> None:
    spoken = line(" eins", "00.00", "01.00") | {"detected_language": "de"}
    assert wire.told(decode(state(spoken)))[0].language == "de"
    given = decode(state(line(" one", "00.00", "01.00")), kit=WhisperLiveKit(language="en"))
    assert wire.told(given)[0].language == "en"


@pytest.mark.parametrize("odd", [None, "x", [], -1, "1:x:2", float("nan"), "0:-1"])
def test_odd_times_never_cost_the_words(odd: object) -> None:
    spoken = {"text": " one", "start": odd, "end": odd, "speaker": odd}
    found = decode(state(spoken, "no line", {"text": " "}, {"text": 5}, policy="x"))
    assert found == [(final("one", 0.0, 0.0),)]


def test_other_messages() -> None:
    assert decode(
        json.dumps({"status": "error", "error": "FFmpeg failed"}),
        json.dumps({"type": "news"}),
        json.dumps({}),
        json.dumps({"type": ["x"], "status": "a"}),
        "no",
    ) == [
        (Remark(text="FFmpeg failed"),),
        (Unknown(type="news"),),
        (Unknown(type="no type"),),
        (Unknown(type="no type"),),
        (Malformed(why="not JSON"),),
    ]


def test_times_are_read() -> None:
    assert clock("1:02:03.45") == 3723.45
    assert clock("2:03.5") == 123.5
    assert clock(7) == 7.0


def test_the_memory_of_a_long_line_is_small() -> None:
    told = Told()
    for count in range(1, 200):
        told, new, _ = take_line(told, line(" word" * count, "00.00", "01.00"), passed=False)
        assert new == " word"
    assert (told.length, len(told.tail)) == (995, 200)


@settings(max_examples=some(150), deadline=None)
@given(st.lists(st.one_of(*map(wire.any_message, RECORDINGS)), max_size=6))
def test_no_message_raises(messages: list[Any]) -> None:
    wire.check_proofs(wire.decode_all(KIT, messages))


@settings(max_examples=some(100), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.sets(st.integers(1, 39), max_size=3)), max_size=8))
def test_each_word_is_told_once_however_the_line_is_cut(states: list[tuple[int, set[int]]]) -> None:
    """Words are all different, so what was told last is found in any line."""
    words = [f" word{place}" for place in range(40)]
    shown: list[str] = []
    for size, cuts in [*sorted(states, key=lambda each: each[0]), (40, set[int]())]:
        edges = [0, *sorted(each for each in cuts if each < size), size]
        lines = [line("".join(words[a:b]), f"{a:05.2f}", f"{b:05.2f}") for a, b in pairwise(edges)]
        shown.append(state(*lines, policy=0.5))
    found = decode(*shown)
    assert " ".join(texts(found)).split() == "".join(words).split()
    wire.check_proofs(found)


def test_a_backlog_is_sent_in_pieces_that_the_server_can_keep() -> None:
    """It drops a piece of more than 15 s of which it commits nothing."""
    drive = Drive(dialect=KIT)
    drive.open()
    drive.opened()
    drive.feed(MessageReceived(1, json.dumps({"type": "config", "mode": "diff"})))
    assert drive.state == "streaming"

    def sent() -> float:
        drive.serve()
        return sum(len(each.data) for each in drive.sent if isinstance(each, SendBytes)) / 32_000

    drive.audio(30 * 50)
    assert sent() == pytest.approx(6.0)
    drive.feed(MessageReceived(1, state(buffer="Mr. John", policy=5.1)))
    assert sent() == pytest.approx(11.0)
