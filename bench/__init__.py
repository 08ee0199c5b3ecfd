"""What the README's figures come from. ``python -m bench`` measures them all."""

#: Each is a module of this package.
BENCHMARKS = ("core", "sending", "outage")
