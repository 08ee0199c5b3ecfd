"""The dialect of the Vosk server, ``asr_server.py`` of alphacep/vosk-server.

The line opens with the socket, and a configuration is sent without a reply. Then the server
answers each message, of audio or not, with exactly one reply, in order. So replies are counted:
the reply to message k shows that the server decoded all audio up to message k.

A reply is a partial or a final, and the two prove different things:

    {"partial" : "hello"}                       decoded, and the words of it are still held
    {"text" : "hello", "result" : [words]}      decoded, and all words of it are said

A partial confirms nothing, not even an empty one: in a recording it stayed empty for 4 s while
the first word, which the final then had, began at 0.2 s. A final without text proves silence; the
recogniser sends one after about 5 s without words.

The literal ``{"eof" : 1}`` ends the session: one final, then close 1000. The server compares the
text letter by letter, so the same object without the blanks makes it fail with 1011.

The server of the same project in C++ differs: it takes the configuration for audio, and answers it
too. So a reply never counts for a message that was not sent. And it closes only at the next
message: so the final that answers the last message ends the session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from openline.dialects.checksum import checksum
from openline.dialects.loose_json import read_loose
from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Message,
    Proof,
    Sent,
    Unknown,
    Word,
)
from openline.dialects.traits import Address, AudioForm, Drain, End, Ends, Traits, Unit
from openline.dialects.wire_json import Fields, number, objects, text, write
from openline.reconnect.verdicts import Action, Rule

_SERVER: Final = "vosk-server, websocket/asr_server.py"
_RECORDING: Final = "vosk-server, recorded"

#: Close codes with another meaning than in the verdict table.
CODES: Final = MappingProxyType(
    {
        1011: Rule(
            action=Action.RETRY,
            why="the server failed: it does so at once with websockets 14 or newer",
            source=_RECORDING,
            strike=True,
        )
    }
)
#: The server compares these letter by letter.
EOF: Final = '{"eof" : 1}'
RESET: Final = '{"reset" : 1}'
#: Words that were shown are withdrawn, and nothing is proved.
_WITHDRAWN: Final = Heard(text="", start=None, end=None, final=True)


class VoskMemory(msgspec.Struct, frozen=True):
    """``passed``: so many of the ``sent`` messages were answered, or need no answer.

    ``live``: a partial with words is shown. ``stopped``: the end was asked for. ``final``: the
    checksum of the last reply, if it was a final with times.
    """

    passed: int = 0
    live: bool = False
    sent: int = 0
    stopped: bool = False
    final: int | None = None

    def after(self, *, sent: int) -> VoskMemory:
        """The memory behind so many messages more."""
        return replace(self, sent=self.sent + sent)


@dataclass(frozen=True, kw_only=True)
class Vosk(DialectBase):
    """Vosk, self-hosted. It has no credential and tells neither languages nor speakers."""

    name = "vosk"  # no annotation: it is no field

    words: bool = option(
        default=True, what="times and confidences of words", source=f"{_SERVER}: words"
    )
    alternatives: int = option(
        default=0,
        what="readings of an utterance; the best one is told",
        source=f"{_SERVER}: max_alternatives",
    )
    phrases: tuple[str, ...] = option(
        default=(),
        what="the only phrases that are recognised; none: any",
        source=f"{_SERVER}: phrase_list",
    )
    resets: bool = option(
        default=True,
        what="the server knows reset; older scripts fail at it",
        source=f"{_SERVER}: reset",
    )
    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.alternatives < 0:
            raise ValueError(f"option alternatives: {self.alternatives} is less than 0")
        object.__setattr__(self, "traits", _traits(self))

    def begin(self) -> VoskMemory:
        """No reply yet."""
        return VoskMemory()

    def start(self, memory: VoskMemory, ids: Ids) -> Encoded:
        """The configuration: the server takes 8 kHz for granted, and does not answer."""
        config: Fields = {
            "sample_rate": self.traits.form.rate,
            "words": int(self.words),
            "max_alternatives": self.alternatives,
        }
        if self.phrases:
            config["phrase_list"] = list(self.phrases)
        after = replace(memory, passed=memory.passed + 1, sent=memory.sent + 1)
        return after, (write({"config": config}),)

    def audio(self, memory: VoskMemory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory.after(sent=1), (pcm,)

    def flush(self, memory: VoskMemory, sent: Sent) -> Encoded:
        """``reset``: the server answers with the words of all audio so far."""
        return (memory.after(sent=1), (RESET,)) if self.resets else (memory, ())

    def stop(self, memory: VoskMemory, ids: Ids, sent: Sent) -> Encoded:
        """``eof``: the server answers with its last words and closes."""
        return replace(memory.after(sent=1), stopped=True), (EOF,)

    def decode(self, memory: VoskMemory, data: str | bytes) -> Decoded:
        """One reply; one that cannot be read is a reply as well."""
        passed = min(memory.passed + 1, memory.sent)
        live, items, is_final = _items(read_loose(data), live=memory.live)
        final = checksum(data) if is_final and any(map(_has_times, items)) else None
        if final is not None and final == memory.final:  # older servers say one twice
            items = ()
        proof = Proof(
            unit=Unit.MESSAGES,
            received=passed,
            drained=passed,
            confirmed=passed if is_final else None,
        )
        is_last = memory.stopped and is_final and passed == memory.sent
        last = (FinalMessage(summary={}),) if is_last else ()
        after = replace(memory, passed=passed, live=live, final=final)
        return after, (*items, proof, *last)


def _traits(vosk: Vosk) -> Traits:
    return Traits(
        sources=(),
        replies=False,
        # A reply for each message: 0.2 s keeps them few, and partials still come 5 times a second.
        form=AudioForm(usual=0.2),
        ends=Ends.EXACT,
        counts=Unit.MESSAGES,
        watermarks=True,
        proves_silence=True,
        # The recogniser ends an utterance after 20 s of speech or 5 s of silence (Kaldi, endpoint
        # rules 1 and 5); the rest is for a slow machine.
        horizon=30.0,
        # One coroutine reads a message and answers it, so a backlog waits in TCP and none is lost.
        queue=None,
        end=End.CLOSE,
        drain=Drain.FLUSH if vosk.resets else Drain.STOP,
        codes=CODES,
        address=Address("127.0.0.1", 2700, "/"),
    )


def _items(reply: Fields | Malformed, *, live: bool) -> tuple[bool, tuple[Message, ...], bool]:
    """Whether words are shown behind ``reply``, what it says, and whether it is a final."""
    if isinstance(reply, Malformed):
        return live, (reply,), False
    if isinstance(partial := reply.get("partial"), str):
        if partial:
            return True, (Heard(text=partial, start=None, end=None, final=False),), False
        return False, (_WITHDRAWN,) if live else (), False
    if not any(name in reply for name in ("text", "result", "alternatives")):
        return live, (Unknown(type="a reply without text"),), False
    best = next(iter(objects(reply.get("alternatives"))), reply)
    final = _final(best)
    return False, (final,) if final.text or live else (), True


def _has_times(item: Message) -> bool:
    return isinstance(item, Heard) and item.start is not None and item.end is not None


def _final(best: Fields) -> Heard:
    words = tuple(
        Word(
            text=text(each.get("word")),
            start=number(each.get("start")),
            end=number(each.get("end")),
            confidence=number(each.get("conf")),
        )
        for each in objects(best.get("result"))
        if text(each.get("word"))
    )
    said = text(best.get("text")) or " ".join(each.text for each in words)
    if not said:
        return _WITHDRAWN
    sure = [each.confidence for each in words if each.confidence is not None]
    return Heard(
        text=said,
        start=words[0].start if words else None,
        end=words[-1].end if words else None,
        final=True,
        confidence=sum(sure) / len(sure) if sure else None,
        words=words,
    )
