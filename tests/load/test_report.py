"""What a load says of itself: rows, lines, JSON and the plot."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from openline.updates import State
from openline_load.capacity import Breach, Search, Trial
from openline_load.faults import Effect, Strike
from openline_load.figures import Call
from openline_load.own import Own
from openline_load.plot import plot
from openline_load.report import (
    REMEDY,
    as_data,
    capacity_data,
    capacity_line,
    lines,
    report,
    rows,
    trial_line,
)
from openline_load.run import Ending
from tests.load.support import call, change, gap, result


def lost() -> Call:
    made = Call(3, 1.0)
    made.began(1.0)
    for state, at in ((State.CONNECTING, 1.0), (State.STREAMING, 1.1), (State.RECONNECTING, 5.0)):
        made.update(change(state), at)
    made.interrupted(12.0)
    return made


def late() -> Own:
    own = Own()
    for frame in range(100):
        own.frame(frame / 50, frame / 50 + (0.5 if frame == 50 else 0.001))
    own.frame(4.0, 4.25)
    return own


def test_the_table() -> None:
    table = rows(report(result(call((0.1, 1.5)), call((0.3,), number=2))))
    assert table == [
        ("", "count", "p50", "p95", "p99", "most", "flagged"),
        ("connect", "2", "10 ms", "10 ms", "10 ms", "10 ms", ""),
        ("ack", "2", "30 ms", "30 ms", "30 ms", "30 ms", ""),
        ("first words", "2", "2.10 s", "2.30 s", "2.30 s", "2.30 s", ""),
        ("final lag", "3", "300 ms", "1.50 s", "1.50 s", "1.50 s", ""),
    ]


def test_a_load_without_a_figure_says_so() -> None:
    found = report(result())
    assert rows(found)[1] == ("connect", "0", "-", "-", "-", "-", "-")
    assert lines(found)[0] == "sessions: 0 of 1, none ended"
    assert not found.is_good
    assert not found.is_own


def test_the_lines() -> None:
    found = report(result(call(), call(gaps=(gap(0.5),), number=2), lost()))
    own = "0 of 0 frames were late by more than 20 ms (p99 0 ms, most 0 ms), the event loop by 0 ms"
    assert lines(found) == [
        "sessions: 3 of 3, 1 complete, 1 incomplete, 1 cut short",
        "lines: 1 × reconnected, 0 × refused",
        "audio: 4.0 s, lost 0.50 s",
        f"generator: {own} at most; 0 % of a processor",
        "incomplete: 1 × finished",
    ]
    assert not found.is_good


def test_a_generator_that_was_late_is_said_last_and_flagged() -> None:
    found = report(result(call((0.1, 0.3)), own=late()))
    assert found.is_own
    assert rows(found)[4][-1] == "1"
    late_in = "2 of 101 frames, 1 of 1 first words, 1 of 2 final lag"
    assert lines(found)[-2:] == [
        (
            "generator: 2 of 101 frames were late by more than 20 ms (p99 258 ms, most 500 ms), "
            "the event loop by 0 ms at most; 0 % of a processor"
        ),
        f"the generator was late: it may have spoiled {late_in}; {REMEDY}",
    ]


def test_what_is_said_of_the_generator_is_what_its_figures_say() -> None:
    """Its frames were in time, and its loop was late while one caller of two dialled."""
    own = Own()
    for frame in range(100):
        own.frame(frame / 50, frame / 50 + 0.001)
    own.turn(3.0, 3.05)
    slow = Call(2, 3.0)
    slow.began(3.0)
    slow.update(change(State.CONNECTING), 3.0)
    slow.opened(3.06)
    found = report(result(call(), slow, own=own))
    assert found.spoiled == {"connect": (1, 2)}
    assert [each[-1] for each in rows(found)] == ["flagged", "1", "", "", ""]
    told = lines(found)
    assert told[3].startswith("generator: 0 of 100 frames were late by more than 20 ms (")
    assert "the event loop by 50 ms at most" in told[3]
    assert told[-1].startswith("the generator was late: it may have spoiled 1 of 2 connect; ")
    data = as_data(found)["generator"]
    assert (data["is_bottleneck"], data["spoiled"]) == (True, ["connect"])
    assert not found.is_bound_own  # no bound is judged by how long a connect takes


def test_a_late_frame_among_thousands_is_not_rounded_to_none() -> None:
    own = Own()
    for frame in range(5000):
        own.frame(frame / 50, frame / 50 + (0.3 if frame == 400 else 0.0))
    found = report(result(call(), own=own))
    assert not found.is_own
    assert lines(found)[3].startswith(
        "generator: 1 of 5000 frames were late by more than 20 ms (p99 0 ms, most 300 ms), "
    )


SO_FAR = "after 7.5 s of a load of 12.0 s: these are the figures so far"


@pytest.mark.parametrize(
    ("ended_by", "line"),
    [
        (Ending.INTERRUPTED, f"interrupted {SO_FAR}"),
        (Ending.ABORTED, f"aborted {SO_FAR}"),
        (Ending.NEVER_ACKNOWLEDGED, "no caller was ever acknowledged"),
        (Ending.FAILED, "every caller failed"),
    ],
)
def test_a_load_that_is_no_whole_one_does_not_look_finished(ended_by: Ending, line: str) -> None:
    made = result(call(), seconds=7.5)
    made.ended_by = ended_by
    found = report(made)
    assert lines(found)[-1] == line
    data = json.loads(json.dumps(as_data(found)))
    assert data["ended_by"] == ended_by.value
    assert (data["seconds"], data["plan"]["seconds"]) == (7.5, 12.0)
    assert found.is_early == (ended_by in {Ending.INTERRUPTED, Ending.ABORTED})


def test_dials_without_an_open_file_are_the_generators() -> None:
    made = call()
    made.refusals, made.starved = 3, 2
    found = report(result(made))
    assert found.spoiled == {"refusals": (2, 3)}
    assert lines(found)[-1] == (
        "the generator had no open file left for 2 dials: raise the limit (ulimit -n)"
    )
    assert as_data(found)["generator"]["starved_dials"] == 2


def test_faults_that_struck_nobody_are_told() -> None:
    struck = call()
    struck.struck += [Strike(1.0, Effect.CUT), Strike(2.0, Effect.CUT)]
    found = report(result(struck, call(number=2)), [Effect.CUT, Effect.FREEZE])
    assert lines(found)[-1] == "faults: 2 × cut, 0 × freeze"
    assert as_data(found)["faults_struck"] == {"cut": 2, "freeze": 0}


def test_the_json_holds_every_call() -> None:
    found = report(result(call((0.1, 0.3)), lost(), own=late()))
    data = json.loads(json.dumps(as_data(found)))
    assert data["plan"] == {
        "sessions": 2, "ramp": 2.0, "hold": 10.0, "rate": None, "seconds": 12.0,
    }  # fmt: skip
    assert data["sessions"] == {
        "begun": 2, "complete": 1, "incomplete": 0, "left": 0, "cut_short": 1,
    }  # fmt: skip
    assert data["final_lag"]["p50"] == pytest.approx(0.1)
    assert data["final_lag"]["flagged"] == 1
    assert data["generator"]["is_bottleneck"] is True
    assert data["generator"]["late_frames"] == 2
    first, second = data["calls"]
    assert (first["outcome"], first["final_lag"]["count"]) == ("complete", 2)
    assert (second["outcome"], second["connect"], second["final_lag"]) == ("cut_short", None, None)
    assert (second["began"], second["ended"], second["reconnects"]) == (1.0, 12.0, 1)


REFUSED = Breach("refused dials: 2", is_timed=False)
LATE = Breach("p95 of the final lag is 3.00 s")


def trial(callers: int, breach: Breach | None = None, *, own: Own | None = None) -> Trial:
    found = result(call(), own=own)
    return Trial(callers, breach, report(found).is_bound_own, found)


def search_with(*trials: Trial, most: int = 100) -> Search:
    search = Search(most)
    for each in trials:
        search.took(each.callers, well=each.breach is None)
    return search


def test_a_search_that_found_the_capacity() -> None:
    trials = [trial(8), trial(16, REFUSED, own=late())]
    search = search_with(*trials)
    assert [trial_line(each) for each in trials] == [
        "8 sessions: well",
        "16 sessions: refused dials: 2",
    ]
    assert capacity_line(search, trials) == (
        "capacity: 8 sessions; 16 are too many: refused dials: 2"
    )
    data = json.loads(json.dumps(capacity_data(search, trials)))
    assert (data["capacity"], data["too_many"], data["is_own"]) == (8, 16, False)
    assert data["ended_by"] == "finished"
    assert [each["is_own"] for each in data["trials"]] == [False, False]
    assert [each["breach"] for each in data["trials"]] == [None, "refused dials: 2"]
    assert [each["callers"] for each in data["trials"]] == [8, 16]
    assert "calls" not in data["trials"][0]


def test_a_search_that_the_generator_ended_claims_no_capacity() -> None:
    trials = [trial(8), trial(16, LATE, own=late())]
    assert trial_line(trials[1]).endswith(", and the generator was late in it")
    assert capacity_data(search_with(*trials), trials)["trials"][1]["is_own"]
    assert capacity_line(search_with(*trials), trials).startswith(
        "capacity: 8 sessions or more: beyond, the generator was late"
    )


@pytest.mark.parametrize(
    ("trials", "line"),
    [
        ([], "capacity: unknown; the search was interrupted in its first trial"),
        ([trial(8)], "capacity: 8 sessions or more; the search was interrupted"),
        (
            [trial(8), trial(16, LATE)],
            "capacity: 8 sessions or more, fewer than 16; the search was interrupted",
        ),
    ],
)
def test_a_search_that_was_interrupted(trials: list[Trial], line: str) -> None:
    assert capacity_line(search_with(*trials), trials, over=False) == line
    data = capacity_data(search_with(*trials), trials, over=False)
    assert data["ended_by"] == "interrupted"
    assert data["capacity"] == (8 if trials else None)


def test_a_search_that_met_no_limit() -> None:
    trials = [trial(8)]
    assert capacity_line(search_with(*trials, most=8), trials) == (
        "capacity: 8 sessions or more; no trial broke a bound"
    )


def test_the_plot_is_well_formed_and_shows_each_part() -> None:
    found = result(call((0.1, 0.3, 0.2)), lost(), own=late())
    text = plot(found, 'two & <three> against "x"')
    root = ET.fromstring(text)  # noqa: S314  # ours
    name = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{name}title") == 'two & <three> against "x"'
    kinds = [element.get("class") for element in root.iter() if element.get("class")]
    assert {"live", "band", "mid", "loss", "own", "grid", "title", "paper"} == set(kinds)
    assert kinds.count("loss") == 1
    assert "prefers-color-scheme:dark" in text
    numbers = [float(each) for each in re.findall(r"[MLHV,]([\d.]+)", text)]
    assert all(0 <= each <= 800 for each in numbers)


def test_a_plot_of_nothing_is_a_plot() -> None:
    found = result(seconds=0.0)
    found.live = []
    root = ET.fromstring(plot(found, "nothing"))  # noqa: S314  # ours
    assert not [e for e in root.iter() if e.get("class") in {"live", "band", "loss", "own"}]


def test_late_spans_outside_of_the_load_are_not_drawn() -> None:
    own = Own()
    own.turn(-5.0, -4.0)
    own.turn(30.0, 31.0)
    text = plot(result(call(), own=own), "x")
    widths = [float(each) for each in re.findall(r'class="own".*?width="([\d.]+)"', text)]
    assert all(width <= 1.1 for width in widths)
