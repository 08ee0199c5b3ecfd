"""The machine as a model that independent programs check: Promela for spin, and TLA+.

    whole = thinned(checked(TABLE))
    promela(whole)      # for spin; ``spin.check`` runs it
    tla(whole)

``abstraction`` declares what guards and actions mean to the model, ``model`` makes the steps from
the table, and ``trace`` holds both to the machine. ``counterexample`` tells a path that was found.
"""

from __future__ import annotations

from openline_diagrams.checked.model import GOALS, AbstractionError, Model, checked
from openline_diagrams.checked.promela import promela
from openline_diagrams.checked.thinning import thinned
from openline_diagrams.checked.tla import tla
from openline_diagrams.checked.trace import Trace

__all__ = ["GOALS", "AbstractionError", "Model", "Trace", "checked", "promela", "thinned", "tla"]
