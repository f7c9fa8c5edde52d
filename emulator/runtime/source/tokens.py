"""What 1.11 reads otherwise than CPython below the level of the grammar (firmware: py/lexer.c).

Literals and comments are told apart from code by one regular expression; a file that has none of the marks below is not looked
at any further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from emulator.runtime.calls import parse_int
from emulator.runtime.source.errors import INDENTATION, NOT_IMPLEMENTED, Problem, invalid
from emulator.runtime.source.patterns import lazy

_LITERAL = lazy(
    r"#[^\n]*"
    r"|([rRbBuUfF]{0,2})(?:'''(?:[^\\]|\\.)*?(?:'''|\Z)|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)"
    r"|'(?:[^'\\\n]|\\.)*(?:'|$)|\"(?:[^\"\\\n]|\\.)*(?:\"|$))",
    re.DOTALL | re.MULTILINE,
)
_NAMED_ESCAPE = lazy(r"(?<!\\)(?:\\\\)*\\N")
_TOUCHING = lazy(
    r"(?<![\w.])(?:0[xX][\da-fA-F_]+?|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?[jJ]?)"
    r"(?=(?:if|else|and|or|in|is|for|not)\b)"
)
_POINTED = lazy(r"(?<![\w.])(?:\d(?:[eE][+-]|\w)*\.|\.\d)(?:[eE][+-]|[\w.])*")
"""What the board's lexer takes for one number with a point in it."""
_FLOAT = lazy(r"(?:\d[\d_]*)?\.[\d_]*(?:[eE][+-]?\d[\d_]*)?[jJ]?(?:if|else|and|or|in|is|for|not)?")
_FORM_FEED = lazy(r"^[ \t]*\f[ \t\f]*(?=[^\s#])", re.MULTILINE)
_WITH = lazy(r"^[ \t]*(?:async[ \t]+)?with[ \t]*\(", re.MULTILINE)
_LEADING_ZEROS = lazy(r"(?<![\w.])(0+)([1-9][\d_]*(?![\w.]))")
_LONG = lazy(r"(?<![\w.])[1-9]\d{4000,}(?![\w.])")
"""Longer than the host may read as decimal digits."""
_WIDE_OCTAL = lazy(r"(?<!\\)(?:\\\\)*\\[4-7][0-7]{2}")
_PREFIXES = frozenset(["", "u", "b", "r", "br", "rb"])
_FLOAT_ATTRIBUTE = lazy(r"(?<![\w.])(?:\d[\d_]*\.\d*|\d[\d_]*(?:\.\d*)?[eE][+-]?\d+|0[xXoObB]\w+)\.")
_ODD = lazy(r"[^\x00-\x7f\w]|[\ud800-\udfff]")
"""Letters of names for the board, which takes all beyond ASCII as such (firmware: py/lexer.c), and not for the host."""
_LETTERS, _BYTE_LETTERS, _LONE = 0x20000, 0x2A700, 0xDC80
"""Where the letters begin that stand for them; and the lone surrogates that are bytes of no UTF-8."""
_MOST_LETTERS = 0xA6D0
_LAST_LETTERS = 0x30000
_STAND_INS = lazy(r"[\U00020080-\U0002a6cf\U0002a700-\U0002a77f\U00030000-\U00030fff]")
_BARE_STARS = (lazy(r"\*(?=\s*[):])"), lazy(r"(?<=[(,])(\s*)\*\s*,(?=\s*\*\*)"))
"""Among parameters: ``def f(*)``, ``lambda *: 0``, ``def f(*, **more)``."""
_LAST_COMMA = lazy(r"^([ \t]*from[ \t]+[\w.]+[ \t]+import[ \t]+\w[\w \t,]*),(?=[ \t]*$)", re.MULTILINE)
_LAST_BACKSLASH = lazy(r"\\\n?\s*\Z")
_NUMBER = lazy(r"(?<![\w.])\d[\d_.]*")
_INDENTATION = lazy(r"^[ \t]*\t[ \t]*", re.MULTILINE)

