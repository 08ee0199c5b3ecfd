"""Nothing is lost silently and nothing is finalised twice: the theorem, for your own parts.

Given an ideal backend behind a bad network, a disk that fails and an app that acts at random,
per source every captured sample ends up confirmed by the backend or in a reported gap, no
sample lies in two finals, and each final has the times of its audio, to the sample.
``THEOREM`` states it clause by clause.

    check(range(1000), policy=…, speech=…)    # the schedules of a thousand seeds

- ``draw`` makes a ``Schedule`` from a seed: all that happens in one session. It consists of
  ``Source`` and ``Fault``.
- ``play`` plays one against a session and returns its ``Ledger``; ``kill_and_resume``
  kills the process on the way, and another one resumes the session.
- ``check`` plays many, and raises a ``Counterexample`` with a small schedule to paste;
  ``shrunk`` makes it small. It raises ``NothingProved`` if no session got anywhere.
- ``Speech`` encodes the backend's messages in your dialect, ``EchoSpeech`` in the default
  one; a transcript to encode is ``Words``.

The parts: ``simulation`` has the virtual time, ``schedule`` the events, ``backend`` the ideal
backend, ``speech`` its encoding, ``network`` one dial, ``disk`` and ``feeder`` the rest of a
session's environment, ``line`` the session and its adapter, ``account`` and ``books`` the
checks, ``resuming`` the second process, and ``vacuity`` checks that the sessions got
anywhere at all.
"""

from __future__ import annotations

from openline_testing.theorem.checking import Counterexample, check
from openline_testing.theorem.clauses import THEOREM, TheoremBroken
from openline_testing.theorem.ledger import Ledger
from openline_testing.theorem.playing import play
from openline_testing.theorem.resuming import kill_and_resume
from openline_testing.theorem.schedule import Fault, Schedule, Source, draw, keeps_up
from openline_testing.theorem.shrinking import shrunk
from openline_testing.theorem.simulation import brisk, calm
from openline_testing.theorem.speech import EchoSpeech, Speech, Words
from openline_testing.theorem.vacuity import NothingProved

__all__ = [
    "THEOREM",
    "Counterexample",
    "EchoSpeech",
    "Fault",
    "Ledger",
    "NothingProved",
    "Schedule",
    "Source",
    "Speech",
    "TheoremBroken",
    "Words",
    "brisk",
    "calm",
    "check",
    "draw",
    "keeps_up",
    "kill_and_resume",
    "play",
    "shrunk",
]
