"""`explain`: every number and text of the board's TLS, errno numbers, and what is both."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator import cli, explanations
from emulator.errnos import ERRORCODE
from flashfs.errors import NAMES
from ussl_shim import errors
from ussl_shim import explanations as tls
from ussl_shim.results import Flag

# Number -> (name without prefix, a word of the meaning or the causes). As measured on the board's library.
NUMBERS: dict[int, tuple[str, str]] = {
    -1: ("", "CERT_OPTIONAL"),
    -76: ("NET_RECV_FAILED", "network"),
    -78: ("NET_SEND_FAILED", "network"),
    -80: ("NET_CONN_RESET", "reset"),
    -4396: ("PEM_INVALID_DATA", "base64"),
    -4736: ("PEM_UNKNOWN_ENC_ALG", "3DES"),
    -8576: ("X509_INVALID_FORMAT", "DER"),
    -9774: ("X509_UNKNOWN_SIG_ALG", "Ed25519"),
    -9984: ("X509_CERT_VERIFY_FAILED", "CERT_REQUIRED"),
    -10112: ("X509_CERT_UNKNOWN_FORMAT", "cut"),
    -15232: ("PK_PASSWORD_MISMATCH", "AES"),
    -15360: ("PK_PASSWORD_REQUIRED", "password"),
    -15488: ("PK_UNKNOWN_PK_ALG", "Ed25519"),
    -15616: ("PK_KEY_INVALID_FORMAT", "DER"),
    -26624: ("SSL_TIMEOUT", "silent"),
    -27904: ("SSL_PK_TYPE_MISMATCH", "Ed25519"),
    -28800: ("SSL_FEATURE_UNAVAILABLE", "rubbish"),
    -28928: ("SSL_BAD_INPUT_DATA", "before connect()"),
    -29184: ("SSL_INVALID_RECORD", "HTTP"),
    -29312: ("SSL_CONN_EOF", "closed"),
    -29568: ("SSL_NO_CIPHER_CHOSEN", "TLS 1.3"),
    -29824: ("SSL_NO_CLIENT_CERTIFICATE", "sent no certificate"),
    -30464: ("SSL_UNEXPECTED_MESSAGE", "order"),
    -30592: ("SSL_FATAL_ALERT_MESSAGE", "keyfile= does not belong"),
    -30848: ("SSL_PEER_CLOSE_NOTIFY", "goodbye"),
    -30976: ("SSL_BAD_HS_CLIENT_HELLO", "HTTP"),
    -31104: ("SSL_BAD_HS_SERVER_HELLO", "Ed25519 key"),
    -31232: ("SSL_BAD_HS_CERTIFICATE", "extended key usage"),
    -31488: ("SSL_BAD_HS_SERVER_KEY_EXCHANGE", "Diffie-Hellman"),
}
FLAGS = {2: "REVOKED", 4: "NAME_MISMATCH", 8: "NOT_TRUSTED", 64: "MISSING", 128: "SKIPPED", 2048: "KEY_USAGE"}
FLAGS |= {4096: "EXT_KEY_USAGE", 16384: "BAD_HASH", 32768: "BAD_KEY_KIND", 65536: "KEY_TOO_SMALL"}

SPELLINGS = (
    "{n}",
    "{x}",
    "OSError: {n}",
    "OSError({n})",
    "OSError: [Errno {n}] X",
    "({n}, 'text')",
    "wrap failed: {n}",
)


def explain(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = cli.main(["explain", *words])
    out, err = capsys.readouterr()
    return status, out, err


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    status, out, err = explain(capsys, *words, "--json")
    found: list[dict[str, Any]] = json.loads(out)["explanations"]
    assert (status == 0) is bool(found)
    assert bool(err) is not bool(found)
    return found


@pytest.mark.parametrize("number", NUMBERS, ids=[f"{n} {name or 'verify result'}" for n, (name, _) in NUMBERS.items()])
def test_each_tls_number(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    name, word = NUMBERS[number]
    status, out, err = explain(capsys, str(number))
    assert (status, err) == (0, "")
    assert word.lower() in out.lower()
    assert ("MBEDTLS_ERR_" + name if name else "judged bad") in out
    row = next(row for row in explanations.look_up(str(number)) if row.kind == "tls")
    assert row.where
    assert row.causes
    assert row.source.startswith("firmware: ")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("number", [-9984, -28928, -80])
def test_spellings_of_a_number(spelling: str, number: int) -> None:
    text = spelling.format(n=number, x=f"-0x{-number:X}")
    assert explanations.look_up(text) == explanations.look_up(str(number)) != []


@pytest.mark.parametrize("number", [n for n in NUMBERS if n < -1])
def test_the_sign_may_be_missing(number: int) -> None:
    wanted = explanations.look_up(str(number))
    assert explanations.look_up(f"0x{-number:X}")[: len(wanted)] == wanted


def test_every_number_the_shim_raises_is_explained() -> None:
    low = set(errors.LOW_CODES) - set(errors.MEANINGS)
    raised = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)} - low
    assert {number for number in raised if tls.of_number(number) is None} == set()
    assert set(tls.ROWS) == set(errors.MEANINGS)
    assert set(tls.FLAG_ROWS) == set(Flag)


@pytest.mark.parametrize("low", errors.LOW_CODES, ids=[name for name, _ in errors.LOW_CODES.values()])
@pytest.mark.parametrize("high", [errors.PK_KEY_INVALID_FORMAT, errors.X509_INVALID_DATE], ids=["key", "date"])
def test_a_sum_of_two_codes_names_both(high: int, low: int) -> None:
    (found,) = explanations.look_up(str(high + low))
    assert errors.MEANINGS[high][0] in found.name
    assert errors.LOW_CODES[low][0] in found.name


@pytest.mark.parametrize("number", FLAGS, ids=FLAGS.values())
def test_each_flag(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    found = [row for row in rows(capsys, str(number)) if row["kind"] == "flag"]
    assert [(row["number"], row["name"]) for row in found] == [(number, FLAGS[number])]
    assert explanations.look_up("BADCERT_" + FLAGS[number])[0].number == number


@pytest.mark.parametrize("size", [2, 3])
def test_sums_of_flags(size: int) -> None:
    for parts in itertools.combinations(FLAGS, size):
        found = [row.number for row in explanations.look_up(str(sum(parts))) if row.kind == "flag"]
        assert found == sorted(parts)


AMBIGUOUS = {
    "12": {"ENOMEM", "NAME_MISMATCH", "NOT_TRUSTED"},
    "[Errno 12] ENOMEM": {"ENOMEM", "NAME_MISMATCH", "NOT_TRUSTED"},
    "OSError: [Errno 128] ENOTCONN": {"ENOTCONN", "SKIPPED"},
    "8": {"ENOEXEC", "NOT_TRUSTED"},
    "4": {"EINTR", "NAME_MISMATCH"},
    "2": {"ENOENT", "REVOKED"},
    "-1": {"", "ERR_MEM"},
    "65544": {"NOT_TRUSTED", "KEY_TOO_SMALL"},
    "104": {"ECONNRESET"},
    "9": {"EBADF"},
    "28": {"ENOSPC"},
    "39": {"ENOTEMPTY"},
    "0": {""},
}


@pytest.mark.parametrize(("query", "names"), AMBIGUOUS.items(), ids=AMBIGUOUS)
def test_all_meanings_are_told(query: str, names: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert {row["name"] for row in rows(capsys, query)} == names
    _, out, _ = explain(capsys, query)
    assert all(name in out for name in names)


@pytest.mark.parametrize("table", [ERRORCODE, NAMES], ids=["uerrno", "file systems"])
def test_every_number_with_a_name_is_explained(table: dict[int, str]) -> None:
    for number, name in table.items():
        assert any(name in row.name for row in explanations.look_up(str(number))), name
        assert any(row.number == number for row in explanations.look_up(name)), name


TEXTS = {
    "CA file not found": "ca_certs",
    "OSError: certificate file not found": "certfile",
    "key file not found": "keyfile",
    "ValueError: invalid argument(s) value": "server_side=True",
    "timed out": "settimeout",
    "TimeoutError: timed out": "settimeout",
    "TypeError: 'sock' argument required": "wrap_socket() without sock",
    "extra positional arguments given": "keyfile=",
    "extra keyword arguments given": "ciphers=",
    "can't convert 'int' object to str implicitly": "server_hostname=",
    "can't convert NoneType to int": "cert_reqs=",
    "can't convert float to int": "timeout=",
    'Traceback (most recent call last):\n  File "main.py", line 5, in <module>\nOSError: CA file not found\n': "/flash/cert/",
    'Traceback (most recent call last):\n  File "main.py", line 12, in <module>\nOSError: -9984\n': "intermediate",
    "MBEDTLS_ERR_SSL_TIMEOUT": "-26624",
    "ssl_timeout": "-26624",
    "MBEDTLS_ERR_SSL_NO_RNG": "-29696",
    "ECONNREFUSED": "111",
    "EAI_FAIL": "202",
    "ESP_ERR_NO_MEM": "257",
    "ETIMEDOUT": "116",
}


@pytest.mark.parametrize(("text", "word"), TEXTS.items(), ids=[text.strip().split("\n")[-1] for text in TEXTS])
def test_texts_and_names(text: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = explain(capsys, text)
    assert (status, err) == (0, "")
    assert word in out


def test_words_need_no_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(capsys, "CA", "file", "not", "found")[0] == 0
    assert explain(capsys, "OSError:", "-9984")[0] == 0


UNKNOWN = [
    "-123456",
    "99999",
    "nonsense",
    "",
    " ",
    "line 5",
    "1e3",
    "--",
    "-0x7FFF1",
    "17 apples",
    "\x1b[31m",
    "9" * 200,
    "é",
]


@pytest.mark.parametrize("query", UNKNOWN)
def test_unknown_is_one_line_and_status_1(query: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = explain(capsys, "--", query)
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert err.isascii()
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("query", "says_itself"),
    [
        ("ImportError: no module named 'foo'", True),
        ("MemoryError: memory allocation failed, allocating 1024 bytes", True),
        ("KeyboardInterrupt:", True),
        ("OSError: 77777777", False),
        ("foo", False),
        ("N\u00e4meError", False),
    ],
)
def test_what_needs_no_explanation(query: str, says_itself: bool, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = explain(capsys, query)
    assert status == 1
    assert err.isascii()
    assert ("this error says itself what is wrong" in err) == says_itself
    assert ("no such number or text" in err) != says_itself


@pytest.mark.parametrize("words", [[], ["--frob", "12"]], ids=["nothing", "option"])
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = explain(capsys, *words)
    assert (status, out, len(err.splitlines())) == (2, "", 1)


def test_json_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = rows(capsys, "-0x2700")
    assert row["number"] == -9984
    assert row["hex"] == "-0x2700"
    assert row["shown"] == "OSError: -9984"
    assert {"kind", "name", "title", "where", "causes", "fix", "source"} <= set(row)


def test_what_the_console_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert "OSError: [Errno -28928] MBEDTLS_ERR_SSL_BAD_INPUT_DATA" in explain(capsys, "-28928")[1]
    assert "OSError: [Errno -1] ERR_MEM" in explain(capsys, "-1")[1]


@given(st.one_of(st.text(max_size=60), st.integers().map(str), st.from_regex(re.compile(r"\A.*-?(0x)?[0-9a-f]+.*\Z"))))
@example("[Errno 99999999999999999999] x")
def test_any_text_is_looked_up(query: str) -> None:
    for row in explanations.look_up(query):
        assert row.title
        assert row.source
        assert explanations.shown(row)
