"""Names of the board as names of the host: nothing is lost, on any host."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.state import names

DEVICES = ["CON", "NUL", "aux", "Com1", "LPT9", "CONIN$"]
SPELLINGS: dict[str, tuple[bytes, str]] = {
    "plain": (b"main.py", "main.py"),
    "space and signs": (b"a b+c,d;e=[f]~#&!@^(g)'", "a b+c,d;e=[f]~#&!@^(g)'"),
    "accents": ("é".encode(), "é"),
    "percent": (b"100%", "100%25"),
    "what looks like an escape": (b"%41", "%2541"),
    "colon": (b"a:b", "a%3Ab"),
    "backslash": (b"a\\b", "a%5Cb"),
    "star, question mark, angles, bar, quote": (b'*?<>|"', "%2A%3F%3C%3E%7C%22"),
    "control": (b"a\nb\x7f", "a%0Ab%7F"),
    "trailing dot": (b"a.", "a%2E"),
    "trailing dots": (b"a..", "a.%2E"),
    "trailing space": (b"a ", "a%20"),
    "dots": (b"...", "..%2E"),
    "leading dot": (b".a", ".a"),
    "not UTF-8": (b"\xffa\xfe", "%FFa%FE"),
    "half of a character": ("aé".encode()[:-1], "a%C3"),
    "invisible": ("a\u202eb".encode(), "a%E2%80%AEb"),
    "device": (b"CON", "%43ON"),
    "device with a suffix": (b"NUL.txt", "%4EUL.txt"),
    "device in small letters": (b"aux", "%61ux"),
    "no device": (b"CONFIG", "CONFIG"),
    "Finder": (b".DS_Store", "%2EDS_Store"),
    "AppleDouble": (b"._main.py", "%2E_main.py"),
    "git": (b".git", "%2Egit"),
    "Explorer": (b"Thumbs.db", "%54humbs.db"),
}


@pytest.mark.parametrize(("name", "host_name"), SPELLINGS.values(), ids=SPELLINGS)
def test_spelling(name: bytes, host_name: str) -> None:
    assert names.encode(name) == host_name
    assert names.decode(host_name) == name


@pytest.mark.parametrize(
    ("host_name", "name"),
    [
        ("100%", b"100%"),
        ("a%4", b"a%4"),
        ("a%4a", b"a%4a"),
        ("%41", b"A"),
        ("a\udcff", b"a\xff"),
        ("a\ud800", b"a\xed\xa0\x80"),
    ],
)
def test_names_that_a_person_gave(host_name: str, name: bytes) -> None:
    assert names.decode(host_name) == name


pieces = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.text(min_size=1, max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [*(name.encode() for name in DEVICES), b"%", b"%41", b".", b" ", b"A", b"a", "é".encode(), "e\u0301".encode()]
    ),
)
board_names = (
    st.lists(pieces, min_size=1, max_size=60)
    .map(lambda parts: b"".join(parts).replace(b"/", b"_").replace(b"\0", b"_")[:1022])
    .filter(lambda name: name not in (b".", b".."))
)


@given(board_names, st.booleans())
@example("\u1100\u1161".encode(), True)
@example("\ud55c\u0301".encode(), True)
@example(b"x" * 1022, True)
@example(("é" * 511).encode(), True)
@example(b"%" * 255, False)
def test_every_spelling_means_its_name_and_is_carried_by_every_host(name: bytes, blind: bool) -> None:
    for host_name in names.encodings(name, blind=blind):
        assert len(host_name.encode()) <= names.LONGEST
        assert not set(host_name) & set('<>:"/\\|?*\0')
        assert host_name[-1] not in ". "
        assert host_name.split(".")[0].rstrip(" ").upper() not in names._DEVICES
        assert not names.is_foreign(host_name)
        assert host_name.isprintable()
        number = names.number_of_long(host_name)
        if number is None:
            assert names.decode(host_name) == name
        else:
            assert number == names.number(name)
        if blind and number is None:
            for form in ("NFC", "NFD"):
                assert names.decode(unicodedata.normalize(form, host_name)) == name


def clashing(name: bytes) -> list[bytes]:
    """Names that a host which ignores case might take for the same."""
    text = name.decode("utf-8", "surrogateescape")
    forms = {text, text.upper(), text.lower(), text.swapcase(), text.title(), names.encode(name)}
    forms |= {unicodedata.normalize(form, each) for each in list(forms) for form in ("NFC", "NFD", "NFKD")}
    return sorted({form.encode("utf-8", "surrogateescape") for form in forms} - {b"", b".", b".."})


@given(st.lists(board_names, min_size=1, max_size=3))
@example([b"a", b"%61"])
@example([b"README", b"readme", b"ReadMe"])
@example(["straße".encode(), b"STRASSE"])
def test_no_two_names_meet_on_a_host_that_ignores_case(some: list[bytes]) -> None:
    taken: dict[str, bytes] = {}
    for name in sorted({variant for each in some for variant in clashing(each[:340])}):
        if b"/" in name or b"\0" in name:
            continue
        free = [form for form in names.encodings(name, blind=True) if names.key(form) not in taken]
        assert free, name
        taken[names.key(free[0])] = name
