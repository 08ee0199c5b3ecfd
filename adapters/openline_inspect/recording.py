"""Recordings: a head and rows, made of a journal or of a path through the model.

``record`` replays a journal. A journal of another version of the core may do something else when it
is replayed. Then its recording ends there, and its head says so.

``record_path`` takes the JSON lines that ``tools/check_model.py --out`` writes. They have no time
and no audio: each step is one second, and shows what changed in the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal, JournalError
from openline.journal.replay import DivergedError, replay
from openline.updates import State
from openline_inspect.recorder import KINDS, NUMBERS, STATES, Recorder, Row

#: The trouble of a recording whose journal lacks the end of its last line, and nothing else.
TORN: Final = "the last line of the journal is cut: a crash, or a full disk"
_STEP: Final = 1_000_000  # microseconds of a step of the model
_FINAL: Final = (State.CLOSED, State.FAILED)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One session, as the page reads it."""

    head: dict[str, Any]
    rows: list[Row]


def record(
    journal: Journal, *, text: bool = True, name: str = "", dialect: Dialect | None = None
) -> Recording:
    """The recording of a journal. ``text``: with what was said. ``name``: its title.

    Raises JournalError as ``replay`` does.
    """
    recorder = Recorder(text=text, name=name)
    trouble = ""
    try:
        for _ in replay(journal, dialect=dialect, observers=[recorder]):
            pass
    except DivergedError as error:
        trouble = f"the recording ends early, for this version does something else: {error}"
    if journal.torn and not trouble:
        trouble = TORN
    rows = recorder.take()
    return Recording(head={**recorder.head, "trouble": trouble}, rows=[*rows, recorder.story()])


def is_path(line: bytes | str) -> bool:
    """Whether a file that starts with this line is a path of the model."""
    try:
        plain: Any = json.loads(line)
    except ValueError:
        return False
    return isinstance(plain, dict) and "model" in plain


def record_path(lines: Iterable[bytes | str], *, name: str = "") -> Recording:
    """The recording of a path through the model. Raises JournalError for anything else."""
    number, rows, breaks = 0, list[Row](), ""
    before: dict[str, Any] = {}
    cycle: int | None = None
    try:
        for number, line in enumerate(lines, 1):
            plain: dict[str, Any] = json.loads(line)
            if number == 1:
                breaks, before, cycle = plain["breaks"], dict(plain["state"]), plain["cycle"]
                rows.append([0, KINDS.index("OpenRequested"), [], {"w": "the session is idle"}])
                continue
            is_recurring = cycle is not None and number - 2 >= cycle
            rows.append(_step(plain, before, recurs=is_recurring))
            before |= plain["changed"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalError(f"line {number}: not a path of the model: {error}") from None
    if not rows:
        raise JournalError("line 1: an empty file: no path of the model")
    return Recording(head=_head(name, breaks), rows=[*rows, _story(breaks, before, len(rows))])


def _step(plain: dict[str, Any], before: dict[str, Any], *, recurs: bool) -> Row:
    cause = str(plain["cause"])
    more: dict[str, Any] = {"w": f"{cause}, again and again" if recurs else cause}
    row = plain["row"]
    if row is not None:
        more["x"] = [NUMBERS[row]] if row in NUMBERS else []
        more["c"] = [str(row)]
    if plain["to"] != plain["from"]:
        more["s"] = STATES.index(plain["to"])
    changed = {key: value for key, value in plain["changed"].items() if key != "state"}
    if changed:
        more["m"] = [f"{key}: {before[key]} → {value}" for key, value in changed.items()]
    return [_STEP, KINDS.index("ModelStep"), [], more]


def _head(name: str, breaks: str) -> dict[str, Any]:
    return {
        "name": name or "a path of the model",
        "session": "",
        "attempt": "",
        "url": "the model of the session",
        "dialect": "none",
        "sources": [],
        "kinds": [],
        "timeless": True,
        "trouble": "",
        "breaks": breaks,
    }


def _story(breaks: str, last: dict[str, Any], count: int) -> Row:
    said = {"at": float(count - 1), "text": f"the path breaks: {breaks}", "trouble": True}
    state = last.get("state", "")
    return {
        "story": {
            "seconds": float(count - 1),
            "began": None,
            "end": f"{state} after {count - 1} steps; it breaks: {breaks}",
            "complete": False if breaks else state in _FINAL,
            "minutes": [{"first": 0, "last": 0, "happened": [said]}],
        }
    }
