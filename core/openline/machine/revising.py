"""A backend that says a segment again: a line that is cut anew, a turn that is written better.

What was told as final is never revised. So a segment can be said again only while it is *held*
(``openline.audio.settling``, ``openline.audio.marks``): a dialect whose backend does so states with
``Traits.disorder`` how far before the latest end such a segment begins at most. Then the new words
take the place of the held ones, under the id of the first of them. It is neither a repetition nor
counted: it is the same hearing of the same audio, told better. Segments have the ids of the backend
(``Heard.segment_id``), which begin anew on each dial, so only finals of the live dial are meant.

If the segment is final already, it stands, and the new words are not told: a ``Trouble`` says so.

An example, with a disorder of 5 s. Segment 7, "hello word", 10.0 to 11.0, is held as 1.1.7. The
backend says it again, "Hello, world.": the app has a settled partial 1.1.7 with the new words. A
final that ends at 16.0 makes it final, with these words.

A process that is killed in between finds one of the two on disk, and the audio is sent again.
"""

from __future__ import annotations

from openline.audio.readings import Reading
from openline.audio.stream import Stream
from openline.commands import StoreReplaced
from openline.dialects.protocol import Heard
from openline.machine.proofs import Proofs
from openline.text import has_words


class Revising(Proofs):
    """The actions on words that replace others of the same dial."""

    __slots__ = ()

    def take_back(self, stream: Stream) -> list[Reading]:
        """Hold the segments no longer that the words of the message replace; returns them.

        All but the first leave the screen and the disk; so does that one, if no words follow.
        """
        heard: Heard = self.message
        source, marks = stream.box.source, stream.box.hearing.marks
        gone = marks.take_back(heard.replaces)
        left = gone[1:] if has_words(heard.text) else gone
        if self.spooled:
            for each in left:
                self.out.append(StoreReplaced(each.final.id))
        if left:  # a retraction is of all that is settled
            for retraction in self.timeline.retract_all(source):
                self.report(retraction)
            for each in marks.held:
                self.timeline.add(each.final)
                self.report(each.final)
        return gone

    def miss_revision(self, stream: Stream) -> None:
        """The segment that the words replace is final already: it stands."""
        self.trouble(
            "revised", f"words of {stream.box.source} that are final were said again: they stand"
        )
