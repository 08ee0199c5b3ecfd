"""What the client of one connection says, and what it is answered; pure, without a socket.

Theory of operation. A client may ask what is offered (``describe``) at any time. An utterance is
``transcribe`` (optional), ``audio-start``, ``audio-chunk`` and so on, ``audio-stop``, and has a
session of its own. ``receive`` takes an event of the client and returns what is to be done;
``hear`` takes an update of the session and returns the events for the client:

    transcript-start, transcript-chunk (a final), …, transcript (the whole), transcript-stop

A client that knows no streaming ignores all but ``transcript``. A session that is not complete
gives ``error`` and the end of the connection: Home Assistant reads on after an ``error``, so only
the end tells it that no words will come. Half a command is worse than none.

A chunk brings its own rate, width and channels; they become 16 kHz mono frames here.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias, TypeVar

import msgspec
from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Pong

from openline import updates as u
from openline.dialects.protocol import Dialect
from openline_audio.stated import StatedPcm, describe_unusable_form
from openline_wyoming.offer import Offer


class Note(NamedTuple):
    """Write this line to the log: why the client gets no words."""

    line: str


class Say(NamedTuple):
    """Write this event to the client."""

    event: Event


class Begin(NamedTuple):
    """Open a session in this dialect."""

    dialect: Dialect


class Feed(NamedTuple):
    """Frames of 16 kHz mono s16le for the session."""

    frames: list[bytes]


class Finish(NamedTuple):
    """The utterance is over; these are its last frames."""

    frames: list[bytes]


class HangUp(NamedTuple):
    """End the connection, and the session if one is open."""


Act: TypeAlias = Note | Say | Begin | Feed | Finish | HangUp


class _Ask(msgspec.Struct):
    language: str | None = None


class _Format(msgspec.Struct):
    rate: int
    width: int
    channels: int


class _Text(msgspec.Struct):
    text: str | None = None


T = TypeVar("T")


class Talk:
    """One connection. ``offer`` is what the server offers."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._language: str | None = None
        self._pcm: StatedPcm | None = None  # while audio comes
        self._is_open = False  # from audio-start to transcript
        self._heard: str | None = None  # the language that the backend told
        self._has_begun = False
        self._is_over = False

    @property
    def is_listening(self) -> bool:
        """Whether audio comes: from ``audio-start`` to ``audio-stop``."""
        return self._pcm is not None

    @property
    def is_open(self) -> bool:
        """Whether an utterance has neither a transcript nor an error yet."""
        return self._is_open and not self._is_over

    def receive(self, event: Event) -> list[Act]:
        """An event of the client; what is to be done, in this order. Nothing after a ``fail``."""
        if self._is_over:
            return []
        try:
            return self._received(event)
        except ValueError as error:  # msgspec's and LanguageError, too
            return self.fail(f"{event.type}: {error}", "bad-request")

    def hear(self, update: u.Update) -> list[Act]:
        """An update of the session; what is to be done, in this order."""
        match update:
            case u.Transcript(final=True, text=text):
                self._heard = update.language or self._heard
                blank = " " if self._has_begun else ""
                return [*self._begun(), Say(TranscriptChunk(blank + text).event())]
            case u.Ended(complete=True):
                text = " ".join(each.text for each in update.transcript)
                whole = Transcript(text, language=self._heard or self._language)
                done = [*self._begun(), Say(whole.event()), Say(TranscriptStop().event())]
                self._rest()
                return done
            case u.Ended():
                return self.fail(update.reason, "incomplete")
            case _:
                return []

    def fail(self, why: str, code: str) -> list[Act]:
        """Tell the client why it gets no words, and end the connection; once."""
        if self._is_over:
            return []
        self._is_over = True
        return [Note(why), Say(Error(why, code).event()), HangUp()]

    def _received(self, event: Event) -> list[Act]:
        match event.type:
            case "describe":
                return [Say(self._offer.info())]
            case "ping":
                return [Say(Pong(_read(event, _Text).text).event())]
            case "transcribe":
                self._language = _read(event, _Ask).language or None
                return []
            case "audio-start":
                return self._start(_read(event, _Format))
            case "audio-chunk":
                form = _read(event, _Format)
                begun = [] if self._pcm else self._start(form)
                assert self._pcm is not None  # noqa: S101  # begun
                data = event.payload or b""
                frames = self._pcm.feed(data, form.rate, width=form.width, channels=form.channels)
                return [*begun, Feed(frames)]
            case "audio-stop":
                return self._stop()
            case _:
                return []  # of a later version, or of no concern to speech recognition

    def _start(self, form: _Format) -> list[Act]:
        if self._is_open:
            raise ValueError("an utterance is going on in this connection")
        wrong = describe_unusable_form(form.rate, form.width, form.channels)
        if wrong is not None:
            raise ValueError(wrong)
        dialect = self._offer.speaking(self._language)
        self._pcm, self._is_open = StatedPcm(), True
        return [Begin(dialect)]

    def _stop(self) -> list[Act]:
        pcm, self._pcm = self._pcm, None
        if pcm is not None:
            return [Finish(pcm.finish())]
        if self._is_open:
            return []  # said twice
        return [Say(Transcript("", language=self._language).event())]

    def _begun(self) -> list[Act]:
        if self._has_begun:
            return []
        self._has_begun = True
        return [Say(TranscriptStart(language=self._heard or self._language).event())]

    def _rest(self) -> None:
        self._is_open = self._has_begun = False
        self._pcm = self._heard = None


def _read(event: Event, form: type[T]) -> T:
    found = msgspec.convert(event.data or {}, form)
    try:
        msgspec.json.encode(found)  # JSON may spell what no answer can be written with
    except UnicodeEncodeError:
        raise ValueError("a text has half a surrogate pair, which is no character") from None
    return found
