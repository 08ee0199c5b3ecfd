"""From FILE arguments to sources: channels, streams, pipes, and every mistake in one line."""

from __future__ import annotations

import gc
import os
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import trio

from openline_audio.source import SourceError
from openline_cli.inputs import (
    Reading,
    device_of,
    name_sources,
    open_sources,
    recordings,
    remarks,
)
from openline_cli.problems import FAILED, USAGE, Problem
from tests.audio.support_recordings import encoded, media, noise

NAMES = ("system", "mic")


class Sink:
    """Keeps what comes."""

    def __init__(self) -> None:
        self.pcm = b""

    def started(self, at: float) -> None: ...
    def hole(self, samples: int) -> None: ...
    async def room(self) -> None: ...
    def audio(self, pcm: bytes) -> None:
        self.pcm += pcm


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """A call: a party on each channel."""
    path = tmp_path / "call.wav"
    path.write_bytes(encoded(np.hstack([noise(1, seed=1), noise(1, seed=2)]), format="WAV"))
    return path


def party(seed: int) -> bytes:
    return encoded(noise(1, seed=seed), format="WAV")[44:]


def problem(files: list[str], **options: object) -> Problem:
    with pytest.raises(Problem) as caught:
        open_sources(files, NAMES, Reading(**options))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return caught.value


def test_split_makes_the_left_channel_the_first_source(call: Path) -> None:
    sources = open_sources([str(call)], NAMES, Reading(split=True, speed=1e6))
    assert list(sources) == list(NAMES)
    for seed, source in enumerate(sources.values(), 1):
        sink = Sink()
        trio.run(source.run, sink)
        assert sink.pcm == party(seed)
    assert remarks(sources) == []


@pytest.mark.parametrize(("channel", "seed"), [("left", 1), ("right", 2)])
def test_a_channel_is_named_behind_the_file(channel: str, seed: int, call: Path) -> None:
    sources = open_sources([f"{call}:{channel}"], NAMES, Reading(speed=1e6))
    assert list(sources) == ["system"]
    sink = Sink()
    trio.run(sources["system"].run, sink)
    assert sink.pcm == party(seed)


def test_both_channels_can_be_named_in_any_order(call: Path) -> None:
    sources = open_sources([f"{call}:right", f"{call}:left"], NAMES, Reading(speed=1e6))
    sink = Sink()
    trio.run(sources["mic"].run, sink)
    assert sink.pcm == party(1)


def test_a_file_that_is_called_so_wins(call: Path) -> None:
    odd = call.with_name("talk:left")
    odd.write_bytes(encoded(noise(1, seed=3), format="WAV"))
    sink = Sink()
    trio.run(open_sources([str(odd)], NAMES, Reading(speed=1e6))["system"].run, sink)
    assert sink.pcm == party(3)


def test_channel_of_what_is_piped_in(call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys.stdin, "fileno", lambda: reading)
    os.write(writing, call.read_bytes()[:60_000])
    os.close(writing)
    sink = Sink()
    source = open_sources(["-:right"], NAMES, Reading(speed=1e6))["system"]
    with pytest.raises(Exception, match="is cut short"):
        trio.run(source.run, sink)
    os.close(reading)
    assert party(2).startswith(sink.pcm)
    assert len(sink.pcm) > 29_000


def test_named_pipe_is_read_as_what_is_piped_in(tmp_path: Path) -> None:
    # ggml-org/whisper.cpp#914: mkfifo, and <(ffmpeg ...) in a shell.
    fifo = tmp_path / "talk.wav"
    os.mkfifo(fifo)
    sink = Sink()
    sources = open_sources([str(fifo)], NAMES, Reading(speed=1e6))  # has no writer yet
    gc.collect()
    wav = encoded(noise(1, seed=1), format="WAV")
    writer = threading.Thread(target=fifo.write_bytes, args=(wav,))
    writer.start()
    trio.run(sources["system"].run, sink)
    writer.join()
    assert sink.pcm == party(1)


def test_two_named_pipes_of_raw_pcm_and_a_channel(tmp_path: Path) -> None:
    fifos = [tmp_path / name for name in ("one", "two")]
    raw = encoded(noise(1, 8_000, 2), 8_000, format="WAV")[44:]
    for fifo in fifos:
        os.mkfifo(fifo)
    names = [str(fifos[0]), f"{fifos[1]}:right"]
    sources = open_sources(names, NAMES, Reading(speed=1e6, rate=8_000, channels=2))
    for fifo, source in zip(fifos, sources.values(), strict=True):
        writer = threading.Thread(target=fifo.write_bytes, args=(raw,))
        writer.start()
        sink = Sink()
        trio.run(source.run, sink)
        writer.join()
        assert len(sink.pcm) == 32_000


