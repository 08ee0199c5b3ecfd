"""Dialects that the laws of a session cannot play are refused in one line."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from openline.dialects.checking import DialectError
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import (
    Decoded,
    Dialect,
    Encoded,
    Expires,
    FinalMessage,
    Ids,
    Lost,
    Memory,
    Message,
    Proof,
    Remark,
    Sent,
)
from openline.dialects.traits import AudioForm, End, Ends, Traits, Unit
from openline.policy import Policy
from openline.reconnect.verdicts import Action, Rule
from openline_testing import SessionFuzzer, World, explore
from openline_testing.scope import ScopeError, check_scope, item_of, start_of, stop_of
from openline_testing.theorem import check, play
from openline_testing.theorem.schedule import draw
from openline_testing.theorem.speech import EchoSpeech

LONG = AudioForm(usual=0.1)
IDS = Ids(session_id="s", attempt_id="a", connection_id="c")
RULE = Rule(action=Action.LATER, why="busy", source="the toy")
BEYOND = "the dialect 'echopanel' is beyond the kit's laws: "
INSTEAD = ": explore, check_recording and promise take any dialect"


def dialect(**traits: Any) -> EchoPanel:
    made: EchoPanel = type("Toy", (EchoPanel,), {"traits": replace(TRAITS, **traits)})()
    return made


def test_the_default_dialect_is_played() -> None:
    check_scope(EchoPanel())
    check_scope(dialect(ends=Ends.EXACT, silent_in_silence=True))


def test_careful_seams_are_beyond_the_laws() -> None:
    check_scope(EchoPanel(), Policy())
    with pytest.raises(ScopeError) as caught:
        check_scope(EchoPanel(), Policy(careful_seams=True))
    assert str(caught.value) == BEYOND + "Policy.careful_seams is True, not False" + INSTEAD


@pytest.mark.parametrize(
    ("traits", "what"),
    [
        ({"greets": True}, "Traits.greets is True, not False"),
        ({"replies": False}, "Traits.replies is False, not True"),
        ({"patience": 5.0}, "Traits.patience is 5.0, not None"),
        ({"longest": 60.0}, "Traits.longest is 60.0, not None"),
        ({"counts": Unit.AUDIO}, "Traits.counts is audio, not None"),
        ({"proves_silence": False}, "Traits.proves_silence is False, not True"),
        ({"disorder": 3.0, "word_times": True}, "Traits.disorder is 3.0, not 0"),
        ({"pace": 2.0}, "Traits.pace is 2.0, not None"),
        ({"keepalive": 5.0}, "Traits.keepalive is 5.0, not None"),
        ({"flush_every": 5.0}, "Traits.flush_every is 5.0, not None"),
        ({"flush_idle": 5.0}, "Traits.flush_idle is 5.0, not None"),
        ({"pong_patience": 9.0}, "Traits.pong_patience is 9.0, not None"),
        ({"end": End.CLOSE}, "Traits.end is close, not message"),
        ({"tail": 1.0}, "Traits.tail is 1.0, not 0"),
        ({"sources": ()}, "Traits.sources is (), not names"),
        ({"ends": Ends.NONE}, "Traits.ends is none, not Ends.EXACT or Ends.CLAIMED"),
        ({"queue": None}, "Traits.queue is None, not seconds"),
    ],
)
def test_a_trait_beyond_the_laws_is_named(traits: dict[str, Any], what: str) -> None:
    with pytest.raises(ScopeError) as caught:
        check_scope(dialect(**traits))
    assert str(caught.value) == BEYOND + what + INSTEAD


def test_a_form_and_rules_for_statuses_are_named() -> None:
    for traits in ({"form": AudioForm(usual=0.1)}, {"statuses": {402: RULE}}):
        [name] = traits
        with pytest.raises(ScopeError, match=rf"Traits\.{name} is "):
            check_scope(dialect(**traits))


class Remembering(EchoPanel):
    def begin(self) -> Memory:
        return 0


def test_everything_beyond_the_laws_is_named_at_once() -> None:
    """Its author learns in one go that these laws are not for this dialect."""
    toy = type(
        "Toy", (Remembering,), {"traits": replace(TRAITS, sources=(), greets=True, form=LONG)}
    )
    with pytest.raises(ScopeError) as caught:
        check_scope(toy())
    assert str(caught.value) == (
        f"{BEYOND}Traits.form is 0.1 s, 16000 Hz, s16le, not the default; Traits.greets is "
        f"True, not False; Traits.sources is (), not names; it has a memory{INSTEAD}"
    )


def test_every_way_in_is_guarded() -> None:
    class Speech(EchoSpeech):
        @property
        def dialect(self) -> Dialect:
            return Remembering()

    class Fuzzer(SessionFuzzer):
        dialect = Remembering()

    for enter in (
        Fuzzer,
        lambda: check(range(1), speech=Speech()),
        lambda: World(Policy(), Remembering()),
        lambda: play(draw(1, ("mic",)), speech=Speech()),
    ):
        with pytest.raises(ScopeError, match=r"beyond the kit's laws: it has a memory: explore"):
            enter()


def test_an_invalid_dialect_is_still_that() -> None:
    with pytest.raises(DialectError, match="lacks 'traits'"):
        check_scope(type("Bare", (EchoPanel,), {"traits": None})())


class Talkative(EchoPanel):
    traits: Traits = TRAITS
    says: tuple[Message, ...] = ()

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        return memory, ("one", "two")

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return memory, (f"after {sent.audio}",)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        return memory, self.says


def test_messages_that_the_laws_cannot_recognise_are_refused() -> None:
    with pytest.raises(ScopeError, match=r"its start is 2 messages, not one: explore"):
        start_of(Talkative(), IDS)
    with pytest.raises(ScopeError, match=r"its stop depends on what was sent: explore"):
        stop_of(Talkative(), IDS)


@pytest.mark.parametrize(
    ("says", "what"),
    [
        ((Remark(text="a"), Remark(text="b")), "a message says 2 things, not one"),
        ((Proof(confirmed=1.0),), "it decodes a Proof"),
        ((Expires(seconds=1.0),), "it decodes a Expires"),
        ((Lost(source=None, text="", end=1.0),), "it decodes a Lost of an interval"),
        ((FinalMessage(summary={}, until=1.0),), "it decodes a FinalMessage of a part"),
        ((FinalMessage(summary={}, proves=False),), "it decodes a FinalMessage of a part"),
    ],
)
def test_what_the_laws_do_not_know_is_refused(says: tuple[Message, ...], what: str) -> None:
    toy = Talkative()
    toy.says = says
    with pytest.raises(ScopeError) as caught:
        item_of(toy, "x")
    assert str(caught.value) == BEYOND + what + INSTEAD


def test_a_message_of_nothing_is_nothing() -> None:
    assert item_of(Talkative(), "x") is None


def test_the_walk_takes_any_dialect_and_names_those_of_the_basic_laws() -> None:
    found = explore(Policy(max_attempts=0), Remembering(), sources=["mic"], has_provider=False)
    found.check()
    assert "by the basic laws: echopanel" in found.report()
