"""Hypothesis strategies: policies, endings, messages, ages, and schedules of them.

They favour edge cases: limits of 0, 1 and None, numbers at the limit, events of earlier
dials, absurd times. All of these can happen, and a session must survive them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy

from openline import events as e
from openline.dialects.echopanel import ACKS, REFUSALS, EchoPanel
from openline.dialects.protocol import Dialect
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_testing.samples import EchoMessage, Sample, Samples, ack_of, samples_of
from openline_testing.theorem.schedule import KINDS, NAMES, WAYS, Fault, Schedule, Source

__all__ = [
    "Answer",
    "ages",
    "answers",
    "endings",
    "events",
    "leases",
    "locations",
    "losses",
    "messages",
    "pauses",
    "policies",
    "schedules",
]

#: The event of a provider's answer to a request, by the request's number.
Answer: TypeAlias = Callable[[int], e.CredentialReady | e.CredentialFailed]


def policies() -> SearchStrategy[Policy]:
    """Policies with every limit also at 0, 1 and None, where that is valid."""
    return st.builds(
        Policy,
        max_attempts=st.sampled_from([None, None, 0, 1, 3]),
        give_up_after=st.sampled_from([None, 300.0, 300.0, 20.0, 0.0]),
        first_contact=st.sampled_from([15.0, 15.0, 0.0, 1.0]),
        dials_per_minute=st.sampled_from([15, 15, 1, 2]),
        start_delay=st.sampled_from([0.2, 0.0]),
        stable_after=st.sampled_from([10.0, 0.5]),
        finish_timeout=st.sampled_from([20.0, 70.0, 1.0]),
        max_redirects=st.sampled_from([10, 0, 1]),
        later_floor=st.sampled_from([5.0, 0.0]),
        source_timeout=st.sampled_from([10.0, None, 1.0]),
    )


def ages() -> SearchStrategy[int]:
    """How many dials ago the dial of an event was: mostly 0. -1: not yet dialled."""
    return st.sampled_from([0, 0, 0, 0, 0, 1, 2, -1])


def pauses() -> SearchStrategy[float]:
    """Seconds without a tick: a moment, or a night."""
    return st.one_of(st.floats(0, 2), st.floats(0, 1000))


def locations() -> SearchStrategy[str]:
    """Locations of a redirect."""
    return st.sampled_from(
        ["/elsewhere", "ws://localhost:9000/x", "wss://example.org/x", "http://example.org", "::"]
    )


#: Times at which no source can start.
_NO_TIMES = (math.nan, math.inf)
_CODES = st.one_of(
    st.sampled_from([1000, 1001, 1002, 1006, 1008, 1011, 1012, 1013, 3000, 4001, 4003, 4429]),
    st.integers(-1, 5000),
)
_STATUSES = st.one_of(
    st.sampled_from([101, 200, 302, 401, 402, 403, 404, 404, 429, 500, 503]), st.integers(0, 600)
)


def endings() -> SearchStrategy[dict[str, Any]]:
    """The fields of a ``SocketLost`` but its dial: a single cause, or several at once."""
    return st.one_of(
        st.fixed_dictionaries({"code": _CODES, "sender": st.sampled_from([*Sender, None])}),
        st.fixed_dictionaries(
            {"status": _STATUSES, "retry_after": st.sampled_from([None, 7.0, 1e9, -1.0])}
        ),
        st.fixed_dictionaries({"error": st.sampled_from(ErrorKind)}),
        st.fixed_dictionaries(
            {
                "code": st.none() | _CODES,
                "sender": st.none() | st.sampled_from(Sender),
                "status": st.none() | _STATUSES,
                "error": st.none() | st.sampled_from(ErrorKind),
                "reason": st.sampled_from(["", "again later", "timeout"]),
            }
        ),
    )


def losses(dial: int = 1) -> SearchStrategy[e.SocketLost]:
    """The end of a dial."""
    return endings().map(lambda fields: e.SocketLost(dial=dial, **fields))


def messages(dialect: Dialect, samples: Samples | None = None) -> SearchStrategy[Sample]:
    """Messages that may arrive: the samples of ``dialect``, and some that no dialect knows.

    The default dialect has a richer set of its own: every kind of message with odd times,
    figures and sources, with the ids of its dial, none, or another's.
    """
    noise = st.sampled_from(["", "no message", b"\0", "[]", "{}", '{"type":1}'])
    if samples is None and isinstance(dialect, EchoPanel):
        return st.one_of(_echopanel(), _echopanel(), _echopanel(), noise)
    known = [*samples_of(dialect, samples).values()]
    return st.one_of(st.sampled_from(known), st.sampled_from(known), noise)


def _echopanel() -> SearchStrategy[Sample]:
    sources = st.sampled_from(["mic", "system", None, "other"])
    times = st.one_of(st.floats(0, 3), st.sampled_from([0.0, 20.0, 39.88, 1e305, -1.0, -30.0]))
    refusals = [*REFUSALS, "something else"]
    fields = st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("status"), "state": st.sampled_from([*sorted(ACKS), "connected"])},
            optional={
                "source": sources,
                "final_ends": st.sampled_from(["exact", "exact", "claimed", 1]),
            },
        ),
        st.builds(_ignoring, st.sampled_from(["mic", "system", "other"])),
        _words(sources, times),
        _words(sources, times),
        st.fixed_dictionaries(
            {
                "type": st.just("metrics"),
                "source": sources,
                "backlog_seconds": times,
            },
            optional={
                "dropped_total": st.integers(-1, 4),
                "max_backlog_seconds": st.sampled_from([2.0, 1.0, 0.2, 0.0, 30.0, "long"]),
                "realtime_factor": st.sampled_from([0.2, 2.0, 50.0, None]),
            },
        ),
        st.fixed_dictionaries(
            {
                "type": st.just("status"),
                "state": st.just("error"),
                "message": st.sampled_from(refusals),
            }
        ),
        st.sampled_from(
            [
                {"type": "final_summary"},
                {"type": "final_summary"},
                {"type": "entities_update"},
                {"type": "cards_update"},
                {"type": "unheard of"},
                {"type": "asr_final"},
                {"type": "error", "message": "Invalid start message"},
            ]
        ),
    )
    ids = st.sampled_from(["own", "own", "own", "none", "stale", "other"])
    return st.builds(EchoMessage, fields, ids)


def _words(
    sources: SearchStrategy[str | None], times: SearchStrategy[float]
) -> SearchStrategy[dict[str, Any]]:
    """Words, or a lone dot, at any times: in any order, overlapping, behind all audio."""
    return st.fixed_dictionaries(
        {
            "type": st.sampled_from(["asr_final", "asr_final", "asr_partial"]),
            "text": st.sampled_from(["yes", "yes", "no 1", ".", ""]),
            "t0": times,
            "t1": times,
            "source": sources,
        }
    )


def _ignoring(source: str) -> dict[str, Any]:
    text = f"Too many active sources (max 1). Ignoring source '{source}'."
    return {"type": "status", "state": "warning", "message": text}


def events(sources: Sequence[str] = ("mic",), dial: int = 1) -> SearchStrategy[e.Event]:
    """Any event but a message: from the app, the sources, and this dial and request."""
    source = st.sampled_from([*sources, *sources, "no source"])
    return st.one_of(
        st.just(e.Tick()),
        st.just(e.OpenRequested()),
        st.just(e.StopRequested()),
        st.just(e.AbortRequested()),
        st.just(e.NetworkRestored()),
        st.just(e.SkipRequested()),
        st.builds(e.SourceStarted, source, st.floats(0, 10) | st.sampled_from(_NO_TIMES)),
        st.builds(e.AudioCaptured, source, st.integers(0, 999).map(bytes)),
        st.builds(e.CaptureHole, source, st.integers(-1, 3200)),
        st.builds(e.SourceFinished, source),
        st.builds(e.SourceFailed, source, st.just("unplugged")),
        st.builds(e.DeviceLost, source, st.just("usb"), st.just("unplugged")),
        st.builds(e.DeviceFound, source, st.just("usb"), st.just("it is back")),
        st.builds(e.SilenceHeard, source, st.floats(0, 99) | st.sampled_from(_NO_TIMES)),
        st.builds(e.CredentialReady, st.just(dial), leases()),
        st.builds(e.CredentialFailed, st.just(dial), st.booleans(), unusable=st.booleans()),
        st.just(e.SocketOpened(dial, f"connection {dial}")),
        st.builds(e.Redirected, st.just(dial), st.sampled_from([301, 302, 307]), locations()),
        st.builds(e.PongReceived, st.just(dial), st.sampled_from([b"1", b"?"])),
        losses(dial),
    )


def leases() -> SearchStrategy[float | None]:
    """When a credential is due again: never, at once, or at some time."""
    return st.none() | st.just(0.0) | st.floats(0, 200)


def answers() -> SearchStrategy[Answer]:
    """What a provider may answer to a request of any number."""
    ready: SearchStrategy[Answer] = leases().map(lambda at: partial(e.CredentialReady, due_at=at))
    failed: list[Answer] = [
        e.CredentialFailed,
        partial(e.CredentialFailed, fatal=True),
        partial(e.CredentialFailed, unusable=True),
    ]
    return ready | st.sampled_from(failed)


def schedules(
    dialect: Dialect, samples: Samples | None = None
) -> SearchStrategy[list[tuple[float, Sample]]]:
    """A backend's messages, each with the seconds since the one before; an ack comes first."""
    known = samples_of(dialect, samples)
    later = st.lists(st.tuples(pauses(), messages(dialect, samples)), max_size=20)
    first = ack_of(dialect, known)
    return later.map(lambda more: [(0.01, first), *more])


