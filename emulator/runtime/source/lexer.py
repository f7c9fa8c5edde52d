"""The tokens of 1.11, at the places where its lexer sees them (firmware: py/lexer.c, py/parsenum.c).

Only needed for text that is refused: it tells which token the board stops at, and on which line that token is for the board.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from emulator.runtime.source.errors import NOT_IMPLEMENTED, SYNTAX

END, NEWLINE, INDENT, DEDENT, MISMATCH, INVALID = "END", "NEWLINE", "INDENT", "DEDENT", "MISMATCH", "INVALID"
NAME, INTEGER, FLOAT, STRING, BYTES = "NAME", "INTEGER", "FLOAT", "STRING", "BYTES"

KEYWORDS = frozenset(
    "False None True and as assert async await break class continue def del elif else except finally for from global if "  # noqa: SIM905  a table to read
    "import in is lambda nonlocal not or pass raise return try while with yield".split()
)

_OPERATORS = re.compile(
    r"\.\.\.|\*\*=|//=|<<=|>>=|\*\*|//|<<|>>|<=|>=|==|!=|->|\+=|-=|\*=|/=|%=|&=|\|=|\^=|@=|[-+*/%&|^~<>=()\[\]{},:;.@]"
)
_TAB = 8
_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\n|#[^\n]*)*")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n\f\v]|\\\n|#[^\n]*)*")
_WORD = re.compile(r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*")
_LITERAL = re.compile(r"(?:u|b|r|br|rb)?(?='|\")")
_NUMBER = re.compile(r"0[xXoObB][A-Za-z0-9_.]*|(?:[eE][+-]?|[A-Za-z0-9_.])+")
_DECIMAL = re.compile(r"(?:\d+\.?\d*|\.\d*)(?:[eE](?:[+-]?\d+|[+-](?=$)))?[jJ]?")
_HEX = {"x": 2, "u": 4, "U": 8}
_DIGITS = {char: value for value, char in enumerate("0123456789abcdefghijklmnopqrstuvwxyz")}
_BASES = {"x": 16, "o": 8, "b": 2}


class Token(NamedTuple):
    """One token: its kind (the operator or keyword itself for these), its line, and what is wrong with it.

    ``error``: the exception and the text that the board raises when it takes the token, (for NOT_IMPLEMENTED: reads it).
    """

    kind: str
    line: int
    error: tuple[str, str] | None = None


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, END the last of them."""
    return _Lexer(text).tokens()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text if text.endswith("\n") else text + "\n"  # the lexer adds a line end where there is none
        self._at = 0
        self._line = 1
        self._depth = 0
        self._indents = [0]

    def tokens(self) -> Iterator[Token]:
        text = self._text
        yield from self._first_line()
        while True:
            start = self._at
            self._skip(_BLANK_LINES)
            passed = text.find("\n", start, self._at) >= 0 and self._ends_line(start)
            if passed and not self._depth:
                yield from self._line_start()
            if self._at >= len(text):
                while len(self._indents) > 1:
                    self._indents.pop()
                    yield Token(DEDENT, self._line)
                yield Token(END, self._line)
                return
            yield self._next()

    def _first_line(self) -> Iterator[Token]:
        """Blanks before the first statement are an indentation as on every line."""
        self._skip(_BLANK_LINES)
        column = self._column()
        if column:
            self._indents.append(column)
            yield Token(INDENT, self._line)

    def _ends_line(self, start: int) -> bool:
        """Whether there is a line end without a backslash before it."""
        return any(match[0] == "\n" for match in re.finditer(r"#[^\n]*|\\\n|\n", self._text[start : self._at]))

    def _skip(self, what: re.Pattern[str]) -> None:
        match = what.match(self._text, self._at)
        assert match is not None
        self._line += self._text.count("\n", self._at, match.end())
        self._at = match.end()

    def _column(self) -> int:
        start = self._text.rfind("\n", 0, self._at) + 1
        column = 0
        for char in self._text[start : self._at]:
            column = column + _TAB - column % _TAB if char == "\t" else column + 1
        return column

    def _line_start(self) -> Iterator[Token]:
        column = self._column() if self._at < len(self._text) else 0
        if column < self._indents[-1]:
            gone = 0
            while column < self._indents[-1]:
                self._indents.pop()
                gone += 1
            yield Token(NEWLINE if column == self._indents[-1] else MISMATCH, self._line)
            for _ in range(gone):
                yield Token(DEDENT, self._line)
            return
        yield Token(NEWLINE, self._line)
        if column > self._indents[-1]:
            self._indents.append(column)
            yield Token(INDENT, self._line)

    def _next(self) -> Token:
        text, line = self._text, self._line
        literal = _LITERAL.match(text, self._at)
        if literal is not None:
            return self._strings(line)
        word = _WORD.match(text, self._at)
        if word is not None:
            self._at = word.end()
            return Token(word[0] if word[0] in KEYWORDS else NAME, line)
        if (text[self._at].isdigit() and text[self._at].isascii()) or re.match(r"\.\d", text[self._at : self._at + 2]):
            number = _NUMBER.match(text, self._at)
            assert number is not None
            self._at = number.end()
            return _number(number[0], line)
        operator = _OPERATORS.match(text, self._at)
        if operator is None:
            self._at += 1
            return Token(INVALID, line)
        self._at = operator.end()
        kind = operator[0]
        if kind in "([{":
            self._depth += 1
        elif kind in ")]}":
            self._depth -= 1
        return Token(kind, line)

    def _strings(self, line: int) -> Token:
        """A literal and all that follow it: bytes are not joined to a str."""
        kind: str | None = None
        error: tuple[str, str] | None = None
        while True:
            literal = _LITERAL.match(self._text, self._at)
            if literal is None:
                break
            one = BYTES if "b" in literal[0] else STRING
            if kind is None:
                kind = one
            elif kind != INVALID and kind != one:
                break
            self._at = literal.end()
            found = self._string(one, raw="r" in literal[0])
            if found == NOT_IMPLEMENTED:
                error = error or (NOT_IMPLEMENTED, "unicode name escapes")
            elif found == INVALID:
                kind = INVALID
                if self._text[self._at : self._at + 1] in ("\n", ""):
                    break
            self._skip(_BLANK_LINES if self._depth else _BLANK)
        assert kind is not None
        return Token(kind, line, error)

    def _string(self, kind: str, *, raw: bool) -> str | None:
        """Pass over one literal from its quote; what is wrong with it."""
        text, quote = self._text, self._text[self._at]
        closing = quote * 3 if text.startswith(quote * 3, self._at) else quote
        self._at += len(closing)
        wrong: str | None = None
        while not text.startswith(closing, self._at):
            if self._at >= len(text) or (len(closing) == 1 and text[self._at] == "\n"):
                return INVALID
            char = text[self._at]
            if char == "\n":
                self._line += 1
            self._at += 1
            if char == "\\" and self._at < len(text):
                after = text[self._at]
                if after == "\n":
                    self._line += 1
                if not raw:
                    wrong = _escape(text, self._at, kind) or wrong
                self._at += 1
        self._at += len(closing)
        return wrong


