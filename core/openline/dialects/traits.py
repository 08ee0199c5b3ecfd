"""The traits of a backend: the numbers and names by which the core treats it.

A dialect has one ``Traits`` value. The core reads it and never asks which dialect it is.
``Traits`` checks itself when it is made, so the traits of a dialect are always valid.

Three traits describe the queue of a backend, in seconds of audio per source:

    drained ──── window 1.6 ────┤ queue 2.0
                                └ a backlog is sent up to here, the rest is for jitter

A backend drops the oldest audio beyond ``queue``. So a backlog is sent up to ``window``
beyond what the backend has taken out of its queue. Live audio cannot pile up faster than
time passes: it may run ``live_ahead`` beyond what the backend has received, unless the
backend is *filling*, which it is from ``filling_above`` seconds of reported backlog on
until it reports less than ``filling_below``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import msgspec

from openline.dialects.trait_checks import are_names, check_rules, is_time, wrong
from openline.reconnect.verdicts import Rule

#: Close codes (RFC 6455 §7.4.2): a close frame has no others.
_CODES: Final = range(1000, 5000)
_STATUSES: Final = range(100, 600)
#: Rates that audio of 16 kHz can be turned into, in Hz.
_RATES: Final = (8000, 16000, 24000, 48000)
#: Seconds of a frame, which audio messages are made of.
_FRAME: Final = 0.02
#: Seconds. A longer message delays words, and a source that can wait is paused before it is full.
_LONGEST_MESSAGE: Final = 1.0
_ROUNDING: Final = 1e-9
_NO_CODES: Final[Mapping[int, Rule]] = MappingProxyType({})
_NO_REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType({})
_TABLES: Final = ("codes", "statuses", "refusals")
#: The traits that are seconds, 0 or more.
_SECONDS: Final = (
    *("horizon", "disorder", "start_delay", "window", "time_error", "longest_run", "tail"),
    *("settle", "live_ahead", "filling_above", "filling_below", "drain_timeout"),
)
_SECONDS_OR_NONE: Final = (
    *("queue", "pace", "keepalive", "flush_every", "flush_idle", "longest", "patience"),
    "pong_patience",
)
#: Seconds: a shorter life would be spent on dialling.
_SHORTEST_LIFE: Final = 60.0
#: Seconds. Audio flows in frames of 0.02 s, with several confirmations per window.
_LEAST: Final = 0.1
#: Seconds without audio, as of a muted source, after which the words so far are asked for: the
#: silence by which backends end an utterance, of a second or less by default, does not come.
PAUSE: Final = 2.0


#: Seconds by which the mark may lag, per second of ``longest_run``: in models of the measured
#: errors it lagged 30 to 32 s at worst, queue and chunk included, with a run of 20 s.
_LAG: Final = 1.5


class Ends(StrEnum):
    """What the end of a final proves."""

    EXACT = "exact"  #: the backend has transcribed all audio before it
    CLAIMED = "claimed"  #: nothing: it may lie behind all audio that the backend had
    NONE = "none"  #: nothing, and finals need not come in order: proofs alone move the mark


class Unit(StrEnum):
    """What a ``Proof`` counts: from 0 on, on this dial, silence that the core put in included."""

    SECONDS = "seconds"  #: of the audio of the source
    AUDIO = "audio"  #: audio messages
    MESSAGES = "messages"  #: messages of any kind, those of ``start`` and ``stop`` too
    BYTES = "bytes"  #: of ``pcm``, as it was given to ``audio``
    FLUSHES = "flushes"  #: calls of ``flush`` that made a message


class Encoding(StrEnum):
    """How samples are written, little-endian."""

    S16LE = "s16le"
    F32LE = "f32le"  #: from -1.0 up to 1.0


class Drain(StrEnum):
    """How the words of all audio so far are asked for when a dial is to be left."""

    FLUSH = "flush"  #: by ``Dialect.flush``
    STOP = "stop"  #: by ``Dialect.stop``: its final message ends the dial
    NONE = "none"  #: not at all: what is unproved is sent again


class End(StrEnum):
    """How the backend ends a session that was stopped."""

    MESSAGE = "message"  #: by a ``FinalMessage``
    CLOSE = "close"  #: by a close when all is proved
    NEVER = "never"  #: not at all: silence is sent (``tail``), and words wait (``settle``)


class Address(msgspec.Struct, frozen=True):
    """Where a backend listens: a host, a port from 1 to 65535, and a path from ``/`` on.

    ``secure``: it is dialled with wss, on any host.
    """

    host: str
    port: int
    path: str
    secure: bool = False


class AudioForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form of audio messages: ``rate`` in Hz, the encoding, and seconds per message.

    ``usual``: the length of a message, a multiple of 0.02 s, up to 1 s. ``least``: a shorter one,
    such as the last, is filled up to this with silence; 0: none is.
    """

    rate: int = 16000
    encoding: Encoding = Encoding.S16LE
    usual: float = 0.02
    least: float = 0.0


