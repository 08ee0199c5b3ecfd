"""How much of one source may be sent now, so that the backend need not drop any.

A backend keeps a short queue per source and drops the oldest beyond it, so a backlog
after an outage must not be sent all at once. Two confirmations bound how much may be on the
way. R is what the backend *received*: a pong answers a ping that was sent behind so many
samples. D is what it has *drained* from its queue: R less the backlog that it reports; and
the end of any transcript where ends are exact, or its beginning, less the error, where they are
claims and no figures came. All are connection samples of one source, so nothing drifts. The
window W and the other limits are traits of the dialect (``traits`` explains them), until the
backend announces its queue.

- Backlog goes out while sent + frame ≤ D + W.
- Audio at the live edge also goes out while it is at most ``live_ahead`` ahead of R and
  the backend is not filling: live audio cannot pile up faster than time passes. That of a
  store can, so it may run W beyond the time that passed on this dial at most. It waits,
  too, while it would fill the queue of a backend that reports figures: a recogniser that
  falls behind by more than its queue would drop it.
- With a *pace*, audio goes at most so many times as fast as time. Time in which none was sent is
  not saved up, but for one message: a timer that is late loses nothing.
- A backend that gives no figures is assumed to drain in real time, up to R: time in
  which its queue was empty is not saved up.
"""

from __future__ import annotations

import msgspec

from openline.audio.backlog import FRAME_SAMPLES
from openline.dialects.traits import Traits
from openline.machine.timers import OFF
from openline.policy import FIGURES_LATE
from openline.updates import LONGEST, SAMPLE_RATE, to_samples

