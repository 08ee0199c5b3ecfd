"""Which source lost audio: a backend reports how many messages it dropped, not of which source.

A backend keeps a queue for each source and drops from one that is full. Its counter is over
all sources, so the messages are charged in the most probable order:

1. to sources whose queue must have been full, in whole messages: more of their audio was sent
   than the backend has processed and its queue can hold;
2. to sources of which any audio may still be queued;
3. what is left, to the source whose metrics reported it, as a gap without a place.

Within 1 and 2 the reporting source comes first. A message that was sent short counts as a whole
one, since ``window.figured`` counts what was dropped so. An example, with a queue of 32,000 samples
(2 s) and messages of 320: 33,600 samples of ``mic`` were sent and none is processed yet, so at
least 1,600 of them, 5 messages, do not fit the queue. A report of 7 messages (2,240 samples)
charges 1,600 to ``mic`` by rule 1, and the other 640 to ``mic`` again by rule 2, if it
reported them.
"""

from __future__ import annotations

from collections.abc import Sequence

from openline.audio.stream import Stream
from openline.audio.window import Limits


def charge(
    reporting: Stream, streams: Sequence[Stream], items: int, before: int, limits: Limits
) -> int:
    """Charge ``items`` dropped messages to ``streams``; returns how many samples were charged.

    ``before`` is the number of samples charged on this dial so far. A backend cannot
    drop more than it was sent, so a larger report is cut to that.
    """
    most = sum(each.box.dial_sent for each in streams) - before
    item = limits.item
    left = charged = min(items * item, most)
    order = [reporting, *(each for each in streams if each is not reporting)]
    for stream, queued in [(each, q) for q in (limits.queue, 0) for each in order]:
        box, window = stream.box, stream.window
        held = box.dial_sent - max(window.drained, window.figured)
        over = box.dial_sent + box.dial_short - window.figured - queued
        # Whole messages: the quotient is rounded up.
        samples = min(left, held, -(-over // item) * item)
        if samples > 0:
            box.drop(window.figured, samples)
            window.note_dropped(samples)
            left -= samples
    box = reporting.box
    if left > 0 < box.dial_sent:
        box.losses.somewhere(*box.span(0, box.dial_sent), min(left, box.dial_sent))
    return charged
