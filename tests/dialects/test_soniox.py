"""The Soniox dialect: tokens become words, and two figures prove what was transcribed.

The messages are the examples of Soniox's documentation and the test vectors of its own clients.
What they decode to is written by hand.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects.checking import check_dialect
from openline.dialects.dry_run import dry_run
from openline.dialects.options import configured, recorded
from openline.dialects.protocol import (
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Message,
    Proof,
    Refusal,
    Sent,
    Unknown,
    Word,
)
from openline.dialects.registry import BUILT_IN
from openline.dialects.soniox import Soniox, SonioxMemory
from openline.dialects.soniox_rows import ERRORS, OTHER, PASSING, TYPES
from openline.dialects.soniox_tokens import MOST_PIECES
from openline.reconnect.verdicts import Action, Rule
from tests.dialects.fuzzing import anything, play
from tests.support_profiles import some

DIALECT = Soniox()
IDS = Ids(session_id="S", attempt_id="A", connection_id="C")


def token(text: Any, start: Any = None, end: Any = None, *, final: Any = True, **more: Any) -> Any:
    given: dict[str, Any] = {"text": text, "is_final": final, **more}
    if start is not None:
        given |= {"start_ms": start, "end_ms": end}
    return given


class Line:
    """A dial: what arrives, with the memory from message to message."""

    def __init__(self, memory: SonioxMemory | None = None) -> None:
        self.memory = DIALECT.begin() if memory is None else memory

    def got(self, *tokens: Any, final: Any = None, total: Any = None, **more: Any) -> list[Message]:
        message = {"tokens": list(tokens), **more}
        if final is not None:
            message["final_audio_proc_ms"] = final
        if total is not None:
            message["total_audio_proc_ms"] = total
        return self.raw(json.dumps(message))

    def raw(self, data: str | bytes) -> list[Message]:
        self.memory, items = DIALECT.decode(self.memory, data)
        return list(items)


def said(items: list[Message], *, final: bool = True) -> list[str]:
    return [each.text for each in items if isinstance(each, Heard) and each.final is final]


def proved(items: list[Message]) -> float | None:
    (proof,) = (each for each in items if isinstance(each, Proof))
    return proof.confirmed


class TestWhatItSends:
    def test_it_is_a_dialect_of_the_box(self) -> None:
        check_dialect(DIALECT)
        dry_run(DIALECT)
        assert BUILT_IN["soniox"] == DIALECT

    def test_the_start_is_the_one_of_the_makers_client(self) -> None:
        # The Python client 2.10.0 sent this but for the endpoint detection, which is an option.
        _, (start,) = DIALECT.start(DIALECT.begin(), IDS)
        assert json.loads(start) == {
            "model": "stt-rt-v5",
            "audio_format": "pcm_s16le",
            "num_channels": 1,
            "sample_rate": 16000,
            "enable_endpoint_detection": True,
        }

    def test_options_go_into_the_start(self) -> None:
        given = {
            "model": "stt-rt-v4",
            "languages": "en,es",
            "strict": "true",
            "identify": "true",
            "diarize": "true",
            "endpoint": "false",
            "endpoint_delay": "500",
            "terms": "Celebrex,Zyrtec",
        }
        dialect = configured(DIALECT, given)
        _, (start,) = dialect.start(dialect.begin(), IDS)
        assert json.loads(start) == {
            "model": "stt-rt-v4",
            "audio_format": "pcm_s16le",
            "sample_rate": 16000,
            "num_channels": 1,
            "language_hints": ["en", "es"],
            "language_hints_strict": True,
            "enable_language_identification": True,
            "enable_speaker_diarization": True,
            "enable_endpoint_detection": False,
            "max_endpoint_delay_ms": 500,
            "context": {"terms": ["Celebrex", "Zyrtec"]},
        }
        assert recorded(dialect) == given

    @pytest.mark.parametrize("delay", [499, 3001])
    def test_a_delay_out_of_range_is_refused(self, delay: int) -> None:
        with pytest.raises(ValueError, match="give 500 to 3000 milliseconds"):
            Soniox(endpoint_delay=delay)

    def test_the_control_messages(self) -> None:
        memory, sent = DIALECT.begin(), Sent(seconds=1.0)
        assert DIALECT.audio(memory, "mic", b"\1\2", 0) == (memory, (b"\1\2",))
        assert DIALECT.flush(memory, sent) == (memory, ('{"type":"finalize"}',))
        assert DIALECT.keepalive(memory, sent) == (memory, ('{"type":"keepalive"}',))
        assert DIALECT.stop(memory, IDS, sent) == (memory, ("",))

    def test_the_key_is_in_the_header_alone(self) -> None:
        assert DIALECT.headers("KEY") == [("Authorization", "Bearer KEY")]
        assert "api_key" not in str(DIALECT.start(DIALECT.begin(), IDS))


class TestWords:
    def test_the_documented_response(self) -> None:
        line = Line()
        items = line.raw(
            """{"tokens": [{"text": "Hello", "start_ms": 600, "end_ms": 760, "confidence": 0.97,
            "is_final": true, "speaker": "1"}], "final_audio_proc_ms": 760,
            "total_audio_proc_ms": 880}"""
        )
        word = Word(text="Hello", start=0.6, end=0.76, confidence=0.97, speaker="1")
        heard = Heard(
            text="Hello",
            start=0.6,
            end=0.76,
            final=False,
            confidence=0.97,
            speaker="1",
            words=(word,),
        )
        # The word may go on: it is shown, and nothing from its beginning on is confirmed.
        assert items == [heard, Proof(confirmed=0.6, drained=0.88)]
        assert line.got(token("<end>"), final=1560, total=1680) == [
            msgspec.structs.replace(heard, final=True),
            Proof(confirmed=1.56, drained=1.68),
        ]

    def test_the_documented_evolution_of_a_sentence(self) -> None:
        line, not_yet = Line(), False
        seen = [
            line.got(token("How", final=not_yet), token("'re", final=not_yet)),
            line.got(
                token("How"), token(" "), *(token(e, final=not_yet) for e in ("are", " ", "you"))
            ),
            line.got(*map(token, ("are", " ", "you")), token(" ", final=not_yet)),
            line.got(*map(token, (" ", "do", "ing", "?", "<end>"))),
        ]
        assert [said(each, final=False) for each in seen] == [
            ["How're"],
            ["How are you"],
            ["How are you"],
            [],
        ]
        assert [said(each) for each in seen] == [[], [], [], ["How are you doing?"]]
        (heard,) = (each for each in seen[-1] if isinstance(each, Heard))
        assert [word.text for word in heard.words] == ["How", "are", "you", "doing?"]

    def test_parts_of_a_word_are_one_word_with_the_times_of_both(self) -> None:
        tokens = (token(" won", 100, 200, confidence=0.5), token("der", 200, 320, confidence=1))
        (heard, proof) = Line().got(*tokens, token("."), token("<fin>"), final=400, total=400)
        assert heard == Heard(
            text="wonder.",
            start=0.1,
            end=0.32,
            final=True,
            confidence=0.75,
            words=(Word(text="wonder.", start=0.1, end=None, confidence=0.75),),
        )
        assert proof == Proof(confirmed=0.4, drained=0.4)

    def test_han_and_kana_have_a_word_for_each_token(self) -> None:
        items = Line().got(token("今日", 0, 100), token("は", 100, 200), token("<end>"))
        (heard,) = (each for each in items if isinstance(each, Heard))
        assert (heard.text, [each.text for each in heard.words]) == ("今日は", ["今日", "は"])

    def test_a_change_of_speaker_ends_a_segment_before_the_other_begins(self) -> None:
        line = Line()
        items = line.got(
            token(" Hi", 0, 900, speaker="1"),
            token(" no", 700, 1000, speaker=2),
            final=1000,
            total=1200,
        )
        first, second, proof = items
        assert isinstance(first, Heard)
        assert isinstance(second, Heard)
        assert (first.text, first.speaker, first.end, first.final) == ("Hi", "1", 0.7, True)
        assert (second.text, second.speaker, second.start, second.final) == ("no", "2", 0.7, False)
        assert proof == Proof(confirmed=0.7, drained=1.2)

    def test_a_speaker_does_not_change_within_a_word(self) -> None:
        items = Line().got(token(" y", speaker="1"), token("es", speaker="2"), token("<end>"))
        assert said(items) == ["yes"]

    def test_a_change_of_language_ends_a_segment(self) -> None:
        items = Line().got(
            token(" Hi", language="en"), token(" là", language="fr"), token("<end>", final=True)
        )
        heard = [each for each in items if isinstance(each, Heard)]
        assert [(each.text, each.language) for each in heard] == [("Hi", "en"), ("là", "fr")]

    def test_words_of_a_translation_are_no_words_of_the_audio(self) -> None:
        items = Line().got(
            token(" Hola", 0, 300, translation_status="original"),
            token(" Hello", translation_status="translation", source_language="es"),
            token("<end>"),
        )
        assert said(items) == ["Hola"]

    def test_a_long_segment_is_told_up_to_its_last_word(self) -> None:
        line = Line()
        items = line.got(
            token(" one", 0, 400),
            token(" two", 3000, 3400),
            token(" th", 6000, 6200),
            token("ree", 6200, 6400),
            final=6400,
        )
        assert said(items) == ["one two"]
        assert said(items, final=False) == ["three"]
        assert proved(items) == 6.0

    def test_a_memory_is_small_without_times_and_without_blanks(self) -> None:
        line = Line()
        items = line.got(*(token("la") for _ in range(MOST_PIECES + 1)), final=5000)
        assert said(items) == ["la" * (MOST_PIECES + 1)]
        assert line.memory.pieces == ()
        items = line.got(token(" a"), token(" " + "x" * 5000), final=6000)
        assert said(items) == ["a " + "x" * 5000]
        assert line.memory.pieces == ()

    def test_many_words_are_told_up_to_the_last(self) -> None:
        items = Line().got(*(token(" la") for _ in range(MOST_PIECES + 1)), final=5000)
        assert said(items) == [" ".join(["la"] * MOST_PIECES)]
        assert said(items, final=False) == ["la"]

    def test_final_words_without_times_lie_in_what_is_newly_final(self) -> None:
        line = Line()
        line.got(final=2000)
        heard, _ = line.got(token("yes"), token("<end>"), final=3500)
        assert isinstance(heard, Heard)
        assert (heard.start, heard.end) == (2.0, 3.5)

    def test_a_partial_that_vanishes_is_retracted(self) -> None:
        line = Line()
        line.got(token(" hm", 1000, 1200, final=False), final=900, total=1200)
        gone, proof = line.got(final=1500, total=1500)
        assert gone == Heard(text="", start=0.9, end=0.9, final=True)
        assert proof == Proof(confirmed=1.5, drained=1.5)
        assert line.got(final=1600, total=1600) == [Proof(confirmed=1.6, drained=1.6)]

    def test_a_marker_alone_tells_nothing(self) -> None:
        assert Line().got(token("<end>"), token(" "), token("<fin>"), final=100) == [
            Proof(confirmed=0.1)
        ]


class TestProof:
    def test_silence_is_proved_by_figures_alone(self) -> None:
        assert Line().got(final=4800, total=5250) == [Proof(confirmed=4.8, drained=5.25)]

    def test_a_proof_never_goes_back_and_needs_a_figure(self) -> None:
        line = Line()
        assert proved(line.got(final=2000)) == 2.0
        assert proved(line.got(final=1000)) == 2.0
        assert proved(line.got()) == 2.0
        assert proved(line.got(final="3000.0")) == 3.0
        assert proved(line.got(final=[])) == 3.0

    def test_nothing_is_proved_while_words_without_times_are_kept(self) -> None:
        line = Line()
        line.got(final=1000)
        assert proved(line.got(token("hm"), final=5000)) == 1.0

    def test_finished_tells_what_is_kept_and_ends(self) -> None:
        line = Line()
        line.got(token("bye", 0, 300), token("!", final=False), final=300, total=400)
        heard, proof, end = line.got(final=1560, total=1680, finished=True)
        assert isinstance(heard, Heard)
        assert (heard.text, heard.final) == ("bye", True)
        assert proof == Proof(confirmed=1.56, drained=1.68)
        assert end == FinalMessage(summary={})


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "text", "action"),
        [
            (400, "Invalid model specified.", Action.FATAL),
            (400, "Audio is too long.", Action.RETRY),
            (400, "Received too much audio data in total.", Action.RETRY),
            (400, "No audio received.", Action.RETRY),
            (401, "Invalid API key.", Action.REAUTH),
            (402, "Organization balance exhausted.", Action.FATAL),
            (403, "The temporary API key has expired.", Action.REAUTH),
            (408, "Audio data decode timeout", Action.RETRY),
            (429, "Rate limit for your organization has been exceeded.", Action.LATER),
            (500, "The server had an error processing your request.", Action.RETRY),
            ("503", "Cannot continue request (code N). Please restart the request.", Action.RETRY),
            (418, "", Action.RETRY),
            ("odd", "", Action.RETRY),
        ],
    )
    def test_each_documented_error(self, code: object, text: str, action: Action) -> None:
        (refusal,) = Line().got(error_code=code, error_message=text)
        assert isinstance(refusal, Refusal)
        assert (refusal.row.action, refusal.text) == (action, text)
        assert refusal.row.strike == (refusal.row == OTHER)

    @pytest.mark.parametrize(
        ("kind", "code", "text", "row"),
        [
            ("unauthenticated", 400, "audio is too long", ERRORS[401]),
            ("model_not_available", 400, "audio is too long", TYPES["model_not_available"]),
            ("max_concurrent_connections_reached", 400, "", ERRORS[429]),
            ("permission_denied", 403, "", TYPES["permission_denied"]),
            ("unauthenticated", None, "Incorrect API key provided.", ERRORS[401]),
            (None, None, "Something else.", OTHER),
            ("invalid_request", 400, "", ERRORS[400]),  # a type that says no more than its code
            ("invalid_request", 400, "No audio received.", PASSING["no audio received"]),
            (7, 503, "", ERRORS[503]),
            (None, 401, "", ERRORS[401]),
        ],
    )
    def test_the_type_of_an_error_counts_before_its_code_and_text(
        self, kind: object, code: int | None, text: str, row: Rule
    ) -> None:
        (refusal,) = Line().got(error_type=kind, error_code=code, error_message=text)
        assert refusal == Refusal(row=row, text=text)

    def test_every_row_has_a_reason_and_a_source(self) -> None:
        rows = [*ERRORS.values(), *TYPES.values(), OTHER]
        assert all(row.why and row.source for row in rows)

    def test_the_end_of_a_stream_without_audio_is_no_error(self) -> None:
        memory, _ = DIALECT.stop(DIALECT.begin(), IDS, Sent())
        line = Line(memory)
        assert line.got(error_code=400, error_message="No audio received.") == [
            FinalMessage(summary={})
        ]
        (refusal,) = line.got(error_code=503, error_message="Cannot continue request")
        assert isinstance(refusal, Refusal)


class TestOddities:
    @pytest.mark.parametrize(
        ("data", "item"),
        [
            ("", Malformed(why="not JSON")),
            ("[]", Malformed(why="no object", words=False)),
            ('{"tokens": {"text": "a"}}', Malformed(why="tokens: no list")),
            ('{"type": "news"}', Unknown(type="news")),
        ],
    )
    def test_what_is_no_response(self, data: str, item: Message) -> None:
        assert Line().raw(data) == [item]

    def test_a_wrong_side_field_never_costs_the_text(self) -> None:
        odd = token(
            " yes",
            start="1e3",
            end=[],
            final="true",
            confidence="0.5",
            speaker=3,
            language=["en"],
            translation_status=0,
        )
        line = Line()
        first, *_ = line.got(odd, 7, token(5), token("<end>"), final="2000", total={})
        assert first == Heard(
            text="yes",
            start=0.0,
            end=2.0,
            final=True,
            confidence=0.5,
            speaker="3",
            words=(Word(text="yes", start=1.0, end=None, confidence=0.5, speaker="3"),),
        )

    def test_null_tokens_are_none(self) -> None:
        assert Line().raw('{"tokens": null, "final_audio_proc_ms": 20}') == [Proof(confirmed=0.02)]

    @settings(max_examples=some(100), deadline=None)
    @given(
        st.lists(
            anything(
                {
                    "tokens": [
                        [token(" a", 0, 100), token("b", 100, 50)],
                        [token(" c", 9000, 9100, speaker="1", final=False)],
                        [token(" d", 20000, 20100, speaker="2"), token("<end>")],
                        [token(None), token("x" * 3000), 5],
                    ],
                    "final_audio_proc_ms": [0, 900, "1000"],
                    "total_audio_proc_ms": [0, 1000],
                    "finished": [True],
                    "error_code": [400, "503"],
                    "error_message": ["No audio received."],
                }
            ),
            max_size=12,
        ),
        st.booleans(),
    )
    def test_anything_is_read(self, arrived: list[str | bytes], empty: bool) -> None:
        play(DIALECT, arrived, SonioxMemory(empty=empty))
