"""The online server of sherpa-onnx hears every word of a melody once, whatever happens to the line.

The words are tones (``tones``) and the model is a stand-in, but all else is the real server: its
features, its decoder, its endpoints, its queue and its end. So every word is known, and the
words told must be the words said: nothing lost, nothing twice, nothing out of order.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.interop.heavy.real_servers import Cutter, RealServer, sherpa, why_not
from tests.interop.heavy.streaming import Json, Outcome, stop, stream, words_of, write
from tests.interop.heavy.tones import draw, melody, silence

pytestmark = pytest.mark.skipif(bool(why_not("onnx", "numpy")), reason=why_not("onnx", "numpy"))

SAID = draw(48)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tones") / "melody.wav", melody(SAID))


def half(update: Json) -> bool:
    """A final that is about the middle of the melody."""
    return bool(update["update"] == "transcript" and update["final"] and update["start"] > 8)


def check(outcome: Outcome, said: list[str] = SAID) -> None:
    """All was heard once."""
    outcome.check_honest()
    assert outcome.words == said, outcome.told()
    assert outcome.ended["complete"], outcome.told()
    assert outcome.ended["accounts"]["audio"]["assumed"] == 0, outcome.told()


def test_every_word_is_heard(recording: Path, tmp_path: Path) -> None:
    with RealServer(sherpa(tmp_path), tmp_path / "log") as server:
        outcome = stream(recording, f"ws://127.0.0.1:{server.port}", "sherpa")
    check(outcome)
    assert outcome.dials == 1


def test_a_server_that_is_killed_and_started_again(recording: Path, tmp_path: Path) -> None:
    with RealServer(sherpa(tmp_path), tmp_path / "log") as server:

        def strike(_: object) -> None:
            server.kill()
            server.start()

        url = f"ws://127.0.0.1:{server.port}"
        outcome = stream(recording, url, "sherpa", strike=strike, when=half)
    check(outcome)
    assert outcome.dials > 1


def test_a_line_that_is_cut_in_the_middle_of_words(recording: Path, tmp_path: Path) -> None:
    """A cut while words are open: they are told by the next dial, which hears them again."""
    with (
        RealServer(sherpa(tmp_path), tmp_path / "log") as server,
        Cutter(server.port) as line,
    ):

        def open_words(update: Json) -> bool:
            is_open = update["update"] == "transcript" and not update["final"]
            return is_open and update["start"] > 8 and len(words_of(update["text"])) >= 3

        url = f"ws://127.0.0.1:{line.port}"
        outcome = stream(recording, url, "sherpa", strike=lambda _: line.cut(), when=open_words)
    check(outcome)
    assert outcome.dials > 1


@pytest.mark.parametrize("seconds", [2.0, 25.0], ids=["shortly", "past the pings"])
def test_a_server_that_freezes(seconds: float, recording: Path, tmp_path: Path) -> None:
    with RealServer(sherpa(tmp_path), tmp_path / "log") as server:

        def strike(_: object) -> None:
            server.freeze()
            time.sleep(seconds)
            server.thaw()

        url = f"ws://127.0.0.1:{server.port}"
        outcome = stream(recording, url, "sherpa", strike=strike, when=half)
    check(outcome)


def test_a_stop_tells_the_words_so_far(recording: Path, tmp_path: Path) -> None:
    with RealServer(sherpa(tmp_path), tmp_path / "log") as server:
        url = f"ws://127.0.0.1:{server.port}"
        outcome = stream(recording, url, "sherpa", strike=stop, when=half)
    outcome.check_honest()
    assert outcome.ended["complete"], outcome.told()
    heard = outcome.words
    # A note that the stop cut short is a word, or none.
    assert SAID[: len(heard)] == heard, outcome.told()
    assert 8 < len(heard) < len(SAID)


def test_a_connection_that_is_changed(tmp_path: Path) -> None:
    """After most of its life it is left in a pause, by the stop, and nothing is said twice."""
    said = draw(150, seed=3)
    long = write(tmp_path / "long.wav", melody(said))
    dialect = "tests.interop.heavy.short_lived:SHERPA"
    with RealServer(sherpa(tmp_path), tmp_path / "log") as server:
        outcome = stream(long, f"ws://127.0.0.1:{server.port}", dialect)
    check(outcome, said)
    assert outcome.dials > 1


def test_muted_audio(tmp_path: Path) -> None:
    """Digital silence is proved: nothing is assumed and nothing is sent again."""
    first, second = SAID[:12], SAID[12:24]
    pcm = melody(first) + silence(15) + melody(second) + silence(4)
    muted = write(tmp_path / "muted.wav", pcm)
    with RealServer(sherpa(tmp_path), tmp_path / "log") as server:
        outcome = stream(muted, f"ws://127.0.0.1:{server.port}", "sherpa")
    check(outcome, first + second)
    assert outcome.dials == 1


@pytest.mark.parametrize("frames", [112, 160], ids=["1.1 s", "1.6 s"])
@pytest.mark.parametrize("spare", [0.0, 0.2, 0.5, 0.8])
def test_a_model_of_long_chunks_hears_the_last_word(
    frames: int, spare: float, tmp_path: Path
) -> None:
    """The server decodes whole chunks, and pads the end with 0.8 s: less than one of these."""
    said = draw(10, seed=5)
    short = write(tmp_path / "short.wav", melody(said, pause=0.02) + silence(spare))
    with RealServer(sherpa(tmp_path, frames=frames), tmp_path / "log") as server:
        outcome = stream(short, f"ws://127.0.0.1:{server.port}", "sherpa")
    check(outcome, said)
