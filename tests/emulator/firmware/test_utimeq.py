"""``utimeq`` as on the board (firmware: extmod/modutimeq.c); results of MicroPython 1.11 with its switches."""

from __future__ import annotations

from tests.emulator.firmware.facts import all_in_one_run

IMPORTS = "import utimeq\ndef Q(times):\n    q = utimeq.utimeq(8)\n    out = []\n    for n, t in enumerate(times):\n        try:\n            q.push(t, n, None)\n        except IndexError as e:\n            out.append(e)\n    r = [0, 0, 0]\n    while q:\n        peeked = q.peektime()\n        q.pop(r)\n        out.append((peeked == r[0], len(q), r[:]))\n    return out\ndef F(t, r):\n    q = utimeq.utimeq(8)\n    q.push(t, 'f', 'a')\n    q.pop(r)\n    return r"
FACTS = {
    "utimeq.utimeq(3)": "<utimeq>",
    "utimeq.utimeq()": "TypeError('function takes 1 positional arguments but 0 were given',)",
    "utimeq.utimeq('a')": 'TypeError("can\'t convert str to int",)',
    "utimeq.utimeq(1, 2)": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "len(utimeq.utimeq(3)), bool(utimeq.utimeq(3))": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "utimeq.utimeq(3).peektime()": "IndexError('empty heap',)",
    "utimeq.utimeq(3).pop([0, 0, 0])": "IndexError('empty heap',)",
    "utimeq.utimeq(0).push(1, 2, 3)": "IndexError('queue overflow',)",
    "utimeq.utimeq(3).push(1, 2)": "TypeError('function takes 4 positional arguments but 3 were given',)",
    "Q([3, 1, 2])": "[(True, 2, [1, 1, None]), (True, 1, [2, 2, None]), (True, 0, [3, 0, None])]",
    "Q([5, 5, 5])": "[(True, 2, [5, 0, None]), (True, 1, [5, 1, None]), (True, 0, [5, 2, None])]",
    "Q([0x3FFFFFFF, 0, 5, 0x3FFFFF00])": "[(True, 3, [1073741568, 3, None]), (True, 2, [1073741823, 0, None]), (True, 1, [0, 1, None]), (True, 0, [5, 2, None])]",
    "Q([100, 0x20000063, 0x20000065])": "[(True, 2, [536871013, 2, None]), (True, 1, [100, 0, None]), (True, 0, [536871011, 1, None])]",
    "Q([7] * 9)": "[IndexError('queue overflow',), (True, 7, [7, 0, None]), (True, 6, [7, 1, None]), (True, 5, [7, 2, None]), (True, 4, [7, 3, None]), (True, 3, [7, 4, None]), (True, 2, [7, 5, None]), (True, 1, [7, 6, None]), (True, 0, [7, 7, None])]",
    "F(1, [])": "TypeError('Not a list or length is less than 3!',)",
    "F(1, [1, 2])": "TypeError('Not a list or length is less than 3!',)",
    "F(1, (1, 2, 3))": "TypeError('Not a list or length is less than 3!',)",
    "F(1, [1, 2, 3, 4])": "[1, 'f', 'a', 4]",
    "[x for x in utimeq.utimeq(1)]": "TypeError(\"'utimeq' object isn't iterable\",)",
    "hash(utimeq.utimeq(1))": "TypeError(\"unsupported type for __hash__: 'utimeq'\",)",
}

test_as_on_the_board = all_in_one_run(IMPORTS, FACTS)
