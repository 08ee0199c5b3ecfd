"""Reading the JSON of a backend: what is slightly wrong is repaired, and nothing raises."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from openline.dialects.protocol import Malformed, Unknown
from openline.dialects.wire_json import (
    fields,
    flag,
    label,
    number,
    objects,
    read_object,
    seconds,
    text,
    unknown,
    write,
)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ('{"a": 1}', {"a": 1}),
        (b'{"a": "\xc3\xa9"}', {"a": "é"}),
        ('\ufeff {"a": 1}\n\0', {"a": 1}),
        (
            '{"a": NaN, "b": 1e400, "c": Infinity, "d": 2.5}',
            {"a": None, "b": None, "c": None, "d": 2.5},
        ),
        ('{"a": ' + "9" * 5000 + "}", {"a": None}),
        ('{"a": NaN, "b": ' + "9" * 401 + "}", {"a": None, "b": None}),
        ('{"a": NaN, "b": ' + "9" * 5 + "}", {"a": None, "b": 99999}),
        (r'{"a": "\ud800!"}', {"a": "?!"}),
        ('{"a": "\ud800!"}', {"a": "?!"}),
    ],
)
def test_an_object_is_read(data: str | bytes, read: dict[str, Any]) -> None:
    assert read_object(data) == read


@pytest.mark.parametrize(
    ("data", "malformed"),
    [
        ("", Malformed(why="not JSON")),
        ("Done!", Malformed(why="not JSON")),
        (b"\xff\x00", Malformed(why="not JSON")),
        ("[1]", Malformed(why="no object", words=False)),
        ('"text"', Malformed(why="no object", words=False)),
        ("[" * 100_000, Malformed(why="nested too deeply")),
    ],
)
def test_what_is_no_object_is_malformed(data: str | bytes, malformed: Malformed) -> None:
    assert read_object(data) == malformed


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((1, 1.0), (2.5, 2.5), ("2.5", 2.5), (-1, -1.0), (1e9, 1e9)),
        *((True, None), (None, None), ("", None), ("x", None), ([], None), (1e10, None)),
        *((math.nan, None), ("nan", None), ("inf", None), (10**400, None)),
    ],
)
def test_a_number_may_be_a_text(value: object, read: float | None) -> None:
    assert number(value) == read


def test_seconds_come_from_milliseconds_and_are_never_negative() -> None:
    assert [seconds(each) for each in (1500, "20", 0, -1, None)] == [1.5, 0.02, 0.0, None, None]


def test_a_label_may_be_a_whole_number() -> None:
    values = ("1", 1, "", True, 1.5, 10**12, "x" * 81)
    assert [label(each) for each in values] == ["1", "1", None, None, None, None, "x" * 80]


def test_a_flag_may_be_one_or_a_text() -> None:
    assert [flag(each) for each in (True, 1, "True")] == [True] * 3
    assert [flag(each) for each in (False, 0, 2, "", "no", None, [1])] == [False] * 7


def test_a_value_of_another_type_is_absent() -> None:
    assert [text("a"), text(1)] == ["a", ""]
    assert [objects([{"a": 1}, 2, "x"]), objects({"a": 1})] == [[{"a": 1}], []]
    assert [fields({"a": 1}), fields([1])] == [{"a": 1}, {}]


def test_an_unknown_message_is_named_by_its_type() -> None:
    assert unknown({"type": "new"}) == Unknown(type="new")
    assert unknown({"type": "x" * 99}) == Unknown(type="x" * 80)
    assert [unknown({}), unknown({"type": 3})] == [Unknown(type="no type")] * 2


def test_what_is_written_is_read_again() -> None:
    message = {"type": "é", "list": [1, None, True]}
    assert json.loads(write(message)) == message == read_object(write(message))
