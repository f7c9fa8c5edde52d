"""``array`` as on the board (firmware: py/objarray.c); results of MicroPython 1.11 with its switches."""

from __future__ import annotations

from tests.emulator.conftest import RunScript
from tests.emulator.firmware.facts import all_in_one_run

IMPORTS = "from array import array"
FACTS = {
    "array('P',[1,2])": "array('P', [1, 2])",
    "array('P',[0xffffffff])": "array('P', [-1])",
    "array('P',[-1])[0]": "-1",
    "array('P',[1<<40])": "array('P', [0])",
    "array('P',['a'])": 'TypeError("can\'t convert str to int",)',
    "array('P',[1.5])": 'TypeError("can\'t convert float to int",)',
    "array('S',[1,2])": "array('S', [0, 0])",
    "array('S',['a'])": 'TypeError("can\'t convert str to int",)',
    "array('S',[1<<40])[0]": "0",
    "array('S')": "array('S')",
    "array('O')": "array('O')",
    "array('O',[1,'a',None])": "array('O', [1, 'a', None])",
    "array('O',[1,'a',None])[1]": "'a'",
    "array('O',(1,2))[1:]": "array('O', [2])",
    "array('O',[1,[2]])[-1]": "[2]",
    "array('O',[1,2])==array('O',[1,2])": "True",
    "array('O',[1,2])==array('O',[1,3])": "False",
    "array('O',[1,2])[5]": "IndexError('array index out of range',)",
    "len(array('O',[1,2]))": "2",
    "bytes(array('O',[1,2]))": "b'\\x03\\x00\\x00\\x00\\x05\\x00\\x00\\x00'",
    "array('O',[5])+array('O',[6])": "array('O', [5, 6])",
    "array('O',b'\\x03\\x00\\x00\\x00')": "array('O', [1])",
    "array('O',[-1,0,1<<29])": "array('O', [-1, 0, 536870912])",
    "array('O',[True,False])": "array('O', [True, False])",
    "list(array('O','abc'))": "['a', 'b', 'c']",
    "5 in array('O',[5])": "NotImplementedError()",
    "array('O',5)": "TypeError(\"'int' object isn't iterable\",)",
    "str(array('P',[5]))": "\"array('P', [5])\"",
    "array('OP',[1])": "array('O', [1])",
    "array('x',[1])": "ValueError('bad typecode',)",
    "array('',[1])": "ValueError('bad typecode',)",
    "array(5)": "TypeError(\"can't convert 'int' object to str implicitly\",)",
    "array('O',[1]).append()": "TypeError('function takes 2 positional arguments but 1 were given',)",
    "array('b',[1]).append('a')": 'TypeError("can\'t convert str to int",)',
    "array('O',array('O',[1,'x']))": "array('O', [1, 'x'])",
    "array('i')": "array('i')",
    "array('i', [1, -2, 3])": "array('i', [1, -2, 3])",
    "array('B', b'abc')": "array('B', [97, 98, 99])",
    "array('h', b'abcde')": "array('h', [25185, 25699])",
    "array('H', bytearray(b'abcd'))": "array('H', [25185, 25699])",
    "array('f', [1, 2.5, 0.1])": "array('f', [1.0, 2.5, 0.1])",
    "array('d', [1.5])": "array('d', [1.5])",
    "array('q', [2**40, -1])": "array('q', [1099511627776, -1])",
    "array('Q', [2**63])": "array('Q', [9223372036854775808])",
    "array('l', [1]), array('L', [2**32 - 1]), array('P', [1])": "TypeError('function takes 1 positional arguments but 3 were given',)",
    "array('b', [127, 128, 255, 256, -129])": "array('b', [127, -128, -1, 0, 127])",
    "array('i', (x * 2 for x in range(3)))": "array('i', [0, 2, 4])",
    "array('I', range(3))": "array('I', [0, 1, 2])",
    "array(b'i', [1])": "array('i', [1])",
    "array('O', [1, 'a', None])": "array('O', [1, 'a', None])",
    "array('O', ['a', [1]])[1]": "[1]",
    "array('O', 'abc')[1:]": "array('O', ['b', 'c'])",
    "array('O', [1]) + array('O', [(2,)])": "array('O', [1, (2,)])",
    "list(array('O', {1}))": "[1]",
    "array('P', [1, 0x80000000])": "array('P', [1, -2147483648])",
    "array('S', [1])": "array('S', [0])",
    "array('z')": "ValueError('bad typecode',)",
    "array('')": "ValueError('bad typecode',)",
    "array('s', [1])": "ValueError('bad typecode',)",
    "array()": "TypeError('function missing 1 required positional arguments',)",
    "array('i', [1], 2)": "TypeError('function expected at most 2 arguments, got 3',)",
    "array(1)": "TypeError(\"can't convert 'int' object to str implicitly\",)",
    "array('i', 5)": "TypeError(\"'int' object isn't iterable\",)",
    "array('i', 'ab')": 'TypeError("can\'t convert str to int",)',
    "array('i', [1.5])": 'TypeError("can\'t convert float to int",)',
    "array('i', ['a'])": 'TypeError("can\'t convert str to int",)',
    "array('f', ['a'])": 'TypeError("can\'t convert str to float",)',
    "array('i', [True])": "array('i', [1])",
    "len(array('h', [1, 2, 3])), bool(array('h')), bool(array('h', [0]))": "TypeError('function takes 1 positional arguments but 3 were given',)",
    "array('h', [1, 2, 3])[1], array('h', [1, 2, 3])[-1]": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "array('h', [1, 2, 3])[3]": "IndexError('array index out of range',)",
    "array('h', [1, 2, 3])['a']": "TypeError('array indices must be integers, not str',)",
    "array('h', [1, 2, 3])[1.0]": "TypeError('array indices must be integers, not float',)",
    "array('h', [1, 2, 3])[1:], array('h', [1, 2, 3])[:-1], array('h', [1, 2, 3])[2:1]": "TypeError('function takes 1 positional arguments but 3 were given',)",
    "array('h', [1, 2, 3])[::2]": "NotImplementedError('only slices with step=1 (aka None) are supported',)",
    "array('h', [1]) + array('h', [2])": "array('h', [1, 2])",
    "array('h', [1]) + b'abc'": "array('h', [1, 25185])",
    "array('h', [1]) + array('i', [2])": "array('h', [1, 2, 0])",
    "array('h', [1]) + [1]": "TypeError('object with buffer protocol required',)",
    "array('h', [1]) * 2": "TypeError(\"unsupported types for __mul__: 'array', 'int'\",)",
    "b'a' + array('h', [1])": "b'a\\x01\\x00'",
    "bytearray(b'a') + array('h', [1])": "bytearray(b'a\\x01\\x00')",
    "1 in array('h', [1])": "NotImplementedError()",
    "'a' in array('h', [1])": "False",
    "None in array('h', [1])": "False",
    "b'a' in array('b', [97])": "False",
    "array('h', [1]) == array('h', [1]), array('h', [1]) == array('b', [1, 0]), array('h', [1]) == b'\\x01\\x00', array('h') == 1, array('h') != []": "TypeError('function takes 1 positional arguments but 5 were given',)",
    "array('h', [1]) < array('h', [2])": "TypeError(\"unsupported types for __lt__: 'array', 'array'\",)",
    "list(array('h', [1, 2])), tuple(array('f', [0.1])), sum(array('i', [1, 2])), max(array('i', [1, 2]))": "TypeError('function takes 1 positional arguments but 4 were given',)",
    "bytes(array('h', [1, 2])), bytearray(array('h', [1, 2])), bytes(array('b', [1, 2]))": "TypeError('function takes 1 positional arguments but 3 were given',)",
    "memoryview(array('h', [1, -2]))[1], len(memoryview(array('h', [1, -2]))), bytes(memoryview(array('h', [1, -2])))": "TypeError('function takes 1 positional arguments but 3 were given',)",
    "array('h', [1]).append": "<bound_method>",
    "array('h', [1]).append(2)": "None",
    "array('h', [1]).append('a')": 'TypeError("can\'t convert str to int",)',
    "array('h', [1]).append()": "TypeError('function takes 2 positional arguments but 1 were given',)",
    "array('h', [1]).extend(b'ab')": "None",
    "array('h', [1]).extend([1])": "TypeError('object with buffer protocol required',)",
    "array('h', [1]).tolist": "AttributeError(\"'array' object has no attribute 'tolist'\",)",
    "array('h', [1]).typecode": "AttributeError(\"'array' object has no attribute 'typecode'\",)",
    "array('h', [1]).itemsize": "AttributeError(\"'array' object has no attribute 'itemsize'\",)",
    "array('h', [1]).pop()": "AttributeError(\"'array' object has no attribute 'pop'\",)",
    "array('b', b'abc').decode()": "'abc'",
    "type(array('h')), isinstance(array('h'), array)": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "(lambda a: (a.append(7), a.extend(b'\\x01\\x00\\x02'), a))(array('h', [1]))": "(None, None, array('h', [1, 7, 1]))",
    "hash(array('h')) != 0": "TypeError(\"unsupported type for __hash__: 'array'\",)",
    "str(array('i', [1]))": "\"array('i', [1])\"",
    "'%s' % array('i', [1])": "\"array('i', [1])\"",
    "'{}'.format(array('i', [1]))": "\"array('i', [1])\"",
    "[x for x in array('i', [1, 2])]": "[1, 2]",
    "array('i', [2**40])": "array('i', [0])",
    "array('i', [-2**40 - 1])": "array('i', [-1])",
}

