"""What several commands take, each option declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class RecognizerChoice(StrEnum):
    """The recognisers of the reference backend."""

    WHISPER = "whisper"
    POCKETSPHINX = "pocketsphinx"
    ECHO = "echo"
    NONE = "none"


class FormatChoice(StrEnum):
    """How the machine can be drawn."""

    SVG = "svg"
    DOT = "dot"
    MERMAID = "mermaid"
    MD = "md"
    XSTATE = "xstate"
    SCXML = "scxml"


_TOKEN_FILE = "A file that holds the token; without one, OPENLINE_TOKEN from the environment."  # noqa: S105 -- help
Dialect = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="What the backend speaks; one of your own as module:NAME."),
]
TokenFile = Annotated[Path | None, typer.Option("--token-file", metavar="FILE", help=_TOKEN_FILE)]


Number = Annotated[
    int | None,
    typer.Option("--session", metavar="N", help="Which, if the file holds several, from 1 on."),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the transcript: .txt, .srt, .vtt or .jsonl."),
]
Json = Annotated[bool, typer.Option("--json", help="Print updates, a JSON object a line.")]
PlainWs = Annotated[
    bool, typer.Option("--plain-ws", help="Allow ws:// to another machine, in the clear.")
]
