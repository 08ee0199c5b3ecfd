"""What a dry run finds besides the messages: the memory, the shape of decode, the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from openline.dialects.checking import DialectError, check_dialect
from openline.dialects.dry_run import dry_run
from openline.dialects.options import option
from openline.dialects.protocol import DialectBase, Encoded, Heard, Ids, Memory, Sent, Unknown
from openline.dialects.traits import Traits

ITEM = Unknown(type="x")
ITEMS = "decode has to return (memory, items), items being a tuple, not"
PAIRS = "query has to return pairs of a name and a value, both str, not"
NAMES = "subprotocols has to return a tuple of names, not"
FROZEN = "which can change: give a frozen value, such as a tuple or a frozen msgspec.Struct"


class Toy(DialectBase):
    """A dialect whose methods a test replaces."""

    name = "toy"
    traits = Traits(sources=(), horizon=1)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (pcm,)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return memory, ()

    def decode(self, memory: Memory, data: str | bytes) -> Any:
        return memory, (ITEM,)


def toy(method: str, made: object) -> Any:
    """A toy one of whose methods returns ``made``, or raises it."""

    def do(*_given: object) -> object:
        if isinstance(made, Exception):
            raise made
        return made

    return type("Toy", (Toy,), {method: do})()


@pytest.mark.parametrize(
    ("method", "made", "text"),
    [
        ("begin", [], f"begin returned list, {FROZEN}"),
        ("begin", {}, f"begin returned dict, {FROZEN}"),
        ("decode", ITEM, f"{ITEMS} Unknown"),
        ("decode", None, f"{ITEMS} NoneType"),
        ("decode", (None, ITEM), f"{ITEMS} (NoneType, Unknown)"),
        ("decode", (None, [ITEM]), f"{ITEMS} (NoneType, list)"),
        ("decode", (None, ("x",)), "decode returned str, which is no message"),
        (
            "decode",
            (None, (Heard(text="a", start=float("nan"), end=None, final=True),)),
            "decode returned a Heard whose start is nan, not finite seconds, or None",
        ),
        ("query", {"a": "b"}, f"{PAIRS} dict"),
        ("query", None, f"{PAIRS} NoneType"),
        ("query", "ab", f"{PAIRS} str"),
        ("query", [("a", 1)], f"{PAIRS} (str, int)"),
        ("query", [("a", "b"), ("c",)], f"{PAIRS} (str)"),
        ("query", ["ab"], f"{PAIRS} str"),
        ("query", 7, "query raised TypeError: 'int' object is not iterable"),
        ("query", KeyError("no\nlanguage"), "query raised KeyError: 'no\\nlanguage'"),
        ("subprotocols", "token", f"{NAMES} str"),
        ("subprotocols", OSError("no"), "subprotocols raised OSError: no"),
        ("subprotocols", (b"token",), f"{NAMES} bytes"),
    ],
)
def test_an_invalid_result_is_found_before_a_session(method: str, made: object, text: str) -> None:
    with pytest.raises(DialectError) as caught:
        dry_run(toy(method, made))
    assert str(caught.value) == f"the dialect Toy: {text}"


@pytest.mark.parametrize(
    ("method", "made"),
    [
        *(("begin", None), ("begin", (0, "")), ("decode", (None, ())), ("decode", KeyError("x"))),
        *(("query", []), ("query", (("a", "b"),)), ("query", iter([("a", "b")]))),
        *(("subprotocols", ["a"]), ("subprotocols", ())),
        ("subprotocols", ValueError("a token begins with sk-")),
    ],
)
def test_a_valid_result_passes(method: str, made: object) -> None:
    dry_run(toy(method, made))


class Forgot(Toy):
    """An option, and no dataclass."""

    language: str = option("en", "the language")


@dataclass(frozen=True, kw_only=True)
class Right(Toy):
    """The same as a dataclass, with a field that is no option."""

    language: str = option("en", "the language")
    other: str = "x"


def test_an_option_outside_a_dataclass_is_refused_and_not_ignored() -> None:
    check_dialect(Right())
    with pytest.raises(DialectError) as caught:
        check_dialect(Forgot())
    assert str(caught.value) == (
        "the dialect Forgot has an option, language, but is no dataclass: write "
        "@dataclass(frozen=True, kw_only=True) above the class"
    )
