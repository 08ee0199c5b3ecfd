"""The dialect of the streaming WebSocket server of sherpa-onnx.

The line opens with the socket. Audio goes out as float32; each message that comes back is the
whole state of one *segment*, which a pause ends:

    start_time  the beginning of the segment, in seconds of this connection
    timestamps  of the tokens, from ``start_time`` on; the server counts frames of 0.04 s
    num_trailing_blanks  frames without a token behind the last one
    is_final    the segment ends here; the next one begins at its own ``start_time``

So each message proves how far the decoder is, in silence too: to the last token and the blanks
behind it. A final is all that lies before the ``start_time`` of the next segment. What is
confirmed stays ``ONSET`` behind the decoder, for a word begins before its first token; and it
stays that far before the first token of words that are not final. Only the last message of a
dial, with ``is_eof``, confirms all that is decoded.

``Done`` asks for the end: the server sends the last segment as a final with ``is_eof`` and then
``Done!``, which is no JSON, and leaves the socket open. It decodes whole chunks of the model. It
puts 0.8 s of silence behind the audio, and what does not fill a chunk then is never decoded, though
``Done!`` comes. (Seen with a stand-in model of chunks of 1.6 s: the last word was lost.) So more
silence is sent before ``Done``. No message with ``is_eof`` comes if no chunk was left to decode;
and ``Done!``, which another thread sends, may overtake it. Then the end proves what the states
before it proved, and open words are told as they were last seen; of a state behind it the rest is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, cast

import msgspec

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
    Memory,
    Message,
    Proof,
    Refusal,
    Sent,
    Unknown,
    Word,
)
from openline.dialects.traits import Address, AudioForm, Drain, Encoding, End, Ends, Traits
from openline.dialects.wire_json import Fields, number, text
from openline.reconnect.verdicts import Action, Rule

_SOURCE: Final = "sherpa-onnx, online-recognizer-ctc-impl.h and online-websocket-server-impl.cc"

#: Seconds of a frame, by which the server counts: 10 ms, subsampled by 4, whatever the model.
FRAME: Final = 0.04
_ASSUMED: Final = 4
#: Seconds by which a word may begin before its first token. A streaming model says a token when
#: it has heard most of it, and 0.3 s is the usual chunk; the rest is a margin (openline).
ONSET: Final = 0.5
#: Characters of open words that are remembered. Rule 3 of the endpointer ends a segment after 20 s.
_REMEMBERED: Final = 8000
_DONE: Final = "Done!"
#: Seconds of silence before the end, and the server pads 0.8 s more. The longest chunks that are
#: known, of Kroko, need 1.44 s (OHF-Voice/wyoming-faster-whisper 125). The rest is for the last
#: token: the place of the decoder is counted from its beginning.
TAIL: Final = 1.5
#: Words that were shown are withdrawn, and nothing is proved.
_WITHDRAWN: Final = Heard(text="", start=None, end=None, final=True)


class SherpaMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The open words, and how far this dial is proved.

    ``begin``: of the segment. ``text``, ``first``, ``last``: the words that are shown and not
    final, and their times. ``left``: those of them that ``Done!`` found, and that were told.
    ``stopped``: the end was asked for. ``ended``: the last message came.
    """

    begin: float = 0.0
    text: str = ""
    first: float | None = None
    last: float | None = None
    left: str = ""
    drained: float = 0.0
    confirmed: float = 0.0
    stopped: bool = False
    ended: bool = False


