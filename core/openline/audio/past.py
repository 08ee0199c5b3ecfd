"""What an earlier process left of a source, for a session that resumes it.

A store reads it from its files. All positions are samples of session time.
"""

from __future__ import annotations

import msgspec

from openline.updates import Gap, Transcript


class PastSource(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a source as an earlier process left it; positions are session samples.

    ``on_disk`` are the runs of audio that can be fetched, ``gaps`` the reported losses, ``told``
    the runs that are in a final and were not confirmed otherwise, and ``held`` the finals that
    were not final yet. ``assumed`` are the runs that were assumed to be processed, as far as the
    mark has passed them; ``unmeasured``: no peaks show that some were quiet.
    """

    source: str
    origin: int
    confirmed: int
    on_disk: tuple[tuple[int, int], ...] = ()
    gaps: tuple[Gap, ...] = ()
    told: tuple[tuple[int, int], ...] = ()
    held: tuple[Transcript, ...] = ()
    assumed: tuple[tuple[int, int], ...] = ()
    unmeasured: bool = False
