"""``str.format`` and ``%`` as the board does them: fields, conversions, widths counted in bytes, its errors.

firmware: py/objstr.c, py/mpprint.c
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from emulator.runtime.floats import BUFFER, float_str, format_float, to_single
from emulator.runtime.methods._common import to_int
from emulator.runtime.names import native_name, script_class, type_name
from emulator.runtime.printing import Printer, int_repr

_TEMPLATES = 256
_FLOATS = "eEfFgG"
_BASES = {"b": (2, "0b"), "o": (8, "0o"), "x": (16, "0x"), "X": (16, "0X")}
_SPEC = re.compile(
    r"(?:(?P<fill>[^\0])(?=[<>=^]))?(?P<align>[<>=^])?(?P<sign>[-+ ])?(?P<alt>#)?(?P<width>\d*)(?P<comma>,)?"
    r"(?:\.(?P<precision>\d*))?(?P<type>[bcdeEfFgGnosxX%])?",
    re.DOTALL | re.ASCII,
)
_CONVERSION = re.compile(
    r"%(?:(?P<percent>%)|(?:\((?P<key>[^)]*)\))?(?P<flags>[-+ #0]*)(?P<width>\*|\d*)"
    r"(?:\.(?P<precision>\*|\d*))?(?P<kind>.)?)",
    re.DOTALL | re.ASCII,
)
_AGREEING_FIELD = re.compile(r"\{\{|\}\}|\{\}|\{:0?[1-9]?\d?[dx]?\}|\{:(?:[1-9]\d?)?\.[0-6]f\}|[^{}]", re.ASCII)
_AGREEING_CONVERSION = re.compile(r"%%|%[sd]|%0?[1-9]\d?d|%(?:[1-9]\d?)?\.[0-6]f|[^%]", re.DOTALL)


class Layout(NamedTuple):
    """How one value is laid out. ``align``: one of ``<>=^``; ``sign``: what stands before a number that is not negative."""

    fill: str = " "
    align: str = ">"
    width: int = 0
    precision: int = -1
    sign: str = ""
    alt: bool = False
    comma: bool = False


def format_str(template: Any, args: Sequence[Any], kwargs: Mapping[str, Any], printer: Printer) -> str:
    """``template.format(*args, **kwargs)``; ``bytes`` give the text of theirs.

    Raises ValueError, IndexError, KeyError, TypeError, NotImplementedError in the board's words.
    """
    if isinstance(template, (bytes, bytearray)):
        template = template.decode()
    if not kwargs:
        simple = _simple_fields(template)
        if simple is not None:
            texts = _texts(simple[1], args)
            if texts is not None:
                try:
                    return simple[0].format(*texts)
                except ValueError:  # the host's limit of digits
                    pass
    return _Fields(args, kwargs, printer).format(template)


INT, ANY = -1, -2
"""What a simple conversion takes; from 0 on: a number, shown with as many places."""


Simple = tuple[str, tuple[int, ...]]
"""A template of the host's in which floats are texts already, and what each of its conversions takes."""


@lru_cache(_TEMPLATES)
def _simple_fields(template: str) -> Simple | None:
    """``template`` if the host can do all of it but the digits of floats."""
    if _AGREEING_FIELD.sub("", template):
        return None
    takes: list[int] = []

    def of_host(found: re.Match[str]) -> str:
        text = found[0]
        if text[-2:] == "f}":
            width, _, places = text[2:-2].partition(".")
            takes.append(int(places))
            return f"{{:>{width}}}"
        if text[0] == "{" and text != "{{":
            takes.append(ANY if text == "{}" else INT)
        return text

    return _AGREEING_FIELD.sub(of_host, template), tuple(takes)


def _texts(takes: tuple[int, ...], values: Sequence[Any]) -> list[Any] | None:
    """What the host is to fill in, None where a value is of a kind that is not simple."""
    if len(values) < len(takes):
        return None
    texts = []
    for take, value in zip(takes, values, strict=False):
        kind = type(value)
        if kind is int:
            texts.append(value if take < 0 else format_float(_to_float(value), "f", take))
        elif kind is float and take != INT:
            texts.append(float_str(value) if take < 0 else format_float(value, "f", take))
        elif kind is str and take == ANY:
            texts.append(value)
        else:
            return None
    return texts


