"""``ucrypto``: AES, random bits and RSA (firmware: esp32/mods/moducrypto.c).

Keys stay in the objects that use them: no error and no note holds any part of one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import REQUIRED, bind, native
from emulator.firmware._convert import check_memory, encode, readable, to_text
from emulator.firmware._natives import hide, no_instances, to_word

if TYPE_CHECKING:
    from emulator.device import Device
    from emulator.firmware._aes_modes import Mode

ECB, CBC, CFB, CTR = 1, 2, 3, 6
SEGMENT_8, SEGMENT_128 = 8, 128
_AES_ARGUMENTS: dict[str, Any] = {"key": REQUIRED, "mode": ECB, "IV": None, "counter": None, "segment_size": -1}


class AESCipher:
    """What ``AES(...)`` makes."""

    __slots__ = ("mode",)
    __new__ = no_instances
    __hash__ = None  # type: ignore[assignment]

    @native(2)
    def encrypt(self, plaintext: object, /) -> bytes:
        mode: Mode = _mode.__get__(self)
        return mode.encrypt(bytes(readable(plaintext)))

    @native(2)
    def decrypt(self, ciphertext: object, /) -> bytes:
        mode: Mode = _mode.__get__(self)
        return mode.decrypt(bytes(readable(ciphertext)))


_mode = hide(AESCipher, "mode")


class AES:
    """``AES(key, mode=MODE_ECB, IV=None, counter=None, segment_size=8)`` gives an ``AESCipher``."""

    __slots__ = ()
    MODE_ECB, MODE_CBC, MODE_CFB, MODE_CTR = ECB, CBC, CFB, CTR
    SEGMENT_8, SEGMENT_128 = SEGMENT_8, SEGMENT_128

    def __new__(cls, *args: object, **kwargs: object) -> Any:
        given = bind(args, kwargs, _AES_ARGUMENTS, {})
        made: AESCipher = object.__new__(AESCipher)
        _mode.__set__(made, _mode_of(given))
        return made


def _mode_of(given: dict[str, Any]) -> Mode:
    """Look at the arguments in the board's order. Raises TypeError, ValueError."""
    mode, segment = to_word(given["mode"]), to_word(given["segment_size"])
    vector, counter = given["IV"], given["counter"]
    secret = bytes(readable(given["key"]))
    if len(secret) not in (16, 24, 32):
        raise ValueError("AES key must be either 16, 24, or 32 bytes long")
    if mode not in (ECB, CBC, CFB, CTR):
        raise ValueError(f"Unknown cipher feedback mode {mode}")
    state = bytes(16)  # of an object that the board has just cleared
    if mode in (CBC, CFB) and vector is not None:
        state = bytes(readable(vector))
        if len(state) != 16:
            raise ValueError("IV must be 16 bytes long")
    if mode == CTR:
        state = bytes(readable(counter))
        if len(state) != 16:
            raise ValueError("Initial counter value must be 16 bytes long")
    elif counter is not None:
        raise ValueError("'counter' parameter only useful with CTR mode")
    segment = SEGMENT_8 if segment == -1 else segment
    if mode == CFB and segment not in (SEGMENT_8, SEGMENT_128):
        raise ValueError("segment_size must be 8 or 128")

    from emulator.ciphers import Aes
    from emulator.firmware import _aes_modes as modes

    kinds = {ECB: modes.Ecb, CBC: modes.Cbc, CTR: modes.Ctr}
    kind = kinds.get(mode) or (modes.Cfb128 if segment == SEGMENT_128 else modes.Cfb8)
    return kind(Aes(secret), state)


