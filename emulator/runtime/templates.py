"""Literal templates of ``%`` and ``format``: after a few uses each has a function of its own.

It takes the values one by one and fills them into an f-string of the host, where the host's text is the board's for values of
these types: ints, texts, and floats far enough from where rounding turns. All else goes to ``emulator.runtime.formatting``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from emulator.runtime.floats import DOUBT, LEAST, fixed, float_text
from emulator.runtime.formatting import format_str, modulo
from emulator.runtime.hooks import FIELDS, TEMPLATE
from emulator.runtime.methods import late
from emulator.runtime.sites import MOST_VALUES, USES, Site

Filled = Callable[..., str]
"""What fills in one template, given its values."""

_MOST, _LONGEST = 512, 200
_NAMES = {"__name__": __name__, "type": type, "int": int, "str": str, "float": float}
"""Names of the host's builtins are found soonest where a function looks first."""
_made: dict[Site, Filled] = {}


class _Piece(NamedTuple):
    """A part of a template: text, or the host's specifier for a value and what that may be."""

    text: str
    takes: int | None = None
    """``_ANY``, ``_ALIGNED`` or ``_INT``; from 0 on: a float with as many places."""
    number: int = -1
    """The number of the value; -1: the next one."""


_ANY, _ALIGNED, _INT = -1, -2, -3
_FIELD = re.compile(r"\{(\d?)(?::([^{}]*))?\}|\{\{|\}\}|([^{}]+)")
_CONVERSION = re.compile(r"%([^%a-zA-Z]*[a-zA-Z])|%%|([^%]+)")
_WHOLE = re.compile(r"0?[1-9]?\d?[dxXo]?", re.ASCII)
_PLACES = re.compile(r"(?:[1-9]\d?)?\.([0-6])f", re.ASCII)
_WIDTH = re.compile(r"[<>]?[1-9]\d?", re.ASCII)
_REFUSES = ("d", "x", "X", "o")
"""Conversions that the host does for ints only."""


def _pieces(template: Site) -> list[_Piece] | None:
    """The parts of a template if all of them are such as the host can do."""
    pattern, piece = (_CONVERSION, _of_conversion) if template.kind == TEMPLATE else (_FIELD, _of_field)
    pieces: list[_Piece] = []
    end = 0
    for found in pattern.finditer(template.text):
        made = piece(found) if found.start() == end else None
        if made is None:
            return None
        pieces.append(made)
        end = found.end()
    return pieces if end == len(template.text) else None


def _of_field(found: re.Match[str]) -> _Piece | None:
    number, spec, text = found.groups()
    if number is None:
        return _Piece(text or found[0][0])
    index = int(number or -1)
    places = _PLACES.fullmatch(spec or "")
    if places:
        return _Piece(found[2], int(places[1]), index)
    if not spec:
        return _Piece("", _ANY, index)
    if _WIDTH.fullmatch(spec):
        return _Piece(spec, _ALIGNED, index)
    return _Piece(spec, _INT, index) if _WHOLE.fullmatch(spec) else None


def _of_conversion(found: re.Match[str]) -> _Piece | None:
    conversion, text = found.groups()
    if conversion is None:
        return _Piece(text or "%")
    flags, kind = conversion[:-1], conversion[-1]
    places = _PLACES.fullmatch(conversion)
    if places:
        return _Piece(conversion, int(places[1]))
    if kind == "s":
        if not flags:
            return _Piece("", _ANY)
        spec = f"<{flags[1:]}" if flags[0] == "-" else f">{flags}"
        return _Piece(spec, _ALIGNED) if _WIDTH.fullmatch(spec) else None
    return _Piece(conversion, _INT) if kind in _REFUSES and _WHOLE.fullmatch(conversion) else None


def exact(template: Site) -> Filled:
    """What fills in ``template`` piece by piece, whatever the values are."""
    text, printer = template.text, late.printer()
    if template.kind == FIELDS:
        return lambda *values: format_str(text, values, {}, printer)
    if template.given < 0:
        return lambda value: modulo(text, value, printer)
    return lambda *values: modulo(text, values, printer)


