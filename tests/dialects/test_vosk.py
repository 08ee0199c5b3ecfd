"""The dialect of the Vosk server, held to a recording of the real one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects import (
    Drain,
    End,
    Ends,
    FinalMessage,
    Heard,
    Malformed,
    Message,
    Proof,
    Unit,
    Unknown,
    Word,
)
from openline.dialects.vosk import Vosk, VoskMemory
from openline.reconnect.verdicts import Ending, judge
from tests.dialects import support_wire as wire
from tests.support_profiles import some

VOSK = Vosk()
#: Much audio was sent, and the replies to it are still to come.
BEGUN = VoskMemory(passed=1, sent=1000)


def decode(*replies: object, vosk: Vosk = VOSK) -> list[tuple[Message, ...]]:
    """What the replies say, each an object or a text, behind the configuration."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in replies]
    return wire.decode_all(vosk, texts, BEGUN)


def said(reply: object) -> Heard:
    """The words of one reply."""
    ((heard, _),) = decode(reply)
    assert isinstance(heard, Heard)
    return heard


def proof(count: int, confirmed: int | None = None) -> Proof:
    return Proof(unit=Unit.MESSAGES, received=count, drained=count, confirmed=confirmed)


def test_it_can_be_used() -> None:
    wire.check_whole(VOSK)
    assert VOSK.traits.end is End.CLOSE
    assert VOSK.traits.ends is Ends.EXACT
    assert VOSK.traits.counts is Unit.MESSAGES
    assert VOSK.traits.queue is None


def test_the_configuration_is_as_recorded() -> None:
    recorded = json.loads(wire.lines("vosk-ko")[1]["text"])
    _, (config,) = VOSK.start(VOSK.begin(), wire.IDS)
    assert json.loads(config) == {"config": {**recorded["config"], "max_alternatives": 0}}


def test_options_are_in_the_configuration() -> None:
    vosk = Vosk(words=False, alternatives=3, phrases=("yes", "no"))
    _, (config,) = vosk.start(vosk.begin(), wire.IDS)
    assert json.loads(config)["config"] == {
        "sample_rate": 16000,
        "words": 0,
        "max_alternatives": 3,
        "phrase_list": ["yes", "no"],
    }
    with pytest.raises(ValueError, match="option alternatives: -1"):
        Vosk(alternatives=-1)


def test_audio_is_sent_as_it_is() -> None:
    assert VOSK.audio(VOSK.begin(), "mic", b"\1\2", 0) == (VoskMemory(sent=1), (b"\1\2",))


def test_the_end_is_letter_by_letter() -> None:
    recorded = [
        each["text"] for each in wire.lines("vosk-ko") if each["dir"] == "out" and "text" in each
    ]
    assert VOSK.stop(VOSK.begin(), wire.IDS, wire.SENT)[1] == (recorded[-1],) == ('{"eof" : 1}',)


def test_a_flush_is_a_reset_where_the_server_knows_it() -> None:
    assert VOSK.flush(VOSK.begin(), wire.SENT)[1] == ('{"reset" : 1}',)
    assert VOSK.traits.drain is Drain.FLUSH
    old = Vosk(resets=False)
    assert old.flush(old.begin(), wire.SENT)[1] == ()
    assert old.traits.drain is Drain.STOP


def test_the_first_replies_of_the_recording() -> None:
    """Empty partials confirm nothing: the word that the next one has began at 0.21 s."""
    found = wire.decode_all(VOSK, wire.incoming("vosk-ko")[:5], BEGUN)
    assert found == [
        *[(proof(count),) for count in range(2, 6)],
        (Heard(text="헬멧", start=None, end=None, final=False), proof(6)),
    ]


def test_the_finals_of_the_recording() -> None:
    found = wire.decode_all(VOSK, wire.incoming("vosk-ko"), BEGUN)
    first, second, last = wire.told(found)
    assert (first.start, first.end) == (0.21, 20.16)
    assert first.text.startswith("헬멧 이케아 때 시거 를 해 때는")
    assert first.words[:2] == (
        Word(text="헬멧", start=0.21, end=0.6, confidence=1.0),
        Word(text="이케아", start=0.6, end=0.96, confidence=0.320933),
    )
    assert second.text == "마이 HEAVEN 메이 지적 마블 먼 아리 와"
    assert (last.text, last.start, last.end) == ("기 말기 베네 밴 메인 에 네버 엠 스", 24.45, 27.03)
    assert last.confidence == pytest.approx(0.50163, abs=1e-5)


def test_the_whole_recording() -> None:
    """Each word once, a proof for each reply, and all is confirmed by the last final."""
    found = wire.decode_all(VOSK, wire.incoming("vosk-ko"), BEGUN)
    wire.check_proofs(found)
    assert [items[-1] for items in found] == [
        proof(
            2 + index,
            2 + index if any(isinstance(each, Heard) and each.final for each in items) else None,
        )
        for index, items in enumerate(found)
    ]
    words = [word for each in wire.told(found) for word in each.words]
    assert [each.text for each in words] == " ".join(each.text for each in wire.told(found)).split()
    assert wire.rises(each.start for each in words)
    assert found[-1][-1] == proof(len(found) + 1, len(found) + 1)


def sending(audio: int, *, stop: bool) -> Any:
    """A dial that has sent the configuration and some audio."""
    memory, _ = VOSK.start(VOSK.begin(), wire.IDS)
    for number in range(audio):
        memory, _ = VOSK.audio(memory, "mic", b"\0\0", number)
    return VOSK.stop(memory, wire.IDS, wire.SENT)[0] if stop else memory


