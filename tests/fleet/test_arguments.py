"""What an app gives to a fleet and cannot be: one line at once, and no value in it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openline_fleet import Shard, SourceSpec, decode_spec, encode_spec
from tests.fleet.support import Backends, jumping, sharded, spec

#: Values of types that few arguments have.
ODD: tuple[Any, ...] = (5, 2.5, True, "secret", b"secret", None, [], {}, ("secret",), object())


def told(call: Callable[..., object], *given: Any, **named: Any) -> str:
    """The one line of the error of a call."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call(*given, **named)
    text = str(caught.value)
    assert re.fullmatch(r"[^\n]{10,}", text), text
    return text


def refused(call: Callable[..., object], name: str, *right: type) -> None:
    """Each odd value is refused with its name, but for those of a right type."""
    for value in ODD:
        if type(value) not in right:
            text = told(call, **{name: value})
            assert name in text, text
            assert "secret" not in text, text


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("session_id", (str,)),
        ("backend", ()),
        ("dialect", (str,)),
        ("dialect_options", (dict,)),
        ("sources", ()),
        ("policy", ()),
        ("speed", (int, float)),
        ("spool", (str, type(None))),
        ("spool_limit", (int,)),
        ("resume", (bool,)),
        ("journal", (str, type(None))),
    ],
)
def test_a_field_of_a_session_has_its_type(name: str, right: tuple[type, ...]) -> None:
    refused(spec, name, *right)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("name", (str,)),
        ("path", (str, type(None))),
        ("channel", (int, type(None))),
        ("may_pause", (bool,)),
        ("frame_seconds", ()),
    ],
)
def test_a_field_of_a_source_has_its_type(name: str, right: tuple[type, ...]) -> None:
    refused(SourceSpec, name, *right)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"session_id": 5}, "session_id: give a str, not int"),
        ({"backend": "ws://x"}, "backend: give a Backend, such as Backend.from_url(url), not str"),
        ({"sources": [SourceSpec()]}, "sources: give a tuple of SourceSpecs, not list"),
        ({"sources": ("mic",)}, "sources: give a tuple of SourceSpecs, not str"),
        ({"spool": Path("calls")}, "spool: give the path of a folder as a str, or None, not Posix"),
        ({"dialect_options": {"a": 5}}, "dialect_options: give options as texts, by name, not int"),
        ({"dialect_options": {5: "a"}}, "dialect_options: give options as texts, by name, not int"),
        ({"resume": 1}, "resume: give True or False, not int"),
    ],
)
def test_a_spec_says_what_to_give(given: dict[str, Any], says: str) -> None:
    assert told(spec, **given).startswith(says)


def test_a_channel_counts_from_0() -> None:
    says = "channel is -1: give a whole number, 0 or more"
    assert told(SourceSpec, path="a.wav", channel=-1) == says


def test_only_specs_are_encoded_and_only_texts_are_decoded() -> None:
    assert told(encode_spec, None) == "spec: give a SessionSpec, not NoneType"
    assert told(decode_spec, None) == "data: give what encode_spec returned, not NoneType"
    assert told(decode_spec, "\udc80").startswith("this is no session spec: ")
    assert told(decode_spec, b"\xff").startswith("this is no session spec: ")
    assert told(decode_spec, b'{"session_id":"s","spool":5}').startswith("this is no session spec")
    assert decode_spec(bytearray(encode_spec(spec()))) == spec()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("capacity", (int, type(None))),
        ("slot", (int, float)),
        ("dials_per_second", (int, float)),
        ("dial_burst", (int,)),
        ("observers", (type(None),)),
        ("connect", (type(None),)),
        ("random", (type(None),)),
        ("ssl_context", (type(None),)),
        ("network_hints", (bool,)),
        ("dialects", (dict, type(None))),
        ("proxy", (str, bool)),
    ],
)
def test_an_argument_of_a_shard_has_its_type(name: str, right: tuple[type, ...]) -> None:
    refused(Shard, name, *right)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"slot": -1}, "slot is -1: give seconds above 0"),
        ({"slot": 0}, "slot is 0: give seconds above 0"),
        ({"slot": math.nan}, "slot is nan: give a number of seconds"),
        ({"slot": math.inf}, "slot is inf: give a number of seconds"),
        ({"capacity": -2}, "capacity is -2: give a whole number, 1 or more"),
        ({"dialects": {5: None}}, "dialects: give names of dialects as a str, not int"),
    ],
)
def test_a_shard_says_what_to_give(given: dict[str, Any], says: str) -> None:
    assert told(Shard, **given) == says


def test_what_a_running_shard_is_given() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            for value in ODD:
                assert told(shard.start, value).startswith("spec: give a SessionSpec, not ")
            for odd in (None, "5", True, math.nan, math.inf, -1):
                with pytest.raises((TypeError, ValueError), match=r"^within"):
                    await shard.drain(within=odd)  # type: ignore[arg-type]
            assert not shard.is_closed

    jumping(main)


def test_what_a_session_is_given() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            for begun in (False, True):
                for value in (None, 5, "secret", [1, 2], object()):
                    assert told(line.push, "mic", value).startswith("audio: give ")
                for source in (None, 5, "system", object()):
                    assert " is not pushed in this session, but ['mic']" in told(
                        line.push, source, bytes(640)
                    )
                assert told(line.push, [], bytes(640)) == "source: give a str, not list"
                for odd in (None, 2.5, True, "5", -1):
                    assert told(line.hole, "mic", odd).startswith("samples")
                for odd in (None, "5", True, math.nan, math.inf):
                    assert told(line.started, "mic", odd).startswith("at")
                assert "is not pushed" in told(line.end_source, 5)
                with pytest.raises(ValueError, match="is not pushed"):
                    await line.room("system")
                if not begun:
                    line.push("mic", b"\1\0" * 320)
            line.finish()
            assert (await line.wait()).statistics.sources["mic"].captured == 320

    jumping(main)
