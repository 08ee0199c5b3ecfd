"""From phrases to faults: a grammar small enough to be guessed, and errors that help.

::

    faults   = fault, { (";" | ","), fault } ;
    fault    = [ moment, "then" ], effect, { modifier } ;
    modifier = "after", moment | "while finishing" | dials ;
    moment   = "accept" | "open" | "start" | "ack" | "stop" | "summary"
             | time | n, ("frames" | "finals") | "first", ("frame" | "final") ;
    dials    = "on", ( "dial", n | "dials", n, "-", n | "every dial" )
             | "from dial", n | "every dial" ;
    effect   = words, [ what its phrase takes ], [ '"', reason, '"' ], [ "retry-after", time ] ;
    time     = number, ( "ms" | "s" | "min" ) ;

Each modifier stands once, in any order; ``while finishing`` is ``after stop``, ``ack then
cut`` is ``cut after ack``. Letters may be small or capital, a hyphen may be a space, a unit
may follow a space and be written out (``5 seconds``), and a ``retry-after`` of bare
seconds is one too. ``"…"`` quotes a reason, or a URL with a comma or a semicolon in it.

The text comes as tokens, each with its place, and is read from left to right with one
token of foresight. What does not fit ends it in a ``FaultError`` of one line: where, what
stands there, what was expected, and the phrase that was probably meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final, NoReturn

from openline_server.faults import FIRST_DIAL, Dials, Effect, Fault, Mark, Moment
from openline_server.faulttokens import COUNTED, FACTORS, SECONDS, Token, tokenize

_MARKS: Final = {
    mark.value: mark for mark in Mark if mark not in {Mark.SECOND, Mark.FRAME, Mark.FINAL}
}
_MOMENTS: Final = (*_MARKS, "first", "a time such as 3s", "200 frames")
_DAY: Final = 86_400.0
#: Codes that stand for what is no close frame.
_UNSENDABLE: Final = frozenset({1005, 1006, 1015})
#: What fits in a close frame beside the code.
_MAX_REASON: Final = 123
_MAX_URL: Final = 2000
_MAX_SHOWN: Final = 80
#: Words by which a phrase is found, the longest first.
_WORDS: Final = sorted(
    ((effect.phrase.words.replace("-", " ").split(), effect) for effect in Effect),
    key=lambda pair: -len(pair[0]),
)


class FaultError(ValueError):
    """A phrase that names no fault; one line for a person."""


def parse_faults(text: str) -> tuple[Fault, ...]:
    """The faults of ``text``, at least one. Raises FaultError."""
    return _Reader(text).faults()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str, *, suggests: bool = True) -> None:
        self._source = text
        self._suggests = suggests
        self._tokens = tokenize(text)
        self._at = self._began = 0

    def faults(self) -> tuple[Fault, ...]:
        found = [self._fault()]
        while self._next.kind == "separator":
            self._at += 1
            self._began = self._at
            found.append(self._fault())
        return tuple(found)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _fault(self) -> Fault:
        after: Moment | None = None
        if self._next.kind == "number" or self._next.text in {*_MARKS, "first"}:
            after = self._moment()
            self._word("then")
        at = self._at
        effect = self._effect()
        if after is not None and not effect.phrase.timed:
            self._at = at
            self._untimed(effect)
        number, text = self._takes(effect)
        retry_after = self._retry_after() if effect.phrase.retry else None
        dials: Dials | None = None
        while self._next.kind not in {"separator", "end"}:
            if after is None and self._next.text in {"after", "while"}:
                if not effect.phrase.timed:
                    self._untimed(effect)
                after = self._after()
            elif dials is None and self._next.text in {"on", "from", "every"}:
                dials = self._dials()
            else:
                words = {"after": after is None and effect.phrase.timed}
                words |= dict.fromkeys(("on dial", "on every dial", "from dial"), dials is None)
                self._fail([word for word, may in words.items() if may] + ["';'"])
        if after == Moment(Mark.OPEN) and effect is not Effect.SHUT:
            after = None  # as soon as it can
        return Fault(effect, number, text, retry_after, after, dials or FIRST_DIAL)

    def _effect(self) -> Effect:
        here = [token.text for token in self._tokens[self._at :]]
        found = [(words, effect) for words, effect in _WORDS if here[: len(words)] == words]
        if not found:
            self._unknown(here)
        words, effect = found[0]
        self._at += len(words)
        return Effect.SHUT if effect is Effect.REFUSE and self._is_time() else effect

    def _unknown(self, here: list[str]) -> NoReturn:
        reached = max(_common(words, here) for words, _ in _WORDS)
        self._at += reached
        following = dict.fromkeys(w[reached] for w, _ in _WORDS if _common(w, here) == reached)
        self._fail(list(following) if reached else ["a fault"], following)

    def _takes(self, effect: Effect) -> tuple[float, str]:
        """What follows the words of ``effect``: a number and a text."""
        default = effect.phrase.default
        match effect.phrase.takes:
            case "time":
                return self._time(), ""
            case "[time]":
                return (self._time() if self._next.kind == "number" else default), ""
            case "factor":
                return self._number("a factor such as 3x, of 1x or more", FACTORS, 1, 1000), ""
            case "status":
                hint = "a status such as 503, from 200 to 599, or a time such as 5s"
                return self._whole(hint, 200, 599), ""
            case "[code]":
                code = self._code() if self._next.kind == "number" else default
                return code, self._text() if self._next.kind == "quoted" else ""
            case "url":
                return 0, self._text("a URL", _MAX_URL)
            case "":
                return 0, ""

    def _after(self) -> Moment:
        if self._take().text == "after":
            return self._moment()
        self._word("finishing")
        return Moment(Mark.STOP)

    def _moment(self) -> Moment:
        token = self._next
        if token.text in _MARKS:
            self._at += 1
            return Moment(_MARKS[token.text])
        if token.text == "first":
            self._at += 1
            return Moment(COUNTED[self._word("final", "frame")])
        if token.unit in COUNTED:
            count = self._number("a count of 1 or more", COUNTED, 1, 10**9)
            if not count.is_integer():
                self._at -= 1
                self._fail(["a whole number"])
            return Moment(COUNTED[token.unit], count)
        if not self._is_time():
            self._fail(_MOMENTS, _MARKS)
        return Moment(Mark.SECOND, self._time())

    def _dials(self) -> Dials:
        begun = self._take().text
        if begun == "every" or (begun == "on" and self._next.text == "every"):
            if begun == "on":
                self._at += 1
            self._word("dial", "dials")
            return Dials(1, None)
        if begun == "on":
            self._word("dial", "dials", "every")
        else:
            self._word("dial")
        token = self._next
        if token.kind == "range" and begun == "on":
            self._at += 1
            first, last = (int(number) for number in token.text.split("-"))
            if not 1 <= first <= last:
                self._at -= 1
                self._fail(["a range such as 1-3"])
            return Dials(first, last)
        number = int(self._whole("the number of a dial, from 1 on", 1, 10**9))
        return Dials(number, number if begun == "on" else None)

    def _retry_after(self) -> float | None:
        if self._next.text != "retry":
            return None
        self._at += 1
        self._word("after")
        if self._is_time():
            return self._time(0)
        return self._whole("seconds, from 0 to a day", 0, int(_DAY))

    def _is_time(self) -> bool:
        return self._next.unit in SECONDS

    def _time(self, least: float = 0.001) -> float:
        unit = SECONDS.get(self._next.unit, 0.0)
        hint = "a time such as 5s, from 1ms to a day"
        return self._number(hint, SECONDS, least, _DAY, scale=unit)

    def _code(self) -> float:
        hint = "a close code that can be sent, from 1000 to 4999"
        code = self._whole(hint, 1000, 4999)
        if code in _UNSENDABLE:
            self._at -= 1
            self._fail([hint])
        return code

    def _whole(self, hint: str, least: int, most: int) -> float:
        value = self._number(hint, ("",), least, most)
        if not value.is_integer():
            self._at -= 1
            self._fail([hint])
        return value

    def _number(
        self, hint: str, units: Collection[str], least: float, most: float, *, scale: float = 1.0
    ) -> float:
        """A number with one of ``units``, times ``scale``, to a thousandth."""
        token = self._next
        value = round(token.value * scale, 3)
        if token.kind != "number" or token.unit not in units or not least <= value <= most:
            self._fail([hint])
        self._at += 1
        return value

    def _text(self, what: str = "a reason", most: int = _MAX_REASON) -> str:
        """A quoted text, or a URL as it stands."""
        token = self._next
        if token.kind == "quoted":
            text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
        elif token.kind == "other":
            text = token.text
        else:
            text = ""
        if not (text and text.isprintable() and text.isascii() and len(text) <= most):
            self._fail([f"{what} of 1 to {most} ASCII characters"])
        self._at += 1
        return text

    def _word(self, *words: str) -> str:
        if self._next.text not in words:
            self._fail(words, words)
        return self._take().text

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _untimed(self, effect: Effect) -> NoReturn:
        self._raise(f"{effect.phrase.words} has a moment of its own and takes no 'after'")

    def _fail(self, expected: Collection[str], words: Iterable[str] = ()) -> NoReturn:
        """Say that one of ``expected`` should stand here; ``words`` are those that could."""
        *others, last = expected
        wanted = f"{', '.join(others)} or {last}" if others else last
        found = "nothing" if self._next.kind == "end" else f"'{_printable(self._next.text)}'"
        meant = self._meant(list(words)) if self._suggests else None
        hint = f'did you mean "{meant}"?' if meant else "see: openline serve --fault help"
        self._raise(f"expected {wanted}, found {found}; {hint}")

    def _raise(self, what: str) -> NoReturn:
        start, end = self._extent()
        shown = _printable(self._text_of(start, end))
        raise FaultError(f'fault "{shown}", column {self._next.start + 1}: {what}')

    def _extent(self) -> tuple[int, int]:
        """From where to where the fault at hand stands."""
        rest = self._tokens[self._began :]
        end = next(token.start for token in rest if token.kind in {"separator", "end"})
        return rest[0].start, end

    def _text_of(self, start: int, end: int) -> str:
        return self._source[start:end].rstrip()

    def _meant(self, words: list[str]) -> str | None:
        """The phrase that was probably meant."""
        start, end = self._extent()
        for near in get_close_matches(self._next.text, words, 1):
            repaired = (
                self._text_of(start, self._next.start) + " " + near + " "
                + self._text_of(self._next.end, end).lstrip()
            ).strip()  # fmt: skip
            if _is_right(repaired):
                return repaired
        known = [effect.phrase.example for effect in Effect]
        firsts = {each: each.replace("-", " ").split()[0] for each in known}
        # A phrase that begins with quite another word is no guess but a riddle.
        first = get_close_matches(self._tokens[self._began].text, set(firsts.values()), 1)
        alike = [each for each in known if firsts[each] in first]
        text = self._text_of(start, end).lower()
        return next(iter(get_close_matches(text, alike, 1, 0.0)), None)


def _is_right(text: str) -> bool:
    try:
        _Reader(text, suggests=False).faults()
    except FaultError:
        return False
    return True


def _common(words: list[str], here: list[str]) -> int:
    """How many words the two begin with."""
    return next(
        (n for n, (a, b) in enumerate(zip(words, here, strict=False)) if a != b),
        min(len(words), len(here)),
    )


def _printable(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}…"
