"""What ``ure.compile(pattern, ure.DEBUG)`` prints: the program that the board makes of a pattern (firmware: extmod/re1.5).

Two bytes for an instruction with an argument, one for the others; the argument of a jump counts from behind it. Patterns that
the board refuses do not come here.
"""

from __future__ import annotations

_CHAR, _ANY, _CLASS, _CLASS_NOT, _NAMED = range(1, 6)
_BOL, _EOL = 0x50, 0x51
_JUMP, _SPLIT, _RSPLIT = 0x60, 0x61, 0x62
_SAVE, _MATCH = 0x7E, 0x7F

_JUMPS = {_JUMP: "jmp", _SPLIT: "split", _RSPLIT: "rsplit"}
_PLAIN = {_ANY: "any", _BOL: "assert bol", _EOL: "assert eol", _MATCH: "match"}
_SINGLE = {ord("."): _ANY, ord("^"): _BOL, ord("$"): _EOL}
_SEARCH = bytes([_RSPLIT, 3, _ANY, _JUMP, -5 & 0xFF])
"""What stands before each program: skips a byte, for ``search``."""


def dump(pattern: bytes) -> str:
    """The listing of the program."""
    program = _Program(pattern.partition(b"\0")[0])
    return "".join(f"{line}\n" for line in program.listing())


class _Program:
    def __init__(self, pattern: bytes) -> None:
        self._pattern = pattern
        self._at = 0
        self._groups = 0
        self._code = bytearray(_SEARCH)
        self._code += bytes([_SAVE, 0])
        self._branch()
        self._code += bytes([_SAVE, 1, _MATCH])

    def _next(self) -> int:
        self._at += 1
        return self._pattern[self._at - 1]

    def _peek(self, ahead: int = 0) -> int:
        index = self._at + ahead
        return self._pattern[index] if index < len(self._pattern) else 0

    def _skip(self, byte: bytes) -> bool:
        found = self._peek() == byte[0]
        self._at += found
        return found

    def _branch(self) -> None:
        """Up to the end of the pattern or of the brackets."""
        code = self._code
        start = term = len(code)
        open_jump = 0  # of the branch before: leads to the end of all
        while (byte := self._peek()) and byte != ord(")"):
            self._at += 1
            if byte in b"?*+":
                self._repeat(byte, term)
                term = len(code)
            elif byte == ord("|"):
                if open_jump:
                    code[open_jump] = len(code) - open_jump - 1 & 0xFF
                code[start:start] = bytes(2)
                code += bytes([_JUMP, 0])
                open_jump = len(code) - 1
                code[start : start + 2] = bytes([_SPLIT, len(code) - start - 2 & 0xFF])
                term = len(code)
            else:
                term = len(code)
                self._atom(byte)
                if byte in b"^$":
                    term = len(code)
        if open_jump:
            code[open_jump] = len(code) - open_jump - 1 & 0xFF

    def _repeat(self, byte: int, term: int) -> None:
        code = self._code
        lazy = self._skip(b"?")
        if byte == ord("+"):
            code += bytes([_SPLIT if lazy else _RSPLIT, term - len(code) - 2 & 0xFF])
            return
        code[term:term] = bytes(2)
        if byte == ord("*"):
            code += bytes([_JUMP, term - len(code) - 2 & 0xFF])
        code[term : term + 2] = bytes([_RSPLIT if lazy else _SPLIT, len(code) - term - 2 & 0xFF])

    def _atom(self, byte: int) -> None:
        code = self._code
        if byte == ord("("):
            self._group()
        elif byte == ord("["):
            self._class()
        elif byte in _SINGLE:
            code.append(_SINGLE[byte])
        elif byte == ord("\\"):
            escaped = self._next()
            code += bytes([_NAMED if escaped in b"dDsSwW" else _CHAR, escaped])
        else:
            code += bytes([_CHAR, byte])

    def _group(self) -> None:
        if self._peek() == ord("?") and self._peek(1) == ord(":"):
            self._at += 2
            self._branch()
        else:
            self._groups += 1
            number = self._groups
            self._code += bytes([_SAVE, 2 * number & 0xFF])
            self._branch()
            self._code += bytes([_SAVE, 2 * number + 1 & 0xFF])
        self._at += 1

    def _class(self) -> None:
        kind = _CLASS_NOT if self._skip(b"^") else _CLASS
        pairs = bytearray()
        while self._peek() != ord("]"):
            low = self._next()
            high = low
            if self._peek() == ord("-") and self._peek(1) != ord("]"):
                self._at += 1
                high = self._next()
            pairs += bytes([low, high])
        self._at += 1
        self._code += bytes([kind, len(pairs) // 2 & 0xFF, *pairs])

    def listing(self) -> list[str]:
        """One line for each instruction, and a last one that counts them."""
        code = self._code
        lines: list[str] = []
        at = 0
        while at < len(code):
            first, kind = at, code[at]
            at += 1
            if kind in _PLAIN:
                shown = _PLAIN[kind]
            elif kind in _JUMPS:
                offset = code[at] - (code[at] >> 7 << 8)
                at += 1
                shown = f"{_JUMPS[kind]} {at + offset} ({offset})"
            elif kind in (_CLASS, _CLASS_NOT):
                pairs = code[at + 1 : at + 1 + 2 * code[at]]
                ranges = "".join(
                    f" 0x{low:02x}-0x{high:02x}" for low, high in zip(pairs[::2], pairs[1::2], strict=True)
                )
                shown = f"class{'not' if kind == _CLASS_NOT else ''} {code[at]}{ranges}"
                at += 1 + len(pairs)
            else:
                argument = code[at]
                at += 1
                shown = (
                    f"save {argument}"
                    if kind == _SAVE
                    else f"{'char' if kind == _CHAR else 'namedclass'} {chr(argument)}"
                )
            lines.append(f"{first:2d}: {shown}")
        return [*lines, f"Bytes: {len(code)}, insts: {len(lines)}"]
