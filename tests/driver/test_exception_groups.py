"""The errors inside nested groups are found in order."""

from __future__ import annotations

from openline_driver.exception_groups import leaves


def test_an_error_that_is_no_group_is_its_own_leaf() -> None:
    error = ValueError("alone")
    assert leaves(error) == [error]


def test_nested_groups_are_flattened_in_order() -> None:
    first, second, third = ValueError("1"), KeyboardInterrupt(), OSError("3")
    inner = BaseExceptionGroup("inner", [first, second])
    assert leaves(BaseExceptionGroup("outer", [inner, third])) == [first, second, third]
