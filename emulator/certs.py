"""Certificates made on the spot. The only module that imports trustme."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

KeyKind = Literal["rsa", "ec"]

MAX_COMMON_NAME: Final = 64
"""Characters a common name may have (RFC 5280, upper bounds)."""

FILE_NAMES: Final = ("ca.pem", "server.crt", "server.key", "client.crt", "client.key")


@dataclass(frozen=True)
class Leaf:
    """A certificate chain and its private key, PEM. Its ``repr`` shows neither."""

    chain: bytes
    key: bytes

    def __repr__(self) -> str:
        return "<Leaf>"


class Authority:
    """A fresh certificate authority; ``name`` is what notes and browsers show for it, ``key`` the kind of all its keys.

    RSA keys have 2048 bits, EC keys lie on P-256; signatures are made with SHA-256.
    """

    def __init__(self, name: str, key: KeyKind = "ec") -> None:
        import trustme

        self._key = trustme.KeyType.RSA if key == "rsa" else trustme.KeyType.ECDSA
        self._name = name
        self._ca = trustme.CA(organization_name=name, organization_unit_name="made for one run", key_type=self._key)

    @property
    def pem(self) -> bytes:
        """The CA's certificate: what is uploaded to the board."""
        return self._ca.cert_pem.bytes()

    def issue(self, *names: str) -> Leaf:
        """A certificate for these host names or addresses; the first is its common name, where it is short enough.

        Raises ValueError for a name that no certificate can hold.
        """
        common_name = names[0] if len(names[0]) <= MAX_COMMON_NAME else None
        leaf = self._ca.issue_cert(
            *names,
            common_name=common_name,
            organization_name=self._name,
            organization_unit_name="made for one run",
            key_type=self._key,
        )
        return Leaf(b"".join(blob.bytes() for blob in leaf.cert_chain_pems), leaf.private_key_pem.bytes())


def make_set(names: Sequence[str], client: str, key: KeyKind) -> dict[str, bytes]:
    """A CA, a server's certificate for ``names`` and a client's for ``client``: file name -> PEM.

    The CA's own key is forgotten, so nobody can sign with it later. Raises ValueError for a name that no certificate can hold.
    """
    # Two sets must not look alike: a note names the CA that was looked for and those that were there.
    authority = Authority(f"Pycom emulator CA {secrets.token_hex(4)}", key)
    server, own = authority.issue(*names), authority.issue(client)
    return dict(zip(FILE_NAMES, (authority.pem, server.chain, server.key, own.chain, own.key), strict=True))


def write_set(folder: Path, files: Mapping[str, bytes], *, force: bool) -> list[Path]:
    """Write all files or, where one cannot be written, none that was not there before; keys are for the owner alone.

    Raises FileExistsError where a file is there already and ``force`` is not given, and other OSErrors of the host.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in files]
    taken = next((path for path in paths if os.path.lexists(path)), None)
    if taken is not None and not force:
        raise FileExistsError(str(taken))
    folder_in_the_way = next((path for path in paths if path.is_dir()), None)
    if folder_in_the_way is not None:
        raise IsADirectoryError(errno.EISDIR, f"{folder_in_the_way.name} is a folder", str(folder_in_the_way))
    new = [path.with_name(f".{path.name}.{os.getpid()}.new") for path in paths]
    done: list[Path] = []
    try:
        for path, content in zip(new, files.values(), strict=True):
            mode = 0o600 if ".key" in path.suffixes else 0o644
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                done.append(path)
                file.write(content)
        for path, final in zip(new, paths, strict=True):
            path.replace(final)
    except BaseException:
        for path in done:
            with suppress(OSError):
                path.unlink()
        raise
    return paths
