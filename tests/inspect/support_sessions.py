"""Long sessions and broken ones, played in virtual time: what the inspector is looked at with."""

from __future__ import annotations

import random
from functools import cache, partial

from openline import events as e
from openline.journal.reader import Journal, read
from openline.reconnect.verdicts import ErrorKind, Sender
from tests.core.scenarios import THINKING, Dial, Phrase, Stage

_TEXT = "and so we said that the line holds while the network does what it wants to do today"
#: How lines of a long session end, in turn.
_ENDINGS: tuple[dict[str, object], ...] = (
    {"error": ErrorKind.RESET},
    {"code": 1012, "sender": Sender.REMOTE},
    {"error": ErrorKind.CUT},
    {"status": 503, "retry_after": 4.0},
    {"code": 1011, "sender": Sender.REMOTE, "reason": "out of memory"},
)


def phrases(seconds: float, seed: int) -> list[Phrase]:
    """A phrase in each three seconds."""
    draw = random.Random(seed)
    found: list[Phrase] = []
    at = 0.4
    while at + 2.5 < seconds:
        text = " ".join(draw.choices(_TEXT.split(), k=draw.randint(3, 9)))
        found.append(Phrase(round(at, 1), round(at + 2.2, 1), text))
        at += 3.0
    return found


class Talking(Dial):
    """Sends partials, too, and is lost after a while: how long, the seed of the session says."""

    lasts = (60.0, 600.0)
    so_far = ""

    def started(self) -> None:
        super().started()
        draw = random.Random(self.number)
        self.later(draw.uniform(*self.lasts), self.end)

    def end(self) -> None:
        if not self.stopping:
            self.lose(**_ENDINGS[self.number % len(_ENDINGS)])

    def listened(self, source: str) -> None:
        speech, proved = self.stage.speech, self.stage.proved[source]
        while self.said < len(speech) and speech[self.said].end <= proved:
            self.said += 1
        if self.said == len(speech):
            return
        phrase, heard = speech[self.said], self.heard[source]
        if heard >= phrase.end - 1e-6 and phrase.start >= proved:
            self.said += 1
            self.later(THINKING, partial(self.finalise, phrase))
        elif phrase.start >= max(proved, self.began[source]) and heard > phrase.start + 0.3:
            share = (heard - phrase.start) / (phrase.end - phrase.start)
            words = phrase.text.split()
            so_far = phrase._replace(end=heard, text=" ".join(words[: round(share * len(words))]))
            if so_far.text not in {"", self.so_far}:
                self.so_far = so_far.text
                self.words("asr_partial", so_far)


@cache
def long_session(seconds: float, seed: int = 7) -> Journal:
    """The journal of a session of that length, with a loss every few minutes."""
    lines = list[bytes]()
    Stage(
        lines.append,
        speech=phrases(seconds, seed),
        stop=seconds,
        seconds=seconds - 0.5,
        parts=[Talking],
    ).play()
    [journal] = read(lines)
    return journal


class Refusing(Dial):
    """Nothing listens there."""

    def dialled(self) -> None:
        self.later(0.03, partial(self.lose, error=ErrorKind.REFUSED))


class Gone(Talking):
    """Breaks off after two seconds."""

    lasts = (2.0, 2.0)

    def end(self) -> None:
        self.lose(error=ErrorKind.CUT)


def never_back(seconds: float = 400.0) -> Journal:
    """A session that loses its line and gives up after five minutes."""
    lines = list[bytes]()
    Stage(
        lines.append,
        speech=phrases(seconds, 3),
        stop=seconds,
        seconds=seconds,
        parts=[Gone, Refusing],
    ).play()
    [journal] = read(lines)
    return journal


class Back(Talking):
    """Stays."""

    lasts = (10_000.0, 10_000.0)


def away(dials: int = 14) -> Journal:
    """A session that is away for so many dials, loses audio by it, and is closed properly."""
    lines = list[bytes]()
    Stage(
        lines.append,
        speech=phrases(300.0, 5),
        stop=300.0,
        seconds=299.5,
        parts=[Gone, *[Refusing] * dials, Back],
    ).play()
    [journal] = read(lines)
    return journal


class Stammering(Talking):
    """Sends five messages that cannot be read, and dies in the middle of a phrase."""

    lasts = (6.0, 6.0)

    def started(self) -> None:
        super().started()
        for number in range(5):
            unread = e.MessageReceived(self.number, "{" * (number + 1))
            self.later(1.0 + number, partial(self.tell, unread))

    def end(self) -> None:
        self.lose(code=1008, sender=Sender.REMOTE, reason="DATA-0000")


def unreadable() -> Journal:
    """A session whose backend cannot be understood, and ends it within a phrase."""
    lines = list[bytes]()
    Stage(lines.append, speech=phrases(20.0, 5), stop=20.0, seconds=19.5, parts=[Stammering]).play()
    [journal] = read(lines)
    return journal


__all__ = [
    "Back",
    "Gone",
    "Refusing",
    "Stammering",
    "Talking",
    "away",
    "e",
    "long_session",
    "never_back",
    "phrases",
    "unreadable",
]
