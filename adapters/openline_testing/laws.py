"""The laws that every session keeps, by name: what a ``World`` holds a connection to.

Each is one promise of the design, said so that it can be seen from outside: by what
happened, what was commanded, what was pulled, and when. None of them mentions how the
core works. A law that is broken is told in one line: which, when, and what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn

#: Seconds. What two sums of the same times may differ by.
SLACK: Final = 1e-6

#: Every law: its name, and the sentence that a person may hold us to.
LAWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Dials.
        "one socket": "At most one dial is out, and dials are numbered from 1 without a hole.",
        "the gate": (
            "No more than dials_per_minute (at most 15) dials, redirects and requests for a "
            "credential in any 60 s."
        ),
        "credential first": (
            "One request for a credential at a time, none while a dial is out, and no dial "
            "before its answer."
        ),
        "fresh credential": (
            "A refused credential leads to one dial with a fresh one, if there is a provider, "
            "and never to a second until the line was stable."
        ),
        "redirects": (
            "At most max_redirects in a row, never from wss to ws, and a credential does not "
            "go to another origin."
        ),
        # What is told.
        "the way": "A session goes from state to state only as the chart is drawn.",
        "told as it is": (
            "The state that was told fits what was seen: no dial that is lost is kept, none "
            "that is out is forgotten."
        ),
        "the ack opens": "The backend's ack of the start opens the line, at once and alone.",
        "late facts": (
            "A fact of an earlier dial or request changes nothing: it is dropped and counted."
        ),
        "messages of others": (
            "A message that carries the ids of another connection or start changes nothing: it "
            "is dropped and counted."
        ),
        "impossible requests": (
            "An impossible request of the app, and nothing else, raises LocalProtocolError and "
            "changes nothing."
        ),
        # Losses.
        "fatal is final": "Whoever was told never to come back does not dial again.",
        "refused on arrival": "A refusal that the dialect knows ends its dial when it arrives.",
        "the verdict": "An ending that tells one fact alone is judged by that fact.",
        "backoff": (
            "The wait is within what the policy, a Retry-After of at most 300 s and the gate "
            "allow, and shrinks only after a line that streamed for stable_after."
        ),
        "the wait": "No dial goes out before the wait that was told is over, or a hint ends it.",
        "patience": (
            "No more retries in a row than max_attempts, and none later than give_up_after "
            "from the first loss since there was progress."
        ),
        "hope": "A session fails only for a reason: a fatal ending or a limit of its policy.",
        # The wire.
        "the start": (
            "Each dial that is open gets exactly one start, as the first message, with its ids, "
            "as soon as it is pulled but not before start_delay."
        ),
        "no audio before the ack": "Nothing but the start goes out before the backend's ack.",
        "only for the live dial": "What is pulled is for the dial that is out, and never later.",
        "audio flows": (
            "An open line carries what was captured: frame by frame, at least the first "
            "1.6 s of each source."
        ),
        "the window": (
            "Per source no more audio is out than 1.6 s beyond what the backend has drained, as it "
            "told or, if it tells nothing for 5 s, in real time; or, at the live edge and while it "
            "is not filling, 1.0 s beyond what it has received."
        ),
        "frames": "A message carries at most 320 samples, a ping's mark at most 125 bytes.",
        "a ping in time": "On an open line a ping is due at least every ping_interval.",
        "a dead line is noticed": (
            "A line on which nothing arrives is left within ping_interval + pong_timeout, and "
            "one whose send hangs within send_timeout."
        ),
        "a backend that stalls": (
            "A line that takes no more audio, the backend neither draining nor speaking, is left "
            "within stall_timeout."
        ),
        # The words.
        "words in order": "What is told of a source never lies before what is final there.",
        "partials end": "A partial is replaced, or retracted once its dial is over.",
        "gaps add up": (
            "What is missing is what was told to be missing, and each lost sample is in one gap."
        ),
        "complete": (
            "A result is complete exactly if the session was closed and not aborted, no source "
            "failed or hung before the stop, and it has no gaps. It names these sources, and "
            "holds every final told."
        ),
        "watermarks": (
            "Per source captured >= sent >= confirmed, and they never say less later; captured is "
            "what the app handed over."
        ),
        # The sources.
        "sources end once": (
            "Each source that ends before the session is told of once, and how it came to that."
        ),
        "a source that hangs": (
            "One from which nothing was heard for source_timeout, and no other, is lost and let "
            "go, unless it may pause."
        ),
        # The end.
        "stop wins": (
            "Once stopped a session streams no more, takes no more audio, dials only for audio "
            "that is undelivered, and with none and no open line is over at once."
        ),
        "the stop": (
            "Each line gets at most one stop, only if asked for, after all audio; and it gets it."
        ),
        "the final message": "The final message after a stop closes the line, and nobody dials.",
        "finish in time": (
            "A stop is carried out within finish_timeout and the audio that was due then, and "
            "the closing handshake within close_timeout."
        ),
        "abort is now": "An abort ends the session at once, from anywhere.",
        "one end": "There is one result, it is the last word, and a state that is final stays.",
        # Time.
        "silence ends": (
            "Every state but idle has a deadline that its own timeout bounds, and time alone "
            "leads to an end, or for ever from dial to dial if the policy says so."
        ),
        "no deadline in the past": "When a connection rests, what it waits for lies ahead.",
        "the stop ends": "From anywhere a stop, and then time alone, leads to a final state.",
        "no exception": "Nothing that happens raises an exception.",
        # What is yours.
        "the dialect": (
            "A dialect says text or bytes, the same of the same audio, and makes a sound message "
            "of whatever arrives, or Malformed; it never raises."
        ),
    }
)


class LawBroken(AssertionError):  # noqa: N818 (it says what it is, and is no error of a program)
    """A law does not hold: ``law`` is its name in ``LAWS``, ``what`` happened at ``now``."""

    def __init__(self, law: str, what: str, now: float) -> None:
        super().__init__(f"{law!r} is broken at {now:.3f} s: {what}. The law: {LAWS[law]}")
        self.law = law
        self.what = what
        self.now = now


def broken(law: str, what: str, now: float) -> NoReturn:
    """Raise ``LawBroken``."""
    raise LawBroken(law, what, now)