test_as_on_the_board = all_in_one_run(IMPORTS, FACTS)


def test_items_and_slices_are_stored(run_script: RunScript) -> None:
    script = """
from array import array
a = array('h', [1, 2, 3, 4])
a[0] = 70000
a[-1] = -1
print(a)
a[1:3] = array('h', [9])
print(a)
a[:0] = array('H', [5, 6])
print(a)
a += array('h', [7])
print(a)
for text in ("a[9] = 1", "a[0] = 'a'", "a[0:1] = b'a'", "a[0:1] = [1]", "a[0:2:2] = a"):
    try:
        exec(text)
    except Exception as e:
        print(repr(e))
try:
    del a[0]
except TypeError as e:
    print(e)
b = array('b', b'abc')
b[1:2] = b'xyz'
print(b, a)
"""
    assert run_script(script).text == (
        "array('h', [4464, 2, 3, -1])\narray('h', [4464, 9, -1])\narray('h', [5, 6, 4464, 9, -1])\n"
        "array('h', [5, 6, 4464, 9, -1, 7])\nIndexError('array index out of range',)\n"
        "TypeError(\"can't convert str to int\",)\nValueError('lhs and rhs should be compatible',)\n"
        "NotImplementedError('array/bytes required on right side',)\n"
        "NotImplementedError('only slices with step=1 (aka None) are supported',)\n"
        "'array' object doesn't support item deletion\narray('b', [97, 120, 121, 122, 99]) array('h', [5, 6, 4464, 9, -1, 7])\n"
    )


def test_arrays_of_objects(run_script: RunScript) -> None:
    script = """
from array import array
o = object()
a = array('O', [1, o])
a.append('x')
a.append([1])
print(a[1] is o, a[2:])
a[0] = {1: 2}
a.extend(array('O', ['new']))
a[1:3] = array('O', ['p', 'q'])
print(a, len(a))
b = a[1:]
a[1] = 9
print(b, [x for x in a])
p = array('P', [1])
p.append(7)
p[0] = -5
p.extend(b'\\x01\\x00\\x00\\x00')
print(p)
s = array('S', [1])
s[0] = 5
print(s, bytes(s))
s[0] = 0x41424344
print(s, bytes(s))
"""
    assert run_script(script).text == (
        "True array('O', ['x', [1]])\narray('O', [{1: 2}, 'p', 'q', [1], 'new']) 5\n"
        "array('O', ['p', 'q', [1], 'new']) [{1: 2}, 9, 'q', [1], 'new']\narray('P', [-5, 7, 1])\n"
        "array('S', [0]) b'\\x00\\x00\\x00\\x00'\narray('S', [0]) b'DCBA'\n"
    )
