"""What a dialect proves, in words, from its traits alone.

    promise(deepgram.traits)  →  "finals prove what they cover; silence is proved"

The command lists it for each dialect, and the reference prints it. What cannot be proved is said
as plainly: an honest *complete* is worth more than a flattering one.
"""

from __future__ import annotations

from openline.dialects.traits import Drain, End, Ends, Traits


def promise(traits: Traits) -> str:
    """What a session with these traits proves, in one line: words, silence, the end."""
    return "; ".join((_words(traits), _silence(traits), _end(traits)))


def limits(traits: Traits) -> str:
    """What bounds a connection, in one line; empty if nothing does."""
    found: list[str] = []
    if traits.longest is not None:
        found.append(f"a connection lives {_span(traits.longest)} at most, and is renewed before")
    if traits.queue is not None:
        found.append(f"at most {traits.queue:g} s wait at the backend")
    if traits.pace is not None:
        found.append(f"audio goes at most {traits.pace:g} times as fast as time")
    if traits.drain is Drain.NONE and traits.longest is not None:
        found.append("what is unproved at a renewal is sent again")
    return "; ".join(found)


def _words(traits: Traits) -> str:
    if traits.watermarks:
        what = "figures" if traits.counts is None else "counted replies"
        return f"{what} prove the audio up to them, its words too"
    match traits.ends:
        case Ends.EXACT if traits.disorder:
            return (
                f"a final is held for {traits.disorder:g} s more of audio, in which others may "
                "begin before its end"
            )
        case Ends.EXACT:
            return "a final proves the audio that it covers"
        case Ends.CLAIMED:
            return "a final is held until later words, figures or silence prove its audio"
        case _:
            return "words prove nothing, the backend's other messages do"


def _silence(traits: Traits) -> str:
    if traits.proves_silence:
        return "silence is proved"
    return f"quiet audio is assumed to be heard after {traits.horizon:g} s"


def _end(traits: Traits) -> str:
    match traits.end:
        case End.MESSAGE:
            return "the end by a last message"
        case End.CLOSE:
            return "the end by a close when all is proved"
        case _:
            return f"no end: words are waited for {traits.settle:g} s"


def _span(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes / 60:g} h" if minutes >= 120 else f"{minutes:g} min"
