"""A thousand sessions in one process, each with messages of 100 ms."""

from __future__ import annotations

from bench.rungs.many import rung

RUNG = rung(
    "1,000 sessions on one core, 100 ms messages: CPU of one for each second of audio",
    sessions=1_000,
    seconds=2.0,
    message=0.1,
    rounds=3,
)
