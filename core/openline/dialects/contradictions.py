"""Traits that are valid one by one, and cannot hold together for any backend.

``Traits`` checks each value; here is what ``check_dialect`` refuses besides.

- *Disorder without the times of words.* Where finals may begin before the end of others, the mark
  lies between the words of those that are held. Without times it lies in none of these finals, and
  while two people talk it would not move at all.
- *An end by a close, and silence that is not proved.* Such a session is complete if all its audio
  is proved when the backend closes the connection. Nothing proves the silence behind the last
  words, so the close would always count as a loss, and all of that silence would be sent again.
"""

from __future__ import annotations

from openline.dialects.traits import End, Ends, Traits


def contradiction(traits: Traits) -> str:
    """What contradicts itself, and what to change, in one line; "" if nothing does."""
    if traits.disorder and traits.ends is not Ends.NONE and not traits.word_times:
        return (
            "disorder, and finals without the times of their words: give each Heard words with "
            "times and set word_times, or set ends=Ends.NONE and send Proofs"
        )
    if traits.end is End.CLOSE and not traits.proves_silence:
        return (
            "End.CLOSE and proves_silence=False: the close proves nothing, so the last silence "
            "would never be; set End.NEVER with settle, or decode a FinalMessage"
        )
    return ""
