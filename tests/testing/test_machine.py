"""Events in any order, from any dial, at any time: the laws hold at every step."""

from __future__ import annotations

from collections.abc import Sequence

from openline.commands import Command, SendPing
from openline.events import Event, NetworkRestored
from openline.updates import State
from openline_testing import SessionFuzzer
from tests.support_profiles import paced


class AnyOrder(SessionFuzzer):
    """The default dialect, unchanged."""

    def received(self, event: Event, commands: Sequence[Command]) -> None:
        """After NetworkRestored an open line must be checked with a ping."""
        acked = self.session.state in {State.STREAMING, State.FINISHING}
        if acked and isinstance(event, NetworkRestored):
            next_one = self.world.pull(self.session, self.now)
            assert isinstance(next_one, SendPing), "the network is back, and no ping is sent"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = paced(150, 40)
