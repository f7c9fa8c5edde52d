"""Over generated chains: what our verifier accepts, OpenSSL accepts in a real handshake, but for the board's own laxness.

Once as the chains of servers judged by a client, once as those of clients judged by a server.

OpenSSL runs with what brings it closest to the board: no dates, any anchor, security level 0. Each rule in which the
board is laxer is named below and counted; a chain that OpenSSL refuses for any other reason is a failure.
"""

from __future__ import annotations

import functools
import random
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.ussl_shim import certs as made_by
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Issued
from ussl_shim import certificate
from ussl_shim.certificate import CLIENT_AUTH, SERVER_AUTH, Certificate
from ussl_shim.trust import Verdict, check_peer
from ussl_shim.x509 import signed_by

SEED = 4711
RUNS = [
    pytest.param(800, id="some"),
    pytest.param(20_000, id="many", marks=[pytest.mark.nightly, pytest.mark.timeout(1500)]),
]
NO_CHECK_TIME, PARTIAL_CHAIN = 0x200000, 0x80000
HOSTS = ("device.test", "a.wild.test", "a.b.wild.test", "other.test", "top.test")
NAMES: tuple[tuple[str, ...], ...] = (
    ("device.test",),
    ("DEVICE.test", "other.test"),
    ("*.wild.test",),
    ("*.b.wild.test", "*.wild.test"),
    ("*.test",),
)


class Keys:
    """A pool of keys by kind; making them is what costs time."""

    def __init__(self) -> None:
        curves: dict[str, ec.EllipticCurve] = {"p-256": ec.SECP256R1(), "p-384": ec.SECP384R1()}
        self._pool: dict[str, list[Any]] = {
            name: [ec.generate_private_key(curve) for _ in range(6)] for name, curve in curves.items()
        }
        self._pool["rsa-2048"] = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
        self._pool["rsa-1024"] = [rsa.generate_private_key(65537, 1024) for _ in range(2)]

    def draw(self, rng: random.Random) -> Any:
        return rng.choice(self._pool[rng.choices(list(self._pool), (8, 3, 3, 1))[0]])


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@dataclass
class Chain:
    """A generated chain from the leaf up, ``sent`` in some order, and the anchors the client has."""

    made: list[Issued]
    sent: list[Issued]
    anchors: list[Issued]
    host: str | None
    traits: set[str] = field(default_factory=set)
    purpose: str = SERVER_AUTH

    @property
    def of_client(self) -> bool:
        return self.purpose == CLIENT_AUTH


def often(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def _usage(rng: random.Random, *, ca: bool) -> x509.KeyUsage:
    names = ("digital_signature", "key_encipherment", "key_cert_sign", "crl_sign", "key_agreement")
    chosen = {name: often(rng, 0.5) for name in names}
    if ca and often(rng, 0.7):
        chosen["key_cert_sign"] = True
    if not ca and often(rng, 0.7):
        chosen["digital_signature"] = True
    if not any(chosen.values()):
        chosen["crl_sign"] = True  # neither reads an extension without bits
    return made_by._usage(**chosen)


def _issue(
    rng: random.Random,
    keys: Keys,
    subject: str,
    issuer: Issued | None,
    *,
    level: int,
    traits: set[str],
    purpose: str = SERVER_AUTH,
) -> Issued:
    """One certificate; ``level`` 0 is the leaf."""
    key = keys.draw(rng)
    signer = issuer.key if issuer is not None else key
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    days = rng.choice(((-30.0, 3000.0), (-900.0, -400.0), (400.0, 900.0)))
    builder = made_by._builder(name, issuer.name if issuer is not None else name, key, *days)
    ca = often(rng, 0.95) if level else often(rng, 0.1)
    if often(rng, 0.9):
        length = rng.choice((0, 0, 1, 2, 5)) if ca and often(rng, 0.2) else None
        builder = builder.add_extension(x509.BasicConstraints(ca, length), critical=often(rng, 0.8))
    if often(rng, 0.4):
        builder = builder.add_extension(_usage(rng, ca=level > 0), critical=often(rng, 0.5))
    if often(rng, 0.3 if not level else 0.1):
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CODE_SIGNING]
        chosen = rng.sample(purposes, rng.randrange(1, 3))
        if often(rng, 0.5):
            chosen = list({*chosen, x509.ObjectIdentifier(purpose)})
        builder = builder.add_extension(x509.ExtendedKeyUsage(chosen), critical=False)
    if not level and often(rng, 0.8):
        alternatives = [x509.DNSName(one) for one in rng.choice(NAMES)]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if level and often(rng, 0.05):
        constraint = x509.NameConstraints([x509.DNSName(rng.choice(("test", "elsewhere")))], None)
        builder = builder.add_extension(constraint, critical=False)
        traits.add("name constraints")
    if issuer is not None and often(rng, 0.15):
        right = often(rng, 0.6)
        of = issuer.key.public_key() if right else keys.draw(rng).public_key()
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(of), critical=False)
        traits.add("key identifiers")
    if often(rng, 0.3):
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    digest = rng.choices((hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA1()), (8, 2, 1, 1))[0]
    if isinstance(digest, hashes.SHA1) and not isinstance(signer, rsa.RSAPrivateKey):
        digest = hashes.SHA256()
    return Issued(made_by._sign(builder, signer, digest), key)


