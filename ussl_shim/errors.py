"""The board's numbers and texts for everything that can go wrong in ``ussl``.

Names are mbedTLS 2.16.2's without their ``MBEDTLS_ERR_`` prefix (board: esp32/lib/libmbedtls.a, include/mbedtls/*.h).
"""

from __future__ import annotations

import errno
from typing import Final

# Texts (board: esp32/mods/modussl.c).
CA_NOT_FOUND: Final = "CA file not found"
CERTIFICATE_NOT_FOUND: Final = "certificate file not found"
KEY_NOT_FOUND: Final = "key file not found"
INVALID_ARGUMENTS: Final = "invalid argument(s) value"
TIMED_OUT: Final = "timed out"

# Numbers a handshake or a later call raises.
VERIFY_RESULT_NOT_ZERO: Final = -1
NET_RECV_FAILED: Final = -0x4C
NET_SEND_FAILED: Final = -0x4E
NET_CONN_RESET: Final = -0x50
X509_CERT_VERIFY_FAILED: Final = -0x2700
X509_FATAL_ERROR: Final = -0x3000
RSA_VERIFY_FAILED: Final = -0x4380
ECP_VERIFY_FAILED: Final = -0x4E00
SSL_TIMEOUT: Final = -0x6800
SSL_PK_TYPE_MISMATCH: Final = -0x6D00
SSL_NO_USABLE_CIPHERSUITE: Final = -0x6980
SSL_BAD_HS_NEW_SESSION_TICKET: Final = -0x6E00
SSL_BAD_HS_PROTOCOL_VERSION: Final = -0x6E80
SSL_FEATURE_UNAVAILABLE: Final = -0x7080
SSL_BAD_INPUT_DATA: Final = -0x7100
SSL_INVALID_MAC: Final = -0x7180
SSL_INVALID_RECORD: Final = -0x7200
SSL_CONN_EOF: Final = -0x7280
SSL_NO_CIPHER_CHOSEN: Final = -0x7380
SSL_NO_CLIENT_CERTIFICATE: Final = -0x7480
SSL_UNEXPECTED_MESSAGE: Final = -0x7700
SSL_FATAL_ALERT_MESSAGE: Final = -0x7780
SSL_PEER_CLOSE_NOTIFY: Final = -0x7880
SSL_BAD_HS_CLIENT_HELLO: Final = -0x7900
SSL_BAD_HS_SERVER_HELLO: Final = -0x7980
SSL_BAD_HS_CERTIFICATE: Final = -0x7A00
SSL_BAD_HS_CERTIFICATE_REQUEST: Final = -0x7A80
SSL_BAD_HS_SERVER_KEY_EXCHANGE: Final = -0x7B00
SSL_BAD_HS_SERVER_HELLO_DONE: Final = -0x7B80
SSL_BAD_HS_CLIENT_KEY_EXCHANGE: Final = -0x7C00
SSL_BAD_HS_CERTIFICATE_VERIFY: Final = -0x7D80
SSL_BAD_HS_FINISHED: Final = -0x7E80

