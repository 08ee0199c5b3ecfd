"""What is worth a sentence in a session: dials, outages, verdicts, gaps, sources, troubles. Pure.

``take`` reads one record, ``told`` gives the sentences since the last ``told``. What happens again
and again within a minute is told once, with a count: dials of an outage that fail alike, gaps of
one cause. A trouble that the core reports once gets the count of the whole session.

What went wrong has a place (``places``): server, network or this machine, as far as the evidence
says, with a line of advice. A loss that was noticed late has the last sign of life.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from openline.audio.causes import CAUSES
from openline.text import one_line
from openline.updates import (
    BackendStatus,
    Gap,
    GapCause,
    GapWithdrawn,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceHeld,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_lookup.places import (
    DEVICE,
    GAPS,
    PROVIDER,
    SUSPENDED,
    TROUBLES,
    Lies,
    Place,
    row_of,
)
from openline_lookup.records import Record

_REQUESTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "StopRequested": "the app asks for the end",
        "AbortRequested": "the app aborts the session",
        "NetworkRestored": "the network is back",
        "SkipRequested": "the app skips to the live audio",
    }
)
_NONE: Final = ("", "")
#: By these the other side shows that it lives.
_SIGNS: Final = frozenset({"SocketOpened", "MessageReceived", "PongReceived"})
#: Seconds without a sign of life that are worth a word: a line that streams has a pong in each.
_LONG_SILENT: Final = 2.0
#: The states of a backend to which all went well, in any dialect.
_ROUTINE: Final = frozenset({"connected", "streaming"})
_UNCONFIRMED: Final = Lies(
    Place.SERVER, "it took the audio, and never confirmed it: look into its log"
)
_ABORTED: Final = Lies(Place.HERE, "the app ended it before the backend was done")
_NOWHERE: Final = Lies(Place.UNKNOWN, "look at what went wrong before it, and into the logs")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence, and its time in seconds since the opening.

    ``trouble``: something went wrong, as a loss, a gap or a source that ended. It lies at
    ``where``: a ``Place``; ``advice`` says what to do about it. ``began``: when it began, in
    seconds since the opening, where that is earlier: the last sign of life. ``kind``: that of a
    ``Trouble``, which happened ``count`` times.
    """

    at: float
    text: str
    trouble: bool = False
    where: str = ""
    advice: str = ""
    began: float | None = None
    kind: str = ""
    count: int = 1


