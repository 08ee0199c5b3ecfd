"""Options that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline.backend import Backend
from openline_cli.parameters import Parameter, above_0, from_1, port, position, whole

#: The recognisers of the reference backend.
RECOGNIZERS: Final = ("whisper", "pocketsphinx", "echo", "none")
#: The wire contracts of the reference backend.
CONTRACTS: Final = (
    "echopanel", "deepgram", "speechmatics", "assemblyai", "openai", "vllm", "soniox", "vosk",
    "whisperlive", "whisperlivekit", "sherpa",
)  # fmt: skip
#: How the machine can be drawn.
FORMATS: Final = ("svg", "dot", "mermaid", "md", "xstate", "scxml", "promela", "tla")
DEFAULT_URL: Final = Backend().url

URL: Final = Parameter(
    name="url",
    flags=("--url",),
    value="URL",
    table="backend",
    help="The backend; the dialect's usual address if not given.",
)
OTHER_URL: Final = Parameter(
    name="url",
    flags=("--url",),
    value="URL",
    table="backend",
    help="Use this backend instead of the session's own.",
)
DIALECT: Final = Parameter(
    name="dialect",
    flags=("--dialect",),
    value="NAME",
    table="backend",
    help="The backend's dialect, of `openline dialects`; give your own as module:NAME.",
)
OPTION: Final = Parameter(
    name="option",
    flags=("--option",),
    value="NAME=VALUE",
    default=(),
    many=True,
    help="Set an option of the dialect, as in language=en; repeatable.",
)
TOKEN_FILE: Final = Parameter(
    name="token_file",
    flags=("--token-file",),
    value="FILE",
    read=Path,
    table="backend",
    help="Read the token from this file, before each dial; else the dialect's own variable, as "
    "DEEPGRAM_API_KEY, or OPENLINE_TOKEN.",
)
SERVED_TOKEN: Final = Parameter(
    name="token_file",
    flags=("--token-file",),
    value="FILE",
    read=Path,
    help="Want the token in this file of each client; else that in OPENLINE_TOKEN, if it is set.",
)
PLAIN_WS: Final = Parameter(
    name="plain_ws",
    flags=("--plain-ws",),
    default=False,
    table="backend",
    help="Allow unencrypted ws:// to another machine.",
)
PROXY: Final = Parameter(
    name="proxy",
    flags=("--proxy",),
    value="URL",
    table="backend",
    help="Dial through this proxy, http://, https:// or socks5h://HOST:PORT, or none; else as "
    "HTTPS_PROXY, ALL_PROXY and NO_PROXY have it.",
)
CLIENT_CERT: Final = Parameter(
    name="client_cert",
    flags=("--client-cert",),
    value="FILE",
    read=Path,
    table="backend",
    help="Show this certificate, PEM, to a backend that wants one.",
)
CLIENT_KEY: Final = Parameter(
    name="client_key",
    flags=("--client-key",),
    value="FILE",
    read=Path,
    table="backend",
    help="Its key, if the file of the certificate does not have it.",
)
CA_FILE: Final = Parameter(
    name="ca_file",
    flags=("--ca-file",),
    value="FILE",
    read=Path,
    table="backend",
    help="Trust the authorities in this file, PEM, as well.",
)
HEADER: Final = Parameter(
    name="header",
    flags=("--header",),
    value="NAME=VALUE",
    default=(),
    many=True,
    help="Add a header to each request; NAME=@FILE and NAME=env:VARIABLE for a secret; repeatable.",
)
BASIC: Final = Parameter(
    name="basic",
    flags=("--basic",),
    value="FILE",
    read=Path,
    table="backend",
    help="Authenticate as the USER:PASSWORD in this file (Basic).",
)
ORIGIN: Final = Parameter(
    name="origin",
    flags=("--origin",),
    value="URL",
    table="backend",
    help="Send this Origin.",
)
SUBPROTOCOL: Final = Parameter(
    name="subprotocol",
    flags=("--subprotocol",),
    value="NAME",
    default=(),
    many=True,
    help="Offer this WebSocket subprotocol; repeatable.",
)
#: What ``openline_cli.network`` reads.
NETWORK: Final = (
    PROXY, CLIENT_CERT, CLIENT_KEY, CA_FILE, HEADER, BASIC, ORIGIN, SUBPROTOCOL,
)  # fmt: skip
SOURCE: Final = Parameter(
    name="source",
    flags=("--source",),
    value="NAME",
    table="sources",
    help="Source of the first file, system or mic; a second file is the other.",
)
SPEED: Final = Parameter(
    name="speed",
    flags=("--speed",),
    value="X",
    read=above_0,
    default=1.0,
    table="sources",
    help="Seconds of audio to send per second.",
)
RATE: Final = Parameter(
    name="rate",
    flags=("--rate",),
    value="N",
    read=whole,
    table="sources",
    help="Sample rate of raw PCM in Hz; 16000 if not given.",
)
CHANNELS: Final = Parameter(
    name="channels",
    flags=("--channels",),
    value="N",
    read=whole,
    table="sources",
    help="Channels of raw PCM; 1 if not given.",
)
STREAM: Final = Parameter(
    name="stream",
    flags=("--stream",),
    value="N",
    read=from_1,
    table="sources",
    help="Read this audio stream of a container, from 1; its default if not given.",
)
FROM: Final = Parameter(
    name="begin",
    flags=("--from",),
    value="TIME",
    read=position,
    default=0.0,
    help="Begin there in the recording, as in 12:30, 1:02:30 or 90s; all times stay those of the "
    "recording.",
)
UNTIL: Final = Parameter(
    name="until",
    flags=("--until",),
    value="TIME",
    read=position,
    help="End there in the recording.",
)
SPLIT: Final = Parameter(
    name="split",
    flags=("--split",),
    default=False,
    table="sources",
    help="Make the two channels of one file two sources, the left one the first.",
)
ALLOW_EMPTY: Final = Parameter(
    name="allow_empty",
    flags=("--allow-empty",),
    default=False,
    table="sources",
    help="Take a recording or a pipe without any audio for complete.",
)
DEVICE_POLICY: Final = Parameter(
    name="device_policy",
    flags=("--device-policy",),
    value="NAME",
    choices=("hold", "follow", "fail"),
    default="hold",
    table="sources",
    help="When a device is away: wait for it, go on with the default one, or lose the source.",
)
SESSION: Final = Parameter(
    name="session",
    flags=("--session",),
    value="N",
    read=whole,
    help="Number of the session, from 1, if the file holds several.",
)
OUT: Final = Parameter(
    name="out",
    flags=("--out",),
    value="FILE",
    read=Path,
    help="Write the transcript to it as it comes: .txt, .srt, .vtt or .jsonl.",
)
JSON_LINES: Final = Parameter(
    name="json", flags=("--json",), default=False, help="Print JSON, one object per line."
)
JSON: Final = Parameter(
    name="json",
    flags=("--json",),
    default=False,
    help="Print updates as JSON, one object per line.",
)
SPOOL: Final = Parameter(
    name="spool",
    flags=("--spool",),
    value="DIR",
    read=Path,
    help="Keep audio and progress in this directory, for `openline resume`.",
)
JOURNAL: Final = Parameter(
    name="journal",
    flags=("--journal",),
    value="FILE",
    read=Path,
    help="Append each step to this file, for `openline replay`.",
)
POLICY: Final = Parameter(
    name="policy",
    flags=("--policy",),
    value="NAME=VALUE",
    default=(),
    many=True,
    help="Set a field of the policy, as in give_up_after=60; repeatable.",
)
CONFIG: Final = Parameter(
    name="config",
    flags=("--config",),
    value="FILE",
    read=Path,
    help="Read TOML settings: [policy], [backend], [sources]. Options override them.",
)

INSPECT: Final = Parameter(
    name="inspect",
    flags=("--inspect",),
    default=False,
    help="Open a page that shows the session as it goes on, for browsers of this machine alone.",
)
INSPECT_PORT: Final = Parameter(
    name="inspect_port",
    flags=("--inspect-port",),
    value="N",
    read=port,
    help="Serve that page on this port; a free one if not given.",
)
NO_OPEN: Final = Parameter(
    name="no_open",
    flags=("--no-open",),
    default=False,
    help="Start no browser for the page: only say where it is.",
)
OTEL: Final = Parameter(
    name="otel",
    flags=("--otel",),
    default=False,
    help="Export metrics and a trace by OpenTelemetry, as its OTEL_ variables say.",
)
#: What a session may be watched by.
WATCHING: Final = (INSPECT, INSPECT_PORT, NO_OPEN, OTEL)

LOG_LEVEL: Final = Parameter(
    name="log_level",
    flags=("--log-level",),
    value="LEVEL",
    choices=("debug", "info", "warning", "error"),
    help="Log records of this level and above; debug includes the transcript.",
)
LOG_JSON: Final = Parameter(
    name="log_json",
    flags=("--log-json",),
    default=False,
    help="Log as JSON, one object per line.",
)
LOG_FILE: Final = Parameter(
    name="log_file",
    flags=("--log-file",),
    value="FILE",
    read=Path,
    help="Append the log to this file instead of stderr.",
)
LOGGING: Final = (LOG_LEVEL, LOG_JSON, LOG_FILE)

#: What every command takes that streams from the beginning.
STREAMING: Final = (
    *(TOKEN_FILE, OUT, JSON, PLAIN_WS, *NETWORK),
    *(SPOOL, JOURNAL, *WATCHING, POLICY, CONFIG, *LOGGING),
)

_SOURCES: Final = (SOURCE, SPEED, RATE, CHANNELS, STREAM, SPLIT, ALLOW_EMPTY, DEVICE_POLICY)
#: The keys of a file for ``--config`` besides the policy, by table and name.
TABLES: Final = {
    "backend": {
        each.name: each for each in (URL, DIALECT, TOKEN_FILE, PLAIN_WS, *NETWORK) if not each.many
    },
    "sources": {each.name: each for each in _SOURCES},
}
