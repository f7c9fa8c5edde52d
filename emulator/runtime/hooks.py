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

EXEC, GLOBALS = ".exec", ".globals"
"""``exec`` and ``globals``, whatever the script calls by these names."""

NAME_ERROR, KEY_ERROR = ".NameError", ".KeyError"
"""The exceptions of these names."""

NATIVE_TYPE = ".type:"
"""``.type:int``: the native type, whatever the script calls so."""

MAKER_OF = ".make:"
"""``.make:int(*args, **kwargs)``: a call of the native type by its name."""

MAKER = ".maker"
"""``.maker(f)``: what a call of ``f`` does, by the name of a native type: ``f`` is whatever the name stands for."""

MODULO = ".mod"
"""``.mod(left, right)``: ``%`` that may be formatting."""

TEMPLATE = ".%"
"""``.%3:text(a, b, c)``: ``text % (a, b, c)`` of a literal text; ``.%-1:text(a)``: ``text % a``."""

FIELDS = ".{"
"""``.{2:text(a, b)``: ``text.format(a, b)`` of a literal text."""

METHOD = ".@"
"""``.@2:replace(obj, a, b)``: ``obj.replace(a, b)`` with arguments that call nothing."""

PACK = ".pack"
"""The board's ``struct.pack``, once a script has it; ``.pack3:<HIb("<HIb", a, b, c)`` is a call of it with this format."""

UNPACK = ".unpack"
"""``struct.unpack``, in the same way: ``.unpack1:<HIb("<HIb", data)``."""

IDLE = ".idle"
"""True while no hash is being computed on the board's one engine."""

HASHES = ".hash"
"""``.hash[kind]``: the host's function for a type of the board's ``hashlib``; anything else is given back."""

TYPE, INT, BYTES = ".type", ".int", ".bytes"
"""The host's ``type``, ``int`` and ``bytes``, whatever the script calls by these names."""

ADD = ".add"
"""``.add(left, right)``: ``+`` where one may be bytes or a bytearray."""

REPEAT = ".repeat"
"""``.repeat(left, right)``: ``*`` where one may be a sequence, held to the board's memory."""

POWER = ".pow"
"""``.pow(left, right)``: ``**``."""

CONTAINS = ".in"
"""``.in(item, container)``: ``in`` where one may be text or bytes."""

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

SET_ATTRIBUTE = ".setattr"
"""``.setattr(value, obj, name)``: ``obj.name = value`` for what may have no attributes of its own."""

DELETE_ATTRIBUTE = ".delattr"
"""``.delattr(obj, name)``: ``del obj.name`` for what may have no attributes of its own."""

SET_SLICE = ".setslice"
"""``.setslice(value, obj, slice)``: ``obj[start:stop] = value``."""

SLICE = ".slice"
"""``.slice(start, stop, step)``: a slice."""

LITERAL = ".literal"
"""``.literal(number, value)``: the object of a bytes literal, in files that may write into it."""

LOOP = ".loop"
"""``.loop(start, stop, step)``: what ``for name in range(...)`` counts through."""

STARRED_CALL = ".starred"
"""``.starred(f, args, named, star, double_star)``: a call whose ``*`` argument is evaluated after its keyword arguments."""

DICT_DISPLAY = ".display"
"""``.display(value, key, ...)``: a dict display whose values are evaluated before their keys."""

KEY = ".key"
"""``.key(value, key)``: the key of an item of a dict comprehension; its value is kept for :data:`VALUE`."""

VALUE = ".value"
"""``.value()``: that value."""

FIRST = ".first"
"""``.first(value, other)``: ``value``; the other one is evaluated, too."""

ALLOCATES = ".allocates"
"""``.allocates()``: what follows takes memory from the heap; this and those below stand in files that lock the heap."""

BUILT = ".built"
"""``.built(value)``: a display, which is new."""

MADE = ".made"
"""``.made(value)``: what an operator gives; new unless the board keeps such values in a word."""

CALLING = ".calling"
"""``.calling(starred, method, f, *args, **kwargs)``: a call; ``starred``: ``*`` or ``**`` is among its arguments; ``method``: the
attribute that is called, if it is one."""

LOADED = ".loaded"
"""``.loaded(obj, name, careful)``: an attribute that is not called at once; a method is bound for it."""

ITEM = ".item"
"""``.item(obj, key)``: ``obj[key]``."""

SLICED = ".sliced"
"""``.sliced(start, stop, step)``: a slice, which is an object of the heap on the board."""

STORE_ATTRIBUTE = ".storeattr"
"""``.storeattr(value, obj, name)``: ``obj.name = value``, for which the object may need more memory."""

STORE_ITEM = ".storeitem"
"""``.storeitem(value, obj, key)``: ``obj[key] = value``, as before."""

AUGMENTED = ".augmented"
"""``.augmented(operator, left, right)``: what ``left += right`` and its kin give."""

RAISING = ".raising"
"""``.raising(exception)``: what a ``raise`` statement names; a class is about to be instantiated."""

CAUGHT = ".caught"
"""``.caught(exception)``: an ``except`` clause has caught it; made in a locked heap it holds no more than the board's does."""

TWICE = ".twice"
"""``.twice(f, *names)``: ``f``, if it can be called with a keyword argument of each of these names given twice."""

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

STORE_BYTE = ".setbyte"
"""``.setbyte(obj, key, value)``: ``obj[key] = value`` where ``obj`` may be a bytearray."""

BYTE = ".byte"
"""The local name under which what is stored into a bytearray is held."""

WRONG = ".wrong"
"""The exceptions that the host raises for what a bytearray cannot hold."""

DELETE_SLICE = ".delslice"
"""``.delslice(obj)``: ``obj``, if slices of it can be deleted."""

SHIFT = ".shl"
"""``.shl(left, right)``: ``<<`` that may be far."""

KEPT = ".kept"
"""``.kept(items)``: what a list display goes over, if the heap can hold so many."""
