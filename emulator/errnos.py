"""Error numbers as the board names them, and the way from the host's numbers to the board's.

``ERRORCODE`` is what ``uerrno.errorcode`` holds on the board (firmware: esp32/mpconfigport.h); a number that is not in
it prints bare. ``NEWLIB`` are numbers of the board's C library for host errors that a socket can meet.
"""

from __future__ import annotations

import errno
import socket

ERRORCODE: dict[int, str] = {
    # C library of the board (newlib)
    1: "EPERM",
    2: "ENOENT",
    5: "EIO",
    9: "EBADF",
    11: "EAGAIN",
    12: "ENOMEM",
    13: "EACCES",
    17: "EEXIST",
    19: "ENODEV",
    21: "EISDIR",
    22: "EINVAL",
    122: "EMSGSIZE",
    95: "EOPNOTSUPP",
    112: "EADDRINUSE",
    115: "ENETDOWN",
    113: "ECONNABORTED",
    104: "ECONNRESET",
    105: "ENOBUFS",
    128: "ENOTCONN",
    116: "ETIMEDOUT",
    111: "ECONNREFUSED",
    118: "EHOSTUNREACH",
    120: "EALREADY",
    119: "EINPROGRESS",
    # network stack (lwIP)
    -1: "ERR_MEM",
    -2: "ERR_BUF",
    -3: "ERR_TIMEOUT",
    -4: "ERR_RTE",
    -5: "ERR_INPROGRESS",
    -6: "ERR_VAL",
    -7: "ERR_WOULDBLOCK",
    -8: "ERR_USE",
    -9: "ERR_ALREADY",
    -10: "ERR_ISCONN",
    -13: "ERR_ABRT",
    -14: "ERR_RST",
    -15: "ERR_CLSD",
    -11: "ERR_CONN",
    -16: "ERR_ARG",
    -12: "ERR_IF",
    # ESP-IDF
    257: "ESP_ERR_NO_MEM",
    258: "ESP_ERR_INVALID_ARG",
    259: "ESP_ERR_INVALID_STATE",
    260: "ESP_ERR_INVALID_SIZE",
    261: "ESP_ERR_NOT_FOUND",
    262: "ESP_ERR_NOT_SUPPORTED",
    263: "ESP_ERR_TIMEOUT",
    264: "ESP_ERR_INVALID_RESPONSE",
    265: "ESP_ERR_INVALID_CRC",
    266: "ESP_ERR_INVALID_VERSION",
    267: "ESP_ERR_INVALID_MAC",
    # name resolver
    200: "EAI_NONAME",
    201: "EAI_SERVICE",
    202: "EAI_FAIL",
    203: "EAI_MEMORY",
    204: "EAI_FAMILY",
    210: "HOST_NOT_FOUND",
    211: "NO_DATA",
    212: "NO_RECOVERY",
    213: "TRY_AGAIN",
    # mbed TLS: network, SSL, public keys; X.509 numbers have no name on the board
    -66: "MBEDTLS_ERR_NET_SOCKET_FAILED",
    -68: "MBEDTLS_ERR_NET_CONNECT_FAILED",
    -70: "MBEDTLS_ERR_NET_BIND_FAILED",
    -72: "MBEDTLS_ERR_NET_LISTEN_FAILED",
    -74: "MBEDTLS_ERR_NET_ACCEPT_FAILED",
    -76: "MBEDTLS_ERR_NET_RECV_FAILED",
    -78: "MBEDTLS_ERR_NET_SEND_FAILED",
    -80: "MBEDTLS_ERR_NET_CONN_RESET",
    -82: "MBEDTLS_ERR_NET_UNKNOWN_HOST",
    -67: "MBEDTLS_ERR_NET_BUFFER_TOO_SMALL",
    -69: "MBEDTLS_ERR_NET_INVALID_CONTEXT",
    -71: "MBEDTLS_ERR_NET_POLL_FAILED",
    -73: "MBEDTLS_ERR_NET_BAD_INPUT_DATA",
    -28800: "MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE",
    -28928: "MBEDTLS_ERR_SSL_BAD_INPUT_DATA",
    -29056: "MBEDTLS_ERR_SSL_INVALID_MAC",
    -29184: "MBEDTLS_ERR_SSL_INVALID_RECORD",
    -29312: "MBEDTLS_ERR_SSL_CONN_EOF",
    -29440: "MBEDTLS_ERR_SSL_UNKNOWN_CIPHER",
    -29568: "MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN",
    -29696: "MBEDTLS_ERR_SSL_NO_RNG",
    -29824: "MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE",
    -29952: "MBEDTLS_ERR_SSL_CERTIFICATE_TOO_LARGE",
    -30080: "MBEDTLS_ERR_SSL_CERTIFICATE_REQUIRED",
    -30208: "MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED",
    -30336: "MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED",
    -30464: "MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE",
    -30592: "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE",
    -30720: "MBEDTLS_ERR_SSL_PEER_VERIFY_FAILED",
    -30848: "MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY",
    -30976: "MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO",
    -31104: "MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO",
    -31232: "MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE",
    -31360: "MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_REQUEST",
    -31488: "MBEDTLS_ERR_SSL_BAD_HS_SERVER_KEY_EXCHANGE",
    -31616: "MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO_DONE",
    -31744: "MBEDTLS_ERR_SSL_BAD_HS_CLIENT_KEY_EXCHANGE",
    -31872: "MBEDTLS_ERR_SSL_BAD_HS_CLIENT_KEY_EXCHANGE_RP",
    -32000: "MBEDTLS_ERR_SSL_BAD_HS_CLIENT_KEY_EXCHANGE_CS",
    -32128: "MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_VERIFY",
    -32256: "MBEDTLS_ERR_SSL_BAD_HS_CHANGE_CIPHER_SPEC",
    -32384: "MBEDTLS_ERR_SSL_BAD_HS_FINISHED",
    -32512: "MBEDTLS_ERR_SSL_ALLOC_FAILED",
    -32640: "MBEDTLS_ERR_SSL_HW_ACCEL_FAILED",
    -28544: "MBEDTLS_ERR_SSL_HW_ACCEL_FALLTHROUGH",
    -28416: "MBEDTLS_ERR_SSL_COMPRESSION_FAILED",
    -28288: "MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION",
    -28160: "MBEDTLS_ERR_SSL_BAD_HS_NEW_SESSION_TICKET",
    -28032: "MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED",
    -27904: "MBEDTLS_ERR_SSL_PK_TYPE_MISMATCH",
    -27776: "MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY",
    -27648: "MBEDTLS_ERR_SSL_INTERNAL_ERROR",
    -27520: "MBEDTLS_ERR_SSL_COUNTER_WRAPPING",
    -27392: "MBEDTLS_ERR_SSL_WAITING_SERVER_HELLO_RENEGO",
    -27264: "MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED",
    -27136: "MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL",
    -27008: "MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE",
    -26880: "MBEDTLS_ERR_SSL_WANT_READ",
    -26752: "MBEDTLS_ERR_SSL_WANT_WRITE",
    -26624: "MBEDTLS_ERR_SSL_TIMEOUT",
    -26496: "MBEDTLS_ERR_SSL_CLIENT_RECONNECT",
    -26368: "MBEDTLS_ERR_SSL_UNEXPECTED_RECORD",
    -26240: "MBEDTLS_ERR_SSL_NON_FATAL",
    -26112: "MBEDTLS_ERR_SSL_INVALID_VERIFY_HASH",
    -25984: "MBEDTLS_ERR_SSL_CONTINUE_PROCESSING",
    -25856: "MBEDTLS_ERR_SSL_ASYNC_IN_PROGRESS",
    -16256: "MBEDTLS_ERR_PK_ALLOC_FAILED",
    -16128: "MBEDTLS_ERR_PK_TYPE_MISMATCH",
    -16000: "MBEDTLS_ERR_PK_BAD_INPUT_DATA",
    -15872: "MBEDTLS_ERR_PK_FILE_IO_ERROR",
    -15744: "MBEDTLS_ERR_PK_KEY_INVALID_VERSION",
    -15616: "MBEDTLS_ERR_PK_KEY_INVALID_FORMAT",
    -15488: "MBEDTLS_ERR_PK_UNKNOWN_PK_ALG",
    -15360: "MBEDTLS_ERR_PK_PASSWORD_REQUIRED",
    -15232: "MBEDTLS_ERR_PK_PASSWORD_MISMATCH",
    -15104: "MBEDTLS_ERR_PK_INVALID_PUBKEY",
    -14976: "MBEDTLS_ERR_PK_INVALID_ALG",
    -14848: "MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE",
    -14720: "MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE",
    -14592: "MBEDTLS_ERR_PK_SIG_LEN_MISMATCH",
    -14464: "MBEDTLS_ERR_PK_HW_ACCEL_FAILED",
}

