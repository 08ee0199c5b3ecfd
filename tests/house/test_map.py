"""``ARCHITECTURE.md`` agrees with the tree: each path and each place that it names is there."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT
from tests.house.test_imports import ROOMS

TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
#: Where a path of the map may begin.
BEGINS = ("", "core/openline/", "adapters/", "diagrams/", "core/openline/machine/")
_PATH = re.compile(r"`([\w./]+(?:\.py|/))`")
_QUESTION = re.compile(r"^\| ([^|]+\?) \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


def missing(text: str) -> list[str]:
    """The paths in ``text`` that lead nowhere."""
    paths = _PATH.findall(text)
    return [each for each in paths if not any((ROOT / to / each).exists() for to in BEGINS)]


def unanswered(text: str) -> list[str]:
    """The questions in ``text`` whose file lacks the words."""
    return [
        question
        for question, name, words in _QUESTION.findall(text)
        if words not in (ROOT / name).read_text("utf-8")
    ]


def test_every_path_of_the_map_leads_somewhere() -> None:
    assert len(_PATH.findall(TEXT)) > 40
    assert missing(TEXT) == []


def test_every_room_of_the_imports_is_on_the_map() -> None:
    assert [room for room in ROOMS if f"/{room}` |" not in TEXT] == []


def test_each_question_is_answered_by_a_file_and_a_search() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "? |" in line]
    assert len(_QUESTION.findall(TEXT)) == len(rows) > 30
    assert unanswered(TEXT) == []


def test_a_wrong_place_on_the_map_is_seen() -> None:
    assert missing("see `machine/clock.py`, `openline_store/` and `sender.py`") == [
        "machine/clock.py"
    ]
    row = "| Why? | `core/openline/policy.py` | `class Policies` |"
    assert unanswered(row) == ["Why?"]
