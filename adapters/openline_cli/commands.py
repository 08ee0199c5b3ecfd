"""Every command, and what it takes: the one table from which all else is made."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline_cli import options
from openline_cli.parameters import Command, Parameter, above_0, number, whole

SUMMARY: Final = "Keep an open line between live audio and a speech backend, and lose no word."
#: The shells that ``completion`` knows.
SHELLS: Final = ("bash", "zsh", "fish")
_LISTED: Final = (
    Command(
        name="demo",
        summary="Stream speech to a backend that is killed twice.",
        more="It counts the words. The recording lasts half a minute, and its words are known.",
        parameters=(
            Parameter(
                name="recognizer",
                flags=("--recognizer",),
                value="NAME",
                choices=options.RECOGNIZERS,
                default="whisper",
                help="What the backend hears with.",
            ),
            Parameter(
                name="speed",
                flags=("--speed",),
                value="X",
                read=above_0,
                default=1.0,
                help="Seconds of audio in a second.",
            ),
            Parameter(
                name="calm",
                flags=("--calm",),
                default=False,
                help="Leave the backend alone; else it is killed twice.",
            ),
            *options.LOGGING,
        ),
    ),
    Command(
        name="stream",
        summary="Stream recordings, or raw PCM, to a backend.",
        more="It shows what the backend hears.",
        parameters=(
            Parameter(
                name="files",
                value="FILE [FILE]",
                required=True,
                many=True,
                help="One or two WAV, FLAC, OGG or MP3 files; - is raw 16-bit PCM from stdin.",
            ),
            options.URL,
            options.SOURCE,
            options.DIALECT,
            options.SPEED,
            options.RATE,
            options.CHANNELS,
            options.TOKEN_FILE,
            options.OUT,
            options.JSON,
            options.PLAIN_WS,
            Parameter(
                name="spool",
                flags=("--spool",),
                value="DIR",
                read=Path,
                help="Keep audio and progress there, for `openline resume`.",
            ),
            Parameter(
                name="journal",
                flags=("--journal",),
                value="FILE",
                read=Path,
                help="Append each step to it, for `openline replay`.",
            ),
            options.POLICY,
            options.CONFIG,
            *options.LOGGING,
        ),
    ),
    Command(
        name="resume",
        summary="Take up the session that a crash left in a spool, and finish it.",
        parameters=(
            Parameter(
                name="directory",
                value="DIR",
                read=Path,
                required=True,
                help="What was given to `stream --spool`.",
            ),
            options.OTHER_URL,
            options.DIALECT,
            options.TOKEN_FILE,
            options.OUT,
            options.JSON,
            options.PLAIN_WS,
            options.POLICY,
            options.CONFIG,
            *options.LOGGING,
        ),
    ),
    Command(
        name="serve",
        summary="Run the reference backend until Ctrl-C.",
        parameters=(
            Parameter(
                name="host",
                flags=("--host",),
                value="HOST",
                default="127.0.0.1",
                help="The address to listen on.",
            ),
            Parameter(
                name="port",
                flags=("--port",),
                value="N",
                read=whole,
                default=8000,
                help="The port; 0 picks a free one.",
            ),
            options.TOKEN_FILE,
            Parameter(
                name="recognizer",
                flags=("--recognizer",),
                value="NAME",
                choices=options.RECOGNIZERS,
                default="whisper",
                help="What to hear with.",
            ),
            Parameter(
                name="model",
                flags=("--model",),
                value="MODEL",
                help="The recogniser's model, by name or directory.",
            ),
            Parameter(
                name="record",
                flags=("--record",),
                value="DIR",
                read=Path,
                help="Keep what was heard, as WAV files.",
            ),
            Parameter(
                name="slow",
                flags=("--slow",),
                value="X",
                read=number,
                default=1.0,
                help="Take audio at 1/X of real time.",
            ),
            Parameter(
                name="max_sessions",
                flags=("--max-sessions",),
                value="N",
                read=whole,
                default=8,
                help="Sessions at a time.",
            ),
            Parameter(
                name="fault",
                flags=("--fault",),
                value="PHRASE",
                default=(),
                many=True,
                help='Let it fail, as in "cut after ack"; or "help". May be given again.',
            ),
            Parameter(
                name="with_parent",
                flags=("--with-parent",),
                default=False,
                hidden=True,
                help="End when standard input does.",
            ),
        ),
    ),
    Command(
        name="replay",
        summary="Play a session's journal on the core again.",
        more="It compares: does the core still do the same?",
        parameters=(
            Parameter(
                name="file",
                value="FILE",
                read=Path,
                required=True,
                help="What was given to `stream --journal`.",
            ),
            options.DIALECT,
            options.SESSION,
            Parameter(
                name="quiet",
                flags=("--quiet", "-q"),
                default=False,
                help="Print the result alone, not the steps.",
            ),
        ),
    ),
    Command(
        name="explain",
        summary="Print what the client does about an ending, and why.",
        more="Without a subject it prints the whole table.",
        parameters=(
            Parameter(
                name="subject",
                value="SUBJECT",
                help="A close code, an HTTP status, or what was printed of an ending.",
            ),
            options.DIALECT,
            Parameter(
                name="json",
                flags=("--json",),
                default=False,
                help="Print a JSON object a line.",
            ),
        ),
    ),
    Command(
        name="diagram",
        summary="Draw the states of a session, or one session from its journal.",
        more="Both come from the machine itself.",
        parameters=(
            Parameter(
                name="form",
                flags=("--format",),
                value="NAME",
                choices=options.FORMATS,
                help="The notation; else by the end of --out; else svg.",
            ),
            Parameter(
                name="dialect",
                flags=("--dialect",),
                value="NAME",
                help="Print its contract instead, as md; with --journal, what that session "
                "spoke. One of your own as module:NAME.",
            ),
            Parameter(
                name="journal",
                flags=("--journal",),
                value="FILE",
                read=Path,
                help="Draw that session as a sequence, as svg, mermaid or md.",
            ),
            options.SESSION,
            Parameter(name="dark", flags=("--dark",), default=False, help="For a dark page."),
            Parameter(
                name="out",
                flags=("--out",),
                value="FILE",
                read=Path,
                help="Write there instead of to stdout.",
            ),
        ),
    ),
    Command(
        name="completion",
        summary="Print a script with which a shell completes this command.",
        parameters=(
            Parameter(
                name="shell", value="SHELL", choices=SHELLS, required=True, help="Which shell."
            ),
        ),
    ),
)
COMMANDS: Final = {command.name: command for command in _LISTED}
