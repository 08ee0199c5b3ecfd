"""A herd: 100,000 clients of one backend that dies and comes back, in virtual time.

Each client of openline is a real ``SessionMachine``: no driver, no face, no socket. The peers are
the formulas that other clients retry by. All meet the same backend, so the dials that it sees and
the time until the clients stream again can be compared.

    python -m bench.herd --write              # every scenario and policy: figures, picture, page
    python -m bench.herd --clients 1000       # small herds, printed only

It stands in ``bench/`` because it measures, and because its figures are committed and drawn as
those of the ladder are. But it measures no speed: the same seed gives the same figures on every
machine.
"""