def test_what_is_wrong_with_a_named_pipe_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "it"
    os.mkfifo(fifo)
    name = str(fifo)
    assert str(problem([name, name])) == f"{name} is a pipe, which can be read only once"
    assert "a pipe can be read only once" in str(problem([name], split=True))
    assert "ffmpeg -ss 12:30" in str(problem([name], begin=1.0))
    source = open_sources([name], NAMES, Reading())["system"]
    writer = threading.Thread(target=fifo.write_bytes, args=(b"",))
    writer.start()
    with pytest.raises(SourceError, match=f"^{re.escape(name)} ended without any audio"):
        trio.run(source.run, Sink())
    writer.join()

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    assert str(problem([name])) == f"{name} cannot be opened (permission denied)"


def test_address_of_a_recording_is_no_file_and_its_secret_not_told() -> None:
    wrong = str(problem(["https://a.example/talk.mp3?X-Amz-Signature=s3cret"]))
    assert wrong == (
        "https://a.example is not on this machine; pipe it in, as in "
        "curl -sL URL | openline stream -"
    )


def test_recordings_are_named_without_their_channels(call: Path) -> None:
    fifo = call.with_name("fifo")
    os.mkfifo(fifo)
    files = [f"{call}:left", str(call), "-", "mic:", "gone.wav", str(fifo)]
    assert recordings(files) == [call, call]


def test_what_cannot_be_split(call: Path, tmp_path: Path) -> None:
    mono, six = tmp_path / "mono.wav", tmp_path / "six.wav"
    mono.write_bytes(encoded(noise(1), format="WAV"))
    six.write_bytes(encoded(noise(1, channels=6), format="WAV"))
    assert str(problem([str(call), str(mono)], split=True)).startswith("--split makes two sources")
    assert str(problem([f"{call}:left"], split=True)).startswith("--split makes two sources")
    assert str(problem(["-"], split=True)).startswith("--split needs a recording's name")
    assert str(problem([str(six)], split=True)) == f"--split: {six} has 6 channels, not two"
    assert str(problem([str(mono)], split=True)) == (
        f"{mono} has no channel 1 (from 0), only 1; give the file without it"
    )
    with pytest.raises(Problem, match="--split needs two sources, and the backend takes one"):
        open_sources([str(call)], ("tape",), Reading(split=True))


def test_audio_stream_of_a_container(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(media("libopus", "matroska", seconds=1, streams=2))
    for stream in (1, 2):
        sink = Sink()
        source = open_sources([str(path)], NAMES, Reading(speed=1e6, stream=stream))["system"]
        trio.run(source.run, sink)
        spectrum = np.abs(np.fft.rfft(np.frombuffer(sink.pcm, "<i2")[4_000:12_000]))
        assert np.argmax(spectrum) * 2 == pytest.approx(300 * stream, abs=4)
    assert "it has 2 audio streams, and no number 3" in str(problem([str(path)], stream=3))
    sources = open_sources([str(path)], NAMES, Reading(speed=1e6))
    trio.run(sources["system"].run, Sink())
    assert remarks(sources) == [
        f"{path} has 2 audio streams, and number 1 was read; --stream picks another"
    ]


def test_audio_stream_of_a_recording_without_streams(call: Path) -> None:
    open_sources([str(call)], NAMES, Reading(stream=1))
    assert "it has 1 audio stream, and no number 2" in str(problem([str(call)], stream=2))


@pytest.mark.parametrize("data", [b"", encoded(noise(1), format="WAV")[:44]])
def test_recording_without_audio_is_status_1(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    error = problem([str(path)])
    assert error.status == FAILED
    assert str(error).endswith(", or pass --allow-empty")
    if not data:
        source = open_sources([str(path)], NAMES, Reading(allow_empty=True))["system"]
        sink = Sink()
        trio.run(source.run, sink)
        assert (sink.pcm, source.duration) == (b"", 0.0)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.webm"
    path.write_bytes(media("libopus", "webm", seconds=1))
    monkeypatch.setitem(sys.modules, "av", None)
    error = problem([str(path)])
    assert error.status == USAGE
    assert str(error) == (
        f'{path} is WebM or Matroska, which needs PyAV; pip install "openline[media]"'
    )


class Device:
    """Stands for a source that is a device, and keeps how it was made."""

    made: list[tuple[str, object, object]]

    def __init__(self, name: object = None, *, policy: object) -> None:
        self.made.append((type(self).__name__, name, policy))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object, object]]:
    """The devices that were opened: kind, name, policy."""
    made: list[tuple[str, object, object]] = []
    for kind in ("Microphone", "SystemAudio"):
        stand_in = type(kind, (Device,), {"made": made})
        monkeypatch.setattr(f"openline_trio.sources.microphone.{kind}", stand_in)
    return made


