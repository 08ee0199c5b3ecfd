"""The parameters of ``openline doctor``."""

from __future__ import annotations

from typing import Final

from openline_cli import options
from openline_cli.parameters import Command, Parameter, duration

DOCTOR: Final = Command(
    name="doctor",
    summary="Find what is wrong between this machine and a backend.",
    more="It opens a session, sends no audio, and says of each step what is wrong and what to do.",
    parameters=(
        Parameter(
            name="url",
            value="URL",
            help="The backend; the dialect's usual address if not given.",
        ),
        options.DIALECT,
        options.OPTION,
        options.TOKEN_FILE,
        options.PLAIN_WS,
        *options.NETWORK,
        Parameter(
            name="timeout",
            flags=("--timeout",),
            value="SECONDS",
            read=duration,
            default=10.0,
            help="The longest that a step may take; a full backend may say so after 5 s.",
        ),
        options.JSON_LINES,
    ),
)
