"""What a face implements to run the corpus, and what comes of a run.

``run`` plays a scenario to its end in a loop of its own, on a clock that moves only when every task
is idle (lock-step). It raises what the block around the session raises.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from openline.events import Event
from openline.observer import Observer
from openline.updates import Update
from tests.faces.script import Scenario


@dataclass
class Played:
    """What came of a run."""

    updates: list[Update] = field(default_factory=list[Update])
    dials: int = 0
    seconds: float = 0.0
    #: Scripts that were not told that the client is gone.
    left: int = 0


class Nth(Observer):
    """Cancels at the event of this number: give it to a session that is to be cancelled there."""

    def __init__(self, number: int, cancel: Callable[[], object]) -> None:
        self._left = number
        self._cancel = cancel

    def on_event(self, event: Event, now: float) -> None:
        """Count."""
        self._left -= 1
        if self._left == 0:
            self._cancel()


def kill(spool: Path) -> None:
    """Keep what a process that is killed now would leave: a copy of its spool, beside it."""
    shutil.copytree(spool, spool.with_name("killed"))


class Harness(Protocol):
    """One face on one loop."""

    name: str

    def run(self, scenario: Scenario, *, journal: Path, spool: Path | None = None) -> Played:
        """Play ``scenario``; resume what is in ``spool`` if it holds a session."""
        ...


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

#: What a library says of a violation, in its own words.
_VIOLATION = re.compile(
    r"(the server (?:broke the WebSocket protocol|sent malformed data)) \(.*?\)(?=[\"'],?)"
)


def without_times(journal: Path) -> list[str]:
    """The lines of a journal with names in place of ids, and without times.

    What happens at one moment has no order of its own: trio shuffles its tasks. So the lines of a
    moment are sorted, and a pull that brought nothing is left out.
    """
    return [line for lines in by_moment(journal).values() for line in lines]


def by_moment(journal: Path) -> dict[float, list[str]]:
    """The same, by their times in seconds."""
    text = journal.read_text("utf-8")
    for number, found in enumerate(dict.fromkeys(_ID.findall(text))):
        text = text.replace(found, f"id-{number}")
    lines = [json.loads(line) for line in text.splitlines()]
    moments = itertools.groupby(lines, key=lambda line: round(line.get("now", 0.0), 6))
    return {at: sorted(_timeless(moment)) for at, moment in moments}


def _timeless(moment: Iterable[dict[str, Any]]) -> Iterator[str]:
    for line in moment:
        line.pop("now", None)
        line.get("event", {}).pop("at", None)
        if line.get("event", {}).get("sender") == "local":
            line["event"].pop("reason", None)  # the words of a library
        if line != {"pulled": None}:
            yield _VIOLATION.sub(r"\1", json.dumps(line, sort_keys=True))


def own_words(updates: list[Update]) -> list[str]:
    """The updates, without the words of a library."""
    return [_VIOLATION.sub(r"\1", repr(each)) for each in updates]