def generate(rng: random.Random, keys: Keys, purpose: str = SERVER_AUTH) -> Chain:
    traits: set[str] = set()
    depth = rng.choices((1, 2, 3, 4, 8, 10), (2, 6, 6, 3, 1, 1))[0]
    made: list[Issued] = []
    issuer: Issued | None = None
    for level in range(depth - 1, -1, -1):
        subject = f"CA {level}" if level else rng.choice(("device.test", "*.wild.test", "x"))
        if level and issuer is not None and often(rng, 0.05):
            subject = issuer.name.rfc4514_string().removeprefix("CN=")  # self-issued: its issuer's name again
        issuer = _issue(rng, keys, subject, issuer, level=level, traits=traits, purpose=purpose)
        made.insert(0, issuer)
    leaf, *rest = made
    others = [_issue(rng, keys, "stranger", None, level=1, traits=traits)]
    root = made[-1]
    if depth > 1 and often(rng, 0.2):
        # the same name and key once more, signed by a stranger or by itself
        other = others[0]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, root.name.rfc4514_string().removeprefix("CN="))])
        builder = made_by._builder(name, other.name, root.key)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        others.append(Issued(made_by._sign(builder, other.key), root.key))
        traits.add("cross-signed")
    sent = list(rest[:-1] if often(rng, 0.6) else rest)
    if often(rng, 0.2):
        sent += [rng.choice(others)]
    if often(rng, 0.15) and sent:
        sent.remove(rng.choice(sent))
    if often(rng, 0.2):
        rng.shuffle(sent)
    anchors = [rng.choices((root, rng.choice(made), rng.choice(others)), (8, 2, 2))[0]]
    if often(rng, 0.2):
        anchors.append(rng.choice(others))
    host = rng.choice((None, None, *HOSTS))
    return Chain(made, [leaf, *sent], anchors, None if purpose == CLIENT_AUTH else host, traits, purpose)


def ours(chain: Chain) -> Verdict:
    parsed = [certificate.parse(one.der) for one in chain.sent]
    anchors = [certificate.parse(one.der) for one in chain.anchors]
    host = None if chain.host is None else chain.host.encode()
    usage = certificate.DIGITAL_SIGNATURE
    return check_peer(parsed, anchors, signed_by, host=host, purpose=chain.purpose, key_usage=usage)


@functools.cache
def _own() -> Issued:
    """What the server shows where it is the client that is judged."""
    return made_by.Certificates()["p-256"]


