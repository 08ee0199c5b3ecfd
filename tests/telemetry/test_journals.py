"""Recorded sessions, replayed: what is measured is what the session's own result says."""

from __future__ import annotations

from pathlib import Path

import pytest

from openline.commands import Report
from openline.journal.reader import read
from openline.journal.replay import replay
from openline.updates import SAMPLE_RATE, Ended
from openline_telemetry import names
from openline_telemetry.names import METRICS
from tests.docs.pages import ROOT
from tests.telemetry.support import Told, attributes

JOURNALS = sorted((ROOT / "tests" / "journals").glob("*.jsonl"))


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_measurements_agree_with_the_result(path: Path) -> None:
    told = Told()
    (journal,) = read(path.read_bytes().splitlines(keepends=True))
    steps = [*replay(journal, observers=[told.telemetry.observer()])]
    updates = [c.update for step in steps for c in step.commands if isinstance(c, Report)]
    (ended,) = [update for update in updates if isinstance(update, Ended)]

    dials = told.spans(names.DIAL_SPAN)
    assert len(dials) == ended.statistics.dials == sum(told.sums(names.DIALLED).values())
    assert len(told.spans(names.SESSION_SPAN)) == 1
    sources = ended.statistics.sources.values()
    for metric, samples in (
        (names.AUDIO_CAPTURED, sum(each.captured for each in sources)),
        (names.AUDIO_CONFIRMED, sum(each.confirmed for each in sources)),
    ):
        counted = sum(told.sums(metric).values())
        assert counted == pytest.approx(samples / SAMPLE_RATE)
    lost = sum(told.sums(names.GAPS).values()) - sum(told.sums(names.WITHDRAWN).values())
    assert lost == pytest.approx(sum(gap.seconds for gap in ended.missing))
    words = sum(len(final.text.split()) for final in ended.transcript)
    assert sum(told.sums(names.TOLD).values()) == words
    assert told.sums(names.ACTIVE) == {(): 0}
    finals = [
        turn for turn in told.spans(names.TURN_SPAN) if attributes(turn)[names.OUTCOME] == "final"
    ]
    assert len(finals) == len(ended.transcript)


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_a_measurement_has_the_labels_of_its_metric_and_no_others(path: Path) -> None:
    told = Told()
    (journal,) = read(path.read_bytes().splitlines(keepends=True))
    for _ in replay(journal, observers=[told.telemetry.observer()]):
        pass
    for name, points in told.points().items():
        for point in points:
            assert set(point.attributes or {}) <= set(METRICS[name].labels), name