class _Fields:
    """One call of ``format``: which argument is next."""

    def __init__(self, args: Sequence[Any], kwargs: Mapping[str, Any], printer: Printer) -> None:
        self._args = args
        self._kwargs = kwargs
        self._printer = printer
        self._next = 0

    def format(self, template: str) -> str:
        out: list[str] = []
        at, end = 0, len(template)
        while at < end:
            char = template[at]
            if char not in "{}":
                stop = at + 1
                while stop < end and template[stop] not in "{}":
                    stop += 1
                out.append(template[at:stop])
                at = stop
            elif template[at + 1 : at + 2] == char:
                out.append(char)
                at += 2
            elif char == "}":
                raise ValueError("single '}' encountered in format string")
            else:
                text, at = self._field(template, at + 1)
                out.append(text)
        return "".join(out)

    def _field(self, template: str, at: int) -> tuple[str, int]:
        """The text of the field that starts at ``at``, and the place behind it."""
        end = len(template)
        start = at
        while at < end and template[at] not in "}!:":
            at += 1
        name = template[start:at]
        conversion, spec = "", ""
        if template[at : at + 1] == "!":
            conversion = template[at + 1 : at + 2]
            if conversion not in ("r", "s"):
                raise ValueError("bad conversion specifier")
            at += 2
        if template[at : at + 1] == ":":
            start = at = at + 1
            nested = 1
            while at < end:
                nested += {"{": 1, "}": -1}.get(template[at], 0)
                if not nested:
                    break
                at += 1
            spec = template[start:at]
        if at >= end:
            raise ValueError("unmatched '{' in format")
        if template[at] != "}":
            raise ValueError("expected ':' after format specifier")
        value = self._value(name)
        if conversion == "r":
            value = self._printer.repr(value)
        elif conversion or not spec:
            value = self._printer.str(value)
        return (_spec_text(value, self.format(spec)) if spec else value), at + 1

    def _value(self, name: str) -> Any:
        if not name:
            if self._next < 0:
                raise ValueError("can't switch from manual field specification to automatic field numbering")
            index = self._next
            self._next += 1
        elif "0" <= name[0] <= "9":
            if self._next > 0:
                raise ValueError("can't switch from automatic field numbering to manual field specification")
            digits = re.match("[0-9]+", name)
            assert digits
            index, name = int(digits[0]), name[digits.end() :]
            self._next = -1
        else:
            key = re.split(r"[.\[]", name, maxsplit=1)[0]
            if key not in self._kwargs:
                raise KeyError(key)
            if key != name:
                raise NotImplementedError("attributes not supported yet")
            return self._kwargs[key]
        if index >= len(self._args):
            raise IndexError("tuple index out of range")
        if self._next < 0 and name:
            raise NotImplementedError("attributes not supported yet")
        return self._args[index]


def _spec_text(value: Any, spec: str) -> str:
    """``value`` by a format specifier."""
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise ValueError("invalid format specifier")
    kind = found["type"] or ""
    integer, number = _is_a(value, int), _is_a(value, int, float)
    zero = found["width"].startswith("0")
    align = found["align"] or ("=" if zero else ">" if number else "<")
    sign = (found["sign"] or "").replace("-", "")
    layout = Layout(
        found["fill"] or ("0" if zero else " "),
        align,
        int(found["width"] or 0),
        (int(found["precision"] or -1) if found["precision"] is not None else -1),
        sign,
        bool(found["alt"]),
        bool(found["comma"]),
    )
    if sign and kind == "s":
        raise ValueError("sign not allowed in string format specifier")
    if sign and kind == "c":
        raise ValueError("sign not allowed with integer format specifier 'c'")
    if integer:
        if kind == "c":
            return _padded(chr(to_int(value) & 0xFF), layout)
        if kind in ("", "n", "d") or kind in _BASES:
            return _integer(value, kind, layout._replace(precision=0))
    if number:
        if kind == "%":
            return _float(to_single(to_single(_to_float(value)) * 100), "f", layout, "%")
        if kind in ("", "n") or kind in _FLOATS:
            return _float(_to_float(value), kind if kind not in ("", "n") else "g", layout)
    else:
        if align == "=":
            raise ValueError("'=' alignment not allowed in string format specifier")
        if kind in ("", "s"):
            return _padded(_cut(_text(value), layout.precision), layout)
    raise ValueError(f"unknown format code '{kind}' for object of type '{type_name(value)}'")


