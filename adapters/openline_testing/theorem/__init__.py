"""Nothing is lost silently and nothing is finalised twice: the theorem, for what is yours.

Given an ideal backend behind a bad network, a disk that fails and an app that does what it
likes, per source every captured sample ends up dealt with by the backend or in a gap that
was told, no sample lies in two finals, and each final stands where its words were spoken, to
the sample. ``THEOREM`` has it clause by clause.

    check(range(1000), policy=…, speech=…)    # the schedules of a thousand seeds

- ``draw`` makes a ``Schedule`` from a seed: all that happens in one session. It consists of
  ``Source`` and ``Fault``.
- ``play`` plays one against a connection and gives back its ``Ledger``; ``kill_and_resume``
  kills the process on the way, and another one takes the session up.
- ``check`` plays many, and raises a ``Counterexample`` with a small schedule to paste;
  ``shrunk`` is what makes it small. It raises ``NothingProved`` where nothing ever happened.
- ``Speech`` is how the backend speaks your dialect, ``EchoSpeech`` the default one; what it
  says of words is ``Words``.

How it is made: ``stage`` has the time that only a play moves, ``schedule`` what happens,
``backend`` the ideal backend, ``speech`` its language, ``network`` one dial, ``disk`` and
``feeder`` what else there is around a session, ``line`` the session and its adapter,
``account`` and ``books`` what is held against it, ``resuming`` the second process, and
``witness`` sees that anything happened at all.
"""

from __future__ import annotations

from openline_testing.theorem.books import Ledger
from openline_testing.theorem.checking import Counterexample, check
from openline_testing.theorem.clauses import THEOREM, TheoremBroken
from openline_testing.theorem.playing import play
from openline_testing.theorem.resuming import kill_and_resume
from openline_testing.theorem.schedule import Fault, Schedule, Source, draw, keeps_up
from openline_testing.theorem.shrinking import shrunk
from openline_testing.theorem.speech import EchoSpeech, Speech, Words
from openline_testing.theorem.stage import brisk, calm
from openline_testing.theorem.witness import NothingProved

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
