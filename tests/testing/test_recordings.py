"""What every dialect owes, on recordings: each law is broken once by a dialect that breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    FinalMessage,
    Heard,
    Ids,
    Memory,
    Message,
    Proof,
    Remark,
    Sent,
    Status,
)
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import Ends, Traits, Unit
from openline_testing import LawBroken
from openline_testing.recordings import check_order, check_recording

WIRE = Path(__file__).parents[1] / "wire"
#: A recording of each built-in dialect that has one.
RECORDED = {
    "vosk": "vosk-ko",
    "sherpa": "sherpa-onnx",
    "whisperlive": "whisperlive",
    "whisperlivekit": "whisperlivekit-asr",
}


class Parts(DialectBase):
    """It says what a test says; its memory is whatever the test makes of it."""

    name = "parts"

    def __init__(self, *says: tuple[Message, ...], ends: Ends = Ends.EXACT) -> None:
        self.traits = Traits(sources=("mic",), horizon=1.0, ends=ends, time_error=0.25)
        self.says = says

    def begin(self) -> Memory:
        return (0,)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (pcm,)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return memory, ()

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        number: int = memory[0]
        return (number + 1,), self.says[number]


def heard(start: float, text: str = "yes", *, final: bool = True) -> Heard:
    return Heard(text=text, start=start, end=start + 0.5, final=final)


def check(*says: tuple[Message, ...], ends: Ends = Ends.EXACT) -> tuple[Message, ...]:
    return check_recording(Parts(*says, ends=ends), ["x"] * len(says))


def test_a_dialect_that_keeps_the_laws_passes() -> None:
    says: tuple[tuple[Message, ...], ...] = (
        (Status(state="ready", ack=True),),
        (heard(0.0, final=False), heard(0.0), Proof(confirmed=0.5)),
        (),
        (Proof(received=0.2), Proof(unit=Unit.AUDIO, confirmed=99.0), FinalMessage(summary={})),
        (heard(0.5), heard(0.1, ""), heard(0.1, final=False), Remark(text="odd")),
    )
    assert check(*says) == tuple(item for items in says for item in items)


@pytest.mark.parametrize(
    ("says", "what"),
    [
        (
            [(Proof(confirmed=0.5), heard(0.5))],
            "message 1: words follow a proof, so a loss between them would lose the words",
        ),
        (
            [(Proof(confirmed=0.5), Remark(text="odd"), heard(0.5))],
            "message 1: words follow a proof, so a loss between them would lose the words",
        ),
        (
            [(), (FinalMessage(summary={}), Proof(confirmed=0.5))],
            "message 2: a Proof follows a FinalMessage, which ends the dial",
        ),
        (
            [(Proof(confirmed=1.0),), (Proof(confirmed=0.5),)],
            "message 2: confirmed falls from 1 to 0.5 s",
        ),
        (
            [(Proof(confirmed=1.0),), (), (heard(0.9),)],
            "words from 0.9 s on, where message 1 proved that all words up to 1 s had come",
        ),
        (
            [(Proof(confirmed=-1.0),)],
            "message 1: the dialect Parts: decode returned a Proof whose confirmed is -1.0",
        ),
    ],
)
def test_each_broken_law_is_named_with_its_message(
    says: list[tuple[Message, ...]], what: str
) -> None:
    with pytest.raises(LawBroken) as caught:
        check(*says)
    assert caught.value.law == "the dialect"
    assert what in str(caught.value)


def test_where_ends_are_claims_words_may_begin_early_by_the_error() -> None:
    check((Proof(confirmed=1.0),), (heard(0.8),), ends=Ends.CLAIMED)
    with pytest.raises(LawBroken, match=r"words from 0\.7 s on"):
        check((Proof(confirmed=1.0),), (heard(0.7),), ends=Ends.CLAIMED)


class Growing(Parts):
    """Its memory grows with each message."""

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        return (*memory, *range(40_000)), ()


class Impure(Parts):
    """It counts in itself."""

    count = 0

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        self.count += 1
        return (self.count,), ()


class Changing(Parts):
    """It changes the memory in place."""

    def begin(self) -> Memory:
        return []

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        memory.append(1)
        return memory, ()


class Opaque(Parts):
    """Its memory is of a kind that msgspec does not encode."""

    def begin(self) -> Memory:
        return (complex(0, 1),)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        return memory, ()


class Raising(Parts):
    def start(self, memory: Memory, ids: Ids) -> Encoded:
        raise KeyError(ids.session_id)


@pytest.mark.parametrize(
    ("dialect", "what"),
    [
        (Growing(), "a memory of "),
        (Impure(), "decode gave other items, or another memory, for the same message"),
        (Changing(), "decode changed the memory that it was given: return a new one"),
        (Raising(), "the dialect Raising: start raised KeyError"),
        (Parts(), "decode raised IndexError: tuple index out of range"),
    ],
)
def test_a_memory_is_small_and_frozen(dialect: Parts, what: str) -> None:
    with pytest.raises(LawBroken) as caught:
        check_recording(dialect, ["x"])
    assert what in str(caught.value)


def test_a_memory_of_any_kind_is_measured() -> None:
    assert check_recording(Opaque(), ["x", "y"]) == ()


def test_the_order_alone_can_be_checked() -> None:
    check_order([heard(0.0), Proof(confirmed=0.1)])
    with pytest.raises(LawBroken):
        check_order([Proof(confirmed=0.1), heard(0.0)])


@pytest.mark.parametrize("name", [each for each in RECORDED if each in BUILT_IN])
def test_built_in_dialects_keep_the_laws_on_recordings(name: str) -> None:
    lines: list[dict[str, Any]] = [
        json.loads(line)
        for line in (WIRE / f"{RECORDED[name]}.jsonl").read_text("utf-8").splitlines()
    ]
    messages = [each["text"] for each in lines if each["dir"] == "in" and "text" in each]
    assert len(check_recording(BUILT_IN[name], messages)) >= len(messages) // 2 > 0