# Numbers a file can cause. A parser's number is often the sum of a high and a low code.
ASN1_OUT_OF_DATA: Final = -0x60
ASN1_UNEXPECTED_TAG: Final = -0x62
ASN1_INVALID_LENGTH: Final = -0x64
ASN1_LENGTH_MISMATCH: Final = -0x66
ASN1_INVALID_DATA: Final = -0x68
OID_NOT_FOUND: Final = -0x2E
BASE64_INVALID_CHARACTER: Final = -0x2C
PEM_INVALID_DATA: Final = -0x1100
PEM_INVALID_ENC_IV: Final = -0x1200
PEM_UNKNOWN_ENC_ALG: Final = -0x1280
PEM_PASSWORD_REQUIRED: Final = -0x1300
AES_INVALID_INPUT_LENGTH: Final = -0x22
X509_FEATURE_UNAVAILABLE: Final = -0x2080
X509_INVALID_FORMAT: Final = -0x2180
X509_INVALID_VERSION: Final = -0x2200
X509_INVALID_SERIAL: Final = -0x2280
X509_INVALID_ALG: Final = -0x2300
X509_INVALID_NAME: Final = -0x2380
X509_INVALID_DATE: Final = -0x2400
X509_INVALID_SIGNATURE: Final = -0x2480
X509_INVALID_EXTENSIONS: Final = -0x2500
X509_UNKNOWN_VERSION: Final = -0x2580
X509_UNKNOWN_SIG_ALG: Final = -0x2600
X509_SIG_MISMATCH: Final = -0x2680
X509_CERT_UNKNOWN_FORMAT: Final = -0x2780
PK_FEATURE_UNAVAILABLE: Final = -0x3980
PK_UNKNOWN_NAMED_CURVE: Final = -0x3A00
PK_INVALID_ALG: Final = -0x3A80
PK_INVALID_PUBKEY: Final = -0x3B00
PK_PASSWORD_MISMATCH: Final = -0x3B80
PK_PASSWORD_REQUIRED: Final = -0x3C00
PK_UNKNOWN_PK_ALG: Final = -0x3C80
PK_BAD_INPUT_DATA: Final = -0x3E80
PK_TYPE_MISMATCH: Final = -0x3F00
PK_KEY_INVALID_FORMAT: Final = -0x3D00
PK_KEY_INVALID_VERSION: Final = -0x3D80
RSA_BAD_INPUT_DATA: Final = -0x4080
RSA_PRIVATE_FAILED: Final = -0x4300
ECP_INVALID_KEY: Final = -0x4C80
ECP_FEATURE_UNAVAILABLE: Final = -0x4E80
ECP_BAD_INPUT_DATA: Final = -0x4F80
SSL_ALLOC_FAILED: Final = -0x7F00

