"""The modes of ``ucrypto.AES`` (firmware: esp32/mods/moducrypto.c; ESP-IDF: hwcrypto/aes.c).

An object of the board keeps one state for both directions: what was encrypted goes on where it stopped, and so does what is
decrypted after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.ciphers import Aes

BLOCK = 16
_WRONG_LENGTH = "Input strings must be a multiple of 16 in length"


def _mixed(data: bytes, stream: bytes) -> bytes:
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")).to_bytes(len(data), "big")


def _whole(data: bytes) -> bytes:
    if len(data) % BLOCK:
        raise ValueError(_WRONG_LENGTH)
    return data


class Mode:
    """A way to use the cipher. ``state``: the vector or counter."""

    __slots__ = ("_aes", "_offset", "_state")

    def __init__(self, aes: Aes, state: bytes) -> None:
        self._aes = aes
        self._state = state
        self._offset = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def encrypt(self, data: bytes) -> bytes:
        """Return ``data`` encrypted. Raises ValueError for a length that the mode does not take."""
        raise NotImplementedError

    def decrypt(self, data: bytes) -> bytes:
        """Return ``data`` decrypted. Raises ValueError for a length that the mode does not take."""
        raise NotImplementedError


class Ecb(Mode):
    """Each block for itself."""

    __slots__ = ()

    def encrypt(self, data: bytes) -> bytes:
        return self._aes.encrypt(_whole(data))

    def decrypt(self, data: bytes) -> bytes:
        return self._aes.decrypt(_whole(data))


class Cbc(Mode):
    """Each block mixed with the one before."""

    __slots__ = ()

    def encrypt(self, data: bytes) -> bytes:
        out = self._aes.encrypt_cbc(_whole(data), self._state)
        self._state = (self._state + out)[-BLOCK:]
        return out

    def decrypt(self, data: bytes) -> bytes:
        out = self._aes.decrypt_cbc(_whole(data), self._state)
        self._state = (self._state + data)[-BLOCK:]
        return out


class Cfb8(Mode):
    """A stream that depends on the last 16 bytes of what is encrypted, a byte at a time."""

    __slots__ = ()

    def encrypt(self, data: bytes) -> bytes:
        out, block = bytearray(self._state), self._aes.encrypt
        for at, byte in enumerate(data):
            out.append(byte ^ block(bytes(out[at : at + BLOCK]))[0])
        self._state = bytes(out[-BLOCK:])
        return bytes(out[BLOCK:])

    def decrypt(self, data: bytes) -> bytes:
        known = self._state + data
        self._state = known[-BLOCK:]
        windows = b"".join(known[at : at + BLOCK] for at in range(len(data)))
        return _mixed(data, self._aes.encrypt(windows)[::BLOCK])


class Cfb128(Mode):
    """A stream that depends on the block before of what is encrypted; a block may be given in parts."""

    __slots__ = ()

    def encrypt(self, data: bytes) -> bytes:
        return self._run(data, encrypting=True)

    def decrypt(self, data: bytes) -> bytes:
        return self._run(data, encrypting=False)

    def _run(self, data: bytes, *, encrypting: bool) -> bytes:
        # the state: encrypted bytes of this block up to the offset, the stream behind it
        out = bytearray()
        at = 0
        while at < len(data):
            offset = self._offset
            if offset == 0:
                self._state = self._aes.encrypt(self._state)
            part = data[at : at + BLOCK - offset]
            mixed = _mixed(part, self._state[offset:])
            kept = mixed if encrypting else part
            self._state = self._state[:offset] + kept + self._state[offset + len(part) :]
            self._offset = (offset + len(part)) % BLOCK
            out += mixed
            at += len(part)
        return bytes(out)


class Ctr(Mode):
    """A stream of encrypted counters, the same in both directions."""

    __slots__ = ("_stream",)

    def __init__(self, aes: Aes, state: bytes) -> None:
        super().__init__(aes, state)
        self._stream = b""  # what is left of the last block

    def encrypt(self, data: bytes) -> bytes:
        missing = len(data) - len(self._stream)
        if missing > 0:
            blocks = -(-missing // BLOCK)
            first = int.from_bytes(self._state, "big")
            counters = b"".join(((first + n) % (1 << 128)).to_bytes(BLOCK, "big") for n in range(blocks))
            self._state = ((first + blocks) % (1 << 128)).to_bytes(BLOCK, "big")
            self._stream += self._aes.encrypt(counters)
        out = _mixed(data, self._stream)
        self._stream = self._stream[len(data) :]
        return out

    decrypt = encrypt
