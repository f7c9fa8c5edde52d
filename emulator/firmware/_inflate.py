"""Inflate a byte at a time, with the state that the board's has (RFC 1951; firmware: extmod/uzlib/tinflate.c).

The board checks little, reads zeros behind the end of bytes in memory, and goes on after an error where it stopped. All of
this shows in what scripts get for damaged or cut data, so the state is kept as there.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

OK, DONE = 0, 1
DATA_ERROR, CHECKSUM_ERROR, DICTIONARY_ERROR = -3, -4, -5

_LENGTHS: Final = [(0, 3 + n) for n in range(4)] + [(n // 4 - 1, (4 + n % 4 << n // 4 - 1) + 3) for n in range(4, 28)]
_LENGTHS.append((0, 258))
_DISTANCES: Final = [(0, 1), (0, 2)] + [(n // 2 - 1, (2 + n % 2 << n // 2 - 1) + 1) for n in range(2, 30)]
"""Symbol -> extra bits and base."""
_ORDER: Final = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_REPEATS: Final = {16: (2, 3), 17: (3, 3), 18: (7, 11)}


_STEPS_BETWEEN_CHECKS: Final = 2000


class _Tree:
    """How many codes there are of each length, and their symbols in order; old symbols stay behind the new ones."""

    __slots__ = ("counts", "symbols")

    def __init__(self) -> None:
        self.counts = [0] * 16
        self.symbols = [0] * 288

    def build(self, lengths: list[int]) -> None:
        counts = [0] * 16
        for length in lengths:
            counts[length] += 1
        counts[0] = 0
        self.counts = counts
        ordered = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
        self.symbols[: len(ordered)] = [symbol for _, symbol in ordered]


class Inflater:
    """What is packed in the bytes that ``source`` gives, one a call; it returns -1 at the end or raises.

    ``window``: bytes that are remembered; 0 for all, when the result is in memory. ``check`` is called now and then and may
    raise: damaged data can go on for long.
    """

    def __init__(self, source: Callable[[], int], window: int, check: Callable[[], None]) -> None:
        self._source = source
        self._check = check
        self._steps = 0
        self._window = window
        self.out = bytearray()
        """What the last call gave; with a window of 0, everything so far."""
        self.outside = False
        """Whether it was told to copy from in front of a result in memory: whatever is there on the board, zeros here."""
        self._ring = bytearray(window)
        self._place = 0
        self._ended = False
        self._tag = self._bits = 0
        self._final = 0
        self._kind = -1
        self._left = 0
        self._from = 0
        self._literals, self._distances = _Tree(), _Tree()

    # -- bits ------------------------------------------------------------------------------------------------------

    def byte(self) -> int:
        """The next byte, 0 from the end on."""
        if not self._ended:
            found = self._source()
            if found >= 0:
                return found
            self._ended = True
        return 0

    def _bit(self) -> int:
        # counted before the byte is read: where that fails, zeros follow for ever
        self._bits -= 1
        if self._bits == -1:
            self._tag = self.byte()
            self._bits = 7
        bit = self._tag & 1
        self._tag >>= 1
        return bit

    def _number(self, bits: int, base: int = 0) -> int:
        for place in range(bits):
            base += self._bit() << place
        return base

    def _symbol(self, tree: _Tree) -> int:
        total = code = 0
        for count in tree.counts[1:]:
            code = 2 * code + self._bit()
            total += count
            code -= count
            if code < 0:
                at = total + code
                return tree.symbols[at] if 0 <= at < 288 else DATA_ERROR
        self._bit()
        return DATA_ERROR

    # -- blocks ----------------------------------------------------------------------------------------------------

    def run(self, size: int) -> int:
        """Add up to ``size`` bytes, at least one, to ``out``. Return ``OK``, ``DONE`` at the end of the data, or an error."""
        if self._window:
            self.out = bytearray()
        limit = len(self.out) + size
        while True:
            self._steps += 1
            if not self._steps % _STEPS_BETWEEN_CHECKS:
                self._check()
            if self._kind == -1:
                result = self._start()
                if result != OK:
                    return result
            result = self._stored() if self._kind == 0 else self._packed() if self._kind < 3 else DATA_ERROR
            if result == DONE and not self._final:
                result = self._start()
                if result != OK:
                    return result
                continue
            if result != OK or len(self.out) >= limit:
                return result

    def _start(self) -> int:
        self._final = self._bit()
        self._kind = self._number(2)
        if self._kind == 1:
            self._literals.build([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8)
            self._distances.build([5] * 32)
        return self._read_trees() if self._kind == 2 else OK

    def _read_trees(self) -> int:
        literals, distances, codes = self._number(5, 257), self._number(5, 1), self._number(4, 4)
        lengths = [0] * 19
        for place in _ORDER[:codes]:
            lengths[place] = self._number(3)
        self._literals.build(lengths)
        lengths = []
        while len(lengths) < literals + distances:
            symbol = self._symbol(self._literals)
            if symbol < 0:
                return symbol
            if symbol < 16:
                lengths.append(symbol)
                continue
            if symbol == 16 and not lengths:
                return DATA_ERROR
            value = lengths[-1] if symbol == 16 else 0
            times = self._number(*_REPEATS[symbol])
            if len(lengths) + times > literals + distances:
                return DATA_ERROR
            lengths += [value] * times
        self._literals.build(lengths[:literals])
        self._distances.build(lengths[literals:])
        return OK

    def _put(self, byte: int) -> None:
        self.out.append(byte)
        if self._window:
            self._ring[self._place] = byte
            self._place = (self._place + 1) % self._window

    def _stored(self) -> int:
        if self._left == 0:
            low, high, first, second = (self.byte() for _ in range(4))
            length = low + 256 * high
            if length != first + 256 * second ^ 0xFFFF:
                return DATA_ERROR
            self._left = length + 1
            self._bits = 0
        self._left -= 1
        if self._left == 0:
            return DONE
        self._put(self.byte())
        return OK

    def _packed(self) -> int:
        if self._left == 0:
            symbol = self._symbol(self._literals)
            if self._ended:
                return DATA_ERROR
            if symbol < 256:
                self._put(symbol & 0xFF)  # an error counts as a byte, too
                return OK
            if symbol == 256:
                return DONE
            if symbol - 257 >= len(_LENGTHS):
                return DATA_ERROR
            self._left = self._number(*_LENGTHS[symbol - 257])
            symbol = self._symbol(self._distances)
            if not 0 <= symbol < len(_DISTANCES):
                return DATA_ERROR
            distance = self._number(*_DISTANCES[symbol])
            if self._window:
                if distance > self._window:
                    return DICTIONARY_ERROR
                self._from = (self._place - distance) % self._window
            else:
                self.outside |= distance > len(self.out)
                self._from = distance
        if self._window:
            self._put(self._ring[self._from])
            self._from = (self._from + 1) % self._window
        else:
            self.out.append(self.out[-self._from] if self._from <= len(self.out) else 0)
        self._left -= 1
        return OK


class Checked:
    """An :class:`Inflater` with the checksum around its data: of ``zlib``, of ``gzip``, or none."""

    def __init__(self, inflater: Inflater, form: str) -> None:
        self._inflater = inflater
        self._form = form
        self._sum = 1 if form == "zlib" else 0

    def run(self, size: int) -> int:
        """:meth:`Inflater.run`, or ``CHECKSUM_ERROR`` at the end."""
        inflater = self._inflater
        seen = 0 if inflater._window else len(inflater.out)
        result = inflater.run(size)
        if result < 0 or not self._form:
            return result
        made = inflater.out[seen:]
        self._sum = zlib.adler32(made, self._sum) if self._form == "zlib" else zlib.crc32(made, self._sum)
        if result == DONE:
            stored = bytes([inflater.byte() for _ in range(4)])
            if int.from_bytes(stored, "big" if self._form == "zlib" else "little") != self._sum:
                return CHECKSUM_ERROR
            if self._form == "gzip":
                for _ in range(4):
                    inflater.byte()
        return result
