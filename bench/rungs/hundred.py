"""A hundred sessions in one process, each with 20 ms frames: CPU for each second of audio."""

from __future__ import annotations

from bench.rungs.many import rung

RUNG = rung(
    "100 sessions on one core, 20 ms frames: CPU of one for each second of audio",
    sessions=100,
    seconds=1.5,
    message=0.02,
    rounds=3,
)
