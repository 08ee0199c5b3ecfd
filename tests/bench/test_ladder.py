"""The ladder measures what it names; its costs are not tested here, only what is made of them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from bench import RUNGS, report
from bench.__main__ import main, measure, rung_of
from bench.charts import MAKERS
from bench.clients import of_fleet
from bench.clients.load import Load, Window
from bench.ladder import Measure, Rung, climb, figures
from bench.picture import is_bare, pictures
from bench.ratios import figure, spread
from bench.rungs import batch, many
from openline import SessionMachine
from openline import events as e

ROOT = Path(__file__).parents[2]
#: The smallest sizes that give a cost: an outage must exceed the buffer.
LITTLE: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "event": {"calls": 20},
        "machine": {"calls": 20},
        "memory": {"count": 10},
        "frame": {"calls": 60},
        "session": {"seconds": 0.1, "sessions": 2},
        "tls": {"seconds": 0.1, "sessions": 2},
        "hundred": {"seconds": 0.1, "sessions": 3},
        "thousand": {"seconds": 0.2, "sessions": 3},
        "outage": {"seconds": 90.0},
        "batch": {"count": 2, "seconds": 0.5},
    }
)
COMMITTED = report.read()
#: Contenders of other modules, which are measured where these are there.
SLOTS = {many.FLEET, batch.BATCH}


@pytest.mark.parametrize("name", RUNGS)
def test_a_rung_measures_what_it_names(name: str) -> None:
    rung = rung_of(name)
    costs = climb(rung, rounds=1, **LITTLE[name])
    assert [*costs] == [each for each in rung.names if each not in rung.missing()]
    assert all(len(each) == 1 and each[0] > 0 for each in costs.values())
    found = [*figures(rung, costs)]
    assert [(each.name, each.peer) for each in found] == [
        pair for pair in rung.pairs if not {*pair} & {*rung.missing()}
    ]
    for each in found:
        assert str(each).count(each.peer) >= 1


def test_each_rung_stands_beside_a_peer_that_is_no_limit() -> None:
    for name in RUNGS:
        assert any(not is_bare(peer) for _, peer in rung_of(name).pairs), name


def play(session: SessionMachine) -> list[object]:
    """A session from its opening over a lost line to its end: all that it does."""
    done: list[object] = []
    ack = '{"type":"status","state":"streaming"}'
    script: list[tuple[e.Event, float]] = [
        (e.OpenRequested(), 0.0), (e.SocketOpened(1, "c"), 0.1), (e.Tick(), 0.2),
        (e.MessageReceived(1, ack), 0.3), (e.SourceStarted("mic", 0.3), 0.3),
        (e.AudioCaptured("mic", bytes(6400)), 0.5), (e.PongReceived(1, b"0"), 0.6),
        (e.SocketLost(dial=1, code=1006), 1.0), (e.PongReceived(1, b"0"), 1.1), (e.Tick(), 3.0),
        (e.SocketOpened(2, "d"), 3.2), (e.MessageReceived(2, ack), 3.3), (e.StopRequested(), 4.0),
        (e.AbortRequested(), 4.1),
    ]  # fmt: skip
    for event, now in script:
        done += session.receive(event, now)
        while (sent := session.next_message(now)) is not None:
            done.append(sent)
    return done


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "openline"])
def test_every_interpreter_runs_the_same_session(name: str) -> None:
    if name == "transitions":
        pytest.importorskip("transitions")
    session = MAKERS[name]()
    assert play(session) == play(MAKERS["openline"]())
    assert session.ended


# The ladder.


def rung_with(contenders: Mapping[str, list[float]], **needs: str) -> Rung:
    """A rung whose costs are given, the one before the first round included."""
    costs = {name: iter(each) for name, each in contenders.items()}

    def contenders_of(**_sizes: float) -> nullcontext[Mapping[str, Measure]]:
        return nullcontext({name: each.__next__ for name, each in costs.items()})

    return Rung(
        what="a toy",
        unit="µs",
        rounds=2,
        pairs=(("openline", "a"), ("openline", "a bare b")),
        needs=needs,
        contenders=contenders_of,
    )


def test_the_first_round_is_not_counted() -> None:
    rung = rung_with({"openline": [9, 1, 2], "a": [9, 2, 8], "a bare b": [9, 1, 1]})
    costs = climb(rung)
    assert costs == {"openline": [1, 2], "a": [2, 8], "a bare b": [1, 1]}
    assert [each.ratios for each in figures(rung, costs)] == [(0.5, 0.25), (1.0, 2.0)]


def test_a_contender_that_fails_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rung = rung_with({"openline": [9, 1, 2], "a": [9], "a bare b": [9, 1, 1]})

    def cut() -> float:
        raise ExceptionGroup("many", [ExceptionGroup("more", [OSError("the line was cut")])])

    @contextmanager
    def contenders(**sizes: float) -> Generator[Mapping[str, Measure]]:
        with rung.contenders(**sizes) as found:
            yield {**found, "a": cut}

    broken = dataclasses.replace(rung, contenders=contenders)

    def rung_of_any_name(_name: str) -> Rung:
        return broken

    monkeypatch.setattr("bench.__main__.rung_of", rung_of_any_name)
    assert main(["frame"]) == 1
    assert capsys.readouterr().err == "bench: frame: a failed: OSError: the line was cut\n"


def test_a_peer_that_is_not_installed_is_left_out_with_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rung = rung_with({"openline": [9, 1, 2], "a bare b": [9, 1, 1]}, a="no_such_module")
    kept = measure("toy", rung)
    assert kept["pairs"] == [["openline", "a bare b"]]
    assert [*kept["costs"]] == ["openline", "a bare b"]
    told = capsys.readouterr().out.splitlines()
    assert told[1] == "  without a: no_such_module is not installed (the group `bench`)"


def test_a_ratio_is_taken_within_a_round() -> None:
    """A machine that becomes twice as slow between two rounds changes no ratio."""
    measured = figure("ours", "theirs", "µs", [(3.0, 6.0), (6.0, 12.0)])
    assert measured.ratios == (0.5, 0.5)
    assert measured.amount == 3.0


@pytest.mark.parametrize(
    ("ratios", "told"),
    [
        ([1.0], "1"),
        ([9.0, 1.0, 1.2, 1.3, 0.1], "1.2 (1 to 1.3)"),
        ([0.01234], "0.012"),
        ([123.4, 130.2], "127 (125 to 128)"),
    ],
)
def test_spread_has_two_digits(ratios: list[float], told: str) -> None:
    assert spread(ratios) == told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["frame", "frames"], f"no rung frames: there are {', '.join(RUNGS)}"),
        (["--raw"], "unrecognized arguments: --raw"),
    ],
)
def test_a_wrong_argument_is_named(
    wrong: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"python -m bench: error: {told}"


def test_a_session_that_does_not_finish_is_no_figure() -> None:
    class Set:
        def set(self) -> None: ...
        async def wait(self) -> None: ...

    class Places:
        async def acquire(self) -> None: ...
        def release(self) -> None: ...

    load = Load(port=1, sessions=2, seconds=1.0)
    window = Window(2, Set(), Places())
    window.end()
    with pytest.raises(RuntimeError, match="1 sessions of 2 did not finish"):
        window.cost(load)


def test_the_slot_of_the_fleet_is_filled_or_left_out() -> None:
    assert (many.FLEET in rung_of("hundred").names) is of_fleet.is_there()


# The figures.


def test_the_committed_figures_are_of_every_rung() -> None:
    assert tuple(COMMITTED["rungs"]) == RUNGS
    for name, kept in COMMITTED["rungs"].items():
        rung = rung_of(name)
        assert (kept["what"], kept["unit"]) == (rung.what, rung.unit)
        required = {name for pair in rung.pairs if not {*pair} & SLOTS for name in pair}
        assert required <= {*kept["costs"]} <= {*rung.names} | SLOTS
        pairs = [[*pair] for pair in rung.pairs if not {*pair} & SLOTS]
        assert [pair for pair in kept["pairs"] if not {*pair} & SLOTS] == pairs
        assert {len(costs) for costs in kept["costs"].values()} == {rung.rounds}
    assert report.dumped(COMMITTED) == report.FILE.read_text("utf-8")


def test_the_committed_figures_name_no_machine() -> None:
    assert {*COMMITTED["machine"]} == {"system", "processor", "cores", "python", "measured"}
    assert {*COMMITTED["machine"]} == {*report.kind()}
    assert {*report.LIBRARIES} == {*COMMITTED["versions"]}


def test_the_picture_is_drawn_from_the_committed_figures() -> None:
    for name, text in pictures(COMMITTED["rungs"]).items():
        if (report.PICTURES / name).read_text("utf-8") != text:
            pytest.fail(f"bench/figures/{name} is not of these figures: python -m bench --draw")


def test_the_tables_of_the_readme_are_those_of_the_committed_figures() -> None:
    readme = report.README.read_text("utf-8")
    section = readme.partition("\n## Figures\n")[2].partition("\n## ")[0]
    for name, text in report.tables(COMMITTED).items():
        assert f"<!-- figures: {name} -->\n{text}<!-- end of figures -->" in section, name
    named = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| ", section, re.MULTILINE)
    assert list(dict.fromkeys(named)) == list(RUNGS)


def test_a_rung_that_is_measured_anew_replaces_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "FILE", tmp_path / "ladder.json")
    assert report.read() == {"rungs": {}}
    rung = rung_with({"openline": [9, 1.23456, 2], "a": [9, 2, 8], "a bare b": [9, 1, 1]})
    old = report.measured(rung, {"openline": [1.23456], "a": [2.0]})
    assert old["costs"] == {"openline": [1.235], "a": [2.0]}
    assert old["pairs"] == [["openline", "a"]]
    report.write(report.added(report.read(), "frame", old))
    report.write(report.added(report.read(), "event", old))
    report.write(report.added(report.read(), "frame", {**old, "what": "new"}))
    found: dict[str, Any] = json.loads(report.FILE.read_text("utf-8"))
    assert [(name, each["what"]) for name, each in found["rungs"].items()] == [
        ("event", "a toy"), ("frame", "new"),
    ]  # fmt: skip


def test_drawing_writes_pictures_and_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "README.md"
    empty = "<!-- figures: {} -->\nold\n<!-- end of figures -->\n"
    page.write_text("a\n" + empty.format("ladder") + "b\n" + empty.format("rungs"), "utf-8")
    monkeypatch.setattr(report, "README", page)
    monkeypatch.setattr(report, "PICTURES", tmp_path)
    assert main(["--draw"]) == 0
    text = page.read_text("utf-8")
    assert "old" not in text
    assert text.startswith("a\n<!-- figures: ladder -->\n| rung |")
    assert (tmp_path / "ladder-dark.svg").read_text("utf-8").endswith("</svg>\n")
