"""The board's engine for regular expressions: patterns become its byte code, and that is run (firmware: extmod/re1.5).

The code is the board's byte for byte, since its jumps of one signed byte are part of what long patterns do there. The board
runs it by calling itself once for each open choice, so that many choices fill its stack; here they are a list, and their number
is counted. Loops over one character and literal text are taken in one step where the result and the count are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

ERROR: Final = "Error in regex"

CHAR, ANY, CLASS, CLASS_NOT, NAMED = 1, 2, 3, 4, 5
BOL, EOL = 0x50, 0x51
JMP, SPLIT, RSPLIT = 0x60, 0x61, 0x62
SAVE, MATCH = 0x7E, 0x7F

_PREFIX = 5
"""Bytes of code before the pattern's own: they make a search go on at the next character."""
_NAMED_SETS: Final = {
    ord("d"): b"[0-9]",
    ord("D"): b"[^0-9]",
    ord("s"): rb"[\x09-\x0d\x20]",
    ord("S"): rb"[^\x09-\x0d\x20]",
    ord("w"): b"[0-9A-Z_a-z]",
    ord("W"): b"[^0-9A-Z_a-z]",
}
_STEPS_BETWEEN_CHECKS = 2000


class Overflow(Exception):
    """The board's stack is full."""


class Astray(Exception):
    """A jump leads out of the code: a pattern whose jumps are longer than a signed byte holds."""


# -- pattern to code ---------------------------------------------------------------------------------------------------


class _Compiler:
    def __init__(self, pattern: bytes) -> None:
        self.source = pattern.partition(b"\0")[0] + b"\0\0\0"  # a look ahead finds the end
        self.at = 0
        # search prefix, and the start of the whole match
        self.code = bytearray((RSPLIT, 3, ANY, JMP, 0xFB, SAVE, 0))
        self.groups = 0
        self.count = 4

    def sequence(self) -> None:
        """Up to a closing parenthesis or the end. Raises ValueError."""
        code, source = self.code, self.source
        start = term = len(code)
        label = 0  # where the jump out of the last alternative gets its distance
        while (char := source[self.at]) and char != 0x29:
            if char in b"?*+":
                if term == len(code):
                    raise ValueError(ERROR)
                self._repeat(char, term)
                term = len(code)
            elif char == 0x7C:  # |
                if label:
                    code[label] = _distance(label - 1, len(code))
                code[start:start] = bytes((SPLIT, 0))
                code += bytes((JMP, 0))
                label = len(code) - 1
                code[start + 1] = _distance(start, len(code))
                self.count += 2
                term = len(code)
            elif char in b"^$":
                code.append(BOL if char == 0x5E else EOL)
                self.count += 1
                term = len(code)
            else:
                term = len(code)
                self._atom(char)
            self.at += 1
        if label:
            code[label] = _distance(label - 1, len(code))

    def _repeat(self, char: int, term: int) -> None:
        code = self.code
        lazy = self.source[self.at + 1] == 0x3F
        self.at += lazy
        self.count += 2 if char == 0x2A else 1
        if char == 0x2B:
            code += bytes((SPLIT if lazy else RSPLIT, _distance(len(code), term)))
            return
        code[term:term] = bytes((RSPLIT if lazy else SPLIT, 0))
        if char == 0x2A:
            code += bytes((JMP, _distance(len(code), term)))
        code[term + 1] = _distance(term, len(code))

    def _atom(self, char: int) -> None:
        code = self.code
        if char == 0x28:
            self._group()
            return
        self.count += 1
        if char == 0x2E:
            code.append(ANY)
        elif char == 0x5B:
            self._class()
        else:
            if char == 0x5C:
                self.at += 1
                char = self.source[self.at]
                if not char:
                    raise ValueError(ERROR)
                if char in _NAMED_SETS:
                    code += bytes((NAMED, char))
                    return
            code += bytes((CHAR, char))

    def _group(self) -> None:
        code = self.code
        capture = self.source[self.at + 1 : self.at + 3] != b"?:"
        number = 0
        if capture:
            self.groups += 1
            number = self.groups
            code += bytes((SAVE, 2 * number & 0xFF))
            self.count += 2
        else:
            self.at += 2
        self.at += 1
        self.sequence()
        if self.source[self.at] != 0x29:
            raise ValueError(ERROR)
        if capture:
            code += bytes((SAVE, 2 * number + 1 & 0xFF))

    def _class(self) -> None:
        code, source = self.code, self.source
        self.at += 1
        negative = source[self.at] == 0x5E
        self.at += negative
        code += bytes((CLASS_NOT if negative else CLASS, 0))
        place, pairs = len(code) - 1, 0
        while (low := source[self.at]) != 0x5D:
            if not low:
                raise ValueError(ERROR)
            if source[self.at + 1] == 0x2D and source[self.at + 2] != 0x5D:
                self.at += 2
            high = source[self.at]
            if not high:
                raise ValueError(ERROR)  # the board reads on behind the end of the pattern
            code += bytes((low, high))
            self.at += 1
            pairs += 1
        code[place] = pairs & 0xFF


