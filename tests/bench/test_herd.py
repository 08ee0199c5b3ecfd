"""A small herd keeps the laws, and the committed figures are those of the present core."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from websockets import client as websockets

from bench.herd import __main__ as herds
from bench.herd import world
from bench.herd.__main__ import FIGURES, PAGE, PICTURES, dumped, main, played
from bench.herd.account import tables
from bench.herd.backend import LOSS, QUEUE, HerdBackend, Outcome
from bench.herd.machines import MachineClient
from bench.herd.peers import PEERS, PeerClient, of_websockets
from bench.herd.picture import pictures
from bench.herd.scenarios import EXCESS, OURS, PATIENT, RUNS, SCENARIOS, ours
from bench.herd.world import Scenario, play
from bench.pages import replaced, shown
from openline import Policy

SMALL = 1_000
#: Dials in any second of the small herd, for each client. Scatter spreads the first over 5 s; after
#: a crash each client dials within a quarter of a second and once more within the second.
BOUNDS = {"restart": 0.7, "crash": 1.75, "outage": 0.3, "overload": 0.65}
COMMITTED: Mapping[str, Any] = json.loads(FIGURES.read_text("utf-8"))


class Log:
    """The dials of each client of a herd: when each went out, and what was announced."""

    def __init__(self) -> None:
        self.dials: list[list[tuple[float, float]]] = []

    def make(
        self,
        backend: HerdBackend,
        random: Random,
        rtt: float,
        loss: int | None,
        policy: Policy = PATIENT,
    ) -> MachineClient:
        mine: list[tuple[float, float]] = []
        self.dials.append(mine)
        return MachineClient(
            backend,
            policy=policy,
            random=random,
            rtt=rtt,
            loss=loss,
            noted=lambda at, announced: mine.append((at, announced)),
        )


def closest_sixteen(dials: list[tuple[float, float]]) -> float:
    """The shortest time in which sixteen dials went out, in seconds."""
    times = [at for at, _ in dials]
    spans = (later - at for at, later in zip(times, times[15:], strict=False))
    return min(spans, default=math.inf)


@pytest.mark.parametrize("scenario", [*SCENARIOS, *EXCESS], ids=lambda each: each.name)
def test_a_small_herd_keeps_the_laws(scenario: Scenario) -> None:
    log = Log()
    herd = play(scenario, log.make, clients=SMALL, seed=7)
    assert (herd.failed, herd.cut) == (0, "")
    assert herd.most is not None
    assert herd.most > scenario.back
    assert len(log.dials) == SMALL
    assert herd.dials == sum(map(len, log.dials)) == sum(herd.per_second)
    assert herd.peak <= BOUNDS[scenario.name.partition(",")[0]] * SMALL
    for dials in log.dials:
        assert dials
        assert all(at >= announced - 1e-9 for at, announced in dials)
        assert closest_sixteen(dials) >= 60.0


def test_the_gate_holds_a_hasty_herd() -> None:
    log = Log()
    hasty = Policy(give_up_after=None, backoff_first=0.1, backoff_cap=0.5)
    scenario = RUNS["gate"].scenario
    play(scenario, partial(log.make, policy=hasty), clients=100, seed=7)
    for dials in log.dials:
        assert 60.0 <= closest_sixteen(dials) < 62.0  # the gate, and nothing else, keeps them apart


def test_a_session_that_gives_up_is_counted() -> None:
    herd = play(RUNS["gone"].scenario, ours(Policy(give_up_after=20.0)), clients=50, seed=7)
    assert (herd.failed, herd.most, herd.half, herd.cut) == (50, None, None, "")


def test_the_same_seed_gives_the_same_herd() -> None:
    first, again, other = (play(SCENARIOS[0], ours(), clients=100, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


# The backend.


def backend(excess: Outcome = Outcome.UNAVAILABLE, rate: float = 9.0) -> HerdBackend:
    return HerdBackend(back=LOSS + 5.0, rate=rate, away=Outcome.REFUSED, excess=excess)


def test_the_backend_opens_what_its_queue_and_its_rate_allow() -> None:
    there = backend()
    assert there.dial(LOSS + 4.9).outcome is Outcome.REFUSED
    first = [there.dial(LOSS + 5.0) for _ in range(100)]
    opened = [each for each in first if each.outcome is Outcome.OPENED]
    assert len(opened) == math.floor(QUEUE * 9) + 1  # the one that is served does not wait
    assert [each.after for each in opened] == pytest.approx([1 / 9, 2 / 9, 3 / 9, 4 / 9, 5 / 9])
    assert {each.outcome for each in first[len(opened) :]} == {Outcome.UNAVAILABLE}
    later = [there.dial(LOSS + 6.0 + at / 50).outcome for at in range(50)]
    assert later.count(Outcome.OPENED) in {13, 14}


def test_dials_are_counted_by_second_and_by_tenth() -> None:
    there = backend()
    for at in (0.0, 0.05, 0.95, 1.04, 1.05, 3.5):
        there.dial(LOSS + at)
    assert there.per_second() == [3, 2, 0, 1]
    assert (there.peak(1), there.peak(10), there.peak(11), there.seen) == (2, 3, 5, 6)
    assert (backend().per_second(), backend().peak(10)) == ([], 0)


# The peers.


def test_websockets_waits_as_its_own_generator_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.25)
    theirs = websockets.backoff()

    class Quarter(Random):
        def random(self) -> float:
            return 0.25

    mine = [of_websockets(number, Quarter()) for number in range(1, 14)]
    assert mine == pytest.approx([next(theirs) for _ in mine])
    assert of_websockets(0, Quarter()) == 0.0


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("full jitter", [(0, 1), (0, 2), (0, 4), (0, 8), (0, 10), (0, 10)]),
        ("equal jitter", [(0.5, 1), (1, 2), (2, 4), (4, 8), (5, 10), (5, 10)]),
        ("no jitter", [(1, 1), (2, 2), (4, 4), (8, 8), (10, 10), (10, 10)]),
    ],
)
def test_a_formula_draws_from_its_span(name: str, bounds: list[tuple[float, float]]) -> None:
    random = Random(1)
    for number, (least, most) in enumerate(bounds):
        drawn = [PEERS[name](number, random) for _ in range(300)]
        assert least <= min(drawn) <= max(drawn) <= most
        assert max(drawn) - min(drawn) >= 0.9 * (most - least)


@pytest.mark.parametrize("excess", [Outcome.UNAVAILABLE, Outcome.RESTARTING, Outcome.MUTE])
def test_a_peer_goes_on_after_each_way_to_turn_it_away(excess: Outcome) -> None:
    there = backend(excess, rate=1e-6)
    there.dial(LOSS + 5.0)  # the queue is full for eleven days
    delays: list[int] = []

    def delay(number: int, _random: Random) -> float:
        delays.append(number)
        return 1.0

    peer = PeerClient(there, delay=delay, random=Random(1), rtt=0.1, loss=1012)
    begun = LOSS + 0.05
    assert peer.at == begun + 1.0
    while peer.at < LOSS + 40.0:
        peer.step()
    assert peer.streams_at is None
    assert not peer.failed
    lasts = {Outcome.MUTE: 10.0, Outcome.RESTARTING: 0.15, Outcome.UNAVAILABLE: 0.1}[excess]
    tries = peer.dials - 4  # of the first five seconds: each was refused after 0.1 s
    assert tries == pytest.approx((40.0 - 5.0) / (1.0 + lasts), abs=1.5)
    if excess is Outcome.RESTARTING:  # an open line resets it
        assert delays[-3:] == [0, 0, 0]
    else:
        assert all(later == number + 1 for number, later in pairwise(delays))


# The figures.


def test_the_committed_figures_are_those_of_the_present_core() -> None:
    """A small herd has the same shape. If not: ``make herd``."""
    for scenario in SCENARIOS:
        small = play(scenario, ours(), clients=SMALL, seed=3)
        large = COMMITTED["herds"][scenario.name][OURS]
        count = large["clients"]
        assert small.dials / SMALL == pytest.approx(large["dials"] / count, rel=0.05)
        assert small.peak / SMALL == pytest.approx(large["peak"] / count, rel=0.15)
        assert small.most == pytest.approx(large["most"], rel=0.05)


def test_the_committed_figures_are_of_a_whole_run() -> None:
    kept = {name: [*found] for name, found in COMMITTED["herds"].items()}
    assert kept == {name: [*run.makers] for name, run in RUNS.items()}
    assert {RUNS[each.name].clients for each in SCENARIOS} == {100_000}
    for name, found in COMMITTED["herds"].items():
        assert {herd["clients"] for herd in found.values()} == {RUNS[name].clients}
    assert FIGURES.read_text("utf-8") == dumped(COMMITTED)


def test_the_pictures_are_drawn_from_the_committed_figures() -> None:
    for name, text in pictures(COMMITTED).items():
        if (PICTURES / name).read_text("utf-8") != text:
            pytest.fail(f"docs/_static/{name} is not of these figures: python -m bench.herd --draw")


def test_the_tables_of_the_page_are_those_of_the_committed_figures() -> None:
    page = PAGE.read_text("utf-8")
    made = tables(COMMITTED)
    assert page.count("<!-- figures: ") == len(made)
    for name, text in made.items():
        assert shown(page, name) == text, name


def test_a_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the figures 'a'"):
        replaced("<!-- figures: b -->\n<!-- end of figures -->", "a", "")


def test_a_small_herd_is_played_and_nothing_written(capsys: pytest.CaptureFixture[str]) -> None:
    before = FIGURES.stat().st_mtime_ns
    assert main(["scatter", "--clients", "100"]) == 0
    assert FIGURES.stat().st_mtime_ns == before
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("scatter, 100 clients: the backend closes all lines with 1012")
    assert [line.split("  ")[1] for line in told[1:]] == ["scatter of 5 s", "scatter of 0.25 s"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--clients", "5"], "--clients 5: give 100 or more"),
        (["--clients", "many"], "argument --clients: invalid int value: 'many'"),
        (["rain"], f"no scenario 'rain': there are {', '.join(RUNS)}"),
        (
            ["--write", "--seed", "2"],
            "--write: leave --clients and --seed out",
        ),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    wrong: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert f"error: {told}" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(("limit", "cut"), [("LONGEST", "time"), ("MOST_DIALS", "dials")])
def test_a_herd_that_does_not_settle_is_left(
    limit: str, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, limit, {"LONGEST": 30.0, "MOST_DIALS": 3}[limit])
    herd = play(SCENARIOS[-1], ours(), clients=100, seed=7)
    assert herd.cut == cut
    assert herd.most is None
    assert herd.dials < 100 * 6


def test_figures_that_are_not_whole_are_not_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(herds, "FIGURES", tmp_path / "herd.json")
    kept = {name: COMMITTED["herds"][name] for name in RUNS if name not in {"gone", EXCESS[1].name}}
    herds.FIGURES.write_text(dumped({**COMMITTED, "herds": kept}), "utf-8")
    assert main(["--draw"]) == 1
    assert capsys.readouterr().err == (
        "bench.herd: not drawn, for there are no figures of overload, 1012, gone yet: "
        "python -m bench.herd --write 'overload, 1012' 'gone'\n"
    )


def test_what_is_played_anew_replaces_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herds, "FIGURES", tmp_path / "herd.json")
    monkeypatch.setattr(herds, "PAGE", tmp_path / "herd.md")
    monkeypatch.setattr(herds, "PICTURES", tmp_path)
    small = {**RUNS, "scatter": RUNS["scatter"]._replace(clients=100)}
    monkeypatch.setattr(herds, "RUNS", small)
    place = "<!-- figures: {} -->\nold\n<!-- end of figures -->\n"
    herds.PAGE.write_text("".join(place.format(each) for each in tables(COMMITTED)), "utf-8")
    assert herds.read()["herds"] == {}
    herds.FIGURES.write_text(dumped(COMMITTED), "utf-8")
    assert main(["--write", "scatter"]) == 0
    found = herds.read()
    assert found["herds"]["scatter"]["scatter of 5 s"]["clients"] == 100
    assert {**found["herds"], "scatter": 0} == {**COMMITTED["herds"], "scatter": 0}
    assert "old" not in herds.PAGE.read_text("utf-8")
    assert (tmp_path / "herd-dark.svg").exists()


def test_figures_survive_their_file() -> None:
    played_now = played("gone", 100, 1)
    figures = {"seed": 1, "herds": {"gone": played_now}}
    herd = played_now["give_up_after of 300 s"]
    assert math.isclose(sum(herd["per_second"]), herd["dials"])
    assert json.loads(dumped(figures)) == figures