_LITERAL_TROUBLE = tuple(
    lazy(pattern)
    for pattern in (
        r"\\N|\\[4-7][0-7]{2}",
        r"[BRUF](?:['\"](?:(?<![\w'\"]..)|(?<=[ubr]..)(?<![\w'\"]...))|[bBrR]['\"](?<![\w'\"]...))",
    )
)
_NUMBER_TROUBLE = tuple(
    lazy(pattern)
    for pattern in (
        r"[0-9](?:\.\d*\.(?=[A-Za-z_.])|[eE][+-]?\d+\.|[xXoObB]\w+\.|if|else|and|or|in|is|for|not)",
        r"[0-9](?<![\w.'\"].)(?:[eE][+-]|\w)*\.\d*(?=[^\W\d]|\.)|\.\d(?<![\w.'\"]..)\d*(?=[^\W\d]|\.)",
    )
)
_WITH_TROUBLE = lazy(r"with(?<=\bwith)[ \t]*\(")
"""One of these must be in a text for :func:`refused` to find anything: in literals, in numbers, elsewhere.

They begin with what is rare: the search for a character is quick, that for a place is not. No number follows upon a quote, but
in a literal.
"""


def refused(text: str) -> list[Problem]:
    """What CPython reads and 1.11 refuses."""
    found: list[Problem] = []
    if any(pattern.search(text) for pattern in _LITERAL_TROUBLE):
        found += _refused_literals(text)
    numbers = any(pattern.search(text) for pattern in _NUMBER_TROUBLE)
    if numbers or "\f" in text or _WITH_TROUBLE.search(text):
        code = _without_literals(text)
        if numbers and any(pattern.search(code) for pattern in _NUMBER_TROUBLE):
            found += _refused_numbers(text, code)
        found += _refused_lines(text, code)
    return found


def _refused_literals(text: str) -> Iterator[Problem]:
    for match in _LITERAL.finditer(text):
        literal = match[0]
        if literal[0] == "#":
            continue
        if "r" not in match[1].lower():
            named = _NAMED_ESCAPE.search(literal)
            if named:
                yield Problem(
                    *(0, *_place(text, match.start() + named.end() - 2), NOT_IMPLEMENTED, "unicode name escapes"),
                    *(r"\N{...} in a string", r"write the character itself or \u...."),
                )
            if "b" in match[1].lower() and _WIDE_OCTAL.search(literal):
                yield invalid(
                    *_place(text, match.start()), "an octal escape above \\377 in bytes", "write a smaller one"
                )
        if match[1] and match[1] not in _PREFIXES:
            yield invalid(
                *_place(text, match.start()),
                f"the prefix {match[1]} of a literal",
                "write it in small letters: b, r, rb",
            )


def _refused_numbers(text: str, code: str) -> Iterator[Problem]:
    for match in _FLOAT_ATTRIBUTE.finditer(code):
        yield invalid(*_place(text, match.start()), "a point after a number with a point", "put the number in brackets")
    for match in _TOUCHING.finditer(code):
        yield Problem(
            *(0, *_place(text, match.start())),
            message="invalid syntax for integer with base 10" if "." not in match[0] else "invalid syntax for number",
            construct="a number that touches a word",
            instead="write a blank between them",
        )
    for match in _POINTED.finditer(code):
        if not _FLOAT.fullmatch(match[0]):
            yield Problem(
                *(0, *_place(text, match.start())),
                message="invalid syntax for number",
                construct="a number that touches a word or a point",
                instead="put the number into brackets",
            )


def _refused_lines(text: str, code: str) -> Iterator[Problem]:
    if "\f" not in code and not _WITH_TROUBLE.search(code):
        return
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
    return _LITERAL.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    literal = match[0]
    return re.sub(r"[^\n]", " ", literal) if "\n" in literal else " " * len(literal)


def _items_in_brackets(code: str, start: int) -> bool:
    """Whether the bracket that opens before ``start`` holds ``as`` at its own level."""
    depth = 1
    for match in lazy(r"[()\[\]{}]|\bas\b").finditer(code, start):
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


