"""CPython's complaints about source in the board's words (firmware: py/parse.c, py/compile.c, py/scope.c).

For text that both refuse. CPython's wording differs from version to version; what matches nothing is "invalid syntax", as nearly
everything is on the board.
"""

from __future__ import annotations

import re

from emulator.runtime.source.errors import INDENTATION, SYNTAX, Problem
from emulator.runtime.source.tokens import ends_with_colon, has_open_bracket

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
    (r"can't use starred expression here", SYNTAX, "*x must be assignment target", 1),
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
    (r"invalid hexadecimal literal", SYNTAX, "invalid syntax for integer with base 16", 0),
    (r"(?:invalid octal literal|invalid digit '.' in octal literal)", SYNTAX, "invalid syntax for integer with base 8", 0),
    (r"(?:invalid binary literal|invalid digit '.' in binary literal)", SYNTAX, "invalid syntax for integer with base 2", 0),
    (r"':' expected after dictionary key", SYNTAX, "expecting key:value for dict", 1),
)  # fmt: skip

_COMPILED = tuple((re.compile(pattern), kind, message, stage) for pattern, kind, message, stage in TABLE)
_NUMBER = re.compile(r"\d\w*")


def from_host(error: SyntaxError, text: str) -> Problem:
    """The board's refusal for what CPython says."""
    line, column = error.lineno or 1, max(0, (error.offset or 1) - 1)
    said = error.msg or ""
    if said == "invalid decimal literal":
        source = text.split("\n")[line - 1][column:] if text else ""
        whole = "e" not in source[: _number_length(source)].lower()
        message = "invalid syntax for integer with base 10" if whole else "invalid syntax for number"
        return Problem(0, line, column, SYNTAX, message)
    for pattern, kind, message, stage in _COMPILED:
        if pattern.fullmatch(said):
            return Problem(stage, line, column, kind, message, block="<module>" if stage else "")
    at_end = _line_after(text, said)
    return Problem(0, at_end or line, 0 if at_end else column)


_UNFINISHED = re.compile(
    r"unexpected EOF while parsing|'[(\[{]' was never closed|expected an indented block.*|"
    r"invalid syntax\. Perhaps you forgot a comma\?|unexpected end of file.*"
)


def _line_after(text: str, said: str) -> int:
    """The line after the last of a text that ends too early, 0 for other text: there the board's parser meets the end.

    Source: firmware py/lexer.c, which adds a line end where the text has none.
    """
    if not text or not _UNFINISHED.fullmatch(said):
        return 0
    if said.startswith("expected an indented") and not ends_with_colon(text):
        return 0
    if "comma" in said and not has_open_bracket(text):
        return 0
    lines = text.split("\n")
    return len(lines) + (1 if lines[-1] else 0)


def _number_length(source: str) -> int:
    match = _NUMBER.match(source)
    return match.end() if match else 0
