"""What the client of one connection says, and what it is answered."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wyoming.event import Event
from wyoming.info import Describe

from openline.dialects.deepgram import Deepgram
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect
from openline.dialects.soniox import Soniox
from openline.updates import Ended, State, Statistics, Transcript
from openline_wyoming.offer import LanguageError, Offer
from openline_wyoming.talk import Act, Begin, Feed, Finish, HangUp, Note, Say, Talk

ECHO = EchoPanel()
FORM: dict[str, Any] = {"rate": 16_000, "width": 2, "channels": 1}


def final(text: str, start: float = 0.0, language: str | None = None) -> Transcript:
    return Transcript(
        source="mic", text=text, final=True, start=start, end=start + 1, language=language
    )


def ended(*finals: Transcript, reason: str = "finished") -> Ended:
    complete = reason == "finished"
    return Ended(
        state=State.CLOSED if complete else State.FAILED, complete=complete, reason=reason,
        missing=(), transcript=finals, statistics=Statistics(dials=1, sources={}),
    )  # fmt: skip


def said(acts: list[Act]) -> list[tuple[str, object]]:
    return [(act.event.type, act.event.data.get("text")) for act in acts if isinstance(act, Say)]


def talk(dialect: Dialect | None = None, *languages: str) -> Talk:
    return Talk(Offer(dialect=dialect or ECHO, languages=languages))


def begun(**form: Any) -> Talk:
    found = talk()
    found.receive(Event("audio-start", FORM | form))
    return found


def test_an_utterance_from_its_start_to_its_transcript() -> None:
    client = talk()
    assert client.receive(Event("transcribe", {"language": "en"})) == []
    assert client.receive(Event("audio-start", FORM)) == [Begin(ECHO)]
    assert client.receive(Event("audio-chunk", FORM, bytes(1000))) == [Feed([bytes(640)])]
    assert client.receive(Event("audio-stop")) == [Finish([bytes(360)])]
    first = client.hear(final("go", language="en"))
    assert said(first) == [("transcript-start", None), ("transcript-chunk", "go")]
    assert said(client.hear(final("forward", 1.0))) == [("transcript-chunk", " forward")]
    last = client.hear(ended(final("go"), final("forward", 1.0)))
    assert said(last) == [("transcript", "go forward"), ("transcript-stop", None)]
    assert isinstance(last[0], Say)
    assert last[0].event.data["language"] == "en"
    assert client.receive(Event("audio-start", FORM)) == [Begin(ECHO)]


def test_an_utterance_has_the_language_of_its_own_words() -> None:
    client = talk()
    told: list[object] = []
    for language in ("en", None):
        client.receive(Event("audio-start", FORM))
        client.receive(Event("audio-stop"))
        acts = [
            *client.hear(final("go", language=language)),
            *client.hear(ended(final("go", language=language))),
        ]
        told += [act.event.data.get("language") for act in acts if isinstance(act, Say)]
    assert told == ["en", None, "en", None, None, None, None, None]


ODD: list[object] = [0, 1, 2, 4, 16_000, -1, 10**30, 2.0, math.nan, True, None, "x", []]
NUMBERS = st.sampled_from(ODD)
FORMS = st.fixed_dictionaries({"rate": NUMBERS, "width": NUMBERS, "channels": NUMBERS})
KINDS = ["transcribe", "audio-start", "audio-chunk", "audio-stop", "describe", "ping", "other"]
EVENTS = st.builds(
    Event,
    st.sampled_from(KINDS),
    st.just(FORM) | FORMS | st.fixed_dictionaries({"text": NUMBERS, "language": NUMBERS}),
    st.binary(max_size=9),
)


@given(st.lists(EVENTS, max_size=8))
@example([Event("audio-start", FORM), Event("audio-chunk", dict.fromkeys(FORM, 0))])
def test_whatever_comes_is_answered_or_the_end(events: list[Event]) -> None:
    client, is_over = talk(), False
    for event in events:
        acts = client.receive(event)
        assert not (is_over and acts)
        is_over |= HangUp() in acts


def test_a_partial_is_not_told() -> None:
    partial = Transcript(source="mic", text="go", final=False, start=0.0, end=1.0)
    assert begun().hear(partial) == []


def test_silence_has_an_empty_transcript() -> None:
    assert said(begun().hear(ended())) == [
        ("transcript-start", None), ("transcript", ""), ("transcript-stop", None),
    ]  # fmt: skip


def test_an_incomplete_session_is_an_error_and_the_end() -> None:
    client = begun()
    acts = client.hear(ended(final("go"), reason="0.5 s are missing"))
    assert said(acts) == [("error", "0.5 s are missing")]
    assert acts[-1] == HangUp()
    assert client.receive(Event("audio-chunk", FORM, bytes(640))) == []


def test_a_stop_without_audio_and_a_second_one() -> None:
    client = talk()
    assert said(client.receive(Event("audio-stop"))) == [("transcript", "")]
    client.receive(Event("audio-start", FORM))
    assert client.receive(Event("audio-stop")) == [Finish([])]
    assert client.receive(Event("audio-stop")) == []


def test_audio_without_a_start_begins_an_utterance() -> None:
    begin, feed = talk().receive(Event("audio-chunk", FORM, bytes(640)))
    assert (begin, feed) == (Begin(ECHO), Feed([bytes(640)]))


def test_events_of_no_concern_are_passed_over() -> None:
    assert talk().receive(Event("synthesize", {"text": "x"})) == []
    assert said(talk().receive(Event("ping", {"text": "x"}))) == [("pong", "x")]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (Event("audio-start", FORM | {"rate": 1}), "a rate of 1 Hz"),
        (Event("audio-start", FORM | {"width": 5}), "samples of 5 bytes"),
        (Event("audio-start", FORM | {"channels": 0}), "0 channels"),
        (Event("audio-start", {"rate": 16_000}), "missing required field `width`"),
        (Event("audio-chunk", FORM | {"rate": "x"}, bytes(2)), "Expected `int`, got `str`"),
        (Event("transcribe", {"language": 1}), "Expected `str | null`, got `int`"),
        (Event("transcribe", ["x"]), "Expected `object`, got `array`"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_is_an_error_and_the_end(event: Event, why: str) -> None:
    acts = talk().receive(event)
    [(kind, text)] = said(acts)
    assert kind == "error"
    assert str(text).startswith(f"{event.type}: ")
    assert why in str(text)
    assert acts[0] == Note(str(text))
    assert acts[-1] == HangUp()


def test_a_chunk_without_a_form_is_an_error_and_the_end() -> None:
    form = {"rate": 0, "width": 0, "channels": 0}
    acts = begun().receive(Event("audio-chunk", form, b""))
    assert [str(text).partition(":")[0] for _, text in said(acts)] == ["audio-chunk"]
    assert acts[-1] == HangUp()


def test_an_utterance_within_another_is_an_error() -> None:
    acts = begun().receive(Event("audio-start", FORM))
    assert said(acts) == [
        ("error", "audio-start: an utterance is going on in this connection"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("width", "step"),
    [(1, b"\xc0"), (2, b"\x00\x40"), (3, b"\x00\x00\x40"), (4, b"\x00\x00\x00\x40")],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_of_any_width_cut_anywhere(width: int, step: bytes, channels: int) -> None:
    client = begun(width=width, channels=channels)
    data = step * (320 * channels)
    got: list[bytes] = []
    for at in range(0, len(data), 7):
        form = FORM | {"width": width, "channels": channels}
        for act in client.receive(Event("audio-chunk", form, data[at : at + 7])):
            assert isinstance(act, Feed)
            got += act.frames
    [rest] = client.receive(Event("audio-stop"))
    assert isinstance(rest, Finish)
    assert b"".join([*got, *rest.frames]) == b"\x00\x40" * 320


def info(offer: Offer) -> dict[str, Any]:
    found: dict[str, Any] = offer.info().data["asr"][0]["models"][0]
    return found


def test_the_info_has_the_languages() -> None:
    [act] = talk(Deepgram(language="de")).receive(Describe().event())
    assert isinstance(act, Say)
    assert act.event.data["asr"][0]["models"][0]["languages"] == ["de"]
    assert info(Offer(dialect=Soniox(languages=("fr", "it"))))["languages"] == ["fr", "it"]
    assert info(Offer(dialect=ECHO))["languages"] == ["en"]
    assert info(Offer(dialect=ECHO, languages=("sv",)))["languages"] == ["sv"]


@pytest.mark.parametrize(
    ("languages", "asked", "spoken"),
    [
        ((), None, None),
        ((), "de", "de"),
        (("de", "en"), None, "de"),
        (("de", "en"), "en", "en"),
        (("de", "EN"), "en", "EN"),
        (("de", "en"), "en-GB", "en"),
        (("de", "en-US"), "en_GB", "en-US"),
        (("en-US", "en-GB"), "en-GB", "en-GB"),
    ],
)
def test_the_dialect_speaks_what_is_asked(
    languages: tuple[str, ...], asked: str | None, spoken: str | None
) -> None:
    offer = Offer(dialect=Deepgram(), languages=languages)
    assert offer.speaking(asked) == Deepgram(language=spoken)


def test_a_dialect_of_several_languages_and_one_of_none() -> None:
    assert Offer(dialect=Soniox()).speaking("de") == Soniox(languages=("de",))
    assert Offer(dialect=ECHO).speaking("de") is ECHO


@pytest.mark.parametrize("data", [{}, {"language": None}, {"language": ""}])
def test_a_client_that_asks_for_no_language_gets_the_first(data: dict[str, Any]) -> None:
    client = Talk(Offer(dialect=Deepgram(), languages=("de", "en")))
    client.receive(Event("transcribe", data))
    [act] = client.receive(Event("audio-start", FORM))
    assert act == Begin(Deepgram(language="de"))


def test_a_language_that_is_not_offered() -> None:
    offer = Offer(dialect=Deepgram(), languages=("de", "en"))
    with pytest.raises(LanguageError, match=r"^language fr: it is not offered, only de, en$"):
        offer.speaking("fr")
    client = Talk(offer)
    client.receive(Event("transcribe", {"language": "fr"}))
    assert said(client.receive(Event("audio-start", FORM))) == [
        ("error", "audio-start: language fr: it is not offered, only de, en")
    ]