EAI_FAIL = 202
"""What a failed name lookup gives (firmware: the number handed up by lwIP's ``getaddrinfo``)."""

NEWLIB: dict[str, int] = {
    "EPERM": 1,
    "ENOENT": 2,
    "EINTR": 4,
    "EIO": 5,
    "EBADF": 9,
    "EAGAIN": 11,
    "ENOMEM": 12,
    "EACCES": 13,
    "EFAULT": 14,
    "EBUSY": 16,
    "EEXIST": 17,
    "EXDEV": 18,
    "ENODEV": 19,
    "ENOTDIR": 20,
    "EISDIR": 21,
    "EINVAL": 22,
    "ENFILE": 23,
    "EMFILE": 24,
    "EFBIG": 27,
    "ENOSPC": 28,
    "ESPIPE": 29,
    "EROFS": 30,
    "EPIPE": 32,
    "ERANGE": 34,
    "EPROTO": 71,
    "ENOSYS": 88,
    "ENOTEMPTY": 90,
    "ENAMETOOLONG": 91,
    "EOPNOTSUPP": 95,
    "EPFNOSUPPORT": 96,
    "ECONNRESET": 104,
    "ENOBUFS": 105,
    "EAFNOSUPPORT": 106,
    "EPROTOTYPE": 107,
    "ENOTSOCK": 108,
    "ENOPROTOOPT": 109,
    "ESHUTDOWN": 110,
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
    "ESOCKTNOSUPPORT": 124,
    "EADDRNOTAVAIL": 125,
    "ENETRESET": 126,
    "EISCONN": 127,
    "ENOTCONN": 128,
}
"""Host error name -> number in the board's C library."""

