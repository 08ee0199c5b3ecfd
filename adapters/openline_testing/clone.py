"""Copies of a session, and a way back after a step, for an exhaustive walk of a million steps.

``copy.deepcopy`` examines every value again. Here each type is examined once. Mutable
values are instances of our classes with ``__slots__`` (copied slot by slot), and lists,
dicts, sets, deques and Counters (copied with their items). Everything else is shared:
numbers, text, tuples, frozen structs, functions, and foreign objects such as a dialect,
which is stateless. Parts that two attributes share stay shared in the copy.

``Kept`` notes the contents of all that ``clone`` would copy and puts them back later. That takes a
tenth of the time of a copy: nothing is made, and no type is looked at again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, cast

T = TypeVar("T")
#: The packages whose objects make up a session.
_OURS = frozenset({"openline", "openline_testing"})
_Memo: TypeAlias = dict[int, Any]
_Copier: TypeAlias = Callable[[Any, _Memo], Any]
_Putter: TypeAlias = Callable[[Any, Any], None]
_Keeper: TypeAlias = tuple[Callable[[Any], tuple[Any, ...]], _Putter]


def clone(thing: T) -> T:
    """A copy that shares nothing mutable with ``thing``."""
    how = _how(type(thing))
    copied: T = how(thing, {}) if how else thing
    return copied


class Kept:
    """The contents of ``thing``, and of everything mutable in it, as they are now."""

    __slots__ = ("_contents", "_empty")

    def __init__(self, thing: object) -> None:
        self._contents: list[tuple[_Putter, Any, Any]] = []
        self._empty: list[Any] = []  # more than half of all, and they mostly stay so
        seen: set[int] = set()
        todo = [thing]
        while todo:
            each = todo.pop()
            kind = type(each)
            if id(each) in seen or _how(kind) is None:
                continue
            seen.add(id(each))
            if kind in _PUTTERS and not each:
                self._empty.append(each)
                continue
            put, contents, inner = _contents(each, kind)
            self._contents.append((put, each, contents))
            todo += inner

    def restore(self) -> None:
        """Put all of them back."""
        for put, thing, contents in self._contents:
            put(thing, contents)
        for thing in self._empty:
            if thing:
                thing.clear()


def _contents(thing: Any, kind: type[Any]) -> tuple[_Putter, Any, Iterable[Any]]:
    """How to put the contents of ``thing`` back, these contents, and the values among them."""
    if kind in _PUTTERS:
        inner: Iterable[Any] = thing.values() if issubclass(kind, dict) else thing
        return _PUTTERS[kind], thing.copy(), inner
    if kind not in _KEPT:
        _KEPT[kind] = _keeper(kind)
    values, put = _KEPT[kind]
    contents = values(thing)
    return put, contents, contents


def _keeper(kind: type) -> _Keeper:
    """What gets the contents of the slots of ``kind``, and what puts them back."""
    names = _slots(kind)
    if len(names) == 1:
        names *= 2  # so that attrgetter gives a tuple
    made: dict[str, Any] = {}
    # One assignment for all slots is five times as fast as a call for each.
    targets = ", ".join(f"thing.{name}" for name in names)
    exec(f"def put(thing, contents):\n    {targets} = contents", made)  # noqa: S102  # names of fields, no input
    return attrgetter(*names), made["put"]


def _put_items(things: Any, contents: Any) -> None:
    things.clear()
    things.extend(contents)


def _put_all(things: Any, contents: Any) -> None:
    things.clear()
    things.update(contents)


def _how(kind: type) -> _Copier | None:
    """How to copy values of type ``kind``; None: they are shared."""
    if kind not in _KNOWN:
        _KNOWN[kind] = _by_slots(kind) if _is_ours(kind) else None
        if _KNOWN[kind] is None:
            _SHARED.add(kind)
    return _KNOWN[kind]


def _is_ours(kind: type) -> bool:
    """Whether its instances are mutable: our class, with slots, and not frozen."""
    ours = kind.__module__.partition(".")[0] in _OURS and not hasattr(kind, "_fields")
    frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    structure = hasattr(kind, "__struct_fields__") or issubclass(kind, type | int | str)
    return ours and bool(_slots(kind)) and not frozen and not structure


def _slots(kind: type) -> tuple[str, ...]:
    return tuple(slot for each in kind.__mro__ for slot in getattr(each, "__slots__", ()))


def _by_slots(kind: type) -> _Copier:
    names = _slots(kind)
    if len(names) == 1:
        names *= 2  # so that attrgetter gives a tuple
    values = attrgetter(*names)
    setters = [getattr(kind, name).__set__ for name in names]
    make = cast("Callable[[type], Any]", object.__new__)

    def copy(thing: Any, memo: _Memo) -> Any:
        known = memo.get(id(thing))
        if known is not None:
            return known
        new = make(kind)
        memo[id(thing)] = new
        contents: tuple[object, ...] = values(thing)
        for put, value in zip(setters, contents):  # noqa: B905  # equal lengths; strict costs time
            if type(value) in _SHARED:
                put(new, value)
            else:
                how = _how(type(value))
                put(new, how(value, memo) if how else value)
        return new

    return copy


def _items(things: Any, memo: _Memo) -> Any:
    """A list or deque: its items are of one kind."""
    first: object
    for first in things:
        how = _how(type(first))
        if how:
            return type(things)([how(each, memo) for each in things])
        break
    return things.copy()


def _dict(things: Any, memo: _Memo) -> Any:
    first: object
    for first in things.values():
        how = _how(type(first))
        if how:
            return {key: how(each, memo) for key, each in things.items()}
        break
    return things.copy()


def _set(things: Any, _memo: _Memo) -> Any:
    return things.copy()


_SHARED: set[type] = set()
_KNOWN: dict[type, _Copier | None] = {
    list: _items,
    deque: _items,
    dict: _dict,
    set: _set,
    Counter: _set,
}
_PUTTERS: dict[type, _Putter] = {
    list: _put_items,
    deque: _put_items,
    dict: _put_all,
    set: _put_all,
    Counter: _put_all,  # nothing is added: it is empty then
}
#: For each class of ours: what gets the contents of its slots, and what puts them back.
_KEPT: dict[type, _Keeper] = {}
