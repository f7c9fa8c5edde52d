"""``check``: a folder of scripts with planted faults, text that is no script, and real programs where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from emulator import cli
from emulator.checks.runner import check, check_text

PLANTED = [
    ("fstring", "x = 1\nprint(f'{x}')\n", [(2, "language")]),
    ("walrus", "if (n := 3):\n    pass\n", [(1, "language")]),
    ("annotation", "x: int = 3\n", [(1, "language")]),
    ("positional_only", "def f(a, /):\n    return a\n", [(1, "language")]),
    ("native", "import micropython\n@micropython.native\ndef f():\n    pass\n", [(2, "language")]),
    ("no_module", "import nowhere_at_all\n", [(1, "import")]),
    ("threads", "import threading\nimport machine\n", [(1, "import")]),
    ("submodule", "import os.path\n", [(1, "import")]),
    ("module_name", "import machine\nmachine.nothing()\n", [(2, "name")]),
    ("from_name", "from machine import Nothing\n", [(1, "name")]),
    ("class_name", "from machine import Pin\nPin.SIDEWAYS\n", [(2, "name")]),
    ("object_name", "from network import WLAN\nw = WLAN()\nw.disconect()\n", [(3, "name")]),
    ("ca", "import ssl\nssl.wrap_socket(s, ca='/flash/cert/ca.pem')\n", [(2, "argument")]),
    ("many", "import time\ntime.sleep(1, 2)\n", [(2, "argument")]),
    ("few", "import time\ntime.sleep()\n", [(2, "argument")]),
    ("outside", "import ussl\nussl.wrap_socket(s, ca_certs='/flash/ca.pem')\n", [(2, "certificate")]),
    ("relative", "import ussl\nussl.wrap_socket(s, certfile='cert/a.pem')\n", [(2, "certificate")]),
    ("params", "import ussl\nc(ssl_params={'keyfile': '/sd/k.pem'})\n", [(2, "certificate")]),
    ("title", "'a'.title()\n", [(1, "method")]),
    ("zfill", "str(3).zfill(2)\n", [(1, "method")]),
    ("split", "'a b'.split(sep=' ')\n", [(1, "argument")]),
    ("file_error", "try:\n    open('x')\nexcept FileNotFoundError:\n    pass\n", [(3, "builtin")]),
    ("pybytes_build", "import pycom\npycom.pybytes_on_boot(False)\n", [(2, "name")]),
    ("pygate_build", "from network import ETH\n", [(1, "name")]),
    ("documented", "import ssl\nisinstance(s, ssl.SSLSocket)\n", [(2, "name")]),
    ("match", "match x:\n    case 1:\n        pass\n", [(1, "language")]),
    ("const", "from micropython import const\nX = const('a')\n", [(2, "language")]),
    ("metaclass", "class A(metaclass=type):\n    pass\n", [(1, "argument")]),
    ("weak", "import collections\n", [(1, "import")]),
    ("in_handler", "try:\n    x()\nexcept OSError:\n    import traceback\n", [(4, "import")]),
    ("python2", "for i in xrange(3):\n    print(unicode(i))\n", [(1, "builtin"), (2, "builtin")]),
    ("flush", "print('a', flush=True)\n", [(1, "argument")]),
    ("sorted_cmp", "sorted([1], cmp=None)\n", [(1, "argument")]),
    (
        "order",
        "int.from_bytes(b'a', byteorder='big')\nx = 5\nx.to_bytes(2, byteorder='big')\n",
        [(1, "argument"), (3, "argument")],
    ),
    (
        "made_at_once",
        "from machine import Pin, Timer\nPin('P9').on()\nTimer.Chrono().strat()\n",
        [(2, "name"), (3, "name")],
    ),
    ("in_function", "from machine import UART\ndef f():\n    u = UART(1)\n    u.writeline('x')\n", [(4, "name")]),
    ("by_name", "import ssl\nCA = '/flash' + '/ca.pem'\nssl.wrap_socket(s, ca_certs=CA)\n", [(3, "certificate")]),
    ("by_stars", "import ssl\nP = {'ca_certs': '/sd/ca.pem'}\nssl.wrap_socket(s, **P)\n", [(2, "certificate")]),
    ("by_dict", "P = dict(keyfile='/flash/k.pem')\nMQTTClient(ssl_params=P)\n", [(1, "certificate")]),
    ("named_text", "s = 'abc'\ns.capitalize()\ns.split(' ', 1, 2)\n", [(2, "method"), (3, "argument")]),
    (
        "containers",
        "d = {}\nd.has_key(1)\nx = []\nx.push(1)\nset().append(1)\n",
        [(2, "method"), (4, "method"), (5, "method")],
    ),
    ("of_class", "bytes.fromhex('00')\n", [(1, "method")]),
    ("caught", "try:\n    x()\nexcept OSError as e:\n    print(e.errno)\n", [(4, "method")]),
    ("step", "'abc'[::-1]\nt = (1, 2)\nt[::2]\n", [(1, "slice"), (3, "slice")]),
    (
        "fields",
        "'{0} {}'.format(1, 2)\n'{} {}'.format(1)\n'{a}'.format(b=1)\n",
        [(1, "format"), (2, "format"), (3, "format")],
    ),
    ("specs", "'{:d}'.format('x')\n'{'.format(x)\n'{.a}'.format(x)\n", [(1, "format"), (2, "format"), (3, "format")]),
    (
        "percent",
        "'%d %d' % (x,)\n'%d' % (x, y)\n'%(a)s' % {'b': 1}\n'%y' % 1\n",
        [(1, "format"), (2, "format"), (3, "format"), (4, "format")],
    ),
    ("two", "import machine\nmachine.nix\n'a'.title()\n", [(2, "name"), (3, "method")]),
]
"""File name, source, (line, code) of everything that fails in it."""

CLEAN = {
    "cipher": "from crypto import AES\ncipher = AES(b'0123456789abcdef', AES.MODE_ECB)\nprint(cipher.encrypt(b'x' * 16))\n",
    "fallback": "try:\n    import usocket as socket\nexcept ImportError:\n    import asyncio_socket as socket\n",
    "conditional": "try:\n    import threading\nexcept:\n    threading = None\n",
    "own_name": "def format(x):\n    return x\nformat(1)\n",
    "asks": "import machine\nif hasattr(machine, 'nothing'):\n    machine.nothing()\n",
    "rebound": "import machine\nmachine = object()\nmachine.nothing\n",
    "added": "import machine\nmachine.extra = 1\nprint(machine.extra)\n",
    "tabs": "if 1:\n\tx = 1\n        y = 2\n",
    "octal": "x = 017\ny = b'\u00e9'\n",
    "stars": "import time\na = (1,)\ntime.sleep(*a)\n",
    "neighbour": "import fallback\nimport helper\nimport package.inner\n",
    "made": "with open('/flash/OTA_VERSION.py', 'w') as f:\n    f.write('V = 1')\nfrom OTA_VERSION import V\n",
    "computer": (
        "import os\ntry:\n    where = os.uname().sysname\nexcept Exception:\n    where = 'Windows'\n"
        "if 'FiPy' in where:\n    pass\nelse:\n    import serial\n"
    ),
    "version": (
        "import sys\nif sys.version_info[0] == 3:\n    NEW = True\nelse:\n    NEW = False\n    x = unicode('')\n"
        "if not NEW:\n    buffer(b'')\n    raise RuntimeWarning\n"
    ),
    "asked_before": (
        "import os\nclass A:\n    def __init__(self):\n        self.where = os.uname().sysname\n    def say(self, text):\n"
        "        if 'GPy' in self.where:\n            print(text)\n        else:\n            print(text, flush=True)\n"
    ),
    "formats": (
        "'{} {:>5} {:.2f} {!r} {a} {{}}'.format(x, y, z, q, a=1)\n'{:s}'.format(x)\n'{} {}'.format(*x)\n'{a}'.format(**x)\n"
        "'%s %5d %.2f%%' % (x, y, z)\n'%d %d' % x\n'%(a)d' % x\n'%(a)s' % {'a': 1}\n'%*d' % (3, x)\n'{0:{1}}'.format(x, 3)\n"
    ),
    "twice": "s = 'abc'\ns = other(s)\ns.capitalize()\nfor x in []:\n    x.push(1)\n",
    "own_errors": (
        "class E(Exception):\n    pass\ntry:\n    x()\nexcept E as e:\n    print(e.code)\nexcept Exception as e:\n    print(e.code)\n"
        "except OSError as e:\n    print(e.args)\n"
    ),
    "lists": "x = [1, 2]\nx[::-1]\n'abc'[0:2:1]\ny[::2]\n",
    "cert_names": (
        "import ssl\nCA = '/flash/cert/ca.pem'\nssl.wrap_socket(s, ca_certs=CA)\nK = 'k'\nK = f()\nssl.wrap_socket(s, keyfile=K)\n"
    ),
    "chain": "a = b\nb = a\na.push(1)\n",
    "keyed": "sorted([1], key=len, reverse=True)\nmax([1], key=len, default=0)\nprint(file=x)\n[].sort(key=len)\n",
    "pattern": "import settings\n",
    "print": "print(1, 2, 3, sep=',', end='')\n",
}


def _write(folder: Path) -> None:
    for name, text, _ in PLANTED:
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    for name, text in CLEAN.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "lib" / "package").mkdir(parents=True)
    (folder / "lib" / "helper.py").write_text("")
    (folder / "settings.example.py").write_text("")
    (folder / "lib" / "package" / "inner.py").write_text("")


def test_every_planted_fault_is_found_and_nothing_else(tmp_path: Path) -> None:
    _write(tmp_path)
    (tmp_path / "main.py").write_text("import threading_user\n", encoding="utf-8")
    (tmp_path / "threading_user.py").write_text("import threading\n", encoding="utf-8")
    report = check([tmp_path])
    found = sorted((Path(f.file).stem, f.line, f.code) for f in report.findings)
    planted = [(name, line, code) for name, _, faults in PLANTED for line, code in faults]
    assert found == sorted([*planted, ("threading_user", 1, "import")])
    assert report.skipped == {}


def test_a_dot_means_nothing_in_what_the_board_starts(tmp_path: Path) -> None:
    for name in ("boot.py", "main.py", "package.py"):
        (tmp_path / name).write_text("from . import other\n")
    assert [(Path(f.file).name, f.message) for f in check([tmp_path]).findings] == [
        ("boot.py", "KeyError: __main__"),
        ("main.py", "KeyError: __main__"),
    ]


@pytest.mark.parametrize(("model", "count"), [("WiPy", 1), ("GPy", 0), ("FiPy", 0)])
def test_names_are_those_of_the_model(model: str, count: int) -> None:
    assert len(check_text(b"from network import LTE\n", board=model)) == count


def test_certificate_rules_are_those_asked_for() -> None:
    script = b"import ussl\nussl.wrap_socket(s, ca_certs='/flash/ca.pem')\n"
    assert [len(check_text(script, cert_rules=rules)) for rules in ("documented", "firmware", "wipy1")] == [1, 0, 1]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("setup.py", "import setuptools\n", "by its name"),
        ("test_it.py", "assert True\n", "by its name"),
        ("upload.py", "#!/usr/bin/env python3\nprint(f'{1}')\n", "python3"),
        ("server.py", "#!/usr/bin/env python\nimport argparse\n", "names python and it imports argparse"),
        ("paths.py", "import os, sys\nprint(os.path.exists(sys.argv[1]))\n", "os.path and it uses sys.argv"),
        ("cable.py", "import serial, shutil\n", "serial"),
        ("old.py", "import subprocess\nimport urllib\nprint 'hello'\n", "subprocess"),
    ],
)
def test_tools_of_the_host_are_skipped_aloud(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    report = check([tmp_path])
    assert report.findings == []
    assert why in report.skipped[str(tmp_path / name)]
    assert check([tmp_path / name]).skipped == {}, "named alone, it is checked"


@pytest.mark.parametrize(
    ("data", "least"),
    [
        (b"", 0),
        (b"\0\1\2\xff" * 100, 1),
        (b"x = " + b"(" * 250 + b")" * 250, 1),
        (b"x = '" + b"a" * 2**20 + b"'\n", 0),
        ("x = 'é'\n".encode("utf-16"), 1),
        (b"#" * (10 * 2**20), 1),
    ],
    ids=["empty", "binary", "nested", "long-line", "utf-16", "10-MB"],
)
def test_what_is_no_script_is_answered(tmp_path: Path, data: bytes, least: int) -> None:
    (tmp_path / "main.py").write_bytes(data)
    assert len(check([tmp_path]).findings) >= least


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "main.py"
    script.write_text("import machine\n", encoding="utf-8")
    assert cli.main(["check", str(tmp_path)]) == 0
    script.write_text("'a'.title()\n", encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["check", str(script)]) == 1
    message = "method AttributeError: 'str' object has no attribute 'title'"
    assert capsys.readouterr().out.startswith(f"{script}:1:1: {message}\n")
    assert cli.main(["check", "--json", str(script)]) == 1
    table = json.loads(capsys.readouterr().out)
    assert table == {
        "checked": 1,
        "skipped": {},
        "findings": [
            {
                "file": str(script),
                "line": 1,
                "column": 1,
                "code": "method",
                "message": "AttributeError: 'str' object has no attribute 'title'",
                "why": "str has no title on the board",
                "instead": "upper() or lower()",
                "severity": "error",
            }
        ],
    }
    assert cli.main(["check", str(tmp_path / "nothing")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_file_of_the_same_name_elsewhere_stays_a_tool_of_the_host(tmp_path: Path) -> None:
    flash = tmp_path / "firmware" / "flash"
    (flash / "lib").mkdir(parents=True)
    (flash / "main.py").write_text("import ota\nimport helper\n", encoding="utf-8")
    (flash / "ota.py").write_text("import machine\n", encoding="utf-8")
    (flash / "lib" / "helper.py").write_text("import argparse, urllib\n", encoding="utf-8")
    (tmp_path / "ota.py").write_text("import subprocess, shutil\n", encoding="utf-8")
    report = check([tmp_path])
    assert list(report.skipped) == [str(tmp_path / "ota.py")]
    assert [Path(finding.file).name for finding in report.findings] == ["helper.py", "helper.py"]


@pytest.mark.parametrize(
    "statement",
    [
        "import argparse",
        "import subprocess",
        "import collections",
        "import datetime, random",
        "import os\nos.path.join()",
    ],
)
def test_one_wrong_import_makes_no_tool_of_the_host(tmp_path: Path, statement: str) -> None:
    (tmp_path / "helper.py").write_text(f"{statement}\n", encoding="utf-8")
    report = check([tmp_path])
    assert report.skipped == {}
    assert report.findings


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import pycom\npycom.pybytes_on_boot()\n", "only in the Pybytes and PyGate builds"),
        ("from network import ETH\n", "only in the PyGate build"),
        ("import ssl\nssl.SSLSession\n", "documented, and 1.20.2.r4 lacks it"),
    ],
    ids=["pybytes", "pygate", "documented"],
)
def test_what_depends_on_the_firmware_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], script: str, why: str
) -> None:
    file = tmp_path / "main.py"
    file.write_text(script, encoding="utf-8")
    assert cli.main(["check", str(file)]) == 0
    out = capsys.readouterr().out
    assert "name (warning) " in out
    assert why in out
    assert out.endswith("1 finding in 1 of 1 file for a FiPy, 1 of them only warnings\n")


@pytest.mark.parametrize(
    ("script", "instead"),
    [
        ("print(f'{x}')", "'{}'.format(value) or '%s' % value"),
        ("print 'x'", "print(...)"),
        ("try:\n    pass\nexcept OSError, e:\n    pass", "except OSError as e:"),
        ("x = 10L", "the number without the L"),
        ("if 1 <> 2: pass", "!="),
        ("import collections", "ucollections"),
        ("import Machine", "did you mean machine?"),
        ("from machine import pin", "did you mean Pin?"),
        ("from network import WLAN\nWLAN().disconect()", "did you mean disconnect?"),
        ("from machine import Pin\nPin('P9').on()", "value(1)"),
        ("import time\ntime.perf_counter()", "ticks_us()"),
        ("import os\nos.path.exists('x')", "os.stat(path), which raises OSError; join paths with +"),
        ("'a'.strp()", "did you mean strip?"),
        ("set().append(1)", "add(x)"),
        ("d = {}\nd.has_key(1)", "key in d"),
        ("import json\njson.dumps({}, indent=1)", "dumps(obj)"),
        ("from machine import Pin\nPin('P9', pul=1)", "Pin(id, mode=None, pull=None, *, value=None, alt=None)"),
    ],
)
def test_what_to_write_instead(script: str, instead: str) -> None:
    (found,) = check_text(f"{script}\n".encode())
    assert found.instead == instead


def test_names_of_the_modules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "helper.py").write_text("import os\nA = 1\ndef work():\n    global later\n    later = 2\n")
    (tmp_path / "open_one.py").write_text("globals()['b'] = 1\n")
    (tmp_path / "starred.py").write_text("from helper import *\n")
    main = tmp_path / "main.py"
    main.write_text(
        "from helper import A, work, later, os\nfrom helper import wrok\nfrom open_one import b\nfrom starred import A\n"
        "try:\n    from helper import new\nexcept ImportError:\n    new = None\n"
    )
    for paths in ([tmp_path], [main]):
        (found,) = check(paths).findings
        assert (found.line, found.code, found.message) == (2, "name", "ImportError: cannot import name wrok")
        assert (found.why, found.instead) == ("helper.py binds no wrok", "did you mean work?")


def test_folder_without_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(tmp_path)]) == 0
    assert "no scripts found" in capsys.readouterr().out


@pytest.mark.skipif("PYCOM_CHECKOUTS" not in os.environ, reason="PYCOM_CHECKOUTS names no folder of checkouts")
def test_real_examples_have_only_faults_of_their_own() -> None:
    report = check([Path(os.environ["PYCOM_CHECKOUTS"]) / "pycom-examples"])
    assert report.checked > 50
    found = [(Path(f.file).name, f.line) for f in report.findings if f.code in ("argument", "certificate", "method")]
    assert found == [("pybytes_on_boot_toggle.py", 15), ("uart.py", 89)], (
        "no arguments for the thread; an unfinished name"
    )


ACCEPTANCE = [
    *("pycom-micropython-sigfox/examples/network/http_client_ssl.py",),
    *("pycom-micropython-sigfox/examples/network/http_server_ssl.py",),
    *(f"pycom-libraries/examples/{name}" for name in ("https", "mqtt", "threading", "OTA", "lorawan-nano-gateway")),
    *("pycom-libraries/GoogleIOT/flash", "pycom-libraries/lib/mqtt_aws", "pycom-libraries/shields"),
    *(f"pycom-examples/{name}.py" for name in ("httpd", "http_get_webhook", "nvram", "server")),
    *("umqtt", "urequests"),
]
"""Programs that run on a board as they are; what is wrong with one of them (https calls a module) is no name or path."""


@pytest.mark.skipif("PYCOM_CHECKOUTS" not in os.environ, reason="PYCOM_CHECKOUTS names no folder of checkouts")
@pytest.mark.parametrize("program", ACCEPTANCE)
def test_real_programs_that_run_raise_no_alarm(program: str) -> None:
    path = Path(os.environ["PYCOM_CHECKOUTS"], program)
    if not path.exists():
        pytest.skip(f"there is no {program} in PYCOM_CHECKOUTS")
    report = check([path])
    assert report.checked
    assert report.findings == []