_FRAMES: Final = AudioForm()


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of one kind of backend. All durations are seconds.

    ``sources``: the names that a source of audio may have; (): one source of any name.
    ``form``: how audio messages are made.

    The opening. ``greets``: the backend speaks first, with a ``Status`` whose ``ack`` is True,
    and only then is the start sent. ``replies``: it answers the start with such a status.
    ``patience``: how long each may take; None: the policy's ``ack_timeout``. ``start_delay``: the
    start goes out no earlier than this after dialling began. ``longest``: a connection lives so
    long at most, counted from dialling; None: there is no known limit.

    Proof. ``ends``: what the ends of its finals prove; the default assumes nothing. ``counts``:
    what else than seconds its proofs count. ``watermarks``: they also prove words, so that nothing
    rests on finals (for documentation). ``proves_silence``: it proves that audio without
    words was processed; if not, quiet audio is assumed to be after ``horizon``. ``horizon``:
    audio that a backend took out of its queue is transcribed or discarded after so long.
    ``time_error``: how far the beginnings and ends of words may be off, ends that lie behind the
    audio aside. ``longest_run``: finals without a wide pause between them are confirmed after so
    long, or a tenth later (``openline.audio.marks``). ``disorder``: a final that is still to come
    begins so long before the latest end at most, as with parallel decoders, or where two people
    speak at once (``openline.audio.settling``). ``word_times``: finals have the times of their
    words. ``silent_in_silence``: the backend sends nothing while it receives silence, or may do
    so, and a quiet line does not mean that it fails.

    Sending. ``queue``, ``window``, ``live_ahead``, ``filling_above``, ``filling_below``: its
    queue, as described above; the defaults suit a backend that keeps 2 s, a short queue as queues
    go. ``queue`` None: it keeps all, and nothing bounds what is sent. ``pace``: audio goes at
    most so many times as fast as time, more than 1; None: no limit. ``keepalive``: after so long
    without a message one is sent. ``flush_every``: a flush is sent after so much audio, for a
    backend that transcribes only what is flushed. ``flush_idle``: a flush is sent when no audio
    went for so long, for a backend that waits for silence, as a muted source sends none.
    ``pong_patience``: a pong may take so long;
    None: the policy's ``pong_timeout``.

    The end. ``end``: how the backend ends a stopped session. ``tail``: so much silence is sent
    before the stop. ``settle``: with ``End.NEVER``, how long words are waited for then. ``drain``:
    how the words of all audio are asked for before another dial takes over; ``drain_timeout``:
    how long that takes at most.

    ``codes``, ``statuses``: close codes and HTTP statuses with another meaning than in the verdict
    table. ``refusals``: texts with which the backend refuses, each with its rule; for
    documentation and for the dialect's own ``decode``. ``address``: where it listens by default;
    None: there is no usual address. ``key_variable``: the variable of the environment in which
    its users keep the credential, such as ``DEEPGRAM_API_KEY``; "": none. ``key_parameter``: the
    parameter of the URL in which the credential travels, for a backend that takes it in no
    header; URLs end up in the logs of servers.

    Raises ValueError, one line that names the trait, for a value that cannot work.
    """

    sources: tuple[str, ...]
    horizon: float
    form: AudioForm = _FRAMES
    greets: bool = False
    replies: bool = True
    patience: float | None = None
    start_delay: float = 0.0
    longest: float | None = None
    ends: Ends = Ends.CLAIMED
    counts: Unit | None = None
    watermarks: bool = False
    proves_silence: bool = True
    time_error: float = 0.3
    longest_run: float = 20.0
    disorder: float = 0.0
    word_times: bool = False
    silent_in_silence: bool = False
    queue: float | None = 2.0
    window: float = 1.6
    live_ahead: float = 1.0
    filling_above: float = 1.6
    filling_below: float = 1.0
    pace: float | None = None
    keepalive: float | None = None
    flush_every: float | None = None
    flush_idle: float | None = None
    pong_patience: float | None = None
    end: End = End.MESSAGE
    tail: float = 0.0
    settle: float = 0.0
    drain: Drain = Drain.NONE
    drain_timeout: float = 3.0
    codes: Mapping[int, Rule] = _NO_CODES
    statuses: Mapping[int, Rule] = _NO_CODES
    refusals: Mapping[str, Rule] = _NO_REFUSALS
    address: Address | None = None
    key_variable: str = ""
    key_parameter: str = ""

    def __post_init__(self) -> None:
        if self.sources != () and not are_names(self.sources):
            raise wrong("sources", self.sources, "a tuple of names, such as ('mic',)")
        for name in _SECONDS:
            if not is_time(getattr(self, name)):
                raise wrong(name, getattr(self, name), "seconds, 0 or more")
        for name in _SECONDS_OR_NONE:
            value = getattr(self, name)
            if value is not None and not (is_time(value) and value > 0):
                raise wrong(name, value, "seconds, more than 0, or None")
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise wrong(name, value, _WANTED[kind])
        if not _PARAMETER.fullmatch(self.key_parameter):
            raise wrong("key_parameter", self.key_parameter, _WANTED_PARAMETER)
        for name, kind, want in _OPTIONAL:
            value = getattr(self, name)
            if not isinstance(value, kind | None):
                raise wrong(name, value, f"{want}, or None")
        self._check_limits()
        _check_form(self.form)
        check_rules("codes", self.codes, int, "close code from 1000 to 4999", _CODES)
        check_rules("statuses", self.statuses, int, "status from 100 to 599", _STATUSES)
        check_rules("refusals", self.refusals, str, "text")

    def _check_limits(self) -> None:
        for name in ("window", "live_ahead"):
            if getattr(self, name) < _LEAST:
                raise wrong(name, getattr(self, name), f"{_LEAST:g} s or more")
        if self.queue is not None and self.window > self.queue:
            raise ValueError("Traits.window is more than queue: lower it")
        if self.disorder > self.horizon:
            raise ValueError("Traits.disorder is more than horizon: raise horizon")
        if self.filling_below > self.filling_above:
            raise ValueError("Traits.filling_below is more than filling_above: lower it")
        if self.pace is not None and self.pace <= 1:
            raise wrong("pace", self.pace, "more than 1, or a backlog is never made good")
        if self.longest is not None and self.longest < _SHORTEST_LIFE:
            raise wrong("longest", self.longest, f"{_SHORTEST_LIFE:g} s or more, or None")
        if self.end is End.NEVER and not self.settle:
            raise wrong("settle", self.settle, "seconds, for the backend never ends a session")

    @property
    def rulings(self) -> Mapping[int, Rule]:
        """The rules for close codes and for HTTP statuses, which have no number in common."""
        return {**self.codes, **self.statuses}

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the sources of a session may have, for an example of one."""
        return self.sources or ("mic",)

    @property
    def lag(self) -> float:
        """How long the backend may leave audio unconfirmed, in seconds, on a line that works."""
        if self.ends is Ends.EXACT:
            return self.horizon + self.disorder
        return self.disorder + max(self.horizon, _LAG * self.longest_run) + (self.queue or 0.0)

    def __reduce__(self) -> tuple[Callable[..., Traits], tuple[dict[str, Any]]]:
        """As plain dicts, for a copy or another process: no mappingproxy can be pickled."""
        tables = {name: dict(getattr(self, name)) for name in _TABLES}
        return _unpickled, (msgspec.structs.asdict(self) | tables,)


