"""The parameters of ``openline batch``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline_cli import options
from openline_cli.parameters import Command, Parameter, above_0, from_1

BATCH: Final = Command(
    name="batch",
    summary="Transcribe an archive of recordings with many workers.",
    more="The same command goes on after any crash, and does nothing twice.",
    parameters=(
        Parameter(
            name="archive",
            value="DIR|MANIFEST",
            read=Path,
            required=True,
            help="A directory of recordings, or a file of JSON lines, each with a path.",
        ),
        Parameter(
            name="url",
            value="URL",
            many=True,
            default=(),
            help="The backend, or several; the dialect's usual address if not given.",
        ),
        Parameter(
            name="spool",
            flags=("--spool",),
            value="DIR",
            read=Path,
            default=Path("openline-batch"),
            help="Keep here what is done and under way; machines that work together share it.",
        ),
        Parameter(
            name="out",
            flags=("--out",),
            value="DIR",
            read=Path,
            help="Write the transcripts here; into the spool if not given.",
        ),
        Parameter(
            name="form",
            flags=("--format",),
            value="NAME",
            choices=("txt", "srt", "vtt", "jsonl"),
            default="txt",
            help="The format of the transcripts.",
        ),
        Parameter(
            name="engine",
            flags=("--engine",),
            value="NAME",
            choices=("local", "ray"),
            default="local",
            help="Where the workers run: on this machine, or on those of a Ray cluster.",
        ),
        Parameter(
            name="ray_address",
            flags=("--ray-address",),
            value="ADDRESS",
            help="The cluster; else as RAY_ADDRESS has it, or a new one on this machine.",
        ),
        Parameter(
            name="workers",
            flags=("--workers",),
            value="N",
            read=from_1,
            help="Worker processes; one for each core of this machine if not given.",
        ),
        Parameter(
            name="sessions",
            flags=("--sessions",),
            value="N",
            read=from_1,
            default=4,
            help="Recordings at a time in each worker.",
        ),
        Parameter(
            name="dials",
            flags=("--dials",),
            value="N",
            read=from_1,
            default=600,
            help="Dials in any minute, of all workers together.",
        ),
        Parameter(
            name="speed",
            flags=("--speed",),
            value="X",
            read=above_0,
            help="Seconds of audio to send per second; as fast as the backend takes it if not "
            "given.",
        ),
        Parameter(
            name="price",
            flags=("--price",),
            value="X",
            read=above_0,
            help="What an hour of audio costs, for the report.",
        ),
        Parameter(
            name="retry_failed",
            flags=("--retry-failed",),
            default=False,
            help="Do those again that are failed or incomplete.",
        ),
        options.DIALECT,
        options.OPTION,
        options.TOKEN_FILE,
        Parameter(
            name="json",
            flags=("--json",),
            default=False,
            help="Print the results as JSON, one object per recording.",
        ),
        options.PLAIN_WS,
        *options.NETWORK,
        options.POLICY,
        options.CONFIG,
    ),
)
