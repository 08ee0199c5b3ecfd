"""Faults of a recogniser, as a client of the wire sees them, in virtual time."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from openline_server import FaultInjector, Server, ServerConfig, parse_faults
from openline_server.misreports import MISREPORTS, Misreports
from openline_server.recognizer import Echo

if TYPE_CHECKING:
    from tests.server.conftest import Connect

FRAME = b"EP\x01\x01" + bytes(640)
SYSTEM = b"EP\x01\x00" + bytes(640)
STOP = {"type": "stop"}


def server_with(phrases: str) -> Server:
    return Server(ServerConfig(recognizer="echo"), Echo(), FaultInjector(phrases))


async def conversation(connect: Connect, phrases: str, seconds: float = 10.5) -> Any:
    """A client that spoke and stopped, on a server with these faults."""
    client = await connect(server_with(phrases))
    await client.start()
    await client.speak(seconds)
    await client.send(STOP)
    assert await client.end() == 1000
    return client


TEXTS = ["0.00-2.00", "2.00-4.00", "4.00-6.00", "6.00-8.00", "8.00-10.00", "10.00-10.50"]


@pytest.mark.parametrize(
    "phrases",
    [
        "overshoot 10s", "overshoot start 5s", "early 2s", "odd times", "overlap", "odd numbers",
        "words while closing", "late 1s after 5s", "slow flush 35s", "queue 1s", "bom",
    ],
)  # fmt: skip
async def test_no_text_is_lost(autojump_clock: MockClock, connect: Connect, phrases: str) -> None:
    client = await conversation(connect, phrases)
    assert sorted(client.texts()) == sorted(TEXTS)


async def test_ends_overshoot_the_audio_by_at_most_that(
    autojump_clock: MockClock, connect: Connect
) -> None:
    finals = (await conversation(connect, "overshoot 10s")).of("asr_final")
    behind = [final["t1"] - end for final, end in zip(finals, (2, 4, 6, 8, 10), strict=False)]
    assert all(0 <= each <= 10.2 for each in behind)
    assert max(behind) > 1
    assert [final["t0"] for final in finals] == [0, 2, 4, 6, 8, 10]


async def test_beginnings_overshoot_too(autojump_clock: MockClock, connect: Connect) -> None:
    finals = (await conversation(connect, "overshoot start 5s")).of("asr_final")
    for final, end in zip(finals, (2, 4, 6, 8, 10), strict=False):
        assert end <= final["t0"] < final["t1"]
        assert final["t0"] <= end + 5.2


async def test_same_seed_misreports_the_same(autojump_clock: MockClock, connect: Connect) -> None:
    first, second = [
        (await conversation(connect, "overshoot 10s; lone dots")).of("asr_final") for _ in range(2)
    ]
    assert first == second


async def test_lone_dots_follow_each_final(autojump_clock: MockClock, connect: Connect) -> None:
    client = await conversation(connect, "lone dots")
    assert [text for text in client.texts() if text != "."] == TEXTS
    runs = "".join("." if text == "." else " " for text in client.texts()).split(" ")[1:]
    assert all(1 <= len(run) <= 9 for run in runs)
    given = 0.0
    for final in client.of("asr_final"):
        given = given if final["text"] == "." else final["t1"]
        assert final["text"] != "." or given <= final["t0"] <= final["t1"] <= given + 24.2
    ids = [final["segment_id"] for final in client.of("asr_final")]
    assert len(set(ids)) == len(ids)


async def test_early_beginnings_fall_below_zero(
    autojump_clock: MockClock, connect: Connect
) -> None:
    finals = (await conversation(connect, "early 2s")).of("asr_final")
    assert finals[0]["t0"] < 0
    assert all(-2 <= f["t0"] - at <= 0 for f, at in zip(finals, range(0, 12, 2), strict=True))


async def test_odd_times_are_below_zero_or_turned_round(
    autojump_clock: MockClock, connect: Connect
) -> None:
    finals = (await conversation(connect, "odd times")).of("asr_final")
    assert all(final["t0"] < 0 for final in finals[::2])
    assert all(final["t1"] < final["t0"] for final in finals[1::2])


async def test_finals_overlap_and_come_out_of_order(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await conversation(connect, "overlap")
    assert client.texts() == [TEXTS[at] for at in (1, 0, 2, 3, 5, 4)]
    finals = sorted(client.of("asr_final"), key=lambda final: final["t0"])
    overlaps = [a["t1"] > b["t0"] for a, b in pairwise(finals)]
    assert overlaps == [True, False, True, False, True]


async def test_final_without_a_follower_is_not_held_for_long(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(server_with("overlap"))
    await client.start()
    await client.speak(2.0)
    await client.until("asr_final")
    assert 4.0 < trio.current_time() < 6.5


async def test_words_come_behind_the_summary(autojump_clock: MockClock, connect: Connect) -> None:
    client = await conversation(connect, "words while closing")
    kinds = [message["type"] for message in client.received]
    assert kinds[-2:] == ["final_summary", "asr_final"]
    assert client.texts() == TEXTS


async def test_words_after_stop_stay_partial(autojump_clock: MockClock, connect: Connect) -> None:
    client = await conversation(connect, "no last final")
    assert client.texts() == TEXTS[:-1]
    partial = client.of("asr_partial")[-1]
    assert (partial["text"], partial["stable"]) == (TEXTS[-1], False)
    assert "segment_id" not in partial
    assert client.received[-1]["type"] == "final_summary"


async def test_each_frame_of_an_ignored_source_is_a_warning(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(server_with("ignore mic after 1s"))
    await client.start()
    for _ in range(200):
        await client.send(FRAME)
        await client.send(SYSTEM)
        await trio.sleep(0.02)
    await client.send(STOP)
    assert await client.end() == 1000
    warnings = [m["message"] for m in client.of("status") if m["state"] == "warning"]
    assert set(warnings) == {"Too many active sources (max 1). Ignoring source 'mic'."}
    assert len(warnings) == pytest.approx(150, abs=2)
    assert {f["text"] for f in client.of("asr_final") if f["source"] == "system"} == set(TEXTS[:2])
    assert [f["t1"] for f in client.of("asr_final") if f["source"] == "mic"] == [
        pytest.approx(1.0, abs=0.03)
    ]


async def test_queue_of_another_size_is_announced_and_drops(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(server_with("queue 1s; late 5s"))
    await client.start()
    await client.speak(4.0)
    figures = client.of("metrics")[-1]
    assert figures["max_backlog_seconds"] == 1.0
    assert (figures["queue_bytes"], figures["queue_bytes_max"]) == (32_000, 32_000)
    assert (figures["queue_max_frames"], figures["backlog_seconds"]) == (50, 1.0)
    assert figures["dropped_total"] == pytest.approx(150, abs=5)
    assert "backpressure" in client.states()


async def test_usual_queue_is_announced_too(autojump_clock: MockClock, connect: Connect) -> None:
    client = await conversation(connect, "bom on dial 2")
    figures = client.of("metrics")[-1]
    assert (figures["max_backlog_seconds"], figures["queue_bytes_max"]) == (2.0, 64_000)


async def test_late_recogniser_goes_on_and_the_queue_fills_meanwhile(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await conversation(connect, "late 3s after 5s")
    assert "backpressure" in client.states()
    late = [m for m in client.of("metrics") if m["queue_fill_ratio"] == 1.0]
    assert 1 <= len(late) <= 2
    assert client.of("metrics")[-1]["dropped_total"] == pytest.approx(50, abs=5)
    assert client.texts()[-1] == "8.00-9.50"


async def test_slow_flush_sends_metrics_all_the_while(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(server_with("slow flush 35s"))
    await client.start()
    await client.speak(5.0)
    await client.send(STOP)
    assert await client.end() == 1000
    assert trio.current_time() == pytest.approx(40, abs=0.5)
    assert client.texts() == ["0.00-2.00", "2.00-4.00", "4.00-5.00"]
    times = [
        at for at, m in zip(client.times, client.received, strict=False) if m["type"] == "metrics"
    ]
    assert all(b - a < 1.1 for a, b in pairwise(times))
    assert client.of("metrics")[-2]["realtime_factor"] > 5
    assert not [m for m in client.of("status") if m["state"] == "warning"]


async def test_deaf_backend_answers_pings_and_says_nothing(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(server_with("deaf after 3s"))
    await client.start()
    await client.speak(30.0)
    with trio.fail_after(1):
        await client.ws.ping()
    await client.send(STOP)
    await trio.sleep(30)
    assert client.code == 0
    assert client.texts() == ["0.00-2.00"]
    assert max(client.times) <= 3.1
    assert client.of("final_summary") == []


async def test_deafness_of_one_source_leaves_the_other(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(server_with("deaf mic"))
    await client.start()
    for _ in range(150):
        await client.send(FRAME)
        await client.send(SYSTEM)
        await trio.sleep(0.02)
    await client.send(STOP)
    assert await client.end() == 1000
    assert {m["source"] for m in client.received if "source" in m} == {"system"}
    assert client.of("final_summary")


#: Faults after which an end proves nothing.
FALSE = ["overshoot 10s", "overshoot start 5s", "lone dots", "early 2s", "odd times", "overlap",
         "odd numbers", "cut after 9s; overshoot 1s after 8s"]  # fmt: skip


@pytest.mark.parametrize("phrases", [*FALSE, "late 3s", "ignore mic", "overshoot 10s on dial 2"])
async def test_ends_are_called_exact_only_where_they_are(
    autojump_clock: MockClock, connect: Connect, phrases: str
) -> None:
    ack = await (await connect(server_with(phrases))).start()
    assert ack.get("final_ends") == (None if phrases in FALSE else "exact")
    assert "client_features" in ack


def final(at: float) -> dict[str, object]:
    return {
        "type": "asr_final", "text": f"{at}", "t0": at, "t1": at + 0.5, "confidence": 0.875,
        "stable": True, "source": "mic", "segment_id": f"mic-{at}",
    }  # fmt: skip


def struck(phrases: str, seed: int = 1) -> Misreports:
    reports = Misreports(Random(seed))
    for fault in parse_faults(phrases):
        reports.strike(fault)
    return reports


def test_byte_order_mark_stands_before_the_json() -> None:
    text = struck("bom").encode(final(1.5))
    assert text.encode().startswith(b"\xef\xbb\xbf{")
    assert json.loads(text[1:]) == final(1.5)


def test_numbers_take_every_form_in_turn() -> None:
    reports = struck("odd numbers")
    texts = [reports.encode(final(2.0)) for _ in range(8)]
    assert '"t0":"2.0","t1":"2.5"' in texts[0]
    assert '"t0":2.000000000000e+00,"t1":2.500000000000e+00' in texts[1]
    assert '"t0":2,"t1":2.5000000000000000000000000' in texts[2]
    assert '"confidence":"high","stable":"yes"' in texts[3]
    assert '"confidence":NaN' in texts[4]
    assert '"t0":null,"t1":"soon"' in texts[5]
    assert '"t0":-1e+308,"t1":1000' in texts[6]
    assert '"t0"' not in texts[7]
    assert all(json.loads(text)["text"] == "2.0" for text in texts)


phrases = st.lists(
    st.sampled_from(sorted(effect.phrase.example for effect in MISREPORTS)).filter(
        lambda example: not example.startswith("deaf")
    ),
    unique=True,
    min_size=1,
).map("; ".join)


@given(phrases, st.integers(0, 99), st.lists(st.floats(0, 99), max_size=12), st.booleans())
def test_any_faults_together_send_each_text_once(
    phrases: str, seed: int, times: list[float], stops: bool
) -> None:
    reports = struck(phrases.replace(" after 5s", ""), seed)
    sent: list[dict[str, object]] = []
    for count, at in enumerate(times):
        reports.stopped = stops and count > len(times) // 2
        sent += reports.messages(final(at) | {"text": f"{count}"}, {"mic": round(at * 16_000)})
    sent += reports.messages({"type": "final_summary"}, {})
    told = {"asr_final", "asr_partial"}  # a partial: no last final
    texts = [str(message["text"]) for message in sent if message["type"] in told]
    assert sorted(text for text in texts if text != ".") == sorted(
        str(count) for count in range(len(times))
    )
    assert all(json.loads(reports.encode(message).removeprefix("\ufeff")) for message in sent)