#: Audio this close to the capture is at the live edge.
LIVE_EDGE = int(0.2 * SAMPLE_RATE)
#: Of a queue that the backend announces: the window, and where it is filling. These are the
#: shares that the default traits have of their queue of 2 s.
_WINDOW, _LIVE, _NO_LONGER_FILLING = 0.8, 0.5, 0.5
#: Seconds: the least window of an announced queue. Audio flows in frames of 0.02 s.
_LEAST = 0.1
#: Pings per window of backlog: a late pong costs an eighth of the window.
_PINGS_PER_WINDOW = 8
#: Pings per ``live_ahead`` of live audio: one round trip may take half of it.
_PINGS_PER_LIVE_AHEAD = 2


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The queue of a backend, from its traits. Lengths are samples, filling is in seconds.

    ``ping_backlog`` and ``ping_live``: a ping goes out for so much audio sent while there is
    backlog, or live audio. ``item``: the usual message. ``live_edge``: audio is at the live edge
    while no more than this waits. ``free``: so much beyond what is drained may go without another
    look, unless there is a ``pace``, which is in samples a second. ``keeps_all``: the backend has
    no queue that could fill.
    """

    queue: int
    window: int
    live_ahead: int
    ping_backlog: int
    ping_live: int
    filling_above: float
    filling_below: float
    item: int
    live_edge: int
    free: int
    pace: float | None
    keeps_all: bool

    @classmethod
    def of(cls, traits: Traits, queue: float | None = None) -> Limits:
        """The limits of a backend with these traits, which announced a ``queue`` of seconds."""
        known = traits.queue if queue is None else queue
        announced = LONGEST if known is None else max(min(known, LONGEST), _LEAST)
        window, live_ahead = traits.window, traits.live_ahead
        above, below = traits.filling_above, traits.filling_below
        if known is None:  # the backend keeps all
            window = live_ahead = LONGEST
        elif queue is not None:
            window = max(_WINDOW * announced, _LEAST)
            live_ahead = max(min(live_ahead, _LIVE * announced), _LEAST)
            above, below = _WINDOW * announced, _NO_LONGER_FILLING * announced
        usual = traits.form.usual
        window, live_ahead = max(window, usual), max(live_ahead, usual)
        item, pace = to_samples(usual), traits.pace
        return cls(
            queue=int(announced * SAMPLE_RATE),
            window=int(window * SAMPLE_RATE),
            live_ahead=int(live_ahead * SAMPLE_RATE),
            ping_backlog=int(window * SAMPLE_RATE) // _PINGS_PER_WINDOW,
            ping_live=int(live_ahead * SAMPLE_RATE) // _PINGS_PER_LIVE_AHEAD,
            filling_above=above,
            filling_below=below,
            item=item,
            live_edge=LIVE_EDGE + item - FRAME_SAMPLES,
            free=int((window if pace is None else -LONGEST) * SAMPLE_RATE),
            pace=None if pace is None else pace * SAMPLE_RATE,
            keeps_all=known is None,
        )


class Window:
    """The window of one source on one dial. Counts are connection samples."""

    __slots__ = (
        "_assumed",
        "_assumed_at",
        "_is_store",
        "began",
        "drained",
        "figured",
        "filling",
        "limits",
        "measured_at",
        "pace_at",
        "pinged",
        "received",
        "reports",
    )

    def __init__(self, limits: Limits, now: float, *, is_store: bool = False) -> None:
        """``is_store``: the audio may come faster than time passes."""
        self.limits = limits
        self.began = now  # the line was open
        self._is_store = is_store
        self.reports = False  # the backend reported figures on this dial
        self.received = 0
        self.drained = 0
        self.figured = 0  # drained when the last figures came: what is dropped lies behind
        self.pinged = 0  # sent when the last ping was requested
        self.measured_at = now
        self.filling = False
        self.pace_at = -OFF  # the pace allows no audio before this
        self._assumed = 0.0  # what a backend without figures has drained by _assumed_at
        self._assumed_at = now

    def allows(self, sent: int, samples: int, unsent: int, now: float) -> bool:
        """Whether a frame of ``samples`` may follow ``sent``, ``unsent`` being still due."""
        if now < self.pace_at:
            return False
        if (
            unsent <= self.limits.live_edge
            and not self.filling
            and sent + samples - self.received <= self.limits.live_ahead
            and not (self._is_store and sent + samples > self._passed(now) + self.limits.window)
            and not (self.reports and sent + samples > self._assume(now) + self.limits.queue)
        ):
            return True
        return sent + samples <= self._assume(now) + self.limits.window

    def _passed(self, now: float) -> float:
        """The samples that have passed on this dial."""
        return (now - self.began) * SAMPLE_RATE

    def note_sent(self, samples: int, now: float) -> None:
        """A message of ``samples`` goes out: the pace delays those behind it."""
        if (pace := self.limits.pace) is not None:
            # One message more than the pace may go: what it allows now is made up to there.
            burst = self.limits.item / pace
            self.pace_at = max(self.pace_at, now - burst) + samples / pace

    def opens_at(self, sent: int, samples: int) -> float:
        """When time alone lets the frame go; OFF if it needs a confirmation."""
        if sent + samples > self.received + self.limits.window:
            return OFF
        behind = sent + samples - self.limits.window - max(self._assumed, self.drained)
        return self._assumed_from + behind / SAMPLE_RATE

    @property
    def _assumed_from(self) -> float:
        return max(self._assumed_at, self.measured_at + FIGURES_LATE)

    def _assume(self, now: float) -> float:
        """The samples that a backend without figures has drained: as many as time has passed.

        An example: 48,000 samples (3 s) were received, no figures came since 0 s. Until 5 s
        (FIGURES_LATE) only confirmed audio counts, 0. At 6 s one second is assumed, 16,000; at 7 s
        32,000; from 8 s on 48,000, for it cannot drain more than it has received. The next
        figures replace the assumption.
        """
        passed = now - self._assumed_from
        if passed < 0:
            return self.drained
        drained = max(self._assumed, self.drained) + passed * SAMPLE_RATE
        self._assumed = min(self.received, drained)
        self._assumed_at = now
        # One sample of tolerance: the deadline of ``opens_at`` must open the window.
        return min(self.received, self._assumed + 1)

    def note_received(self, sent: int) -> None:
        """A pong came for a ping behind ``sent``."""
        self.received = max(self.received, sent)

    def note_backlog(self, seconds: float, now: float) -> bool:
        """The backend reports ``seconds`` of audio in its queue; True if it has drained more."""
        self.measured_at = now
        self.reports = True
        self._assumed = 0.0
        if seconds > self.limits.filling_above:
            self.filling = True
        elif seconds < self.limits.filling_below:
            self.filling = False
        self.figured = max(self.figured, self.received - to_samples(seconds))
        return self.note_drained(self.figured)

    def note_drained(self, sample: int) -> bool:
        """The backend took all audio before ``sample`` out of its queue; True if that is new."""
        if sample <= self.drained:
            return False
        self.drained = sample
        self.received = max(self.received, sample)
        return True

    def note_dropped(self, samples: int) -> None:
        """The backend dropped ``samples``, the oldest in its queue; they are out of it now."""
        self.figured += samples
        self.note_drained(self.drained + samples)
