"""``sys``: streams, names and the way out."""

from __future__ import annotations

import pytest

from emulator import Board
from tests.emulator.conftest import RunScript
from tests.emulator.firmware.facts import each_alone, nothing_of_ours

FACTS = {
    "implementation": ("sys.implementation", "(name='micropython', version=(1, 11, 0))"),
    "implementation is a tuple": (
        "(sys.implementation[0], sys.implementation.version, len(sys.implementation))",
        "('micropython', (1, 11, 0), 2)",
    ),
    "platform": ("sys.platform", "'FiPy'"),
    "path": ("sys.path", "['', '/flash', '/flash/lib']"),
    "numbers": (
        "(sys.maxsize, sys.version, sys.version_info, sys.byteorder, sys.argv)",
        "(2147483647, '3.4.0', (3, 4, 0), 'little', [])",
    ),
    "streams": ("(sys.stdin, sys.stdout, sys.stderr)", "(<io.FileIO 0>, <io.FileIO 1>, <io.FileIO 2>)"),
    "write counts bytes": ("sys.stdout.write('')", "0"),
    "write int": ("sys.stdout.write(5)", "TypeError('object with buffer protocol required',)"),
    "write None": ("sys.stderr.write(None)", "TypeError('object with buffer protocol required',)"),
    "write list": ("sys.stdout.write([65])", "TypeError('object with buffer protocol required',)"),
    "write bad limit": ("sys.stdout.write('abc', 'x')", 'TypeError("can\'t convert str to int",)'),
    "write count": ("sys.stdout.write()", "TypeError('function missing 1 required positional arguments',)"),
    "write keyword": ("sys.stdout.write(buf='a')", 'TypeError("function doesn\'t take keyword arguments",)'),
    "write to stdin": ("sys.stdin.write('a')", "OSError(1,)"),
    "read from stdout": ("sys.stdout.read()", "OSError(1,)"),
    "readline from stderr": ("sys.stderr.readline()", "OSError(1,)"),
    "read type": ("sys.stdin.read('a')", 'TypeError("can\'t convert str to int",)'),
    "read at the end": ("sys.stdin.read(3)", "''"),
    "readline at the end": ("(sys.stdin.readline(), sys.stdin.readlines())", "('', [])"),
    "readinto str": ("sys.stdin.readinto('abc')", "TypeError('object with buffer protocol required',)"),
    "readinto bytes": ("sys.stdin.readinto(b'abc')", "TypeError('object with buffer protocol required',)"),
    "readinto at the end": ("sys.stdin.readinto(bytearray(3))", "0"),
    "close": ("sys.stdout.close() is sys.stdout", "True"),
    "no flush": (
        "[hasattr(sys.stdout, n) for n in ('flush', 'buffer', 'encoding', 'isatty', 'fileno')]",
        "[False, False, False, False, False]",
    ),
    "no instances": ("type(sys.stdout)()", "TypeError(\"cannot create 'FileIO' instances\",)"),
    "exit": ("sys.exit(1, 2)", "TypeError('function expected at most 1 arguments, got 2',)"),
    "exc_info outside": ("sys.exc_info()", "(None, None, None)"),
    "print_exception of an int": ("sys.print_exception(5)", "5\nNone"),
    "print_exception to no stream": (
        "sys.print_exception(ValueError(1), 5)",
        "OSError('stream operation not supported',)",
    ),
    "print_exception to a file": (
        "(lambda s: (sys.print_exception(ValueError(1), s), s.getvalue()))(__import__('uio').StringIO())",
        "(None, 'ValueError: 1\\n')",
    ),
    "no setrecursionlimit": (
        "[hasattr(sys, n) for n in ('getsizeof', 'settrace', 'executable', 'setrecursionlimit', '_getframe')]",
        "[False, False, False, False, False]",
    ),
}

test_fact = each_alone("sys", FACTS)
test_nothing_of_ours_is_in_sight = nothing_of_ours("sys", ["sys", "sys.stdin", "sys.stdout", "sys.implementation"])


WRITES = {
    "str": ("'h\\xe9'", "h\xe9", 3),
    "bytes": ("b'ab'", "ab", 2),
    "bytearray": ("bytearray(b'ab')", "ab", 2),
    "most": ("'abcd', 2", "ab", 2),
    "offset and most": ("'abcd', 1, 2", "bc", 2),
    "offset past the end": ("'ab', 9, 2", "", 0),
}


@pytest.mark.parametrize(("arguments", "text", "count"), WRITES.values(), ids=WRITES.keys())
def test_write(run_script: RunScript, arguments: str, text: str, count: int) -> None:
    assert run_script(f"import sys\nn = sys.stdout.write({arguments})\nprint('|', n)").text == f"{text}| {count}\n"


READS = {
    "read": ("sys.stdin.read(3)", "'ab\\n'"),
    "read all": ("sys.stdin.read()", "'ab\\nc\\xe9d\\n'"),
    "readline": ("(sys.stdin.readline(), sys.stdin.readline(2))", "('ab\\n', 'c\\xe9')"),
    "readlines": ("sys.stdin.readlines()", "['ab\\n', 'c\\xe9d\\n']"),
    "iteration": ("[line for line in sys.stdin]", "['ab\\n', 'c\\xe9d\\n']"),
    "readinto cuts a character": (
        "(lambda a, b: (sys.stdin.readinto(a), a, sys.stdin.readinto(b, 2), b))(bytearray(5), bytearray(4))",
        "(5, bytearray(b'ab\\nc\\xc3'), 2, bytearray(b'\\xa9d\\x00\\x00'))",
    ),
}


@pytest.mark.parametrize(("expression", "text"), READS.values(), ids=READS.keys())
def test_read(board: Board, run_script: RunScript, expression: str, text: str) -> None:
    board.console_input.feed("ab\nc\xe9d\n")
    board.console_input.end()
    assert run_script(f"import sys\nprint(repr({expression}))").text == f"{text}\n"


@pytest.mark.parametrize(("arguments", "args"), [("", "()"), ("None", "(None,)"), ("3", "(3,)"), ("'x'", "('x',)")])
def test_exit(run_script: RunScript, arguments: str, args: str) -> None:
    script = (
        f"import sys\ntry:\n    sys.exit({arguments})\nexcept SystemExit as e:\n    print(e.args, sys.exc_info()[1:])"
    )
    assert run_script(script).text.startswith(f"{args} (SystemExit(")
