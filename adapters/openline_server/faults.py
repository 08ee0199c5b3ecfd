"""The faults of a backend, as phrases that a person writes and a program reads.

A fault names what happens, when, and on which dials::

    cut after ack                       freeze 5s after 3s on dial 4
    close 1013 retry-after 30           refuse 401 on every dial
    drop 2s after 200 frames            cut mid-final on dials 1-3; half-open on dial 4

Two defaults keep the phrases short. Without ``on``, a fault strikes on the **first dial**;
with it, once on each dial that it names. Without ``after``, it strikes **as soon as it
can**: most faults when the WebSocket opens, the others where they belong (``refuse 401`` at
the handshake, ``no ack`` at the ack); those take no ``after``. A dial is an accepted TCP
connection; its seconds count from there.

This module has the vocabulary (``Effect``, each with its ``Phrase``) and the values. A
``Fault`` is frozen, and its ``str`` is the canonical phrase: parsed again, it is the same
fault. The grammar is in ``faultgrammar``; ``injector`` carries the faults out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, Literal

#: What a phrase takes after its words; ``[…]``: or not.
Takes = Literal[
    "", "time", "[time]", "[code]", "[error]", "[text]", "status", "factor", "url", "source",
    "[source]",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    """One fault, as it is written and explained."""

    words: str
    takes: Takes
    #: The value where the phrase gives none.
    default: float
    #: Whether ``retry-after TIME`` may follow.
    retry: bool
    #: Whether ``after`` may follow.
    timed: bool
    example: str
    explanation: str
    #: The dialects whose servers can do so; none: all of them.
    only: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The phrase with its placeholders, for a list."""
        long = {"[code]": '[CODE] ["REASON"]', "[error]": '[CODE] ["TEXT"]', "[text]": '["TEXT"]'}
        takes = long.get(self.takes, self.takes.upper())
        return " ".join(filter(None, (self.words, takes, "[retry-after TIME]" * self.retry)))


def _phrase(
    words: str,
    explanation: str,
    takes: Takes = "",
    default: float = 0,
    *,
    example: str = "",
    retry: bool = False,
    timed: bool = True,
    only: tuple[str, ...] = (),
) -> Phrase:
    return Phrase(words, takes, default, retry, timed, example or words, explanation, only)


