"""The elliptic curves of the board, and the little arithmetic that reading certificates and keys takes. Pure.

Curves: SEC 2 and RFC 5639 (board: mbedTLS 2.16.2 ecp_curves.c, esp32/sdkconfig.h for which of them there are). Nothing
here needs to hide what it computes with: it reads files, and signs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple


class Point(NamedTuple):
    """An affine point of a curve; the point at infinity is None wherever one may come out."""

    x: int
    y: int


@dataclass(frozen=True)
class Curve:
    """``y**2 = x**3 + a*x + b`` modulo ``p``; the base point (``x``, ``y``) has the order ``n``."""

    name: str
    oid: str
    p: int
    a: int
    b: int
    n: int
    x: int
    y: int

    @cached_property
    def bits(self) -> int:
        """The size of a coordinate."""
        return self.p.bit_length()

    @cached_property
    def size(self) -> int:
        """Bytes of a coordinate."""
        return (self.bits + 7) // 8

    @property
    def base(self) -> Point:
        return Point(self.x, self.y)

    def has(self, point: Point) -> bool:
        """True for a point on the curve with coordinates in range."""
        x, y = point
        return x < self.p and y < self.p and (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def add(self, one: Point | None, other: Point | None) -> Point | None:
        """The sum of two points on the curve."""
        if one is None or other is None:
            return other if one is None else one
        p = self.p
        if one.x == other.x:
            if (one.y + other.y) % p == 0:
                return None
            slope = (3 * one.x * one.x + self.a) * pow(2 * one.y, -1, p) % p
        else:
            slope = (other.y - one.y) * pow(other.x - one.x, -1, p) % p
        x = (slope * slope - one.x - other.x) % p
        return Point(x, (slope * (one.x - x) - one.y) % p)

    def multiply(self, number: int, point: Point) -> Point | None:
        """``number`` times a point on the curve."""
        result: Point | None = None
        doubled: Point | None = point
        while number:
            if number & 1:
                result = self.add(result, doubled)
            doubled = self.add(doubled, doubled)
            number >>= 1
        return result

    def encode(self, point: Point) -> bytes:
        """The point uncompressed (SEC 1)."""
        return b"\4" + point.x.to_bytes(self.size, "big") + point.y.to_bytes(self.size, "big")

    def verifies(self, point: Point, digest: bytes, r: int, s: int) -> bool:
        """True where (``r``, ``s``) is an ECDSA signature of ``digest`` by the owner of ``point`` (SEC 1, 4.1.4)."""
        if not (0 < r < self.n and 0 < s < self.n):
            return False
        number = int.from_bytes(digest, "big") >> max(8 * len(digest) - self.n.bit_length(), 0)
        inverse = pow(s, -1, self.n)
        first = self.multiply(number * inverse % self.n, self.base)
        found = self.add(first, self.multiply(r * inverse % self.n, point))
        return found is not None and found.x % self.n == r


def _long(*digits: str) -> int:
    return int("".join(digits), 16)


_ALL: Final = (
    Curve(
        "secp192r1",
        "1.2.840.10045.3.1.1",
        p=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFFFFFFFFFF,
        a=-3,
        b=0x64210519E59C80E70FA7E9AB72243049FEB8DEECC146B9B1,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831,
        x=0x188DA80EB03090F67CBF20EB43A18800F4FF0AFD82FF1012,
        y=0x7192B95FFC8DA78631011ED6B24CDD573F977A11E794811,
    ),
    Curve(
        "secp224r1",
        "1.3.132.0.33",
        p=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000000000000000000000001,
        a=-3,
        b=0xB4050A850C04B3ABF54132565044B0B7D7BFD8BA270B39432355FFB4,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFF16A2E0B8F03E13DD29455C5C2A3D,
        x=0xB70E0CBD6BB4BF7F321390B94A03C1D356C21122343280D6115C1D21,
        y=0xBD376388B5F723FB4C22DFE6CD4375A05A07476444D5819985007E34,
    ),
    Curve(
        "secp256r1",
        "1.2.840.10045.3.1.7",
        p=0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
        a=-3,
        b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        x=0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        y=0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    Curve(
        "secp384r1",
        "1.3.132.0.34",
        p=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF,
        a=-3,
        b=0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        x=0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        y=0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
    Curve(
        "secp521r1",
        "1.3.132.0.35",
        p=_long(
            "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
            "FFF",
        ),
        a=-3,
        b=_long(
            "51953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109",
            "E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F",
            "00",
        ),
        n=_long(
            "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
            "FFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386",
            "409",
        ),
        x=_long(
            "C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3D",
            "BAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD",
            "66",
        ),
        y=_long(
            "11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E6",
            "62C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16",
            "650",
        ),
    ),
    Curve(
        "secp192k1",
        "1.3.132.0.31",
        p=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFEE37,
        a=0x0,
        b=0x3,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFE26F2FC170F69466A74DEFD8D,
        x=0xDB4FF10EC057E9AE26B07D0280B7F4341DA5D1B1EAE06C7D,
        y=0x9B2F2F6D9C5628A7844163D015BE86344082AA88D95E2F9D,
    ),
    Curve(
        "secp224k1",
        "1.3.132.0.32",
        p=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFE56D,
        a=0x0,
        b=0x5,
        n=0x10000000000000000000000000001DCE8D2EC6184CAF0A971769FB1F7,
        x=0xA1455B334DF099DF30FC28A169A467E9E47075A90F7E650EB6B7A45C,
        y=0x7E089FED7FBA344282CAFBD6F7E319F7C0B0BD59E2CA4BDB556D61A5,
    ),
    Curve(
        "secp256k1",
        "1.3.132.0.10",
        p=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F,
        a=0x0,
        b=0x7,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
        x=0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        y=0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
    ),
    Curve(
        "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.7",
        p=0xA9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377,
        a=0x7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9,
        b=0x26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6,
        n=0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
        x=0x8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262,
        y=0x547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997,
    ),
    Curve(
        "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.11",
        p=0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B412B1DA197FB71123ACD3A729901D1A71874700133107EC53,
        a=0x7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826,
        b=0x4A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11,
        n=0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565,
        x=0x1D1C64F068CF45FFA2A63A81B7C13F6B8847A3E77EF14FE3DB7FCAFE0CBD10E8E826E03436D646AAEF87B2E247D4AF1E,
        y=0x8ABE1D7520F9C2A45CB1EB8E95CFD55262B70B29FEEC5864E19C054FF99129280E4646217791811142820341263C5315,
    ),
    Curve(
        "brainpoolP512r1",
        "1.3.36.3.3.2.8.1.1.13",
        p=_long(
            "AADD9DB8DBE9C48B3FD4E6AE33C9FC07CB308DB3B3C9D20ED6639CCA70330871",
            "7D4D9B009BC66842AECDA12AE6A380E62881FF2F2D82C68528AA6056583A48F3",
        ),
        a=_long(
            "7830A3318B603B89E2327145AC234CC594CBDD8D3DF91610A83441CAEA9863BC",
            "2DED5D5AA8253AA10A2EF1C98B9AC8B57F1117A72BF2C7B9E7C1AC4D77FC94CA",
        ),
        b=_long(
            "3DF91610A83441CAEA9863BC2DED5D5AA8253AA10A2EF1C98B9AC8B57F1117A7",
            "2BF2C7B9E7C1AC4D77FC94CADC083E67984050B75EBAE5DD2809BD638016F723",
        ),
        n=_long(
            "AADD9DB8DBE9C48B3FD4E6AE33C9FC07CB308DB3B3C9D20ED6639CCA70330870",
            "553E5C414CA92619418661197FAC10471DB1D381085DDADDB58796829CA90069",
        ),
        x=_long(
            "81AEE4BDD82ED9645A21322E9C4C6A9385ED9F70B5D916C1B43B62EEF4D0098E",
            "FF3B1F78E2D0D48D50D1687B93B97D5F7C6D5047406A5E688B352209BCB9F822",
        ),
        y=_long(
            "7DDE385D566332ECC0EABFA9CF7822FDF209F70024A57B1AA000C55B881F8111",
            "B2DCDE494A5F485E5BCA4BD88A2763AED1CA2B2FA8F0540678CD1E0F3AD80892",
        ),
    ),
)

CURVES: Final[dict[str, Curve]] = {curve.oid: curve for curve in _ALL}
"""By object identifier."""

BY_NAME: Final[dict[str, Curve]] = {curve.name: curve for curve in _ALL}
