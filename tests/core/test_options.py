"""Options of a dialect: read from text, written back as text, one clear error for each mistake."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.dialects.deepgram import Deepgram
from openline.dialects.echopanel import EchoPanel
from openline.dialects.openai import OpenAI
from openline.dialects.options import (
    Option,
    configured,
    language_of,
    option,
    options_of,
    recorded,
    speaking,
    tells_speakers,
)
from openline.dialects.protocol import DialectBase
from openline.dialects.soniox import Soniox
from openline.dialects.speechmatics import Speechmatics
from openline.dialects.whisperlivekit import WhisperLiveKit

NAMES = ["model", "beams", "gain", "diarize", "hints", "limit"]


@dataclass(frozen=True, kw_only=True)
class Untold(DialectBase):
    """Its languages may be None, and its ``language`` is no option."""

    name: str = "untold"
    languages: tuple[str, ...] | None = option(None, "languages")

    def language(self) -> str:
        return "de"


@dataclass(frozen=True, kw_only=True)
class Many(DialectBase):
    name: str = "many"
    model: str = option("small", "the model", "its docs")
    beams: int = option(5, "beams of the search")
    gain: float = option(1.0, "the gain")
    diarize: bool = option(False, "tell speakers apart")
    hints: tuple[str, ...] = option((), "languages to expect")
    limit: int | None = option(None, "the limit")
    inner: int = field(default=3, repr=False)


def test_options_are_the_fields_that_say_so() -> None:
    found = options_of(Many())
    assert [each.name for each in found] == NAMES
    assert found[0] == Option(
        name="model", kind="str", default="small", what="the model", source="its docs"
    )
    assert [each.kind for each in found[1:]] == ["int", "float", "bool", "tuple", "int | None"]
    assert options_of(Many) == found
    assert options_of(EchoPanel()) == ()


def test_text_becomes_values_of_the_right_kind() -> None:
    made = configured(
        Many(),
        {
            "model": "large",
            "beams": "7",
            "gain": "0.5",
            "diarize": "Yes",
            "hints": "en, de,",
            "limit": "9",
        },
    )
    assert made == Many(model="large", beams=7, gain=0.5, diarize=True, hints=("en", "de"), limit=9)
    assert configured(made, {}) is made


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("beams", "many", "option beams: 'many' is no value: give a whole number"),
        ("gain", "inf", "option gain: 'inf' is no value: give a number"),
        ("gain", "loud", "option gain: 'loud' is no value: give a number"),
        ("diarize", "maybe", "option diarize: 'maybe' is no value: give true or false"),
        ("limit", "", "option limit: '' is no value: give a whole number"),
        ("modle", "x", "option modle: the dialect many has no such option: did you mean model?"),
        (
            "zzz",
            "x",
            f"option zzz: the dialect many has no such option: give one of {', '.join(NAMES)}",
        ),
    ],
)
def test_a_wrong_option_is_one_line(name: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"^option ") as caught:
        configured(Many(), {name: text})
    assert str(caught.value) == says


def test_a_dialect_without_options_says_so() -> None:
    with pytest.raises(ValueError, match="the dialect echopanel has no options: leave it out"):
        configured(EchoPanel(), {"model": "x"})


words = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1)


made = st.builds(
    Many,
    model=words,
    beams=st.integers(),
    gain=st.floats(allow_nan=False, allow_infinity=False),
    diarize=st.booleans(),
    hints=st.lists(words).map(tuple),
    limit=st.integers() | st.none(),
)


@given(made)
def test_what_is_recorded_makes_the_same_dialect(dialect: Many) -> None:
    kept = recorded(dialect)
    assert configured(Many(), kept) == dialect
    assert all(isinstance(each, str) for each in kept.values())
    assert ("diarize" in kept) is dialect.diarize


def test_a_dialect_speaks_a_language_where_it_has_an_option() -> None:
    assert speaking(Deepgram(), "de") == Deepgram(language="de")
    assert speaking(Soniox(), "de") == Soniox(languages=("de",))
    untold = EchoPanel()
    assert speaking(untold, "de") is untold


@pytest.mark.parametrize(
    ("dialect", "language"),
    [
        (Deepgram(language="de"), "de"),
        (Deepgram(), ""),
        (Soniox(languages=("de",)), "de"),
        (Soniox(languages=("de", "en")), ""),  # it may be either
        (Soniox(), ""),
        (Speechmatics(), "en"),  # its default is sent
        (OpenAI(language="fr", languages=("de",)), "fr"),
        (EchoPanel(), ""),
        (Untold(), ""),
    ],
)
def test_the_one_language_that_a_dialect_is_set_to(dialect: object, language: str) -> None:
    assert language_of(dialect) == language


def test_a_dialect_knows_whether_it_tells_speakers_apart() -> None:
    assert not tells_speakers(Deepgram())
    assert tells_speakers(Deepgram(diarize=True))
    assert tells_speakers(WhisperLiveKit(diarization=True))
    assert not tells_speakers(Speechmatics(diarize=False))
    assert not tells_speakers(object())
