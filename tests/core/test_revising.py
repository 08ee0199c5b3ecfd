"""A backend that says a segment again."""

from __future__ import annotations

from typing import Any

import pytest

from openline.commands import StoreFinal, StoreReplaced
from openline.dialects.checking import DialectError, decode_strict
from openline.dialects.protocol import Heard
from openline.dialects.traits import Ends
from openline.updates import PartialRetracted, Trouble
from tests.core.test_settling import silent, streaming, texts
from tests.core.toys import Outright, Play


def segment(name: str, text: str, start: float, end: float, *replaces: str) -> Heard:
    return Heard(text=text, start=start, end=end, final=True, segment_id=name, replaces=replaces)


def revised(play: Play) -> list[str]:
    return [each.text for each in play.told(Trouble) if each.kind == "revised"]


def redialled(play: Play) -> tuple[Play, float]:
    """The next dial behind a held segment, and where it begins; its audio is sent again."""
    play.hear(segment("1", "one", 5.0, 5.5))
    play.lose()
    play.redial()
    play.connect()
    play.drain()
    return play, play.marks[0]


@pytest.mark.parametrize("ends", [Ends.EXACT, Ends.CLAIMED])
def test_the_last_version_is_final_under_the_first_ones_id(ends: Ends) -> None:
    play = streaming(ends=ends)
    play.hear(segment("7", "hello word", 5.0, 6.0), segment("7", "Hello, world.", 5.0, 6.1, "7"))
    assert [(each.id, each.text) for each in play.settled] == [
        ("1.1.1", "hello word"),
        ("1.1.1", "Hello, world."),
    ]
    assert not play.told(PartialRetracted)
    play.hear(segment("8", "later", 13.0, 14.0), silent(14.0, 18.0))
    assert (play.finals[0].id, play.finals[0].text) == ("1.1.1", "Hello, world.")
    assert play.core.statistics.replaced == 0
    assert not revised(play)


def test_segments_that_are_cut_anew_leave_the_screen_and_the_disk() -> None:
    play = streaming(disk_seconds=600.0)
    play.hear(segment("1", "one", 5.0, 5.5), segment("2", "two", 5.6, 6.0))
    play.hear(segment("3", "other", 5.2, 6.2))
    play.commands.clear()
    play.hear(segment("4", "one two", 5.0, 6.0, "1", "2"))
    assert play.told(PartialRetracted) == [PartialRetracted(source="mic")]
    assert [(each.id, each.text) for each in play.settled] == [
        ("1.1.3", "other"),
        ("1.1.1", "one two"),
    ]
    noted = [each for each in play.commands if isinstance(each, StoreReplaced | StoreFinal)]
    assert [getattr(each, "id", None) for each in noted] == ["1.1.2", None]
    play.hear(silent(6.2, 12.0))
    assert texts(play) == ["one two", "other"]


def test_words_that_may_still_change_replace_none() -> None:
    play = streaming()
    play.hear(segment("1", "one", 5.0, 5.5))
    partial = Heard(text="on", start=5.0, end=5.4, final=False, segment_id="2", replaces=("1",))
    play.hear(partial, silent(5.5, 12.0))
    assert texts(play) == ["one"]


def test_a_segment_without_words_any_more_is_gone() -> None:
    play = streaming(disk_seconds=600.0)
    play.hear(segment("1", "uh", 5.0, 5.5), segment("1", "", 5.0, 5.5, "1"))
    assert [each.id for each in play.commands if isinstance(each, StoreReplaced)] == ["1.1.1"]
    assert play.told(PartialRetracted)
    play.hear(silent(5.5, 12.0))
    assert texts(play) == []


@pytest.mark.parametrize("traits", [{}, {"disorder": 0.0}, {"disorder": 0.0, "ends": Ends.NONE}])
def test_what_is_final_stands(traits: dict[str, Any]) -> None:
    play = streaming(**traits)
    play.hear(segment("1", "one", 5.0, 5.5), silent(5.5, 12.0))
    play.hear(segment("1", "won", 5.0, 5.6, "1"), segment("1", "wan", 5.0, 5.6, "1"))
    assert texts(play) == ["one"]
    assert revised(play) == ["words of mic that are final were said again: they stand"]


def test_a_segment_of_an_earlier_dial_is_another_one() -> None:
    play, began = redialled(streaming())
    play.hear(segment("1", "one", 5.0 - began, 5.5 - began))
    play.hear(segment("1", "won", 5.0 - began, 5.5 - began, "1"))
    play.hear(silent(5.5 - began, 12.0 - began))
    assert [(each.id, each.text) for each in play.finals] == [("1.2.1", "won")]


def test_the_first_segment_behind_a_cut_stays_the_first_when_it_is_said_again() -> None:
    play, began = redialled(streaming(ends=Ends.CLAIMED))
    for name in ("1", "2"):
        play.hear(segment(name, "one", 5.0 - began, 5.5 - began))
        play.hear(segment(name, "won", 5.0 - began, 5.5 - began, name))
    assert [each.seam for each in play.settled] == [False, True, True, False, False]


@pytest.mark.parametrize("wrong", ["1", (1,), None])
def test_the_names_of_segments_are_checked(wrong: Any) -> None:
    dialect = Outright()
    dialect.says = (Heard(text="x", start=0.0, end=1.0, final=True, replaces=wrong),)
    with pytest.raises(DialectError, match=r"replaces is .* not a tuple of str"):
        decode_strict(dialect, 0, "[]")
