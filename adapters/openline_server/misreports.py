"""How the messages of a recogniser go wrong: times, order, numbers, silence.

A real recogniser of this contract says the right words with wrong times, sends words out of
nothing, or late, or says nothing. Its JSON may come from any library, so that numbers have
any form. This module is the part of fault injection that does so: it turns each message of one
connection into those that go in its place, and into text. It is pure: the random source is
an argument, so that the same faults with the same seed give the same messages.

No text of a final is changed here, and none is lost but by ``deaf``, ``failed item`` and ``no last
final``: words are only added (``lone dots``), held for a while (``overlap``, ``words while
closing``), or given other times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from math import isfinite, nan
from random import Random
from typing import Final

from openline.updates import SAMPLE_RATE
from openline_server.claims import DOT
from openline_server.contract import JsonObject, encode
from openline_server.faults import Effect, Fault

#: The faults that are carried out here.
MISREPORTS: Final = frozenset(
    {
        Effect.OVERSHOOT,
        Effect.OVERSHOOT_START,
        Effect.LONE_DOTS,
        Effect.EARLY,
        Effect.ODD_TIMES,
        Effect.OVERLAP,
        Effect.CLOSING_WORDS,
        Effect.NO_LAST_FINAL,
        Effect.DEAF,
        Effect.BOM,
        Effect.ODD_NUMBERS,
    }
)
#: With one of these the ends of finals prove nothing, and the server must not call them exact.
FALSE_ENDS: Final = frozenset(
    {
        Effect.OVERSHOOT,
        Effect.OVERSHOOT_START,
        Effect.LONE_DOTS,
        Effect.EARLY,
        Effect.ODD_TIMES,
        Effect.OVERLAP,
        Effect.ODD_NUMBERS,
    }
)
_MOST_DOTS: Final = 9
#: How far lone dots lie behind the audio, as was measured: seconds.
_DOTS_BEHIND: Final = 24.0
#: A final that is held to come out of order goes after so many metrics at the latest.
_PATIENCE: Final = 3
_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
#: Marks a string that is to be a bare number in the text.
_RAW: Final = "\x00"
_RAW_NUMBER: Final = re.compile(r'"\\u0000([^"]*)"')
_FORMS: Final = 8
#: More than any float, and valid JSON.
_HUGE: Final = f"{_RAW}1{'0' * 400}"


class Misreports:
    """The faults in force on the words and figures of one connection."""

    def __init__(self, random: Random) -> None:
        """No fault is in force."""
        self._random = random
        self._faults: dict[Effect, Fault] = {}
        #: The finals that wait for a later one: the message, and the metrics since.
        self._held: dict[str, tuple[JsonObject, int]] = {}
        self._closing: list[JsonObject] = []
        self._turn = self._pair = self._form = 0
        #: The client has sent ``stop``.
        self.stopped = False
        #: What ``metrics`` give as ``realtime_factor``; None: the true one.
        self.realtime_factor: float | None = None

    def strike(self, fault: Fault) -> None:
        """``fault``, of ``MISREPORTS`` or a failed item, is in force from now on."""
        self._faults[fault.effect] = fault

    @property
    def deaf(self) -> bool:
        """Whether nothing is said of any source, not even that the session is over."""
        fault = self._faults.get(Effect.DEAF)
        return fault is not None and not fault.text

    def messages(self, message: JsonObject, taken: Mapping[str, int]) -> list[JsonObject]:
        """The messages that go in place of ``message``.

        ``taken``: the samples that the recogniser has taken of each source.
        """
        if self._is_deaf(message):
            return []
        match message["type"]:
            case "asr_final" if Effect.FAILED_ITEM in self._faults:
                code = self._faults.pop(Effect.FAILED_ITEM).text
                return [message | {"type": "asr_failed", "code": code}]
            case "asr_final" if self.stopped and Effect.NO_LAST_FINAL in self._faults:
                return [_partial(message)]
            case "asr_final":
                source = str(message["source"])
                finals = self._final(message, taken.get(source, 0) / SAMPLE_RATE)
                finals = [each for final in finals for each in self._in_order(source, final)]
                if self.stopped and Effect.CLOSING_WORDS in self._faults:
                    self._closing += finals
                    return []
                return finals
            case "metrics":
                if self.realtime_factor is not None:
                    message = message | {"realtime_factor": self.realtime_factor}
                return [*self._overdue(str(message["source"])), message]
            case "flushed":
                waiting = [final for final, _ in self._held.values()]
                self._held.clear()
                return [*waiting, message]
            case "final_summary":
                waiting = [final for final, _ in self._held.values()]
                closing, self._closing = self._closing, []
                self._held.clear()
                if Effect.CLOSING_WORDS in self._faults:
                    return [message, *waiting, *closing]
                return [*waiting, message]
            case _:
                return [message]

    def encode(self, message: JsonObject, encode: Callable[[JsonObject], str] = encode) -> str:
        """The text frame of ``message``; ``encode`` is its contract's own."""
        text = encode(message)
        if Effect.ODD_NUMBERS in self._faults:
            text = self._odd_numbers(message)
        return _BOM + text if Effect.BOM in self._faults else text

    def _is_deaf(self, message: JsonObject) -> bool:
        fault = self._faults.get(Effect.DEAF)
        if fault is None or message.get("state") == "connected" or "client_features" in message:
            return False
        return not fault.text or message.get("source") == fault.text

    # Times.

    def _final(self, message: JsonObject, given: float) -> list[JsonObject]:
        t0, t1 = _number(message["t0"]), _number(message["t1"])
        if fault := self._faults.get(Effect.EARLY):
            t0 -= self._random.uniform(0, fault.number)
        if fault := self._faults.get(Effect.OVERSHOOT):
            t1 = given + self._random.uniform(0, fault.number)
        if fault := self._faults.get(Effect.OVERSHOOT_START):
            t0 = given + self._random.uniform(0, fault.number)
            t1 = max(t1, t0 + 0.02)
        if Effect.ODD_TIMES in self._faults:
            self._turn += 1
            if self._turn % 2:
                t0 = -self._random.uniform(0.1, 2.0)
            else:
                t0, t1 = t1, t0
        finals = [message | {"t0": round(t0, 4), "t1": round(t1, 4)}]
        return finals + self._dots(message, given)

    def _dots(self, message: JsonObject, given: float) -> list[JsonObject]:
        if Effect.LONE_DOTS not in self._faults:
            return []
        count = self._random.randint(1, _MOST_DOTS)
        edges = sorted(given + self._random.uniform(0, _DOTS_BEHIND) for _ in range(count + 1))
        return [
            message
            | {
                "text": DOT,
                "t0": round(edges[at], 4),
                "t1": round(edges[at + 1], 4),
                "segment_id": f"{message['segment_id']}.{at + 1}",
            }
            for at in range(count)
        ]

    # Order.

    def _in_order(self, source: str, final: JsonObject) -> list[JsonObject]:
        """Hold every other final; send it behind the next one, or before it, and over it."""
        if Effect.OVERLAP not in self._faults:
            return [final]
        held, _ = self._held.pop(source, (None, 0))
        if held is None:
            self._held[source] = final, 0
            return []
        t0, t1 = _number(final["t0"]), _number(final["t1"])
        held = held | {"t1": round(t0 + self._random.uniform(0.1, 0.9) * (t1 - t0), 4)}
        self._pair += 1
        return [final, held] if self._pair % 2 else [held, final]

    def _overdue(self, source: str) -> list[JsonObject]:
        """The final that no other one followed in time."""
        if source not in self._held:
            return []
        final, waited = self._held[source]
        if waited < _PATIENCE:
            self._held[source] = final, waited + 1
            return []
        del self._held[source]
        return [final]

    # Numbers.

    def _odd_numbers(self, message: JsonObject) -> str:
        """Every form that a number may have in turn, and fields of a wrong type."""
        form, self._form = self._form, (self._form + 1) % _FORMS
        odd = {name: _odd(value, form) for name, value in message.items()}
        if "t0" in message:
            if form == 3:
                odd |= {"confidence": "high", "stable": "yes", "language": 17, "segment_id": [1]}
            elif form == 4:
                odd |= {"confidence": nan}
            elif form == 5:
                odd |= {"t0": None, "t1": "soon", "confidence": []}
            elif form == 6:
                odd |= {"t0": -1e308, "t1": _HUGE}
            elif form == 7:
                del odd["t0"], odd["t1"]
        return _RAW_NUMBER.sub(r"\1", json.dumps(odd, ensure_ascii=False, separators=(",", ":")))


def _partial(final: JsonObject) -> JsonObject:
    """The same words, which may still change."""
    partial = final | {"type": "asr_partial", "stable": False}
    del partial["segment_id"]
    return partial


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _odd(value: object, form: int) -> object:
    """``value`` if it is no number; else the same number in another form."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return value
    match form:
        case 0:
            return str(value)
        case 1:
            return f"{_RAW}{value:.12e}"
        case 2 if value == int(value):
            return int(value)
        case 2:
            return f"{_RAW}{value:.25f}"
        case _:
            return value
