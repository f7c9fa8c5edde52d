"""A reader for DER, with the error codes of the board's own reader (board: mbedTLS asn1parse.c). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, NamedTuple

from ussl_shim import errors

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31


class Asn1Error(Exception):
    """The bytes are not what was expected; ``code`` is the low half of a board number."""

    def __init__(self, code: int) -> None:
        super().__init__(errors.describe(code))
        self.code = code


class CertificateError(Exception):
    """The board refuses to parse these bytes; ``number`` is what it raises."""

    def __init__(self, number: int) -> None:
        super().__init__(errors.describe(number))
        self.number = number


@contextmanager
def fails_with(base: int, *, low: bool = True) -> Iterator[None]:
    """Turn a reader's code into the board's number: ``base``, plus the low code where the board adds it."""
    try:
        yield
    except Asn1Error as exc:
        raise CertificateError(base + exc.code if low else base) from exc


class Algorithm(NamedTuple):
    """An AlgorithmIdentifier. ``tag`` is that of the parameters, 0 where there are none."""

    oid: str
    tag: int
    parameters: bytes

    @property
    def bare(self) -> bool:
        """True where the parameters are absent or NULL."""
        return self.tag in (0, NULL) and not self.parameters


class Reader:
    """Walks over the elements of one piece of DER."""

    __slots__ = ("_end", "data", "position")

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self._end = len(data) if end is None else end

    @property
    def empty(self) -> bool:
        return self.position >= self._end

    @property
    def rest(self) -> bytes:
        return self.data[self.position : self._end]

    def peek(self) -> int | None:
        """The next element's tag, or None at the end."""
        return None if self.empty else self.data[self.position]

    def enter(self, tag: int) -> Reader:
        """A reader over the content of the next element, which is stepped over."""
        start, end = self._bounds(tag)
        self.position = end
        return Reader(self.data, start, end)

    def take(self, tag: int) -> bytes:
        """The content of the next element."""
        start, end = self._bounds(tag)
        self.position = end
        return self.data[start:end]

    def element(self, tag: int) -> bytes:
        """The next element with its header."""
        begin = self.position
        _, end = self._bounds(tag)
        self.position = end
        return self.data[begin:end]

    def enter_unbounded(self, tag: int) -> None:
        """Step into the next element; its length is looked at only to see that it is not beyond the end."""
        self.position, _ = self._bounds(tag)

    def integer(self) -> int:
        """A non-negative INTEGER of at most four bytes."""
        content = self.take(INTEGER)
        if not 1 <= len(content) <= 4 or content[0] & 0x80:
            raise Asn1Error(errors.ASN1_INVALID_LENGTH)
        return int.from_bytes(content, "big")

    def number(self) -> int:
        """An INTEGER of any length, read without a sign as the board does."""
        return int.from_bytes(self.take(INTEGER), "big")

    def boolean(self) -> bool:
        content = self.take(BOOLEAN)
        if len(content) != 1:
            raise Asn1Error(errors.ASN1_INVALID_LENGTH)
        return content != b"\0"

    def last_bits(self) -> bytes:
        """The bytes of a BIT STRING after which nothing may follow; up to 7 bits of the last may be unused."""
        content = self.take(BIT_STRING)
        if not content:
            raise Asn1Error(errors.ASN1_OUT_OF_DATA)
        if content[0] > 7:
            raise Asn1Error(errors.ASN1_INVALID_LENGTH)
        self.finish()
        return content[1:]

    def algorithm(self) -> Algorithm:
        """An AlgorithmIdentifier: an object identifier and at most one element more."""
        fields = self.enter(SEQUENCE)
        oid = dotted(fields.take(OID))
        tag = fields.peek()
        if tag is None:
            return Algorithm(oid, 0, b"")
        parameters = fields.take(tag)
        fields.finish()
        return Algorithm(oid, tag, parameters)

    def whole_bytes(self) -> bytes:
        """The content of a BIT STRING that must be whole bytes: the count of unused bits before it is 0.

        Raises Asn1Error (board: mbedTLS asn1parse.c, mbedtls_asn1_get_bitstring_null).
        """
        content = self.take(BIT_STRING)
        if len(content) < 2 or content[0] != 0:
            raise Asn1Error(errors.ASN1_INVALID_DATA)
        return content[1:]

    def skip(self) -> int:
        """Step over the next element whatever it is; its tag."""
        tag = self.peek()
        if tag is None:
            raise Asn1Error(errors.ASN1_OUT_OF_DATA)
        self.take(tag)
        return tag

    def finish(self) -> None:
        """Nothing may follow."""
        if not self.empty:
            raise Asn1Error(errors.ASN1_LENGTH_MISMATCH)

    def _bounds(self, tag: int) -> tuple[int, int]:
        if self.empty:
            raise Asn1Error(errors.ASN1_OUT_OF_DATA)
        if self.data[self.position] != tag:
            raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
        at = self.position + 1
        if at >= self._end:
            raise Asn1Error(errors.ASN1_OUT_OF_DATA)
        length = self.data[at]
        at += 1
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4:
                raise Asn1Error(errors.ASN1_INVALID_LENGTH)
            if at + count > self._end:
                raise Asn1Error(errors.ASN1_OUT_OF_DATA)
            length = int.from_bytes(self.data[at : at + count], "big")
            at += count
        if length > self._end - at:
            raise Asn1Error(errors.ASN1_OUT_OF_DATA)
        return at, at + length


_LONGEST_OID: Final = 64
"""Bytes; none that means anything is that long."""


@lru_cache(maxsize=256)
def dotted(oid: bytes) -> str:
    """``2a864886…`` -> ``1.2.840…``; one that is not encoded as it should be stays in hexadecimal, and equals no other."""
    parts: list[int] = []
    value, fresh = 0, True
    for byte in oid:
        if fresh and byte == 0x80:
            parts.clear()
            break
        value = value << 7 | byte & 0x7F
        fresh = not byte & 0x80
        if fresh:
            parts.append(value)
            value = 0
    if not parts or not fresh or len(oid) > _LONGEST_OID:
        return f"#{oid.hex()}" if oid else ""
    first = min(parts[0] // 40, 2)
    return ".".join(str(part) for part in (first, parts[0] - 40 * first, *parts[1:]))


def encode_oid(text: str) -> bytes:
    """``1.2.840…`` as an element."""
    first, second, *rest = (int(part) for part in text.split("."))
    content = bytearray()
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(0x80 | number & 0x7F)
        content += bytes(reversed(digits))
    return encode(OID, bytes(content))


def encode(tag: int, *contents: bytes) -> bytes:
    """One element around ``contents``."""
    body = b"".join(contents)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def encode_integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
