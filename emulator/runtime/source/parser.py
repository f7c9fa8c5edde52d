"""Where the parser of 1.11 stops in a text that it refuses (firmware: py/parse.c; the grammar is that of Python 3.4).

The host's parser knows another language: it stops elsewhere, or not at all where 1.11 does. So what is refused is
read once more, token by token; nothing is built.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from emulator.runtime.source import lexer
from emulator.runtime.source.errors import INDENTATION, NOT_IMPLEMENTED, Problem, invalid

_GRAMMAR = """
exec: ( NEWLINE | stmt )* END
single: ( NEWLINE | stmt ) END
eval: testlist NEWLINE* END
stmt: if | while | for | try | with | def | class | decorated | async | simple
simple: { small ; } NEWLINE
small: 'del' exprlist | 'pass' | 'break' | 'continue' | 'return' testlist? | raise | import | 'global' names
 | 'nonlocal' names | 'assert' test ( ',' test )? | yield | assignment
raise: 'raise' ( test ( 'from' test )? )?
import: 'import' dotted_as ( ',' dotted_as )* | 'from' ( dots dotted? | dotted ) 'import' ( '*' | '(' as_names ')' | as_names )
dots: ( '.' | '...' ) ( '.' | '...' )*
dotted: NAME ( '.' NAME )*
dotted_as: dotted ( 'as' NAME )?
as_names: { as_name , }
as_name: NAME ( 'as' NAME )?
names: NAME ( ',' NAME )*
assignment: starlist ( augmented ( yield | starlist ) | '=' ( yield | starlist ) ( '=' ( yield | starlist ) )* )?
augmented: '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^=' | '<<=' | '>>=' | '**=' | '//='
starlist: { starred , }
starred: '*' expr | test
if: 'if' test ':' suite ( 'elif' test ':' suite )* else?
else: 'else' ':' suite
while: 'while' test ':' suite else?
for: 'for' exprlist 'in' testlist ':' suite else?
try: 'try' ':' suite ( except except* else? finally? | finally )
except: 'except' ( test ( 'as' NAME )? )? ':' suite
finally: 'finally' ':' suite
with: 'with' item ( ',' item )* ':' suite
item: test ( 'as' expr )?
def: 'def' NAME '(' parameters? ')' ( '->' test )? ':' suite
parameters: { parameter , }
parameter: NAME ( ':' test )? ( '=' test )? | '*' ( NAME ( ':' test )? )? | '**' NAME ( ':' test )?
class: 'class' NAME ( '(' arguments? ')' )? ':' suite
decorated: decorator decorator* ( def | class | 'async' def )
decorator: '@' dotted ( '(' arguments? ')' )? NEWLINE
async: 'async' ( def | with | for )
suite: NEWLINE INDENT stmt stmt* DEDENT | simple
test: lambda | or ( 'if' or 'else' test )?
lambda: 'lambda' bare? ':' test
bare: { plain , }
plain: NAME ( '=' test )? | '*' NAME? | '**' NAME
condition: 'lambda' bare? ':' condition | or
or: and ( 'or' and )*
and: not ( 'and' not )*
not: 'not' not | comparison
comparison: expr ( compare expr )*
compare: '<' | '>' | '==' | '>=' | '<=' | '!=' | 'in' | 'not' 'in' | 'is' 'not'?
expr: power ( operator power )*
operator: '|' | '^' | '&' | '<<' | '>>' | '+' | '-' | '*' | '/' | '%' | '//'
power: ( '+' | '-' | '~' ) power | 'await'? atom trailer* ( '**' power )?
atom: '(' ( yield | inner )? ')' | '[' inner? ']' | '{' entries? '}' | NAME | INTEGER | FLOAT | STRING | BYTES
 | '...' | 'None' | 'True' | 'False'
