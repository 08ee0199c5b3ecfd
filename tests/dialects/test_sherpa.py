"""The dialect of sherpa-onnx, held to a recording of the real server with a stand-in model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects import (
    Drain,
    Encoding,
    End,
    Ends,
    FinalMessage,
    Heard,
    Malformed,
    Message,
    Proof,
    Refusal,
    Sent,
    Unknown,
    Word,
)
from openline.dialects.sherpa import ONSET, Sherpa
from openline.reconnect.verdicts import Action
from tests.dialects import support_wire as wire
from tests.support_profiles import some

SHERPA = Sherpa()
WITHDRAWN = Heard(text="", start=None, end=None, final=True)


def state(text: str = "", *times: float, **fields: object) -> str:
    """A message of the server."""
    given = {
        "text": text,
        "tokens": [f" {each}" for each in text.split()],
        "timestamps": list(times),
        "num_trailing_blanks": 0,
        "start_time": 0.0,
        "is_final": False,
        "is_eof": False,
    }
    return json.dumps(given | fields)


def decode(*messages: str | bytes, sherpa: Sherpa = SHERPA) -> list[tuple[Message, ...]]:
    return wire.decode_all(sherpa, messages)


def proof(drained: float, confirmed: float) -> Proof:
    return Proof(received=drained, drained=drained, confirmed=confirmed)


def test_it_can_be_used() -> None:
    wire.check_whole(SHERPA)
    traits = SHERPA.traits
    assert (traits.greets, traits.replies, traits.queue) == (False, False, None)
    assert (traits.end, traits.ends, traits.drain) == (End.MESSAGE, Ends.EXACT, Drain.STOP)
    assert (traits.form.encoding, traits.form.rate) == (Encoding.F32LE, 16000)
    with pytest.raises(ValueError, match="option subsampling: 0"):
        Sherpa(subsampling=0)


def test_messages_to_the_server_are_as_recorded() -> None:
    out = [each for each in wire.lines("sherpa-onnx") if each["dir"] == "out"]
    memory = SHERPA.begin()
    assert SHERPA.start(memory, wire.IDS) == (memory, ())
    assert SHERPA.audio(memory, "mic", b"\0\0\0\0", 0) == (memory, (b"\0\0\0\0",))
    assert SHERPA.stop(memory, wire.IDS, wire.SENT)[1] == (out[-1]["text"],)


def test_the_first_messages_of_the_recording() -> None:
    found = wire.decode_all(SHERPA, wire.incoming("sherpa-onnx")[:2])
    assert found[0] == (
        Heard(
            text="soft loud",
            start=0.12,
            end=0.24,
            final=False,
            words=(
                Word(text="soft", start=0.12, end=0.16),
                Word(text="loud", start=0.2, end=0.24),
            ),
        ),
        proof(0.24, 0.0),
    )
    assert found[1][1] == proof(0.52, 0.0)


def test_the_finals_of_the_recording() -> None:
    """Each confirms its words and the silence behind them but ``ONSET``; the last one, all."""
    found = wire.decode_all(SHERPA, wire.incoming("sherpa-onnx"))
    finals = wire.told(found)
    assert [(each.start, each.end) for each in finals] == [
        (0.12, 3.16),
        (7.96, 9.16),
        (11.76, 19.48),
    ]
    assert [len(each.words) for each in finals] == [26, 10, 52]
    assert finals[1].text == "soft loud soft soft soft soft soft soft loud soft"
    proofs = [items[1] for items in found if items and items[0] in finals]
    assert proofs == [proof(3.76, 3.26), proof(9.76, 9.26), proof(20.12, 20.12)]
    assert found[-1] == (FinalMessage(summary={}),)


def test_the_whole_recording() -> None:
    """Nothing is confirmed beyond words that are not final yet, and each word is told once."""
    found = wire.decode_all(SHERPA, wire.incoming("sherpa-onnx"))
    wire.check_proofs(found)
    words = [each for final in wire.told(found) for each in final.words]
    assert wire.rises(each.start for each in words)
    confirmed = 0.0
    for items in found:
        for item in items:
            if isinstance(item, Heard) and item.start is not None:
                assert item.start >= confirmed
            if isinstance(item, Proof):
                confirmed = item.confirmed or confirmed


def test_the_last_message_confirms_what_is_decoded() -> None:
    """Else a dial lost just before ``Done!`` would have its last half second sent again."""
    last = state("one", 4.0, num_trailing_blanks=9, is_final=True, is_eof=True)
    assert [each.confirmed for each in wire.of(Proof, decode(last))] == [4.36]


def test_silence_is_proved_without_words() -> None:
    assert decode(state(num_trailing_blanks=50), state(num_trailing_blanks=100)) == [
        (proof(2.0, 2.0 - ONSET),),
        (proof(4.0, 4.0 - ONSET),),
    ]


def test_what_is_open_is_not_confirmed() -> None:
    """Silence up to 4 s, then words that began at 4.6 s: not even their onset is confirmed."""
    found = decode(
        state(num_trailing_blanks=100),
        state("one", 4.6, num_trailing_blanks=10),
        state("one two", 4.6, 9.0),
    )
    assert [each.confirmed for each in wire.of(Proof, found)] == [3.5, 4.1, 4.1]
    assert [each.drained for each in wire.of(Proof, found)] == [4.0, 5.0, 9.0]


def test_the_next_segment_proves_all_before_it() -> None:
    found = decode(state("one", 1.0, num_trailing_blanks=15, is_final=True), state(start_time=2.0))
    assert found[0][1] == proof(1.6, 1.1)
    assert found[1] == (proof(2.0, 2.0),)


def test_a_state_that_says_nothing_new_proves_nothing() -> None:
    assert decode(state(), state(num_trailing_blanks=5), state(num_trailing_blanks=5)) == [
        (),
        (proof(0.2, 0.0),),
        (),
    ]


def test_words_that_are_taken_back_are_withdrawn() -> None:
    found = decode(state("one", 1.0), state(num_trailing_blanks=50), state(is_final=True))
    assert found[1] == (WITHDRAWN, proof(2.0, 1.5))
    assert found[2] == ()
    assert decode(state("one", 1.0), state(is_final=True))[1] == (WITHDRAWN,)


def test_done_behind_the_last_message_proves_all() -> None:
    last = state("one two", 1.0, 2.0, is_final=True, is_eof=True)
    assert decode(last, b"Done!")[1] == (FinalMessage(summary={}),)


def test_done_without_the_last_message_proves_what_was_decoded() -> None:
    """A chunk that was not full is never decoded, and ``Done!`` says nothing of it."""
    told = state("one", 1.0, num_trailing_blanks=25, is_final=True)
    assert decode(told, "Done!")[1] == (FinalMessage(summary={}, until=2.0),)
    assert decode("Done!")[0] == (FinalMessage(summary={}, until=0.0),)


def test_words_that_never_became_final_are_told_at_the_end() -> None:
    (_, ended) = decode(state("one two", 1.0, 2.0), "Done!")
    assert ended == (
        Heard(text="one two", start=1.0, end=2.04, final=True),
        FinalMessage(summary={}, until=2.0),
    )


def test_the_last_message_behind_done_tells_what_is_new() -> None:
    """Another thread sends ``Done!``: it may overtake the last state, whose words were told."""
    last = state("one two three", 1.0, 2.0, 3.0, is_final=True, is_eof=True)
    (_, _, late) = decode(state("one two", 1.0, 2.0), "Done!", last)
    three = Word(text="three", start=3.0, end=3.04)
    assert wire.told([late]) == [
        Heard(text="three", start=3.0, end=3.04, final=True, words=(three,))
    ]
    same = state("one two", 1.0, 2.0, is_final=True, is_eof=True)
    (_, _, late) = decode(state("one two", 1.0, 2.0), "Done!", same)
    assert wire.of(Heard, [late]) == []


def test_the_last_message_behind_done_with_other_words_is_told() -> None:
    """Rather a word twice than none; and another segment has words of its own."""
    for last in (
        state("won two", 1.0, 2.0, is_final=True, is_eof=True),
        state("one two", 1.0, 2.0, start_time=4.0, is_final=True, is_eof=True),
    ):
        (_, _, late) = decode(state("one two", 1.0, 2.0), "Done!", last)
        assert [each.text for each in wire.told([late])] == [json.loads(last)["text"]]


def test_of_no_audio_there_is_no_last_message() -> None:
    memory, _ = SHERPA.stop(SHERPA.begin(), wire.IDS, Sent())
    assert SHERPA.decode(memory, "Done!")[1] == (FinalMessage(summary={}),)
    memory, _ = SHERPA.stop(SHERPA.begin(), wire.IDS, Sent(seconds=1.0, audio=10, messages=10))
    assert SHERPA.decode(memory, "Done!")[1] == (FinalMessage(summary={}, until=0.0),)


def test_words_whose_final_was_broken_are_told_with_the_next_segment() -> None:
    (_, _, after) = decode(state("one", 1.0), "{broken", state("two", 0.5, start_time=3.0))
    assert after[:2] == (
        Heard(text="one", start=1.0, end=1.04, final=True),
        Heard(
            text="two",
            start=3.5,
            end=3.54,
            final=False,
            words=(Word(text="two", start=3.5, end=3.54),),
        ),
    )
    assert decode(state("one", 1.0), state(start_time=3.0))[1][:1] == (
        Heard(text="one", start=1.0, end=1.04, final=True),
    )


def test_a_model_with_another_subsampling() -> None:
    """The server wrote half of the true times: its segment ended at 7.84 s."""
    final = next(each for each in wire.incoming("sherpa-onnx") if '"is_final": true' in each)
    heard, proved = decode(final, sherpa=Sherpa(subsampling=8))[0]
    assert isinstance(heard, Heard)
    assert (heard.start, heard.end) == (0.24, 6.32)
    assert proved == proof(7.52, 7.02)


def test_tokens_are_put_together_to_words() -> None:
    tokens = ["\u2581he", "llo", " ", "you"]
    message = state("hello you", 0.2, 0.4, 0.6, 0.8, tokens=tokens, is_final=True)
    heard = decode(message)[0][0]
    assert isinstance(heard, Heard)
    assert heard.words == (
        Word(text="hello", start=0.2, end=0.44),
        Word(text="you", start=0.6, end=0.84),
    )


@pytest.mark.parametrize(
    "spoilt",
    [
        {"tokens": None},
        {"tokens": [1]},
        {"tokens": [" two"]},
        {"tokens": [" one", " two"]},
    ],
)
def test_tokens_that_are_not_the_text_are_no_words(spoilt: dict[str, Any]) -> None:
    heard = decode(state("one", 1.0, is_final=True, **spoilt))[0][0]
    assert heard == Heard(text="one", start=1.0, end=1.04, final=True)


@pytest.mark.parametrize("times", [None, "x", [None], [float("nan")], []])
def test_words_without_times_begin_with_their_segment(times: object) -> None:
    found = decode(
        state("one", timestamps=times, start_time=2.0, num_trailing_blanks=9),
        state("one", timestamps=times, start_time=2.0, is_final=True, num_trailing_blanks=9),
    )
    assert found[0] == (Heard(text="one", start=2.0, end=None, final=False), proof(2.0, 2.0))
    assert found[1] == (Heard(text="one", start=2.0, end=None, final=True),)


def test_odd_figures_never_cost_the_words() -> None:
    odd = '{"text": "one", "start_time": nan, "num_trailing_blanks": -inf, "is_final": true}'
    assert decode(odd) == [(Heard(text="one", start=0.0, end=None, final=True),)]
    back = decode(state(start_time=5.0), state("one", 1.0, start_time=2.0, is_final=True))
    assert back[1][0] == Heard(
        text="one",
        start=6.0,
        end=6.04,
        final=True,
        words=(Word(text="one", start=6.0, end=6.04),),
    )


def test_open_words_are_remembered_up_to_a_limit() -> None:
    (_, ended) = decode(state("あ" * 30000, 1.0), "Done!")
    assert isinstance(ended[0], Heard)
    assert ended[0].text == "あ" * 8000


def test_an_older_server_ends_with_a_final() -> None:
    """It has no is_eof: the state before ``Done!`` is final once all that it has is decoded."""
    cases = ("open", "endpoint", "silence", "last")
    texts = [wire.from_source(f"sherpa-old-{case}") for case in cases]
    memory, _ = SHERPA.stop(SHERPA.begin(), wire.IDS, Sent(seconds=6.0, audio=60, messages=60))
    found = wire.decode_all(SHERPA, [*texts, "Done!"], memory)
    assert [each.text for each in wire.told(found)] == ["one two", "three"]
    assert found[-1] == (FinalMessage(summary={}),)


def test_an_older_server_that_says_done_early_proves_what_it_decoded() -> None:
    """A pause ends a segment as well: then the next state follows, and it is not final."""
    pause, silence = (wire.from_source(f"sherpa-old-{case}") for case in ("endpoint", "silence"))
    memory, _ = SHERPA.stop(SHERPA.begin(), wire.IDS, Sent(seconds=6.0, audio=60, messages=60))
    found = wire.decode_all(SHERPA, [pause, silence, "Done!"], memory)
    assert found[-1] == (FinalMessage(summary={}, until=4.0),)
    assert decode(pause, "Done!")[-1] == (FinalMessage(summary={}, until=2.0),)


def test_the_python_server_is_refused() -> None:
    """It says neither times nor which state of a segment is the last, and never ``Done!``."""
    (refusal,) = decode(wire.from_source("sherpa-python"))[0]
    assert isinstance(refusal, Refusal)
    assert refusal.row.action is Action.FATAL
    assert "sherpa-onnx-online-websocket-server" in refusal.row.why


def test_what_cannot_be_read() -> None:
    assert isinstance(decode("Done")[0][0], Malformed)
    assert decode("{}") == [(Unknown(type="an object without text"),)]


@settings(max_examples=some(150), deadline=None)
@given(st.lists(wire.any_message("sherpa-onnx"), max_size=6))
def test_no_message_raises(messages: list[Any]) -> None:
    wire.check_proofs(wire.decode_all(SHERPA, messages))
