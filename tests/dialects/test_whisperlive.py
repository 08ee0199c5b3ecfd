"""The dialect of WhisperLive, held to recordings of the real server with the model tiny.en."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects import (
    Drain,
    Encoding,
    End,
    Ends,
    Heard,
    Malformed,
    Message,
    Noticed,
    Proof,
    Refusal,
    Status,
    Unknown,
    Word,
)
from openline.dialects.whisperlive import FAILED, FULL, OVERTIME, WhisperLive
from openline.reconnect.verdicts import Action, Ending, judge
from tests.dialects import support_wire as wire
from tests.support_profiles import some

LIVE = WhisperLive()
WITHDRAWN = Heard(text="", start=None, end=None, final=True)


def segment(text: str, start: float, end: float, *, done: bool = True) -> dict[str, Any]:
    """A segment, as the server writes it."""
    return {"start": f"{start:.3f}", "end": f"{end:.3f}", "text": f" {text}", "completed": done}


def decode(
    *messages: object, live: WhisperLive = LIVE, memory: Any = None
) -> list[tuple[Message, ...]]:
    """What the messages say: a list is one of segments."""
    texts: list[str] = []
    for each in messages:
        message: object = each
        if isinstance(each, list):
            message = {"uid": "u", "segments": cast("list[object]", each)}
        texts.append(message if isinstance(message, str) else json.dumps(message))
    return wire.decode_all(live, texts, memory)


def heard(text: str, start: float, end: float, *, final: bool = True) -> Heard:
    return Heard(text=text, start=start, end=end, final=final)


def test_it_can_be_used() -> None:
    wire.check_whole(LIVE)
    traits = LIVE.traits
    assert (traits.end, traits.ends, traits.drain) == (End.NEVER, Ends.EXACT, Drain.NONE)
    assert not traits.proves_silence
    assert (traits.queue, traits.pong_patience) == (15.0, 20.0)
    assert (traits.settle, WhisperLive(settle=60).traits.settle) == (20.0, 60.0)
    assert (traits.longest, WhisperLive(longest=0).traits.longest) == (300.0, None)
    assert traits.form.encoding is Encoding.S16LE
    assert WhisperLive(audio_format="float32").traits.form.encoding is Encoding.F32LE


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"audio_format": "uint8"}, "option audio_format: 'uint8'"),
        ({"segments": 0}, "option segments: 0"),
        ({"segments": 501}, "option segments: 501"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        WhisperLive(**options)


def test_the_start_has_what_the_server_demands() -> None:
    recorded: set[str] = set()
    for name in ("whisperlive", "whisperlive-int16-vad-eof-at-once"):
        recorded |= set(json.loads(wire.lines(name)[1]["text"]))
    memory, (start,) = LIVE.start(LIVE.begin(), wire.IDS)
    assert memory == LIVE.begin()
    assert set(json.loads(start)) == recorded
    assert json.loads(start) == {
        "uid": "c",
        "language": None,
        "task": "transcribe",
        "model": "small",
        "use_vad": True,
        "audio_format": "int16",
        "word_timestamps": False,
        "send_last_n_segments": 40,
        "same_output_threshold": 10,
    }


def test_audio_is_sent_as_it_is_and_nothing_asks_for_the_end() -> None:
    memory = LIVE.begin()
    assert LIVE.audio(memory, "mic", b"\1\2", 0) == (memory, (b"\1\2",))
    assert LIVE.stop(LIVE.begin(), wire.IDS, wire.SENT)[1] == ()


def test_the_first_messages_of_the_recording() -> None:
    found = wire.decode_all(LIVE, wire.incoming("whisperlive")[:3])
    assert found[0] == (Status(state="SERVER_READY", text="faster_whisper", ack=True),)
    partial, proof = found[1]
    assert isinstance(partial, Heard)
    assert (partial.text, partial.start, partial.end) == ("And Mr. John.", 0.0, 0.92)
    assert not partial.final
    assert partial.words[0] == Word(text="And", start=0.0, end=0.46, confidence=0.3191)
    assert partial.confidence == pytest.approx((0.3191 + 0.7853 + 0.9369) / 3)
    assert proof == Proof(drained=0.92)
    assert found[2][1] == Proof(drained=1.64)


def test_the_whole_recording() -> None:
    """Each segment is told once, in order, and the last one 10 s after its words."""
    found = wire.decode_all(LIVE, wire.incoming("whisperlive"))
    wire.check_proofs(found)
    assert [(each.start, each.end, each.text.split()[0]) for each in wire.told(found)] == [
        (0.0, 5.54, "And"),
        (5.54, 10.82, "his"),
        (11.56, 16.78, "Unless"),
        (17.42, 23.38, "Had"),
        (23.38, 27.28, "He"),
    ]
    assert wire.of(Proof, found)[-1].drained == 27.28


def test_without_the_flag_all_segments_but_the_last_are_completed() -> None:
    """Older servers and their copies do not write ``completed``."""
    old = WhisperLive(audio_format="float32")
    found = decode(*(wire.from_source(f"whisperlive-old-{n}") for n in (1, 2, 3)), live=old)
    assert [each.text for each in wire.told(found)] == ["Hello there.", "How are you?"]
    partials = [each.text for each in wire.of(Heard, found) if not each.final]
    assert partials == ["Hello", "How", "Fine"]


def test_an_open_segment_follows_the_completed_ones() -> None:
    found = wire.decode_all(LIVE, wire.incoming("whisperlive-int16-vad-eof-at-once"))
    (told,) = wire.told(found)
    assert (told.start, told.end) == (0.0, 5.4)
    first = next(items for items in found if told in items)
    assert first == (
        told,
        heard("in his power to do for them.", 5.4, 6.72, final=False),
        Proof(drained=6.72),
    )
    assert [type(each) for each in found[-1]] == [Heard, Proof]


def test_repeats_are_told_once() -> None:
    one, two = segment("one", 0, 1), segment("two", 1, 2)
    assert decode([one], [one, two], [one, two]) == [
        (heard("one", 0, 1), Proof(drained=1.0)),
        (heard("two", 1, 2), Proof(drained=2.0)),
        (),
    ]


def test_the_same_words_at_another_time_are_others() -> None:
    found = decode([segment("no", 0, 1)], [segment("no", 0, 1), segment("no", 1, 2)])
    assert [each.start for each in wire.told(found)] == [0.0, 1.0]
    found = decode([segment("no", 0, 1), segment("yes", 0, 1)])
    assert [each.text for each in wire.told(found)] == ["no", "yes"]


def test_the_memory_of_repeats_is_bounded() -> None:
    """It knows twice as many as the server repeats."""
    live = WhisperLive(segments=2)
    all_of_it = [segment(f"w{place}", place, place + 1) for place in range(100)]
    messages = [all_of_it[max(0, last - 2) : last] for last in range(1, 101)]
    found = decode(*messages, live=live)
    assert [each.text for each in wire.told(found)] == [f"w{place}" for place in range(100)]
    memory = live.begin()
    for each in messages:
        memory, _ = live.decode(memory, json.dumps({"segments": each}))
    assert len(memory.told) == 4


def test_an_open_segment_that_is_gone_is_withdrawn() -> None:
    one, more = segment("one", 0, 1), segment("more", 1, 1.5, done=False)
    assert decode([one, more], [one], [one]) == [
        (heard("one", 0, 1), heard("more", 1, 1.5, final=False), Proof(drained=1.5)),
        (WITHDRAWN,),
        (),
    ]


def test_a_final_takes_the_place_of_the_open_segment() -> None:
    found = decode([segment("on", 0, 0.9, done=False)], [segment("one", 0, 1)])
    assert found[1] == (heard("one", 0, 1), Proof(drained=1.0))


def stopped() -> Any:
    """The memory of a dial that has sent all its audio."""
    return LIVE.stop(LIVE.begin(), wire.IDS, wire.SENT)[0]


def test_behind_the_stop_the_third_equal_decoding_is_final() -> None:
    """What the server would say after eleven; it says it all the same, and that is no other."""
    first, told = segment("One.", 0, 2), [segment("One.", 0, 2), segment("Two", 2, 3, done=False)]
    again = [first, segment("Two", 2, 3.1, done=False)]
    late = [first, segment("Two", 2, 3.06)]
    found = decode(told, again, again, again, late, memory=stopped())
    partial = heard("Two", 2, 3.1, final=False)
    assert found == [
        (heard("One.", 0, 2), heard("Two", 2, 3, final=False), Proof(drained=3.0)),
        (partial, Proof(drained=3.1)),
        (heard("Two", 2, 3.1),),
        (),
        (),
    ]


def test_only_equal_decodings_in_a_row_settle() -> None:
    """The server is still busy with audio that it had not decoded when the stop came."""
    texts = ("Two", "Two", "Two three", "Two three", "Two", "Two")
    found = decode(*([segment(text, 2, 3, done=False)] for text in texts), memory=stopped())
    assert not any(each.final for each in wire.of(Heard, found))


def test_before_the_stop_nothing_settles() -> None:
    found = decode(*[[segment("Two", 2, 3, done=False)]] * 12)
    assert not any(each.final for each in wire.of(Heard, found))


def test_the_count_begins_with_the_stop() -> None:
    live = [segment("Two", 2, 3, done=False)]
    memory = LIVE.begin()
    for _ in range(5):
        memory, _ = LIVE.decode(memory, json.dumps({"uid": "u", "segments": live}))
    memory, _ = LIVE.stop(memory, wire.IDS, wire.SENT)
    found = decode(live, live, live, memory=memory)
    assert [each.final for each in wire.of(Heard, found)] == [False, False, True]


def test_an_open_segment_behind_the_settled_one_is_told() -> None:
    """The server completes the one by its own count, and goes on with what lies behind it."""
    two, three = [segment("Two", 2, 3, done=False)], segment("Three", 3.2, 4, done=False)
    done = [segment("Two", 2, 3), three]
    found = decode(two, two, two, done, done, done, memory=stopped())
    assert [each.text for each in wire.of(Heard, found) if each.final] == ["Two", "Three"]


def test_the_detected_language_is_that_of_the_words() -> None:
    detected = {"uid": "u", "language": "de", "language_prob": 0.9}
    found = decode(detected, [segment("eins", 0, 1)])
    assert found[0] == (Noticed(kind="language", payload={"language": "de", "probability": 0.9}),)
    assert wire.told(found)[0].language == "de"
    given = decode([segment("one", 0, 1)], live=WhisperLive(language="en"))
    assert wire.told(given)[0].language == "en"


def test_a_speaker_is_told() -> None:
    (told,) = wire.told(decode([{**segment("one", 0, 1), "speaker": "SPEAKER_00"}]))
    assert told.speaker == "SPEAKER_00"


def test_a_full_server_asks_to_come_back_later() -> None:
    ((refusal,),) = wire.decode_all(LIVE, wire.incoming("whisperlive-full"))
    assert refusal == Refusal(row=FULL, text="about 4.9 minutes to wait")
    assert decode({"status": "WAIT"}) == [(Refusal(row=FULL, text=""),)]


def test_the_time_limit_of_the_server_is_no_fault() -> None:
    found = wire.decode_all(LIVE, wire.incoming("whisperlive-overtime"))
    assert found[-1] == (Refusal(row=OVERTIME, text="DISCONNECT"),)
    verdict = judge(Ending(code=1000, refusal=OVERTIME))
    assert (verdict.action, verdict.strike) == (Action.RETRY, False)


def test_a_model_that_cannot_be_loaded_is_fatal_at_first() -> None:
    said = {"uid": "u", "status": "ERROR", "message": "Failed to load model: tiny"}
    assert decode(said) == [(Refusal(row=FAILED, text="Failed to load model: tiny"),)]
    assert judge(Ending(refusal=FAILED)).action is Action.FATAL
    assert judge(Ending(refusal=FAILED, ever_connected=True)).action is Action.LATER


def test_other_messages() -> None:
    assert decode({"status": "WARNING", "message": "Reverting"}) == [
        (Status(state="WARNING", text="Reverting"),)
    ]
    assert decode({"uid": "u", "translated_segments": []}, {"uid": "u"}, "no") == [
        (Unknown(type="translated_segments"),),
        (Unknown(type="no type"),),
        (Malformed(why="not JSON"),),
    ]


@pytest.mark.parametrize("odd", [None, "x", "nan", [], "1e400", True])
def test_odd_times_never_cost_the_words(odd: object) -> None:
    odd_words = [{"word": "one", "start": odd, "probability": odd}, {"word": 5}, "…"]
    given = {**segment("one", 0, 1), "start": odd, "end": odd, "words": odd_words}
    assert decode([given, given, {"text": None}, 5]) == [
        (Heard(text="one", start=None, end=None, final=True, words=(Word(text="one"),)),)
    ]


@settings(max_examples=some(150), deadline=None)
@given(
    st.lists(
        st.one_of(
            wire.any_message("whisperlive"),
            wire.any_message("whisperlive-int16-vad-eof-at-once"),
        ),
        max_size=6,
    )
)
def test_no_message_raises(messages: list[Any]) -> None:
    wire.check_proofs(wire.decode_all(LIVE, messages))
