"""``ubinascii``: hexadecimal and base 64 (firmware: extmod/modubinascii.c, without crc32)."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from emulator.firmware._arguments import native
from emulator.firmware._convert import encode, readable, to_text

if TYPE_CHECKING:
    from emulator.device import Device

_HEX = frozenset(b"0123456789abcdefABCDEF")
_BASE64 = {
    code: value for value, code in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_NOT_GIVEN = object()


@native(1, 2)
def hexlify(data: object, sep: object = _NOT_GIVEN, /) -> bytes:
    """Return two lower-case digits per byte; the first byte of ``sep`` between them, NUL for an empty one."""
    view = readable(data)
    if not view:
        return b""
    if sep is _NOT_GIVEN:
        return binascii.hexlify(view)
    between = encode(to_text(sep))[:1] or b"\0"
    return between.join(b"%02x" % byte for byte in view)


@native(1)
def unhexlify(data: object, /) -> bytes:
    """Return the bytes for hexadecimal digits; ValueError for an odd number of them or other characters."""
    digits = bytes(readable(data))
    if len(digits) % 2:
        raise ValueError("odd-length string")
    if not _HEX.issuperset(digits):
        raise ValueError("non-hex digit found")
    return binascii.unhexlify(digits)


@native(1)
def a2b_base64(data: object, /) -> bytes:
    """Return the bytes for base 64 text; other characters are skipped, all after the padding is ignored.

    Raises ValueError "incorrect padding". Unlike the host's, one ``=`` with text after it does not end the data.
    """
    out = bytearray()
    pending = bits = 0
    padded = False
    for code in readable(data):
        if code == ord("="):
            # two bits left over need one "=", four need two in a row (other characters may stand between)
            if bits == 2 or (bits == 4 and padded):
                bits = 0
                break
            padded = True
        elif code in _BASE64:
            padded = False
            pending = (pending << 6 | _BASE64[code]) & 0xFFFF
            bits += 6
            if bits >= 8:
                bits -= 8
                out.append(pending >> bits & 0xFF)
    if bits:
        raise ValueError("incorrect padding")
    return bytes(out)


@native(1)
def b2a_base64(data: object, /) -> bytes:
    """Return base 64 text for ``data``, always with a newline at the end."""
    return binascii.b2a_base64(readable(data))


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ubinascii``."""
    return {
        "__name__": "ubinascii",
        "a2b_base64": a2b_base64,
        "b2a_base64": b2a_base64,
        "hexlify": hexlify,
        "unhexlify": unhexlify,
    }