MEANINGS: Final[dict[int, tuple[str, str]]] = {
    VERIFY_RESULT_NOT_ZERO: ("", "the peer's certificate was judged bad (socket connected before wrap_socket)"),
    NET_RECV_FAILED: ("NET_RECV_FAILED", "reading from the network failed"),
    NET_SEND_FAILED: ("NET_SEND_FAILED", "writing to the network failed"),
    NET_CONN_RESET: ("NET_CONN_RESET", "the peer reset the connection"),
    PEM_INVALID_DATA: ("PEM_INVALID_DATA", "a PEM block without content"),
    PEM_INVALID_DATA + BASE64_INVALID_CHARACTER: (
        "PEM_INVALID_DATA + BASE64_INVALID_CHARACTER",
        "damaged PEM text",
    ),
    PEM_INVALID_ENC_IV: ("PEM_INVALID_ENC_IV", "an encrypted key whose header is damaged"),
    PEM_PASSWORD_REQUIRED: ("PEM_PASSWORD_REQUIRED", "an encrypted key"),
    PEM_UNKNOWN_ENC_ALG: ("PEM_UNKNOWN_ENC_ALG", "a key encrypted with a cipher the board does not have"),
    X509_INVALID_FORMAT: ("X509_INVALID_FORMAT", "not a PEM certificate"),
    X509_INVALID_VERSION: ("X509_INVALID_VERSION", "a certificate whose version cannot be read"),
    X509_INVALID_SERIAL: ("X509_INVALID_SERIAL", "a certificate whose serial number cannot be read"),
    X509_INVALID_ALG: ("X509_INVALID_ALG", "a certificate whose algorithm cannot be read"),
    X509_INVALID_NAME: ("X509_INVALID_NAME", "a certificate whose subject or issuer cannot be read"),
    X509_INVALID_DATE: ("X509_INVALID_DATE", "a certificate whose dates cannot be read"),
    X509_INVALID_SIGNATURE: ("X509_INVALID_SIGNATURE", "a certificate whose signature cannot be read"),
    X509_INVALID_EXTENSIONS: ("X509_INVALID_EXTENSIONS", "a certificate with extensions the board does not take"),
    X509_UNKNOWN_VERSION: ("X509_UNKNOWN_VERSION", "a certificate of an unknown version"),
    X509_SIG_MISMATCH: ("X509_SIG_MISMATCH", "a certificate that names two signature algorithms"),
    X509_UNKNOWN_SIG_ALG: ("X509_UNKNOWN_SIG_ALG", "a signature algorithm the board does not know"),
    X509_UNKNOWN_SIG_ALG + OID_NOT_FOUND: (
        "X509_UNKNOWN_SIG_ALG + OID_NOT_FOUND",
        "a signature algorithm the board does not know",
    ),
    X509_CERT_VERIFY_FAILED: ("X509_CERT_VERIFY_FAILED", "the peer's certificate failed a check of CERT_REQUIRED"),
    X509_CERT_UNKNOWN_FORMAT: ("X509_CERT_UNKNOWN_FORMAT", "a PEM header without a readable body"),
    PK_UNKNOWN_NAMED_CURVE: ("PK_UNKNOWN_NAMED_CURVE", "an EC key on a curve the board does not have"),
    PK_PASSWORD_MISMATCH: ("PK_PASSWORD_MISMATCH", "an encrypted key (PKCS#1 or SEC1)"),
    PK_PASSWORD_REQUIRED: ("PK_PASSWORD_REQUIRED", "an encrypted key (PKCS#8)"),
    PK_UNKNOWN_PK_ALG: ("PK_UNKNOWN_PK_ALG", "a certificate for a kind of key the board does not know"),
    PK_BAD_INPUT_DATA: ("PK_BAD_INPUT_DATA", "the client's certificate is of an algorithm the board does not know"),
    PK_KEY_INVALID_FORMAT: ("PK_KEY_INVALID_FORMAT", "not a PEM private key"),
    PK_INVALID_PUBKEY: ("PK_INVALID_PUBKEY", "the public key in the certificate is no key"),
    ECP_INVALID_KEY: ("ECP_INVALID_KEY", "an EC key that is none on its curve"),
    X509_FATAL_ERROR: ("X509_FATAL_ERROR", "the peer's chain has more than eight intermediate certificates"),
    RSA_VERIFY_FAILED: ("RSA_VERIFY_FAILED", "the peer's key does not belong to its certificate (RSA)"),
    ECP_VERIFY_FAILED: ("ECP_VERIFY_FAILED", "the peer's key does not belong to its certificate (EC)"),
    SSL_TIMEOUT: ("SSL_TIMEOUT", "nothing arrived in time"),
    SSL_PK_TYPE_MISMATCH: (
        "SSL_PK_TYPE_MISMATCH",
        "the peer's certificate is of an algorithm the board does not know, or does not fit the suite",
    ),
    SSL_NO_USABLE_CIPHERSUITE: (
        "SSL_NO_USABLE_CIPHERSUITE",
        "client and board have suites in common, but none fits the client's curves and the board's key",
    ),
    SSL_BAD_HS_NEW_SESSION_TICKET: ("SSL_BAD_HS_NEW_SESSION_TICKET", "the server's session ticket is malformed"),
    SSL_BAD_HS_PROTOCOL_VERSION: ("SSL_BAD_HS_PROTOCOL_VERSION", "no TLS version in common"),
    SSL_FEATURE_UNAVAILABLE: ("SSL_FEATURE_UNAVAILABLE", "a handshake record whose content is no whole message"),
    SSL_BAD_INPUT_DATA: (
        "SSL_BAD_INPUT_DATA",
        "a call that makes no sense now: not connected, closed, or a bad argument",
    ),
    SSL_INVALID_MAC: ("SSL_INVALID_MAC", "a record that does not decrypt"),
    SSL_INVALID_RECORD: ("SSL_INVALID_RECORD", "the peer does not speak TLS"),
    SSL_CONN_EOF: ("SSL_CONN_EOF", "the peer closed the connection during the handshake"),
    SSL_NO_CIPHER_CHOSEN: ("SSL_NO_CIPHER_CHOSEN", "client and board have no cipher suite in common"),
    SSL_NO_CLIENT_CERTIFICATE: ("SSL_NO_CLIENT_CERTIFICATE", "the client sent no certificate"),
    SSL_UNEXPECTED_MESSAGE: ("SSL_UNEXPECTED_MESSAGE", "the peer sent a message out of order"),
    SSL_FATAL_ALERT_MESSAGE: ("SSL_FATAL_ALERT_MESSAGE", "the peer refused with a fatal alert"),
    SSL_PEER_CLOSE_NOTIFY: ("SSL_PEER_CLOSE_NOTIFY", "the peer said goodbye during the handshake"),
    SSL_BAD_HS_CLIENT_HELLO: ("SSL_BAD_HS_CLIENT_HELLO", "the client did not begin a TLS handshake"),
    SSL_BAD_HS_SERVER_HELLO: (  # also the sum PK_KEY_INVALID_FORMAT + PK_UNKNOWN_PK_ALG
        "SSL_BAD_HS_SERVER_HELLO",
        "a key of a kind the board does not know; in a handshake, a malformed first message of the server",
    ),
    SSL_BAD_HS_CERTIFICATE: ("SSL_BAD_HS_CERTIFICATE", "the certificate is not meant for this use, or malformed"),
    SSL_BAD_HS_SERVER_KEY_EXCHANGE: ("SSL_BAD_HS_SERVER_KEY_EXCHANGE", "the server's key exchange is not acceptable"),
    SSL_BAD_HS_CERTIFICATE_REQUEST: ("SSL_BAD_HS_CERTIFICATE_REQUEST", "the server's certificate request is malformed"),
    SSL_BAD_HS_SERVER_HELLO_DONE: ("SSL_BAD_HS_SERVER_HELLO_DONE", "the server sent another message than expected"),
    SSL_BAD_HS_CLIENT_KEY_EXCHANGE: (
        "SSL_BAD_HS_CLIENT_KEY_EXCHANGE",
        "the client sent no key exchange, or a malformed one",
    ),
    SSL_BAD_HS_CERTIFICATE_VERIFY: ("SSL_BAD_HS_CERTIFICATE_VERIFY", "the client's proof of its key is wrong"),
    SSL_BAD_HS_FINISHED: ("SSL_BAD_HS_FINISHED", "the handshake was altered on the way"),
    SSL_ALLOC_FAILED: ("SSL_ALLOC_FAILED", "no memory left"),
    PK_TYPE_MISMATCH: ("PK_TYPE_MISMATCH", "the board's own key is of a kind that signs nothing"),
    RSA_PRIVATE_FAILED: ("RSA_PRIVATE_FAILED", "the board's own key does not work"),
    RSA_BAD_INPUT_DATA: ("RSA_BAD_INPUT_DATA", "the board's own key has no private half"),
    RSA_PRIVATE_FAILED + RSA_VERIFY_FAILED: (
        "RSA_PRIVATE_FAILED + RSA_VERIFY_FAILED",
        "the numbers in the board's own key do not fit together",
    ),
    AES_INVALID_INPUT_LENGTH: ("AES_INVALID_INPUT_LENGTH", "an encrypted key that is cut: not whole blocks"),
    ASN1_OUT_OF_DATA: ("ASN1_OUT_OF_DATA", "the numbers of an EC curve end too early"),
    ASN1_UNEXPECTED_TAG: ("ASN1_UNEXPECTED_TAG", "the numbers of an EC curve are no numbers"),
    ASN1_INVALID_LENGTH: ("ASN1_INVALID_LENGTH", "the numbers of an EC curve have an impossible length"),
    X509_FEATURE_UNAVAILABLE: ("X509_FEATURE_UNAVAILABLE", "an RSA-PSS signature with a mask other than MGF1"),
    PK_FEATURE_UNAVAILABLE: ("PK_FEATURE_UNAVAILABLE", "an EC key on a binary curve, given by its numbers"),
    PK_INVALID_ALG: ("PK_INVALID_ALG", "the algorithm of a key cannot be read"),
    PK_KEY_INVALID_VERSION: ("PK_KEY_INVALID_VERSION", "a private key of another version or with another label"),
    PK_KEY_INVALID_FORMAT + ECP_BAD_INPUT_DATA: (
        "PK_KEY_INVALID_FORMAT + ECP_BAD_INPUT_DATA",
        "an EC key that does not say on which curve",
    ),
    PK_KEY_INVALID_FORMAT + ECP_INVALID_KEY: (
        "PK_KEY_INVALID_FORMAT + ECP_INVALID_KEY",
        "an EC key whose number is no private key of its curve",
    ),
    ECP_FEATURE_UNAVAILABLE: ("ECP_FEATURE_UNAVAILABLE", "a compressed EC point, or a curve given by its numbers"),
    ECP_BAD_INPUT_DATA: ("ECP_BAD_INPUT_DATA", "an EC point of the wrong length"),
}
"""Number -> (name, what usually causes it)."""