inner: starred ( loop | ',' { starred , }? )?
trailer: '(' arguments? ')' | '[' { subscript , } ']' | '.' NAME
subscript: slice | test slice?
slice: ':' ( ':' test? | test ( ':' test? )? )?
exprlist: { target , }
target: '*' expr | expr
testlist: { test , }
entries: entry ( loop | ',' { entry , }? )?
entry: test ( ':' test )?
arguments: { argument , }
argument: '*' test | '**' test | test ( loop | '=' test )?
loop: 'for' exprlist 'in' or ( loop | condition_loop )?
condition_loop: 'if' condition ( loop | condition_loop )?
yield: 'yield' ( 'from' test | testlist )?
"""

# a node: ("token", kind), ("rule", name), ("all", nodes), ("one", nodes), ("maybe", node), ("many", node), ("list", node, kind)
Node = tuple[Any, ...]

_PARTS = re.compile(r"'[^']+'|\w+|[(){}|?*,;]")


@cache
def _rules() -> dict[str, Node]:
    rules = {}
    for line in _GRAMMAR.strip().replace("\n ", " ").split("\n"):
        name, _, body = line.partition(": ")
        parts = _PARTS.findall(body)
        rules[name] = _choice(parts)
    return rules


def _choice(parts: list[str]) -> Node:
    choices = [_sequence(parts)]
    while parts and parts[0] == "|":
        parts.pop(0)
        choices.append(_sequence(parts))
    return choices[0] if len(choices) == 1 else ("one", choices)


def _sequence(parts: list[str]) -> Node:
    found: list[Node] = []
    while parts and parts[0] not in ("|", ")"):
        part = parts.pop(0)
        if part == "(":
            node = _choice(parts)
            parts.pop(0)
        elif part == "{":
            node = ("list", ("rule", parts.pop(0)), parts.pop(0))
            parts.pop(0)
        elif part.startswith("'"):
            node = ("token", part[1:-1])
        else:
            node = ("token", part) if part.isupper() else ("rule", part)
        if parts and parts[0] in ("?", "*"):
            node = ("maybe" if parts.pop(0) == "?" else "many", node)
        found.append(node)
    return found[0] if len(found) == 1 else ("all", found)


_firsts: dict[int, tuple[Node, frozenset[str]]] = {}


def _first(node: Node) -> frozenset[str]:
    """The tokens that ``node`` can begin with."""
    known = _firsts.get(id(node))
    if known is not None:
        return known[1]
    kind, what = node[0], node[1]
    if kind == "token":
        found = frozenset([what])
    elif kind == "rule":
        found = _first(_rules()[what])
    elif kind == "one":
        found = frozenset().union(*map(_first, what))
    elif kind == "all":
        found = frozenset()
        for part in what:
            found |= _first(part)
            if part[0] not in ("maybe", "many"):
                break
    else:
        found = _first(what)
    _firsts[id(node)] = (node, found)  # the node is held: its id stays its own
    return found


def refusal(text: str, mode: str = "exec") -> Problem | None:
    """What the board's parser says of ``text``; None if it takes all of it."""
    stream = lexer.tokens(text)
    token = next(stream)
    # what is yet to come, the nearest last
    stack: list[Node] = [("rule", mode)]
    while stack:
        if token.error is not None and token.error[0] == NOT_IMPLEMENTED:
            return Problem(0, token.line, 0, *token.error)
        node = stack.pop()
        kind, what = node[0], node[1]
        if kind == "token":
            if token.kind != what:
                return _stopped(token)
            if token.error is not None:
                return Problem(0, token.line, 0, *token.error)
            if what == lexer.END:
                return None
            token = next(stream)
        elif kind == "rule":
            stack.append(_rules()[what])
        elif kind == "all":
            stack.extend(reversed(what))
        elif kind == "one":
            chosen = next((choice for choice in what if token.kind in _first(choice)), None)
            if chosen is None:
                return _stopped(token)
            stack.append(chosen)
        elif kind == "more":
            if token.kind == node[2]:
                # after the separator may come another one, or the end
                stack += [("maybe", ("list", what, node[2])), ("token", node[2])]
        elif token.kind in _first(what):
            if kind == "many":
                stack.append(node)
            elif kind == "list":
                stack.append(("more", what, node[2]))
            stack.append(what)
        elif kind == "list":
            return _stopped(token)
    return None


def _stopped(token: lexer.Token) -> Problem:
    if token.kind == lexer.INDENT:
        return Problem(0, token.line, 0, INDENTATION, "unexpected indent")
    if token.kind == lexer.MISMATCH:
        return Problem(0, token.line, 0, INDENTATION, "unindent doesn't match any outer indent level")
    return invalid(token.line)
