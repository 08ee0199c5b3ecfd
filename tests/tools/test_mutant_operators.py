"""The mutator makes each documented change once, and no other."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from openline import session as face
from openline.machine.actions import Actions
from openline_testing.watched import name_of
from tools.mutants import rows
from tools.mutants.mutant import Mutant, enums_of, find
from tools.mutants.reach import CORE

ENUMS = {"Colour": ("RED", "GREEN")}


def afters(source: str) -> list[str]:
    """The changed line of each mutant of ``source``."""
    return [mutant.after for mutant in find("toy", source, ENUMS)]


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("a < b", ["pass", "a <= b", "a >= b"]),
        ("a is not b", ["pass", "a is b"]),
        ("a and b", ["pass", "a or b", "b", "a"]),
        ("not a", ["pass", "a"]),
        ("a + b", ["pass", "a - b"]),
        ("(a + b) * c", ["pass", "(a + b) / c", "(a - b) * c"]),
        ("f(3)", ["pass", "f(4)"]),
        ("f(b=True)", ["pass", "f()", "f(b=False)"]),
        ("f('word')", ["pass", "f('XXword')"]),
        ("f('some words')", ["pass", "f('')"]),
        ("f(b'x')", ["pass", "f(b'XXx')"]),
        ("f(f'{a + b} x')", ["pass", 'f("")', "f(f'{a - b} x')"]),
        ("min(a)", ["pass", "max(a)"]),
        ("a.popleft()", ["pass", "a.pop()"]),
        ("f(a[b:c])", ["pass", "f(a[:c])", "f(a[b:])"]),
        ("Colour.RED", ["pass", "Colour.GREEN"]),
        ("Colour.GREEN", ["pass", "Colour.RED"]),
        ("a.b = c", ["pass"]),
        ("a = c", []),
        ("a, b.c = c", ["pass"]),
        ("a += b", ["pass", "a = b", "a -= b"]),
        ("del a.b", ["pass"]),
        ("raise a", ["pass"]),
        ("assert a < 1", []),
        ("a = [b, c]", ["a = [c]", "a = [b]"]),
        ("a = {b: c}", ["a = {}"]),
        ("a = (b, c)", ["a = (c,)", "a = (b,)"]),
        ("a: int = 1", ["a: int = 2"]),
        ("a: list[Colour.RED] = b", []),
        ("__slots__ = ('a', 'b')", []),
        ("if a: b()", ["if True: b()", "if False: b()", "if a: pass"]),
        ("while a: b()", ["while False: b()", "while a: pass"]),
        (
            "f([a for a in b if c])",
            ["pass", "f([a for a in b if True])", "f([a for a in b if False])"],
        ),
    ],
)
def test_mutants_of_a_line(line: str, changed: list[str]) -> None:
    assert sorted(afters(line)) == sorted(changed)


def test_docstrings_and_protocols_are_not_changed() -> None:
    assert afters('"""Of a module."""\n\ndef f(a: "x y") -> "z":\n    """Of a function."""\n') == []
    assert afters("class A(Protocol):\n    def f(self) -> int: return self.a + 1\n") == []


def test_the_text_around_a_change_stays_as_it_was() -> None:
    source = "def f():\n    return (  # why\n        a\n        < b\n    )  # so\n"
    first = next(m for m in find("toy", source, ENUMS) if "<=" in m.after)
    assert first.source == b"def f():\n    return (  # why\n        a <= b\n    )  # so\n"
    assert (first.before, first.after) == ("a < b", "a <= b")


def test_place_of_a_change_decides_warm_or_cold() -> None:
    source = "class A:\n    b = 1\n    def c(self, d=2):\n        return lambda: e(3)\nf = 4\n"
    found = {m.after: (m.place, m.function) for m in find("toy", source, ENUMS)}
    assert found["b = 2"] == ("A", "")
    assert found["def c(self, d=3):"] == ("A", "")
    assert found["return lambda: e(4)"] == ("A.c", "A.c")
    assert found["f = 5"] == ("", "")


def test_change_of_an_async_function_is_warm_too() -> None:
    source = "class A:\n    async def c(self, d=2) -> 'e':\n        def g(): h(3)\n"
    found = {m.after: (m.place, m.function) for m in find("toy", source, ENUMS)}
    assert found == {
        "async def c(self, d=3) -> 'e':": ("A", ""),
        "def g(): pass": ("A.c.g", "A.c"),
        "def g(): h(4)": ("A.c.g", "A.c"),
    }


def test_same_change_to_equal_lines_is_numbered() -> None:
    mutants = list(find("toy", "def f():\n    a(1)\n    a(1)\n", ENUMS))
    keys = [mutant.key for mutant in mutants]
    assert len(set(keys)) == len(keys) == 4
    assert sorted(key[-1] for key in keys) == [1, 1, 2, 2]


def test_a_comment_is_no_part_of_a_key() -> None:
    with_one, without = (next(find("toy", f"a = 1{more}", ENUMS)) for more in ("  # why", ""))
    assert with_one.key == without.key


def test_prose_is_recognised() -> None:
    assert [m.prose for m in find("toy", "a = 'some words'\nb = 'word'\n", ENUMS)] == [True, False]


def test_enum_members_are_read_from_the_class() -> None:
    source = "class A(IntEnum):\n    B = 1\n    C = 2\n    def d(self): ...\nclass E: F = 1\n"
    assert enums_of([source]) == {"A": ("B", "C")}


@pytest.mark.parametrize("name", ["reconnect.retry", "machine.sender", "machine.timers"])
def test_every_mutant_of_the_core_is_python_and_another_program(name: str) -> None:
    source = (CORE / f"{name.replace('.', '/')}.py").read_text("utf-8")
    enums = enums_of([path.read_text("utf-8") for path in CORE.rglob("*.py")])
    mutants = list(find(name, source, enums))
    assert len(mutants) > len(source.splitlines()) / 3
    whole = ast.dump(ast.parse(source))
    assert all(ast.dump(ast.parse(mutant.source)) != whole for mutant in mutants)
    assert max(Counter(mutant.key for mutant in mutants).values()) == 1


def test_a_mutant_is_a_value() -> None:
    [one] = find("toy", "a = 1", ENUMS)
    assert one == Mutant("toy", "", "a = 1", "a = 2", 1, 1, "", b"a = 2", False)


# The chart.


def changes_of(state: str, event: str) -> list[str]:
    place = f"{state} {event}"
    return [change.after for change in rows.find(face.TABLE) if change.place == place]


def test_mutants_of_a_guarded_row() -> None:
    changed = changes_of("finishing", "final_message")
    assert changed == [
        "",
        "→ closing / take_summary",
        "→ closing [not stop_sent] / take_summary",
        "→ closing [stop_sent]",
        "→ itself [stop_sent] / take_summary",
        "→ closed [stop_sent] / take_summary",
        "→ reconnecting [stop_sent] / take_summary",
    ]


def test_an_internal_row_may_leave_its_state() -> None:
    change = next(
        each for each in rows.find(face.TABLE) if each.after == "→ streaming / report_status"
    )
    [row] = change.table["streaming"]["acked"]
    assert row.before == (Actions.disarm_state_timers, Actions.report_status)
    entered = (Actions.await_stable, Actions.await_rotation)
    assert (row.target, row.after) == ("streaming", entered)


def test_entry_and_exit_actions_are_left_out() -> None:
    lost = {change.place: change for change in rows.find(face.TABLE) if change.before[-2:] == "it"}
    assert {"streaming", "closing", "closed"} <= set(lost)
    assert not {"idle", "finishing"} & set(lost)


def test_every_row_is_changed_and_only_the_rows_that_a_change_names() -> None:
    changes = list(rows.find(face.TABLE))
    touched = {row for change in changes for row in change.rows}
    assert touched == {(state, event) for state, events in face.TABLE.items() for event in events}
    assert len({change.key for change in changes}) == len(changes)
    for change in changes:
        for state, events in face.TABLE.items():
            for event, old in events.items():
                changed = [*map(name_of, change.table[state][event])] != [*map(name_of, old)] or (
                    change.table[state][event] != old
                )
                assert not changed or (state, event) in change.rows