def _distance(at: int, to: int) -> int:
    return to - at - 2 & 0xFF


class Program:
    """A compiled pattern.

    ``code`` as on the board, ``groups`` the number of captures, ``count`` the number of instructions.
    """

    def __init__(self, pattern: bytes) -> None:
        compiler = _Compiler(pattern)
        compiler.sequence()
        if compiler.source[compiler.at]:
            raise ValueError(ERROR)
        self.code = bytes(compiler.code) + bytes((SAVE, 1, MATCH))
        self.groups = compiler.groups
        self.count = compiler.count + 2
        self._steps: list[Step | None] = [None] * len(self.code)
        self._start = _first(self)

    def step(self, at: int) -> Step:
        """What to do at a place in the code. Raises :class:`Astray`."""
        if not 0 <= at < len(self.code):
            raise Astray
        found = self._steps[at]
        if found is None:
            try:
                found = self._steps[at] = _decode(self.code, at)
            except IndexError:
                raise Astray from None
        return found

    # -- running ---------------------------------------------------------------------------------------------------

    def find(
        self,
        text: bytes,
        begin: int,
        anchored: bool,
        levels: Callable[[], int],
        check: Callable[[], None],
    ) -> list[int | None] | None:
        """Return the starts and ends of the whole match and of each group, None if there is no match.

        ``begin``: where the text begins for this search. ``levels``: how many calls of itself the board's stack has room for;
        asked when there are many. ``check`` is called now and then and may raise. Raises :class:`Overflow`, :class:`Astray`.
        """
        end = len(text)
        places: list[int | None] = [None] * (2 * self.groups + 2)
        slots = len(places)
        # what is left to try, the last first: (kind, where to go on, place in the text, kind's own)
        open_: list[Step] = []
        push, steps = open_.append, self._steps
        limit, known = _FEW, False
        depth = 1  # calls that the board would be in
        at, here = _PREFIX, begin
        left = _STEPS_BETWEEN_CHECKS
        if not anchored:
            found = self._next_start(text, begin, begin)
            if found is None:
                return None
            push((_START, 0, found, None))
            depth, here = 2, found
        while True:
            left -= 1
            if not left:
                left = _STEPS_BETWEEN_CHECKS
                check()
            if depth > limit:
                if not known:
                    limit, known = levels(), True
                if depth > limit:
                    raise Overflow
            kind, one, two, more = steps[at] or self.step(at)
            if kind == _TEXT:
                if text.startswith(more, here):
                    here += two
                    at = one
                    continue
            elif kind == _RUN:  # as many as there are, then ever fewer; "two": at least so many
                stop = more(text, here).end()
                deepest = depth + stop - here + 1 - two
                if deepest > limit:
                    if not known:
                        limit, known = levels(), True
                    if deepest > limit:
                        raise Overflow
                fewest = here + two
                if stop >= fewest:
                    at, here = one, stop
                    if stop > fewest:
                        depth += stop - fewest
                        push((_RUN, one, stop, fewest))
                    continue
            elif kind == _ONE:
                if more(text, here):
                    here += 1
                    at = one
                    continue
            elif kind == _CHOICE:
                push((_CHOICE, two, here, None))
                depth += 1
                at = one
                continue
            elif kind == _SAVE:
                if two < slots:
                    push((_SAVE, two, 0, places[two]))
                    depth += 1
                    places[two] = here
                at = one
                continue
            elif kind == _GO:
                at = one
                continue
            elif kind == _BOL:
                if here == begin:
                    at = one
                    continue
            elif kind == _EOL:
                if here == end:
                    at = one
                    continue
            else:
                return places
            # it failed: back to what was left to try
            while open_:
                kind, one, two, more = open_.pop()
                if kind == _SAVE:
                    places[one] = more
                    depth -= 1
                    continue
                if kind == _RUN:
                    # where literal text follows, places where it is not fail at once
                    step = steps[one]
                    depth -= two
                    two -= 1
                    if step is not None and step[0] == _TEXT:
                        two = text.rfind(step[3], more, two + step[2])
                        if two < 0:
                            depth += more
                            continue
                    depth += two
                    if two > more:
                        push((_RUN, one, two, more))
                    at, here = one, two
                    break
                if kind == _CHOICE:
                    depth -= 1
                    at, here = one, two
                    break
                found = self._next_start(text, two + 1, begin)
                if found is None:
                    return None
                push((_START, 0, found, None))
                at, here = _PREFIX, found
                break
            else:
                return None

    def _next_start(self, text: bytes, at: int, begin: int) -> int | None:
        """The first place from ``at`` on where the pattern could begin to match."""
        if at > len(text):
            return None
        kind, more = self._start
        if kind == _TEXT:
            found = text.find(more, at)
            return None if found < 0 else found
        if kind == _ONE:
            match = more(text, at)
            return match.start() if match else None
        if kind == _BOL and at > begin:
            return None
        return at