def repaired(text: str) -> str:
    """The text as CPython can read it: leading zeros, bytes beyond ASCII and tabs that 1.11 takes. Places in lines may shift."""
    pieces = []
    end = 0
    for match in _LITERAL.finditer(text):
        pieces += [_code(text[end : match.start()]), _literal(match)]
        end = match.end()
    pieces.append(_code(text[end:]))
    joined = "".join(pieces)
    if _LAST_BACKSLASH.search(joined):
        joined = _LAST_BACKSLASH.sub("\n", joined)
    return _tabs(joined) if "\t" in joined else joined


def with_brackets(text: str, error: SyntaxError) -> str | None:
    """``f(x for x in y, 1)`` with the brackets that the host wants to see; None if that is not what ``error`` is about."""
    if error.msg != "Generator expression must be parenthesized" or not error.end_lineno or not error.end_offset:
        return None
    lines = text.split("\n")
    # the later place first: the earlier one stays where it is
    for number, offset, bracket in ((error.end_lineno, error.end_offset, ")"), (error.lineno, error.offset, "(")):
        line = lines[(number or 1) - 1]
        at = (offset or 1) - 1
        lines[(number or 1) - 1] = line[:at] + bracket + line[at:]
    return "\n".join(lines)


def stand_in(char: str) -> str:
    """A letter of the host's for one that only the board takes in a name."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return chr(_BYTE_LETTERS + code - _LONE)
    if code >= 0xF000:
        return chr(_LAST_LETTERS + code - 0xF000) if code <= 0xFFFF else "_"
    return chr(_LETTERS + code) if code < _MOST_LETTERS else "_"


def without_stand_ins(text: str) -> str:
    """The names in ``text`` as the script has them."""

    def original(match: re.Match[str]) -> str:
        code = ord(match[0])
        if code >= _LAST_LETTERS:
            return chr(code - _LAST_LETTERS + 0xF000)
        return chr(code - _BYTE_LETTERS + _LONE) if code >= _BYTE_LETTERS else chr(code - _LETTERS)

    return text if text.isascii() else _STAND_INS.sub(original, text)


def _code(text: str) -> str:
    for pattern in _BARE_STARS:
        text = pattern.sub(_without_star, text)
    text = _ODD.sub(lambda match: stand_in(match[0]), text)
    text = _LAST_COMMA.sub(r"\1", text)
    if "_" in text:
        text = _NUMBER.sub(lambda match: match[0].replace("_", ""), text)
    text = _LONG.sub(lambda match: f"0x{parse_int(match[0], 10):x}".ljust(len(match[0])), text)
    return _LEADING_ZEROS.sub(lambda match: match[2] + " " * len(match[1]), text)


def _without_star(match: re.Match[str]) -> str:
    """Nothing for a star among parameters, unless one stands before it."""
    before = match.string[: match.start()]
    first = max(before.rfind("("), before.rfind("lambda"))
    return match[0] if "*" in before[first + 1 :] else " " * len(match[0])


def _literal(match: re.Match[str]) -> str:
    literal = match[0]
    if literal[0] == "#":
        return _UNREADABLE.sub("?", literal)
    raw, of_bytes = "r" in match[1].lower(), "b" in match[1].lower()
    if literal.isascii() and "\0" not in literal:
        return literal
    if raw or not of_bytes:
        return _UNREADABLE.sub(lambda found: "?" if raw else _escaped(ord(found[0])), literal)
    escape: Callable[[re.Match[str]], str] = lambda found: "".join(  # noqa: E731
        f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogateescape")
    )
    return re.sub(r"[^\x01-\x7f]+", escape, literal)


_UNREADABLE = lazy(r"[\0\ud800-\udfff]")
"""What the host's parser does not even begin to read."""


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code else "\\x00"


def _tabs(text: str) -> str:
    """Tabs in indentation reach to the next multiple of 8; those inside literals stay."""
    literal = bytearray(len(text))
    for match in _LITERAL.finditer(text):
        literal[match.start() : match.end()] = b"\1" * (match.end() - match.start())

    def expand(match: re.Match[str]) -> str:
        return match[0] if literal[match.start()] else match[0].expandtabs(8)

    return _INDENTATION.sub(expand, text)
