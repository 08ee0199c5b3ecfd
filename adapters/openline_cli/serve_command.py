"""The parameters of ``openline serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline_cli import options
from openline_cli.parameters import Command, Parameter, duration, number, whole

SERVE: Final = Command(
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
        options.SERVED_TOKEN,
        Parameter(
            name="dialect",
            flags=("--dialect",),
            value="NAME",
            choices=options.CONTRACTS,
            default="echopanel",
            help="The wire contract to serve.",
        ),
        Parameter(
            name="recognizer",
            flags=("--recognizer",),
            value="NAME",
            choices=options.RECOGNIZERS,
            default="whisper",
            help="The recogniser.",
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
            help="Keep the received audio in this directory, as WAV files.",
        ),
        Parameter(
            name="slow",
            flags=("--slow",),
            value="X",
            read=number,
            default=1.0,
            help="Process audio at 1/X of real time.",
        ),
        Parameter(
            name="max_sessions",
            flags=("--max-sessions",),
            value="N",
            read=whole,
            default=8,
            help="Most sessions at a time.",
        ),
        Parameter(
            name="fault",
            flags=("--fault",),
            value="PHRASE",
            default=(),
            many=True,
            help='Inject a fault, as in "cut after ack"; "help" lists them; repeatable.',
        ),
        Parameter(
            name="figures",
            flags=("--figures",),
            value="TIME",
            read=duration,
            help="Print its own figures each so often, as in 10s: what it heard, how busy it "
            "is, how many sessions it carries.",
        ),
        Parameter(
            name="with_parent",
            flags=("--with-parent",),
            default=False,
            hidden=True,
            help="End when standard input ends.",
        ),
    ),
)
