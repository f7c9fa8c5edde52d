"""What 1.11 reads otherwise than CPython below the level of the grammar (firmware: py/lexer.c).

Literals and comments are told apart from code by one regular expression; a file that has none of the marks below is not looked
at any further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from emulator.runtime.source.errors import INDENTATION, NOT_IMPLEMENTED, Problem, invalid

_LITERAL = re.compile(
    r"#[^\n]*"
    r"|([rRbBuU]{0,2})(?:'''(?:[^\\]|\\.)*?(?:'''|\Z)|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)"
    r"|'(?:[^'\\\n]|\\.)*(?:'|$)|\"(?:[^\"\\\n]|\\.)*(?:\"|$))",
    re.DOTALL | re.MULTILINE,
)
_NAMED_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\N")
_TOUCHING = re.compile(
    r"(?<![\w.])(?:0[xX][\da-fA-F_]+?|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?[jJ]?)"
    r"(?=(?:if|else|and|or|in|is|for|not)\b)"
)
_FORM_FEED = re.compile(r"^[ \t]*\f[ \t\f]*(?=[^\s#])", re.MULTILINE)
_WITH = re.compile(r"^[ \t]*(?:async[ \t]+)?with[ \t]*\(", re.MULTILINE)
_LEADING_ZEROS = re.compile(r"(?<![\w.])0+(?=[1-9][\d_]*(?![\w.]))")
_INDENTATION = re.compile(r"^[ \t]*\t[ \t]*", re.MULTILINE)

_TROUBLE = re.compile(r"\\N|\f|\d(?:if|else|and|or|in|is|for|not)\b|\bwith[ \t]*\(")
"""One of these must be in a text for :func:`refused` to find anything."""


def refused(text: str) -> Iterator[Problem]:
    """What CPython reads and 1.11 refuses."""
    if not _TROUBLE.search(text):
        return
    for match in _LITERAL.finditer(text):
        literal = match[0]
        if literal[0] != "#" and "r" not in match[1].lower() and "b" not in match[1].lower():
            named = _NAMED_ESCAPE.search(literal)
            if named:
                yield Problem(
                    *(0, *_place(text, match.start() + named.end() - 2), NOT_IMPLEMENTED, "unicode name escapes"),
                    *(r"\N{...} in a string", r"write the character itself or \u...."),
                )
    code = _without_literals(text)
    for match in _TOUCHING.finditer(code):
        yield Problem(
            *(0, *_place(text, match.start())),
            message="invalid syntax for integer with base 10" if "." not in match[0] else "invalid syntax for number",
            construct="a number that touches a word",
            instead="write a blank between them",
        )
    for match in _FORM_FEED.finditer(code):
        yield Problem(
            *(0, *_place(text, match.start()), INDENTATION, "unexpected indent"),
            *("a form feed before a statement", "remove the form feed"),
        )
    for match in _WITH.finditer(code):
        if _items_in_brackets(code, match.end()):
            yield invalid(
                *_place(text, match.start()),
                "a with statement in brackets",
                "write it on one line, or nest with statements",
            )


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1)


def _without_literals(text: str) -> str:
    """The code alone, at the same places; literals become blanks, line ends stay."""
    return _LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _items_in_brackets(code: str, start: int) -> bool:
    """Whether the bracket that opens before ``start`` holds ``as`` at its own level."""
    depth = 1
    for match in re.compile(r"[()\[\]{}]|\bas\b").finditer(code, start):
        token = match[0]
        if token == "as":
            if depth == 1:
                return True
        elif token in "([{":
            depth += 1
        else:
            depth -= 1
            if not depth:
                return False
    return False


def ends_with_colon(text: str) -> bool:
    """Whether the last of the code, comments aside, is the colon that a block should follow."""
    return _without_literals(text).rstrip().endswith(":")


def has_open_bracket(text: str) -> bool:
    """Whether the text ends before a bracket is closed."""
    code = _without_literals(text)
    return sum(code.count(bracket) for bracket in "([{") > sum(code.count(bracket) for bracket in ")]}")


def repaired(text: str) -> str:
    """The text as CPython can read it: leading zeros, bytes beyond ASCII and tabs that 1.11 takes. Places in lines may shift."""
    pieces = []
    end = 0
    for match in _LITERAL.finditer(text):
        pieces += [_code(text[end : match.start()]), _literal(match)]
        end = match.end()
    pieces.append(_code(text[end:]))
    joined = "".join(pieces)
    return _tabs(joined) if "\t" in joined else joined


def _code(text: str) -> str:
    return _LEADING_ZEROS.sub(lambda match: " " * len(match[0]), text)


def _literal(match: re.Match[str]) -> str:
    literal = match[0]
    if literal[0] == "#" or literal.isascii() or "b" not in match[1].lower() or "r" in match[1].lower():
        return literal
    escape: Callable[[re.Match[str]], str] = lambda found: "".join(f"\\x{byte:02x}" for byte in found[0].encode())  # noqa: E731
    return re.sub(r"[^\x00-\x7f]+", escape, literal)


def _tabs(text: str) -> str:
    """Tabs in indentation reach to the next multiple of 8; those inside literals stay."""
    literal = bytearray(len(text))
    for match in _LITERAL.finditer(text):
        literal[match.start() : match.end()] = b"\1" * (match.end() - match.start())

    def expand(match: re.Match[str]) -> str:
        return match[0] if literal[match.start()] else match[0].expandtabs(8)

    return _INDENTATION.sub(expand, text)
