"""The collector passes over what a worker has imported, and over nothing that comes later."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from openline_fleet import spare_imports


@pytest.fixture
def unfrozen() -> Iterator[None]:
    """What a test freezes is collected again behind it."""
    before = gc.get_freeze_count()
    yield
    if not before:
        gc.unfreeze()


class Knot:
    """An object that keeps itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("unfrozen")
def test_what_is_there_is_passed_over_and_what_comes_later_is_collected() -> None:
    early = Knot()
    spare_imports()
    assert gc.get_freeze_count() > 0
    assert not any(each is early for each in gc.get_objects())
    late = weakref.ref(Knot())
    gc.collect()
    assert late() is None


@pytest.mark.usefixtures("unfrozen")
def test_what_is_garbage_is_collected_first() -> None:
    gone = weakref.ref(Knot())
    spare_imports()
    assert gone() is None
