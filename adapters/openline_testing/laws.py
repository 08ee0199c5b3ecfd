"""The laws that every session keeps, by name; a ``World`` checks a session against them.

Each law is one promise of the design, stated so that it can be checked from outside: by the
events, the commands, the pulled messages, and their times. No law mentions how the core
works. A broken law is one line: its name, the time, and the observation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn

#: Seconds by which two sums of the same times may differ.
#: Seconds in which what lies ready is read after a suspension.
GRACE: Final = 0.25
SLACK: Final = 1e-6

#: Every law: its name, and the sentence that states it.
LAWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Dials.
        "one socket": "At most one dial is out, and dials are numbered from 1 without a hole.",
        "the gate": (
            "No more than dials_per_minute (at most 15) dials, redirects and requests for a "
            "credential in any 60 s; the request for one that is due counts with its dial."
        ),
        "credential first": (
            "One request for a credential at a time, none while a dial is out, none while the "
            "last one holds, and no dial before its answer or with one that is due."
        ),
        "fresh credential": (
            "A refused credential leads to one dial with a fresh one, if there is a provider, "
            "and never to a second until the line was stable."
        ),
        "redirects": (
            "At most max_redirects in a row, never from wss to ws, to another origin only if the "
            "app allowed it, and a credential does not go to another origin."
        ),
        # Reports.
        "transitions": "A session goes from state to state only as the chart is drawn.",
        "state fits": (
            "The reported state fits the events: no lost dial is kept, no live dial is forgotten."
        ),
        "the ack opens": "The backend's ack of the start opens the line, at once and alone.",
        "late events": (
            "An event of an earlier dial or request changes nothing: it is dropped and counted."
        ),
        "foreign messages": (
            "A message that carries the ids of another connection or start changes nothing: it "
            "is dropped and counted."
        ),
        "impossible requests": (
            "An impossible request of the app, and nothing else, raises LocalProtocolError and "
            "changes nothing."
        ),
        # Losses.
        "fatal is final": "After a fatal ending a session does not dial again.",
        "refused on arrival": "A refusal that the dialect defines ends its dial when it arrives.",
        "the verdict": "An ending with a single cause is judged by that cause.",
        "backoff": (
            "The delay is within what the policy, a Retry-After of at most 300 s and the gate "
            "allow, and shrinks only after a line that streamed for stable_after."
        ),
        "the delay": "No dial goes out before the reported delay is over, or a hint ends it.",
        "patience": (
            "No more retries in a row than max_attempts, and none later than give_up_after "
            "from the first loss since there was progress; a delay that would pass this limit, or "
            "the time to finish, is cut to its last instant, once."
        ),
        "no early failure": (
            "A session fails only for a reason: a fatal ending or a limit of its policy."
        ),
        # The wire.
        "the start": (
            "Each dial that is open gets exactly one start, as the first message, with its ids, "
            "as soon as it is pulled but not before start_delay."
        ),
        "no audio before the ack": "Nothing but the start goes out before the backend's ack.",
        "only for the live dial": "A pulled message is for the live dial, and none comes later.",
        "audio flows": (
            "An open line carries the captured audio: frame by frame, at least the first "
            "1.6 s of each source."
        ),
        "the window": (
            "Per source no more audio is out than 1.6 s beyond what the backend has drained, as it "
            "reported or, if it reports nothing for 5 s, in real time; or, at the live edge and "
            "while it is not filling, 1.0 s beyond what it has received, and once it gives figures "
            "no more than its queue holds. Where it announces a queue, these lengths are 0.8, at "
            "most 0.5, and all of it; claimed ends drain nothing."
        ),
        "frames": "A message carries at most 320 samples, a ping's mark at most 125 bytes.",
        "a ping in time": "On an open line a ping is due at least every ping_interval.",
        "a dead line is left": (
            "A line on which nothing arrives is left within ping_interval + pong_timeout, and "
            "one whose send hangs within send_timeout."
        ),
        "a backend that stalls": (
            "A line that takes no more audio, while the backend sends no sign of progress, is "
            "left within stall_timeout."
        ),
        "a deaf backend": (
            "A line on which nothing comes of a source's audio, neither words nor progress, is "
            "left within the horizon and proof_timeout."
        ),
        "ignored sources": (
            "No audio goes out of a source that the backend ignores on this dial: it is in one "
            "growing gap, reported at the latest each 10 s of it, and no other source's is."
        ),
        # Words.
        "words are told": (
            "What the backend says about a source is told at once, with its text, and its times "
            "within what this dial was sent; nothing else is told, and what cannot be is counted."
        ),
        "held finals": (
            "A final with a claimed end is held: told as settled, and as final with the same id, "
            "text and times once the confirmed audio reaches its place, or no proof can come any "
            "more; or it is replaced by what a later dial heard there. None is forgotten."
        ),
        "transcripts in order": (
            "A final is told once and never revised; the result is ordered by beginnings."
        ),
        "partials end": (
            "A partial is replaced, or retracted once its dial is over; a settled one stays as "
            "long as its dial, unless it becomes final. One that stands when the backend ends is "
            "reported and counted, and the session is not complete."
        ),
        "seams": (
            "The first final of a source after a loss that cut its audio, on a dial whose ends "
            "are claims, is marked as a seam, and no other one is."
        ),
        # Proof.
        "marks": (
            "The confirmed audio grows only with a message that proves it. An exact end proves all "
            "before it. With claimed ends it grows into a pause between two finals, to what is "
            "drained for the horizon, or to the last beginning of a run that is too long; never "
            "into a held final or behind the beginning of a live partial."
        ),
        "the final proof": (
            "The final message confirms all that its dial was sent of a source; but nothing if "
            "audio was or may have been dropped, nor for a source of which neither words nor "
            "figures came while they came of another one, nor where its figures leave more audio "
            "undrained than the queue holds. What is left partial it confirms at the end alone."
        ),
        "watermarks": (
            "Per source captured >= sent >= confirmed, and neither captured, confirmed nor told "
            "falls; captured is the audio that the app handed over."
        ),
        # Gaps, and the result.
        "gaps add up": (
            "The missing audio equals the reported gaps without those withdrawn, and each lost "
            "sample is in one gap."
        ),
        "gaps withdrawn": (
            "A gap that the backend reported is withdrawn, once, exactly if later dials have "
            "confirmed all audio within its bounds; or at the end, if it counted audio twice. An "
            "exact gap is withdrawn only if finals tell its audio; the rest is a gap again."
        ),
        "accounts": (
            "Of each source the captured samples are those confirmed, assumed, told and missing, "
            "exactly; none is assumed where the backend proves silence."
        ),
        "complete": (
            "A result is complete exactly if the session was closed and not aborted, no source "
            "failed or hung before the stop, it has no gaps, no words were left untold, and no "
            "audio was taken for silence without its level. It names these sources, and holds "
            "every reported final."
        ),
        # The sources.
        "sources end once": (
            "Each source that ends before the session is reported once, with its reason."
        ),
        "a source that hangs": (
            "A source that is silent for source_timeout, and no other, is lost and closed, "
            "unless it may pause."
        ),
        # The end.
        "stop wins": (
            "Once stopped a session streams no more, takes no more audio, dials only for audio "
            "that is undelivered, and with none and no open line is over at once."
        ),
        "the stop": (
            "Each line gets at most one stop, only if asked for, after all audio; and it gets it."
        ),
        "the final message": (
            "The final message after a stop closes the line, and no dial follows."
        ),
        "finish in time": (
            "A stop is carried out within finish_timeout and the time that the backend needs, by "
            "its figures, for the audio that was due then; and the closing handshake within "
            "close_timeout."
        ),
        "abort is now": "An abort ends the session at once, from anywhere.",
        "one end": "There is one result, it is the last word, and a state that is final stays.",
        # Time.
        "silence ends": (
            "Every state but idle has a deadline that its own timeout bounds, and time alone "
            "leads to an end, or to endless dials if the policy has no limit."
        ),
        "a suspension": (
            "A session reports that its process was stopped exactly if an event comes a second "
            "after its deadline; then no source is lost before what lies ready is read."
        ),
        "no deadline in the past": "When a session rests, its next deadline lies ahead.",
        "the stop ends": "From anywhere a stop, and then time alone, leads to a final state.",
        "no exception": "Nothing that happens raises an exception.",
        # Your dialect.
        "the dialect": (
            "A dialect encodes text or bytes, the same for the same audio, and decodes every input "
            "to a valid message or Malformed; it never raises."
        ),
    }
)


class LawBroken(AssertionError):  # noqa: N818  # an assertion, not an error of a program
    """A broken law: ``law`` is its name in ``LAWS``, ``what`` was observed at ``now``."""

    def __init__(self, law: str, what: str, now: float) -> None:
        super().__init__(f"{law!r} is broken at {now:.3f} s: {what}. The law: {LAWS[law]}")
        self.law = law
        self.what = what
        self.now = now


def broken(law: str, what: str, now: float) -> NoReturn:
    """Raise ``LawBroken``."""
    raise LawBroken(law, what, now)
