"""Every small change of a module's source that its tests should notice."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.Pow: ("**", "*"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.And: ("and", "or"), ast.Or: ("or", "and"),
    ast.Lt: ("<", "<=", ">"), ast.LtE: ("<=", "<", ">="), ast.Gt: (">", ">=", "<"),
    ast.GtE: (">=", ">", "<="), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"), ast.Not: ("not", ""), ast.USub: ("-", ""), ast.Invert: ("~", ""),
}  # fmt: skip
TWINS = ["min max", "minimum maximum", "any all", "sum mean", "argmin argmax", "zeros ones",
         "zeros_like ones_like", "floor ceil", "std var", "terminated truncated"]  # fmt: skip
NAMES = {a: b for pair in map(str.split, TWINS) for a, b in (pair, pair[::-1])}


@dataclass(frozen=True)
class Mutant:
    """A module's source with one change."""

    module: str
    line: int
    was: str  # the changed lines, without their indentation
    now: str
    source: str


def mutants(module: str, source: str) -> list[Mutant]:
    """All mutants of a module that still are Python."""
    found = (_mutant(module, source.encode(), *edit) for edit in _Edits(source))
    return list(dict.fromkeys(filter(None, found)))


def _mutant(module: str, source: bytes, start: int, end: int, text: str) -> Mutant | None:
    """The source with bytes start to end replaced by the text."""
    first, last = source.rfind(b"\n", 0, start) + 1, source.find(b"\n", end)
    was, now = source[first:last], source[first:start] + text.encode() + source[end:last]
    changed = (source[:first] + now + source[last:]).decode()
    try:
        ast.parse(changed)
    except SyntaxError:
        return None
    was, now = ("\n".join(map(str.strip, side.decode().splitlines())) for side in (was, now))
    line = source.count(b"\n", 0, start) + 1
    return Mutant(module, line, was, now, changed) if was != now else None


class _Edits:
    """Iterates over (start, end, replacement), in bytes of the source."""

    def __init__(self, source: str):
        self.raw, self.tree = source.encode(), ast.parse(source)
        lines = self.raw.splitlines(keepends=True)
        self.starts = [sum(map(len, lines[:k])) for k in range(len(lines))]

    def __iter__(self) -> Iterator[tuple[int, int, str]]:
        for node in self._nodes(self.tree):
            if visit := getattr(self, f"visit_{type(node).__name__}", None):
                yield from visit(node)

    def _nodes(self, node: ast.AST) -> Iterator[ast.AST]:
        """What runs: no docstring, no annotation, and an f-string as a whole."""
        yield node
        if isinstance(node, ast.JoinedStr):
            return
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                doc = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
                if (
                    isinstance(child, ast.AST)
                    and not doc
                    and field not in ("annotation", "returns")
                ):
                    yield from self._nodes(child)

    def _start(self, node: ast.AST) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.AST) -> int:
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.AST) -> str:
        return self.raw[self._start(node) : self._end(node)].decode()

    def _replace(self, node: ast.AST, text: str) -> tuple[int, int, str]:
        return self._start(node), self._end(node), text

    def _operator(self, op: ast.AST, start: int, end: int) -> Iterator:
        """The operator, which stands between start and end, by its relatives."""
        text = self.raw[start:end].decode()
        symbol, *others = OPERATORS.get(type(op), ("",))
        for other in others:
            yield start, end, text.replace(symbol, other, 1)

    def _dropped(self, items: list, first: int = 0, ends: list | None = None) -> Iterator:
        """Each of the items that commas part, from the first on, left out; ends: where they end."""
        ends = ends or items
        for k in range(first, len(items)):
            if k:
                yield self._end(ends[k - 1]), self._end(ends[k]), ""
            elif len(items) > 1:
                yield self._start(items[0]), self._start(items[1]), ""
            else:
                yield self._replace(items[0], "")

    def visit_BinOp(self, node):
        yield from self._operator(node.op, self._end(node.left), self._start(node.right))

    def visit_AugAssign(self, node):
        yield from self._operator(node.op, self._end(node.target), self._start(node.value))
        yield self._replace(node, "pass")

    def visit_UnaryOp(self, node):
        yield from self._operator(node.op, self._start(node), self._start(node.operand))

    def visit_Compare(self, node):
        sides = [node.left, *node.comparators]
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            yield from self._operator(op, self._end(left), self._start(right))

    def visit_BoolOp(self, node):
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from self._operator(node.op, self._end(left), self._start(right))
            yield self._start(left), self._start(right), ""
        yield self._end(node.values[-2]), self._end(node.values[-1]), ""

    def visit_Constant(self, node):
        value = node.value
        if isinstance(value, bool):
            yield self._replace(node, str(not value))
        elif isinstance(value, str):
            yield self._replace(node, '"mutant"')
        elif isinstance(value, int):
            yield self._replace(node, str(value + 1))
            yield self._replace(node, str(value - 1))
        elif isinstance(value, float):
            factor = 2 if abs(value) > 1e-3 else 1000  # a tolerance, of which twice is no change
            yield self._replace(node, repr(value * factor or 1.0))
            yield self._replace(node, repr(value / factor or -1.0))

    def visit_JoinedStr(self, node):
        yield self._replace(node, '"mutant"')

    def visit_Name(self, node):
        if node.id in NAMES:
            yield self._replace(node, NAMES[node.id])

    def visit_Attribute(self, node):
        if node.attr in NAMES:
            yield self._end(node.value), self._end(node), f".{NAMES[node.attr]}"

    def visit_Call(self, node):
        yield from self._dropped([*node.args, *node.keywords], first=len(node.args))
        if len(node.args) > 1:
            first, second = map(self._text, node.args[:2])
            between = self._end(node.args[0]), self._start(node.args[1])
            text = second + self.raw[slice(*between)].decode() + first
            yield self._start(node.args[0]), self._end(node.args[1]), text
        if "require" in ast.unparse(node.func):  # whose keywords are what the error names
            for keyword in node.keywords:
                if keyword.arg:
                    yield self._start(keyword), self._start(keyword.value), "mutant="

    def visit_Dict(self, node):
        if all(node.keys) and len(node.keys) > 1:
            yield from self._dropped(node.keys, ends=node.values)

    def _table(self, node):
        if len(node.elts) > 1 and all(isinstance(row, ast.Tuple) for row in node.elts):
            yield from self._dropped(node.elts)

    visit_Tuple = visit_List = _table

    def visit_If(self, node):
        yield self._replace(node.test, f"not ({self._text(node.test)})")

    visit_While = visit_IfExp = visit_If

    def visit_comprehension(self, node):
        for test in node.ifs:
            yield self._replace(test, "True")

    def visit_Return(self, node):
        if node.value:
            yield self._replace(node.value, "None")

    def visit_Raise(self, node):
        yield self._replace(node, "pass")

    visit_Expr = visit_Raise

    def visit_Assign(self, node):
        if not isinstance(node.targets[0], ast.Name | ast.Tuple):
            yield self._replace(node, "pass")

    def visit_Break(self, node):
        yield self._replace(node, "continue")

    def visit_FunctionDef(self, node):
        for decorator in node.decorator_list:
            yield self._start(decorator) - 1, self._end(decorator), ""