# -- code to steps -----------------------------------------------------------------------------------------------------

_TEXT, _RUN, _ONE, _CHOICE, _SAVE, _GO, _BOL, _EOL, _MATCH, _START = range(10)
_FEW = 20
"""Calls that the smallest stack has room for in any case."""

Step = tuple[int, int, int, Any]
"""Kind, the next place in the code, a number and an object of the kind's own."""


def _signed(value: int) -> int:
    return value - 256 if value > 127 else value


def _jump(code: bytes, at: int) -> int:
    return at + 2 + _signed(code[at + 1])


def _consumer(code: bytes, at: int) -> tuple[bytes, int] | None:
    """What takes one character at this place, as a pattern of the host's, and the place after it."""
    op = code[at]
    if op == CHAR:
        return rb"\x%02x" % code[at + 1], at + 2
    if op == ANY:
        return rb"[\x00-\xff]", at + 1
    if op == NAMED:
        name = code[at + 1]
        return (_NAMED_SETS[name], at + 2) if name in _NAMED_SETS else None
    if op in (CLASS, CLASS_NOT):
        after = at + 2 + 2 * code[at + 1]
        pairs = code[at + 2 : after]
        ranges = b"".join(
            rb"\x%02x-\x%02x" % (low, high) for low, high in zip(pairs[::2], pairs[1::2], strict=False) if low <= high
        )
        if not ranges:  # a range the wrong way round holds nothing
            return (b"(?!)" if op == CLASS else rb"[\x00-\xff]"), after
        return b"[%b%b]" % (b"^" if op == CLASS_NOT else b"", ranges), after
    return None


@lru_cache(maxsize=256)
def _matcher(pattern: bytes) -> Callable[..., re.Match[bytes] | None]:
    return re.compile(pattern).match


@lru_cache(maxsize=256)
def _searcher(pattern: bytes) -> Callable[..., re.Match[bytes] | None]:
    return re.compile(pattern).search


