"""One parsed file as the rules see it: its nodes by kind, what surrounds each, and what its names certainly mean."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from emulator import api
from emulator.checks.findings import Finding, Severity
from emulator.settings import CertRules

_Node = TypeVar("_Node", bound=ast.AST)

_ASKS = frozenset({"hasattr", "uname", "sysname", "implementation", "platform", "version", "version_info"})
"""A condition with one of these words, or with a variable that was made with one, finds out where the script runs; what
it guards may be meant for elsewhere."""

_LONGEST_CHAIN = 8
"""So many names for one value are followed; ``a = b`` beside ``b = a`` has no end."""


@dataclass
class Script:
    """A file to check. ``project`` holds the names that ``import`` finds beside the board's own."""

    file: str
    tree: ast.Module
    board: str = "FiPy"
    project: frozenset[str] = frozenset()
    cert_rules: CertRules = "documented"
    path: Path | None = None
    """Where it lies on the host."""
    exports: dict[Path, frozenset[str] | None] = field(default_factory=dict)
    """What is known of the project's modules already: file -> names."""
    parents: dict[int, ast.AST] = field(default_factory=dict)
    bindings: dict[str, list[ast.AST]] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    star: bool = False
    asking: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Walk the tree, once."""
        nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        bindings: dict[str, list[ast.AST]] = defaultdict(list)
        pending: list[ast.AST] = [self.tree]
        while pending:
            node = pending.pop()
            nodes[type(node)].append(node)
            for child in ast.iter_child_nodes(node):
                self.parents[id(child)] = node
                pending.append(child)
            name = _bound_name(node)
            if name == "*":
                self.star = True
            elif name:
                bindings[name].append(node)
            elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                self.stored.add(node.attr)
        self.bindings = dict(bindings)
        self._nodes = nodes
        self._find_askers()

    def _find_askers(self) -> None:
        """Collect the names that stand for where the script runs: what was asked, flags set by it, copies of either."""
        for question in self.of(ast.If):
            if _words(question.test) & _ASKS:
                for statement in question.body + question.orelse:
                    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                        self.asking |= _targets(statement)
        assigned = [(_targets(node), _words(node.value)) for node in self.of(ast.Assign)]
        before = -1
        while len(self.asking) > before:
            before = len(self.asking)
            for targets, words in assigned:
                if words & (_ASKS | self.asking):
                    self.asking |= targets

    def of(self, kind: type[_Node]) -> list[_Node]:
        """All nodes of one kind."""
        return self._nodes.get(kind, [])  # type: ignore[return-value]

    def around(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Yield (ancestor, its child on the way) from the inside out."""
        child = node
        while (parent := self.parents.get(id(child))) is not None:
            yield parent, child
            child = parent

    def guarded(self, node: ast.AST, *errors: str) -> bool:
        """Tell whether the script itself is ready for ``node`` to fail with one of ``errors``, or asks where it runs first."""
        for parent, child in self.around(node):
            if isinstance(parent, ast.ExceptHandler) and "ImportError" in errors and self._is_fallback(parent):
                return True
            if isinstance(parent, ast.Try) and child in parent.body:
                for handler in parent.handlers:
                    names = _caught(handler)
                    if names & set(errors):
                        return True
                    if (not names or names & {"Exception", "BaseException"}) and (
                        len(parent.body) <= 1 or "ImportError" in errors
                    ):
                        return True
            elif (
                isinstance(parent, (ast.If, ast.IfExp))
                and child is not parent.test
                and _words(parent.test) & (_ASKS | self.asking)
            ):
                return True
        return False

    def _is_fallback(self, handler: ast.ExceptHandler) -> bool:
        """Tell whether a handler stands in for an import that failed."""
        attempt = self.parents.get(id(handler))
        return isinstance(attempt, ast.Try) and any(
            isinstance(node, (ast.Import, ast.ImportFrom)) for statement in attempt.body for node in ast.walk(statement)
        )

    def meaning(self, node: ast.expr) -> str | None:
        """The dotted name of the board that ``node`` certainly stands for (``umachine.Pin.OUT``), or None."""
        if isinstance(node, ast.Attribute):
            base = self.meaning(node.value)
            return f"{base}.{node.attr}" if base and node.attr not in self.stored else None
        if not isinstance(node, ast.Name):
            return None
        found = {self._imported(bound) for bound in self.bindings.get(node.id, ())}
        return found.pop() if len(found) == 1 and not self.star else None

    def value(self, node: ast.expr) -> ast.expr:
        """What ``node`` certainly is: for a name that is bound once, by a plain assignment, the value assigned."""
        seen = 0
        while isinstance(node, ast.Name) and not self.star and seen < _LONGEST_CHAIN:
            bound = self.bindings.get(node.id, [])
            assign = self.parents.get(id(bound[0])) if len(bound) == 1 else None
            if not (isinstance(assign, ast.Assign) and any(target is bound[0] for target in assign.targets)):
                break
            node, seen = assign.value, seen + 1
        return node

    def text(self, node: ast.expr) -> str | None:
        """The text that ``node`` certainly is: a literal, a name for one, or several of them with ``+`` between."""
        node = self.value(node)
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.text(node.left), self.text(node.right)
            return None if left is None or right is None else left + right
        return None

    def instance(self, node: ast.expr) -> str | None:
        """The board's class of which ``node`` is certainly an object: its call, or a name bound once, by that."""
        made_by = self.value(node)
        if not isinstance(made_by, ast.Call):
            return None
        made = self.meaning(made_by.func)
        entry = api.lookup(made, self.board) if made else None
        if entry is None or entry.kind != "class" or entry.returns:  # what makes objects of another type says so
            return None
        return made if entry.members else None

    def builtin(self, node: ast.expr) -> str | None:
        """The name of the builtin that ``node`` certainly stands for."""
        if isinstance(node, ast.Name) and not self.star and node.id not in self.bindings:
            return node.id
        return None

    def makes(self, module: str) -> bool:
        """Tell whether the script names the file of that module in a text: it may write the file before importing it."""
        file = f"{module}.py"
        return any(isinstance(node.value, str) and file in node.value for node in self.of(ast.Constant))

    def module(self, name: str) -> str | None:
        """The board's module that ``import name`` certainly gives."""
        found = api.builtin_module(name)
        return found if found == name or name not in self.project else None

    def finding(
        self, node: ast.AST, code: str, message: str, why: str, instead: str = "", severity: Severity = "error"
    ) -> Finding:
        """A finding at ``node``."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        return Finding(self.file, line, column, code, message, why, instead, severity)

    def _imported(self, bound: ast.AST) -> str | None:
        if not isinstance(bound, ast.alias):
            return None
        statement = self.parents[id(bound)]
        if isinstance(statement, ast.ImportFrom):
            module = None if statement.level else self.module(statement.module or "")
            return f"{module}.{bound.name}" if module else None
        return self.module(bound.name) if "." not in bound.name else None


def _targets(assign: ast.Assign) -> set[str]:
    named = {target.id for target in assign.targets if isinstance(target, ast.Name)}
    return named | {target.attr for target in assign.targets if isinstance(target, ast.Attribute)}


def _bound_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return None if isinstance(node.ctx, ast.Load) else node.id
    if isinstance(node, ast.alias):
        return node.asname or node.name.partition(".")[0]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    return None


def _words(node: ast.expr) -> set[str]:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _caught(handler: ast.ExceptHandler) -> set[str]:
    return {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)} if handler.type else set()
