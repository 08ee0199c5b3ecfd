"""What several commands take, each option declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline.backend import Backend
from openline_cli.parameters import Parameter, above_0, whole

#: The recognisers of the reference backend.
RECOGNIZERS: Final = ("whisper", "pocketsphinx", "echo", "none")
#: How the machine can be drawn.
FORMATS: Final = ("svg", "dot", "mermaid", "md", "xstate", "scxml")
DEFAULT_URL: Final = Backend().url

URL: Final = Parameter(
    name="url",
    flags=("--url",),
    value="URL",
    default=DEFAULT_URL,
    table="backend",
    help="The backend.",
)
OTHER_URL: Final = Parameter(
    name="url",
    flags=("--url",),
    value="URL",
    table="backend",
    help="Another backend than the session's own.",
)
DIALECT: Final = Parameter(
    name="dialect",
    flags=("--dialect",),
    value="NAME",
    table="backend",
    help="What the backend speaks; one of your own as module:NAME.",
)
TOKEN_FILE: Final = Parameter(
    name="token_file",
    flags=("--token-file",),
    value="FILE",
    read=Path,
    table="backend",
    help="A file that holds the token; without one, OPENLINE_TOKEN from the environment.",
)
PLAIN_WS: Final = Parameter(
    name="plain_ws",
    flags=("--plain-ws",),
    default=False,
    table="backend",
    help="Allow ws:// to another machine, in the clear.",
)
SOURCE: Final = Parameter(
    name="source",
    flags=("--source",),
    value="NAME",
    table="sources",
    help="What the first file is: system or mic; a second is the other.",
)
SPEED: Final = Parameter(
    name="speed",
    flags=("--speed",),
    value="X",
    read=above_0,
    default=1.0,
    table="sources",
    help="Seconds of audio in a second.",
)
RATE: Final = Parameter(
    name="rate",
    flags=("--rate",),
    value="N",
    read=whole,
    table="sources",
    help="Samples per second of raw PCM; 16000 if not given.",
)
CHANNELS: Final = Parameter(
    name="channels",
    flags=("--channels",),
    value="N",
    read=whole,
    table="sources",
    help="Channels of raw PCM; 1 if not given.",
)
SESSION: Final = Parameter(
    name="session",
    flags=("--session",),
    value="N",
    read=whole,
    help="Which, if the file holds several, from 1 on.",
)
OUT: Final = Parameter(
    name="out",
    flags=("--out",),
    value="FILE",
    read=Path,
    help="Write the transcript: .txt, .srt, .vtt or .jsonl.",
)
JSON: Final = Parameter(
    name="json",
    flags=("--json",),
    default=False,
    help="Print updates, a JSON object a line.",
)
POLICY: Final = Parameter(
    name="policy",
    flags=("--policy",),
    value="NAME=VALUE",
    default=(),
    many=True,
    help="A field of the policy, as in give_up_after=60; may be given again.",
)
CONFIG: Final = Parameter(
    name="config",
    flags=("--config",),
    value="FILE",
    read=Path,
    help="Settings as TOML: [policy], [backend], [sources]. An option wins over it.",
)

LOG_LEVEL: Final = Parameter(
    name="log_level",
    flags=("--log-level",),
    value="LEVEL",
    choices=("debug", "info", "warning", "error"),
    help="Log the session from this level on; debug includes the transcript.",
)
LOG_JSON: Final = Parameter(
    name="log_json",
    flags=("--log-json",),
    default=False,
    help="Log JSON objects, one a line.",
)
LOG_FILE: Final = Parameter(
    name="log_file",
    flags=("--log-file",),
    value="FILE",
    read=Path,
    help="Append the log to it instead of stderr.",
)
LOGGING: Final = (LOG_LEVEL, LOG_JSON, LOG_FILE)

#: What a file for ``--config`` may hold besides the policy, by table and name.
TABLES: Final = {
    "backend": {each.name: each for each in (URL, DIALECT, TOKEN_FILE, PLAIN_WS)},
    "sources": {each.name: each for each in (SOURCE, SPEED, RATE, CHANNELS)},
}
