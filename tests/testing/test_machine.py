"""Events in any order, from any dial, at any time: the laws hold at every step."""

from __future__ import annotations

from openline.testing import ConnectionMachine

from ..support_profiles import paced


class AnyOrder(ConnectionMachine):
    """The default dialect, as it is."""


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = paced(150, 40)