class Effect(Enum):
    """Every fault; the value is its phrase."""

    CUT = _phrase("cut", "The connection ends without a close frame.", example="cut after ack")
    CUT_MID_FRAME = _phrase("cut mid-frame", "It ends halfway through the next message.")
    CUT_MID_FINAL = _phrase("cut mid-final", "It ends halfway through the next final.")
    RESET = _phrase("reset", "The connection is reset (TCP RST).", example="reset after 3s")
    CLOSE = _phrase(
        "close",
        "A close frame; dials within the time of retry-after are refused with 503.",
        "[code]", 1000, retry=True, example="close 1013 retry-after 30s",
    )  # fmt: skip
    RESTART = _phrase(
        "restart", "All connections close with 1012, and the port is closed (for 1 s).",
        "[time]", 1, example="restart 2s after ack",
    )  # fmt: skip
    CRASH = _phrase(
        "crash", "All connections are cut, and the port is closed (for 1 s).",
        "[time]", 1, example="crash 2s after first final",
    )  # fmt: skip
    REFUSE = _phrase(
        "refuse", "The handshake is answered with this HTTP status.", "status",
        retry=True, timed=False, example="refuse 503 retry-after 30s",
    )  # fmt: skip
    SHUT = _phrase(
        "refuse",
        "The port is closed: before the dial, or from the moment after which it strikes.",
        "time", example="refuse 5s",
    )  # fmt: skip
    REDIRECT = _phrase(
        "redirect", "The handshake is answered with 307 and this Location.",
        "url", timed=False, example="redirect ws://127.0.0.1:9000/",
    )  # fmt: skip
    UNAUTHORIZED = _phrase(
        "unauthorized", "The token is found wrong: 1008, or the HTTP status for it.", timed=False
    )
    CAPACITY = _phrase(
        "capacity", "No session is free: a message and a close (echopanel: after 5 s).", timed=False
    )
    ERROR = _phrase(
        "error", "An error message, instead of the ack or after a moment, and the close for it.",
        "[error]", example="error 3007 after 5s",
    )  # fmt: skip
    ERROR_WITHOUT_CODE = _phrase(
        "error without code", "The same, and no member of the message is a code.",
        "[text]", example="error without code after 5s",
    )  # fmt: skip
    FAILED_ITEM = _phrase(
        "failed item", "openai: the next item fails for too many requests, or with this code.",
        "[text]", example='failed item "insufficient_quota"', only=("openai",),
    )  # fmt: skip
    OLDER_SERVER = _phrase(
        "older server",
        "whisperlive: float32 alone, no `completed`; sherpa: before 1.12, no `is_eof`, no blanks.",
        timed=False, only=("whisperlive", "sherpa"),
    )  # fmt: skip
    CPP_SERVER = _phrase(
        "cpp server",
        "vosk: as its server in C++: any text is audio, at 16 kHz, and no close follows `eof`.",
        timed=False, only=("vosk",),
    )  # fmt: skip
    NO_ACK = _phrase(
        "no ack", "start, or where there is none the handshake, is never answered.", timed=False
    )
    NO_SUMMARY = _phrase("no summary", "stop is answered, but never completed.", timed=False)
    NO_PONG = _phrase("no pong", "Pings are not answered any more; all else goes on.")
    NO_KEEPALIVE = _phrase(
        "no keepalive", "The contract's close when neither audio nor keepalive came for so long.",
        "time", example="no keepalive 10s",
    )  # fmt: skip
    SESSION_LIMIT = _phrase(
        "session limit", "The session may last so long, from the dial on; its end says so.",
        "time", timed=False, example="session limit 30s",
    )  # fmt: skip
    GO_AWAY = _phrase(
        "go away", "A notice, where the contract has one; the end comes so much later.",
        "time", example="go away 5s after ack",
    )  # fmt: skip
    FREEZE = _phrase(
        "freeze", "The server stays up, reads nothing and sends nothing, on any connection.",
        "time", example="freeze 5s after ack",
    )  # fmt: skip
    HALF_OPEN = _phrase(
        "half-open", "Nothing arrives at either side any more.", example="half-open after 2s"
    )
    STALL_UPLINK = _phrase(
        "stall uplink", "The connection is not read.", "time", example="stall uplink 8s after ack"
    )
    STALL_DOWNLINK = _phrase(
        "stall downlink", "The server's messages are held back, and it waits until they go.",
        "time", example="stall downlink 8s after ack",
    )  # fmt: skip
    SLOW = _phrase(
        "slow", "A second of audio takes the recogniser so many seconds: queues fill and drop.",
        "factor", example="slow 3x",
    )  # fmt: skip
    STUCK = _phrase("stuck", "The recogniser never answers again.", example="stuck after 2 finals")
    DROP = _phrase(
        "drop", "So much audio is dropped on arrival, reported and counted.",
        "time", example="drop 2s after 100 frames",
    )  # fmt: skip
    GARBAGE = _phrase("garbage", "Malformed messages of all kinds.", example="garbage after ack")
    GARBAGE_BYTES = _phrase(
        "garbage bytes", "Bytes that are no WebSocket frame.", example="garbage bytes after ack"
    )
    OVERSHOOT = _phrase(
        "overshoot", "Finals claim an end, up to so much behind the audio that the recogniser has.",
        "time", example="overshoot 10s",
    )  # fmt: skip
    OVERSHOOT_START = _phrase(
        "overshoot start", "Finals claim a beginning behind the audio too.",
        "time", example="overshoot start 5s",
    )  # fmt: skip
    LONE_DOTS = _phrase(
        "lone dots", "Behind each final come up to nine of text '.', with times behind the audio."
    )
    EARLY = _phrase(
        "early", "Finals claim a beginning up to so much too early, and below 0.",
        "time", example="early 2s",
    )  # fmt: skip
    ODD_TIMES = _phrase("odd times", "Finals begin below 0, or end before they begin, in turn.")
    OVERLAP = _phrase("overlap", "Finals overlap, and every other pair comes out of order.")
    CLOSING_WORDS = _phrase("words while closing", "Finals after stop come behind the summary.")
    NO_LAST_FINAL = _phrase("no last final", "Words after stop stay partial: no final has them.")
    IGNORE = _phrase(
        "ignore", "A source is not transcribed; each of its frames is answered with a warning.",
        "source", example="ignore mic",
    )  # fmt: skip
    DEAF = _phrase(
        "deaf", "Pings are answered and audio is taken, and nothing is said (of one source).",
        "[source]", example="deaf mic after 5s",
    )  # fmt: skip
    QUEUE = _phrase(
        "queue", "A queue holds so much audio, and metrics say so.", "time", example="queue 1s"
    )
    LATE = _phrase(
        "late", "The recogniser stalls, then goes on: queues fill and drop.",
        "time", example="late 3s after 5s",
    )  # fmt: skip
    SLOW_FLUSH = _phrase(
        "slow flush", "After stop the recogniser takes so long; metrics go on each second.",
        "time", timed=False, example="slow flush 35s",
    )  # fmt: skip
    BOM = _phrase("bom", "A byte order mark stands before each message.")
    ODD_NUMBERS = _phrase(
        "odd numbers", 'Numbers come as "1.5", 1.5e0, 2 or NaN; fields have wrong types.'
    )

    @property
    def phrase(self) -> Phrase:
        """The phrase and explanation of this fault."""
        return self.value


