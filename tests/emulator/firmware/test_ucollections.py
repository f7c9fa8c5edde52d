"""namedtuple and deque."""

from __future__ import annotations

import pytest

from tests.emulator.firmware.native import Bench

FACTS = [
    ("ucollections.deque()", "TypeError: function missing 2 required positional arguments"),
    ("ucollections.deque(1)", "TypeError: function missing 1 required positional arguments"),
    ("ucollections.deque((),2,0,1)", "TypeError: function expected at most 3 arguments, got 4"),
    ("ucollections.deque([],2)", "ValueError: "),
    ("ucollections.deque((1,),2)", "ValueError: "),
    ("ucollections.deque((),-1)", "ValueError: "),
    ("ucollections.deque((),'a')", "TypeError: can't convert str to int"),
    ("ucollections.deque((),1.0)", "TypeError: can't convert float to int"),
    ("ucollections.deque((),2,'a')", "TypeError: can't convert str to int"),
    ("ucollections.deque((),maxlen=2)", "TypeError: function doesn't take keyword arguments"),
    ("ucollections.deque(tuple([]),2)", "<deque>"),
    ("ucollections.deque((),1<<40)", "OverflowError: overflow converting long int to machine word"),
    ("ucollections.namedtuple()", "TypeError: function takes 2 positional arguments but 0 were given"),
    ("ucollections.namedtuple('A')", "TypeError: function takes 2 positional arguments but 1 were given"),
    ("ucollections.namedtuple('A','a b')", "<class 'A'>"),
    ("ucollections.namedtuple('A','a b')(1,2)", "A(a=1, b=2)"),
    ("ucollections.namedtuple('A','a,b')", "<class 'A'>"),
    ("ucollections.namedtuple('A',b'a b')", "TypeError: object 'bytes' isn't a tuple or list"),
    ("ucollections.namedtuple(b'A','a b')", "TypeError: can't convert 'bytes' object to str implicitly"),
    ("ucollections.namedtuple('A',['a',b'b'])", "TypeError: can't convert 'bytes' object to str implicitly"),
    ("ucollections.namedtuple('A',['a',5])", "TypeError: can't convert 'int' object to str implicitly"),
    ("ucollections.namedtuple('A',('a','b'))(1)", "TypeError: function takes 2 positional arguments but 1 were given"),
    (
        "ucollections.namedtuple('A',('a','b'))(1,2,3)",
        "TypeError: function takes 2 positional arguments but 3 were given",
    ),
    ("ucollections.namedtuple('A',('a','b'))(a=1,b=2)", "A(a=1, b=2)"),
    ("ucollections.namedtuple('A',('a','b'))(1,b=2)", "A(a=1, b=2)"),
    ("ucollections.namedtuple('A',('a','b'))(1,a=2)", "TypeError: function got multiple values for argument 'a'"),
    ("ucollections.namedtuple('A',('a','b'))(1,c=2)", "TypeError: unexpected keyword argument 'c'"),
    (
        "ucollections.namedtuple('A',('a','b'))(1,2,c=2)",
        "TypeError: function takes 2 positional arguments but 3 were given",
    ),
    ("ucollections.namedtuple('A',('a','b'))(a=1,c=2)", "TypeError: unexpected keyword argument 'c'"),
    (
        "ucollections.namedtuple('A',('a','b'))(a=1)",
        "TypeError: function takes 2 positional arguments but 1 were given",
    ),
    ("ucollections.namedtuple('A',('a','b'))()", "TypeError: function takes 2 positional arguments but 0 were given"),
    ("ucollections.namedtuple('A',{'a':1})", "TypeError: object 'dict' isn't a tuple or list"),
    ("ucollections.namedtuple('A',5)", "TypeError: object 'int' isn't a tuple or list"),
    ("ucollections.namedtuple('A','')", "<class 'A'>"),
    ("ucollections.namedtuple(5,'a')", "TypeError: can't convert 'int' object to str implicitly"),
    ("ucollections.namedtuple('A','a')(1)==(1,)", "True"),
    ("ucollections.namedtuple('A','a')(1)+(2,)", "(1, 2)"),
    ("ucollections.namedtuple('A','a')(1)[0]", "1"),
    ("ucollections.namedtuple('A','a')(1).b", "AttributeError: 'A' object has no attribute 'b'"),
    ("ucollections.namedtuple('A','a')(1)._fields", "AttributeError: 'A' object has no attribute '_fields'"),
    ("ucollections.namedtuple('A','a')._fields", "AttributeError: type object 'A' has no attribute '_fields'"),
    ("ucollections.namedtuple('A','a')(1)._asdict", "AttributeError: 'A' object has no attribute '_asdict'"),
    ("ucollections.namedtuple('A','a').a", "AttributeError: type object 'A' has no attribute 'a'"),
    ("isinstance(ucollections.namedtuple('A','a')(1),tuple)", "True"),
    ("issubclass(ucollections.namedtuple('A','a'),tuple)", "True"),
    ("ucollections.namedtuple('A','a')(1).count(1)", "AttributeError: 'A' object has no attribute 'count'"),
    ("ucollections.namedtuple('A','a b')(1,2)<(1,3)", "True"),
    ("ucollections.namedtuple('A','a a')(1,2)", "A(a=1, a=2)"),
    ("ucollections.namedtuple('A','a a')(1,2).a", "1"),
    ("ucollections.namedtuple('A','a b')(1,2)*2", "(1, 2, 1, 2)"),
    ("ucollections.namedtuple('A','a b')('x',[1])", "A(a='x', b=[1])"),
    ("ucollections.namedtuple('A','a b',x=1)", "TypeError: function doesn't take keyword arguments"),
    ("ucollections.namedtuple(typename='A',field_names='a')", "TypeError: function doesn't take keyword arguments"),
    ("hash(dq(2))", "TypeError: unsupported type for __hash__: 'deque'"),
    ("P(1,2)", "P(x=1, y=2)"),
    ("P(1)", "TypeError: function takes 2 positional arguments but 1 were given"),
    ("P(1,2,3)", "TypeError: function takes 2 positional arguments but 3 were given"),
    ("P(x=1,y=2)", "P(x=1, y=2)"),
    ("P(1,y=2)", "P(x=1, y=2)"),
    ("P(1,x=2)", "TypeError: function got multiple values for argument 'x'"),
    ("P(1,z=2)", "TypeError: unexpected keyword argument 'z'"),
    ("P(y=1,x=2).x", "2"),
    ("P(1,2)==(1,2)", "True"),
    ("P(1,2)[0]", "1"),
    ("P(1,2)+(3,)", "(1, 2, 3)"),
    ("P", "<class 'P'>"),
    ("P(1,2)._asdict()", "AttributeError: 'P' object has no attribute '_asdict'"),
    ("P._fields", "AttributeError: type object 'P' has no attribute '_fields'"),
    ("Q(1,2)", "Q(a=1, b=2)"),
    ("Q(1,2).c", "AttributeError: 'Q' object has no attribute 'c'"),
    ("hash(P(1,2))==hash((1,2))", "True"),
    ("isinstance(P(1,2),tuple)", "True"),
    ("ucollections.namedtuple('R',('a','b'))(1,2)", "R(a=1, b=2)"),
    ("ucollections.namedtuple('R',1)", "TypeError: object 'int' isn't a tuple or list"),
    ("ucollections.namedtuple('R','a, b')(1,2)", "R(a,=1, b=2)"),
    ("ucollections.namedtuple(1,'a')", "TypeError: can't convert 'int' object to str implicitly"),
    ("ucollections.namedtuple('R',[1])", "TypeError: can't convert 'int' object to str implicitly"),
    ("setattr(P(1,2),'x',3)", "AttributeError: can't set attribute"),
    ("len(P(1,2))", "2"),
    ("ucollections.deque()", "TypeError: function missing 2 required positional arguments"),
    ("ucollections.deque(())", "TypeError: function missing 1 required positional arguments"),
    ("ucollections.deque((1,),2)", "ValueError: "),
    ("ucollections.deque([],2)", "ValueError: "),
    ("ucollections.deque((),0)", "<deque>"),
    ("ucollections.deque((),-1)", "ValueError: "),
    ("ucollections.deque((),'a')", "TypeError: can't convert str to int"),
    ("ucollections.deque((),2,5,6)", "TypeError: function expected at most 3 arguments, got 4"),
    ("ucollections.deque((),2)", "<deque>"),
    ("ucollections.deque", "<class 'deque'>"),
    ("hasattr(ucollections.deque,'append')", "True"),
    ("dq(2).popleft()", "IndexError: empty"),
    ("dq(2).append(1)", "None"),
    ("bool(dq(2))", "False"),
    ("len(dq(2))", "0"),
    ("dq(2,1).append(1)", "None"),
    ("list(dq(2))", "TypeError: 'deque' object isn't iterable"),
    ("dq(2)[0]", "TypeError: 'deque' object isn't subscriptable"),
    ("dq(2).pop()", "AttributeError: 'deque' object has no attribute 'pop'"),
    ("1 in dq(2)", "TypeError: 'deque' object isn't iterable"),
    ("dq(2)==dq(2)", "False"),
    ("dq(2).append()", "TypeError: function takes 2 positional arguments but 1 were given"),
    ("hasattr(ucollections, 'OrderedDict')", "False"),
    ("hasattr(ucollections, 'defaultdict')", "False"),
    ("hasattr(ucollections, 'Counter')", "False"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("ucollections")
    namedtuple, deque = names["ucollections"].namedtuple, names["ucollections"].deque
    names |= {"P": namedtuple("P", "x y"), "Q": namedtuple("Q", ["a", "b"]), "dq": lambda *more: deque((), *more)}
    assert bench.outcome(expression, names) == outcome


def test_a_full_deque_drops_its_oldest_item() -> None:
    queue = Bench().module("ucollections")["deque"]((), 2)
    for item in range(5):
        queue.append(item)
    assert [len(queue), queue.popleft(), queue.popleft(), bool(queue)] == [2, 3, 4, False]
    with pytest.raises(IndexError, match=r"^empty$"):
        queue.popleft()


def test_a_strict_deque_refuses_when_full() -> None:
    queue = Bench().module("ucollections")["deque"]((), 1, 1)
    queue.append(1)
    with pytest.raises(IndexError, match=r"^full$"):
        queue.append(2)
    assert queue.popleft() == 1


def test_a_deque_without_room_keeps_nothing() -> None:
    queue = Bench().module("ucollections")["deque"]((), 0)
    queue.append(1)
    assert len(queue) == 0


def test_items_print_as_the_board_prints_them() -> None:
    bench = Bench()
    point = bench.module("ucollections")["namedtuple"]("Point", "x y")
    assert bench.printer.repr(point("é", 1 / 3)) == "Point(x='\\xe9', y=0.3333333)"
