"""``machine.SD``, ``uos.mount``, ``uos.umount``, ``uos.mkfat``: cards, block devices and file systems of a script's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Board
from tests.emulator.conftest import load

RAM = """\
import os
class Ram:
    def __init__(self, sectors):
        self.data = bytearray(sectors * 512)
    def readblocks(self, n, buf):
        for i in range(len(buf)):
            buf[i] = self.data[n * 512 + i]
    def writeblocks(self, n, buf):
        for i in range(len(buf)):
            self.data[n * 512 + i] = buf[i]
    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // 512
        if op == 5:
            return 512
class Old:
    def __init__(self, ram):
        self.readblocks, self.writeblocks = ram.readblocks, ram.writeblocks
        self.count = lambda: len(ram.data) // 512
        self.synced = 0
    def sync(self):
        self.synced += 1
def error(f, *args, **kw):
    try:
        return f(*args, **kw)
    except Exception as e:
        return type(e).__name__, e.args[0]
r = Ram(200)
"""
FACTS = {
    "nothing on it": (
        "os.mount(r, '/ram'); print(error(os.listdir, '/ram'), os.listdir('/'))",
        "('OSError', 19) ['flash', 'ram']",
    ),
    "mkfs": ("os.mount(r, '/ram', mkfs=True); print(os.listdir('/ram'), os.statvfs('/ram')[2])", "[] 166"),
    "readonly": (
        "os.mkfat.mkfs(r); os.mount(r, '/ram', readonly=True); print(error(open, '/ram/x', 'w'), error(os.mkdir, '/ram/d'))",
        "('OSError', 30) ('OSError', 30)",
    ),
    "no writeblocks": (
        "os.mkfat.mkfs(r); del Ram.writeblocks; os.mount(r, '/ram'); print(error(open, '/ram/x', 'w'))",
        "('OSError', 30)",
    ),
    "too small": ("print(error(os.mkfat.mkfs, Ram(40)))", "('OSError', 5)"),
    "kept on the device": (
        "os.mount(r, '/a', mkfs=True); open('/a/x', 'w').write('1'); f = open('/a/y', 'w'); f.write('22'); f.close()\n"
        "os.umount('/a'); os.mount(r, '/b'); print(sorted(os.listdir('/b')), open('/b/y').read())",
        "['x', 'y'] 22",
    ),
    "old protocol": (
        "o = Old(r); os.mount(o, '/ram', mkfs=True); os.mkdir('/ram/d'); print(os.listdir('/ram'), o.synced > 0)",
        "['d'] True",
    ),
    "no block device": (
        "print(error(os.mount, 5, '/x'))",
        "('AttributeError', \"'int' object has no attribute 'readblocks'\")",
    ),
    "neither ioctl nor count": (
        "del Ram.ioctl; print(error(os.mount, r, '/x'))",
        "('AttributeError', \"'Ram' object has no attribute 'count'\")",
    ),
    "point in use": (
        "os.mkfat.mkfs(r); print(error(os.mount, r, '/flash'), error(os.mount, r, '/flash/sub'))",
        "('OSError', 1) ('OSError', 1)",
    ),
    "point without slash": ("os.mkfat.mkfs(r); print(error(os.mount, r, 'ram'))", "('OSError', 1)"),
    "point of another type": (
        "print(error(os.mount, r, 5))",
        "('TypeError', \"can't convert 'int' object to str implicitly\")",
    ),
    "counts": (
        "print(error(os.mount, r), error(os.umount))",
        "('TypeError', 'function missing 1 required positional arguments') ('TypeError', 'function takes 1 positional arguments but 0 were given')",
    ),
    "unknown keyword": ("print(error(os.mount, r, '/x', rw=1))", "('TypeError', 'extra keyword arguments given')"),
    "umount takes the point or VfsFat, not the device": (
        "v = os.mkfat(r); os.mount(v, '/x', mkfs=True); print(error(os.umount, r), error(os.umount, b'/x'), os.umount(v), os.listdir('/'))",
        "('OSError', 22) ('OSError', 22) None ['flash']",
    ),
    "umount of the current volume": (
        "os.mount(r, '/x', mkfs=True); os.chdir('/x'); os.umount('/x'); print(os.getcwd())",
        "/",
    ),
    "rename across": ("os.mount(r, '/x', mkfs=True); print(error(os.rename, '/x/a', '/flash/a'))", "('OSError', 1)"),
    "VfsFat methods": (
        "os.mkfat.mkfs(r); v = os.mkfat(r); v.mkdir('/d'); f = v.open('/d/f', 'w'); f.write('hi'); f.close()\n"
        "v.rename('/d/f', '/g'); print(list(v.ilistdir('/')), v.stat('/g')[6], v.getfree(), v.getcwd(), v.chdir('/d'), v.getcwd(), v.statvfs('')[0])",
        "[('d', 16384, 0, 0), ('g', 32768, 0, 2)] 2 82 / None /d 512",
    ),
    "VfsFat prints": ("print(os.mkfat, os.mkfat(r))", "<class 'VfsFat'> <VfsFat>"),
    "fsformat": ("os.mount(r, '/x', mkfs=True); os.mkdir('/x/d'); os.fsformat('/x'); print(os.listdir('/x'))", "[]"),
}


@pytest.mark.parametrize(("body", "text"), FACTS.values(), ids=FACTS)
def test_block_devices(board: Board, body: str, text: str) -> None:
    load(board, RAM + body)
    assert board.run(timeout=20).text == text + "\n"


USER = """\
import os, uio as io
class Mine:
    files = {'/hello.txt': 'hello', '/mod.py': 'x = 42\\n'}
    def mount(self, readonly, mkfs): print('mount', readonly, mkfs)
    def umount(self): print('umount')
    def stat(self, path):
        if path not in self.files:
            raise OSError(2)
        return (0x8000, 0, 0, 0, 0, 0, len(self.files[path]), 0, 0, 0)
    def open(self, path, mode):
        print('open', path, mode)
        return io.BytesIO(self.files[path].encode()) if 'b' in mode else io.StringIO(self.files[path])
    def ilistdir(self, path): return iter([(n[1:], 0x8000, 0) for n in sorted(self.files)])
    def chdir(self, path): print('chdir', path)
    def getcwd(self): return '/deep'
    def remove(self, path): print('remove', path)
    def rename(self, a, b): print('rename', a, b)
