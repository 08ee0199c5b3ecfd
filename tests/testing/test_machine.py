"""Events in any order, from any dial, at any time: the laws hold at every step."""

from __future__ import annotations

from hypothesis import settings

from openline.testing import ConnectionMachine


class AnyOrder(ConnectionMachine):
    """The default dialect, as it is."""


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
