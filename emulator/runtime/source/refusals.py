"""CPython's complaints about source in the board's words (firmware: py/parse.c, py/compile.c, py/scope.c).

For text that both refuse. CPython's wording differs from version to version; what matches nothing is "invalid syntax", as nearly
everything is on the board.
"""

from __future__ import annotations

from emulator.runtime.source.errors import INDENTATION, SYNTAX, Problem
from emulator.runtime.source.patterns import lazy

Row = tuple[str, str, str, int]

TABLE: tuple[Row, ...] = (
    (r"unindent does not match any outer indentation level.*", INDENTATION, "unindent doesn't match any outer indent level", 0),
    (r"unexpected indent", INDENTATION, "unexpected indent", 0),
    (r"'break' outside loop", SYNTAX, "'break' outside loop", 1),
    (r"'continue' not properly in loop", SYNTAX, "'continue' outside loop", 1),
    (r"'return' outside function", SYNTAX, "'return' outside function", 1),
    (r"'yield(?: from)?' outside function", SYNTAX, "'yield' outside function", 1),
    (r"'(?:await|async \w+)' outside (?:async )?function", SYNTAX, "'await' outside function", 1),
    (r"(?:cannot|can't) delete .*", SYNTAX, "can't delete expression", 1),
    (r"expression cannot contain assignment.*", SYNTAX, "LHS of keyword arg must be an id", 1),
    (r"(?:cannot|can't) (?:assign|use assignment|set).*", SYNTAX, "can't assign to expression", 1),
    (r"'.*' is an illegal expression for augmented assignment", SYNTAX, "can't assign to expression", 1),
    (r"starred assignment target must be in a list or tuple", SYNTAX, "can't assign to expression", 1),
    (r"multiple starred expressions in assignment", SYNTAX, "multiple *x in assignment", 1),
    (r"two starred expressions in assignment", SYNTAX, "multiple *x in assignment", 1),
    (r"(?:can't|cannot) use starred expression here", SYNTAX, "*x must be assignment target", 1),
    (r"duplicate (?:argument|parameter) .*", SYNTAX, "argument name reused", 1),
    (r"name '.*' is (?:parameter and global|assigned to before global declaration|used prior to global declaration)",
     SYNTAX, "identifier redefined as global", 1),
    (r"name '.*' is (?:parameter and nonlocal|(?:assigned to|used) (?:before|prior to) nonlocal declaration)",
     SYNTAX, "identifier redefined as nonlocal", 1),
    (r"name '.*' is nonlocal and global", SYNTAX, "identifier redefined as nonlocal", 1),
    (r"nonlocal declaration not allowed at module level", SYNTAX, "can't declare nonlocal in outer code", 1),
    (r"no binding for nonlocal '.*' found", SYNTAX, "no binding for nonlocal found", 1),
    (r"default 'except:?' must be last", SYNTAX, "default 'except' must be last", 1),
    (r"(?:non-default argument follows default argument|parameter without a default follows parameter with a default)",
     SYNTAX, "non-default argument follows default argument", 1),
    (r"positional argument follows keyword argument unpacking", SYNTAX, "non-keyword arg after */**", 1),
    (r"positional argument follows keyword argument", SYNTAX, "non-keyword arg after keyword arg", 1),
    (r"iterable argument unpacking follows keyword argument unpacking", SYNTAX, "can't have multiple *x", 1),
    (r"iterable unpacking cannot be used in comprehension", SYNTAX, "*x must be assignment target", 1),
    (r"assignment to yield expression not possible", SYNTAX, "can't assign to expression", 1),
    (r"\* argument may appear only once|arguments cannot follow var-keyword argument", SYNTAX, "invalid syntax", 1),
    (r"':' expected after dictionary key", SYNTAX, "expecting key:value for dict", 1),
)  # fmt: skip

_COMPILED = tuple((lazy(pattern), kind, message, stage) for pattern, kind, message, stage in TABLE)


def from_host(error: SyntaxError, text: str) -> Problem:
    """What the board says where its parser takes ``text`` and the host refuses it with ``error``: its compiler does not."""
    line, column = error.lineno or 1, max(0, (error.offset or 1) - 1)
    said = error.msg or ""
    known = next((row[1:] for row in _COMPILED if row[0].fullmatch(said)), None)
    if known is not None:
        kind, message, stage = known
    else:
        # all that the grammar of 1.11 lets through besides: stars among parameters, and pairs in a set (firmware: py/grammar.h)
        stars = "{" not in text or _STARS.search("".join(text.split("\n")[line - 1 : line]))
        kind, message, stage = SYNTAX, "invalid syntax" if stars else "expecting just a value for set", 1
    if not stage:
        return Problem(stage, line, column, kind, message)
    if _FIXED.match(said) and _in_call(text, line, column):
        message = "LHS of keyword arg must be an id"
    if said.startswith("iterable unpacking"):
        return Problem(stage, line, column, kind, message, block="<listcomp>")
    return Problem(stage, line, column, kind, message, block=_block(text, line, 0 if message == _DEFAULTS else column))


_STARS = lazy(r"\*[^()]*,\s*\*")
_FIXED = lazy(r"(?:cannot|can't) assign to (?:None|True|False)")
_DEFAULTS = "non-default argument follows default argument"
"""Noticed where the function is defined, not in it."""


def _in_call(text: str, line: int, column: int) -> bool:
    """Whether the place, where something is assigned to, lies within brackets."""
    before = "".join(text.split("\n")[line - 1 : line])[:column]
    return before.count("(") > before.count(")") and before.rstrip()[-1:] in ("(", ",")


_HEAD = lazy(r"([ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")
_LAMBDA = lazy(r"\blambda\b")


def _block(text: str, line: int, column: int) -> str:
    """The name of the function or class that a place lies in."""
    lines = text.split("\n")[:line]
    if not lines:
        return "<module>"
    here = lines[-1]
    own = _HEAD.match(here)
    if own is None or own.end() > column:
        indentation = len(here) - len(here.lstrip())
        for before in reversed(lines[:-1]):
            head = _HEAD.match(before)
            if head is not None and len(head[1]) < indentation:
                own = head
                break
        else:
            own = None
    elif _LAMBDA.search(here, own.end(), column):
        return "<lambda>"
    if own is None:
        return "<lambda>" if _LAMBDA.search(here, 0, column) else "<module>"
    return own[2]
