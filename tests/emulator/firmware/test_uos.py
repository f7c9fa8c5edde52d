"""``uos``: the functions of the file system and their errors."""

from __future__ import annotations

from tests.emulator.firmware.facts import constants, each_alone, nothing_of_ours

FACTS = {
    "uname": (
        "uos.uname()",
        "(sysname='FiPy', nodename='FiPy', release='1.20.2.r4', version='v1.11-ffb0e1c on 2021-01-12', machine='FiPy with ESP32', lorawan='1.0.2', sigfox='1.0.1')",
    ),
    "uname is a tuple": (
        "(isinstance(uos.uname(), tuple), type(uos.uname()), uos.uname()[0], uos.uname().machine)",
        "(True, <class 'tuple'>, 'FiPy', 'FiPy with ESP32')",
    ),
    "uname has no count": ("uos.uname().count", "AttributeError(\"'tuple' object has no attribute 'count'\",)"),
    "uname is fixed": (
        "setattr(uos.uname(), 'sysname', 1)",
        "AttributeError(\"'tuple' object has no attribute 'sysname'\",)",
    ),
    "uname count": ("uos.uname(1)", "TypeError('function takes 0 positional arguments but 1 were given',)"),
    "urandom": ("len(uos.urandom(5))", "5"),
    "urandom 0": ("uos.urandom(0)", "b''"),
    "urandom below 0": ("uos.urandom(-1)", "MemoryError('memory allocation failed, allocating 4294967295 bytes',)"),
    "urandom large": ("uos.urandom(1 << 30)", "MemoryError('memory allocation failed, allocating 1073741824 bytes',)"),
    "urandom huge": ("uos.urandom(1 << 31)", "OverflowError('overflow converting long int to machine word',)"),
    "urandom str": ("uos.urandom('a')", 'TypeError("can\'t convert str to int",)'),
    "urandom float": ("uos.urandom(2.0)", 'TypeError("can\'t convert float to int",)'),
    "urandom keyword": ("uos.urandom(num=1)", 'TypeError("function doesn\'t take keyword arguments",)'),
    "getcwd": ("uos.getcwd()", "'/flash'"),
    "chdir and back": (
        "(uos.chdir('/'), uos.getcwd(), uos.listdir(), uos.chdir('/flash'), uos.getcwd())",
        "(None, '/', ['flash'], None, '/flash')",
    ),
    "chdir nowhere": ("uos.chdir('/nope')", "OSError(19,)"),
    "chdir missing": ("uos.chdir('nope')", "OSError(2,)"),
    "chdir type": ("uos.chdir(5)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "listdir root as bytes": ("uos.listdir(b'/')", "[b'flash']"),
    "listdir type": ("uos.listdir(None)", "TypeError(\"can't convert 'NoneType' object to str implicitly\",)"),
    "ilistdir root": ("list(uos.ilistdir('/'))", "[('flash', 16384, 0)]"),
    "ilistdir is an iterator": ("next(uos.ilistdir('/'))", "('flash', 16384, 0)"),
    "stat root": ("uos.stat('/')", "(16384, 0, 0, 0, 0, 0, 0, 0, 0, 0)"),
    "stat missing": ("uos.stat('nope')", "OSError(2,)"),
    "stat of a file": ("uos.stat('main.py')[0]", "32768"),
    "statvfs root": ("uos.statvfs('/')", "(0, 0, 0, 0, 0, 0, 0, 0, 0, 128)"),
    "statvfs": ("uos.statvfs('/flash')[0]", "4096"),
    "getfree root": ("uos.getfree('/')", "OSError(19,)"),
    "getfree count": ("uos.getfree()", "TypeError('function takes 1 positional arguments but 0 were given',)"),
    "mkdir twice": ("(uos.mkdir('a'), uos.mkdir('a'))", "OSError(17,)"),
    "mkdir the volume": ("uos.mkdir('/flash')", "OSError(17,)"),
    "rmdir": ("(uos.mkdir('b'), uos.rmdir('b'), uos.rmdir('b'))", "OSError(2,)"),
    "rename": ("(uos.mkdir('c'), uos.rename('c', 'd'), uos.stat('d')[0])", "(None, None, 16384)"),
    "rename across": ("uos.rename('main.py', '/x')", "OSError(1,)"),
    "rename type": ("uos.rename('main.py', 5)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "remove missing": ("uos.remove('nope')", "OSError(2,)"),
    "unlink is remove": ("uos.unlink is uos.remove", "True"),
    "umount unknown": ("uos.umount('/sd')", "OSError(22,)"),
    "fsformat root": ("uos.fsformat('/')", "OSError('Cannot format root dir',)"),
    "fsformat relative": ("uos.fsformat('x')", "OSError('x is not an absolute or invalid path',)"),
    "fsformat type": ("uos.fsformat(5)", "OSError('please specify correct fs mount path',)"),
    "fsformat unknown": ("uos.fsformat('/sd')", "OSError(19,)"),
    "sync": ("uos.sync()", "None"),
    "dupterm after boot": ("uos.dupterm()", "UART(0, baudrate=115200, bits=8, parity=None, stop=1)"),
    "dupterm off": ("(uos.dupterm(None), uos.dupterm())", "(None, None)"),
    "no path": ("hasattr(uos, 'path')", "False"),
}

test_fact = each_alone("uos", FACTS)
test_nothing_of_ours_is_in_sight = nothing_of_ours("uos", ["uos", "uos.uname()"])
test_constants = constants("uos")
