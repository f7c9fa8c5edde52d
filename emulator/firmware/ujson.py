"""``ujson``: the board's lenient reader and its printer (firmware: extmod/modujson.c, the JSON branches of py/obj*.c).

The reader takes commas and colons for blanks, does not mind which bracket closes, takes what an outermost list or
object holds when the text is cut off, and ends at a NUL. Plain JSON, by far the most, is read by the host's scanner,
which gives the same objects for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.errors import BoardOSError
from emulator.firmware._arguments import native
from emulator.firmware._convert import check_stream, encode, to_text
from emulator.runtime import order
from emulator.runtime.floats import float_str, to_single

if TYPE_CHECKING:
    from emulator.device import Device

_BLANK = frozenset(b",: \t\n\r")
_NUMBER_START = frozenset(b"-0123456789")
_NUMBER = re.compile(rb"[0-9+\-.eE]*")
_INTEGER = re.compile(r"-?[0-9]+\Z")
_FLOAT = re.compile(r"-?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?\Z")  # no digits at all before the exponent is zero
_WORDS: dict[int, tuple[bytes, object]] = {
    ord("n"): (b"null", None),
    ord("f"): (b"false", False),
    ord("t"): (b"true", True),
}
_ESCAPES = {ord("b"): 8, ord("f"): 12, ord("n"): 10, ord("r"): 13, ord("t"): 9}
_TRAILING = b" \t\n\r\v\f"
_SYNTAX = "syntax error in JSON"


def _not_on_board(word: str) -> NoReturn:
    raise ValueError(word)


_Real = Callable[[str], float]
"""What makes a float of its text."""


def _nearest(text: str) -> float:
    return to_single(float(text))


def _decoder(real: _Real) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=real, parse_constant=_not_on_board)


_PLAIN = _decoder(_nearest)


def _number(token: str, real: _Real) -> int | float:
    if any(mark in token for mark in ".eE"):
        if not _FLOAT.match(token):
            raise ValueError("invalid syntax for number")
        mantissa, mark, exponent = token.lower().partition("e")
        return real((mantissa if mantissa.strip("-.") else mantissa.rstrip(".") + "0") + mark + exponent)
    if not _INTEGER.match(token):
        raise ValueError("invalid syntax for integer with base 10")
    return int(token)


class _Reader:
    """One pass over the bytes of a text, the board's way."""

    def __init__(self, data: bytes, real: _Real = _nearest) -> None:
        end = data.find(0)
        self._real = real
        self.data = data if end < 0 else data[:end]
        self.at = 0

    def read(self) -> Any:
        outer: list[Any] = []  # containers around the innermost one
        top: Any = None
        opened = False  # `top` holds a container
        keys: list[Any] = []  # the key waiting for its value; one for all levels, as on the board
        while self.at < len(self.data):
            code = self.data[self.at]
            if code in _BLANK:
                self.at += 1
                continue
            if code in b"]}":
                self.at += 1
                if not opened:
                    raise ValueError(_SYNTAX)
                if not outer:
                    return self._end(top)
                top = outer.pop()
                continue
            value = self._value(code)
            enter = code in b"[{"
            if not opened:
                if not enter:
                    return self._end(value)
                top, opened = value, True
                continue
            if isinstance(top, list):
                top.append(value)
            elif keys:
                top[keys.pop()] = value
            elif enter:
                raise ValueError(_SYNTAX)
            else:
                keys.append(value)
            if enter:
                outer.append(top)
                top = value
        if not opened or outer:
            raise ValueError(_SYNTAX)
        return top

    def _end(self, value: Any) -> Any:
        if self.data[self.at :].strip(_TRAILING):
            raise ValueError(_SYNTAX)
        return value

    def _value(self, code: int) -> Any:
        if code == ord("["):
            self.at += 1
            return []
        if code == ord("{"):
            self.at += 1
            return {}
        if code == ord('"'):
            return self._string()
        if code in _NUMBER_START:
            match = _NUMBER.match(self.data, self.at)
            assert match is not None
            self.at = match.end()
            return _number(match.group().decode("ascii"), self._real)
        word, value = _WORDS.get(code, (b"", None))
        if not word or not self.data.startswith(word, self.at):
            raise ValueError(_SYNTAX)
        self.at += len(word)
        return value

    def _string(self) -> str:
        data, out = self.data, bytearray()
        self.at += 1
        while self.at < len(data):
            code = data[self.at]
            self.at += 1
            if code == ord('"'):
                return out.decode("utf-8", "surrogatepass" if b"\xed" in out else "replace")
            if code == ord("\\"):
                code = self._next()
                if code == ord("u"):
                    out += encode(chr(self._code_point()))
                    continue
                code = _ESCAPES.get(code, code)
            out.append(code)
        raise ValueError(_SYNTAX)

    def _next(self) -> int:
        if self.at >= len(self.data):
            raise ValueError(_SYNTAX)
        self.at += 1
        return self.data[self.at - 1]

    def _code_point(self) -> int:
        """Four digits; other characters are not refused but counted on from the letters, within a byte."""
        number = 0
        for _ in range(4):
            digit = (self._next() | 0x20) - ord("0") & 0xFF
            if digit > 9:
                digit = digit - (ord("a") - ord("9") - 1) & 0xFF
            number = number << 4 | digit
        return number


