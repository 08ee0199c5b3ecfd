"""One corpus for every face: the same scripts, the same journals but for times.

A face is added by a harness: it plays a script's steps in its own loop.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from openline.updates import Ended
from tests.faces.asyncio_harness import AsyncioHarness
from tests.faces.corpus import CORPUS
from tests.faces.harness import Harness, Played, own_words, without_times
from tests.faces.trio_harness import TrioHarness

MODEL = TrioHarness()
OTHERS: list[Harness] = [AsyncioHarness()]


def played(harness: Harness, name: str, folder: Path) -> tuple[Played, list[str]]:
    journal = folder / f"{harness.name}.jsonl"
    found = harness.run(CORPUS[name], journal=journal)
    return found, without_times(journal)


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("harness", OTHERS, ids=lambda each: each.name)
def test_a_script_has_the_same_journal_on_each_face(
    harness: Harness, name: str, tmp_path: Path
) -> None:
    model, expected = played(MODEL, name, tmp_path)
    ours, found = played(harness, name, tmp_path)
    assert isinstance(model.updates[-1], Ended)
    assert found == expected
    assert own_words(ours.updates) == own_words(model.updates)
    assert ours.dials == model.dials
    assert ours.seconds == pytest.approx(model.seconds, abs=1e-6)
