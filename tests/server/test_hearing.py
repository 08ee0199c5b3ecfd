"""The ledger of what a recogniser heard, and the recogniser with measured errors, on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import MockClock

from openline_server import FaultInjector, Server, ServerConfig
from openline_server.claims import EXACT, Errors, Word
from openline_server.measured import Measured
from openline_server.recognizer import (
    Cutter,
    Echo,
    Hypothesis,
    NoRecognizer,
    Question,
    Recognizer,
    RecognizerError,
    Segment,
)

if TYPE_CHECKING:
    from tests.server.conftest import Connect

FRAME = b"EP\x01\x01" + bytes(640)
STOP = {"type": "stop"}
OVERSHOOTING = Errors(
    start=EXACT.start, end=EXACT.end, overshoot=1, late_start=0, overlap=0, chain=1, lost=0,
    doubled=0,
)  # fmt: skip


def lines(folder: Path, kind: str) -> list[dict[str, Any]]:
    [path] = folder.glob("*-heard.jsonl")
    every = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [line for line in every if kind in line]


Talk = Callable[..., Any]


@pytest.fixture
def talk(autojump_clock: MockClock, connect: Connect, tmp_path: Path) -> Talk:
    """A client that speaks and stops, on a server that keeps a ledger."""

    async def run(
        phrases: str = "late 1ms on dial 9",
        recognizer: Recognizer | None = None,
        seconds: float = 4.5,
    ) -> Any:
        config = ServerConfig(recognizer="echo", record=tmp_path)
        client = await connect(Server(config, recognizer or Echo(), FaultInjector(phrases)))
        await client.start()
        await client.speak(seconds)
        await client.send(STOP)
        assert await client.end() == 1000
        return client

    return run


async def test_ledger_says_what_was_taken_cut_answered_and_sent(talk: Talk, tmp_path: Path) -> None:
    await talk()
    took = lines(tmp_path, "took")
    assert [line["took"][0] for line in took[1:]] == [line["took"][1] for line in took[:-1]]
    assert sum(end - start for line in took for start, end in line["places"]) == 72_000
    assert took[-1]["held"] == 72_000
    pieces = [[0, 32_000], [32_000, 64_000], [64_000, 72_000]]
    for kind, key in (("cut", "cut"), ("answered", "answered"), ("final", "true")):
        assert [line[key] for line in lines(tmp_path, kind)] == pieces
    assert [line["sent"] for line in lines(tmp_path, "sent")] == ["mic-1", "mic-2", "mic-3"]
    assert lines(tmp_path, "final")[0]["claim"] == [0, 2]


async def test_ledger_has_the_true_times_of_a_false_claim(talk: Talk, tmp_path: Path) -> None:
    client = await talk("overshoot 10s")
    sent = [line["claim"] for line in lines(tmp_path, "sent")]
    assert sent == [[final["t0"], final["t1"]] for final in client.of("asr_final")]
    true = [line["true"] for line in lines(tmp_path, "final")]
    assert true == [[0, 32_000], [32_000, 64_000], [64_000, 72_000]]
    assert any(claim[1] > end / 16_000 + 1 for claim, (_, end) in zip(sent, true, strict=True))


async def test_dropped_audio_is_not_among_what_was_taken(talk: Talk, tmp_path: Path) -> None:
    await talk("drop 1s after 100 frames")
    places = [place for line in lines(tmp_path, "took") for place in line["places"]]
    assert sum(end - start for start, end in places) == 56_000
    missing = [(a[1], b[0]) for a, b in pairwise(places) if a[1] != b[0]]
    assert missing == [(99 * 320, 149 * 320)]


async def test_final_that_a_deaf_backend_keeps_is_not_sent(talk: Talk, tmp_path: Path) -> None:
    await talk("deaf mic after 3s")
    assert [line["final"] for line in lines(tmp_path, "final")] == ["mic-1", "mic-2", "mic-3"]
    assert [line["sent"] for line in lines(tmp_path, "sent")] == ["mic-1"]


async def test_silence_is_dealt_with_though_no_final_comes(talk: Talk, tmp_path: Path) -> None:
    await talk(recognizer=NoRecognizer())
    assert lines(tmp_path, "took")[-1]["held"] == 72_000
    assert lines(tmp_path, "cut") == lines(tmp_path, "answered") == []


class Failing(Echo):
    async def recognise(self, question: Question) -> Hypothesis | None:
        if question.segment.start == 32_000 and question.segment.final:
            raise RecognizerError("it does")
        return await super().recognise(question)


async def test_failed_segment_is_named_to_the_client_and_in_the_ledger(
    talk: Talk, tmp_path: Path
) -> None:
    client = await talk(recognizer=Failing())
    assert [line["failed"] for line in lines(tmp_path, "failed")] == [[32_000, 64_000]]
    [warning] = [m for m in client.of("status") if m["state"] == "warning"]
    assert (warning["source"], warning["t0"], warning["t1"]) == ("mic", 2.0, 4.0)


WORDS = [Word(0.5, 0.9, "one"), Word(1.0, 1.4, "two"), Word(3.8, 4.2, "three")]


def script(segment: Segment) -> list[Word]:
    return WORDS


async def test_measured_recogniser_says_the_words_of_its_script(talk: Talk, tmp_path: Path) -> None:
    recognizer = Measured(script, errors=EXACT, chunk=2.0, delay=0.5)
    client = await talk(recognizer=recognizer, seconds=5.0)
    assert "final_ends" not in client.received[1]
    assert " ".join(client.texts()) == "one two three"
    assert client.texts("asr_partial") == []
    assert client.of("asr_final")[0]["t0"] == 0.5
    finals = lines(tmp_path, "final")
    assert finals[0]["words"][0] == [0.5, 0.9, "one"]
    assert lines(tmp_path, "answered")[-1]["answered"] == [64_000, 80_000]


async def test_measured_recogniser_claims_what_it_never_had(talk: Talk, tmp_path: Path) -> None:
    client = await talk(recognizer=Measured(script, errors=OVERSHOOTING), seconds=4.0)
    finals = client.of("asr_final")
    assert all(final["t1"] > 4.0 for final in finals if final["text"] == ".")
    assert any(final["t1"] > 4.0 for final in finals if final["text"] != ".")
    assert {line["text"] == "." for line in lines(tmp_path, "final")} == {True, False}
    assert all(line["true"] is None for line in lines(tmp_path, "final") if line["text"] == ".")


async def test_measured_recogniser_draws_from_its_seed(
    autojump_clock: MockClock, connect: Connect
) -> None:
    async def times(seed: int) -> list[tuple[float, float]]:
        server = Server(ServerConfig(recognizer="echo"), Measured(script, seed=seed))
        client = await connect(server)
        await client.start()
        await client.speak(4.5)
        await client.send(STOP)
        await client.end()
        return [(final["t0"], final["t1"]) for final in client.of("asr_final")]

    assert await times(1) == await times(1)
    assert await times(1) != await times(2)


async def test_an_answer_may_be_late_and_is_waited_for(
    autojump_clock: MockClock, connect: Connect
) -> None:
    server = Server(ServerConfig(recognizer="echo"), Measured(script, errors=EXACT, delay=3.0))
    client = await connect(server)
    await client.start()
    await client.speak(4.0)
    began = trio.current_time()
    await client.until("asr_final")
    assert 0 < trio.current_time() - began <= 3.0


def test_chunk_is_held_from_its_first_sample() -> None:
    cutter: Cutter = Measured(script, chunk=2.0).cutter()
    assert cutter.push(bytes(40_000)) == []
    assert cutter.held_from == 0
    assert [each.end for each in cutter.push(bytes(40_000))] == [32_000]
    assert cutter.held_from == 32_000
