"""What Python's cyclic collector has to look at in a process with thousands of sessions.

A full collection looks at every container of the process, and nothing else runs meanwhile. Some
48,000 of them are modules, classes and functions that were imported and live as long as the
process: they take 13 ms (measured on one core of a server), nearly as long as a frame lasts. So a
process whose one work is a fleet has the collector pass over these, once it has started.

That is a setting of the whole process (``gc.freeze``), so no shard makes it: the worker processes
of the engines do, and an app calls ``spare_imports`` if the process is its own. What is made later
(each session, and what it leaves) is collected as ever.
"""

from __future__ import annotations

import gc


def spare_imports() -> None:
    """Have the collector pass over all that this process holds now. Call it before sessions start.

    It first collects the garbage that there is. Later it collects no cycle of the objects that are
    left, even if nothing refers to them any more, unless the app calls ``gc.unfreeze``.
    """
    gc.collect()
    gc.freeze()
