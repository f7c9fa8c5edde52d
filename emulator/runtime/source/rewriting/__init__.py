"""One walk over the syntax tree: what 1.11 refuses is noted, what means something else there is rewritten.

Nothing is rewritten that cannot differ: plain arithmetic, calls, attributes and subscripts are compiled as they stand.
"""

from __future__ import annotations

from emulator.runtime.source.rewriting.calls import Calls
from emulator.runtime.source.rewriting.definitions import Definitions
from emulator.runtime.source.rewriting.displays import Displays
from emulator.runtime.source.rewriting.operators import Operators
from emulator.runtime.source.rewriting.statements import Statements
from emulator.runtime.source.rewriting.stores import Stores

__all__ = ["Rewriter"]


class Rewriter(Calls, Operators, Displays, Statements, Stores, Definitions):
    """Walks one tree. ``problems`` are found in it; the tree is changed in place."""
