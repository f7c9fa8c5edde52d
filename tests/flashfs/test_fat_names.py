"""Names on FAT: short aliases, and which spellings find an entry. Figures of the firmware's FatFs (lib/oofatfs/ff.c)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashfs import Volume
from flashfs.fat_names import NAME_MAX, alias, directory_name, fold, form, from_utf16, name_fault, to_utf16
from tests.flashfs.tools import Board, number

FORMS = {
    # name: short, lossy, entries, flags
    b"README": (b"README", False, 1, 0),
    b"main.py": (b"MAIN.PY", False, 1, 0x18),
    b"MAIN.py": (b"MAIN.PY", False, 1, 0x10),
    b"main.PY": (b"MAIN.PY", False, 1, 0x08),
    b"Main.py": (b"MAIN.PY", False, 2, 0),
    b"12345678.123": (b"12345678.123", False, 1, 0),
    b"123456789.123": (b"12345678.123", True, 2, 0),
    b"1.1234": (b"1.123", True, 2, 0),
    b"a.b.c": (b"AB.C", True, 2, 0),
    b".a": (b".A", True, 2, 0),
    b" a": (b"A", True, 2, 0),
    b"a b": (b"AB", True, 2, 0),
    b"a+b": (b"A_B", True, 2, 0),
    b"\x82.\x85": (b"E.A", False, 2, 0),
    b"\xe5": (b"\xe5", False, 2, 0),
    b"n" * 13: (b"NNNNNNNN", True, 2, 0),
    b"n" * 14: (b"NNNNNNNN", True, 3, 0),
    b"n" * 128: (b"NNNNNNNN", True, 11, 0),
}

ALIASES = [b"LONGLO~1.TEX", b"LONGLO~2.TEX", b"LONGLO~3.TEX", b"LONGLO~4.TEX", b"LONGLO~5.TEX", b"LON~FAF4.TEX",
           b"LON~6CDA.TEX", b"LON~88EE.TEX", b"LON~B35B.TEX", b"LON~576F.TEX"]  # fmt: skip
"""Of longlongname0.text to longlongname9.text, made one after the other."""


@pytest.mark.parametrize(("name", "expected"), FORMS.items(), ids=lambda value: str(value)[:24])
def test_the_form_of_a_name(name: bytes, expected: tuple[bytes, bool, int, int]) -> None:
    assert form(name) == expected


def test_aliases_are_counted_then_hashed() -> None:
    taken: list[bytes] = []
    for index in range(10):
        found = alias(b"longlongname%d.text" % index, taken.__contains__)
        assert found is not None
        taken.append(found)
    assert taken == ALIASES


def test_aliases_run_out() -> None:
    tried: list[bytes] = []

    def taken(short: bytes) -> bool:
        tried.append(short)
        return True

    assert alias(b"a long name", taken) is None
    assert len(tried) == 99


@pytest.mark.parametrize(
    ("stored", "looked_up", "found"),
    [
        ("longfilename.txt", "LONGFI~1.TXT", True),
        ("longfilename.txt", "longfi~1.txt", True),
        ("longfilename.txt", "longfi~2.txt", False),
        ("main.html", "MAIN~1.HTM", True),
        ("main.htm", "main.html", False),
        ("a+b", "A_B~1", True),
        ("Mixed.Txt", "mixed.txt", True),
        ("\u00c3", "\u00e0", True),
        ("\u00c1", "\u00da", True),
        ("\u00c3.", "\u00c3", True),
        ("\u00c3 with a long name", "\u00e0 with a long name", False),
        (b"\x82z", b"EZ", True),
        (b"Ez", b"\x82Z", True),
        (b"\x90z", b"EZ", False),
    ],
)
def test_what_finds_an_entry(stored: str | bytes, looked_up: str | bytes, found: bool) -> None:
    volume = Volume("fat")
    volume.open(b"/" + (stored if isinstance(stored, bytes) else stored.encode()), "w").close()
    path = b"/" + (looked_up if isinstance(looked_up, bytes) else looked_up.encode())
    assert number(volume.stat, path) == (None if found else 2)
    assert number(volume.open, path, "x") == (17 if found else None)


def test_an_alias_is_the_file_and_never_listed() -> None:
    board = Board("fat")
    board.put("/flash/lib/longfilename.py", b"1")
    board.put("/flash/lib/LONGFI~1.PY", b"22")
    assert board.os.listdir("/flash/lib") == ["longfilename.py"]
    assert board.get("/flash/lib/longfilename.py") == b"22"
    board.os.rename("/flash/lib/LONGFI~1.PY", "/flash/lib/other long name")
    assert number(board.os.stat, "/flash/lib/LONGFI~1.PY") == 2
    assert number(board.os.stat, "/flash/lib/OTHERL~1") is None
    board.os.remove("/flash/lib/otherl~1")
    assert board.os.listdir("/flash/lib") == []


def test_a_name_that_has_its_alias_taken_gets_the_next() -> None:
    board = Board("fat")
    board.put("/flash/lib/LONGFI~1.TXT", b"short")
    board.put("/flash/lib/longfilename.txt", b"long")
    assert board.get("/flash/lib/LONGFI~1.TXT") == b"short"
    assert board.get("/flash/lib/longfi~2.txt") == b"long"


def test_the_first_of_two_that_match_is_found() -> None:
    volume = Volume("fat")
    for name in (b"/\x90z", b"/EZ"):
        with volume.open(name, "wb") as file:
            file.write(name)
    assert volume.read(b"/\x82z") == b"/\x90z"
    # renaming over it removes the one and then finds the other in the way (firmware: extmod/vfs_fat.c)
    volume.open("/t", "w").close()
    assert number(volume.rename, b"/t", b"/\x82z") == 17
    assert volume.listdir() == [b"EZ", b"t"]


def test_too_many_aliases_alike_are_a_full_folder() -> None:
    volume = Volume("fat")
    for _ in range(99):
        name = alias(b"a long name", volume.listdir().__contains__)
        assert name is not None
        volume.open(b"/" + name, "w").close()
    assert number(volume.open, "/a long name", "w") == 13
    assert number(volume.mkdir, "/a long name") == 13


LEGAL = st.binary(min_size=1, max_size=NAME_MAX).filter(lambda name: name_fault(name) is None)


@given(LEGAL)
def test_every_name_has_a_short_one(name: bytes) -> None:
    short = alias(name, lambda _: False)
    assert short is not None
    field = directory_name(short)
    assert len(field) == 11
    assert field[0] != 0xE5
    assert form(short).short == form(form(short).short).short
    assert from_utf16(to_utf16(name)) == name
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"a\\b", b"a?", b"\x7f", b"a\n", b"a.", b"a ", b"n" * 129])
def test_names_that_no_entry_has(name: bytes) -> None:
    assert name_fault(name)