def _text(value: Any) -> str:
    if _is_a(value, str):
        return str(value)
    if _is_a(value, bytes):
        return bytes(value).decode("utf-8", "replace")
    raise TypeError(f"can't convert '{type_name(value)}' object to str implicitly")


def _cut(text: str, size: int) -> str:
    """The first ``size`` bytes of ``text``; all of it where negative."""
    if size < 0:
        return text
    return text[:size] if text.isascii() else text.encode()[:size].decode("utf-8", "ignore")


def _padded(text: str, layout: Layout) -> str:
    """``text`` in its width, which counts bytes."""
    pad = layout.width - (len(text) if text.isascii() else len(text.encode()))
    if pad <= 0:
        return text
    if layout.align == "<":
        return text + layout.fill * pad
    left = pad // 2 if layout.align == "^" else pad
    return layout.fill * left + text + layout.fill * (pad - left)


def _behind(lead: str, text: str, layout: Layout) -> str:
    """``text`` padded, ``lead`` before the padding where it is to stand there."""
    if layout.align == "=":
        return lead + _padded(text, layout._replace(width=layout.width - len(lead)))
    return _padded(lead + text, layout)


def _float(value: float, kind: str, layout: Layout, end: str = "") -> str:
    text = format_float(value, kind, layout.precision, layout.sign)
    if len(text) < BUFFER:
        text += end
    lead = text[0] if text[0] in "-+ " else ""
    return _behind(lead, text[len(lead) :], layout)


def _integer(value: int, kind: str, layout: Layout) -> str:
    base, prefix = _BASES.get(kind, (10, ""))
    text = int_repr(abs(value)) if base == 10 else format(abs(value), kind)
    if layout.comma:
        word = -(1 << 30) <= value < 1 << 30
        # in numbers that do not fit a word there is one before full groups, too (firmware: py/mpz.c)
        first = "," if not word and len(text) % 3 == 0 else ""
        text = first + ",".join(reversed([text[max(end - 3, 0) : end] for end in range(len(text), 0, -3)]))
    lead = ("-" if value < 0 else layout.sign) + (prefix if layout.alt else "")
    precision = layout.precision
    if layout.align in (">", "=") and layout.fill == "0":
        layout = layout._replace(width=max(layout.width, precision))
        precision = 0
    if precision > 1:
        return _padded(lead + text.zfill(precision), layout._replace(fill=" "))
    return _behind(lead, text, layout)


def _to_int(value: Any) -> int:
    if isinstance(value, int):
        return value
    raise TypeError(f"can't convert {native_name(value)} to int")


def _is_a(value: Any, *kinds: type) -> bool:
    """Whether ``value`` is of a native type itself: instances of classes built on it are none for the board's formats."""
    return isinstance(value, kinds) and not script_class(type(value))


def _to_float(value: Any) -> float:
    if _is_a(value, float):
        return value  # type: ignore[no-any-return]
    if not _is_a(value, int):
        raise TypeError(f"can't convert {type_name(value)} to float")
    try:
        return float(value)
    except OverflowError:
        return float("-inf") if value < 0 else float("inf")


@lru_cache(_TEMPLATES)
def _simple_conversions(template: str) -> Simple | None:
    """``template`` if the host can do all of it but the digits of floats."""
    if _AGREEING_CONVERSION.sub("", template):
        return None
    takes: list[int] = []

    def of_host(found: re.Match[str]) -> str:
        text = found[0]
        if text[0] != "%" or text == "%%":
            return text
        kind = text[-1]
        if kind == "f":
            width, _, places = text[1:-1].partition(".")
            takes.append(int(places))
            return f"%{width}s"
        takes.append(INT if kind == "d" else ANY)
        return text

    return _AGREEING_CONVERSION.sub(of_host, template), tuple(takes)


