"""The dialect of WhisperLiveKit, its own protocol at ``/asr``.

About 20 times a second, if anything changed, the server sends its whole state:

    lines                 committed words with their times, one line a speaker turn or pause;
                          a line of speaker -2 is silence
    buffer_transcription  words that are not committed yet: the partial
    remaining_time_…      how many seconds lie behind: ``policy`` = decoded - committed

With ``mode=diff`` it sends the lines that changed, each as a whole. In both cases the last line
grows, for hours if nobody pauses. So the memory does not keep lines. It keeps the beginning of the
line that grows, how much of it was told (a length and a checksum), and the last characters that
were told; what is behind these is new. Where speakers are told apart, lines are cut anew: then the
last characters are looked for in the line.

The end of a line comes from Whisper. The server never says a word before it again; but it may lie
behind the audio that was decoded. The figures show that: decoded = end + ``policy``, if ``policy``
is more than 0. So a final is cut there, and the rest is proved when it is decoded. Silence of 5 s
or more is proved by its line, which comes when it is over; while it lasts nothing is said of it,
so it is assumed. Committed text may end inside a word: " rather cold", and "-hearted" in the
buffer. Then it waits for the rest.

A server that is far behind may lose words, and nothing shows it: it decodes all audio that waits
as one piece, and drops what it holds if that is more than 15 s, no word was committed by this
decoding, and none in 15 s (``process_iter`` of local_agreement/online_asr.py). A word is committed
when two decodings agree, so the first one commits none: a piece of 16 s is dropped, three of 7 s
are not (run with its own class). So a backlog is sent in pieces of 6 s, each when the one before
was decoded.

An empty message asks for the end: the server commits its buffer, says ``ready_to_stop``, and
leaves the socket open. Words that it left in the buffer are told then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import msgspec

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
    Remark,
    Sent,
    Status,
    Unknown,
)
from openline.dialects.traits import Address, AudioForm, Drain, End, Ends, Traits
from openline.dialects.whisperlivekit_lines import Told, begin_of, clock, take_line
from openline.dialects.wire_json import Fields, label, number, objects, read_object, text
from openline.reconnect.verdicts import Action, Rule

_SERVER: Final = "WhisperLiveKit 0.2.26, basic_server.py"

WEBM: Final = Rule(
    action=Action.FATAL,
    why="the server wants WebM and not PCM: start it with --pcm-input",
    source=f"{_SERVER}: useAudioWorklet",
)
PARAMETERS: Final = Rule(
    action=Action.FATAL,
    why="the server refused an option of this connection, such as the language",
    source=f"{_SERVER}: 4400",
    weather="the server refused what it accepted before, as one does that was started anew",
)
UNAUTHORIZED: Final = Rule(
    action=Action.REAUTH,
    why="the token was refused, or is missing",
    source="WhisperLiveKit 0.2.26, recorded",
)
_MODES: Final = ("diff", "full")
#: The speaker of a line of silence.
_SILENT: Final = -2
#: The speakers of words that belong to none, and of words whose speaker is still to be found.
_NOBODY: Final = frozenset({"-1", "0"})
#: Seconds: figures are rounded to 0.1, so the sum of two may be so much too large.
_ROUNDED: Final = 0.1
#: Seconds by which a word may begin before the server notices that the silence is over (openline).
ONSET: Final = 0.5
#: Characters of a partial that are remembered; the server trims its buffer at 15 s.
_REMEMBERED: Final = 4000
#: With these the buffer goes on with the last word of the line: no blank lies between them.
_JOINERS: Final = ("-", "\u2010", "'", "\u2019")
#: Words that were shown are withdrawn, and nothing is proved.
_WITHDRAWN: Final = Heard(text="", start=None, end=None, final=True)


class WhisperLiveKitMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What was told, the partial that is shown, and how far this dial is decoded and confirmed."""

    told: Told = Told()
    partial: str = ""
    decoded: float = 0.0
    confirmed: float = 0.0


@dataclass(frozen=True, kw_only=True)
class WhisperLiveKit(DialectBase):
    """WhisperLiveKit, self-hosted. Its credential, if it wants one, is a bearer token."""

    name = "whisperlivekit"  # no annotation: it is no field

    language: str | None = option(
        default=None, what="the language; none: that of the server", source=f"{_SERVER}: language"
    )
    mode: str = option(
        default="diff",
        what="diff: lines that changed; full: all lines, each time",
        source=f"{_SERVER}: mode",
    )
    diarization: bool = option(
        default=False, what="the server tells speakers apart", source="--diarization"
    )
    longest: float = option(
        default=1800.0,
        what="seconds of a connection, for its messages grow; 0: no limit",
    )
    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise ValueError(f"option mode: {self.mode!r}: give diff or full")
        object.__setattr__(self, "traits", _traits(self))

    def begin(self) -> WhisperLiveKitMemory:
        """Nothing was told."""
        return WhisperLiveKitMemory()

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory, (pcm,)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        """An empty message."""
        return memory, (b"",)

    def query(self) -> tuple[tuple[str, str], ...]:
        """The language, if there is one, and the mode."""
        language = () if self.language is None else (("language", self.language),)
        return (*language, ("mode", self.mode))

    def decode(self, memory: WhisperLiveKitMemory, data: str | bytes) -> Decoded:
        """One message, of any shape."""
        found = read_object(data)
        if isinstance(found, Malformed):  # each state has all that is open, and changed lines
            return memory, (found,)
        match found.get("type"):
            case "config":
                return memory, (_greeting(found),)
            case "ready_to_stop":
                after = msgspec.structs.replace(memory, partial="")
                return after, (*_left(memory), FinalMessage(summary={}))
            case "error":
                return memory, (Refusal(row=PARAMETERS, text=text(found.get("error"))),)
            case None | "snapshot" | "diff" if "status" in found:
                if found["status"] == "error":
                    return memory, (Remark(text=text(found.get("error"))),)
                return _take(memory, found, self)
            case kind:
                return memory, (Unknown(type=(text(kind) or "no type")[:80]),)


