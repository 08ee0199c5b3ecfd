"""``openline demo``: stream a recording to a local backend and compare the transcript.

The backend is a process of its own on a free port. The recording and its reference transcript
come with the package, so the summary can count the wrong words. Unless ``calm`` is set, the
backend is killed twice and started again: the session reconnects, resends the unconfirmed audio
and loses nothing. A kill waits until half a second of audio is unconfirmed; killing a backend
that still loads would test nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from openline.updates import SAMPLE_RATE, Statistics, Trouble
from openline_cli.child import Child
from openline_cli.follow import Follower, Following, Outcome, give_up, opening
from openline_cli.plain import PlainView
from openline_cli.problems import Problem
from openline_cli.screen import find_screen, live_view, write_out
from openline_cli.summary import as_lines, print_tables, summarise
from openline_cli.view import View
from openline_trio.sources import FileSource

if TYPE_CHECKING:
    from rich.console import Console

CLIP: Final = "meeting.flac"
WORDS: Final = "meeting.txt"
_SOURCE: Final = "mic"
#: Recognisers that return no words, so that there is nothing to count.
_WORDLESS: Final[Mapping[str, str]] = {
    "echo": "none to compare: echo returns timestamps, not words",
    "none": "none to compare: no recogniser",
}
#: The earliest times of the two kills, in seconds of the recording, each within a sentence.
_CRASHES: Final = (9.0, 20.0)
#: A kill waits for so many unconfirmed samples on the line.
_AT_STAKE: Final = SAMPLE_RATE // 2
#: Seconds of audio between two checks for that.
_LOOK_SECONDS: Final = 0.1
#: Seconds of audio between two progress lines of the plain view.
_GLANCE_SECONDS: Final = 5.0


def data(name: str) -> Traversable:
    """A file of the demo, also inside of a zipped program. Raises Problem if it was left out."""
    try:
        found = resources.files("openline_cli") / "data" / name
        if found.is_file():
            return found
    except (OSError, TypeError, ValueError):  # what loaders of frozen programs raise
        pass
    raise Problem(f"this program was packed without the demo's {name}: add openline_cli/data")


def known_words() -> str:
    """The reference transcript of the recording. Raises Problem."""
    return data(WORDS).read_text("utf-8")


def demo(*, recognizer: str = "whisper", speed: float = 1.0, calm: bool = False) -> int:
    """Run the demo and return the exit status. Raises Problem."""
    screen = find_screen()
    with resources.as_file(data(CLIP)) as clip:
        outcome = trio.run(partial(_demo, clip, recognizer, speed, screen, calm=calm))
    ended = outcome.ended
    if ended is None or outcome.unread is not None:
        return give_up(outcome)
    wordless = _WORDLESS.get(recognizer)
    summary = summarise(outcome, ended, reference=known_words(), wordless=wordless)
    if screen is None:
        write_out(as_lines(summary))
    else:
        print_tables(summary, screen)
    return outcome.status


async def _demo(
    clip: Path, recognizer: str, speed: float, screen: Console | None, *, calm: bool
) -> Outcome:
    source = FileSource(clip, speed=speed)
    failures: list[Problem] = []
    outcome = Outcome()
    async with AsyncExitStack() as stack:
        child = Child(recognizer)
        with _waiting(f"starting a backend with {recognizer}", screen):
            await stack.enter_async_context(child)
        view: View = (
            PlainView(write_out, write_note, partials=True, interval=_GLANCE_SECONDS / speed)
            if screen is None
            else live_view(screen, child.backend, {_SOURCE: source.duration})
        )
        open_one = opening(child.backend, {_SOURCE: source}, credentials=child.token, proxy=False)
        follower = Follower(view)
        async with trio.open_nursery() as nursery:

            async def crash_it(session: Following) -> None:
                began = trio.current_time()
                dials = 0
                try:
                    for at in _CRASHES:
                        await trio.sleep_until(began + at / speed)
                        while not _at_stake(session.statistics, beyond=dials):  # noqa: ASYNC110  # no event
                            await trio.sleep(_LOOK_SECONDS / speed)
                        dials = session.statistics.dials
                        text = "the backend was killed; another starts"
                        await follower.show(Trouble(kind="demo", text=text))
                        await child.kill()
                        await child.start(child.backend.port)
                except Problem as problem:
                    failures.append(problem)  # raised outside of the nursery
                    nursery.cancel_scope.cancel()

            @asynccontextmanager
            async def open_it() -> AsyncGenerator[Following]:
                async with open_one() as session:
                    if not calm:
                        nursery.start_soon(crash_it, session)
                    yield session

            outcome = await follower.run(open_it)
            nursery.cancel_scope.cancel()
    for failure in failures:
        raise failure
    return outcome


def _at_stake(statistics: Statistics, *, beyond: int) -> bool:
    """Whether unconfirmed audio is on the line, and its dial is later than ``beyond``."""
    source = statistics.sources[_SOURCE]
    return statistics.dials > beyond and source.sent - source.confirmed >= _AT_STAKE


def write_note(line: str) -> None:
    """Write a note to stdout, among the words."""
    write_out(f"{line}\n")


def _waiting(text: str, screen: Console | None) -> AbstractContextManager[object]:
    """Show ``text`` while the block takes a moment."""
    if screen is None:
        write_note(f"-- {text}")
        return nullcontext()
    return screen.status(f"{text} …", spinner="dots")
