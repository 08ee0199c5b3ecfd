"""From phrases to faults: a table of regexes, and errors that name the place and the remedy.

::

    faults   = fault, { (";" | ","), fault } ;
    fault    = [ moment, "then" ], effect, { modifier } ;
    modifier = "after", moment | "while finishing" | dials ;
    moment   = "accept" | "open" | "start" | "ack" | "stop" | "summary"
             | time | n, ("frames" | "finals") | "first", ("frame" | "final") ;
    dials    = "on", ( "dial", n | "dials", n, "-", n | "every dial" )
             | "from dial", n | "every dial" ;
    effect   = words, [ what its phrase takes ], [ reason ], [ "retry-after", time ] ;
    reason   = '"', text, '"' | letters, "-", digits ;
    time     = number, ( "ms" | "s" | "min" ) ;

Each modifier stands once, in any order; ``while finishing`` is ``after stop``, ``ack then
cut`` is ``cut after ack``. Letters may be small or capital, a hyphen may be a space, a unit
may follow a space and be written out (``5 seconds``), and a ``retry-after`` of bare
seconds is one too. ``"…"`` quotes a reason, or a URL with a comma or a semicolon in it.

The text is cut at the separators, and each fault is read from left to right, a regex for each
part. The first part that does not match raises a ``FaultError`` of one line: its column, what
was expected and found, and the phrase that was probably meant. That phrase is found by trial:
each word is replaced by a known one that is close to it, or the first word of a fault is put in
front (``429``, ``limit 30s``), until the fault can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from openline_server.faults import FIRST_DIAL, Dials, Effect, Fault, Mark, Moment, fault_list

_SECONDS: Final = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
}
_DAY: Final = 86_400.0
_MARKS: Final = [m for m in Mark if m not in {Mark.SECOND, Mark.FRAME, Mark.FINAL}]
_NUMBER: Final = r"(?P<value>\d{1,9}(?:\.\d{1,9})?)"
_TIME: Final = rf"{_NUMBER}\s*(?P<unit>{'|'.join(_SECONDS)})"
_QUOTED: Final = r'"(?P<quoted>(?:[^"\\]|\\.)*)"'
_SOURCES: Final = "mic|system"
#: A reason that needs no quotes, such as NET-0001.
_REASON: Final = r"(?P<bare>[a-z]{2,10}-\d{2,6})"
_N: Final = r"[1-9]\d{0,8}"
_MOMENT: Final = (
    rf"(?P<mark>{'|'.join(_MARKS)})|first[\s-]+(?P<first>frame|final)"
    rf"|(?P<count>{_N})\s*(?P<counted>frame|final)s?|{_TIME}"
)
_DIALS: Final = (
    rf"(?:on\s+)?every\s+dials?|on\s+dials?\s+(?P<one>{_N})(?:\s*-\s*(?P<last>{_N}))?"
    rf"|from\s+dial\s+(?P<onward>{_N})"
)
#: What an effect takes: its regex, what is expected, and the least and the most of it. The codes
#: left out are those that no close frame may hold (RFC 6455 §7.4.1).
_NUMBERS: Final = {
    "time": (_TIME, "a time such as 5s, from 1ms to a day", 0.001, _DAY),
    "factor": (rf"{_NUMBER}\s*(?:x|times)", "a factor such as 3x, of 1x or more", 1, 1000),
    "status": (
        r"(?P<value>\d{3})",
        "a status such as 503, from 200 to 599, or a time such as 5s", 200, 599,
    ),
    "code": (
        r"(?!1005|1006|1015)(?P<value>\d{4})",
        "a close code that can be sent, from 1000 to 4999", 1000, 4999,
    ),
    "error": (r"(?P<value>\d{1,5})", "an error code such as 3007, from 1 to 65535", 1, 65535),
    "wait": (rf"{_TIME}|(?P<bare>\d{{1,9}})", "seconds, from 0 to a day", 0, _DAY),
}  # fmt: skip
#: What begins with a number, if anything.
_NUMBERED: Final = {"time", "[time]", "[code]", "[error]", "status", "factor"}
#: The regex of each effect's words, the longest first.
_EFFECTS: Final = sorted(
    (("[\\s-]+".join(re.split("[ -]", effect.phrase.words)), effect) for effect in Effect),
    key=lambda pair: -len(pair[0]),
)
#: What may be missing in front, or be another word for it; any word may be a URL.
_FIRST_WORDS: Final = list(
    dict.fromkeys(e.phrase.words.split()[0] for e in Effect if e is not Effect.REDIRECT)
)
_OTHER_WORDS: Final = r"\s*(?:http|status|code)(?=\s)"
_EXAMPLES: Final = {each.phrase.words: each.phrase.example for each in Effect}
#: What a word may be corrected to; the correction has to make a fault, so more does no harm.
_KNOWN: Final = sorted({"then", *re.findall("[a-z]+", fault_list().lower())})
#: What may stand between two parts, and behind one: a hyphen between letters is a space.
_GAP: Final = r"(?:\s+|(?<=[a-z])-(?=[a-z]))?"
_END: Final = r"(?=$|[\s;,]|(?<=[a-z])-[a-z])"
#: How like a known word another one has to be (difflib's ratio): "duplicate" is 0.62 like "late".
_NEAR: Final = 0.65
#: What fits in a close frame beside the code.
_MAX_REASON: Final = 123
_MAX_URL: Final = 2000
_MAX_SHOWN: Final = 80


class FaultError(ValueError):
    """A phrase that names no fault; one line for a person."""


def parse_faults(text: str, *, dialect: str | None = None) -> tuple[Fault, ...]:
    """The faults of ``text``, at least one, on a server of ``dialect``. Raises FaultError."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a user's value
        raise FaultError(f"a fault is a text such as 'cut after ack', not {type(text).__name__}")
    found = tuple(_Reader(each, start).fault() for start, each in _split(text))
    for fault in found:
        if dialect is not None and (only := fault.effect.phrase.only) and dialect not in only:
            raise FaultError(
                f'fault "{fault}": only {" or ".join(only)} has it, and this is {dialect}: give '
                f"--dialect {only[0]}, or leave it out"
            )
    return found


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Each fault and where it begins."""
    start = 0
    for found in re.finditer(rf"{_QUOTED}|[;,]", text):
        if found[0] in {";", ","}:
            yield start, text[start : found.start()]
            start = found.end()
    yield start, text[start:]


class _Reader:
    """Reads one fault; ``offset`` is its place in the whole text."""

    def __init__(self, text: str, offset: int = 0, *, suggests: bool = True) -> None:
        self._text = text
        self._offset = offset
        self._suggests = suggests
        self._effect_is_missing = False
        self._at = 0

    def fault(self) -> Fault:
        after = self._moment() if self._sees(_MOMENT) or self._sees("first") else None
        if after is not None and not self._take("then"):
            raise self._wrong("then")
        before = self._at
        effect = self._effect()
        phrase = effect.phrase
        if after is not None and not phrase.timed:
            self._at = before
            raise self._untimed(effect)
        number, text = self._takes(effect)
        retry_after: float | None = None
        if phrase.retry and self._take(r"retry[\s-]+after"):
            retry_after = self._number("wait")
        dials: Dials | None = None
        while self._rest:
            if after is None and self._sees("after|while"):
                if not phrase.timed:
                    raise self._untimed(effect)
                after = self._after()
            elif dials is None and self._sees("on|from|every"):
                dials = self._dials()
            else:
                may = ["after"] * (after is None and phrase.timed)
                may += ["on dial", "on every dial", "from dial"] * (dials is None)
                raise self._wrong(" or ".join([*may, "';'"]))
        if after == Moment(Mark.OPEN) and effect is not Effect.SHUT:
            after = None  # as soon as it can
        return Fault(effect, number, text, retry_after, after, dials or FIRST_DIAL)

    def _effect(self) -> Effect:
        found = next((effect for words, effect in _EFFECTS if self._take(words)), None)
        if found is None:
            self._effect_is_missing = True
            raise self._wrong("a fault")
        return Effect.SHUT if found is Effect.REFUSE and self._sees(_TIME) else found

    def _takes(self, effect: Effect) -> tuple[float, str]:
        """What follows the words of ``effect``: a number and a text."""
        takes, number = effect.phrase.takes, effect.phrase.default
        if takes == "url":
            return number, self._quotable("a URL", _MAX_URL, rf"{_QUOTED}|(?P<bare>[^\s;,\"]\S*)")
        if takes in {"source", "[source]"}:
            if (found := self._take(_SOURCES)) is not None:
                return number, found[0].strip().lower()
            if takes == "source":
                raise self._wrong("a source: mic or system")
            return number, ""
        if takes in _NUMBERED and (not takes.startswith("[") or self._rest[:1].isdecimal()):
            number = self._number(takes.strip("[]"))
        if takes == "[code]" and (self._rest.startswith('"') or self._sees(_REASON)):
            return number, self._quotable("a reason", _MAX_REASON, rf"{_QUOTED}|{_REASON}")
        if takes in {"[error]", "[text]"} and self._rest.startswith('"'):
            return number, self._quotable("a text", _MAX_REASON, _QUOTED)
        return number, ""

    def _after(self) -> Moment:
        if self._take("after"):
            return self._moment()
        self._take("while")
        if not self._take("finishing"):
            raise self._wrong("finishing")
        return Moment(Mark.STOP)

    def _moment(self) -> Moment:
        if found := self._take(_MOMENT):
            if found["mark"]:
                return Moment(Mark(found["mark"].lower()))
            if found["first"]:
                return Moment(Mark(found["first"].lower()))
            if found["count"]:
                return Moment(Mark(found["counted"].lower()), float(found["count"]))
            self._at = found.start()
            return Moment(Mark.SECOND, self._number("time"))
        if self._take("first"):
            raise self._wrong("final or frame")
        raise self._wrong(", ".join([*_MARKS, "first final, a time such as 3s or 200 frames"]))

    def _dials(self) -> Dials:
        before = self._at
        if found := self._take(_DIALS):
            if found["onward"]:
                return Dials(int(found["onward"]), None)
            if not found["one"]:
                return Dials(1, None)
            first, last = int(found["one"]), int(found["last"] or found["one"])
            if first <= last:
                return Dials(first, last)
            self._at = before
        self._take(r"on(?:\s+every)?|from|every")
        if self._take("dials?"):
            raise self._wrong("the number of a dial, from 1 on, or a range such as 1-3")
        raise self._wrong("dial 2, dials 1-3 or every dial")

    def _number(self, kind: str) -> float:
        """A number, in seconds if it is a time, to a thousandth."""
        pattern, hint, least, most = _NUMBERS[kind]
        before = self._at
        if found := self._take(pattern):
            groups = found.groupdict()
            scale = _SECONDS[groups["unit"].lower()] if groups.get("unit") else 1
            value = round(float(groups["value"] or groups["bare"]) * scale, 3)
            if least <= value <= most:
                return value
        self._at = before
        raise self._wrong(hint)

    def _quotable(self, what: str, most: int, pattern: str) -> str:
        before = self._at
        if found := self._take(pattern):
            text = re.sub(r"\\(.)", r"\1", found["quoted"] or "") or found.groupdict().get("bare")
            if text and text.isprintable() and text.isascii() and len(text) <= most:
                return text
        self._at = before
        raise self._wrong(f"{what} of 1 to {most} ASCII characters")

    # The text.

    def _sees(self, pattern: str) -> re.Match[str] | None:
        return re.compile(f"{_GAP}(?:{pattern}){_END}", re.IGNORECASE).match(self._text, self._at)

    def _take(self, pattern: str) -> re.Match[str] | None:
        found = self._sees(pattern)
        if found:
            self._at = found.end()
        return found

    @property
    def _rest(self) -> str:
        gap = re.compile(_GAP, re.IGNORECASE).match(self._text, self._at)
        return self._text[gap.end() if gap else self._at :]

    # Errors.

    def _untimed(self, effect: Effect) -> FaultError:
        return self._error(f"{effect.phrase.words} has a moment of its own and takes no 'after'")

    def _wrong(self, expected: str) -> FaultError:
        """``expected`` should stand here."""
        hint = "see: openline serve --fault help"
        if self._suggests and (meant := self._meant()):
            hint = f'did you mean "{meant}"?'
        word = re.match(r'"(?:[^"\\]|\\.)*"|\S+', self._rest)
        found = f"'{_printable(word[0])}'" if word else "nothing"
        return self._error(f"expected {expected}, found {found}; {hint}")

    def _error(self, what: str) -> FaultError:
        column = self._offset + len(self._text) - len(self._rest) + 1
        return FaultError(f'fault "{_printable(self._text.strip())}", column {column}: {what}')

    def _meant(self) -> str | None:
        """The phrase that was probably meant: one word repaired, or an example like it."""
        text = self._text
        for word in re.finditer("[a-z]+", text, re.IGNORECASE):
            old = word[0].lower()
            for near in [] if old in _KNOWN else get_close_matches(old, _KNOWN, 1, _NEAR):
                repaired = f"{text[: word.start()]}{near}{text[word.end() :]}".strip()
                if _reads(repaired):
                    self._at = word.start()
                    return repaired
        if self._effect_is_missing:
            rest = re.sub(_OTHER_WORDS, "", text, count=1, flags=re.IGNORECASE).strip()
            for first in _FIRST_WORDS:
                if _reads(whole := f"{first} {rest}"):
                    return whole
        near_words = get_close_matches(text.strip().lower(), _EXAMPLES, 1, _NEAR)
        return _EXAMPLES[near_words[0]] if near_words else None


def _reads(text: str) -> bool:
    try:
        _Reader(text, suggests=False).fault()
    except FaultError:
        return False
    return True


def _printable(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}…"