class Mark(StrEnum):
    """The unit in which a moment is counted, or the moment itself."""

    ACCEPT = "accept"
    OPEN = "open"
    START = "start"
    ACK = "ack"
    STOP = "stop"
    SUMMARY = "summary"
    SECOND = "second"
    FRAME = "frame"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the life of a dial: ``after 3s``, ``after 200 frames``, ``after ack``.

    ``count``: seconds (to a millisecond), frames of audio received, or finals sent.
    """

    mark: Mark
    count: float = 1

    def __str__(self) -> str:
        if self.mark is Mark.SECOND:
            return _seconds(self.count)
        if self.mark not in {Mark.FRAME, Mark.FINAL}:
            return self.mark.value
        return f"first {self.mark}" if self.count == 1 else f"{self.count:.0f} {self.mark}s"


@dataclass(frozen=True, slots=True)
class Dials:
    """Dials by number, from 1; ``last`` None: all later dials too."""

    first: int = 1
    last: int | None = 1

    def __contains__(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last)

    def __str__(self) -> str:
        if self.last is None:
            return "on every dial" if self.first == 1 else f"from dial {self.first}"
        if self.first == self.last:
            return f"on dial {self.first}"
        return f"on dials {self.first}-{self.last}"


FIRST_DIAL: Final = Dials()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; made by ``faultgrammar.parse_faults``.

    ``number`` is the phrase's value: seconds, a close code, a status or a factor; ``text``
    the reason, the URL or the source; ``after`` None: as soon as it can.
    """

    effect: Effect
    number: float = 0
    text: str = ""
    retry_after: float | None = None
    after: Moment | None = None
    dials: Dials = FIRST_DIAL

    def __str__(self) -> str:
        phrase = self.effect.phrase
        words = [phrase.words]
        match phrase.takes:
            case "time" | "[time]":
                words.append(_seconds(self.number))
            case "[error]" if self.number == 0:
                pass
            case "[code]" | "[error]" | "status":
                words.append(f"{self.number:.0f}")
            case "factor":
                words.append(f"{_number(self.number)}x")
            case _:
                pass
        if self.text:
            is_source = phrase.takes.strip("[]") == "source"
            words.append(self.text if is_source else _quoted(self.text))
        if self.retry_after is not None:
            words.append(f"retry-after {_seconds(self.retry_after)}")
        if self.after is not None:
            words.append(f"after {self.after}")
        if self.dials != FIRST_DIAL:
            words.append(str(self.dials))
        return " ".join(words)


def fault_list() -> str:
    """Every phrase with its explanation, a line each, and how to write when and where."""
    forms = [effect.phrase.form for effect in Effect]
    width = max(map(len, forms))
    lines = [
        f"{form:{width}}  {e.phrase.explanation}" for form, e in zip(forms, Effect, strict=True)
    ]
    return "\n".join([*lines, "", _RULES, ""])


_RULES: Final = """\
after accept|open|start|ack|stop|summary, after TIME (from the dial on), after N frames,
  after N finals, after first final; while finishing is after stop; else as soon as it can
on dial N, on dials N-M, from dial N, on every dial; else on the first dial
several faults: with ; or , between them; times: 300ms, 0.5s, 5s, 1min; factors: 3x

openline serve --fault "cut after ack on dials 1-2; freeze 5s after 3s on dial 4\""""


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _seconds(value: float) -> str:
    return f"{_number(value)}s"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
