"""The benchmarks behind the README's figures. ``python -m bench`` runs them all."""

#: Each is a module of this package.
BENCHMARKS = ("core", "sending", "faces", "outage")
