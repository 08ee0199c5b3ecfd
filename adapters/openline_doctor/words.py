"""The small words of a finding: durations, lists, dates and certificates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from openline.text import one_line
from openline_doctor.facts import Certificate

_DAY = 86_400.0


def seconds(took: float | None) -> str:
    """A duration as it is measured: ``12 ms``, ``1.4 s``."""
    if took is None:
        return "no time"
    return f"{took * 1000:.0f} ms" if took < 1 else f"{took:.1f} s"


def size_of(span: float) -> str:
    """A long duration in its largest unit: ``40 s``, ``5 min``, ``3 h``, ``12 days``."""
    for unit, name in ((_DAY, "days"), (3600.0, "h"), (60.0, "min")):
        if span >= 2 * unit:
            return f"{span / unit:.0f} {name}"
    return f"{span:.0f} s"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; at most five, then their number."""
    shown = list(names[:5]) + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def day(at: float) -> str:
    """A date, in UTC."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, ValueError):
        return "a day that no calendar has"


def about_certificate(seen: Certificate, now: float) -> str:
    """For whom it was made, by whom, and until when."""
    names = [one_line(each) for each in seen.names]
    made_for = listed(names) or one_line(seen.subject) or "nobody"
    text = f"the certificate is for {made_for}, by {one_line(seen.issuer) or 'an unnamed issuer'}"
    if now < seen.not_before:
        return f"{text}, valid from {day(seen.not_before)}, and here it is {day(now)}"
    if now > seen.not_after:
        return f"{text}, ended {day(seen.not_after)}, and here it is {day(now)}"
    return f"{text}, valid until {day(seen.not_after)}"
