"""Our plug-ins in the frameworks as they are published, to our backend: ``make interop-plugins``.

Each program in ``programs`` plays one case in the venv ``.venv-interop-plugins`` and prints what
came out.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from openline_testing.background import BackgroundBackend
from tests.docs.pages import blocks
from tests.docs.running import Runner

ROOT = Path(__file__).parents[3]
PROGRAMS = Path(__file__).parent / "programs"
PYTHON = ROOT / ".venv-interop-plugins" / "bin" / "python"
RECORDING = ROOT / "tests" / "data" / "goforward.wav"
WORDS = ["0.00-2.00", "2.00-2.79"]


def play(program: str, case: str, url: str) -> Any:
    """What the program prints."""
    assert PYTHON.exists(), "run it with: make interop-plugins"
    done = subprocess.run(
        [str(PYTHON), str(PROGRAMS / program), case, url, str(RECORDING)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pipecat(case: str, url: str) -> Any:
    return play("pipecat_pipelines.py", case, url)


def livekit(case: str, url: str) -> Any:
    return play("livekit_streams.py", case, url)


def finals(found: Any) -> list[str]:
    return [text for kind, text, *_ in found["events"] if kind == "final_transcript"]


@pytest.fixture(scope="module")
def backend() -> Any:
    with BackgroundBackend() as running:
        yield running


@pytest.fixture(scope="module")
def gone() -> str:
    with BackgroundBackend() as stopped:
        return stopped.url


@pytest.mark.parametrize("page", ["pipecat", "livekit"])
def test_the_page_shows_what_it_does(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "howto" / f"{page}.md").read_text("utf-8")
    Runner(tmp_path, python=str(PYTHON)).run(blocks(text))


@pytest.mark.parametrize("case", ["words", "stereo"])
def test_pipecat_gets_its_words(case: str, backend: BackgroundBackend) -> None:
    found = pipecat(case, backend.url)
    assert found["texts"] == WORDS
    assert found["starts"] == pytest.approx([0.0, 2.0], abs=0.01)
    assert found["interim"] >= 2
    assert found["errors"] == []
    assert found["events"] == ["on_connected", "on_disconnected"]
    assert found["usable"]
    assert found["tasks"] == []
    assert found["usage"] == pytest.approx(2.79, abs=0.03)


def test_pipecat_sees_no_lost_line() -> None:
    with BackgroundBackend("cut after 30 frames") as backend:
        found = pipecat("cut", backend.url)
        assert backend.dials == 2
    assert found["texts"][-1].endswith("2.79")
    assert found["errors"] == []
    # The second connection may be there only after the end was asked for: then it is not told.
    assert found["events"][:2] == ["on_connected", "on_disconnected"]


def test_pipecat_gets_an_error_for_a_token_that_is_refused() -> None:
    with BackgroundBackend(token="another") as backend:
        found = pipecat("refused", backend.url)
    [error] = found["errors"]
    assert error.startswith("the backend refused the token")
    assert not found["usable"]
    assert found["events"] == ["on_connection_error"]


def test_pipecat_gets_an_error_for_a_backend_that_is_down(gone: str) -> None:
    found = pipecat("down", gone)
    [error] = found["errors"]
    assert error.startswith("gave up")
    assert not found["usable"]


def test_pipecat_gets_one_error_for_a_session_that_cannot_be_opened(gone: str) -> None:
    found = pipecat("wrong", gone)
    [error] = found["errors"]
    assert error.startswith("TypeError: credentials: ")
    assert not found["usable"]
    assert found["events"] == ["on_connection_error"]


def test_pipecat_ends_in_time_while_the_line_is_down(gone: str) -> None:
    found = pipecat("impatient", gone)
    [error] = found["errors"]
    assert error.startswith("could not finish in time: nothing listens")
    assert found["tasks"] == []


def test_pipecat_starts_again_and_keeps_the_session() -> None:
    with BackgroundBackend() as backend:
        assert pipecat("started again", backend.url)["texts"] == WORDS
        assert backend.dials == 1


def test_pipecat_opens_no_session_behind_the_end() -> None:
    with BackgroundBackend() as backend:
        found = pipecat("audio goes on", backend.url)
        assert backend.dials == 1
        [sent] = backend.received("mic")
    assert found["usage"] == pytest.approx(len(sent) / 32_000, abs=0.03)  # none that was dropped
    assert found["texts"][0] == WORDS[0]
    assert (found["errors"], found["tasks"]) == ([], [])


def test_pipecat_can_mute_it_and_cancel_it(backend: BackgroundBackend) -> None:
    found = pipecat("muted", backend.url)
    assert (found["texts"], found["errors"]) == ([], [])
    found = pipecat("cancelled", backend.url)
    assert found["texts"] in ([], WORDS[:1])
    assert (found["errors"], found["tasks"]) == ([], [])


def test_pipecat_changes_the_language_and_loses_no_word() -> None:
    with BackgroundBackend(dialect="deepgram") as backend:
        found = pipecat("language", backend.url)
        assert backend.dials == 2
        sent = sum(map(len, backend.received()))
    assert abs(sent - 2 * 44_640) < 2 * 320
    assert len(found["texts"]) >= 2
    assert found["errors"] == []
    with BackgroundBackend() as backend:  # a dialect without languages
        assert pipecat("same", backend.url)["texts"] == WORDS
        assert backend.dials == 1


@pytest.mark.parametrize("case", ["words", "stereo"])
def test_livekit_gets_its_words(case: str, backend: BackgroundBackend) -> None:
    found = livekit(case, backend.url)
    assert finals(found) == ["0.00-2.00", "2.00-2.78"]
    kinds = [kind for kind, *_ in found["events"]]
    assert [each for each in kinds if each not in {"interim_transcript", "recognition_usage"}] == [
        "start_of_speech", "final_transcript", "end_of_speech",
    ] * 2  # fmt: skip
    times = [each[2:4] for each in found["events"] if each[0] == "final_transcript"]
    assert times[0] == pytest.approx([0.0, 2.0], abs=0.01)
    assert sum(each[4] or 0.0 for each in found["events"]) == pytest.approx(2.78)
    assert (found["raised"], found["errors"], found["tasks"]) == (None, [], 0)


def test_livekit_sees_no_lost_line() -> None:
    with BackgroundBackend("cut after 30 frames") as backend:
        found = livekit("cut", backend.url)
        assert backend.dials == 2
    assert finals(found)[-1].endswith("2.78")
    assert (found["raised"], found["errors"]) == (None, [])


def test_livekit_does_not_retry_what_the_session_gave_up(gone: str) -> None:
    found = livekit("down", gone)
    assert found["raised"][:2] == ["APIConnectionError", False]
    assert found["errors"] == [["APIConnectionError", False]]
    with BackgroundBackend(token="another") as backend:
        found = livekit("refused", backend.url)
        assert backend.dials == 1
    assert found["raised"][:2] == ["APIError", False]
    assert found["errors"] == [["APIError", False]]


def test_livekit_closes_a_stream(backend: BackgroundBackend) -> None:
    found = livekit("closed", backend.url)
    assert (found["raised"], found["errors"], found["tasks"]) == (None, [], 0)


def test_livekit_pushes_minutes_at_once_and_loses_nothing() -> None:
    with BackgroundBackend() as backend:
        assert livekit("at once", backend.url) >= 90
        [received] = backend.received("mic")
    assert len(received) == 180 * 32_000


def test_livekit_gets_the_error_itself_for_audio_that_cannot_be(backend: BackgroundBackend) -> None:
    why = "a rate of 1000 Hz is outside of 4000 to 768000 Hz"
    assert livekit("unusable", backend.url) == why


def test_livekit_recognizes_a_recording(backend: BackgroundBackend, gone: str) -> None:
    found = livekit("batch", backend.url)
    assert found["type"] == "final_transcript"
    assert found["text"] == "0.00-2.00 2.00-2.78"
    assert found["end"] == pytest.approx(2.78, abs=0.01)
    found = livekit("down-batch", gone)
    assert found["raised"] == ["APIConnectionError", False]
    assert found["errors"] == [["APIConnectionError", False]]


@pytest.mark.parametrize("case", ["language", "language of the dialect"])
def test_livekit_speaks_a_language(case: str) -> None:
    with BackgroundBackend(dialect="deepgram") as backend:
        found = livekit(case, backend.url)
        assert livekit("capabilities", backend.url) == [True, True, "deepgram", "openline"]
    assert finals(found)
    assert {language for *_, language in found["events"]} == {None, "de"}
    assert found["raised"] is None
