"""Names under which the source pipeline reaches into the runtime.

A pass replaces an expression whose meaning differs between CPython and the board by a call of one of these. They stand in the
script's builtins; none is an identifier, so no script can name them.
"""

from __future__ import annotations

GUARD = ".guard"
"""``.guard()``: the power check at the head of each ``except``."""

NOWHERE = ".nowhere"
"""``.nowhere(name)``: raises the NameError of a name that the host always defines and the board does not."""

GETATTR = ".getattr"
"""``.getattr(obj, name)``: attribute access that knows what the board's objects have."""

CALL = ".call"
"""``.call(f, *args, **kwargs)``: a call by the name of a native type; ``f`` is whatever the name stands for."""

MODULO = ".mod"
"""``.mod(left, right)``: ``%`` that may be formatting."""

ADD = ".add"
"""``.add(left, right)``: ``+`` beside a bytes literal."""

REPEAT = ".repeat"
"""``.repeat(left, right)``: ``*`` beside a literal sequence, held to the board's memory."""

POWER = ".pow"
"""``.pow(left, right)``: ``**``."""

CONTAINS = ".in"
"""``.in(item, container)``: ``in`` with a literal text on its left."""

STEPPED = ".stepped"
"""``.stepped(obj, store)``: returns ``obj`` if the board can slice it with a step (``store``: write such a slice)."""

ITER = ".iter"
"""``.iter(obj)``: what a loop over ``obj`` goes through; dicts and sets in the board's order."""

LIVE = ".live"
"""``.live(obj)``: as ``.iter``, where the body of the loop changes ``obj``."""

DICT = ".dict"
"""``.dict(made, size)``: a dict display of three entries or more; its table has as many places as the display has entries."""

DELETE_ITEM = ".delitem"
"""``.delitem(obj, key)``: ``del obj[key]``."""

SET = ".set"
"""``.set(*items)``: a set display."""

SETCOMP = ".setcomp"
"""``.setcomp(members)``: a set comprehension."""

MEMBER = ".member"
"""``.member(item)``: an item of a set comprehension, which remembers when it came."""

FLOAT = ".float"
"""``.float(value)``: a literal of an operation that the host must not fold where arithmetic is in single precision."""

DIVIDE = ".truediv"
"""``.truediv(left, right)``: ``/`` where arithmetic is in single precision."""

RIGHT = ".right"
"""``.right(value)``: what stands on the right of ``/=`` and ``**=`` there."""

MARK = ".mark"
"""An object that each running function which may call itself holds a reference to."""

MARK_HELD = ".held"
"""The local name under which it is held."""

REFERENCES = ".references"
"""``.references(mark)``: how many references to it there are."""

DEPTH_LIMIT = ".limit"
"""From how many references on the stack may be full."""

DEEP = ".deep"
"""``.deep()``: counts, and raises the board's RuntimeError if it is."""

NO_KEYWORDS = ".nokeywords"
"""``.nokeywords()``: raises the TypeError of what takes no keyword arguments."""

TWICE = ".twice"
"""``.twice(f, *names)``: ``f``, if it can be called with a keyword argument of each of these names given twice."""

TYPE, INT = ".type", ".int"
"""The host's ``type`` and ``int``, whatever the script calls by these names."""

IS = ".is"
"""``.is(left, right)``: ``is`` between what may be numbers or texts."""

OR = ".or"
"""``.or(left, right)``: ``|`` where one may be a dict."""

OR_IN_PLACE, MODULO_IN_PLACE, REPEAT_IN_PLACE = ".ior", ".imod", ".imul"
"""``.ior(left, right)`` and so on: what ``left |= right``, ``left %= right`` and ``left *= right`` give."""

VIEW = ".view"
"""``.view(name, left, right)``: an operator beside ``keys()``, ``values()`` or ``items()``; ``name`` is its method's."""

ADDEND = ".addend"
"""``.addend(to, value)``: ``value`` as it can be added to ``to`` in place."""

STORE_ITEM = ".setitem"
"""``.setitem(obj, key, value)``: ``obj[key] = value`` where ``obj`` may be a bytearray."""

SLICE = ".slice"
"""The host's ``slice``."""

VALUE = ".value"
"""The local name under which what is stored into a bytearray is held."""

WRONG = ".wrong"
"""The exceptions that the host raises for what a bytearray cannot hold."""

DELETE_SLICE = ".delslice"
"""``.delslice(obj)``: ``obj``, if slices of it can be deleted."""

SET_ATTRIBUTE = ".setattr"
"""``.setattr(obj, name, value)``: ``obj.name = value`` where ``obj`` may be a function or an exception."""

SHIFT = ".shl"
"""``.shl(left, right)``: ``<<`` that may be far."""

KEPT = ".kept"
"""``.kept(items)``: what a list display goes over, if the heap can hold so many."""