def modulo(template: Any, args: Any, printer: Printer) -> Any:
    """``template % args``, a str or bytes as the template is. Raises TypeError, ValueError, KeyError in the board's words."""
    values: tuple[Any, ...] = args if isinstance(args, tuple) else (args,)
    if type(template) is str:
        simple = _simple_conversions(template)
        if simple is not None:
            texts = _texts(simple[1], values) if len(values) == len(simple[1]) else None
            if texts is not None:
                try:
                    return simple[0] % tuple(texts)
                except ValueError:  # the host's limit of digits
                    pass
    if isinstance(template, bytes):
        text = _Conversions(values, args if isinstance(args, dict) else None, printer, raw=True)
        return text.format(template.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return _Conversions(values, args if isinstance(args, dict) else None, printer, raw=False).format(str(template))


class _Conversions:
    """One ``%`` operation: which argument is next."""

    def __init__(self, values: tuple[Any, ...], table: dict[Any, Any] | None, printer: Printer, *, raw: bool) -> None:
        self._values = values
        self._table = table
        self._printer = printer
        self._raw = raw
        self._next = 0

    def format(self, template: str) -> str:
        out: list[str] = []
        at = 0
        while (start := template.find("%", at)) >= 0:
            out.append(template[at:start])
            found = _CONVERSION.match(template, start)
            assert found
            at = found.end()
            out.append("%" if found["percent"] else self._conversion(found, template))
        out.append(template[at:])
        if self._next != len(self._values):
            raise TypeError("format string didn't convert all arguments")
        return "".join(out)

    def _take(self) -> Any:
        if self._next >= len(self._values):
            raise TypeError("format string needs more arguments")
        self._next += 1
        return self._values[self._next - 1]

    def _size(self, text: str) -> int:
        return to_int(self._take()) if text == "*" else int(text or 0)

    def _conversion(self, found: re.Match[str], template: str) -> str:
        key, kind, flags = found["key"], found["kind"], found["flags"]
        keyed = key is not None
        if keyed or kind == "(":
            if self._table is None:
                raise TypeError("format needs a dict")
            self._next = 1
            if not keyed:
                raise ValueError("incomplete format key")
        value = self._looked_up(key) if keyed else None
        width = self._size(found["width"])
        precision = -1 if found["precision"] is None else self._size(found["precision"])
        if kind is None:
            raise ValueError("incomplete format")
        if not keyed:
            value = self._take()
        align = "<" if "-" in flags else "=" if "0" in flags else ">"
        sign = "+" if "+" in flags else " " if " " in flags else ""
        layout = Layout("0" if "0" in flags else " ", align, width, precision, sign, "#" in flags)
        if kind in "diu":
            return _integer(self._whole(value), "d", layout)
        if kind in "oxX":
            return _integer(_to_int(value), kind, layout)
        if kind in _FLOATS:
            return _float(_to_float(value), kind, layout)
        plain = layout._replace(fill=" ")
        if kind == "c":
            return _padded(self._char(value), plain)
        if kind in "rs":
            return _padded(_cut(self._shown(value, kind), precision), plain)
        index = len(template[: found.end() - 1].encode("utf-8", "surrogateescape"))
        raise ValueError(f"unsupported format character '{kind}' (0x{ord(kind):x}) at index {index}")

    def _looked_up(self, key: str) -> Any:
        assert self._table is not None
        if key not in self._table:
            raise KeyError(key)
        return self._table[key]

    def _whole(self, value: Any) -> int:
        if _is_a(value, float):
            if math.isnan(value):
                raise ValueError("can't convert NaN to int")
            if math.isinf(value):
                raise OverflowError("can't convert inf to int")
            return int(to_single(value))
        return _to_int(value)

    def _char(self, value: Any) -> str:
        if _is_a(value, str):
            if len(value.encode()) != 1:
                raise TypeError("%%c needs int or char")
            return str(value)
        if _is_a(value, int):
            return chr(to_int(value) & 0xFF)
        raise TypeError("integer needed")

    def _shown(self, value: Any, kind: str) -> str:
        if kind == "r":
            return self._printer.repr(value)
        if self._raw and isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        return self._printer.str(value)
