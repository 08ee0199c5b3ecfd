"""The table of all commands and their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline_cli import options
from openline_cli.batch_command import BATCH
from openline_cli.doctor_command import DOCTOR
from openline_cli.load_command import LOAD
from openline_cli.parameters import Command, Parameter, above_0
from openline_cli.serve_command import SERVE

SUMMARY: Final = "Keep an open line between live audio and a speech backend, and lose no word."
#: The shells that ``completion`` supports.
SHELLS: Final = ("bash", "zsh", "fish")
_LISTED: Final = (
    Command(
        name="demo",
        summary="Stream speech to a backend that is killed twice.",
        more="It prints the word error rate. The recording lasts half a minute.",
        parameters=(
            Parameter(
                name="recognizer",
                flags=("--recognizer",),
                value="NAME",
                choices=options.RECOGNIZERS,
                default="whisper",
                help="The recogniser.",
            ),
            Parameter(
                name="speed",
                flags=("--speed",),
                value="X",
                read=above_0,
                default=1.0,
                help="Seconds of audio to send per second.",
            ),
            Parameter(
                name="calm",
                flags=("--calm",),
                default=False,
                help="Do not kill the backend.",
            ),
            *options.LOGGING,
        ),
    ),
    Command(
        name="stream",
        summary="Stream recordings, devices, or what is piped in, to a backend.",
        more="It prints the transcript.",
        parameters=(
            Parameter(
                name="files",
                value="FILE [FILE]",
                required=True,
                many=True,
                help="One or two recordings, or FILE:left or FILE:right for one channel; mic: or "
                "mic:NAME for a microphone, system: or system:NAME for what an output plays; - "
                "reads a recording, or raw 16-bit PCM, from stdin.",
            ),
            options.URL,
            options.SOURCE,
            options.DIALECT,
            options.OPTION,
            options.SPEED,
            options.RATE,
            options.CHANNELS,
            options.STREAM,
            options.FROM,
            options.UNTIL,
            options.SPLIT,
            options.ALLOW_EMPTY,
            options.DEVICE_POLICY,
            *options.STREAMING,
        ),
    ),
    Command(
        name="mic",
        summary="Stream a microphone to a backend, until Ctrl-C.",
        more="It is `openline stream mic:NAME`.",
        parameters=(
            Parameter(
                name="device",
                value="NAME",
                default="",
                help="The microphone, by its name or a part of it, of `openline devices`; the "
                "default one if not given.",
            ),
            options.URL,
            options.DIALECT,
            options.OPTION,
            options.DEVICE_POLICY,
            *options.STREAMING,
        ),
    ),
    Command(
        name="devices",
        summary="List the microphones, and the outputs whose audio can be captured.",
        parameters=(options.JSON_LINES,),
    ),
    Command(
        name="resume",
        summary="Resume and finish the sessions that a crash left in a spool.",
        parameters=(
            Parameter(
                name="directory",
                value="DIR",
                read=Path,
                required=True,
                help="The directory given to `stream --spool`.",
            ),
            options.OTHER_URL,
            options.DIALECT,
            options.OPTION,
            options.TOKEN_FILE,
            options.OUT,
            options.JSON,
            options.PLAIN_WS,
            *options.NETWORK,
            *options.WATCHING,
            options.POLICY,
            options.CONFIG,
            *options.LOGGING,
        ),
    ),
    SERVE,
    Command(
        name="wyoming",
        summary="Serve Home Assistant with a backend's words, until Ctrl-C.",
        more="It speaks Wyoming, and opens a session for each utterance of a client.",
        parameters=(
            Parameter(
                name="url",
                value="URL",
                help="The backend; the dialect's usual address if not given.",
            ),
            Parameter(
                name="uri",
                flags=("--uri",),
                value="URI",
                default="tcp://127.0.0.1:10300",
                help="Listen there; tcp://0.0.0.0:10300 for clients on other machines, port 0 for "
                "a free one.",
            ),
            options.DIALECT,
            options.OPTION,
            Parameter(
                name="language",
                flags=("--language",),
                value="TAG",
                default=(),
                many=True,
                help="Offer this language, the first if a client asks for none; repeatable.",
            ),
            Parameter(
                name="patience",
                flags=("--patience",),
                value="SECONDS",
                read=above_0,
                default=30.0,
                help="A client gets its transcript within this of the end of its audio, or an "
                "error.",
            ),
            Parameter(
                name="zeroconf",
                flags=("--zeroconf",),
                value="NAME",
                help="Announce it by this name on the local network, where Home Assistant finds "
                "it.",
            ),
            options.TOKEN_FILE,
            options.PLAIN_WS,
            *options.NETWORK,
            options.POLICY,
            options.CONFIG,
            *options.LOGGING,
        ),
    ),
    BATCH,
    LOAD,
    DOCTOR,
    Command(
        name="replay",
        summary="Replay a session's journal on the core.",
        more="It checks that the core still does the same.",
        parameters=(
            Parameter(
                name="file",
                value="FILE",
                read=Path,
                required=True,
                help="The file given to `stream --journal`.",
            ),
            options.DIALECT,
            options.SESSION,
            Parameter(
                name="quiet",
                flags=("--quiet", "-q"),
                default=False,
                help="Print only the result, not the steps.",
            ),
        ),
    ),
    Command(
        name="inspect",
        summary="Show recorded sessions on a page: what happened, when, and why.",
        more="The page is one file, and needs nothing else.",
        parameters=(
            Parameter(
                name="files",
                value="FILE...",
                read=Path,
                required=True,
                many=True,
                help="The file given to `stream --journal`; others to put beside it.",
            ),
            options.DIALECT,
            options.SESSION,
            Parameter(
                name="out",
                flags=("--out",),
                value="FILE",
                read=Path,
                help="Write the page to this file; otherwise to a temporary one; - for stdout.",
            ),
            options.NO_OPEN,
            Parameter(
                name="no_text",
                flags=("--no-text",),
                default=False,
                help="Leave the words out of the page, and show how many there are.",
            ),
        ),
    ),
    Command(
        name="explain",
        summary="Explain an ending of the line, or a session from its journal.",
        more="Without a subject it prints the table of all endings.",
        parameters=(
            Parameter(
                name="subject",
                value="SUBJECT",
                help="A close code, an HTTP status, a line printed about an ending, or the file "
                "of a journal.",
            ),
            options.DIALECT,
            options.SESSION,
            options.JSON_LINES,
        ),
    ),
    Command(
        name="diagram",
        summary="Draw the states of a session, or one session from its journal.",
        more="The drawing is made from the code of the machine.",
        parameters=(
            Parameter(
                name="form",
                flags=("--format",),
                value="NAME",
                choices=options.FORMATS,
                help="The notation; otherwise by the suffix of --out, or svg.",
            ),
            Parameter(
                name="dialect",
                flags=("--dialect",),
                value="NAME",
                help="Print this dialect's contract instead, as md; with --journal, the "
                "session's dialect. Give your own as module:NAME.",
            ),
            Parameter(
                name="journal",
                flags=("--journal",),
                value="FILE",
                read=Path,
                help="Draw the session of this journal as a sequence, as svg, mermaid or md.",
            ),
            options.SESSION,
            Parameter(
                name="dark", flags=("--dark",), default=False, help="Use colours for a dark page."
            ),
            Parameter(
                name="out",
                flags=("--out",),
                value="FILE",
                read=Path,
                help="Write to this file instead of stdout.",
            ),
        ),
    ),
    Command(
        name="dialects",
        summary="List the dialects of backends, with what each proves.",
        more="With a name it lists the options of that dialect.",
        parameters=(
            Parameter(name="name", value="NAME", help="The dialect, or module:NAME."),
            options.JSON_LINES,
        ),
    ),
    Command(
        name="completion",
        summary="Print a shell's completion script for this command.",
        parameters=(
            Parameter(
                name="shell", value="SHELL", choices=SHELLS, required=True, help="The shell."
            ),
        ),
    ),
)
COMMANDS: Final = {command.name: command for command in _LISTED}
