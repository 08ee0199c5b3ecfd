"""The promise of a dialect, played: a backend made of its traits alone, as bad as they allow.

The theorem plays the messages of echopanel. This plays any traits: ``promise(traits, seed)``
makes a speaker, a network that fails and a backend that behaves in the worst way that the traits
declare, runs one session in virtual time, and compares the words::

    for seed in range(1000):
        promise(Deepgram().traits, seed).check()

What must hold, whatever the traits:

- every word that was captured whole is in the transcript once, or its audio is in a gap, or it
  is reported as left partial by the backend at the end: then the session is not complete;
- a word may be missing or stand twice at a seam, at most one for each dial that was lost, and
  only where the ends of finals are claims, or where a dial proves nothing but by the stop that
  ends it: that may cut a word;
- every sample is confirmed, assumed, told or missing; and no words of a second or more in ten
  were assumed to be silence: less may be a cough, if a backend is deaf that proves no silence;
- the backend is never sent more than its queue holds, nor faster than its pace, and is never
  left without a message for longer than its keepalive.

The parts: ``speaker`` makes the words and their audio; ``wire`` is a dialect with these traits and
a wire format of its own; ``recognizer`` finds the words in received audio; ``backend`` is one
connection; ``playing`` is the session and its network; ``outcome`` has the faults and the result.
"""

from __future__ import annotations

from openline_testing.promise.outcome import Faults, Outcome, PromiseBroken
from openline_testing.promise.playing import promise

__all__ = ["Faults", "Outcome", "PromiseBroken", "promise"]
