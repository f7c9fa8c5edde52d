"""``ujson``: the board's lenient reader and its printer (firmware: extmod/modujson.c, the JSON branches of py/obj*.c).

The reader takes commas and colons for blanks, does not mind which bracket closes, takes what an outermost list or
object holds when the text is cut off, and ends at a NUL. Plain JSON, by far the most, is read by the host's scanner,
which gives the same objects for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.errors import BoardOSError
from emulator.firmware._arguments import native, only
from emulator.firmware._convert import check_stream, encode, to_text
from emulator.runtime import order
from emulator.runtime.calls import parse_int
from emulator.runtime.floats import float_text, to_single
from emulator.runtime.printing import int_repr

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


class _Remembered(dict[str, float]):
    """Text of a number -> the number, made by ``real``."""

    def __init__(self, real: _Real) -> None:
        self._real = real

    def __missing__(self, text: str) -> float:
        if len(self) >= _MANY:
            self.clear()
        number = self[text] = self._real(text)
        return number


_MANY = 2048


def _nearest(text: str) -> float:
    return to_single(float(text))


def _decoder(real: _Real) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=_Remembered(real).__getitem__, parse_constant=_not_on_board)


_PLAIN = _decoder(_nearest)


def _number(token: str, real: _Real) -> int | float:
    if any(mark in token for mark in ".eE"):
        if not _FLOAT.match(token):
            raise ValueError("invalid syntax for number")
        mantissa, mark, exponent = token.lower().partition("e")
        return real((mantissa if mantissa.strip("-.") else mantissa.rstrip(".") + "0") + mark + exponent)
    if not _INTEGER.match(token):
        raise ValueError("invalid syntax for integer with base 10")
    return parse_int(token, 10)


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

    scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once  # type: ignore[attr-defined]

    def loads(*args: Any, **names: Any) -> Any:
        text = only(args, names) if names or len(args) != 1 else args[0]
        if type(text) is str and "\\u" not in text:  # the host joins surrogates, the board does not
            try:
                value, end = scan(text, 0)
            except (StopIteration, ValueError, RecursionError):
                pass
            else:
                if end == len(text):
                    return value
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
    by_host = encode_basestring(text)
    if "\\b" not in by_host and "\\f" not in by_host:
        return by_host
    out = ['"']  # these two are written by number on the board
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char >= " ":
            out.append(char)
        else:
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or f"\\u{ord(char):04x}")
    out.append('"')
    return "".join(out)


class _Texts(dict[str, str]):
    """Short text -> its JSON."""

    def __missing__(self, text: str) -> str:
        quoted = _quoted(text)
        if len(text) <= _SHORT:
            if len(self) >= _MANY:
                self.clear()
            self[text] = quoted
        return quoted


_SHORT = 48
_text_of_str = _Texts().__getitem__


class _Shapes(dict[tuple[int, tuple[str, ...]], tuple[str, Callable[[Any], tuple[Any, ...]]]]):
    """Places that a table began with and keys -> template of the JSON, what puts the values into its order."""

    def __missing__(self, shape: tuple[int, tuple[str, ...]]) -> tuple[str, Callable[[Any], tuple[Any, ...]]]:
        size, keys = shape
        getter = order.getter(size, keys)
        fields = [_quoted(key).replace("%", "%%") + ": %s" for key in getter(keys)]
        made = "{" + ", ".join(fields) + "}", getter
        if len(keys) <= _SHORT:
            if len(self) >= _FEW:
                self.clear()
            self[shape] = made
        return made


_FEW = 256


def _own_repr(kind: type) -> bool:
    return any("__repr__" in owner.__dict__ and owner.__module__ != "builtins" for owner in kind.__mro__)


def _of_containers(writers: dict[type, Callable[[Any], str]]) -> tuple[Callable[[Any], str], Callable[[Any], str]]:
    """What makes the JSON of lists and tuples, and of dicts."""
    join, all_text = ", ".join, frozenset((str,)).issuperset
    first_size, shapes = order.first_size, _Shapes()

    def sequence(items: Any) -> str:
        if len(items) > _SOME:
            kinds = {*map(type, items)}
            if len(kinds) == 1:
                return f"[{join(map(writers[kinds.pop()], items))}]"
        return f"[{join([writers[type(item)](item) for item in items])}]"

    def of_dict(of: dict[Any, Any]) -> str:
        if len(of) < 2:
            for key, value in of.items():
                return f"{{{writers[type(key)](key)}: {writers[type(value)](value)}}}"
            return "{}"
        size = first_size(of)
        if size < 0 or not all_text(map(type, of)):
            return f"{{{join([f'{writers[type(k)](k)}: {writers[type(v)](v)}' for k, v in order.items(of)])}}}"
        template, in_order = shapes[size, tuple(of)]
        return template % tuple([writers[type(value)](value) for value in in_order(tuple(of.values()))])

    return sequence, of_dict


_SOME = 4


class _Printer(dict[type, Callable[[Any], str]]):
    """Type -> what makes the JSON of its objects."""

    def __init__(self, repr_of: Callable[[Any], str], repr_of_int: Callable[[Any], str] = int.__repr__) -> None:
        self._repr = repr_of
        words: dict[object, str] = {False: "false", True: "true", None: "null"}
        self._sequence, self._items = sequence, of_dict = _of_containers(self)
        self.update(
            {
                str: _text_of_str,
                int: repr_of_int,
                float: float_text,
                bool: words.__getitem__,
                type(None): words.__getitem__,
                list: sequence,
                tuple: sequence,
                dict: of_dict,
                order.Display: of_dict,
            }
        )

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        return self._other  # not kept: classes of the script's come and go

    def _other(self, obj: Any) -> str:
        kind = type(obj)
        if _own_repr(kind) or hasattr(kind, "_fields"):
            return self._repr(obj)
        if isinstance(obj, str):
            return _quoted(obj)
        if isinstance(obj, bytes):
            return _quoted(obj.decode("utf-8", "replace"))
        if isinstance(obj, (list, tuple)):
            return self._sequence(obj)
        if isinstance(obj, dict):
            return self._items(obj)
        if isinstance(obj, BaseException):
            return self._sequence(obj.args)
        return self._repr(obj)


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ujson``."""
    writers = _Printer(device.printer.repr)

    # the hottest of all: they count for themselves
    def dumps(*args: Any, **names: Any) -> str:
        obj = only(args, names) if names or len(args) != 1 else args[0]
        try:
            return writers[type(obj)](obj)
        except RecursionError:
            raise RuntimeError("maximum recursion depth exceeded") from None
        except ValueError as error:
            if not str(error).startswith("Exceeds the limit"):
                raise
            return _Printer(device.printer.repr, int_repr)[type(obj)](obj)

    @native(2)
    def dump(obj: object, stream: Any, /) -> None:
        check_stream(stream, "write")
        stream.write(dumps(obj))

    return {"__name__": "ujson", "dump": dump, "dumps": dumps, **readers(_nearest, _PLAIN)}
