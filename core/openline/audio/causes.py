"""What each cause of a gap means to a person, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from openline.updates import SAMPLE_RATE, Gap, GapCause

#: What it means.
CAUSES: Final[Mapping[GapCause, str]] = MappingProxyType(
    {
        GapCause.OVERFLOW: "the buffer was full before it could be sent",
        GapCause.UNPROVEN: "it was sent, and never confirmed",
        GapCause.SPOOL: "the disk did not have it any more",
        GapCause.SKIPPED: "the app skipped to the live audio",
        GapCause.CAPTURE: "the source could not capture it",
        GapCause.BACKEND: "the backend dropped it",
        GapCause.UNHEARD: "the backend did not transcribe it",
        GapCause.IGNORED: "the backend does not transcribe this source",
        GapCause.UNDELIVERED: "the session ended before it was delivered",
        GapCause.UNCONFIRMED: "the session ended before it was confirmed",
    }
)
_KEEP: Final = "raise Policy.buffer_seconds, or give the session a spool"
_RESUME: Final = "with a spool it can be resumed (resume_session, openline resume)"
#: What to do.
REMEDIES: Final[Mapping[GapCause, str]] = MappingProxyType(
    {
        GapCause.OVERFLOW: _KEEP,
        GapCause.UNPROVEN: _KEEP,
        GapCause.SPOOL: "see that the disk works, and is not full",
        GapCause.SKIPPED: "leave skip_to_live out to have all of it",
        GapCause.CAPTURE: "check the device, and how busy this machine is",
        GapCause.BACKEND: "it is full, or too slow: give it more room, or stream to another one",
        GapCause.UNHEARD: "look into the log of the backend",
        GapCause.IGNORED: "stream one source, or to another backend",
        GapCause.UNDELIVERED: _RESUME,
        GapCause.UNCONFIRMED: _RESUME,
    }
)


def describe_missing(missing: Sequence[Gap]) -> str:
    """The cause of most of the gaps, of which there are some, and what to do; on one line."""
    sums: dict[tuple[str, GapCause], int] = {}
    for gap in missing:
        sums[gap.source, gap.cause] = sums.get((gap.source, gap.cause), 0) + gap.samples
    source, cause = max(sums, key=sums.__getitem__)
    at = min(gap.start_seconds for gap in missing if (gap.source, gap.cause) == (source, cause))
    rest = f" ({len(missing)} gaps in all)" if len(missing) > 1 else ""
    seconds = sums[source, cause] / SAMPLE_RATE
    lead = f"{seconds:.2f} s of {source} from {at:.2f} s on are missing{rest}"
    return f"{lead}: {CAUSES[cause]}; {REMEDIES[cause]}"
