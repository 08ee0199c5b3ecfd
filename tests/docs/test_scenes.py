"""The page of scenes shows every session that is kept, and says of it what is in its picture."""

from __future__ import annotations

import re

import pytest

from openline.journal.reader import read
from openline_diagrams import sequence, sequence_table
from tests.core.scenarios import SCENES
from tests.docs.pages import ROOT

JOURNALS = ROOT / "tests" / "journals"
PAGE = (ROOT / "docs" / "howto" / "diagrams.md").read_text("utf-8")
#: Heading → what stands under it, in the part of the page that shows them.
PART = PAGE.partition("## What happens when …\n")[2].partition("\n## ")[0]
SECTIONS = dict(re.findall(r"^### (.+)\n((?:(?!^### ).*\n)*)", PART, re.MULTILINE))
_TIME = re.compile(r"\d+\.\d\d(?= s\b)")


def test_every_journal_has_a_section() -> None:
    assert {path.stem for path in JOURNALS.glob("*.jsonl")} == {*SCENES}
    assert [*SECTIONS] == [scene.title for scene in SCENES.values()]


@pytest.mark.parametrize("name", SCENES)
def test_section_shows_its_session_and_only_its_times(name: str) -> None:
    title = SCENES[name].title
    section = SECTIONS[title]
    directive = f"```{{openline-session}} ../../tests/journals/{name}.jsonl\n:title: {title}\n```"
    assert section.count("{openline-session}") == section.count(directive) == 1
    with (JOURNALS / f"{name}.jsonl").open("rb") as file:
        [journal] = read(file)
    told = sequence_table(sequence(journal))
    shown = {*re.findall(r"\d+\.\d\d", told)}
    assert {*_TIME.findall(section.replace("\n", " "))} <= shown


def test_times_on_the_page_are_checked() -> None:
    assert sum(len(_TIME.findall(section)) for section in SECTIONS.values()) >= 5