class Happenings:
    """Of one session, whose backend speaks the dialect of this name."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._said: list[Said] = []
        self._gaps: dict[tuple[str, GapCause], tuple[float, float]] = {}  # when, seconds
        self._origin: float | None = None  # the time of session time 0
        self._lost_at: float | None = None
        self._lost_why: tuple[str, str] = _NONE  # of the last loss: its reason, its action
        self._again = 0  # dials of this outage that failed like the one before
        self._again_at = 0.0
        self._has_opened = False
        self._credentials = 0
        self._sign: float | None = None  # the last sign of life of this dial
        self._lies = _NOWHERE  # where the last loss lies
        self._is_well = False  # the line is open, and all that went wrong is behind it
        self._remarks: set[tuple[str, str]] = set()  # of the backend, without their numbers

    def take(self, record: Record, at: float, zero: float) -> tuple[int, float]:
        """Tell a record at ``at`` seconds; the words in it, and their lag.

        ``zero`` is the time of the opening on the clock of the record.
        """
        self._event(record, at, zero)
        words, lag = 0, 0.0
        for update in record.updates:
            if isinstance(update, Transcript):
                if update.final:
                    words += len(update.text.split())
                    lag = max(lag, at - (self._origin or 0.0) - update.end)
            else:
                self._update(update, at)
        return words, lag

    def told(self) -> Iterator[Said]:
        """What was told since the last call."""
        self._tell_again()
        for (source, cause), (at, seconds) in self._gaps.items():
            text = f"{seconds:.1f} s of {source} are missing: {CAUSES[cause]} ({cause})"
            has_all = self._is_well and cause is GapCause.UNCONFIRMED
            self.say(at, text, GAPS.get(cause, _UNCONFIRMED if has_all else self._lies))
        found = sorted(self._said, key=lambda each: each.at)
        self._said, self._gaps = [], {}
        yield from found

    def say(self, at: float, text: str, lies: Lies | None = None, **more: Any) -> None:
        """Tell a sentence. ``lies``: it is a trouble, and lies there."""
        where, advice = ("", "") if lies is None else (str(lies.where), lies.advice)
        self._said.append(
            Said(
                at=at,
                text=one_line(text),
                trouble=lies is not None,
                where=where,
                advice=advice,
                **more,
            )
        )

    def lose_words(self, at: float, text: str) -> None:
        """Tell words that were lost with the line."""
        self.say(at, text, self._lies)

    def _event(self, record: Record, at: float, zero: float) -> None:
        fields = record.fields
        if record.kind in _SIGNS:
            self._sign = at
        match record.kind:
            case "SourceStarted":
                if self._origin is None:
                    began = fields.get("at")
                    self._origin = began - zero if isinstance(began, int | float) else at
                self.say(at, f"{fields.get('source')} starts")
            case "SourceFinished":
                self.say(at, f"{fields.get('source')} has no more audio")
            case "CredentialReady":
                self._credentials += 1
                again = "a fresh credential" if self._credentials > 1 else "a credential"
                same = ", the same as before" if fields.get("unchanged") else ""
                self.say(at, f"the provider gave {again}{same}")
            case "CredentialFailed":
                text = f"the provider gave no credential: {_or_none(fields, 'detail')}"
                self.say(at, text, PROVIDER)
            case "Redirected":
                where = _or_none(fields, "location").partition("?")[0]
                self.say(at, f"the backend redirects to {where} (HTTP {fields.get('status')})")
            case "SpoolFailed":
                text = f"nothing more can be kept on disk: {_or_none(fields, 'reason')}"
                self.say(at, text, TROUBLES["spool"])
            case kind if kind in _REQUESTS:
                self.say(at, _REQUESTS[kind])
                if kind == "AbortRequested":
                    self._lies, self._is_well = _ABORTED, False
            case _:
                pass

    def _update(self, update: Update, at: float) -> None:
        match update:
            case StateChanged():
                self._state(update, at)
            case BackendStatus(state=state, text=text):
                self._remark(state, text, at)
            case Gap(source=source, cause=cause, seconds=seconds):
                first, so_far = self._gaps.get((source, cause), (at, 0.0))
                self._gaps[source, cause] = (first, so_far + seconds)
            case GapWithdrawn(gap=gap):
                self.say(at, f"{gap.seconds:.1f} s of {gap.source} are not missing any more")
            case SourceHeld(source=source, device=device, reason=reason):
                self.say(at, f"{source} waits for its device {device}: {reason}", DEVICE)
            case SourceChanged(source=source, device=device):
                self.say(at, f"{source} goes on with {device}")
            case SourceEnded(source=source, cause=cause, reason=reason):
                if cause != "exhausted":
                    self.say(at, f"{source} is lost ({cause}): {reason}", DEVICE)
            case Trouble(kind="late_audio", text=text):  # as at each Ctrl-C: it was on its way
                self.say(at, f"{text} (late_audio)")
            case Trouble(kind=kind, text=text):
                self.say(at, f"{text} ({kind})", TROUBLES.get(kind, self._lies), kind=kind)
            case Resumed(gap=gap):
                self.say(at, f"the process was suspended for {gap:.1f} s", SUSPENDED)
            case _:
                pass

    def _remark(self, state: str, text: str, at: float) -> None:
        """What the backend says of itself: a sentence, and not an id. Each is told once."""
        known = (state, re.sub(r"[0-9]+", "", text))
        if " " in text.strip() and state not in _ROUTINE and known not in self._remarks:
            self._remarks.add(known)
            self.say(at, f"the backend says: {text} ({state})")

    def _state(self, update: StateChanged, at: float) -> None:
        match update.state:
            case State.STREAMING | State.FINISHING if not self._has_opened or self._lost_at:
                self._open(update, at)
            case State.RECONNECTING:
                self._lose(update, at)
            case State.DRAINING:
                self.say(at, f"dial {update.dial} is replaced by another one: {update.reason}")
            case State.FAILED:
                self._tell_again()
                self._is_well = False
                self._lies = row_of(update.reason, self._dialect).lies
                silent, began = self._silence(at)
                self.say(
                    at,
                    f"the session failed: {self._judged(update)}{silent}",
                    self._lies,
                    began=began,
                )
            case _:
                pass

    def _open(self, update: StateChanged, at: float) -> None:
        self._tell_again()
        if update.state is State.FINISHING and not update.dial:
            return
        if self._lost_at is not None and self._has_opened:
            took = at - self._lost_at
            self.say(at, f"the line is open again after {took:.1f} s, on dial {update.dial}")
        elif update.state is State.STREAMING:
            self.say(at, f"the line is open, {at:.1f} s after the start, on dial {update.dial}")
        self._has_opened = self._has_opened or update.state is State.STREAMING
        self._is_well = True
        self._lost_at, self._lost_why = None, _NONE

    def _silence(self, at: float) -> tuple[str, float | None]:
        """In words since when the line was silent, if that was long, and that time."""
        sign, self._sign = self._sign, None
        if sign is None or at - sign < _LONG_SILENT:
            return "", None
        return f"; nothing came from the server for {at - sign:.1f} s", sign

    def _lose(self, update: StateChanged, at: float) -> None:
        why = update.reason, str(update.action or "")
        if self._lost_at is not None and why == self._lost_why:
            self._again += 1
            self._again_at = at
            return
        self._tell_again()
        wait = "" if update.retry_in is None else f"; it dials again in {update.retry_in:.1f} s"
        if self._lost_at is None:
            self._lost_at = at
            what = "the line was lost" if self._has_opened else "the first dial failed"
        else:
            what = f"dial {update.dial} failed"
        self._lost_why, self._is_well = why, False
        self._lies = row_of(update.reason, self._dialect).lies
        silent, began = self._silence(at)
        self.say(at, f"{what}: {self._judged(update)}{silent}{wait}", self._lies, began=began)

    def _judged(self, update: StateChanged) -> str:
        """The reason of a verdict, its action, and the source of its rule."""
        reason = update.reason or "no reason was given"
        source = row_of(reason, self._dialect).source
        parts = (update.action.value if update.action else "", f"source: {source}" * bool(source))
        inside = ", ".join(each for each in parts if each)
        return f"{reason} [{inside}]" if inside else reason

    def _tell_again(self) -> None:
        count, self._again = self._again, 0
        if count:
            more = f"{count} more dial{'s' * (count > 1)} failed alike"
            self.say(self._again_at, more, self._lies)


def _or_none(fields: Mapping[str, Any], name: str) -> str:
    return str(fields.get(name) or "no reason was given")