@pytest.mark.parametrize(
    ("file", "device"),
    [
        ("mic:", ("Microphone", None, "hold")),
        ("mic:USB mic", ("Microphone", "USB mic", "hold")),
        ("mic:3", ("Microphone", 3, "hold")),
        ("mic:left", ("Microphone", "left", "hold")),
        ("mic:hw:1,0", ("Microphone", "hw:1,0", "hold")),
        ("system:", ("SystemAudio", None, "hold")),
        ("system:hdmi", ("SystemAudio", "hdmi", "hold")),
    ],
)
def test_a_device_is_named_behind_its_kind(
    file: str, device: object, made: list[tuple[str, object, object]]
) -> None:
    assert list(open_sources([file], NAMES, Reading())) == ["system"]
    assert made == [device]


def test_the_policy_of_devices_is_passed_on(made: list[tuple[str, object, object]]) -> None:
    open_sources(["mic:", "system:"], NAMES, Reading(device_policy="follow"))
    assert [policy for *_, policy in made] == ["follow", "follow"]


@pytest.mark.parametrize(
    ("files", "known", "first", "names"),
    [
        (["mic:"], ("system", "mic"), None, ["mic", "system"]),
        (["mic:", "system:"], ("system", "mic"), None, ["mic", "system"]),
        (["talk.wav", "system:"], ("system", "mic"), None, ["mic", "system"]),
        (["talk.wav", "mic:"], ("system", "mic"), None, ["system", "mic"]),
        (["mic:a", "mic:b"], ("system", "mic"), None, ["mic", "system"]),
        (["system:"], ("system", "mic"), "mic", ["mic", "system"]),
        (["talk.wav"], ("system", "mic"), None, ["system", "mic"]),
        (["a.wav", "b.wav"], ("system", "mic"), "mic", ["mic", "system"]),
        (["mic:"], ("caller", "agent"), None, ["caller", "agent"]),
        ([], ("system", "mic"), "mic", ["system", "mic"]),
    ],
)
def test_a_device_has_the_name_of_its_kind(
    files: list[str], known: tuple[str, ...], first: str | None, names: list[str]
) -> None:
    assert name_sources(files, known, first) == names


def test_a_file_that_is_called_like_a_device_wins(
    call: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(call.parent)
    call.rename(call.with_name("mic:"))
    assert list(open_sources(["mic:"], NAMES, Reading())) == ["system"]
    assert device_of("mic:") is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"speed": 2.0}, "--speed is for recordings; mic: is captured as time passes"),
        ({"stream": 1}, "--stream is for containers; mic: is a device"),
        ({"split": True}, "--split is for a recording; a device is one source"),
        ({"rate": 8000}, "--rate is for raw PCM (FILE is -); a recording has its own"),
    ],
)
def test_what_is_for_recordings_is_no_option_of_a_device(
    options: dict[str, object], complaint: str
) -> None:
    assert str(problem(["mic:"], **options)) == complaint


def test_a_device_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> object:
        raise SourceError("there is no microphone 'nix'")

    monkeypatch.setattr("openline_trio.sources.microphone.Microphone", fail)
    found = problem(["mic:nix"])
    assert (str(found), found.status) == ("there is no microphone 'nix'", USAGE)


def test_part_is_of_each_file(call: Path) -> None:
    sources = open_sources(
        [str(call)], NAMES, Reading(split=True, speed=1e6, begin=0.25, until=0.5)
    )
    for seed, source in enumerate(sources.values(), 1):
        sink = Sink()
        trio.run(source.run, sink)
        assert sink.pcm == party(seed)[8_000:16_000]


@pytest.mark.parametrize(
    ("file", "options", "line"),
    [
        ("call.wav", {"begin": 2.0}, "call.wav ends after 1.00 s, and its audio from 2.00 s on is"),
        ("call.wav", {"begin": 0.5, "until": 0.5}, "--until is not behind --from: give two times"),
        ("call.wav", {"until": 0.0}, "--until is not behind --from: give two times"),
        ("-", {"begin": 0.5}, "--from is for a recording by its name; cut what is piped in, as in"),
        ("-", {"until": 0.5}, "--until is for a recording by its name; cut what is piped in, as"),
        ("mic:", {"begin": 0.5}, "--from is for recordings; mic: is captured as time passes"),
        ("system:x", {"until": 0.5}, "--until is for recordings; system: is captured as time"),
    ],
)
def test_part_that_cannot_be_had_is_one_line(
    call: Path, monkeypatch: pytest.MonkeyPatch, file: str, options: dict[str, float], line: str
) -> None:
    monkeypatch.chdir(call.parent)
    found = problem([file], **options)
    assert str(found).startswith(line)
    assert "\n" not in str(found)
    assert found.status == USAGE