def quick(template: Site) -> Filled | None:
    """What fills in ``template`` by the host where that is right, if it is such a template."""
    made = _made.get(template)
    if made is not None:
        return made
    pieces = _pieces(template)
    if pieces is None:
        return None
    given = abs(template.given)
    values = [piece for piece in pieces if piece.takes is not None]
    numbered = sum(piece.number >= 0 for piece in values)
    if (numbered and numbered < len(values)) or any(piece.number >= given for piece in values):
        return None
    if not numbered and (len(values) > given or (len(values) < given and template.kind == TEMPLATE)):
        return None
    if len(_made) >= _MOST:
        _made.clear()
    _made[template] = made = _compiled(template, pieces, exact(template))
    return made


_uses: dict[tuple[str, int, str], int] = {}


def known(kind: str, given: int, text: str) -> Filled | None:
    """What fills in a template that is no literal, once it has been used often enough."""
    key = kind, given, text
    made = _made.get(key)  # type: ignore[call-overload]
    if made is None and given <= MOST_VALUES and len(text) <= _LONGEST:
        uses = _uses[key] = _uses.get(key, 0) + 1
        if uses == USES:
            quick(Site(*key))
        elif len(_uses) > _MOST:
            _uses.clear()
    return made  # type: ignore[no-any-return]


def _compiled(template: Site, pieces: list[_Piece], slow: Filled) -> Filled:
    """A function for a template all of whose pieces the host can fill in, if the values are of the usual kinds."""
    names = [f"v{number}" for number in range(abs(template.given))]
    left = iter(names)
    tests, texts, certain, exact = [], [], [], []
    sure = shown = ""  # the text, with floats as they are and as texts
    for piece in pieces:
        if piece.takes is None:
            text = piece.text.replace("{", "{{").replace("}", "}}")
            sure, shown = sure + text, shown + text
            continue
        name, spec = names[piece.number] if piece.number >= 0 else next(left), piece.text
        if piece.takes >= 0:
            tests.append(f"type({name}) is float")
            certain.append(_certain(name, piece.takes))
            exact.append(f"            exact_{name} = fixed({name}, {piece.takes})\n")
            sure, shown = f"{sure}{{{name}:{spec}}}", f"{shown}{{exact_{name}:>{spec.partition('.')[0]}}}"
            continue
        if piece.takes == _ANY and template.given < 0:
            tests.append(f"((kind := type({name})) is str or kind is int)")  # a tuple is several values
        elif piece.takes == _ANY:
            test = f"(kind := type({name})) is not int and kind is not str"
            texts.append(f"        if {test}: {name} = text_of({name})\n")
        elif piece.takes == _ALIGNED:
            tests.append(f"(type({name}) is int or type({name}) is str and {name}.isascii())")  # the board counts bytes
        elif (
            template.kind == FIELDS or spec[-1] not in _REFUSES or spec == "d"
        ):  # `format` refuses instances of subclasses
            tests.append(f"type({name}) is int")
            spec = spec.removesuffix("d")
        field = f"{{{name}:{spec}}}" if spec else f"{{{name}}}"
        sure, shown = sure + field, shown + field
    given = ", ".join(names)
    source = (
        f"def fill({given}):\n"
        f"    if {' and '.join(tests) or True}:\n"
        f"{''.join(texts)}"
        f"        try:\n"
        f"            if {' and '.join(certain) or True}: return f{sure!r}\n"
        f"{''.join(exact)}"
        f"            return f{shown!r}\n"
        f"        except (ValueError, TypeError): pass\n"  # not that type, or the host's limit of digits
        f"    return slow({given})\n"
    )
    space: dict[str, Any] = {**_NAMES, "fixed": fixed, "slow": slow, "text_of": _text_of}
    exec(source, space)
    return space["fill"]  # type: ignore[no-any-return]


def _certain(name: str, places: int) -> str:
    """The condition on which the digits are the host's: the number is not near to where their rounding turns.

    It holds for no number so large that the doubt is half a place or more, and for none that is no number.
    """
    scale = 10.0**places
    least = (LEAST if places else 1.0) * (1 + DOUBT)

    def far(sign: str) -> str:
        turn = f"(turn := {name} * {sign}{scale!r} % 1.0 - 0.5)"
        return f"({turn} > (off := {name} * {sign}{scale * DOUBT!r}) or turn < -off)"

    return f"({name} > {least!r} and {far('')} or {name} < {-least!r} and {far('-')})"


def _text_of(value: Any) -> str:
    return float_text(value) if type(value) is float else late.printer().str(value)