def openssl_refuses(chain: Chain) -> tuple[int, str] | None:
    """OpenSSL's verdict in a handshake in memory: None, or its code and text."""
    leaf, *sent = chain.sent
    shown = Issued(leaf.der, leaf.key, tuple(one.der for one in sent))
    trust = b"".join(one.pem for one in chain.anchors)
    if chain.of_client:
        server = judge = peers.server_context(_own(), tickets=False, require=True, trust=trust)
        client = peers.client_context(own=shown)
    else:
        server = peers.server_context(shown, tickets=False)
        client = judge = peers.client_context(trust=trust, check_name=chain.host is not None)
    judge.verify_flags &= ~ssl.VERIFY_X509_STRICT
    judge.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME | PARTIAL_CHAIN)
    ours_in, theirs_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(ours_in, theirs_in, server_hostname=chain.host)
    there = server.wrap_bio(theirs_in, ours_in, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as exc:
                return exc.verify_code, exc.verify_message
    assert here.version() is not None
    return None


# The rules in which the board is laxer


def _issuers_purpose(chain: Chain, path: Sequence[Certificate], code: int) -> bool:
    """The board looks at the extended key usage of the leaf only."""
    return code in (24, 26, 79) and any(not one.allows_purpose(chain.purpose) for one in path[1:])


def _name_constraints(chain: Chain, path: Sequence[Certificate], code: int) -> bool:
    """The board skips name constraints that are not critical (and cannot read a CA whose are)."""
    return code in (47, 48, 51, 53) and "name constraints" in chain.traits


def _key_identifiers(chain: Chain, path: Sequence[Certificate], code: int) -> bool:
    """The board finds issuers by name and signature; OpenSSL wants the key identifiers to agree, too."""
    return code in (2, 18, 19, 20, 21) and "key identifiers" in chain.traits


def _wildcard_of_a_top_level(chain: Chain, path: Sequence[Certificate], code: int) -> bool:
    """The board lets ``*.test`` stand for ``device.test``."""
    return code == 62 and not chain.of_client and b"*.test" in (path[0].dns_names or path[0].common_names)


def _taken_for_self_signed(chain: Chain, path: Sequence[Certificate], code: int) -> bool:
    """The board checks the signature of a CA whose issuer has its name; OpenSSL, without key identifiers, does not look."""
    return code in (7, 18, 19) and any(one.self_issued for one in path[:-1])


def _one_of_several(chain: Chain, path: Sequence[Certificate], code: int) -> bool:
    """Of several issuers of one name the board tries each, OpenSSL the first. Offered the right one, it accepts."""
    subjects = Counter(one.name for one in {one.der: one for one in (*chain.sent, *chain.anchors)}.values())
    if max(subjects.values()) < 2:
        return False
    known = {one.der: one for one in (*chain.sent, *chain.anchors)}
    *sent, anchor = (known[one.der] for one in path)
    if not sent:
        return False
    narrow = replace(chain, sent=sent, anchors=[anchor])
    refusal = openssl_refuses(narrow)
    rest = (rule for rule in LAXER.values() if rule is not _one_of_several)
    return refusal is None or any(rule(narrow, path, refusal[0]) for rule in rest)


LAXER: dict[str, Callable[[Chain, Sequence[Certificate], int], bool]] = {
    "extended key usage of an issuer": _issuers_purpose,
    "name constraints": _name_constraints,
    "key identifiers": _key_identifiers,
    "wildcard of a top level": _wildcard_of_a_top_level,
    "taken for self-signed": _taken_for_self_signed,
    "one of several issuers of a name": _one_of_several,
}


@pytest.mark.parametrize("count", RUNS)
@pytest.mark.parametrize("purpose", [SERVER_AUTH, CLIENT_AUTH], ids=["servers", "clients"])
def test_not_laxer_than_openssl(purpose: str, count: int, keys: Keys) -> None:
    tally: Counter[str] = Counter()
    count = count // 4 if purpose == CLIENT_AUTH else count
    for number in range(count):
        rng = random.Random(f"{SEED} {number}")
        chain = generate(rng, keys, purpose)
        verdict = ours(chain)
        if verdict.flags:
            tally["refused"] += 1
            continue
        tally["accepted"] += 1
        tally.update(f"accepted, {trait}" for trait in chain.traits)
        tally[f"accepted, {len(verdict.path)} long"] += 1
        refusal = openssl_refuses(chain)
        if refusal is None:
            continue
        reason = next((name for name, is_it in LAXER.items() if is_it(chain, verdict.path, refusal[0])), None)
        assert reason is not None, f"chain {number}: accepted, but OpenSSL says {refusal}, {chain.traits}"
        tally[reason] += 1
    print(dict(tally))
    assert tally["accepted"] > count // 10
    assert tally["refused"] > count // 10
    laxer = set(LAXER) - ({"wildcard of a top level"} if purpose == CLIENT_AUTH else set())
    if count >= 5_000:
        assert all(tally[name] for name in laxer), tally
