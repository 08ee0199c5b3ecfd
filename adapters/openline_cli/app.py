"""The commands and their options; what they do is in the module of each.

These functions only pass on what was typed, and they import what they need when they
run: ``openline explain`` loads no audio and no backend.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from openline_cli.options import (
    Dialect,
    FormatChoice,
    Json,
    Number,
    Out,
    PlainWs,
    RecognizerChoice,
    TokenFile,
)
from openline_cli.problems import Problem

app = typer.Typer(
    name="openline",
    help="Keeps an open line between live audio and a speech backend, and loses no word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"openline {metadata.version('openline')}")
        raise typer.Exit


def _show_version(wanted: bool) -> None:  # noqa: FBT001 -- typer calls it so
    _version(wanted=wanted)


@app.callback()
def openline(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Say which, and exit."
        ),
    ] = False,
) -> None:
    """Keep an open line between live audio and a speech backend, and lose no word."""


@app.command()
def demo(
    *,
    recognizer: Annotated[
        RecognizerChoice, typer.Option(help="What the backend hears with.")
    ] = RecognizerChoice.WHISPER,
    speed: Annotated[float, typer.Option(help="Seconds of audio in a second.")] = 1.0,
    calm: Annotated[
        bool, typer.Option("--calm", help="Leave the backend alone; else it is killed twice.")
    ] = False,
) -> int:
    """Stream speech to a backend that is killed twice. Count the words.

    The recording lasts half a minute, and its words are known.
    """
    from openline_cli.demo import demo as run_demo

    return run_demo(recognizer=recognizer, speed=_positive("--speed", speed), calm=calm)


@app.command()
def stream(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE [FILE]",
            help="One or two WAV, FLAC, OGG or MP3 files; - is raw 16-bit PCM from stdin.",
        ),
    ],
    *,
    url: Annotated[
        str, typer.Option(metavar="URL", help="The backend.")
    ] = "ws://127.0.0.1:8000/ws/live-listener",
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What the first file is: system or mic; a second is the other."
        ),
    ] = None,
    dialect: Dialect = None,
    speed: Annotated[float, typer.Option(help="Seconds of audio in a second.")] = 1.0,
    rate: Annotated[
        int | None, typer.Option(help="Samples per second of raw PCM; 16000 if not given.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help="Channels of raw PCM; 1 if not given.")
    ] = None,
    token_file: TokenFile = None,
    out: Out = None,
    json: Json = False,
    plain_ws: PlainWs = False,
    spool: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep audio and progress there, for `openline resume`."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append each step to it, for `openline replay`."),
    ] = None,
) -> int:
    """Stream recordings, or raw PCM, to a backend. Show what it hears."""
    from openline_cli.stream import StreamOptions
    from openline_cli.stream import stream as run_stream

    return run_stream(
        StreamOptions(
            files=files,
            url=url,
            source=source,
            speed=_positive("--speed", speed),
            rate=rate,
            channels=channels,
            token_file=token_file,
            out=out,
            json=json,
            plain_ws=plain_ws,
            spool=spool,
            journal=journal,
            dialect=dialect,
        )
    )


@app.command()
def resume(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="What was given to `stream --spool`.")
    ],
    *,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another backend than the session's own.")
    ] = None,
    dialect: Dialect = None,
    token_file: TokenFile = None,
    out: Out = None,
    json: Json = False,
    plain_ws: PlainWs = False,
) -> int:
    """Take up the session that a crash left in a spool, and finish it."""
    from openline_cli.resume import ResumeOptions
    from openline_cli.resume import resume as run_resume

    return run_resume(
        ResumeOptions(
            directory=directory,
            url=url,
            token_file=token_file,
            out=out,
            json=json,
            plain_ws=plain_ws,
            dialect=dialect,
        )
    )


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 picks a free one.")] = 8000,
    token_file: TokenFile = None,
    recognizer: Annotated[
        RecognizerChoice, typer.Option(help="What to hear with.")
    ] = RecognizerChoice.WHISPER,
    model: Annotated[
        str | None, typer.Option(help="The recogniser's model, by name or directory.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep what was heard, as WAV files.")
    ] = None,
    slow: Annotated[float, typer.Option(help="Take audio at 1/X of real time.", metavar="X")] = 1.0,
    max_sessions: Annotated[int, typer.Option(help="Sessions at a time.")] = 8,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="PHRASE", help='Let it fail, as in "cut after ack"; or "help".'),
    ] = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> int:
    """Run the reference backend until Ctrl-C."""
    from openline_cli.credentials import read_token
    from openline_cli.serve import serve as run_serve
    from openline_server import BackendError, ServerConfig

    token = read_token(token_file)
    try:
        config = ServerConfig(
            host=host,
            port=port,
            token=token,
            recognizer=recognizer.value,
            model=model,
            record=record,
            slow=slow,
            max_sessions=max_sessions,
        )
    except BackendError as error:
        raise Problem(str(error)) from None
    return run_serve(config, faults=fault or (), with_parent=with_parent)


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What was given to `stream --journal`.")
    ],
    *,
    dialect: Dialect = None,
    session: Number = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say whether it does, and not what.")
    ] = False,
) -> int:
    """Play a session's journal on the core again.

    Say whether it still does the same.
    """
    from openline_cli.replay import replay as run_replay

    return run_replay(file, dialect=dialect, number=session, quiet=quiet)


@app.command()
def explain(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="SUBJECT",
            help="A close code, an HTTP status, or what was printed of an ending.",
        ),
    ] = None,
    *,
    dialect: Dialect = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> int:
    """Say what the client does about an ending, and why.

    Without a subject, about all.
    """
    from openline_cli.explain import show

    sys.stdout.write(show(subject, json=json, dialect=dialect))
    return 0


@app.command()
def diagram(
    *,
    form: Annotated[
        FormatChoice | None,
        typer.Option("--format", help="The notation; else by the end of --out; else svg."),
    ] = None,
    dialect: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Tell its contract instead, as md; with --journal, what that session spoke. "
            "One of your own as module:NAME.",
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw that session as a sequence, as svg, mermaid or md."
        ),
    ] = None,
    session: Number = None,
    dark: Annotated[bool, typer.Option("--dark", help="For a dark page.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there instead of to stdout.")
    ] = None,
) -> int:
    """Draw the states of a session, or one session from its journal.

    Both come from the machine itself.
    """
    from openline_cli.diagram import diagram as run_diagram

    return run_diagram(
        form=form and form.value,
        dialect=dialect,
        journal=journal,
        number=session,
        dark=dark,
        out=out,
    )


def _positive(option: str, value: float) -> float:
    if not 0 < value < float("inf"):
        raise Problem(f"{option} is {value}: give a number above 0")
    return value
