"""Block ciphers, by `cryptography`. The only module of this package that imports it, and only when called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

BLOCK = 16
"""Bytes of an AES block."""


class Aes:
    """AES with one key of 16, 24 or 32 bytes, on whole blocks. Its ``repr`` holds nothing secret."""

    __slots__ = ("_blocks", "_key")

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        self._key = algorithms.AES(key)
        self._blocks: Cipher[ECB] = Cipher(self._key, modes.ECB())

    def __repr__(self) -> str:
        return "<Aes>"

    def encrypt(self, data: bytes) -> bytes:
        """Each block for itself."""
        return self._blocks.encryptor().update(data)

    def decrypt(self, data: bytes) -> bytes:
        """Each block for itself."""
        return self._blocks.decryptor().update(data)

    def encrypt_cbc(self, data: bytes, vector: bytes) -> bytes:
        """Each block mixed with the one before."""
        return self._chain(vector).encryptor().update(data)

    def decrypt_cbc(self, data: bytes, vector: bytes) -> bytes:
        """The reverse of :meth:`encrypt_cbc`."""
        return self._chain(vector).decryptor().update(data)

    def _chain(self, vector: bytes) -> Cipher[CBC]:
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        return Cipher(self._key, modes.CBC(vector))