m = Mine()
os.mount(m, '/my', readonly=True)
print(os.listdir('/my'), open('/my/hello.txt').read(), os.stat('/my/hello.txt')[6])
os.remove('/my/a'); os.rename('/my/a', '/my/b')
os.chdir('/my'); print(os.getcwd()); os.chdir('/flash')
import sys
sys.path.append('/my')
import mod
print(mod.x)
try:
    os.mkdir('/my/d')
except AttributeError as e:
    print(e)
os.umount(m)
"""
USER_TEXT = """\
mount True False
['hello.txt', 'mod.py'] hello 5
remove /a
rename /a /b
chdir /
/my/deep
open /mod.py rb
42
'Mine' object has no attribute 'mkdir'
umount
"""


def test_a_file_system_that_a_script_has_written(board: Board) -> None:
    load(board, USER)
    text = board.run(timeout=20).text
    assert text.replace("open /hello.txt r\n", "") == USER_TEXT


SD = """\
import os
from machine import SD
sd = SD()
print(sd is SD(), sd.ioctl(4, 0), sd.ioctl(5, 0), sd.ioctl(9, 0))
os.mount(sd, '/sd')
print(os.statvfs('/sd')[0], os.listdir('/sd'))
with open('/sd/log.txt', 'w') as f:
    f.write('from the board')
b = bytearray(1024)
print(sd.readblocks(0, b), b[510:512] == b'\\x55\\xaa', sd.readblocks(1 << 25, b), sd.readblocks(-1, b))
os.umount('/sd')
"""


def test_an_sd_card() -> None:
    with Board(sd=8) as board:
        load(board, SD)
        result = board.run(timeout=20)
        assert result.text == "True 16384 512 -1\n4096 []\n0 True 1 1\n"
        assert (board.sd / "log.txt").read_text() == "from the board"


def test_a_card_keeps_its_files_over_resets_and_is_not_mounted_at_boot() -> None:
    with Board(sd=8) as board:
        (board.sd / "note").write_text("from the host")
        load(
            board,
            "import os, machine\nprint(os.listdir('/'))\nos.mount(machine.SD(), '/sd')\nprint(open('/sd/note').read())\n"
            "if machine.reset_cause() == 0:\n    machine.reset()\n",
        )
        assert board.run(timeout=20).text == "['flash']\nfrom the host\n" * 2


def test_raw_writes_reach_the_files_of_the_card() -> None:
    with Board(sd=1) as board:
        (board.sd / "secret").write_text("A" * 100)
        load(
            board,
            "from machine import SD\nimport os\nsd = SD()\nb = bytearray(512)\n"
            "for n in range(sd.ioctl(4, 0)):\n"
            "    sd.readblocks(n, b)\n"
            "    if b[:3] == b'AAA':\n        b[0] = 66\n        print(sd.writeblocks(n, b))\n"
            "os.mount(sd, '/sd')\nprint(open('/sd/secret').read(3))\n"
            "print(sd.writeblocks(0, bytearray(512)))\n"
            "try:\n    os.listdir('/sd')\nexcept OSError as e:\n    print(e)\n"
            "os.fsformat('/sd')\nprint(os.listdir('/sd'))\n",
        )
        assert board.run(timeout=30).text == "0\nBAA\n0\n[Errno 19] ENODEV\n[]\n"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("SD()", "the requested operation failed"),
        ("SD(0)", "the requested operation failed"),
        ("SD(1)", "resource not available"),
    ],
)
def test_no_card_in_the_slot(board: Board, call: str, text: str) -> None:
    load(board, f"from machine import SD\ntry:\n    {call}\nexcept OSError as e:\n    print(e)\n")
    result = board.run(timeout=20)
    assert result.text == text + "\n"
    assert ("no-sd-card" in [note.code for note in result.notes]) is (call != "SD(1)")


def test_a_deinitialised_card_fails() -> None:
    with Board(sd=8) as board:
        load(
            board,
            "from machine import SD\nsd = SD()\nsd.deinit()\nb = bytearray(512)\nprint(sd.readblocks(0, b))\nsd.init()\n"
            "print(sd.readblocks(0, b), sd.init(freq=1))\n",
        )
        assert board.run(timeout=20).text == "1\n0 None\n"


@pytest.mark.parametrize("mib", [0, -1, 32769])
def test_a_card_of_an_impossible_size(mib: int) -> None:
    with pytest.raises(ValueError, match="32768"):
        Board(sd=mib)


def test_without_a_card_the_host_has_no_view_of_it(board: Board) -> None:
    with pytest.raises(ValueError, match="slot"):
        _ = board.sd


def test_a_card_in_a_state_folder(tmp_path: Path) -> None:
    with Board(state=tmp_path, sd=8) as board:
        load(
            board,
            "import os, machine\nos.mount(machine.SD(), '/sd')\nopen('/sd/a.txt', 'w').close()\nos.mkdir('/sd/d')\n",
        )
        assert board.run(timeout=20).exit_code == 0
    with Board(state=tmp_path, sd=8) as board:
        assert sorted(path.name for path in board.sd.iterdir()) == ["a.txt", "d"]
