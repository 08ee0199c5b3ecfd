"""Each state of the machine, reached by the shortest path."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from typing import Any, cast

from openline import events as e
from openline.machine.actions import Actions
from openline.policy import Policy
from tests.core.driver import Drive

PATIENT = Policy(give_up_after=None)


def everything(session: Actions) -> str:
    """All of a link's state except the time, as text to compare."""

    def show(thing: Any) -> Any:
        if isinstance(thing, list | tuple | deque):
            return [show(each) for each in cast("Iterable[Any]", thing)]
        if isinstance(thing, dict):
            return {key: show(value) for key, value in cast("dict[str, Any]", thing).items()}
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        kept = [name for name in slots if not (thing is session and name == "now")]
        return {name: show(getattr(thing, name)) for name in kept} if slots else repr(thing)

    return re.sub("0x[0-9a-f]+", "", repr(show(session)))


def in_state(state: str, policy: Policy = PATIENT) -> Drive:
    """A session that has just entered ``state``, with a second of audio to deliver."""
    drive = Drive(has_provider=True, policy=policy)
    if state == "idle":
        return drive
    drive.audio(50)
    drive.open()
    if state == "authorizing":
        return drive
    drive.feed(e.CredentialReady(1))
    if state == "connecting":
        return drive
    drive.opened()
    if state == "awaiting_ack":
        return drive
    drive.drain()
    if state == "reconnecting":
        drive.lose()
        return drive
    drive.ack()
    if state == "streaming":
        return drive
    drive.stop()
    if state == "finishing":
        return drive
    drive.serve("mic")
    if state == "failed":
        drive.lose(1002)
        return drive
    drive.summary()
    if state == "closed":
        drive.lose(1000)
    return drive


def reauthorized(drive: Drive) -> None:
    drive.feed(e.CredentialReady(len(drive.requests)))


STATES = [
    *("idle", "authorizing", "connecting", "awaiting_ack", "streaming"),
    *("reconnecting", "finishing", "closing", "closed", "failed"),
]
ALIVE = STATES[1:-2]
OVER = STATES[-2:]
