"""The traits of a backend: which values are valid, and that the core follows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from msgspec.structs import replace

import openline.dialects
from openline import events as e
from openline.backend import Backend
from openline.commands import OpenSocket, SendBytes, SendText
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.registry import BUILT_IN, DEFAULT
from openline.dialects.traits import (
    Address,
    AudioForm,
    Drain,
    Encoding,
    End,
    Ends,
    Traits,
    Unit,
)
from openline.observer import Observer
from openline.policy import Policy
from openline.reconnect.verdicts import Action, Rule
from openline.session import LocalProtocolError, SessionMachine
from openline.snapshot import MachineOptions, Snapshot
from tests.core.driver import FRAME, Drive

RULE = Rule(action=Action.LATER, why="busy", source="the toy")


def traits(**changes: Any) -> Traits:
    given: dict[str, Any] = {"sources": ("mic",), "horizon": 1.0, **changes}
    return Traits(**given)


def dialect(**changes: Any) -> EchoPanel:
    """The default dialect with other traits."""
    made: EchoPanel = type("Toy", (EchoPanel,), {"traits": replace(TRAITS, **changes)})()
    return made


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"horizon": 0},
        {"address": Address("localhost", 9, "/")},
        {"codes": {1000: RULE, 4999: RULE}, "refusals": {"busy": RULE}},
        {"window": 0.1, "live_ahead": 0.1, "queue": 0.1},
        {"filling_above": 1.0, "filling_below": 1.0},
        {"silent_in_silence": True},
        {"sources": ()},
        {"queue": None, "pace": None, "counts": None},
        {
            "pace": 1.5,
            "keepalive": 5,
            "flush_every": 0.5,
            "flush_idle": 0.5,
            "pong_patience": 9.0,
            "patience": 60,
        },
        {"longest": 60.0, "tail": 2.0, "settle": 5.0, "end": End.NEVER},
        {"ends": Ends.NONE, "counts": Unit.FLUSHES, "drain": Drain.FLUSH, "end": End.CLOSE},
        {"greets": True, "replies": False, "proves_silence": False, "key_variable": "KEY"},
        {"key_parameter": "access_token"},
        {"statuses": {100: RULE, 599: RULE}},
        {"form": AudioForm(rate=8000, encoding=Encoding.F32LE, usual=0.1, least=0.1)},
        {"form": AudioForm(rate=24000, usual=0.02)},
        {"form": AudioForm(usual=1.0)},
        {"form": AudioForm(rate=48000, usual=3 * 0.02)},
    ],
)
def test_valid_traits_are_accepted(changes: dict[str, Any]) -> None:
    assert [getattr(traits(**changes), name) for name in changes] == [*changes.values()]


NAMES = "give a tuple of names, such as ('mic',)"
VARIABLE = "give a name, or an empty text"
PARAMETER = "give a name of letters, digits, -, ., _ and ~, or an empty text"
SECONDS = "give seconds, 0 or more"
CODES = "give a mapping from each close code from 1000 to 4999 to its Rule"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"sources": "mic"}, f"Traits.sources is 'mic': {NAMES}"),
        ({"sources": ("mic", " ")}, f"Traits.sources is ('mic', ' '): {NAMES}"),
        ({"sources": ("mic", 2)}, f"Traits.sources is ('mic', 2): {NAMES}"),
        ({"sources": ["mic"]}, f"Traits.sources is list: {NAMES}"),
        ({"sources": ("m" * 60, "")}, f"Traits.sources is tuple: {NAMES}"),
        *(
            ({name: wrong}, f"Traits.{name} is {wrong!r}: {SECONDS}")
            for name in ("horizon", "start_delay", "window", "live_ahead", "drain_timeout")
            for wrong in ("15", True, -1.0, float("nan"), float("inf"))
        ),
        *(
            ({name: wrong}, f"Traits.{name} is {wrong!r}: give seconds, more than 0, or None")
            for name in ("queue", "pace", "keepalive", "flush_every", "flush_idle")
            for wrong in ("15", True, -1.0, 0, float("nan"), float("inf"))
        ),
        ({"filling_above": None}, f"Traits.filling_above is NoneType: {SECONDS}"),
        ({"filling_below": -1}, f"Traits.filling_below is -1: {SECONDS}"),
        ({"ends": "exact"}, "Traits.ends is 'exact': give Ends.EXACT, Ends.CLAIMED or Ends.NONE"),
        ({"silent_in_silence": 1}, "Traits.silent_in_silence is 1: give True or False"),
        ({"address": "localhost"}, "Traits.address is 'localhost': give an Address, or None"),
        ({"counts": "bytes"}, "Traits.counts is 'bytes': give a Unit, or None"),
        ({"replies": None}, "Traits.replies is NoneType: give True or False"),
        ({"key_variable": None}, f"Traits.key_variable is NoneType: {VARIABLE}"),
        ({"key_parameter": None}, f"Traits.key_parameter is NoneType: {VARIABLE}"),
        ({"key_parameter": "a=b"}, f"Traits.key_parameter is 'a=b': {PARAMETER}"),
        ({"form": 16000}, "Traits.form is 16000: give an AudioForm"),
        ({"end": "close"}, "Traits.end is 'close': give End.MESSAGE, End.CLOSE or End.NEVER"),
        ({"drain": "stop"}, "Traits.drain is 'stop': give Drain.FLUSH, Drain.STOP or Drain.NONE"),
        ({"pace": 1}, "Traits.pace is 1: give more than 1, or a backlog is never made good"),
        ({"longest": 59.9}, "Traits.longest is 59.9: give 60 s or more, or None"),
        (
            {"end": End.NEVER},
            "Traits.settle is 0.0: give seconds, for the backend never ends a session",
        ),
        (
            {"form": AudioForm(rate=44100)},
            "Traits.form.rate is 44100: give one of [8000, 16000, 24000, 48000]",
        ),
        (
            {"form": AudioForm(encoding=cast("Encoding", "f64"))},
            "Traits.form.encoding: give Encoding.S16LE or Encoding.F32LE",
        ),
        *(
            (
                {"form": AudioForm(usual=usual)},
                f"Traits.form.usual is {usual!r}: give a multiple of 0.02 s, up to 1 s",
            )
            for usual in (0.0, 0.01, 0.03, -0.02, 1.02, float("nan"))
        ),
        (
            {"form": AudioForm(usual=0.1, least=0.2)},
            "Traits.form.least is 0.2: give 0 to usual",
        ),
        (
            {"statuses": {99: RULE}},
            "Traits.statuses is 99: give a Rule for each status from 100 to 599",
        ),
        ({"window": 0.09}, "Traits.window is 0.09: give 0.1 s or more"),
        ({"live_ahead": 0}, "Traits.live_ahead is 0: give 0.1 s or more"),
        ({"window": 2.1}, "Traits.window is more than queue: lower it"),
        ({"filling_below": 1.7}, "Traits.filling_below is more than filling_above: lower it"),
        ({"codes": [1000]}, f"Traits.codes is list: {CODES}"),
        ({"codes": {4000: Action.FATAL}}, f"Traits.codes is dict: {CODES}"),
        *(
            (
                {"codes": {code: RULE}},
                f"Traits.codes is {code!r}: give a Rule for each close code from 1000 to 4999",
            )
            for code in ("4100", 999, 5000, True, 4100.0)
        ),
        ({"refusals": {7: RULE}}, "Traits.refusals is 7: give a Rule for each text"),
    ],
)
def test_invalid_traits_are_refused_by_name(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"^Traits\.") as caught:
        traits(**changes)
    assert str(caught.value) == text


# The core follows them.


@pytest.mark.parametrize(("window", "frames"), [(0.4, 20), (1.6, 80)])
def test_a_backlog_goes_out_up_to_the_window(window: float, frames: int) -> None:
    drive = Drive(dialect=dialect(window=window, live_ahead=0.1)).stream()
    drive.audio(200)
    drive.drain()
    assert drive.frames() == frames


@pytest.mark.parametrize(("ahead", "frames"), [(0.2, 10), (0.5, 25)])
def test_live_audio_may_exceed_receipt_by_the_trait(ahead: float, frames: int) -> None:
    drive = Drive(dialect=dialect(window=0.1, live_ahead=ahead)).stream()
    for _ in range(40):
        drive.audio()
        drive.drain()
    assert drive.frames() == frames


def test_a_backend_fills_at_the_backlog_of_its_traits() -> None:
    drive = Drive(dialect=dialect(filling_above=0.3, filling_below=0.2)).stream()
    drive.audio()
    drive.serve()
    [stream] = drive.session.streams.all
    seen: list[bool] = []
    for backlog in (0.3, 0.31, 0.2, 0.19):
        drive.figures(backlog)
        seen.append(stream.window.filling)
    assert seen == [False, True, True, False]


def test_dropped_audio_is_charged_beyond_the_queue() -> None:
    drive = Drive(dialect=dialect(queue=0.2, window=0.2), sources=("mic", "system")).stream()
    drive.audio(11, "mic")
    drive.audio(5, "system")
    drive.drain()
    drive.figures(dropped=1, source="system")
    assert [(gap.source, gap.samples) for gap in drive.gaps] == [("mic", FRAME)]


@pytest.mark.parametrize(
    ("of_policy", "of_dialect", "delay"), [(None, 0.7, 0.7), (0.3, 0.7, 0.3), (None, 0.0, 0.0)]
)
def test_the_start_delay_is_the_policys_or_else_the_dialects(
    of_policy: float | None, of_dialect: float, delay: float
) -> None:
    drive = Drive(dialect=dialect(start_delay=of_dialect), policy=Policy(start_delay=of_policy))
    drive.open()
    dialled = drive.now
    drive.opened(after=0.0)
    while drive.pull() is None:
        drive.tick()
    assert isinstance(drive.sent[-1], SendText)
    assert drive.now == pytest.approx(dialled + delay)


def test_a_session_takes_the_sources_of_its_dialect() -> None:
    with pytest.raises(ValueError, match=r"give some of \['system', 'mic'\], once"):
        Drive(sources=("tape",))
    drive = Drive(sources=("tape",), dialect=dialect(sources=("tape",)))
    assert drive.state == "idle"


# The registry, and the imports for authors.


def test_the_default_dialect_is_built_in_and_its_address_is_the_default() -> None:
    assert BUILT_IN[DEFAULT.name] is DEFAULT
    assert all(each.name == name for name, each in BUILT_IN.items())
    address = DEFAULT.traits.address
    assert address is not None
    assert Backend() == Backend(address.host, port=address.port, path=address.path)
    drive = Drive()
    drive.open()
    [dial] = [each for each in drive.commands if isinstance(each, OpenSocket)]
    assert dial.backend.url == "ws://127.0.0.1:8000/ws/live-listener"


def test_one_module_has_all_imports_for_dialect_authors() -> None:
    for name in openline.dialects.__all__:
        assert hasattr(openline.dialects, name)
    assert openline.dialects.Traits is Traits
    assert openline.dialects.Rule is Rule


# Optional fields of a source's events.


@pytest.mark.parametrize("peak", [None, 0, 32768])
def test_captured_audio_may_carry_its_peak(peak: int | None) -> None:
    drive = Drive().stream()
    drive.feed(e.AudioCaptured("mic", bytes(2 * FRAME), peak))
    assert isinstance(drive.pull(), SendBytes)


@pytest.mark.parametrize("peak", [-1, 32769])
def test_an_impossible_peak_is_refused(peak: int) -> None:
    drive = Drive().stream()
    with pytest.raises(LocalProtocolError, match=rf"^a peak of {peak}: give 0 to 32768, or None$"):
        drive.feed(e.AudioCaptured("mic", bytes(2 * FRAME), peak))
    assert drive.core.statistics.sources["mic"].captured == 0


def machine(**options: Any) -> SessionMachine:
    return SessionMachine(
        Backend(), session_id="s", attempt_id="a", random=lambda: 0.5, sources=("mic",), **options
    )


def test_a_session_has_the_kind_of_each_source() -> None:
    class Seen(Observer):
        def __init__(self) -> None:
            self.kinds: Mapping[str, e.SourceKind] | None = None

        def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
            self.kinds = options.kinds

    store, none = Seen(), Seen()
    machine(kinds={"mic": e.SourceKind.STORE}, observers=[store])
    machine(observers=[none])
    assert (store.kinds, none.kinds) == ({"mic": e.SourceKind.STORE}, {})


def test_the_kind_of_an_unknown_source_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^kinds: 'tape' is no source of this session: leave"):
        machine(kinds={"tape": e.SourceKind.STORE})


def test_an_invalid_kind_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^the kind of source 'mic' is str: give a SourceKind$"):
        machine(kinds={"mic": "store"})


@pytest.mark.parametrize(
    ("ends", "longest_run", "lag"),
    [(Ends.EXACT, 20.0, 15.0), (Ends.CLAIMED, 20.0, 32.0), (Ends.CLAIMED, 4.0, 17.0)],
)
def test_the_mark_lags_by_the_horizon_or_by_a_run_and_the_queue(
    ends: Ends, longest_run: float, lag: float
) -> None:
    assert dialect(horizon=15.0, ends=ends, longest_run=longest_run).traits.lag == lag
