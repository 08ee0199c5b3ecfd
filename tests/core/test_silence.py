"""A source that hangs is detected; a source that waits or may pause is not."""

from __future__ import annotations

import pytest

from openline import events as e
from openline.audio.silence import SilenceWatchdog
from openline.commands import CloseSource
from openline.machine.timers import OFF
from openline.policy import Policy
from openline.updates import SourceEnded, SourceEndReason
from tests.core.driver import Drive

QUICK = Policy(source_timeout=4.0)


def lost(drive: Drive) -> list[tuple[str, SourceEndReason]]:
    return [(update.source, update.cause) for update in drive.told(SourceEnded)]


def listening(*sources: str, watched: tuple[str, ...], policy: Policy = QUICK) -> Drive:
    return Drive(sources=sources, watched=watched, policy=policy).stream()


def test_a_source_that_hangs_is_lost_and_the_other_goes_on() -> None:
    drive = listening("mic", "system", watched=("mic", "system"))
    drive.audio(5, "mic")
    for _ in range(35):
        drive.wait(0.1)
        drive.audio(5, "system")
        drive.serve("system")
    assert lost(drive) == []
    for _ in range(10):
        drive.wait(0.1)
        drive.audio(5, "system")
        drive.serve("system")
    assert drive.told(SourceEnded) == [
        SourceEnded(
            source="mic", cause=SourceEndReason.STALLED, reason="it delivered no audio for 4 s"
        )
    ]
    assert CloseSource("mic") in drive.commands
    assert drive.state == "streaming"


def test_audio_of_a_lost_source_is_ignored() -> None:
    drive = listening("mic", "system", watched=("mic",))
    drive.audio(1)
    drive.wait(5)
    drive.audio(1)
    assert drive.core.statistics.refused_samples == 320


def test_the_last_hanging_source_ends_the_session() -> None:
    drive = listening("mic", watched=("mic",))
    drive.audio(5)
    drive.serve("mic")
    drive.final(0, 0.1)
    drive.wait(5)
    assert drive.state == "finishing"
    assert drive.texts[-1] == (1, "stop")


@pytest.mark.parametrize("policy", [QUICK, Policy(source_timeout=None)])
def test_a_source_that_may_pause_may_pause(policy: Policy) -> None:
    drive = listening("mic", "system", watched=() if policy is QUICK else ("mic",), policy=policy)
    drive.audio(1)
    for _ in range(20):
        drive.wait(1)
        drive.serve()
    assert lost(drive) == []


def test_a_hole_is_a_sign_of_life() -> None:
    drive = listening("mic", watched=("mic",))
    for _ in range(9):
        drive.wait(1)
        drive.feed(e.CaptureHole("mic", 16_000))
        drive.serve()
    assert lost(drive) == []


def test_a_source_that_waits_for_the_line_is_not_silent() -> None:
    drive = Drive(watched=("mic",), policy=QUICK)
    drive.audio(200)
    drive.open()
    for _ in range(30):
        drive.lose()
        drive.redial()
    assert lost(drive) == []
    drive.connect()
    for heard in (1.6, 3.2, 4.0):
        drive.serve()
        drive.final(0, heard)
    drive.wait(1.9)  # from here there is room at least half of the time
    assert lost(drive) == []
    drive.wait(2.2)
    assert lost(drive) == [("mic", SourceEndReason.STALLED)]


def test_a_source_that_never_starts_is_silent_from_the_opening() -> None:
    drive = Drive(watched=("mic",), policy=QUICK)
    drive.now += 100
    drive.open()
    drive.wait(3.9)
    assert lost(drive) == []
    drive.wait(0.2)
    assert lost(drive) == [("mic", SourceEndReason.STALLED)]
    assert not drive.ended.complete


def test_no_source_is_watched_after_a_stop() -> None:
    drive = listening("mic", watched=("mic",))
    drive.audio(1)
    drive.stop()
    drive.wait(6)
    assert lost(drive) == []


@pytest.mark.parametrize(
    ("event", "cause", "reason"),
    [
        (e.SourceFinished("mic"), SourceEndReason.EXHAUSTED, "it has no more audio"),
        (e.SourceFailed("mic", "unplugged"), SourceEndReason.FAILED, "unplugged"),
    ],
)
def test_the_end_of_a_source_is_reported_once(
    event: e.Event, cause: SourceEndReason, reason: str
) -> None:
    drive = listening("mic", "system", watched=("mic",))
    drive.feed(event)
    drive.feed(event)
    drive.wait(6)
    assert drive.told(SourceEnded) == [SourceEnded(source="mic", cause=cause, reason=reason)]
    assert drive.state == "streaming"


def roomy(_source: str) -> bool:
    return True


def test_a_source_without_room_is_not_silent() -> None:
    watch = SilenceWatchdog(["mic", "system"], (), 10.0)
    watch.begin(0.0)
    assert watch.look(9.0, lambda source: source != "mic") == []
    assert watch.look(18.0, roomy) == ["system"]
    assert watch.look(19.0, roomy) == ["mic"]


def test_a_store_is_never_silent() -> None:
    drive = Drive(kinds={"mic": e.SourceKind.STORE}, watched=("mic",), policy=QUICK)
    drive.stream()
    drive.wait(600)
    assert lost(drive) == []


def test_a_watch_without_a_limit_has_no_deadline() -> None:
    watch = SilenceWatchdog(["mic"], (), None)
    assert watch.begin(5.0) == OFF
    assert watch.look(1e9, roomy) == []


def test_a_watch_samples_twice_in_each_timeout_and_at_its_end() -> None:
    watch = SilenceWatchdog(["mic"], (), 10.0)
    assert watch.begin(100.0) == 105.0
    watch.note_audio("mic", 102.0)
    assert watch.look(105.0, roomy) == []
    assert watch.next_look(105.0) == 110.0
    assert watch.look(110.0, roomy) == []
    assert watch.next_look(110.0) == 112.0
    assert watch.look(112.0, roomy) == ["mic"]
    assert watch.next_look(112.0) == OFF


def test_time_may_begin_at_zero() -> None:
    watch = SilenceWatchdog(["mic"], (), 10.0)
    assert watch.begin(0.0) == 5.0
    assert watch.next_look(6.0) == 10.0
    assert watch.look(10.0, roomy) == ["mic"]