def parse(data: bytes, real: _Real = _nearest, plain: json.JSONDecoder = _PLAIN) -> Any:
    """Return the object for the bytes of a JSON text; ValueError as the board words it."""
    if b"\\u" not in data:  # the host joins surrogates, the board does not
        try:
            return plain.decode(data.decode("utf-8"))
        except (ValueError, RecursionError):
            pass
    return _Reader(data, real).read()


def readers(real: _Real, plain: json.JSONDecoder | None = None) -> dict[str, Callable[..., Any]]:
    """``loads`` and ``load``, with ``real`` for the floats."""
    decoder = _decoder(real) if plain is None else plain

    @native(1)
    def loads(text: object, /) -> Any:
        if type(text) is str and "\\u" not in text:
            try:
                return decoder.decode(text)
            except (ValueError, RecursionError):
                pass
        return parse(encode(to_text(text)) if not isinstance(text, bytes) else text, real, decoder)

    @native(1)
    def load(stream: Any, /) -> Any:
        check_stream(stream, "read")
        data = stream.read()
        if data is None:
            raise BoardOSError(11)
        return parse(encode(data) if isinstance(data, str) else bytes(data), real, decoder)

    return {"load": load, "loads": loads}


def _quoted(text: str) -> str:
    out = ['"']
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char >= " ":
            out.append(char)
        else:
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or f"\\u{ord(char):04x}")
    out.append('"')
    return "".join(out)


class _Unusual(Exception):
    """Something that the host's printer would not print as the board does."""


_LEAVES = frozenset((str, int, bool, type(None)))
_TEXT = frozenset((str,))
_MARK = "\0"
"""Begins the text that stands for a float while the host prints."""
_MARKED = re.compile(r'"\\u0000([^"]*)"')
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def _usual(obj: Any) -> Any:
    """The same for the host's printer: dicts in the board's order, floats as marked texts. Raises _Unusual."""
    kind = type(obj)
    if kind is list or kind is tuple:
        return [item if type(item) in _LEAVES else _usual(item) for item in obj]
    if kind is float:
        return _MARK + float_str(obj)
    if not isinstance(obj, dict) or kind.__module__ != "builtins" or not _TEXT.issuperset(map(type, obj)):
        raise _Unusual
    return {key: value if type(value) in _LEAVES else _usual(value) for key, value in order.items(obj)}


def _printed_by_host(obj: Any) -> str | None:
    """The JSON of usual objects: numbers, texts, lists and dicts with texts as keys; None of others."""
    try:
        usual = obj if type(obj) in _LEAVES else _usual(obj)
        text = _encode(usual)
    except (_Unusual, RecursionError, ValueError):
        return None
    if "\\" in text:
        if "\\b" in text or "\\f" in text:  # written by number on the board
            return None
        if "\\u0000" in text:
            return _MARKED.sub(r"\1", text) if _MARK not in "".join(_texts(obj)) else None
    return text


def _texts(obj: Any) -> Iterator[str]:
    """All texts in lists and dicts."""
    if isinstance(obj, str):
        yield obj
    elif isinstance(obj, dict):
        yield from obj
        for value in obj.values():
            yield from _texts(value)
    elif isinstance(obj, (list, tuple)):
        for item in obj:
            yield from _texts(item)


def _own_repr(kind: type) -> bool:
    return any("__repr__" in owner.__dict__ and owner.__module__ != "builtins" for owner in kind.__mro__)


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ujson``."""
    printer = device.printer

    def text_of(obj: Any) -> str:
        if obj is None:
            return "null"
        if isinstance(obj, bool):
            return "true" if obj else "false"
        kind = type(obj)
        if kind is float:
            return float_str(obj)
        if kind is not int and (_own_repr(kind) or hasattr(kind, "_fields")):
            return printer.repr(obj)
        if isinstance(obj, str):
            return _quoted(obj)
        if isinstance(obj, bytes):
            return _quoted(obj.decode("utf-8", "replace"))
        if isinstance(obj, (list, tuple)):
            return "[" + ", ".join(map(text_of, obj)) + "]"
        if isinstance(obj, dict):
            return "{" + ", ".join(f"{text_of(key)}: {text_of(value)}" for key, value in order.items(obj)) + "}"
        if isinstance(obj, BaseException):
            return text_of(obj.args)
        return printer.repr(obj)

    @native(1)
    def dumps(obj: object, /) -> str:
        text = _printed_by_host(obj)
        if text is not None:
            return text
        try:
            return text_of(obj)
        except RecursionError:
            raise RuntimeError("maximum recursion depth exceeded") from None

    @native(2)
    def dump(obj: object, stream: Any, /) -> None:
        check_stream(stream, "write")
        stream.write(dumps(obj))

    return {"__name__": "ujson", "dump": dump, "dumps": dumps, **readers(_nearest, _PLAIN)}
