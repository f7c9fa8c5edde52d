"""Hashes: published test values, and the one engine of the board."""

from __future__ import annotations

import hashlib

import pytest

from emulator.errors import BoardOSError
from tests.emulator.firmware.native import Bench

BUSY = "OSError: only one active hash operation is permitted at a time"
ABC = {  # FIPS 180-4 and RFC 1321, of b"abc"
    "md5": "900150983cd24fb0d6963f7d28e17f72",
    "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha224": "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha384": "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    "sha512": (
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
}
FACTS = [
    ("uhashlib.md5(data=b'')", "TypeError: function doesn't take keyword arguments"),
    ("uhashlib.md5(5, 6)", "TypeError: function expected at most 1 arguments, got 2"),
    ("hasattr(uhashlib.md5(), 'hexdigest')", "False"),
    ("hasattr(uhashlib.md5(), 'copy')", "False"),
    ("hasattr(uhashlib.md5(), 'name')", "False"),
    ("hasattr(uhashlib, 'new')", "False"),
    ("(uhashlib.sha256(), uhashlib.md5())", BUSY),
    ("uhashlib.md5(5)", "TypeError: object with buffer protocol required"),
    ("uhashlib.md5('a').update(None)", "TypeError: object with buffer protocol required"),
    ("uhashlib.md5(b'', b'')", "TypeError: function expected at most 1 arguments, got 2"),
    ("uhashlib.md5()", "<md5>"),
    ("uhashlib.md5", "<class 'md5'>"),
    ("len(uhashlib.sha1('text').digest())", "20"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    shown = bench.outcome(expression, bench.names("uhashlib"))
    assert shown == outcome


@pytest.mark.parametrize(("name", "digest"), ABC.items(), ids=ABC)
@pytest.mark.parametrize("pieces", [(b"abc",), ("a", b"b", bytearray(b"c")), (b"", memoryview(b"abc"))])
def test_published_values(name: str, digest: str, pieces: tuple[object, ...]) -> None:
    made = Bench().module("uhashlib")[name]()
    for piece in pieces:
        made.update(piece)
    assert made.digest().hex() == digest


def test_digest_frees_the_engine_and_stays() -> None:
    module = Bench().module("uhashlib")
    first = module["sha256"](b"abc")
    with pytest.raises(BoardOSError):
        module["md5"]()
    result = first.digest()
    first.update(b"ignored")
    assert first.digest() == result
    assert module["md5"](b"abc").digest().hex() == ABC["md5"]


def test_a_refused_argument_takes_the_engine_all_the_same() -> None:
    # firmware: hash_make_new marks it as taken before it looks at the data; only a reset frees it then
    module = Bench().module("uhashlib")
    with pytest.raises(TypeError):
        module["md5"](5)
    with pytest.raises(OSError, match="only one active hash operation"):
        module["md5"](b"abc")


def test_nothing_is_looked_at_after_the_end() -> None:
    module = Bench().module("uhashlib")
    done = module["sha256"](b"abc")
    done.digest()
    assert done.update(5) is None


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 127, 128, 129, 1 << 20])
@pytest.mark.parametrize("first", [0, 1, 63, 64])
def test_pieces_of_any_size(size: int, first: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    done = Bench().module("uhashlib")["sha512"](data[:first])
    done.update(memoryview(data)[:size])
    assert done.digest() == hashlib.sha512(data[:first] + data[:size]).digest()


def test_each_board_has_an_engine_of_its_own() -> None:
    held = Bench().module("uhashlib")["md5"]()
    assert Bench().module("uhashlib")["md5"](b"abc").digest() != held.digest()
