"""What the facts of a probe mean: one finding for each step, right, wrong or unknown. Pure.

A wrong step has one line: what is wrong, where, what to do. Every step before it is right, and
every step behind it was not reached, but for the clock and the dialect, of which an answer may tell
all the same. The words for an ending are those of the verdict table, as `openline stream` prints
them; what to do about it is in ``advice``.

    addresses   wrong   nothing listens at that address yet: 127.0.0.1:8001 (connection refused):
                        check the port, and that the backend runs
    proxy       …       not reached
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from openline.reconnect.verdicts import ErrorKind
from openline_doctor.advice import (
    is_about_token,
    on_auth,
    on_failure,
    on_late,
    on_status,
)
from openline_doctor.facts import Facts, Failure, Step
from openline_doctor.speaking import by_address
from openline_doctor.words import about_certificate, listed, seconds, size_of
from openline_lookup.places import LOG

#: Seconds that two clocks may be apart: a Date has whole seconds, and travels. Beyond ``CLOCK_OFF``
#: tokens and certificates that were just made are refused: most services allow a minute or less.
CLOCK_FINE: Final = 5.0
CLOCK_OFF: Final = 30.0
#: Seconds of a round trip beyond which words come late: a person who talks notices them.
SLOW: Final = 0.5
#: Seconds before the end of a certificate at which it is time to renew it: two weeks.
SOON: Final = 14 * 86_400.0


class State(StrEnum):
    """How a step stands."""

    RIGHT = "right"
    NOTE = "note"  #: it works, and something is worth a look
    WRONG = "wrong"
    UNKNOWN = "unknown"  #: nothing can be told
    SKIPPED = "skipped"  #: not reached, or not asked


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One step: how it stands, and one line of text about it."""

    step: Step
    state: State
    text: str


_NOT_REACHED: Final = "not reached"


def findings(facts: Facts, *, now: float) -> list[Finding]:
    """A finding for each step, in order. ``now``: seconds since the epoch, by this machine."""
    return [_finding(step, facts, now) for step in Step]


def is_well(found: list[Finding]) -> bool:
    """Whether nothing is wrong."""
    return all(each.state is not State.WRONG for each in found)


def failed_step(facts: Facts) -> Step | None:
    """The step that is to blame for the end of the probe; None: it went to its end.

    A backend tells of a bad token at the upgrade, or by a close code at any time behind it; and,
    with TLS 1.3, of a client's certificate that it wants behind the handshake (RFC 8446 §4.4.2.4).
    """
    failure = facts.failure
    if failure is None:
        return None
    if failure.error is ErrorKind.TLS_CLIENT_CERTIFICATE and facts.secure:
        return Step.TLS
    return Step.AUTH if is_about_token(facts, failure) else failure.step


def _finding(step: Step, facts: Facts, now: float) -> Finding:
    failure, blamed = facts.failure, failed_step(facts)
    if step is Step.CLOCK:
        state, text = _clock(facts)
    elif step is Step.DIALECT:
        state, text = _dialect(facts)
    elif step is Step.PROXY and facts.proxy is None:
        state, text = State.SKIPPED, "none: the backend is dialled directly"
    elif step is Step.TLS and not facts.secure:
        state, text = State.SKIPPED, "none: the URL is ws://"
    elif failure is not None and step is blamed:
        state, text = State.WRONG, _wrong(step, facts, failure, now)
    elif failure is not None and blamed is not None and not _came_to(step, facts, blamed):
        state, text = State.SKIPPED, _skipped(step, facts)
    else:
        state, text = _right(step, facts, now)
    return Finding(step=step, state=state, text=text)


def _skipped(step: Step, facts: Facts) -> str:
    if step is Step.UPGRADE and facts.status not in {None, 101}:
        return f"HTTP {facts.status}, see auth"
    return _NOT_REACHED


def _came_to(step: Step, facts: Facts, blamed: Step) -> bool:
    """Whether a step was done when another one failed."""
    if step is Step.UPGRADE:
        return facts.upgrade_took is not None
    if step is Step.AUTH:  # known to be right by what follows it alone
        return facts.acked is not None or facts.greeted is not None
    order = list(Step)
    return order.index(step) < order.index(blamed)


def _wrong(step: Step, facts: Facts, failure: Failure, now: float) -> str:
    if step is Step.AUTH:
        return on_auth(facts, failure)
    if facts.status not in {None, 101} and step is Step.UPGRADE:
        return on_status(facts, failure)
    if step is Step.TLS and facts.tls is not None and facts.tls.certificate is not None:
        about = about_certificate(facts.tls.certificate, now)
        return f"{on_failure(facts, failure)}; {about}"
    if failure.error is None and facts.rule is None and facts.close is None:
        return on_late(facts, failure)
    return on_failure(facts, failure)


def _right(step: Step, facts: Facts, now: float) -> tuple[State, str]:
    match step:
        case Step.NAME:
            return State.RIGHT, _name(facts)
        case Step.ADDRESSES:
            return _addresses(facts)
        case Step.PROXY:
            return State.RIGHT, _proxy(facts)
        case Step.TLS:
            return _tls(facts, now)
        case Step.UPGRADE:
            return State.RIGHT, _upgrade(facts)
        case Step.AUTH:
            return _auth(facts)
        case Step.ACK:
            return _ack(facts)
        case _:
            return _latency(facts)


def _name(facts: Facts) -> str:
    proxy = facts.proxy
    whose = "" if proxy is None else "the proxy is at "
    rest = ", which looks up the backend" if proxy is not None and proxy.looks_up else ""
    if facts.is_number:
        return f"{whose}a number: there is nothing to look up{rest}"
    return f"{whose}{listed(facts.looked_up)}, found in {seconds(facts.name_took)}{rest}"