def _escape(text: str, at: int, kind: str) -> str | None:
    """What is wrong with the escape whose letter stands at ``at``."""
    char = text[at]
    if char == "N":
        return NOT_IMPLEMENTED
    if char in _HEX and not (kind == BYTES and char != "x"):
        digits = text[at + 1 : at + 1 + _HEX[char]]
        if not re.fullmatch(r"[0-9a-fA-F]+", digits) or len(digits) < _HEX[char] or int(digits, 16) > 0x10FFFF:
            return INVALID
    octal = re.match(r"[0-7]{1,3}", text[at : at + 3])
    if octal is not None and kind == BYTES and int(octal[0], 8) > 0xFF:
        return INVALID
    return None


def _number(found: str, line: int) -> Token:
    digits = found.replace("_", "")
    base = _BASES.get(digits[1:2].lower()) if digits[0] == "0" else None
    if re.search(r"[.eEjJ]", digits) if base is None else re.search(r"[.jJ]", digits):
        whole = _DECIMAL.fullmatch(digits)
        wrong = whole is None or digits[-1:] in "+-"
        return Token(FLOAT, line, (SYNTAX, "invalid syntax for number") if wrong else None)
    if base is not None:
        digits = digits[2:]
    if not digits or any(_DIGITS.get(char, 99) >= (base or 10) for char in digits.lower()):
        return Token(INTEGER, line, (SYNTAX, f"invalid syntax for integer with base {base or 10}"))
    return Token(INTEGER, line)