def test_the_reply_to_the_end_is_the_last_message() -> None:
    """The Python server closes behind it; the one in C++ waits for another message."""
    found = wire.decode_all(VOSK, ['{"partial" : ""}', '{"text" : "one"}'], sending(1, stop=True))
    assert found[0] == (proof(2),)
    assert found[1][-2:] == (proof(3, 3), FinalMessage(summary={}))
    unasked = wire.decode_all(VOSK, ['{"text" : "one"}'], sending(1, stop=False))
    assert unasked[0][-1] == proof(2, 2)


@pytest.mark.parametrize("last", ['{"partial" : "on"}', "", "{broken"])
def test_a_last_reply_that_is_no_final_leaves_the_end_to_the_close(last: str) -> None:
    assert wire.decode_all(VOSK, [last], sending(0, stop=True))[0][-1] == proof(2)


def test_a_server_that_answers_the_configuration_as_well() -> None:
    """The one in C++ takes it for audio. No reply proves a message that was not sent."""
    early = wire.decode_all(VOSK, ['{"partial" : ""}'], sending(0, stop=False))
    assert early == [(proof(1),)]
    replies = ['{"partial" : ""}', '{"text" : "one"}', '{"partial" : ""}', '{"text" : "two"}']
    found = wire.decode_all(VOSK, replies, sending(2, stop=True))
    assert [items[-1] for items in found] == [
        *(proof(2), proof(3, 3), proof(4), FinalMessage(summary={})),
    ]


def test_a_partial_confirms_nothing() -> None:
    found = wire.decode_all(VOSK, wire.incoming("vosk-wrong-eof"), BEGUN)
    assert [each.confirmed for each in wire.of(Proof, found)] == [None, None]


def test_a_wrong_end_is_a_strike() -> None:
    """The server that fails at once fails for ever: after four times the session ends."""
    (closed,) = [each for each in wire.lines("vosk-wrong-eof") if each.get("event") == "closed"]
    verdict = judge(Ending(code=closed["code"]), VOSK.traits.codes)
    assert verdict.strike


def test_a_final_that_is_said_again_at_once_is_told_once() -> None:
    """Seen with a server of 2020 (vosk-server 40): the same words at the same times, next reply."""
    word = {"word": "eight", "start": 3.96, "end": 4.28829, "conf": 0.585446}
    final = {"result": [word], "text": "eight"}
    found = decode(final, final, final, {"partial": ""}, final)
    assert [len(items) for items in found] == [2, 1, 1, 1, 2]
    assert [items[-1] for items in found[:3]] == [proof(2, 2), proof(3, 3), proof(4, 4)]


def test_words_without_times_may_be_said_twice() -> None:
    found = decode({"text": "yes"}, {"text": "yes"})
    assert [each.text for each in wire.told(found)] == ["yes", "yes"]
    odd = {"result": [{"word": "yes", "start": None}], "text": "yes"}
    assert len(wire.told(decode(odd, odd))) == 2


def test_silence_is_proved_by_an_empty_final() -> None:
    assert decode({"text": ""}) == [(proof(2, 2),)]


def test_an_empty_final_withdraws_the_partial() -> None:
    withdrawn = Heard(text="", start=None, end=None, final=True)
    assert decode({"partial": "hm"}, {"text": ""}, {"text": ""}) == [
        (Heard(text="hm", start=None, end=None, final=False), proof(2)),
        (withdrawn, proof(3, 3)),
        (proof(4, 4),),
    ]
    assert decode({"partial": "hm"}, {"partial": ""}, {"partial": ""})[1:] == [
        (withdrawn, proof(3)),
        (proof(4),),
    ]


def test_the_best_alternative_is_told() -> None:
    result = [{"word": "one", "start": 0.5, "end": 0.9}]
    reply = {
        "alternatives": [
            {"confidence": 213.5, "text": "one", "result": result},
            {"confidence": 100.0, "text": "won"},
        ]
    }
    assert said(reply) == Heard(
        text="one",
        start=0.5,
        end=0.9,
        final=True,
        words=(Word(text="one", start=0.5, end=0.9),),
    )
    assert decode({"alternatives": []}) == [(proof(2, 2),)]


def test_words_without_times() -> None:
    assert said({"text": "one"}) == Heard(text="one", start=None, end=None, final=True)


def test_a_final_without_its_text_is_made_of_its_words() -> None:
    assert said({"result": [{"word": "one"}, {"word": "two"}, {"word": 3}]}).text == "one two"


@pytest.mark.parametrize("odd", ["nan", "-nan", "inf", "-INF", "NaN", "1e999", '"x"', "null", "[]"])
def test_odd_numbers_never_cost_the_words(odd: str) -> None:
    word = f'{{"conf": {odd}, "start": {odd}, "end": 0.9, "word": "nan"}}'
    heard = said(f'{{"result": [{word}], "text": "nan, inf"}}')
    assert heard.text == "nan, inf"
    assert heard.words == (Word(text="nan", end=0.9),)
    assert heard.confidence is None


@pytest.mark.parametrize("broken", ["", "no", '{"text": "a', "[]", "{", '"\\"', "nan"])
def test_what_cannot_be_read_is_a_reply_as_well(broken: str) -> None:
    ((first, second),) = decode(broken)
    assert isinstance(first, Malformed)
    assert second == proof(2)


def test_an_unknown_reply_is_a_reply_as_well() -> None:
    assert decode({"spk": []}) == [(Unknown(type="a reply without text"), proof(2))]


@settings(max_examples=some(150), deadline=None)
@given(st.lists(wire.any_message("vosk-ko"), max_size=6))
def test_no_message_raises(messages: list[Any]) -> None:
    found = wire.decode_all(VOSK, messages, BEGUN)
    wire.check_proofs(found)
    assert [each.received for each in wire.of(Proof, found)] == [
        2 + index for index in range(len(messages))
    ]
