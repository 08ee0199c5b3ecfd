"""The parameters of ``openline load``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline_cli import options
from openline_cli.parameters import Command, Parameter, above_0, delay, duration, from_1, whole

#: A load keeps a record of each caller. More of them than this need several machines in any case.
_MOST_SESSIONS: Final = 1_000_000
_FASTEST: Final = 1000
#: Seconds: what no capture goes below.
_SHORTEST_FRAME: Final = 0.001


def _sessions(text: str) -> int:
    value = from_1(text)
    if value > _MOST_SESSIONS:
        raise ValueError(f"give {_MOST_SESSIONS} at most")
    return value


def _speed(text: str) -> float:
    value = above_0(text)
    if value > _FASTEST:
        raise ValueError(f"give {_FASTEST} at most")
    return value


def _frame(text: str) -> float:
    value = duration(text)
    if value < _SHORTEST_FRAME:
        raise ValueError("give 1ms or more")
    return value


LOAD: Final = Command(
    name="load",
    summary="Measure a backend with synthetic callers.",
    more="It prints how late, how complete and how reliable the backend was, and how late itself.",
    parameters=(
        Parameter(
            name="url",
            value="URL",
            help="The backend; the dialect's usual address if not given.",
        ),
        Parameter(
            name="sessions",
            flags=("--sessions",),
            value="N",
            read=_sessions,
            help="Callers at a time, 10 if not given; with --rate, in all; with --find-capacity, "
            "at most, 1000 if not given.",
        ),
        Parameter(
            name="ramp",
            flags=("--ramp",),
            value="TIME",
            read=delay,
            help="Let the callers begin evenly over this time, as in 60s; 10s if not given, 0s for "
            "all at once.",
        ),
        Parameter(
            name="hold",
            flags=("--hold",),
            value="TIME",
            read=duration,
            help="Let all of them talk for so long behind the ramp, and repeat the audio; else for "
            "the length of the longest recording.",
        ),
        Parameter(
            name="arrivals",  # [sources] of a file for --config has a rate, that of raw PCM
            flags=("--rate",),
            value="N",
            read=above_0,
            help="Instead of a ramp: so many callers begin a second, and each talks for --hold.",
        ),
        Parameter(
            name="audio",
            flags=("--audio",),
            value="FILE",
            read=Path,
            default=(),
            many=True,
            help="What callers say, the files in turns; repeatable. Else half a minute of a "
            "meeting.",
        ),
        Parameter(
            name="frame",
            flags=("--frame",),
            value="TIME",
            read=_frame,
            default=0.02,
            help="Capture so much audio at a time; 100ms costs the generator less than 20ms.",
        ),
        Parameter(
            name="speed",
            flags=("--speed",),
            value="X",
            read=_speed,
            default=1.0,
            help="Seconds of audio that a caller says in a second.",
        ),
        Parameter(
            name="fault",
            flags=("--fault",),
            value="PHRASE",
            default=(),
            many=True,
            help='What callers suffer, as in "cut 5%"; "help" lists them; repeatable.',
        ),
        Parameter(
            name="seed",
            flags=("--seed",),
            value="N",
            read=whole,
            help="Draw from this seed whom a fault strikes, and when; 1 if not given.",
        ),
        Parameter(
            name="find_capacity",
            flags=("--find-capacity",),
            default=False,
            help="Search for the most callers that the backend carries, in trials of --ramp and "
            "--hold.",
        ),
        Parameter(
            name="late",
            flags=("--late",),
            value="TIME",
            read=duration,
            help="With --find-capacity: a trial goes well if 95 in 100 finals come within this, no "
            "audio is lost and no caller refused; 2s if not given.",
        ),
        Parameter(
            name="json",
            flags=("--json",),
            value="FILE",
            read=Path,
            help="Write all figures to this file, those of each caller too; - for stdout, and what "
            "is printed then goes to stderr.",
        ),
        Parameter(
            name="plot",
            flags=("--plot",),
            value="FILE",
            read=Path,
            help="Draw the load to this file, as SVG; - for stdout, as with --json.",
        ),
        options.DIALECT,
        options.OPTION,
        options.TOKEN_FILE,
        options.PLAIN_WS,
        *options.NETWORK,
        options.POLICY,
        options.CONFIG,
        *options.LOGGING,
    ),
)