class _Segment(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a segment. Seconds of the connection; ``decoded``: how far the decoder is.

    ``ended``: it is the last one; ``marked``: the server would say that of it.
    """

    begin: float
    text: str
    words: tuple[Word, ...]
    first: float | None
    last: float | None
    decoded: float
    final: bool
    ended: bool
    marked: bool


@dataclass(frozen=True, kw_only=True)
class Sherpa(DialectBase):
    """sherpa-onnx, self-hosted. It has neither a credential nor TLS of its own."""

    name = "sherpa"  # no annotation: it is no field

    subsampling: int = option(
        default=_ASSUMED,
        what="subsampling factor of the model, for the server writes times as if it were 4",
        source=f"{_SOURCE}: subsampling_factor",
    )
    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.subsampling < 1:
            raise ValueError(f"option subsampling: {self.subsampling} is less than 1")
        object.__setattr__(self, "traits", _TRAITS)

    def begin(self) -> SherpaMemory:
        """Nothing heard yet."""
        return SherpaMemory()

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory, (pcm,)

    def stop(self, memory: SherpaMemory, ids: Ids, sent: Sent) -> Encoded:
        """``Done``: the server says its last words, and ``Done!``; of no audio only that."""
        ended = memory.ended or not sent.seconds
        after = msgspec.structs.replace(memory, stopped=True, ended=ended)
        return after, ("Done",)

    def decode(self, memory: SherpaMemory, data: str | bytes) -> Decoded:
        """The state of a segment, or ``Done!``."""
        if data in {_DONE, _DONE.encode()}:
            until = None if memory.ended else memory.drained
            after = msgspec.structs.replace(
                memory, text="", first=None, last=None, left=memory.text or memory.left
            )
            return after, (*_left_open(memory), FinalMessage(summary={}, until=until))
        found = read_loose(data)
        if isinstance(found, Malformed):
            return memory, (found,)
        if not any(name in found for name in ("text", "is_final", "start_time")):
            return memory, (Unknown(type="an object without text"),)
        if found.keys() == _PYTHON:
            return memory, (Refusal(row=PYTHON, text="a state without times"),)
        return _take(memory, _segment(found, memory, self.subsampling / _ASSUMED))


#: The members of each message of another server of the project.
_PYTHON: Final = frozenset({"text", "segment"})
PYTHON: Final = Rule(
    action=Action.FATAL,
    why="the server is streaming_server.py, which gives no times: start "
    "sherpa-onnx-online-websocket-server instead",
    source="sherpa-onnx, python-api-examples/streaming_server.py",
)
#: The server has no errors, no close codes and no longest session of its own.
_TRAITS: Final = Traits(
    sources=(),
    replies=False,
    form=AudioForm(encoding=Encoding.F32LE, usual=0.1),
    ends=Ends.EXACT,
    watermarks=True,
    proves_silence=True,
    # Rule 3 of the endpointer ends a segment after 20 s; the rest is for the decoder.
    horizon=22.0,
    queue=None,  # it keeps all that it is sent
    end=End.MESSAGE,
    tail=TAIL,
    drain=Drain.STOP,
    refusals=MappingProxyType({"a state without times": PYTHON}),
    address=Address("127.0.0.1", 6006, "/"),
)


def _segment(found: Fields, memory: SherpaMemory, scale: float) -> _Segment:
    begin = number(found.get("start_time"))
    if begin is None or begin < memory.begin:
        begin = memory.begin
    times = _times(found.get("timestamps"), begin, scale)
    said = text(found.get("text")).strip()
    blanks = max(number(found.get("num_trailing_blanks")) or 0.0, 0.0) * FRAME * scale
    frame = FRAME * scale
    decoded = begin  # words without times may reach to any place
    if times or not said:
        decoded = round((times[-1] if times else begin) + blanks, 3)
    return _Segment(
        begin=begin,
        text=said,
        words=_words(found.get("tokens"), times, frame, said),
        first=times[0] if times else None,
        last=round(times[-1] + frame, 3) if times else None,
        decoded=decoded,
        final=found.get("is_final") is True,
        ended=_is_last(found, memory),
        marked="is_eof" in found,
    )


def _is_last(found: Fields, memory: SherpaMemory) -> bool:
    """Whether it is the last. Before version 1.12 none says so: then a final behind the stop is."""
    return found.get("is_eof", memory.stopped) is True and found.get("is_final") is True


def _times(value: object, begin: float, scale: float) -> list[float]:
    """The times of the tokens; none if one of them is no time."""
    given = cast("list[object]", value) if isinstance(value, list) else []
    found = [number(each) for each in given]
    return [round(begin + max(each, 0.0) * scale, 3) for each in found if each is not None] * all(
        each is not None for each in found
    )


def _words(value: object, times: list[float], frame: float, said: str) -> tuple[Word, ...]:
    """The tokens put together to words; none where they are not the text."""
    given = cast("list[object]", value) if isinstance(value, list) else []
    tokens = [text(each).replace("\u2581", " ") for each in given]
    if len(tokens) != len(times) or "".join(tokens).split() != said.split():
        return ()
    words: list[Word] = []
    for token, time in zip(tokens, times, strict=True):
        if words and not token.startswith(" "):
            word = words.pop()
            words.append(Word(text=word.text + token, start=word.start, end=round(time + frame, 3)))
        else:
            words.append(Word(text=token.strip(), start=time, end=round(time + frame, 3)))
    return tuple(each for each in words if each.text)


def _take(memory: SherpaMemory, segment: _Segment) -> Decoded:
    segment = _without_left(segment, memory)
    items: list[Message] = []
    shown = bool(memory.text)
    if segment.begin > memory.begin and shown:  # its final could not be read
        items += _left_open(memory)
        shown = False
    if segment.text:
        items.append(
            Heard(
                text=segment.text,
                start=segment.begin if segment.first is None else segment.first,
                end=segment.last,
                final=segment.final,
                words=segment.words,
            )
        )
    elif shown:
        items.append(_WITHDRAWN)
    drained = max(memory.drained, segment.decoded)
    confirmed = round(max(memory.confirmed, _confirmed(segment)), 3)
    if (drained, confirmed) != (memory.drained, memory.confirmed):
        items.append(Proof(received=drained, drained=drained, confirmed=confirmed))
    is_open = bool(segment.text) and not segment.final
    return SherpaMemory(
        begin=segment.begin,
        text=segment.text[:_REMEMBERED] if is_open else "",
        first=segment.first if is_open else None,
        last=segment.last if is_open else None,
        drained=drained,
        confirmed=confirmed,
        stopped=memory.stopped,
        left=memory.left,
        # An older server ends a segment in a pause in the same way: then another state follows.
        ended=segment.ended or (memory.ended and segment.marked),
    ), tuple(items)


def _without_left(segment: _Segment, memory: SherpaMemory) -> _Segment:
    """The last segment, if ``Done!`` overtook its state, without the words that were told then."""
    told = len(memory.left.split())
    if not told or segment.begin > memory.begin or not segment.text.startswith(memory.left):
        return segment
    words = segment.words[told:]
    return msgspec.structs.replace(
        segment,
        text=segment.text.removeprefix(memory.left).strip(),
        words=words,
        first=words[0].start if words else segment.first,
    )


def _confirmed(segment: _Segment) -> float:
    """How far all words are told: everything before the segment, and what of it is told."""
    if segment.ended:  # no audio follows, so no word has begun unseen
        return max(segment.last or segment.begin, segment.decoded)
    if not segment.text:
        return max(segment.begin, segment.decoded - ONSET)
    if segment.final:
        return max(segment.last or segment.begin, segment.decoded - ONSET)
    return max(segment.begin, (segment.first or segment.begin) - ONSET)


def _left_open(memory: SherpaMemory) -> tuple[Heard, ...]:
    """The words that are shown, as a final."""
    if not memory.text:
        return ()
    start = memory.begin if memory.first is None else memory.first
    return (Heard(text=memory.text, start=start, end=memory.last, final=True),)
