"""Certificates made on the spot. The only module that imports trustme."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leaf:
    """A server's certificate chain and private key, PEM."""

    chain: bytes
    key: bytes


class Authority:
    """A fresh certificate authority; ``name`` is what notes and browsers show for it."""

    def __init__(self, name: str) -> None:
        import trustme

        self._ca = trustme.CA(
            organization_name=name, organization_unit_name="made for one run", key_type=trustme.KeyType.ECDSA
        )

    @property
    def pem(self) -> bytes:
        """The CA's certificate: what is uploaded to the board."""
        return self._ca.cert_pem.bytes()

    def issue(self, *names: str) -> Leaf:
        """A certificate for these host names or addresses."""
        import trustme

        leaf = self._ca.issue_cert(*names, common_name=names[0], key_type=trustme.KeyType.ECDSA)
        return Leaf(b"".join(blob.bytes() for blob in leaf.cert_chain_pems), leaf.private_key_pem.bytes())