def _addresses(facts: Facts) -> tuple[State, str]:
    good = [f"{each.address} (in {seconds(each.took)})" for each in facts.tries if not each.error]
    bad = [f"{each.address} ({_why(each.detail)})" for each in facts.tries if each.error]
    text = f"{listed(good)} answered"
    if not bad:
        return State.RIGHT, text
    return State.NOTE, (
        f"{text}, but not {listed(bad)}: a dial tries it again and again: mend it, or take it out "
        "of the name"
    )


def _why(detail: str) -> str:
    return detail or "no answer"


def _proxy(facts: Facts) -> str:
    proxy = facts.proxy
    assert proxy is not None  # noqa: S101  # the caller asked
    user = " with its user" if proxy.has_user else ""
    return (
        f"{proxy.scheme}://{proxy.address}{user}, by {proxy.named_by}, leads to "
        f"{facts.host}:{facts.port} in {seconds(facts.proxy_took)}"
    )


def _tls(facts: Facts, now: float) -> tuple[State, str]:
    seen = facts.tls
    if seen is None or seen.certificate is None:
        return State.RIGHT, f"a trusted certificate, in {seconds(facts.tls_took)}"
    shown = ", and this machine has one to show" if seen.shown else ""
    text = f"{seen.version}, {about_certificate(seen.certificate, now)}{shown}"
    if seen.certificate.not_after - now < SOON:
        return State.NOTE, f"{text}: renew it"
    return State.RIGHT, text


def _upgrade(facts: Facts) -> str:
    text = f"HTTP 101 at {facts.path} in {seconds(facts.upgrade_took)}"
    if facts.redirects:
        text += f", redirected to {facts.redirects[-1]}: give that URL to save the detour"
    if facts.subprotocol:
        return f"{text}, subprotocol {facts.subprotocol}"
    return f"{text}, none of the offered subprotocols" if facts.offered else text


def _auth(facts: Facts) -> tuple[State, str]:
    if not facts.has_credential:
        return State.RIGHT, "no token was sent, and none was asked for so far"
    if facts.acked is None and facts.greeted is None:
        return State.UNKNOWN, "the token was sent; the backend says nothing of it before audio"
    return State.RIGHT, "the token was taken"


def _ack(facts: Facts) -> tuple[State, str]:
    state = f" ({facts.state})" if facts.state else ""
    if facts.acked is not None:
        return State.RIGHT, f"the start was acknowledged in {seconds(facts.acked)}{state}"
    if facts.greeted is not None:
        return State.RIGHT, f"the backend greeted in {seconds(facts.greeted)}{state}"
    return State.UNKNOWN, f"{facts.dialect} acknowledges nothing before audio"


def _latency(facts: Facts) -> tuple[State, str]:
    took = facts.latency
    if took is not None and took > SLOW:
        return State.NOTE, f"a ping takes {seconds(took)}: words come late by as much"
    return State.RIGHT, f"a ping takes {seconds(took)}"


def _clock(facts: Facts) -> tuple[State, str]:
    if facts.date is None or facts.date_at is None:
        if facts.status is None:
            return State.SKIPPED, _NOT_REACHED
        return State.UNKNOWN, "cannot tell: the backend sends no Date"
    ahead = facts.date_at - facts.date
    if abs(ahead) <= CLOCK_FINE:
        return State.RIGHT, f"within {CLOCK_FINE:g} s of the backend's"
    way = "ahead of" if ahead > 0 else "behind"
    text = f"this machine is {size_of(abs(ahead))} {way} the backend"
    if abs(ahead) <= CLOCK_OFF:
        return State.NOTE, text
    return State.WRONG, (
        f"{text}: set the clock that is wrong, for tokens and certificates have dates"
    )


def _dialect(facts: Facts) -> tuple[State, str]:
    known = dict(facts.heard)
    own, most = known.get(facts.dialect, 0), max(known.values(), default=0)
    likely = [name for name, count in facts.heard if count == most and most]
    there = by_address(facts.host, facts.port, facts.path)
    likely.sort(key=lambda name: name not in there)
    garbled = facts.malformed and facts.failure is None  # else that is what is wrong
    # A refusal shows little: an error of one dialect may read like one of another.
    is_taken = facts.acked is not None or (facts.rule is not None and not likely)
    if is_taken or (own and own == most):
        if garbled:
            return State.WRONG, f"{facts.dialect}, as asked, but {_unreadable(facts)}: {LOG}"
        alike = [each for each in likely if each != facts.dialect]
        begin = f"; {listed(alike)} would begin alike" if alike else ""
        return State.RIGHT, f"{facts.dialect}, as asked{begin}"
    if likely:
        return State.WRONG, (
            f"it seems to speak {' or '.join(likely)}, and not {facts.dialect}: "
            f"give --dialect {likely[0]}"
        )
    if garbled:
        return State.WRONG, f"{_unreadable(facts)}: check --dialect, and {LOG}"
    if facts.status is None:
        return State.SKIPPED, _NOT_REACHED
    return State.UNKNOWN, "".join(_hint(facts))


def _unreadable(facts: Facts) -> str:
    count = "one message" if facts.malformed == 1 else f"{facts.malformed} messages"
    return f"{count} cannot be read ({facts.why_malformed})"


def _hint(facts: Facts) -> Iterator[str]:
    count = "one message" if facts.messages == 1 else f"{facts.messages} messages"
    heard = f"no dialect knows its {count}" if facts.messages else ""
    yield f"cannot tell: {heard or 'it said nothing'}"
    if names := by_address(facts.host, facts.port, facts.path):
        yield f"; by its address it may be {' or '.join(names)}"