def _unpickled(given: dict[str, Any]) -> Traits:
    tables: dict[str, Any] = {name: MappingProxyType(given[name]) for name in _TABLES}
    return Traits(**given | tables)


#: What needs no quoting in a URL (RFC 3986 §2.3).
_PARAMETER: Final = re.compile(r"[A-Za-z0-9._~-]*")
_WANTED_PARAMETER: Final = "a name of letters, digits, -, ., _ and ~, or an empty text"
_KINDS: Final[Mapping[str, type]] = MappingProxyType(
    {
        **dict.fromkeys(("greets", "replies", "watermarks", "proves_silence"), bool),
        **dict.fromkeys(("silent_in_silence", "word_times"), bool),
        "form": AudioForm,
        "ends": Ends,
        "end": End,
        "drain": Drain,
        "key_variable": str,
        "key_parameter": str,
    }
)
_WANTED: Final[Mapping[type, str]] = MappingProxyType(
    {
        bool: "True or False",
        str: "a name, or an empty text",
        AudioForm: "an AudioForm",
        Ends: "Ends.EXACT, Ends.CLAIMED or Ends.NONE",
        End: "End.MESSAGE, End.CLOSE or End.NEVER",
        Drain: "Drain.FLUSH, Drain.STOP or Drain.NONE",
    }
)


_OPTIONAL: Final = (("address", Address, "an Address"), ("counts", Unit, "a Unit"))


def _check_form(form: AudioForm) -> None:
    if form.rate not in _RATES:
        raise ValueError(f"Traits.form.rate is {form.rate!r}: give one of {list(_RATES)}")
    if form.encoding not in set(Encoding):
        raise ValueError("Traits.form.encoding: give Encoding.S16LE or Encoding.F32LE")
    frames = form.usual / _FRAME if is_time(form.usual) else 0.0
    is_multiple = abs(frames - round(frames)) <= _ROUNDING
    if not is_multiple or not 1 <= round(frames) <= _LONGEST_MESSAGE / _FRAME:
        raise ValueError(
            f"Traits.form.usual is {form.usual!r}: give a multiple of {_FRAME:g} s, up to "
            f"{_LONGEST_MESSAGE:g} s"
        )
    if not is_time(form.least) or form.least > form.usual:
        raise ValueError(f"Traits.form.least is {form.least!r}: give 0 to usual")