LOW_CODES: Final[dict[int, tuple[str, str]]] = {
    ASN1_OUT_OF_DATA: ("ASN1_OUT_OF_DATA", "the data ends too early"),
    ASN1_UNEXPECTED_TAG: ("ASN1_UNEXPECTED_TAG", "an element of another kind was expected"),
    ASN1_INVALID_LENGTH: ("ASN1_INVALID_LENGTH", "an impossible length"),
    ASN1_LENGTH_MISMATCH: ("ASN1_LENGTH_MISMATCH", "two lengths that contradict each other"),
    ASN1_INVALID_DATA: ("ASN1_INVALID_DATA", "a value that is not allowed"),
    OID_NOT_FOUND: ("OID_NOT_FOUND", "an algorithm or curve the board does not know"),
    BASE64_INVALID_CHARACTER: ("BASE64_INVALID_CHARACTER", "a character that is not base64"),
}
"""The low half of a sum -> (name, what it says)."""


def describe(number: int) -> str:
    """``-9984`` -> ``-9984 (-0x2700 X509_CERT_VERIFY_FAILED)``."""
    name = MEANINGS.get(number, ("", ""))[0]
    hexadecimal = f"-0x{-number:04X}" if number < -1 else ""
    extra = " ".join(part for part in (hexadecimal, name) if part)
    return f"{number} ({extra})" if extra else str(number)


