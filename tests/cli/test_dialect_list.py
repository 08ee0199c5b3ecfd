"""``openline dialects`` and ``--option``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    Dialect,
    DialectBase,
    Encoded,
    Ids,
    Memory,
    Sent,
    Unknown,
)
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import Address, Traits
from openline_cli import dialect_list
from openline_cli.dialect_list import show
from openline_cli.dialects import configured_by, find_dialect
from openline_cli.problems import Problem


@dataclass(frozen=True, kw_only=True)
class Steno(DialectBase):
    name = "steno"
    model: str = option("small", "the model", "its docs")
    fast: bool = option(False, "less exact")
    hint: str | None = option(None, "a word to expect")
    traits: Traits = field(
        init=False,
        repr=False,
        compare=False,
        default=Traits(
            sources=(),
            horizon=3.0,
            queue=None,
            address=Address("steno.example", 443, "/v1", secure=True),
            key_variable="STENO_KEY",
            key_parameter="jwt",
        ),
    )

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (pcm,)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return memory, ()

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        return memory, (Unknown(type="any"),)


def steno(_name: str | None) -> Dialect:
    return Steno()


def test_it_lists_every_built_in_dialect() -> None:
    listed = show(None, json=False)
    for name in BUILT_IN:
        assert f"\n{name}\n" in f"\n{listed}"
    assert "ws://127.0.0.1:8000/ws/live-listener" in listed
    assert "proves" in listed
    assert "--option NAME=VALUE" in listed
    lines = [json.loads(each) for each in show(None, json=True).splitlines()]
    assert [each["name"] for each in lines] == list(BUILT_IN)


def test_it_shows_one_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect_list, "find_dialect", steno)
    shown = " ".join(show("steno", json=False).split())
    assert "address wss://steno.example:443/v1" in shown
    assert "key STENO_KEY token sent as ?jwt=… in the URL" in shown
    assert "limits" not in shown
    assert "model the model (str, default small). its docs" in shown
    assert "fast less exact (bool, default false)" in shown
    assert "hint a word to expect (str | None, not given)" in shown
    data = json.loads(show("steno", json=True))
    assert data["key"] == "STENO_KEY"
    assert data["token"] == "sent as ?jwt=… in the URL"
    assert [each["name"] for each in data["options"]] == ["model", "fast", "hint"]


class Wrong(Steno):
    """Its parameters are no pairs."""

    def query(self) -> Any:
        return {"model": "x"}


def _wrong(_name: str) -> Wrong:
    return Wrong()


def test_ones_own_is_checked_as_a_session_checks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect_list, "find_dialect", _wrong)
    with pytest.raises(Problem) as caught:
        show("own:Wrong", json=False)
    assert str(caught.value) == (
        "--dialect own:Wrong: it cannot be used: the dialect Wrong: query has to return pairs of "
        "a name and a value, both str, not dict"
    )


def test_one_without_options_says_so() -> None:
    assert show("echopanel", json=False).endswith("It has no options.\n")


def test_options_are_given_by_name() -> None:
    assert configured_by(Steno(), ["model=large=x", "fast=true"]) == Steno(
        model="large=x", fast=True
    )
    assert find_dialect(None) is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["model"], "--option model: give NAME=VALUE, as in language=en"),
        (["=x"], "--option =x: give NAME=VALUE, as in language=en"),
        (["fast=perhaps"], "--option fast: 'perhaps' is no value: give true or false"),
        (
            ["modl=x"],
            "--option modl: the dialect steno has no such option: did you mean model?",
        ),
    ],
)
def test_a_wrong_option_is_one_line(options: list[str], says: str) -> None:
    with pytest.raises(Problem) as caught:
        configured_by(Steno(), options)
    assert str(caught.value) == says


def test_options_without_a_name_are_the_default_dialects() -> None:
    with pytest.raises(Problem, match="the dialect echopanel has no options"):
        find_dialect(None, ["model=x"])


def test_an_option_may_be_unusable_together_with_others() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Picky(DialectBase):
        name = "picky"
        beams: int = option(1, "beams")

        def __post_init__(self) -> None:
            if self.beams < 1:
                raise ValueError("beams is below 1: raise it")

    with pytest.raises(Problem) as caught:
        configured_by(Picky(), ["beams=0"])  # type: ignore[arg-type]  # no traits are needed here
    assert str(caught.value) == "--option: beams is below 1: raise it"