HOST_ONLY: dict[str, str] = {
    "EWOULDBLOCK": "EAGAIN",
    "ENETUNREACH": "EHOSTUNREACH",
    "EHOSTDOWN": "EHOSTUNREACH",
    "EPIPE": "ECONNRESET",
    "ESHUTDOWN": "ENOTCONN",
    "ENOTSUP": "EOPNOTSUPP",
}
"""Names the board's network stack never reports (or a host spells otherwise) -> the one it reports in that case."""

HOST_TO_BOARD: dict[int, int] = {
    number: NEWLIB[HOST_ONLY.get(name, name)]
    for name in sorted({*NEWLIB, *HOST_ONLY})
    for number in (getattr(errno, name, None),)
    if isinstance(number, int)
} | {
    # Winsock's numbers also where the host's errno module keeps the C library's under the plain name
    number: NEWLIB[HOST_ONLY.get(name, name)]
    for name in sorted({*NEWLIB, *HOST_ONLY})
    for number in (getattr(errno, f"WSA{name}", None),)
    if isinstance(number, int)
}
"""This host's number -> the board's."""

_BY_CLASS: tuple[tuple[type[OSError], str], ...] = (
    (ConnectionRefusedError, "ECONNREFUSED"),
    (ConnectionResetError, "ECONNRESET"),
    (BrokenPipeError, "ECONNRESET"),
    (ConnectionAbortedError, "ECONNABORTED"),
    (BlockingIOError, "EAGAIN"),
    (TimeoutError, "ETIMEDOUT"),
    (InterruptedError, "EINTR"),
    (FileNotFoundError, "ENOENT"),
    (FileExistsError, "EEXIST"),
    (PermissionError, "EACCES"),
    (IsADirectoryError, "EISDIR"),
    (NotADirectoryError, "ENOTDIR"),
)


def board_errno(exc: OSError) -> int:
    """Return the board's number for an error the host raised.

    A failed name lookup is EAI_FAIL; an error without a number goes by its class; what nothing names is EIO.
    """
    if isinstance(exc, (socket.gaierror, socket.herror)):
        return EAI_FAIL
    number = exc.errno
    if isinstance(number, int) and number in HOST_TO_BOARD:
        return HOST_TO_BOARD[number]
    for kind, name in _BY_CLASS:
        if isinstance(exc, kind):
            return NEWLIB[name]
    return NEWLIB["EIO"]
