"""Events in any order, from any dial, at any time: the laws hold at every step."""

from __future__ import annotations

from hypothesis import settings

from .world import Walk

TestAnyOrder = Walk.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
