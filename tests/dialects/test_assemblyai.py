"""AssemblyAI, streaming v3: its messages, turns that come twice, silence, and everything else.

The session is the one of AssemblyAI's documentation ("Message sequence"); the other messages are
those of its SDK (1.8.2).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects.assemblyai import AssemblyAI
from openline.dialects.assemblyai_rows import CROWDED, REFUSED, UNPAID
from openline.dialects.assemblyai_turns import TOLD_WITHIN, Told, Turns
from openline.dialects.checking import check_dialect
from openline.dialects.dry_run import dry_run
from openline.dialects.options import configured
from openline.dialects.protocol import (
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Message,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Sent,
    Status,
    Unknown,
    Word,
)
from openline.dialects.traits import Drain, Ends
from openline.reconnect.verdicts import Action
from tests.dialects.support_messages import (
    NOISE,
    VALUES,
    check_items,
    handshake,
    mutants,
    side_fields,
    spoiled,
)
from tests.support_profiles import some

U3 = AssemblyAI()
OLDER = AssemblyAI(model="universal-streaming-english")
PLAIN = AssemblyAI(model="universal-streaming-english", format_turns=False)
IDS = Ids(session_id="S", attempt_id="A", connection_id="C")
#: The most bytes that a memory may have.
MOST = 64 * 1024


def spoken(text: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    said = {"text": text, "start": start, "end": end, "confidence": 0.9, "word_is_final": True}
    return {**said, **more}


def turn(order: int, text: str, *words: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "Turn",
        "turn_order": order,
        "turn_is_formatted": False,
        "end_of_turn": False,
        "transcript": text,
        "end_of_turn_confidence": 0.5,
        "words": list(words),
        "utterance": "",
        **more,
    }


def ended(order: int, text: str, *words: dict[str, Any], **more: Any) -> dict[str, Any]:
    return turn(order, text, *words, end_of_turn=True, **more)


def formatted(order: int, text: str, *words: dict[str, Any], **more: Any) -> dict[str, Any]:
    return ended(order, text, *words, turn_is_formatted=True, **more)


def silence(start: float, end: float) -> dict[str, Any]:
    return {"type": "Silence", "start_ms": start * 1000, "end_ms": end * 1000}


def play(
    dialect: AssemblyAI, *messages: dict[str, Any], memory: Turns | None = None
) -> tuple[Turns, list[Message]]:
    """The memory and the items of some messages."""
    found: list[Message] = []
    turns: Turns = memory or dialect.begin()
    for message in messages:
        turns, items = check_items(dialect, turns, json.dumps(message))
        found += items
    return turns, found


def one(message: dict[str, Any], memory: Turns | None = None) -> Message:
    (item,) = play(U3, message, memory=memory)[1]
    return item


def heard(items: list[Message]) -> list[tuple[str, bool]]:
    return [(each.text, each.final) for each in items if isinstance(each, Heard)]


def finals(items: list[Message]) -> list[str]:
    return [text for text, is_final in heard(items) if is_final]


HI, MY, NAME = (spoken(*x) for x in (("hi", 1920, 2000), ("my", 2800, 2880), ("name", 2960, 3040)))
IS, SONNY = spoken("is", 3040, 3120), spoken("sonny", 3600, 3840)
OPEN = {"word_is_final": False}
#: "Hi my name is Sonny", as the documentation walks through it, without formatting and with.
SONNYS = (
    turn(0, "", {**HI, **OPEN}),
    turn(0, "hi", HI, {**MY, **OPEN}),
    turn(0, "hi my name is", HI, MY, NAME, IS, {**SONNY, **OPEN}),
    ended(0, "hi my name is sonny", HI, MY, NAME, IS, SONNY, utterance="Hi my name is sonny"),
)
FORMATTED = formatted(
    *(0, "Hi, my name is Sonny.", {**HI, "text": "Hi,"}, MY, NAME, IS),
    {**SONNY, "text": "Sonny."},
)
AGENT = (
    turn(1, "", spoken("i", 5200, 5280, **OPEN)),
    ended(1, "i am", spoken("i", 5200, 5280), spoken("am", 5440, 5520)),
    formatted(1, "I am.", spoken("I", 5200, 5280), spoken("am.", 5440, 5520)),
)
BEGIN: dict[str, Any] = {
    "type": "Begin",
    "id": "de5d9927",
    "expires_at": 1759796682,
    "configuration": {"model": "u3-rt-pro"},
}
HEARTBEAT = {
    "type": "Heartbeat",
    "total_audio_received_ms": 9000,
    "total_duration_ms": 9100,
    "realtime_factor": 0.98,
    "max_speech_probability": 0.1,
}
TERMINATION = {
    "type": "Termination",
    "audio_duration_seconds": 12,
    "session_duration_seconds": 13,
}
OTHERS = (
    *(BEGIN, HEARTBEAT, TERMINATION, silence(4, 5)),
    {"type": "Error", "error_code": 3008, "error": "Session Expired"},
    {"type": "Warning", "warning_code": 1, "warning": "slow"},
    {"type": "SpeechStarted", "timestamp": 1900, "confidence": 0.9},
    {"type": "SpeakerRevision", "revisions": [{"turn_order": 0, "speaker_label": "B"}]},
)
TEXTS = [json.dumps(each) for each in (*SONNYS, FORMATTED, *AGENT, *OTHERS)]


class TestWhatItSays:
    @pytest.mark.parametrize("dialect", [U3, OLDER, PLAIN])
    def test_it_can_be_used(self, dialect: AssemblyAI) -> None:
        check_dialect(dialect)
        dry_run(dialect)
        assert dialect.start(Turns(), IDS) == (Turns(), ())

    def test_it_says_what_the_maker_s_client_says(self) -> None:
        path, headers, said = handshake("assemblyai")
        memory, (stop,) = U3.stop(Turns(), IDS, Sent(seconds=3.5, audio=35, messages=35))
        assert [json.loads(stop)] == [json.loads(each) for each in said]
        assert memory == Turns(sent=3.5)
        assert dict(U3.headers("KEY")).items() <= headers.items()
        target = urlsplit(path)
        theirs = {name: value.lower() for name, value in parse_qsl(target.query)}
        assert theirs.items() <= dict(OLDER.query()).items()
        assert OLDER.traits.address is not None
        assert target.path == OLDER.traits.address.path

    def test_options_are_parameters(self) -> None:
        text = {
            "format_turns": "false",
            "detect_language": "true",
            "diarize": "true",
            "keyterms": "Riga,Oslo",
            "min_turn_silence": "200",
            "max_turn_silence": "1500",
        }
        assert configured(U3, text).query() == [
            ("sample_rate", "16000"),
            ("encoding", "pcm_s16le"),
            ("speech_model", "u3-rt-pro"),
            ("format_turns", "false"),
            ("session_heartbeat", "true"),
            ("acknowledge_silence", "true"),
            ("language_detection", "true"),
            ("speaker_labels", "true"),
            ("min_turn_silence", "200"),
            ("max_turn_silence", "1500"),
            ("keyterms_prompt", '["Riga","Oslo"]'),
        ]

    def test_audio_goes_as_it_is_and_a_flush_ends_an_open_turn(self) -> None:
        assert U3.audio(Turns(), "mic", b"\1\2", 7) == (Turns(), (b"\1\2",))
        opened = Turns(opened=1.5, opened_order=0)
        assert U3.flush(opened, Sent()) == (opened, ('{"type":"ForceEndpoint"}',))
        assert U3.flush(opened, Sent(idle=True)) == (opened, ('{"type":"ForceEndpoint"}',))
        assert U3.flush(Turns(), Sent(idle=True)) == (Turns(), ())

    def test_older_models_lose_words_by_a_flush_and_get_none(self) -> None:
        opened = Turns(opened=1.5, opened_order=0)
        assert OLDER.flush(opened, Sent()) == (opened, ())
        assert (OLDER.traits.flush_idle, U3.traits.flush_idle) == (None, 2.0)

    @pytest.mark.parametrize("dialect", [OLDER, U3], ids=["older", "u3"])
    def test_a_connection_is_left_by_the_message_that_proves_all(self, dialect: AssemblyAI) -> None:
        assert dialect.traits.drain is Drain.STOP


class TestTraits:
    def test_the_greeting_opens_the_line(self) -> None:
        assert (U3.traits.greets, U3.traits.replies) == (True, False)
        greeting = Status(state="Begin", text="de5d9927", ack=True)
        _, items = U3.decode(Turns(), json.dumps(BEGIN))
        assert items == (greeting, Expires(at=1_759_796_682.0))
        for odd in (None, True, "soon", -1, 0, 1e300):
            assert one(BEGIN | {"expires_at": odd}) == greeting

    def test_messages_have_the_length_that_the_server_takes(self) -> None:
        assert (U3.traits.form.usual, U3.traits.form.least) == (0.1, 0.05)

    @pytest.mark.parametrize(
        ("dialect", "ends", "silence"),
        [
            (U3, Ends.EXACT, True),
            (AssemblyAI(model="universal-3-pro-streaming"), Ends.EXACT, True),
            (AssemblyAI(model="universal-3-5-pro"), Ends.EXACT, True),
            (AssemblyAI(model="universal-3-6-pro"), Ends.EXACT, True),
            (AssemblyAI(model="universal-3-6"), Ends.EXACT, False),
            (AssemblyAI(model="universal-3-6", silence=True), Ends.EXACT, True),
            (AssemblyAI(silence=False), Ends.EXACT, False),
            (OLDER, Ends.EXACT, False),
            (AssemblyAI(model="whisper-rt"), Ends.CLAIMED, False),
        ],
    )
    def test_the_model_decides_what_is_proof(
        self, dialect: AssemblyAI, ends: Ends, silence: bool
    ) -> None:
        assert (dialect.traits.ends, dialect.traits.proves_silence) == (ends, silence)
        assert (("acknowledge_silence", "true") in dialect.query()) == silence

    def test_a_region_has_a_host(self) -> None:
        address = AssemblyAI(region="eu").traits.address
        assert address is not None
        assert address.host == "streaming.eu.assemblyai.com"
        with pytest.raises(ValueError, match="region is 'moon': give one of us, eu"):
            AssemblyAI(region="moon")

    @pytest.mark.parametrize(
        ("code", "action"),
        [
            *((3005, Action.LATER), (3006, Action.FATAL), (3007, Action.RETRY)),
            *((3008, Action.RETRY), (3009, Action.LATER)),
            *((1008, Action.REAUTH), (1013, Action.LATER)),
        ],
    )
    def test_each_code_of_the_reference_has_a_rule(self, code: int, action: Action) -> None:
        item = one({"type": "Error", "error_code": code, "error": "so"})
        assert isinstance(item, Refusal)
        assert (item.row.action, item.text) == (action, "so")
        assert code in (1008, 1013) or U3.traits.codes[code] is item.row


class TestTurns:
    def test_a_turn_without_formatting(self) -> None:
        turns, items = play(PLAIN, *SONNYS)
        assert heard(items) == [
            ("hi", False),
            ("hi my", False),
            ("hi my name is sonny", False),
            ("hi my name is sonny", True),
        ]
        assert items[-1] == Heard(
            text="hi my name is sonny",
            start=1.92,
            end=3.84,
            final=True,
            segment_id="0",
            words=tuple(
                Word(text=text, start=start, end=end, confidence=0.9)
                for text, start, end in (
                    *(("hi", 1.92, 2.0), ("my", 2.8, 2.88), ("name", 2.96, 3.04)),
                    *(("is", 3.04, 3.12), ("sonny", 3.6, 3.84)),
                )
            ),
        )
        assert turns == Turns(told=(Told(0, 1.92, 3.84),))

    def test_its_formatted_repetition_is_no_second_final(self) -> None:
        assert finals(play(PLAIN, *SONNYS, FORMATTED)[1]) == ["hi my name is sonny"]

    def test_with_formatting_the_second_is_the_final(self) -> None:
        turns, items = play(OLDER, *SONNYS, FORMATTED, *AGENT)
        assert finals(items) == ["Hi, my name is Sonny.", "I am."]
        assert turns == Turns(told=(Told(0, 1.92, 3.84), Told(1, 5.2, 5.52)))

    def test_until_then_the_first_is_shown(self) -> None:
        turns, items = play(OLDER, *SONNYS)
        assert heard(items)[-1] == ("hi my name is sonny", False)
        assert turns.ended is not None
        assert (turns.told, turns.ended_order, turns.ended.final) == ((), 0, True)

    def test_u3_formats_the_end_itself(self) -> None:
        assert finals(play(U3, FORMATTED)[1]) == ["Hi, my name is Sonny."]
        assert finals(play(U3, SONNYS[-1])[1]) == ["hi my name is sonny"]

    def test_a_turn_that_is_never_formatted_is_told_at_the_next_end(self) -> None:
        _, items = play(OLDER, *SONNYS, *AGENT)
        assert finals(items) == ["hi my name is sonny", "I am."]
        _, items = play(OLDER, *SONNYS, AGENT[-1])
        assert finals(items) == ["hi my name is sonny", "I am."]

    def test_a_formatted_turn_that_comes_too_late_is_not_told_again(self) -> None:
        _, items = play(OLDER, *SONNYS, *AGENT[:2], FORMATTED, AGENT[2])
        assert finals(items) == ["hi my name is sonny", "I am."]

    def test_a_part_or_an_end_of_a_told_turn_is_old(self) -> None:
        turns, _ = play(OLDER, *SONNYS, FORMATTED)
        assert play(OLDER, *SONNYS, memory=turns) == (turns, [])

    @pytest.mark.parametrize("ending", [TERMINATION, {"type": "Error", "error_code": 3005}])
    def test_a_turn_that_is_never_formatted_is_told_at_the_end(
        self, ending: dict[str, Any]
    ) -> None:
        turns, items = play(OLDER, *SONNYS, ending)
        assert finals(items) == ["hi my name is sonny"]
        assert isinstance(items[-1], FinalMessage | Refusal)
        assert (turns.told, turns.ended) == ((Told(0, 1.92, 3.84),), None)

    def test_turns_without_a_number_are_each_told(self) -> None:
        odd = [{**each, "turn_order": "?"} for each in (FORMATTED, FORMATTED)]
        assert finals(play(OLDER, *odd)[1]) == ["Hi, my name is Sonny."] * 2
        end = {**SONNYS[-1], "turn_order": None}
        assert finals(play(OLDER, end, TERMINATION)[1]) == ["hi my name is sonny"]

    def test_a_turn_without_a_number_that_is_formatted_is_told_once(self) -> None:
        first, second = ({**each, "turn_order": None} for each in (SONNYS[-1], FORMATTED))
        _, items = play(OLDER, first, second, TERMINATION)
        assert finals(items) == ["Hi, my name is Sonny."]
        first["words"] = second["words"] = None
        assert finals(play(OLDER, first, second, TERMINATION)[1]) == ["Hi, my name is Sonny."]

    @pytest.mark.parametrize("without", [(), (0,), (1,), (0, 1)], ids=str)
    def test_a_turn_without_a_number_that_lies_elsewhere_is_another(
        self, without: tuple[int, ...]
    ) -> None:
        """Also where its times are unknown: a turn is sent once before it is formatted."""
        ends = [{**each, "turn_order": None} for each in (SONNYS[-1], AGENT[1])]
        for each in without:
            ends[each]["words"] = None
        _, items = play(OLDER, *ends, TERMINATION)
        assert finals(items) == ["hi my name is sonny", "i am"]

    def test_a_turn_of_one_instant_is_told_once(self) -> None:
        both = (each(0, "Yes.", spoken("Yes.", 500, 500)) for each in (ended, formatted))
        assert finals(play(OLDER, *both, TERMINATION)[1]) == ["Yes."]

    def test_an_order_that_goes_back_tells_nothing_twice(self) -> None:
        late, early = AGENT[1], SONNYS[-1]
        turns, items = play(OLDER, late, FORMATTED, AGENT[2], early, FORMATTED)
        assert finals(items) == ["i am", "Hi, my name is Sonny."]
        assert [each.order for each in turns.told] == [1, 0]

    @pytest.mark.parametrize("dialect", [U3, OLDER, PLAIN])
    def test_an_order_that_does_not_rise_loses_no_turn(self, dialect: AssemblyAI) -> None:
        turns = [
            formatted(order, f"Turn {at}.", spoken("Turn", at, at), spoken(f"{at}.", at, at + 900))
            for at, order in ((1000, 3), (2000, 3), (3000, 1), (4000, 0), (5000, 0))
        ]
        _, items = play(dialect, *turns, *turns[-1:], TERMINATION)
        assert finals(items) == [f"Turn {at}." for at in (1000, 2000, 3000, 4000, 5000)]

    def test_what_a_turn_has_behind_its_end_is_told(self) -> None:
        more = formatted(0, "I am here.", spoken("I", 0, 80), spoken("am", 90, 200))
        more["words"].append(spoken("here.", 200, 500))
        first = formatted(0, "I am.", spoken("I", 0, 80), spoken("am.", 90, 200))
        _, items = play(U3, first, more, more)
        found = [(each.text, each.start, each.end) for each in items if isinstance(each, Heard)]
        assert found == [("I am.", 0.0, 0.2), ("here.", 0.2, 0.5)]

    @pytest.mark.parametrize("dialect", [U3, OLDER, PLAIN])
    def test_a_turn_that_lies_before_one_of_its_number_is_told(self, dialect: AssemblyAI) -> None:
        late = formatted(0, "So.", spoken("So.", 3000, 5000))
        early = formatted(0, "Yes.", spoken("Yes.", 1000, 2000))
        _, items = play(dialect, late, early, late, early, TERMINATION)
        assert finals(items) == ["So.", "Yes."]

    def test_what_a_turn_has_between_those_of_its_number_is_told(self) -> None:
        spans = {"a": (1, 2), "b": (2, 3), "c": (3, 5), "d": (5, 6)}
        words = {each: spoken(each, a * 1000, b * 1000) for each, (a, b) in spans.items()}
        said = (formatted(0, x, *map(words.__getitem__, x)) for x in ("c", "a", "abc", "abcd"))
        _, items = play(U3, *said)
        found = [(each.text, each.start, each.end) for each in items if isinstance(each, Heard)]
        assert found == [("c", 3, 5), ("a", 1, 2), ("b", 2, 3), ("d", 5, 6)]

    def test_a_turn_without_times_that_is_said_again_is_told_once(self) -> None:
        _, items = play(U3, formatted(0, "Yes."), formatted(0, "Yes.", spoken("Yes.", 0, 500)))
        assert finals(items) == ["Yes."]

    def test_few_told_turns_are_remembered(self) -> None:
        many = [formatted(n, "Yes.", spoken("Yes.", 1000 * n, 1000 * n + 900)) for n in range(50)]
        turns, items = play(U3, *many)
        assert len(finals(items)) == 50
        assert [each.order for each in turns.told] == [*range(42, 50)]

    def test_a_kept_turn_of_many_words_is_small(self) -> None:
        words = [spoken(f"{n:0>12}", n, n) for n in range(2000)]
        turns, items = play(OLDER, ended(0, "many", *words), TERMINATION)
        assert finals(items) == ["many"]
        turns, _ = play(OLDER, ended(0, "many", *words))
        assert turns.ended is not None
        assert (turns.ended.words, turns.ended.end) == ((), 1.999)

    def test_a_turn_of_two_speakers_becomes_two(self) -> None:
        words = spoken("Hi.", 0, 500, speaker="A"), spoken("Yes?", 900, 1200, speaker="B")
        _, items = play(U3, formatted(0, "Hi. Yes?", *words, speaker_label="A"))
        found = [(x.text, x.start, x.end, x.speaker) for x in items if isinstance(x, Heard)]
        assert found == [("Hi.", 0.0, 0.9, "A"), ("Yes?", 0.9, 1.2, "B")]

    def test_the_speaker_and_the_language_of_a_turn(self) -> None:
        item = one(
            formatted(0, "Hi.", spoken("Hi.", 0, 500), speaker_label="A", language_code="en")
        )
        assert isinstance(item, Heard)
        assert (item.speaker, item.language) == ("A", "en")

    def test_without_a_transcript_the_words_are_the_text(self) -> None:
        assert heard([one({**FORMATTED, "transcript": None})]) == [("Hi, my name is Sonny.", True)]
        assert heard([one({**FORMATTED, "words": None})]) == [("Hi, my name is Sonny.", True)]

    @pytest.mark.parametrize("is_over", [True, False])
    def test_neither_transcript_nor_words(self, is_over: bool) -> None:
        item = one({"type": "Turn", "end_of_turn": is_over, "words": [{"text": ""}, 3]})
        assert item == Malformed(why="Turn: no transcript", words=is_over)

    @settings(max_examples=some(150), deadline=None)
    @given(data=st.data())
    def test_a_side_field_of_any_type_costs_no_text(self, data: st.DataObject) -> None:
        message: Any = FORMATTED
        paths = side_fields(json.dumps(message), ("type",), ("end_of_turn",), ("transcript",))
        for path in data.draw(st.lists(st.sampled_from(paths), max_size=2)):
            message = spoiled(message, path, data.draw(VALUES))
        assert " ".join(finals(play(U3, message)[1])) == "Hi, my name is Sonny."


class TestProof:
    def test_a_heartbeat_is_a_receipt(self) -> None:
        assert one(HEARTBEAT) == Proof(received=9.0)
        item = one({"type": "Heartbeat", "total_audio_received_ms": -1})
        assert item == Malformed(why="Heartbeat: no figure", words=False)

    def test_silence_proves_what_is_old(self) -> None:
        turns, items = play(U3, silence(0, 4), silence(4, 9), silence(8.5, 9.5), silence(5, 8))
        assert items == [Proof(confirmed=4.0), Proof(confirmed=4.5)]
        assert turns.proved == 4.5

    def test_a_turn_may_end_later_where_the_silence_behind_it_is_set(self) -> None:
        """Up to 10 s, in which reports of silence follow; without parts no turn is open."""
        for slow in (AssemblyAI(max_turn_silence=8000), AssemblyAI(min_turn_silence=8000)):
            _, items = play(slow, silence(0, 20))
            assert items == [Proof(confirmed=20.0 - 8.0 - TOLD_WITHIN)]

    def test_silence_without_an_end(self) -> None:
        item = one({"type": "Silence", "end_ms": "soon"})
        assert item == Malformed(why="Silence: no end", words=False)

    def test_it_proves_nothing_of_an_open_turn(self) -> None:
        _, items = play(U3, SONNYS[1], silence(4, 30))
        assert items[-1] == Proof(confirmed=1.92)

    def test_nor_of_one_that_is_still_to_be_formatted(self) -> None:
        _, items = play(OLDER, *SONNYS, silence(4, 30), FORMATTED, silence(30, 31))
        proofs = [each for each in items if isinstance(each, Proof)]
        assert proofs == [Proof(confirmed=1.92), Proof(confirmed=26.0)]

    def test_an_earlier_end_leaves_a_later_turn_open(self) -> None:
        _, items = play(OLDER, *SONNYS, AGENT[0], FORMATTED, silence(6, 30))
        assert items[-1] == Proof(confirmed=5.2)

    def test_words_without_times_hold_every_proof(self) -> None:
        timeless = turn(0, "", {"text": "so"})
        assert play(U3, silence(0, 9), timeless, silence(9, 30))[1][-1] != Proof(confirmed=25.0)
        kept = ended(0, "so")
        assert play(OLDER, kept, silence(9, 30))[1][-1] == Heard(
            text="so", start=None, end=None, final=False, segment_id="0"
        )

    def test_a_part_without_words_opens_nothing(self) -> None:
        _, items = play(U3, SONNYS[1], turn(0, ""), silence(4, 30))
        assert items[-1] == Proof(confirmed=25.0)

    @settings(max_examples=some(100), deadline=None)
    @given(data=st.data(), dialect=st.sampled_from([U3, OLDER, PLAIN]))
    def test_no_proof_lies_behind_words_that_were_not_told(
        self, data: st.DataObject, dialect: AssemblyAI
    ) -> None:
        """A server that ends each turn within 4.9 s, and reports silence wherever none speaks."""
        times = st.floats(0.3, 4.9)
        now, schedule, spans = 0.0, list[tuple[float, dict[str, Any]]](), list[tuple[float, str]]()
        for order in range(data.draw(st.integers(1, 5))):
            start = now + data.draw(st.floats(0.1, 12))
            end = start + data.draw(times)
            over = end + data.draw(times)
            text = f"turn {order}."
            words = (
                spoken("turn", start * 1000, end * 1000),
                spoken(text[5:], end * 1000, end * 1000),
            )
            schedule += [
                (start + 0.75, turn(order, "turn", words[0])),
                (over, ended(order, text, *words)),
                (over + 0.1, formatted(order, text, *words)),
            ]
            quiet, at = [(now, start), (end, over)], now
            for a, b in quiet:
                at = a + 1
                while at < b:
                    schedule.append((at, silence(a, at)))
                    at += 1
            spans.append((start, text))
            now = over
        turns, told = dialect.begin(), list[str]()
        for _, message in sorted(schedule, key=lambda each: each[0]):
            turns, items = check_items(dialect, turns, json.dumps(message))
            told += finals(items)
            for proof in (each for each in items if isinstance(each, Proof)):
                assert proof.confirmed is not None
                untold = [start for start, text in spans if text not in told]
                assert proof.confirmed <= min(untold, default=now) + 1e-6
        assert told == [text for _, text in spans]

    def test_that_server_is_slower_than_the_assumption(self) -> None:
        assert TOLD_WITHIN > 4.9


def test_the_models_that_came_after_u3_end_a_turn_once() -> None:
    """AssemblyAI, Streaming diarization, recommends the last of these; others report silence."""
    for model in ("u3-rt-pro", "universal-3-6-pro", "assemblyai-stt-3-7-realtime"):
        dialect = AssemblyAI(model=model)
        assert dialect.traits.proves_silence == model.endswith("pro")
        assert finals(play(dialect, ended(0, "yes", spoken("yes", 0, 500)))[1]) == ["yes"]


class TestTheEnd:
    @pytest.mark.parametrize(
        ("sent", "until"), [(None, 12.0), (12.9, None), (12.0, None), (13.1, 12.0)]
    )
    def test_it_proves_whole_seconds(self, sent: float | None, until: float | None) -> None:
        item = one(TERMINATION, Turns(sent=sent))
        assert isinstance(item, FinalMessage)
        assert (item.until, item.proves) == (until, True)
        assert item.summary == {"audio_duration_seconds": 12, "session_duration_seconds": 13}

    def test_without_a_figure_it_answers_the_stop_or_proves_nothing(self) -> None:
        bare = {"type": "Termination"}
        assert one(bare, Turns(sent=5.0)) == FinalMessage(summary={})
        assert one(bare) == FinalMessage(summary={}, proves=False)
        negative = {"type": "Termination", "audio_duration_seconds": -3}
        assert one(negative, Turns(sent=5.0)) == FinalMessage(
            summary={"audio_duration_seconds": -3}, until=0.0
        )

    def test_it_proves_nothing_of_a_turn_that_did_not_end(self) -> None:
        turns, _ = play(U3, SONNYS[1])
        item = one(TERMINATION, msgspec.structs.replace(turns, sent=12.0))
        assert isinstance(item, FinalMessage)
        assert item.until == 1.92


class TestEverythingElse:
    def test_an_error_without_a_known_code_leaves_the_verdict_to_the_close(self) -> None:
        """The SDK has the code as optional; the close that follows has it, as 1008 for a key."""
        said = "Unauthorized Connection: Missing Authorization header"
        for code in (None, "x", 4001, 4999, 10**400):
            message = {"type": "Error", "error_code": code, "error": said}
            assert one(message) == Remark(text=said)
        assert one({"type": "Error"}) == Remark(text="an error without a text")

    def test_an_error_may_have_no_type(self) -> None:
        """The maker's own client takes any object with an ``error`` for one (1.8.2)."""
        said = "Unauthorized Connection: Insufficient account balance"
        assert one({"error": said}) == Remark(text=said)
        assert one({"error": said, "error_code": 1008}) == Refusal(row=UNPAID, text=said)

    def test_a_balance_that_is_spent_is_no_wrong_key(self) -> None:
        said = "Unauthorized Connection: Insufficient account balance"
        refusal = one({"type": "Error", "error_code": 1008, "error": said})
        assert refusal == Refusal(row=UNPAID, text=said)
        assert UNPAID.action is Action.FATAL

    def test_older_servers_say_1008_when_they_are_crowded(self) -> None:
        said = "Unauthorized Connection: Too many concurrent sessions"
        assert one({"type": "Error", "error_code": 1008, "error": said}) == Refusal(
            row=CROWDED, text=said
        )
        assert one({"type": "Error", "error_code": 1008}) == Refusal(row=REFUSED, text="")

    def test_a_warning_is_told(self) -> None:
        warning = {"type": "Warning", "warning_code": 1, "warning": "slow"}
        assert one(warning) == Status(state="Warning", text="slow")

    def test_the_beginning_of_speech_and_other_speakers_are_noticed(self) -> None:
        speech, revision = OTHERS[-2:]
        assert one(speech) == Noticed(
            kind="speech_started", payload={"timestamp": 1900, "confidence": 0.9}
        )
        assert one(revision) == Noticed(
            kind="speaker_revision",
            payload={"revisions": [{"turn_order": 0, "speaker_label": "B"}]},
        )

    def test_an_unknown_type_is_tolerated(self) -> None:
        assert one({"type": "LLMGatewayResponse"}) == Unknown(type="LLMGatewayResponse")
        assert one({"type": []}) == Unknown(type="no type")

    @pytest.mark.parametrize("data", ["no", "[]", b"\xff", "[" * 100_000])
    def test_no_message(self, data: str | bytes) -> None:
        (item,) = check_items(U3, Turns(), data)[1]
        assert isinstance(item, Malformed)

    @settings(max_examples=some(150), deadline=None)
    @given(
        st.lists(NOISE | mutants(TEXTS), max_size=8),
        st.sampled_from([U3, OLDER, PLAIN]),
    )
    def test_anything_decodes(self, arrived: list[str | bytes], dialect: AssemblyAI) -> None:
        turns, confirmed = dialect.begin(), 0.0
        for data in arrived:
            turns, items = check_items(dialect, turns, data)
            assert len(msgspec.json.encode(turns)) <= MOST
            for each in items:
                if isinstance(each, Proof) and each.confirmed is not None:
                    assert each.confirmed >= confirmed
                    confirmed = each.confirmed