# lwIP's error numbers come from newlib and leave Linux's at ECONNABORTED (board: esp-idf, newlib sys/errno.h).
_BOARD_ERRNO: Final[dict[str, int]] = {
    "EPERM": 1,
    "ENOENT": 2,
    "EINTR": 4,
    "EIO": 5,
    "EBADF": 9,
    "EAGAIN": 11,
    "ENOMEM": 12,
    "EACCES": 13,
    "EINVAL": 22,
    "ENFILE": 23,
    "EMFILE": 24,
    "EPIPE": 32,
    "ECONNRESET": 104,
    "ENOBUFS": 105,
    "EAFNOSUPPORT": 106,
    "EPROTOTYPE": 107,
    "ENOTSOCK": 108,
    "ENOPROTOOPT": 109,
    "ECONNREFUSED": 111,
    "EADDRINUSE": 112,
    "ECONNABORTED": 113,
    "ENETUNREACH": 114,
    "ENETDOWN": 115,
    "ETIMEDOUT": 116,
    "EHOSTDOWN": 117,
    "EHOSTUNREACH": 118,
    "EINPROGRESS": 119,
    "EALREADY": 120,
    "EDESTADDRREQ": 121,
    "EMSGSIZE": 122,
    "EPROTONOSUPPORT": 123,
    "EADDRNOTAVAIL": 125,
    "EISCONN": 127,
    "ENOTCONN": 128,
    "EOPNOTSUPP": 95,
}
# Windows reports socket errors by its own names beside the common ones.
_HOST_TO_BOARD: Final[dict[int, int]] = {
    number: board
    for name, board in _BOARD_ERRNO.items()
    for number in (getattr(errno, name, None), getattr(errno, f"WSA{name}", None))
    if number is not None
}


def board_errno(exc: OSError) -> int:
    """The board's number for an error of the host's network; a number the board has no word for becomes 5, EIO."""
    return _HOST_TO_BOARD.get(exc.errno, 5) if exc.errno is not None else 5
