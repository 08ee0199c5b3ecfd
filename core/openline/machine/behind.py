"""A live source that is behind, where the pace of the backend makes that good only slowly.

A backend with a pace (``Traits.pace``) takes a backlog at most so many times as fast as time. At
``SLOW`` and below an outage of a minute is made good in 20 minutes or more, and all words come late
meanwhile. So the app is told, and it may skip to the live audio: what waits to be sent is given up
then, and is a gap.

An example: the pace is 1.05, and 40 s wait. They are made good in 40 / 0.05 = 800 s.

A store is never behind: it waits. Nor is a source that has ended: nothing of it is live.
"""

from __future__ import annotations

from typing import Final

from openline.audio.stream import Stream
from openline.machine.reporting import Reporting
from openline.updates import SAMPLE_RATE, GapCause

#: The pace up to which an app is told. In a model 5.5 s were sent again each 300 s: at 1.02 words
#: came 5.5 s late at worst, at 1.25 4.1 s, and at 1.0 later and later.
SLOW: Final = 1.05


def look_behind(session: Reporting) -> None:
    """The pace holds audio back: tell the app of each source that has been behind for long."""
    pace, after = session.dialect.traits.pace, session.policy.behind_after
    if pace is None or pace > SLOW:
        return
    for stream in session.streams.all:
        waits = stream.box.unsent / SAMPLE_RATE
        if _is_live(stream) and waits > after and session.now - stream.window.began >= after:
            minutes = waits / (pace - 1) / 60
            session.trouble_again(
                "behind",
                f"{stream.box.source} is {waits:.0f} s behind, and the backend takes audio at most "
                f"{pace:g} times as fast as time: skip to the live audio, or it is behind for "
                f"{minutes:.0f} min",
            )


def skip_to_live(session: Reporting) -> None:
    """The app gives up the audio of live sources that is not sent: it is a gap."""
    for stream in session.streams.all:
        if _is_live(stream):
            stream.box.give_up(GapCause.SKIPPED)
            session.report_told(stream.box)
    session.report_gaps(session.streams.take_gaps())


def _is_live(stream: Stream) -> bool:
    return not (stream.is_store or stream.box.closed)
