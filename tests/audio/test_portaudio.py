"""PortAudio's devices, on a sound card that is made up: its own form, holes, and every mistake."""

from __future__ import annotations

import queue
import sys
import threading
import time

import pytest

from openline_audio.devices import Captured, Device, Fact, Lost, Opened
from openline_audio.portaudio import PortAudioSystem
from openline_audio.source import SourceError
from tests.trio.sources.support_card import BLOCK, Card, PortAudioError, Stream, sounddevice


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """A sounddevice module with this card behind it."""
    made = Card()
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice(made))
    return made


def form(card: Card) -> tuple[int, int]:
    found = PortAudioSystem().find()
    return found.rate, found.channels


def test_a_device_is_opened_at_its_own_rate_and_channels(card: Card) -> None:
    card.rate, card.channels = 44_100, 2
    assert form(card) == (44_100, 2)
    assert card.checked == [{"device": None, "channels": 2, "dtype": "int16", "samplerate": 44_100}]


@pytest.mark.parametrize(
    ("card_has", "rates", "counts", "expected"),
    [
        ((48_000, 2), (44_100, 48_000), (1, 2), (48_000, 2)),
        ((48_000, 2), (16_000, 48_000), (2,), (48_000, 2)),
        ((44_100, 2), (44_100,), (2,), (44_100, 2)),
        ((48_000, 8), (48_000,), (8,), (48_000, 8)),
        ((48_000, 32), (), (), (48_000, 2)),
        ((48_000, 2), (), (1,), (48_000, 1)),
        ((192_000, 2), (44_100,), (), (44_100, 2)),
        ((8_000, 1), (16_000,), (1,), (16_000, 1)),
    ],
)
def test_the_first_form_that_the_device_supports_is_taken(
    card: Card,
    card_has: tuple[int, int],
    rates: tuple[int, ...],
    counts: tuple[int, ...],
    expected: tuple[int, int],
) -> None:
    card.rate, card.channels = card_has
    card.rates, card.counts = rates, counts
    assert form(card) == expected


@pytest.mark.parametrize("kind", [PortAudioError, ValueError])
def test_a_device_that_supports_nothing_is_named_with_its_first_refusal(
    kind: type[Exception], card: Card
) -> None:
    card.check_error = kind("No input device\nmatching 'USB'.")
    with pytest.raises(SourceError) as caught:
        PortAudioSystem("USB").find()
    assert str(caught.value) == (
        "the microphone 'USB' cannot be used (No input device matching 'USB'); "
        "choose another one: openline devices lists them"
    )


def test_a_machine_without_a_microphone_says_so(card: Card) -> None:
    card.channels, card.check_error = 0, PortAudioError("Error querying device -1")
    with pytest.raises(SourceError, match="no microphone is connected; plug one in"):
        PortAudioSystem().find()


def test_all_inputs_are_listed(card: Card) -> None:
    assert PortAudioSystem().devices() == (
        Device(
            name="USB mic",
            description="USB mic",
            rate=16_000,
            channels=1,
            is_default=True,
            number=1,
        ),
    )


def test_without_a_default_none_is_marked(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    def query(device: object = None, kind: str | None = None) -> object:
        if kind is not None:
            raise PortAudioError("there is no default")
        return card.query()

    monkeypatch.setattr(sys.modules["sounddevice"], "query_devices", query)
    assert [each.is_default for each in PortAudioSystem().devices()] == [False]


class Run:
    """A stream of the card, and what it reports."""

    def __init__(self, card: Card, wanted: int | str | None = None) -> None:
        self.facts = queue.SimpleQueue[Fact]()
        system = PortAudioSystem(wanted)
        self.stream = system.open(3, system.find(), self.facts.put)
        self.card = card

    def next(self) -> Fact:
        return self.facts.get(timeout=10)

    def opened(self) -> Stream:
        assert self.next() == Opened(3)
        return self.card.streams[-1]

    def close(self) -> list[str]:
        self.stream.close()
        assert self.stream.join(10)
        return self.card.streams[-1].calls


def test_blocks_are_copied_and_reported_with_their_length(card: Card) -> None:
    card.channels = 2
    run = Run(card, "USB")
    stream = run.opened()
    stream.block(10.0)
    block = run.next()
    assert isinstance(block, Captured)
    assert (block.stream, block.pcm, block.seconds) == (3, BLOCK, 0.01)
    assert 0 <= time.monotonic() - block.at < 10
    assert (stream.options["device"], stream.options["blocksize"]) == ("USB", 320)
    assert run.close() == ["start", "abort", "close"]
    assert run.facts.empty(), "that it ended is no news: we closed it"


def test_a_stream_may_be_opened_without_waiting_for_the_driver(card: Card) -> None:
    begun, go = threading.Event(), threading.Event()
    real = card.open

    def open_slowly(**options: object) -> Stream:
        begun.set()
        assert go.wait(10)
        return real(**options)

    sys.modules["sounddevice"].RawInputStream = open_slowly  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    run = Run(card)
    assert begun.wait(10)
    assert not run.stream.join(0)
    go.set()
    run.opened()
    run.close()


def test_what_portaudio_lost_is_as_long_as_its_clock_jumped_or_one_block(card: Card) -> None:
    run = Run(card)
    stream = run.opened()
    stream.block(0.0, overflow=True)  # nothing before it to tell how much
    stream.block(0.02)
    stream.block(0.14, overflow=True)  # the capture clock jumped by 0.1 s
    stream.block(0.0, overflow=True)  # it does not say
    facts = [run.next() for _ in range(4)]
    missing = [fact.missing for fact in facts if isinstance(fact, Captured)]
    assert missing == pytest.approx([0.02, 0.0, 0.1, 0.02])
    run.close()


def test_a_device_that_goes_away_is_reported_and_left(card: Card) -> None:
    card.abort_error = PortAudioError("the device is gone")
    run = Run(card)
    run.opened().finished()
    assert run.next() == Lost(3, "the microphone went away")
    assert run.close() == ["start", "abort", "close"]


@pytest.mark.parametrize("when", ["open_error", "start_error"])
@pytest.mark.parametrize("kind", [PortAudioError, ValueError])
def test_a_stream_that_cannot_be_opened_is_lost(
    when: str, kind: type[Exception], card: Card
) -> None:
    setattr(card, when, kind("it is\ntaken."))
    run = Run(card, 2)
    assert run.next() == Lost(
        3,
        "the microphone 2 cannot be used (it is taken); "
        "choose another one: openline devices lists them",
    )
    assert run.stream.join(10)
    assert all(stream.calls[-1] == "close" for stream in card.streams)


def test_nothing_is_watched(card: Card) -> None:
    system = PortAudioSystem()
    assert not system.is_watched
    assert system.watch(lambda _: None) is None  # type: ignore[func-returns-value]


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SourceError) as caught:
        PortAudioSystem()
    assert str(caught.value) == (
        'the microphone needs the sounddevice package; pip install "openline[microphone]"'
    )


def test_without_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> object:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("openline_audio.portaudio.import_module", fail)
    with pytest.raises(SourceError) as caught:
        PortAudioSystem()
    assert str(caught.value) == (
        "the microphone needs PortAudio; install libportaudio2 (Debian, Ubuntu), "
        "portaudio (Fedora, Homebrew)"
    )