def plays(sources: Sequence[str] = NAMES) -> SearchStrategy[Schedule]:
    """Schedules for ``openline_testing.theorem.play``, with one or two of ``sources``.

    They shrink to the calmest session there is.
    """
    seconds = st.floats(0, 3).map(lambda value: round(value, 2))
    several = st.lists(st.sampled_from([*sources]), min_size=1, max_size=2, unique=True)
    return several.flatmap(
        lambda names: st.builds(
            Schedule,
            seed=st.integers(0, 1000),
            sources=st.tuples(*(_speakers(name) for name in names)),
            opens_at=st.sampled_from([0.0, 0.5]),
            stops_at=st.sampled_from([2.5, 0.0, 1.0, 8.0]),
            aborts_at=st.none() | seconds,
            buffer=st.sampled_from([60.0, 2.5]),
            finish=st.sampled_from([200.0, 5.0]),
            give_up=st.sampled_from([None, 3.0]),
            patience=st.sampled_from([None, 1.2]),
            disk=st.sampled_from([0.0, 1000.0, 2.5]),
            memory=st.sampled_from([None, 0.1, 1.5]),
            disk_fails_at=st.none() | seconds,
            disk_forgets=st.sampled_from([0.0, 0.3]),
            latency=st.sampled_from([0.01, 0.001, 0.1]),
            rate=st.sampled_from([0.0, 4.0, 1.1, 0.3]),
            metrics=st.sampled_from([1.0, 0.25, 3.0, 0.0]),
            talk=st.sampled_from([0.5, 0.2, 1.0]),
            summary=st.sampled_from([0.05, 2.0]),
            late=st.booleans(),
            dials=st.lists(st.sampled_from(WAYS), max_size=4).map(tuple),
            faults=st.lists(
                st.builds(
                    Fault,
                    at=seconds,
                    kind=st.sampled_from([*dict.fromkeys(KINDS)]),
                    seconds=seconds,
                    size=st.integers(0, 400),
                ),
                max_size=4,
            ).map(tuple),
        )
    )


def _speakers(name: str) -> SearchStrategy[Source]:
    return st.builds(
        Source,
        name=st.just(name),
        starts=st.sampled_from([0.0, 0.7]),
        seconds=st.sampled_from([2.0, 0.5, 5.0]),
        chunk=st.sampled_from([1600, 320, 1001]),
        holes=st.lists(st.integers(0, 9000), max_size=2).map(tuple),
        timed=st.booleans(),
        ends=st.sampled_from(["", "ended", "lost"]),
    )
