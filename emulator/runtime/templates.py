"""Literal templates of ``%`` and ``format``: after a few uses each has a function of its own.

It takes the values one by one and fills them into an f-string of the host, where the host's text is the board's for values of
these types: ints, texts, and floats far enough from where rounding turns. All else goes to ``emulator.runtime.formatting``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from emulator.runtime.floats import DOUBT, LEAST, fixed, float_text
from emulator.runtime.formatting import ANY, Piece, conversions, fields, format_str, modulo
from emulator.runtime.methods import late

Filled = Callable[..., str]
"""What fills in one template, given its values."""


class Template(NamedTuple):
    """A template as it stands in a script."""

    kind: str
    """``%`` or ``{`` for ``format``."""
    given: int
    """How many values it is given; -1: one to the right of ``%`` that may be a tuple of them."""
    text: str

    @classmethod
    def named(cls, name: str) -> Template:
        """The template of a site that the rewriter has named."""
        count, _, text = name[2:].partition(":")
        return cls(name[1], int(count), text)


_USES = 12
"""How often a template is filled in piece by piece before it is worth a function of its own."""
_MOST = 512
_MOST_VALUES = 8
_made: dict[Template, Filled] = {}


def filling(template: Template, replace: Callable[[Filled], None]) -> Filled:
    """What fills in ``template``; when there is something quicker, it is handed to ``replace``."""
    made = _made.get(template)
    if made is not None:
        return made
    slow = exact(template)
    pieces = conversions(template.text) if template.kind == "%" else fields(template.text)
    if pieces is None or not _can(template, pieces):
        return slow
    uses = 0

    def counted(*values: Any) -> str:
        nonlocal uses
        uses += 1
        if uses == _USES:
            if len(_made) >= _MOST:
                _made.clear()
            _made[template] = quick = compiled(template, pieces, slow)
            replace(quick)
        return slow(*values)

    return counted


def _can(template: Template, pieces: tuple[Piece, ...]) -> bool:
    count = sum(piece.takes is not None for piece in pieces)
    if template.kind == "%":
        return count == abs(template.given) <= _MOST_VALUES
    return count <= template.given <= _MOST_VALUES


def exact(template: Template) -> Filled:
    """What fills in ``template`` piece by piece, whatever the values are."""
    text, printer = template.text, late.printer()
    if template.kind == "{":
        return lambda *values: format_str(text, values, {}, printer)
    if template.given < 0:
        return lambda value: modulo(text, value, printer)
    return lambda *values: modulo(text, values, printer)


def compiled(template: Template, pieces: tuple[Piece, ...], slow: Filled) -> Filled:
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
        name, spec = next(left), piece.text
        if piece.takes >= 0:
            tests.append(f"type({name}) is float")
            certain.append(_certain(name, piece.takes))
            exact.append(f"            exact_{name} = fixed({name}, {piece.takes})\n")
            sure, shown = f"{sure}{{{name}:{spec}}}", f"{shown}{{exact_{name}:>{spec.partition('.')[0]}}}"
            continue
        if piece.takes == ANY and template.given < 0:
            tests.append(f"((kind := type({name})) is str or kind is int)")  # a tuple is several values
        elif piece.takes == ANY:
            test = f"(kind := type({name})) is not int and kind is not str"
            texts.append(f"        if {test}: {name} = text_of({name})\n")
        elif spec[-1:] not in ("d", "x") or spec == "d":
            tests.append(f"type({name}) is int")  # other types have no such conversion
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
    space: dict[str, Any] = {"__name__": __name__, "fixed": fixed, "slow": slow, "text_of": _text_of}
    exec(source, space)
    return space["fill"]  # type: ignore[no-any-return]


def _certain(name: str, places: int) -> str:
    """The condition on which the digits are the host's: the number is not near to where their rounding turns.

    It holds for no number so large that the doubt is half a place or more, and for none that is no number.
    """
    scale = 10.0**places
    least = (LEAST if places else 1.0) * (1 + DOUBT)
    doubt = f"(off := {name} * ({scale * DOUBT!r} if {name} > 0 else {-scale * DOUBT!r}))"
    far = f"((turn := {name} * {scale!r} % 1.0 - 0.5) > {doubt} or turn < -off)"
    return f"{far} and ({name} > {least!r} or {name} < {-least!r})"


def _text_of(value: Any) -> str:
    return float_text(value) if type(value) is float else late.printer().str(value)
