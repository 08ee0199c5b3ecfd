"""The errors inside nested groups are found in order."""

from __future__ import annotations

import pytest

from openline_driver.exception_groups import is_own, leaves, raise_alone


def test_an_error_that_is_no_group_is_its_own_leaf() -> None:
    error = ValueError("alone")
    assert leaves(error) == [error]


def test_nested_groups_are_flattened_in_order() -> None:
    first, second, third = ValueError("1"), KeyboardInterrupt(), OSError("3")
    inner = BaseExceptionGroup("inner", [first, second])
    assert leaves(BaseExceptionGroup("outer", [inner, third])) == [first, second, third]


def test_a_group_that_holds_the_blocks_own_error_only() -> None:
    mine, other = ValueError("mine"), OSError("other")
    assert is_own(ExceptionGroup("", [mine]), mine)
    assert is_own(ExceptionGroup("", [ExceptionGroup("", [mine])]), mine)
    assert not is_own(ExceptionGroup("", [mine, other]), mine)
    assert not is_own(ExceptionGroup("", [mine]), None)


def test_an_error_that_is_alone_is_raised_as_it_is() -> None:
    mine = ValueError("mine")
    mine.__cause__ = cause = OSError("cause")
    with pytest.raises(ValueError, match="mine") as caught:
        raise_alone(ExceptionGroup("", [mine]), ValueError)
    assert caught.value.__cause__ is cause
    raise_alone(ExceptionGroup("", [mine]), OSError)
    raise_alone(ExceptionGroup("", [mine, mine]), ValueError)
