"""Records a journal: the input and output of a session's machine, to replay later.

The machine is pure, so its input determines its output: the options, the random numbers that
it draws, every ``receive(event, now)`` and every ``next_message(now)``. A ``Recorder`` is an
observer that writes these down, one JSON object a line; ``reader.read`` reads them, and
``replay.replay`` replays them. So a fault can be reproduced on any computer, and a kept journal
is a test.

    machine = SessionMachine(backend, observers=[Recorder(file.write)], ...)

A journal holds the messages of the backend word for word, and so the transcript: it is as
private as the speech. It holds no credential, for none ever reaches the core, and audio only
with ``keep_audio`` (see ``codec``). A session of one source writes about 11 KB a second
during speech and next to nothing in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from openline.commands import Command, Outgoing
from openline.dialects.options import recorded
from openline.events import Event
from openline.journal.codec import (
    Plain,
    command_to_plain,
    event_to_plain,
    mask_query,
    outgoing_to_plain,
    to_line,
    without_usual,
)
from openline.journal.reader import VERSION, Opening, error_text, speaks_text
from openline.observer import Observer
from openline.snapshot import MachineOptions, Snapshot


class Recorder(Observer):
    """Keeps the journal of one session: give a new one to each ``SessionMachine``.

    ``write`` is called with one whole line at a time, newline included, at the end of the call
    that the line records; it must not raise. ``keep_audio`` writes the audio itself.
    """

    __slots__ = ("_commands", "_drawn", "_keep_audio", "_text_is_audio", "_write")

    def __init__(self, write: Callable[[bytes], object], *, keep_audio: bool = False) -> None:
        self._write = write
        self._keep_audio = keep_audio
        self._text_is_audio = False
        self._drawn: list[float] = []
        self._commands: list[Plain] = []

    def on_begin(
        self,
        options: MachineOptions,
        look: Callable[[], Snapshot],  # noqa: ARG002  # as the hook has it
    ) -> None:
        """Write the first line: the version and the options."""
        self._text_is_audio = speaks_text(options.dialect)
        given = {name: getattr(options, name) for name in options.__struct_fields__}
        given["dialect"] = options.dialect.name
        plain: Plain = msgspec.to_builtins(
            Opening(
                journal=VERSION,
                keeps_audio=self._keep_audio,
                dialect_options=recorded(options.dialect),
                **given,
            )
        )
        if not plain["dialect_options"]:
            del plain["dialect_options"]
        for each in (
            *plain["past_transcript"],
            *(x for past in plain["past"] for x in past["held"]),
        ):
            without_usual(each)
        del plain["backend"]["headers"]  # they may hold secrets
        if not plain["backend"]["subprotocols"]:
            del plain["backend"]["subprotocols"]
        plain["backend"]["query"] = mask_query(options.backend.query)
        self._write(to_line(plain))

    def on_draw(self, value: float) -> None:
        """Keep it for the line of the call that drew it."""
        self._drawn.append(value)

    def on_command(self, command: Command, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """Keep it for the line of the event that led to it."""
        self._commands.append(command_to_plain(command, keep_audio=self._keep_audio))

    def on_done(self, event: Event, now: float) -> None:
        """Write the line of an event."""
        plain = event_to_plain(event, keep_audio=self._keep_audio)
        if self._commands:
            self._note(now, event=plain, commands=self._commands)
        else:
            self._note(now, event=plain)

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """Write the line of a pull."""
        pulled = outgoing_to_plain(
            outgoing, keep_audio=self._keep_audio, text_is_audio=self._text_is_audio
        )
        self._note(now, pulled=pulled)

    def on_error(self, error: Exception, event: Event | None, now: float) -> None:
        """Write the line of a call that raised."""
        if event is None:
            self._note(now, pulled=None, raised=error_text(error))
        else:
            plain = event_to_plain(event, keep_audio=self._keep_audio)
            self._note(now, event=plain, raised=error_text(error))

    def _note(self, now: float, *, raised: str = "", **parts: Any) -> None:
        plain: Plain = {"now": now, **parts}
        if self._drawn:
            plain["random"] = self._drawn
        if raised:
            plain["raised"] = raised
        self._write(to_line(plain))
        self._drawn, self._commands = [], []