def _traits(kit: WhisperLiveKit) -> Traits:
    return Traits(
        sources=(),
        greets=True,
        replies=False,
        form=AudioForm(usual=0.1),
        longest=kit.longest or None,
        ends=Ends.EXACT,
        # In 0.2.26 a line of silence comes when the silence is over (results_formatter gives
        # get_lines no current_silence); figures stand still meanwhile. Later ones tell it sooner.
        proves_silence=False,
        silent_in_silence=True,
        # It trims its buffer at 15 s, and drops it when nothing came of it for 15 s.
        horizon=30.0,
        # It keeps all that it is sent. But more than 15 s that wait may be dropped, and two
        # decodings have to fit in before: so 6 s of a backlog wait there at most.
        queue=15.0,
        window=6.0,
        end=End.MESSAGE,
        drain=Drain.STOP,
        drain_timeout=10.0,  # it decodes all that it was sent first
        codes=MappingProxyType({4400: PARAMETERS}),
        statuses=MappingProxyType({403: UNAUTHORIZED}),
        refusals=MappingProxyType({"useAudioWorklet": WEBM, "error": PARAMETERS}),
        address=Address("127.0.0.1", 8000, "/asr"),
    )


def _greeting(found: Fields) -> Message:
    if found.get("useAudioWorklet") is False:
        return Refusal(row=WEBM, text="useAudioWorklet is false")
    return Status(state="config", text=text(found.get("mode")), ack=True)


def _left(memory: WhisperLiveKitMemory) -> tuple[Heard, ...]:
    """The words that the server never committed."""
    if not memory.partial:
        return ()
    return (Heard(text=memory.partial, start=None, end=None, final=True),)


def _take(memory: WhisperLiveKitMemory, found: Fields, kit: WhisperLiveKit) -> Decoded:
    buffer = text(found.get("buffer_diarization")) + text(found.get("buffer_transcription"))
    told, finals, waiting, silence = _read(memory.told, found, kit, buffer)
    partial = (waiting + buffer).strip()[:_REMEMBERED]
    decoded = max(memory.decoded, _decoded(found, told.until))
    confirmed = max(memory.confirmed, min(told.until, decoded))
    items: list[Message] = [
        msgspec.structs.replace(each, end=min(each.end or 0.0, decoded)) for each in finals
    ]
    if partial and (finals or partial != memory.partial):
        items.append(Heard(text=partial, start=None, end=None, final=False))
    elif memory.partial and not partial and not finals:
        items.append(_WITHDRAWN)
    if silence is not None and not partial:
        decoded, confirmed = _silent(silence, decoded, confirmed)
    if (decoded, confirmed) != (memory.decoded, memory.confirmed):
        items.append(Proof(drained=decoded, confirmed=confirmed))
    after = WhisperLiveKitMemory(told=told, partial=partial, decoded=decoded, confirmed=confirmed)
    return after, tuple(items)


def _read(
    told: Told, found: Fields, kit: WhisperLiveKit, buffer: str
) -> tuple[Told, list[Heard], str, Fields | None]:
    """What is new in the lines: finals, text that waits for ``buffer``, and a last silence."""
    finals: list[Heard] = []
    passed, waiting, silence = False, "", None
    lines = objects(found.get("lines")) + objects(found.get("new_lines"))
    for place, line in enumerate(lines, 1):
        if number(line.get("speaker")) == _SILENT:
            silence = line
            continue
        silence = None
        after, new, passed = take_line(told, line, passed=passed)
        if new and place == len(lines) and buffer.startswith(_JOINERS):
            waiting = new
            break
        begun, told = told.until, after
        start = begin_of(line)
        if start is None or after.length > len(new):  # the line goes on
            start = max(begun, start or 0.0)
        if new.strip():
            finals.append(
                Heard(
                    text=new.strip(),
                    start=start,
                    end=told.until,
                    final=True,
                    language=label(line.get("detected_language")) or kit.language,
                    speaker=_speaker(line) if kit.diarization else None,
                )
            )
    return told, finals, waiting, silence


def _speaker(line: Fields) -> str | None:
    speaker = label(line.get("speaker"))
    return None if speaker in _NOBODY else speaker


def _decoded(found: Fields, committed: float) -> float:
    """How far the audio is decoded at least; 0.0: the figures do not show it."""
    policy = number(found.get("remaining_time_transcription_policy")) or 0.0
    return round(max(committed + policy - _ROUNDED, 0.0), 3) if policy > 0 else 0.0


def _silent(silence: Fields, decoded: float, confirmed: float) -> tuple[float, float]:
    """What is decoded and confirmed with the line of silence that is the last one."""
    start, end = begin_of(silence), clock(silence.get("end"))
    if start is None or end is None or start > decoded + 2 * _ROUNDED or end < start:
        return decoded, confirmed
    return max(decoded, end), round(max(confirmed, end - ONSET), 3)
