"""The inspector's page in a real browser: what it shows, by keyboard alone, to everybody, fast.

The page asks for nothing but itself; any other request fails a test. What it shows at an instant is
held to a replay that is looked at on its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from openline_inspect import Recording, page, record, record_path
from tests.e2e.browser import Browser, Scheme, Tab, missing
from tests.inspect.support_rows import JOURNALS, journal, seen
from tests.inspect.support_sessions import away, long_session, never_back, unreadable
from tests.inspect.test_recording import PATH, lines

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

Open = Callable[..., AbstractContextManager[Tab]]
SIZES = [(1280, 800), (800, 1000), (390, 844)]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with Browser() as it:
        yield it


@cache
def recorded(name: str) -> Recording:
    if name == "never-back":
        return record(never_back(60.0), name=name)
    if name == "long":
        return record(long_session(90.0), name=name)
    if name == "away":
        return record(away(), name=name)
    if name == "unreadable":
        return record(unreadable(), name=name)
    if name == "path":
        return record_path(lines(*PATH), name=name)
    [path] = [path for path in JOURNALS if path.stem == name]
    return record(journal(path), name=name)


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Open:
    """Opens the page of recordings, and holds it to ask for nothing and to make no error."""

    @contextmanager
    def show(
        *recordings: Recording | str,
        at: str = "",
        size: tuple[int, int] = SIZES[0],
        scheme: Scheme = "light",
    ) -> Generator[Tab]:
        given = [recorded(each) if isinstance(each, str) else each for each in recordings]
        file = tmp_path / "page.html"
        file.write_text(page(given), encoding="utf-8")
        with browser.tab(file.as_uri() + at, width=size[0], height=size[1], scheme=scheme) as tab:
            tab.page.wait_for_selector("body[data-ready]")
            yield tab
            assert (tab.foreign, tab.errors) == ([], [])

    return show


def text(tab: Tab, what: str) -> str:
    return tab.page.locator(what).inner_text()


def drawn(tab: Tab, what: str) -> str:
    return tab.page.locator(what).text_content() or ""


def row(tab: Tab) -> int:
    return int(tab.page.locator(".item.now").get_attribute("data-row") or -1)


def press(tab: Tab, *keys: str) -> None:
    for key in keys:
        tab.page.keyboard.press(key)


# What it shows.


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["drop-and-replay", "never-back", "away", "unreadable"])
def test_everybody_can_read_it(
    name: str, scheme: Scheme, size: tuple[int, int], shown: Open
) -> None:
    with shown(name, size=size, scheme=scheme) as tab:
        assert tab.violations() == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") == size[0]
        press(tab, "h")
        assert tab.violations() == []


@pytest.mark.parametrize("dialog", ["#help", "#whole"])
def test_dialogs_are_readable_too(dialog: str, shown: Open) -> None:
    with shown("two-sources", "capacity", at="#with=2") as tab:
        tab.page.click(dialog)
        assert tab.violations() == []
        press(tab, "Escape")
        assert tab.page.locator("dialog[open]").count() == 0


def test_the_first_screen_says_how_it_ended_and_when_trouble_began(shown: Open) -> None:
    with shown("wrong-token-without-a-provider") as tab:
        assert text(tab, "#outcome") == "failed\nnot complete"
        assert "the backend refused the token" in text(tab, "#end")
        assert text(tab, "#first-trouble") == "Trouble began at 0:00.2"
        assert "rule from: echopanel contract" in text(tab, "#moment")
        for each in ("#outcome", "#end", "#first-trouble", "#trouble-forward", "#story"):
            box = tab.page.locator(each).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] < SIZES[0][1]


def tile(tab: Tab, name: str) -> str:
    """The value of the tile of that name; empty: there is none."""
    names = tab.page.locator("#tiles dt").all_inner_texts()
    return (
        tab.page.locator("#tiles dd").nth(names.index(name)).inner_text() if name in names else ""
    )


def test_trouble_that_was_noticed_late_says_when_it_began(shown: Open) -> None:
    with shown("frozen-backend") as tab:
        assert text(tab, "#first-trouble") == "Trouble began at 0:01.1, noticed at 0:06.5"
        tab.page.click("#first-trouble")
        assert text(tab, "#time") == "0:06.510"


def test_a_part_that_is_lost_is_amber_and_told_in_sums(shown: Open) -> None:
    with shown("away") as tab:
        assert text(tab, "#outcome") == "closed\na part is lost"
        assert "role-wait" in (tab.page.locator("#outcome").get_attribute("class") or "")
        assert (tile(tab, "confirmed"), tile(tab, "missing")) == ("282.9 s", "16.6 s")
        said = tab.page.locator("#tiles .tile[title]").first.get_attribute("title")
        assert said == "282.9 s confirmed, 16.6 s missing, of 299.5 s captured"
        assert said in (tab.page.locator(".under").get_attribute("aria-label") or "")


def test_words_that_never_became_final_are_counted_and_quoted(shown: Open) -> None:
    with shown("away") as tab:
        assert tile(tab, "not final") == "9"
        assert 'these words never became final: "that line what to does" (0:00.4 to' in text(
            tab, "#story"
        )
    with shown("drop-and-replay") as tab:
        assert tile(tab, "not final") == ""


def test_each_trouble_says_where_it_lies_and_what_to_do(shown: Open) -> None:
    with shown("unreadable") as tab:
        troubles = tab.page.locator("#story li.trouble .text").all_inner_texts()
        assert "5 times in all" in troubles[0]
        assert all("\n" in each for each in troubles)
        places = tab.page.locator("#story .lies b").all_inner_texts()
        assert places == ["server", "server", "server"]


def test_the_story_closes_with_how_it_ended(shown: Open) -> None:
    for name, end in (
        ("away", "the session is over: closed, not complete: not all audio was confirmed: "),
        ("happy-path", "the session is over: closed, complete"),
    ):
        with shown(name) as tab:
            assert tab.page.locator("#story .text").last.inner_text().startswith(end)
            tab.page.locator("#story button").last.click()
            assert text(tab, "#state") == "closed"


def test_a_gap_says_from_when_to_when_how_long_and_why(shown: Open) -> None:
    with shown("unreadable") as tab:
        tip = tab.page.locator("#lanes .tip")
        said = "0.6 s of mic are missing, 0:05.6 to 0:06.2 of its audio: the session ended before"
        assert (tip.get_attribute("title") or "").startswith(said)
        assert tip.get_attribute("aria-label") == tip.get_attribute("title")
        press(tab, "Home")
        tip.click()
        assert text(tab, "#state") == "failed"


LANE = """() => {
  const canvas = document.querySelector(".under");
  const [wide, high] = [canvas.width, canvas.height];
  const { data } = canvas.getContext("2d").getImageData(0, 0, wide, high);
  const rows = new Set();
  const style = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  const wanted = [1, 3, 5].map((at) => parseInt(style.slice(at, at + 2), 16));
  for (let y = 0; y < high; y++) {
    let count = 0;
    for (let x = 0; x < wide; x++) {
      const at = 4 * (y * wide + x);
      if (wanted.every((value, which) => Math.abs(data[at + which] - value) < 60)) count++;
    }
    if (count > wide / 4) rows.add(y);
  }
  return rows.size;
}"""


def test_the_limit_of_the_buffer_is_drawn_where_the_audio_comes_near_it(shown: Open) -> None:
    with shown("away") as tab:
        near = tab.page.evaluate(LANE)
    with shown("unreadable") as tab:
        assert tab.page.evaluate(LANE) < near


def test_a_good_session_has_no_trouble(shown: Open) -> None:
    with shown("happy-path") as tab:
        assert text(tab, "#outcome") == "closed\ncomplete"
        assert text(tab, "#no-trouble") == "Nothing went wrong."
        assert not tab.page.locator("#first-trouble").is_visible()


#: A move, after which the page writes its instant into the address, and another address that is
#: entered just before: on a busy page the writing comes before the event of the new address.
ENTERED = """new Promise((done) => {
  setTimeout(() => { location.hash = "#t=0.5"; }, 250);
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
  const from = performance.now();
  while (performance.now() < from + 400);
  setTimeout(done, 600);
})"""


def test_an_address_is_read_before_the_page_writes_its_own(shown: Open) -> None:
    with shown("drop-and-replay") as tab:
        press(tab, "Home")
        tab.page.evaluate(ENTERED)
        assert text(tab, "#time") == "0:00.500"


@pytest.mark.parametrize("name", ["drop-and-replay", "two-sources", "frozen-backend", "long"])
def test_each_instant_is_that_of_the_replay(name: str, shown: Open) -> None:
    found = recorded(name)
    sources = found.head["sources"]
    rows = list(seen(found.rows, len(sources)))
    with shown(name) as tab:
        tab.page.check("#every")
        press(tab, "End")
        for number in range(0, len(rows), max(1, len(rows) // 12)):
            tab.page.evaluate(f"location.hash = '#t={rows[number].at / 1e6 + 1e-7:.6f}'")
            here = max(at for at, each in enumerate(rows) if each.at <= rows[number].at)
            then = rows[here]
            expect(tab.page.locator(".item.now")).to_have_attribute("data-row", str(here))
            assert text(tab, "#state") == then.state
            lit = tab.page.locator("#map .state.lit").get_attribute("data-state")
            assert lit == then.state
            cells = tab.page.locator("#marks td").all_inner_texts()
            marks = [f"{mark / 16_000:.2f}" for mark in then.marks]
            assert [cell for at, cell in enumerate(cells) if at % 5 != 4] == marks
            running = tab.page.locator("#timers li:not([hidden])").count()
            assert running == len(then.due)


def test_the_transcript_grows_with_the_instant(shown: Open) -> None:
    with shown("drop-and-replay", at="#t=1.0") as tab:
        assert text(tab, "#transcript").strip() == ""
        press(tab, "End")
        said = tab.page.locator("#transcript .words").all_inner_texts()
        assert said == ["this much is safe", "and this is sent again"]
        press(tab, "Home")
        assert tab.page.locator("#transcript .said").count() == 0


def test_counts_stand_on_the_drawing(shown: Open) -> None:
    with shown("never-back") as tab:
        state = "#map [data-state=connecting] .count"
        assert drawn(tab, state) == ""
        tab.page.check("#heat-taken", force=True)
        dials = int(text(tab, "#tiles .tile:nth-child(2) dd"))
        assert drawn(tab, state) == f"{dials}×"
        press(tab, "h")
        assert drawn(tab, "#map [data-state=reconnecting] .count").endswith("s")
        press(tab, "h")
        assert drawn(tab, state) == ""


def test_a_verdict_stands_with_its_reason_and_its_source(shown: Open) -> None:
    with shown("drop-and-replay") as tab:
        assert text(tab, ".verdict .why") == "RETRY the connection was reset"
        assert text(tab, ".verdict .source") == "rule from: openline"
        assert "streaming → reconnecting" in text(tab, "#moment")
        assert drawn(tab, "#map .card.lit .count") == "socket_lost"


# By keyboard alone.


def test_keys_go_through_events(shown: Open) -> None:
    with shown("drop-and-replay") as tab:
        press(tab, "Home")
        assert row(tab) == 0
        press(tab, "ArrowRight", "ArrowRight")
        second = row(tab)
        press(tab, "ArrowLeft", "ArrowRight")
        assert row(tab) == second > 0
        states: list[str] = []
        press(tab, "Home")
        for _ in range(4):
            press(tab, "Shift+ArrowRight")
            states.append(text(tab, "#state"))
        assert states == ["awaiting_ack", "streaming", "reconnecting", "connecting"]
        press(tab, "Shift+ArrowLeft")
        assert text(tab, "#state") == "reconnecting"
        press(tab, "End")
        assert text(tab, "#state") == "closed"
        press(tab, "T")
        assert text(tab, "#state") == "reconnecting"
        press(tab, "t")
        assert text(tab, "#said") == "No trouble after this."


def test_search_finds_events_and_text(shown: Open) -> None:
    with shown("drop-and-replay") as tab:
        press(tab, "/")
        tab.page.keyboard.type("sent again")
        assert text(tab, "#hits") == "1 found"
        press(tab, "Enter", "Escape")
        assert "and this is sent again" in text(tab, "#moment")
        press(tab, "/")
        tab.page.locator("#search").fill("SOCKETLOST")
        press(tab, "Enter", "Escape", "n")
        first = row(tab)
        press(tab, "n")
        second = row(tab)
        press(tab, "N")
        assert row(tab) == first != second


def test_it_plays_to_the_end_and_stops(shown: Open) -> None:
    with shown("happy-path", at="#t=0") as tab:
        press(tab, "]", "]", "]", "]")
        assert tab.page.input_value("#speed") == "50"
        press(tab, " ")
        tab.page.wait_for_selector("#play[aria-pressed=false]")
        assert text(tab, "#state") == "closed"
        press(tab, "[")
        assert tab.page.input_value("#speed") == "10"


def test_every_control_is_reached_by_tab_and_has_a_name(shown: Open) -> None:
    wanted = {"theme", "help", "play", "slider", "speed", "events", "search", "story", "whole"}
    with shown("drop-and-replay", size=(390, 844)) as tab:
        reached: set[str] = set()
        for _ in range(60):
            press(tab, "Tab")
            reached.add(tab.page.evaluate("document.activeElement.id"))
        assert wanted <= reached


def test_keys_of_one_letter_can_be_turned_off(shown: Open) -> None:
    with shown("drop-and-replay") as tab:
        press(tab, "?")
        tab.page.uncheck("#single")
        press(tab, "Escape", "Home", "t")
        assert row(tab) == 0
        press(tab, "ArrowRight")
        assert row(tab) > 0


def test_light_and_dark_can_be_chosen(shown: Open) -> None:
    with shown("happy-path", scheme="dark") as tab:
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = tab.page.evaluate(ground)
        tab.page.click("#theme")
        assert tab.page.evaluate(ground) != dark
        assert tab.violations() == []
        tab.page.click("#theme")
        assert tab.page.evaluate(ground) == dark


# Several recordings, and links.


def test_a_link_leads_to_a_moment(shown: Open) -> None:
    with shown("happy-path", "drop-and-replay", at="#t=2.5&s=2&with=1") as tab:
        assert text(tab, "#time") == "0:02.500"
        assert text(tab, "#state") == "reconnecting"
        assert tab.page.input_value("#beside") == "0"
        press(tab, "Home")
        tab.page.wait_for_url("**/page.html#t=0&s=2&with=1")


def test_two_recordings_part_at_their_first_difference(shown: Open) -> None:
    with shown("drop-and-replay", "happy-path", at="#t=0&with=2") as tab:
        assert tab.page.locator("#parting").is_visible()
        this, beside = tab.page.locator("#parting dd").all_inner_texts()
        assert this != beside
        tab.page.click("#parting button")
        assert this.split()[0] == text(tab, "#time")
        tab.page.select_option("#beside", "-1")
        assert not tab.page.locator("#parting").is_visible()


def test_a_recording_does_not_part_from_itself(shown: Open) -> None:
    with shown("drop-and-replay", recorded("drop-and-replay"), at="#with=2") as tab:
        assert "the same, event for event" in text(tab, "#parting")


def test_a_path_of_the_model_plays(shown: Open) -> None:
    with shown("path") as tab:
        assert "dials: too many" in text(tab, "#end")
        assert text(tab, "#first-trouble") == "Where it breaks"
        press(tab, "Home", "ArrowRight")
        assert text(tab, "#state") == "connecting"
        press(tab, "ArrowRight")
        assert "stop: 0 → 1" in text(tab, "#moment")
        assert tab.violations() == []


def test_no_text_of_a_journal_runs(shown: Open) -> None:
    evil = '</script><img src=x onerror="document.body.dataset.evil=1">'
    rows: list[Any] = [
        [0, 0, [], {"w": evil, "c": [evil], "s": 4, "v": [["retry", evil, evil, 0]]}],
        [9, 19, [], {"w": evil, "u": [["f", 0, evil, 0.0, 1.0, "1", evil], ["t", evil, evil]]}],
        {"story": {"end": evil, "complete": False, "began": None, "seconds": 1.0, "minutes":
                   [{"happened": [{"at": 0.0, "text": evil, "trouble": True}]}]}},
    ]  # fmt: skip
    head = {"name": evil, "session": evil, "url": evil, "dialect": evil, "sources": [evil],
            "kinds": ["device"], "timeless": False, "trouble": evil}  # fmt: skip
    with shown(Recording(head=head, rows=rows)) as tab:
        press(tab, "End", "h")
        assert evil in text(tab, "#transcript")
        assert evil in text(tab, "#story")
        assert tab.page.evaluate("document.images.length") == 0
        assert tab.page.evaluate("document.body.dataset.evil ?? null") is None


# A session that lives.


class Events(BaseHTTPRequestHandler):
    """Serves a page without rows, and the rows as events: each batch overlaps with the last."""

    found: Recording

    def do_GET(self) -> None:
        if self.path == "/":
            text = page([Recording(head=self.found.head, rows=[])], live="/events?key=k")
            self.answer("text/html; charset=utf-8", text.encode())
            return
        assert self.path == "/events?key=k"
        rows = self.found.rows
        third = len(rows) // 3
        said = "".join(
            f"data: {json.dumps({'at': at, 'rows': rows[at:to]})}\n\n"
            for at, to in ((0, third), (third - 5, 2 * third), (2 * third, len(rows)))
        )
        self.answer("text/event-stream", f'{said}event: end\ndata: "it is over"\n\n'.encode())

    def answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base has it
        pass


def test_a_live_session_ends_as_its_recording(browser: Browser, shown: Open) -> None:
    parts = ("#outcome", "#end", "#tiles", "#story", "#marks", "#transcript", "#moment", "#time")
    with shown("long", at="#t=1000") as tab:
        recorded_page = [text(tab, part) for part in parts]
    handler = type("Handler", (Events,), {"found": recorded("long")})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever)
        try:
            with browser.tab(f"http://127.0.0.1:{server.server_port}/") as tab:
                expect(tab.page.locator("#live")).to_have_text("it is over")
                assert [text(tab, part) for part in parts] == recorded_page
                assert (tab.foreign, tab.errors) == ([], [])
        finally:
            server.shutdown()


def test_a_page_without_rows_waits(shown: Open) -> None:
    with shown(Recording(head=recorded("two-sources").head, rows=[])) as tab:
        press(tab, "End", "ArrowRight", "Shift+ArrowLeft", "t", "n", "h", "h", "+", " ")
        assert text(tab, "#state") == "idle"
        assert tab.violations() == []


# Many events.


def long_rows(count: int) -> Recording:
    """A recording of so many rows: the middle of one, again and again."""
    found = recorded("long")
    rows = found.rows[:-1]
    middle = [each for each in rows[60:600] if isinstance(each, list)]
    made = [*rows[:60], *(middle * (count // len(middle) + 1))[:count], *rows[-20:]]
    return Recording(head=found.head, rows=[*made, found.rows[-1]])


#: Goes to 200 instants all over the session, and has the page laid out at each.
SCRUB = """async (seed) => {
  const slider = document.getElementById("slider");
  for (let i = 0; i < 200; i++) {
    slider.value = String((i * 7919 + seed) % 10000);
    slider.dispatchEvent(new Event("input"));
    document.body.offsetHeight;
    if (i % 20 === 0) await new Promise(requestAnimationFrame);
  }
}"""


def cost(tab: Tab, seed: int) -> float:
    """Milliseconds of the page's own thread for an instant: script, style, layout. CPU time."""
    session: Any = tab.page.context.new_cdp_session(tab.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def ticks() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        [found] = [each["value"] for each in metrics if each["name"] == "TaskDuration"]
        return float(found)

    begun = ticks()
    tab.page.evaluate(SCRUB, seed)
    return (ticks() - begun) * 1000 / 200


def test_scrubbing_costs_the_same_however_long_the_session_is(shown: Open) -> None:
    def least(count: int) -> float:
        with shown(long_rows(count)) as tab:
            return min(cost(tab, seed) for seed in range(4))

    few, many = least(2_000), least(100_000)
    assert many < 16, "a frame of a screen with 60 Hz"
    assert many < 2 * few


def test_only_what_is_seen_of_the_list_exists(shown: Open) -> None:
    with shown(long_rows(100_000)) as tab:
        tab.page.check("#every")
        press(tab, "End")
        assert tab.page.locator(".item").count() < 60
        assert row(tab) > 100_000


def test_the_data_of_a_page_is_that_of_its_recording(shown: Open) -> None:
    with shown("capacity") as tab:
        there = json.loads(tab.page.locator("#data").text_content() or "")
        rows = json.loads(json.dumps(recorded("capacity").rows))
        assert there["recordings"] == [{"head": recorded("capacity").head, "rows": rows}]
