"""The benchmarks behind the README's figures: ``python -m bench``.

The ladder has a rung for each size of work, from one event to a thousand sessions. ``bench.herd``
simulates a herd, ``bench.transports`` compares ways to build a face, and ``bench.telemetry``
measures what telemetry costs.
"""

#: The rungs, from below. Each is a module of ``bench.rungs``.
RUNGS = (
    *("event", "machine", "memory", "frame", "session", "tls"),
    *("hundred", "thousand", "outage", "batch"),
)
