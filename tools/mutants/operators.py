"""Small changes to a module's syntax tree, each of which should make a test fail.

The changes:

- comparisons at their edge and turned round; ``and`` and ``or`` swapped, or one side left out;
  ``not`` and minus left out; arithmetic with another operator
- numbers one more, truths turned round, names and keys misspelt, prose emptied, the members
  of an enum taken for the next one
- conditions that always hold, or never; loops left at once, or not; results that are None
- statements left out: calls, assignments to what outlives the function, ``raise``
- keyword arguments left out, slices without one of their ends, ``min`` for ``max``,
  ``pop`` for ``popleft``, and the like
- entries of lists, sets and mappings left out, and of tuples in tables

Annotations, docstrings, ``__slots__``, protocols and assertions are not changed.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

Enums: TypeAlias = Mapping[str, tuple[str, ...]]

_COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COUNTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
_CALLED: Final = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "round": "int",
    "sorted": "list",
    "reversed": "list",
    "bisect_right": "bisect_left",
    "popleft": "pop",
    "appendleft": "append",
    "extendleft": "extend",
    "startswith": "endswith",
    "endswith": "startswith",
    "lower": "upper",
    "partition": "rpartition",
    "rpartition": "partition",
}
#: Nodes whose text needs brackets when it replaces a node of another kind.
_LOOSE: Final = (ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Lambda)
_LET_ALONE: Final = {"__slots__", "__all__", "__match_args__"}


class Finder(ast.NodeVisitor):
    """Walks through a module and collects (node, place, function, new text)."""

    def __init__(self, source: bytes, enums: Enums) -> None:
        self.found: list[tuple[Any, str, str, bytes]] = []
        self._enums = enums
        self._names: list[str] = []
        self._function = ""
        self._anchor: ast.AST | None = None  # a text with fields: its parts have no places

    def _note(self, node: Any, new: ast.AST | str, *, of: ast.AST | None = None) -> None:
        """``node``, a part of ``of`` that was just changed, is to read ``new``."""
        if self._anchor is not None:
            node = self._anchor
            new = self._anchor
        text = new if isinstance(new, str) else ast.unparse(new)
        if isinstance(new, _LOOSE) and type(new) is not type(of or node):
            text = f"({text})"
        place = ".".join(self._names)
        self.found.append((node, place, self._function, text.encode()))

    def _replace(self, parent: ast.AST, field: str, new: Any) -> None:
        """Note ``parent`` with another ``field``."""
        old = getattr(parent, field)
        setattr(parent, field, new)
        self._note(parent, parent)
        setattr(parent, field, old)

    def _swap(self, node: ast.AST, new: ast.AST) -> None:
        """Note ``new`` in place of ``node``, also within a text with fields."""
        if self._anchor is None:
            self._note(node, new)
            return
        kind, fields = node.__class__, node.__dict__
        saved = copy.copy(fields)
        node.__class__ = new.__class__
        node.__dict__ = new.__dict__
        self._note(node, node)
        node.__class__ = kind
        node.__dict__ = saved

    # The current place.

    def _scope(self, node: Any, outside: list[Any], inside: list[Any]) -> None:
        for each in outside:
            self.visit(each)
        self._names.append(node.name)
        outer = self._function
        if not isinstance(node, ast.ClassDef) and not outer:
            self._function = ".".join(self._names)
        for each in inside:
            self.visit(each)
        self._function = outer
        self._names.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        defaults = [each for each in (*node.args.defaults, *node.args.kw_defaults) if each]
        self._scope(node, defaults, node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        defaults = [each for each in (*node.args.defaults, *node.args.kw_defaults) if each]
        self._scope(node, defaults, node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if not any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
            self._scope(node, [], node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.body)

    def visit_Assert(self, node: ast.Assert) -> None:
        """It says what is so, for readers and checkers of types."""

    def visit_arg(self, node: ast.arg) -> None:
        """Its annotation is no code."""

    # Statements.

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        self._note(node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(each, ast.Name) and each.id in _LET_ALONE for each in node.targets):
            return
        if any(isinstance(part, ast.Attribute | ast.Subscript) for part in _parts(node.targets)):
            self._note(node, "pass")
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None or ast.unparse(node.annotation) == "TypeAlias":
            return
        if isinstance(node.target, ast.Attribute):
            self._note(node, "pass")
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._note(node, "pass")
        self._note(node, f"{ast.unparse(node.target)} = {ast.unparse(node.value)}")
        if type(node.op) in _COUNTED:
            self._replace(node, "op", _COUNTED[type(node.op)]())
        self.visit(node.value)

    def visit_Delete(self, node: ast.Delete) -> None:
        self._note(node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._note(node, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._note(node, "return None")
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._note(node, "break")

    def visit_Break(self, node: ast.Break) -> None:
        self._note(node, "continue")

    def _condition(self, test: ast.expr | None, *instead: str) -> None:
        if test is None or ast.unparse(test) == "TYPE_CHECKING":
            return
        for truth in instead:
            self._swap(test, ast.Constant(truth == "True"))

    def visit_If(self, node: ast.If) -> None:
        self._condition(node.test, "True", "False")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._condition(node.test, "False")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test, "True", "False")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._condition(test, "True", "False")
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        self._condition(node.guard, "True", "False")
        self.generic_visit(node)

    # Expressions.

    def visit_Compare(self, node: ast.Compare) -> None:
        for i, op in enumerate(node.ops):
            for other in _COMPARED[type(op)]:
                self._replace(node, "ops", [*node.ops[:i], other(), *node.ops[i + 1 :]])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self._replace(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for i in range(len(node.values)):
            rest = [*node.values[:i], *node.values[i + 1 :]]
            self._swap(node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self._swap(node, node.operand)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        of_types = isinstance(node.right, ast.Name) and node.right.id[0].isupper()
        if type(node.op) in _COUNTED and not (isinstance(node.op, ast.BitOr) and of_types):
            self._replace(node, "op", _COUNTED[type(node.op)]())
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        match node.value:
            case bool(value):
                self._swap(node, ast.Constant(not value))
            case int(value) | float(value):
                self._swap(node, ast.Constant(value + 1))
            case str(value):
                self._swap(node, ast.Constant("" if " " in value.strip() else f"XX{value}"))
            case bytes(value):
                self._swap(node, ast.Constant(b"XX" + value))
            case _:
                pass

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        if self._anchor is not None:
            return
        self._note(node, '""')
        self._anchor = node
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)
        self._anchor = None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        members = self._enums.get(node.value.id, ()) if isinstance(node.value, ast.Name) else ()
        if node.attr in members:
            other = members[(members.index(node.attr) + 1) % len(members)]
            self._swap(node, ast.Attribute(node.value, other, node.ctx))
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func) in {"TypeVar", "cast", "isinstance"}:
            return
        callee, field = node.func, "attr" if isinstance(node.func, ast.Attribute) else "id"
        other = _CALLED.get(getattr(callee, field, ""))
        if other is not None:
            self._replace(callee, field, other)
        for i, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                self._replace(node, "keywords", [*node.keywords[:i], *node.keywords[i + 1 :]])
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        if isinstance(node.slice, ast.Slice):
            for end in ("lower", "upper"):
                if getattr(node.slice, end) is not None:
                    self._shorten(node, end)
        # What stands in the brackets of a type is a type.
        if not (isinstance(node.value, ast.Name) and node.value.id[0].isupper()):
            self.visit(node.slice)

    def _shorten(self, node: ast.Subscript, end: str) -> None:
        old = getattr(node.slice, end)
        setattr(node.slice, end, None)
        self._note(node, node)
        setattr(node.slice, end, old)

    def _entries(self, node: Any, *fields: str) -> None:
        for i in range(len(getattr(node, fields[0]))):
            old = {field: getattr(node, field) for field in fields}
            for field, each in old.items():
                setattr(node, field, [*each[:i], *each[i + 1 :]])
            self._note(node, node)
            for field, each in old.items():
                setattr(node, field, each)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        self._entries(node, "keys", "values")

    def visit_Set(self, node: ast.Set) -> None:
        self._entries(node, "elts")

    def visit_List(self, node: ast.List) -> None:
        self._entries(node, "elts")

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if self._function or not isinstance(node.ctx, ast.Load):
            self.generic_visit(node)  # what is taken apart again has to have its length
        else:
            self._entries(node, "elts")


def _parts(targets: list[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _parts(target.elts)
        else:
            yield target