def _c_string(text: str) -> bytes:
    return encode(text).partition(b"\0")[0]


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ucrypto``."""

    def refused(name: str, number: int, remark: str, error: Exception) -> Exception:
        from flashfs.notes import Note
        from ussl_shim.errors import describe

        title = f"ucrypto.{name}: {describe(number)}"
        device.note(Note("crypto-key", title, cause=remark, source="esp32/mods/moducrypto.c, mbedTLS 2.16"))
        return error

    def parsed(name: str, parse: Callable[[bytes], Any], key: bytes, text: Callable[[int], str]) -> Any:
        from ussl_shim.certfiles import FileRefusedError

        try:
            return parse(key)
        except FileRefusedError as exc:
            number, remark = exc.number, exc.remark.replace("the file", "the text")
        raise refused(name, number, remark, ValueError(text(number)))

    def used(
        name: str, use: Callable[[Any, bytes], bytes], key: Any, message: bytes, text: Callable[[int], str]
    ) -> bytes:
        from emulator.firmware._keys import REASONS, KeyUseError

        try:
            return use(key, message)
        except KeyUseError as exc:
            number = exc.number
        raise refused(name, number, REASONS.get(number, ""), RuntimeError(text(number)))

    @native(1)
    def getrandbits(bits: object, /) -> bytes:
        """Return random bytes: as many bits as asked for, rounded up to a multiple of 32."""
        asked = to_word(bits) & 0xFFFFFFFF
        words = (asked + (32 if asked & 31 else 0) & 0xFFFFFFFF) >> 5
        check_memory(4 * words + 1, device.board.model.memory.heap_bytes)
        return os.urandom(4 * words)

    def generate_rsa_signature(*args: object, **kwargs: object) -> bytes:
        """Return the signature of ``message`` (SHA-256) by the private key, a PEM text."""
        given = bind(args, kwargs, {"message": REQUIRED, "private_key": REQUIRED}, {"pers": ""})
        message, key = _c_string(to_text(given["message"])), _c_string(to_text(given["private_key"]))
        to_text(given["pers"])
        from emulator.firmware._keys import sign
        from ussl_shim.certfiles import parse_key

        found = parsed(
            "generate_rsa_signature",
            lambda text: parse_key(text, password=False).numbers,
            key,
            lambda number: f"Invalid Private Key, error code: {number}",
        )
        return used(
            "generate_rsa_signature", sign, found, message, lambda number: f"Signing failed, error code: {number}!"
        )

    def rsa_encrypt(*args: object, **kwargs: object) -> bytes:
        """Return ``message`` encrypted for the owner of the public key, a PEM text."""
        given = bind(args, kwargs, {"message": REQUIRED, "key": REQUIRED}, {})
        key = _c_string(to_text(given["key"]))
        message = bytes(readable(given["message"]))
        from emulator.firmware._keys import encrypt
        from ussl_shim.certfiles import parse_public_key

        found = parsed(
            "rsa_encrypt",
            parse_public_key,
            key,
            lambda number: f"Invalid public key, mbedtls error code: 0x{-number:X}",
        )
        return used(
            "rsa_encrypt",
            encrypt,
            found,
            message,
            lambda number: f"Encrypt failed, mbedtls error code: 0x{-number:X}!",
        )

    def rsa_decrypt(*args: object, **kwargs: object) -> bytes:
        """Return what ``rsa_encrypt`` was given; the private key is a PEM text."""
        given = bind(args, kwargs, {"message": REQUIRED, "key": REQUIRED}, {})
        key = _c_string(to_text(given["key"]))
        message = bytes(readable(given["message"]))
        from emulator.firmware._keys import decrypt
        from ussl_shim.certfiles import parse_key

        found = parsed(
            "rsa_decrypt",
            lambda text: parse_key(text, password=False).numbers,
            key,
            lambda number: f"Invalid private key, mbedtls error code: 0x{-number:X}",
        )
        return used(
            "rsa_decrypt",
            decrypt,
            found,
            message,
            lambda number: f"Decrypt failed, mbedtls error code: 0x{-number:X}!",
        )

    return {
        "__name__": "ucrypto",
        "AES": AES,
        "generate_rsa_signature": generate_rsa_signature,
        "getrandbits": getrandbits,
        "rsa_decrypt": rsa_decrypt,
        "rsa_encrypt": rsa_encrypt,
    }
