"""What a line needs beside audio, as data of one dial: when it was used, flushed, and by how much.

``openline.machine.tending`` acts on it.
"""

from __future__ import annotations

from openline.audio.counts import Counts
from openline.audio.formed import is_formed
from openline.dialects.traits import Traits
from openline.machine.timers import OFF


class Upkeep:
    """The upkeep of the live dial. ``counts`` are the marks for proofs that count messages.

    ``notes_audio``: each audio message is to be noted. ``is_needed``: a line is to be looked after
    while there is nothing to send. Without them, a session pays nothing for all this.
    """

    __slots__ = (
        *("counts", "flush_at", "flushes", "is_needed", "notes_audio"),
        *("sent_at", "sent_bytes"),
    )

    def __init__(self, traits: Traits) -> None:
        is_kept = (traits.keepalive, traits.flush_every, traits.flush_idle) != (None, None, None)
        self.notes_audio = is_kept or traits.counts is not None
        self.is_needed = is_kept or is_formed(traits.form)
        self.counts = Counts()
        self.begin_dial(0.0)

    def begin_dial(self, now: float) -> None:
        """A dial goes out."""
        self.counts.clear()
        self.sent_at = now  # when the last message went, or the dial
        self.sent_bytes = self.flushes = 0
        self.flush_at = OFF  # when the audio sent since the last flush is due for another
