"""Scripts to compile: pieces of the kind device projects are made of, put together always in the same way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

SCRIPTS = 40
PIECES = 12
"""Pieces per script: some 150 lines, the usual size of a main.py with its helpers beside it."""

_HEAD = """\
import time
import machine
import pycom
import ustruct as struct
import ubinascii
from network import WLAN, LoRa
from micropython import const

_PERIOD = const({n})
_ADDRESS = const(0x{n:02x})
"""

_PIECES = (
    """\
class Sensor{n}:
    # registers are big endian, two bytes each
    def __init__(self, i2c, address=_ADDRESS):
        self.i2c = i2c
        self.address = address
        self.buffer = bytearray({n})
        self.calibration = {{}}

    def read(self, register):
        self.i2c.readfrom_mem_into(self.address, register, self.buffer)
        raw = (self.buffer[0] << 8) | self.buffer[1]
        if raw & 0x8000:
            raw -= 0x10000
        return raw * 0.{n} + self.calibration.get(register, 0)
""",
    """\
def connect_{n}(ssid, password, tries={n}):
    wlan = WLAN(mode=WLAN.STA)
    while tries > 0:
        try:
            wlan.connect(ssid, auth=(WLAN.WPA2, password), timeout=5000)
            while not wlan.isconnected():
                machine.idle()
            return wlan.ifconfig()
        except OSError as error:
            print('retry', tries, error)
            time.sleep({n})
        tries -= 1
    return None
""",
    """\
def pack_{n}(values):
    payload = struct.pack('>BHh', {n}, len(values), sum(values) % 32768)
    for value in values:
        payload += struct.pack('>f', value)
    return ubinascii.hexlify(payload).decode()
""",
    """\
def parse_{n}(line):
    fields = line.strip().split(',')
    if len(fields) < {n} or not fields[0].startswith('$GP'):
        return None
    latitude = float(fields[2][:2]) + float(fields[2][2:]) / 60
    return {{'lat': latitude, 'ok': fields[6] != '0', 'raw': fields[1:{n}]}}
""",
    """\
def blink_{n}(colors=(0xff0000, 0x00ff00, 0x0000ff)):
    pycom.heartbeat(False)
    for index, color in enumerate(colors):
        pycom.rgbled(color if index % 2 else color >> {n})
        time.sleep_ms({n}00)
    pycom.rgbled(0)
""",
    """\
def send_{n}(lora_socket, message):
    lora_socket.setblocking(True)
    sent = 0
    while sent < len(message):
        chunk = message[sent:sent + {n}]
        sent += lora_socket.send(chunk)
        print('sent %d of %d: %s' % (sent, len(message), chunk))
    lora_socket.setblocking(False)
    return lora_socket.recv(64)
""",
    """\
def settings_{n}(path='/flash/settings{n}.json'):
    import ujson
    try:
        with open(path) as file:
            return ujson.loads(file.read())
    except:
        return {{'period': _PERIOD, 'name': 'board{n}', 'topics': ['a/{n}', 'b/{n}']}}
""",
    """\
table_{n} = [
    (0x{n:02x}, 'temperature', 0.01, -40, 125),
    (0x{n:02x} + 1, 'humidity', 0.1, 0, 100),
    (0x{n:02x} + 2, 'pressure', 1.0, 300, 1100),
]
""",
    """\
def every_{n}(callback, *arguments):
    last = time.ticks_ms()
    while True:
        now = time.ticks_ms()
        if time.ticks_diff(now, last) >= _PERIOD * {n}:
            last = now
            if callback(*arguments) is False:
                break
        machine.idle()
""",
)


def generated() -> Iterator[tuple[str, str]]:
    """Pairs of name and text, the same in every run."""
    chance = random.Random(1)
    for number in range(SCRIPTS):
        parts = [_HEAD.format(n=chance.randrange(10, 90))]
        parts += [chance.choice(_PIECES).format(n=chance.randrange(10, 90)) for _ in range(PIECES)]
        yield f"generated{number}.py", "\n".join(parts)


def below(folder: Path) -> Iterator[tuple[str, str]]:
    """The readable scripts below a folder."""
    for path in sorted(folder.rglob("*.py")):
        try:
            yield str(path.relative_to(folder)), path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
