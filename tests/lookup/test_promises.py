"""What a dialect proves, in words."""

from __future__ import annotations

import pytest

from openline.dialects.echopanel import EchoPanel
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import Drain, End, Ends, Traits
from openline_lookup.promises import limits, promise


def test_the_default_dialect() -> None:
    assert promise(EchoPanel().traits) == (
        "a final is held until later words, figures or silence prove its audio; "
        "silence is proved; the end by a last message"
    )
    assert limits(EchoPanel().traits) == "at most 2 s wait at the backend"


def test_each_trait_has_its_words() -> None:
    traits = Traits(
        sources=(),
        horizon=30.0,
        ends=Ends.EXACT,
        proves_silence=False,
        queue=None,
        pace=1.25,
        longest=300.0,
        drain=Drain.NONE,
    )
    assert promise(traits) == (
        "a final proves the audio that it covers; "
        "quiet audio is assumed to be heard after 30 s; the end by a last message"
    )
    assert limits(traits) == (
        "a connection lives 5 min at most, and is renewed before; "
        "audio goes at most 1.25 times as fast as time; what is unproved at a renewal is sent again"
    )
    other = Traits(
        sources=(), horizon=1.0, ends=Ends.NONE, end=End.NEVER, settle=12.0, longest=10800.0
    )
    assert promise(other) == (
        "words prove nothing, the backend's other messages do; silence is proved; "
        "no end: words are waited for 12 s"
    )
    assert "lives 3 h" in limits(other)
    held = Traits(
        sources=(), horizon=5.0, ends=Ends.EXACT, disorder=3.0, word_times=True, end=End.CLOSE
    )
    assert promise(held) == (
        "a final is held for 3 s more of audio, in which others may begin before its end; "
        "silence is proved; the end by a close when all is proved"
    )
    assert not limits(Traits(sources=(), horizon=1.0, queue=None))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("deepgram", "a final proves the audio that it covers"),
        ("sherpa", "figures prove the audio up to them, its words too"),
        ("soniox", "figures prove the audio up to them, its words too"),
        ("speechmatics", "a final proves the audio that it covers"),
        ("vosk", "counted replies prove the audio up to them, its words too"),
    ],
)
def test_what_proves_the_words_is_named(name: str, words: str) -> None:
    first, *_ = promise(BUILT_IN[name].traits).split("; ")
    assert first == words


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_dialect_has_a_promise_of_one_line(name: str) -> None:
    line = promise(BUILT_IN[name].traits)
    assert line.count(";") == 2
    assert "\n" not in line