def _run_at(code: bytes, at: int) -> tuple[bytes, int, int] | None:
    """A greedy loop over one character: the character's pattern, the least number of times, the place after the loop."""
    if code[at] == SPLIT:
        inner = _consumer(code, at + 2)
        if inner is None:
            return None
        one, after = inner
        if code[after] == JMP and _jump(code, after) == at and _jump(code, at) == after + 2:
            return one, 0, after + 2
        return None
    inner = _consumer(code, at)
    if inner is None:
        return None
    one, after = inner
    if code[after] == RSPLIT and _jump(code, after) == at:
        return one, 1, after + 2
    return None


def _decode(code: bytes, at: int) -> Step:
    op = code[at]
    loop = _run_at(code, at)
    if loop is not None:
        one, least, after = loop
        return _RUN, after, least, _matcher(b"%b*" % one)
    if op == CHAR:
        text, after = bytearray(), at
        while code[after] == CHAR and (after == at or _run_at(code, after) is None):
            text.append(code[after + 1])
            after += 2
        return _TEXT, after, len(text), bytes(text)
    inner = _consumer(code, at)
    if inner is not None:
        one, after = inner
        return _ONE, after, 0, _matcher(one)
    if op == SPLIT:
        return _CHOICE, at + 2, _jump(code, at), None
    if op == RSPLIT:
        return _CHOICE, _jump(code, at), at + 2, None
    if op == JMP:
        return _GO, _jump(code, at), 0, None
    if op == SAVE:
        return _SAVE, at + 2, code[at + 1], None
    if op in (BOL, EOL):
        return (_BOL if op == BOL else _EOL), at + 1, 0, None
    if op == MATCH:
        return _MATCH, at, 0, None
    raise Astray


def _first(program: Program) -> tuple[int, Any]:
    """What must stand where the pattern begins to match: literal text, one of a set, the beginning, or (``_GO``) anything."""
    try:
        at = _PREFIX
        step = program.step(at)
        while step[0] == _SAVE:
            at = step[1]
            step = program.step(at)
        if step[0] == _TEXT:
            return _TEXT, step[3]
        if step[0] == _BOL:
            return _BOL, None
        if step[0] == _ONE or (step[0] == _RUN and step[2]):
            inner = _consumer(program.code, at)
            assert inner is not None
            return _ONE, _searcher(inner[0])
    except Astray:
        pass
    return _GO, None


@lru_cache(maxsize=128)
def compiled(pattern: bytes) -> Program:
    """The program of a pattern. Raises ValueError."""
    return Program(pattern)


# -- code to text ------------------------------------------------------------------------------------------------------


def listing(program: Program) -> bytes:
    """The code as the flag ``DEBUG`` shows it (firmware: extmod/re1.5/dumpcode.c)."""
    code, lines, at = program.code, [], 0
    names = {SPLIT: b"split", RSPLIT: b"rsplit", JMP: b"jmp"}
    plain = {ANY: b"any", MATCH: b"match", BOL: b"assert bol", EOL: b"assert eol"}
    while at < len(code):
        op, head = code[at], b"%2d: " % at
        at += 1
        if op in plain:
            lines.append(head + plain[op])
            continue
        value = code[at]
        at += 1
        if op in names:
            distance = _signed(value)
            lines.append(head + b"%b %d (%d)" % (names[op], at + distance, distance))
        elif op in (CLASS, CLASS_NOT):
            pairs = code[at : at + 2 * value]
            at += 2 * value
            shown = b"".join(b" 0x%02x-0x%02x" % pair for pair in zip(pairs[::2], pairs[1::2], strict=True))
            lines.append(head + b"class%b %d%b" % (b"not" if op == CLASS_NOT else b"", value, shown))
        elif op == SAVE:
            lines.append(head + b"save %d" % value)
        else:
            lines.append(head + b"%b %c" % (b"char" if op == CHAR else b"namedclass", value))
    return b"".join(line + b"\n" for line in lines) + b"Bytes: %d, insts: %d\n" % (len(code), program.count)
