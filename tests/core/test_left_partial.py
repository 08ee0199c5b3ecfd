"""Words that are partial at the final message: what is confirmed, and what the disk keeps."""

from __future__ import annotations

from typing import Any

import pytest

from openline.commands import DiscardStore, StoreConfirmed
from openline.policy import Policy
from openline.updates import SAMPLE_RATE as S
from tests.core.driver import Drive


def left(**given: Any) -> Drive:
    """Two seconds were sent, a final covers the first, and a partial stands from 1.5 s on."""
    drive = Drive(disk_seconds=3600, **given).stream()
    drive.audio(100)
    drive.drain()
    drive.final(0, 1.0)
    drive.partial(1.5, 2.0, "hello")
    drive.stop()
    drive.serve("mic")
    return drive


def on_disk(drive: Drive) -> float:
    """The seconds that are confirmed on disk."""
    return [each.position for each in drive.commands if isinstance(each, StoreConfirmed)][-1] / S


def is_deleted(drive: Drive) -> bool:
    return any(isinstance(each, DiscardStore) for each in drive.commands)


def test_what_is_left_stays_on_disk() -> None:
    """Words may still come until the end; then resuming sends their audio again."""
    drive = left()
    drive.summary()
    assert 1.0 <= on_disk(drive) <= 1.5
    closing = on_disk(drive)
    drive.lose(1000)
    assert drive.ended.statistics.unfinal == 1
    assert drive.ended.accounts["mic"].confirmed == 2 * S
    assert on_disk(drive) == closing
    assert not is_deleted(drive)


@pytest.mark.parametrize(
    "given",
    [{"ends": "claimed"}, {"policy": Policy(buffer_seconds=90.0, careful_seams=True)}],
    ids=["claimed", "careful"],
)
def test_what_is_left_behind_held_finals_is_confirmed_at_the_end(given: dict[str, Any]) -> None:
    """A place between two words may cut both, so no part of it is sent again."""
    drive = left(**given)
    before = on_disk(drive)
    drive.summary()
    assert on_disk(drive) == before
    drive.lose(1000)
    assert on_disk(drive) == 2.0
    assert drive.ended.statistics.unfinal == 1
    assert is_deleted(drive)


def test_a_final_behind_the_final_message_confirms_what_was_left() -> None:
    drive = left()
    drive.summary()
    drive.final(1.5, 2.0, "hello")
    drive.lose(1000)
    assert drive.ended.complete
    assert on_disk(drive) == 2.0
    assert is_deleted(drive)


def test_an_abort_behind_the_final_message_leaves_it_on_disk() -> None:
    drive = left()
    drive.summary()
    closing = on_disk(drive)
    drive.abort()
    assert not drive.ended.complete
    assert on_disk(drive) == closing
    assert not is_deleted(drive)
