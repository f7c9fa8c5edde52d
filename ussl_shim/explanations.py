"""What the board's numbers and texts for TLS mean, why they come, and what to do. Pure; shared by notes and ``explain``.

Names and one-line meanings stand in `ussl_shim.errors.MEANINGS` and `ussl_shim.results.FLAG_TEXTS`; this table adds where a
number arises, its usual causes and the way out. Board: esp32/mods/modussl.c, esp32/mods/lwipsocket.c, mbedTLS 2.16.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from ussl_shim import errors
from ussl_shim.certfiles import Role, is_unknown_kind
from ussl_shim.results import FLAG_TEXTS, Flag

MBEDTLS: Final = "firmware: mbedTLS 2.16.2"
MODUSSL: Final = "firmware: esp32/mods/modussl.c"
LWIPSOCKET: Final = "firmware: esp32/mods/lwipsocket.c"
PREFIX: Final = "MBEDTLS_ERR_"

Kind = Literal["tls", "flag", "text", "errno"]


@dataclass(frozen=True)
class Explanation:
    """One meaning of a number or text. ``number`` is None for a text; ``name`` may be empty."""

    kind: Kind
    number: int | None
    name: str
    title: str
    where: str
    causes: tuple[str, ...]
    fix: str
    source: str


@dataclass(frozen=True)
class Row:
    """What the table knows of one number besides its name and its one-line meaning."""

    where: str
    causes: tuple[str, ...] = ()
    fix: str = ""
    source: str = MBEDTLS


_READING_CA: Final = "wrap_socket: a file of ca_certs or certfile is parsed"
_READING_KEY: Final = "wrap_socket: the file of keyfile is parsed"
_READING_ANY: Final = "wrap_socket: a file of ca_certs, certfile or keyfile is parsed; or a peer's certificate"
_OWN_KEY: Final = "the handshake, when the peer asks for the board's certificate, or the board is the server"
_HANDSHAKE: Final = "the handshake: connect() of a wrapped socket, or wrap_socket() of a connected one"
_AS_SERVER: Final = "the handshake as a server: wrap_socket(server_side=True) of an accepted socket"

FILE_FIXES: Final[dict[Role, str]] = {
    "ca": "upload the CA's certificate again, whole and as PEM text (from DER: openssl x509 -in FILE -out ca.pem)",
    "certificate": "upload the certificate again, whole and as PEM text (from DER: openssl x509 -in FILE -out cert.pem)",
    "key": "upload the key again, whole, as PEM text and without a password: openssl pkey -in FILE -out private.key",
}
"""What to do with a file of that role that does not parse."""

_DER: Final = (
    "the file is DER (binary): the board stops reading at the first zero byte",
    "the file is empty, holds something else, or its blocks have another label",
)
_DAMAGED: Final = ("the file was damaged in the upload, or made by a tool that does not follow the standard",)
_LOOK_AT_PEER: Final = "look at the peer's log"
_REISSUE: Final = "have the certificate made anew: RSA 2048 or EC, signed with SHA-256"
NEW_KEY: Final = "make a new key and certificate: RSA 2048 or EC P-256 (pycom-emulator certs make FOLDER)"

ROWS: Final[dict[int, Row]] = {
    errors.VERIFY_RESULT_NOT_ZERO: Row(
        "wrap_socket() of a connected socket, after the handshake",
        (
            "cert_reqs=CERT_OPTIONAL and the peer's certificate is not trusted, names another host, or is too weak",
            "as a server with CERT_OPTIONAL: the client sent no certificate, or one that is not trusted",
        ),
        "wrap before connect() to see the sum of flags instead of -1, or run it here and read the note",
        MODUSSL,
    ),
    errors.NET_RECV_FAILED: Row(_HANDSHAKE + ", or recv()", ("the network broke while data was awaited",)),
    errors.NET_SEND_FAILED: Row(_HANDSHAKE, ("the network broke while data was sent",)),
    errors.NET_CONN_RESET: Row(
        _HANDSHAKE + ", or recv()",
        ("the peer closed the connection hard: it crashed, or it refuses this client", "no TLS server on that port"),
        "check the peer's log, and that a server for TLS listens on that port",
    ),
    errors.PEM_INVALID_DATA: Row(_READING_CA, ("a PEM block without content",), FILE_FIXES["ca"]),
    errors.PEM_INVALID_DATA + errors.BASE64_INVALID_CHARACTER: Row(
        _READING_CA + ", or that of keyfile",
        (
            "a character in the block is not base64: the text was edited, cut or pasted",
            "the lines are indented, as in a Python string or a YAML file",
        ),
        "copy the file again byte by byte; no blank may begin a line",
    ),
    errors.PEM_INVALID_ENC_IV: Row(
        _READING_KEY, ("the DEK-Info line of an encrypted key is damaged",), FILE_FIXES["key"]
    ),
    errors.PEM_UNKNOWN_ENC_ALG: Row(_READING_KEY, ("the key is encrypted with 3DES or DES",), FILE_FIXES["key"]),
    errors.PEM_PASSWORD_REQUIRED: Row(_READING_KEY, ("the key is protected by a password",), FILE_FIXES["key"]),
    errors.X509_INVALID_FORMAT: Row(
        _READING_CA,
        (*_DER, "the label is TRUSTED CERTIFICATE or X509 CERTIFICATE instead of CERTIFICATE", "a key instead of it"),
        FILE_FIXES["ca"],
    ),
    errors.X509_INVALID_VERSION: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_INVALID_SERIAL: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_INVALID_ALG: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_INVALID_NAME: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_INVALID_DATE: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_INVALID_SIGNATURE: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_INVALID_EXTENSIONS: Row(
        _READING_CA,
        ("a critical extension the board does not know, such as name constraints", "an extension that occurs twice"),
        _REISSUE,
    ),
    errors.X509_UNKNOWN_VERSION: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_UNKNOWN_SIG_ALG: Row(_READING_CA, ("a signature that is neither RSA nor ECDSA",), _REISSUE),
    errors.X509_UNKNOWN_SIG_ALG + errors.OID_NOT_FOUND: Row(
        _READING_CA, ("signed with Ed25519 or another algorithm the board does not have",), _REISSUE
    ),
    errors.X509_SIG_MISMATCH: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.X509_CERT_VERIFY_FAILED: Row(
        _HANDSHAKE + ", with cert_reqs=CERT_REQUIRED",
        (
            "ca_certs does not hold the CA that signed the peer's certificate",
            "server_hostname= is not a name in the certificate (an IP address matches only a CN or a DNS name)",
            "the server does not send its intermediate certificates",
            "an RSA key under 2048 bits, or a signature with MD5 or SHA-1",
            "not the dates: the board never looks at them",
        ),
        "put the CA certificate that signed it into ca_certs (PEM), and use a name from the certificate; "
        "pycom-emulator certs check compares the files",
    ),
    errors.X509_CERT_UNKNOWN_FORMAT: Row(
        _READING_CA,
        ("a file that is cut: the '-----END' line is missing or not whole", "lines that end in CR only"),
        "copy the file again, whole, with LF or CRLF line ends",
    ),
    errors.PK_UNKNOWN_NAMED_CURVE: Row(_READING_CA, ("an EC key on a curve the board does not have",), _REISSUE),
    errors.PK_INVALID_PUBKEY: Row(_READING_CA, _DAMAGED, _REISSUE),
    errors.ECP_INVALID_KEY: Row(_READING_CA, ("a damaged certificate, or one made to break its readers",), _REISSUE),
    errors.PK_PASSWORD_MISMATCH: Row(
        _READING_KEY, ("the key is protected by a password (AES), and the board has none to give",), FILE_FIXES["key"]
    ),
    errors.PK_PASSWORD_REQUIRED: Row(_READING_KEY, ("the key is protected by a password",), FILE_FIXES["key"]),
    errors.PK_UNKNOWN_PK_ALG: Row(_READING_CA, ("a certificate for an Ed25519 or DSA key",), _REISSUE),
    errors.PK_KEY_INVALID_FORMAT: Row(
        _READING_KEY, (*_DER, "a public key, or a certificate instead of the key", "a cut file"), FILE_FIXES["key"]
    ),
    errors.SSL_ALLOC_FAILED: Row(
        "anywhere in ussl, for want of memory",
        ("the board ran out of memory for TLS",),
        "free memory: close other ssl sockets, gc.collect()",
    ),
    errors.PK_KEY_INVALID_VERSION: Row(
        _READING_KEY,
        (
            "a PKCS#8 or SEC1 key under the label of another form, as in '-----BEGIN EC PRIVATE KEY-----'",
            "an RSA key with more than two primes",
        ),
        FILE_FIXES["key"],
    ),
    errors.PK_KEY_INVALID_FORMAT + errors.ECP_BAD_INPUT_DATA: Row(
        _READING_KEY, ("an EC key without the name of its curve",), FILE_FIXES["key"]
    ),
    errors.PK_KEY_INVALID_FORMAT + errors.ECP_INVALID_KEY: Row(_READING_KEY, _DAMAGED, FILE_FIXES["key"]),
    errors.PK_FEATURE_UNAVAILABLE: Row(
        _READING_ANY, ("an EC key on a curve over a binary field, such as sect163k1",), _REISSUE
    ),
    errors.PK_INVALID_ALG: Row(_READING_ANY, _DAMAGED, _REISSUE),
    errors.ECP_FEATURE_UNAVAILABLE: Row(
        _READING_ANY,
        (
            "the public point in the certificate is compressed",
            "the curve is given by its numbers instead of its name, and is none the board knows in that form",
        ),
        "write the key with a named curve and an uncompressed point: openssl ec -param_enc named_curve "
        "-conv_form uncompressed",
    ),
    errors.ECP_BAD_INPUT_DATA: Row(_READING_ANY, _DAMAGED, _REISSUE),
    errors.AES_INVALID_INPUT_LENGTH: Row(
        _READING_KEY, ("a key protected by a password, and cut besides",), FILE_FIXES["key"]
    ),
    errors.ASN1_OUT_OF_DATA: Row(_READING_ANY, _DAMAGED, _REISSUE),
    errors.ASN1_UNEXPECTED_TAG: Row(_READING_ANY, _DAMAGED, _REISSUE),
    errors.ASN1_INVALID_LENGTH: Row(_READING_ANY, _DAMAGED, _REISSUE),
    errors.X509_FEATURE_UNAVAILABLE: Row(_READING_CA, ("signed with RSA-PSS and a mask other than MGF1",), _REISSUE),
    errors.PK_BAD_INPUT_DATA: Row(_AS_SERVER, ("the client has an Ed25519 certificate",), _REISSUE),
    errors.PK_TYPE_MISMATCH: Row(_OWN_KEY, ("keyfile= is a key for ECDH only (id-ecDH)",), FILE_FIXES["key"]),
    errors.RSA_PRIVATE_FAILED: Row(_OWN_KEY, ("keyfile= is damaged",), FILE_FIXES["key"]),
    errors.RSA_BAD_INPUT_DATA: Row(_OWN_KEY, ("keyfile= holds a key whose private numbers are 0",), FILE_FIXES["key"]),
    errors.RSA_PRIVATE_FAILED + errors.RSA_VERIFY_FAILED: Row(
        _OWN_KEY,
        ("keyfile= is damaged: the board loads such a key, and sees it when it signs with it",),
        FILE_FIXES["key"],
    ),
    errors.X509_FATAL_ERROR: Row(
        _HANDSHAKE + ", with CERT_REQUIRED and CERT_OPTIONAL alike",
        ("more than eight intermediate certificates between the peer's certificate and one in ca_certs",),
        "put an intermediate certificate that is nearer to the peer's into ca_certs",
    ),
    errors.RSA_VERIFY_FAILED: Row(
        _HANDSHAKE,
        ("the peer proves itself with a key that does not belong to its certificate (RSA)", "data altered on the way"),
        "give the peer key and certificate of one pair",
    ),
    errors.ECP_VERIFY_FAILED: Row(
        _HANDSHAKE,
        ("the peer proves itself with a key that does not belong to its certificate (EC)", "data altered on the way"),
        "give the peer key and certificate of one pair",
    ),
    errors.SSL_NO_USABLE_CIPHERSUITE: Row(
        _AS_SERVER,
        (
            "the client has no curve but X25519, or none that the board has",
            "the board has an RSA certificate and the client takes EC ones only, or the reverse",
        ),
        "let the client offer P-256; give the board an RSA certificate, which most clients take",
    ),
    errors.SSL_BAD_HS_NEW_SESSION_TICKET: Row(_HANDSHAKE, ("the server does not follow the standard",), _LOOK_AT_PEER),
    errors.SSL_BAD_HS_CERTIFICATE_REQUEST: Row(_HANDSHAKE, ("the server does not follow the standard",), _LOOK_AT_PEER),
    errors.SSL_BAD_HS_SERVER_HELLO_DONE: Row(
        _HANDSHAKE,
        ("the server sent a message the board does not expect there, such as a HelloRequest in the middle",),
        _LOOK_AT_PEER,
    ),
    errors.SSL_BAD_HS_CLIENT_KEY_EXCHANGE: Row(
        _AS_SERVER, ("the client sent something else, or begins anew in the middle",), _LOOK_AT_PEER
    ),
    errors.SSL_TIMEOUT: Row(
        "read() and readline() after settimeout(); here also the handshake, after timeout= seconds",
        ("the peer is silent: wrong port, a server that waits for something, a network that drops packets",),
        "check that the peer answers; timeout= is the number of seconds to wait",
    ),
    errors.SSL_PK_TYPE_MISMATCH: Row(_HANDSHAKE, ("the peer has an Ed25519 certificate",), _REISSUE),
    errors.SSL_BAD_HS_PROTOCOL_VERSION: Row(
        _HANDSHAKE,
        ("the server answers with a version other than TLS 1.0 to 1.2",),
        "let the peer speak TLS 1.2; the board has no TLS 1.3",
    ),
    errors.SSL_FEATURE_UNAVAILABLE: Row(
        _HANDSHAKE, ("rubbish inside a handshake record",), "check that host and port are the right ones"
    ),
    errors.SSL_BAD_INPUT_DATA: Row(
        "recv(), save_session() or wrap_socket()",
        (
            "recv() or save_session() before connect(), after close(), or after a failed handshake",
            "save_session() of a server's socket; saved_session= together with server_side=True",
            "server_hostname= of more than 255 characters",
        ),
        "connect first; save the session before close()",
        MODUSSL,
    ),
    errors.SSL_INVALID_MAC: Row(
        _HANDSHAKE + ", or recv()", ("data altered on the way, or two threads on one socket",), _LOOK_AT_PEER
    ),
    errors.SSL_INVALID_RECORD: Row(
        _HANDSHAKE,
        ("the peer does not speak TLS on that port: plain HTTP, MQTT on 1883, an SSH or SMTP banner",),
        "check the port: this peer does not speak TLS there",
    ),
    errors.SSL_CONN_EOF: Row(
        _HANDSHAKE,
        (
            "the server wants a client certificate, an SNI name (server_hostname=), or another TLS version",
            "the server is not ready yet, or drops clients it does not know",
        ),
        "check the peer's log; a peer that wants a client certificate or an SNI name may just hang up",
    ),
    errors.SSL_NO_CIPHER_CHOSEN: Row(
        _AS_SERVER,
        ("the client speaks TLS 1.3 only", "no cipher suite or curve in common", "a certificate the client cannot use"),
        "let the client offer TLS 1.2 with an AES suite; the board has no TLS 1.3",
    ),
    errors.SSL_NO_CLIENT_CERTIFICATE: Row(
        _AS_SERVER, ("cert_reqs=CERT_REQUIRED and the client sent no certificate",), "give the client a certificate"
    ),
    errors.SSL_UNEXPECTED_MESSAGE: Row(
        _HANDSHAKE, ("the peer sent data before the handshake was over",), _LOOK_AT_PEER
    ),
    errors.SSL_FATAL_ALERT_MESSAGE: Row(
        _HANDSHAKE + ", or recv()",
        (
            "the server wants a client certificate (certfile= and keyfile=), or does not know its CA",
            "keyfile= does not belong to certfile=: the board does not check that, the peer does",
            "a server that speaks TLS 1.3 only, or has no suite or curve in common with the board",
            "the server has no certificate for the name (server_hostname= is missing or wrong)",
            "from wrap_socket, not the handshake: an RSA key in PKCS#8 whose algorithm has parameters other than NULL",
        ),
        "look at the peer's log: it tells the reason that the alert only hints at",
    ),
    errors.SSL_PEER_CLOSE_NOTIFY: Row(_HANDSHAKE, ("the peer ended the connection in good order",), _LOOK_AT_PEER),
    errors.SSL_BAD_HS_CLIENT_HELLO: Row(
        _AS_SERVER, ("a browser or client that speaks plain HTTP",), "use a TLS client (https://, not http://)"
    ),
    errors.SSL_BAD_HS_SERVER_HELLO: Row(
        _HANDSHAKE + "; also wrap_socket() with an Ed25519 key file, where two codes add up to this number",
        ("keyfile= is an Ed25519 key", "the server's first message is malformed"),
        "use an RSA or EC key; otherwise look at the peer's log",
    ),
    errors.SSL_BAD_HS_CERTIFICATE: Row(
        _HANDSHAKE + ", with cert_reqs=CERT_REQUIRED",
        ("the certificate is for clients only (extended key usage), or its key usage forbids TLS",),
        "reissue the certificate for this use",
    ),
    errors.SSL_BAD_HS_SERVER_KEY_EXCHANGE: Row(
        _HANDSHAKE,
        ("a Diffie-Hellman group under 1024 bits", "a curve the board does not have"),
        "let the server use ECDHE, or a group of 2048 bits",
    ),
    errors.SSL_BAD_HS_CERTIFICATE_VERIFY: Row(
        _AS_SERVER,
        ("the client's key does not belong to its certificate",),
        "give the client key and certificate of one pair",
    ),
    errors.SSL_BAD_HS_FINISHED: Row(_HANDSHAKE, ("something between the two alters what they send",), _LOOK_AT_PEER),
}

_FLAGS_WHERE: Final = "connect() of a wrapped socket with cert_reqs=CERT_OPTIONAL; the handshake itself has completed"

FLAG_ROWS: Final[dict[Flag, Row]] = {
    Flag.MISSING: Row(_FLAGS_WHERE, ("the peer has no certificate",), "give the client a certificate"),
    Flag.NOT_TRUSTED: Row(
        _FLAGS_WHERE,
        (
            "ca_certs does not hold the CA that signed it",
            "the peer does not send its intermediate certificates",
            "the issuer is no CA (basicConstraints), or its key usage forbids signing",
        ),
        "put the CA certificate that signed it into ca_certs (PEM), or let the peer send its chain",
    ),
    Flag.NAME_MISMATCH: Row(
        _FLAGS_WHERE,
        (
            "server_hostname= is neither a DNS name of the certificate nor, where it has no alternative names, its CN",
            "server_hostname= is an IP address: the board compares it as text, never with an IP entry",
        ),
        "use a name from the certificate (IP addresses match only a CN or DNS name), or reissue it",
    ),
    Flag.EXT_KEY_USAGE: Row(
        _FLAGS_WHERE, ("a client's certificate on a server, or the reverse",), "reissue the certificate for this use"
    ),
    Flag.KEY_USAGE: Row(_FLAGS_WHERE, ("keyUsage lacks what TLS needs",), "reissue the certificate for this use"),
    Flag.BAD_HASH: Row(_FLAGS_WHERE, ("an old certificate",), "reissue the certificate with SHA-256"),
    Flag.KEY_TOO_SMALL: Row(_FLAGS_WHERE, ("an old certificate or CA",), "use RSA keys of 2048 bits and more, or EC"),
    Flag.BAD_KEY_KIND: Row(
        _FLAGS_WHERE, ("a key that is neither RSA nor EC",), "use RSA keys of 2048 bits and more, or EC"
    ),
    Flag.REVOKED: Row(_FLAGS_WHERE, ("does not occur on the board: it reads no revocation lists",)),
    Flag.SKIPPED: Row(_FLAGS_WHERE, ("as a server with CERT_NONE; the board lets that pass",)),
}
"""In the order in which a fix is chosen when several faults come together."""

_ALL_FLAGS: Final = sum(int(flag) for flag in FLAG_ROWS)


@dataclass(frozen=True)
class _Text:
    pattern: str
    error: str
    title: str
    row: Row


_NOT_FOUND: Final = (
    "no file of that path; on LittleFS case counts",
    "the path is not below /flash/cert/ (the documented place), is relative, or names a folder",
    "the upload has not ended: a file appears when it is closed",
)
_PUT_THERE: Final = "upload it by FTP to /flash/cert/ and mind the spelling"
_ARGUMENTS: Final = "any call of ussl, before a file is opened"

TEXTS: Final[tuple[_Text, ...]] = (
    _Text(
        re.escape(errors.CA_NOT_FOUND),
        "OSError",
        "the file of ca_certs= could not be read",
        Row("wrap_socket", _NOT_FOUND, _PUT_THERE, MODUSSL),
    ),
    _Text(
        re.escape(errors.CERTIFICATE_NOT_FOUND),
        "OSError",
        "the file of certfile= could not be read",
        Row("wrap_socket", _NOT_FOUND, _PUT_THERE, MODUSSL),
    ),
    _Text(
        re.escape(errors.KEY_NOT_FOUND),
        "OSError",
        "the file of keyfile= could not be read",
        Row("wrap_socket", _NOT_FOUND, _PUT_THERE, MODUSSL),
    ),
    _Text(
        re.escape(errors.INVALID_ARGUMENTS),
        "ValueError",
        "the values of the arguments do not go together (many modules of the board use this text)",
        Row(
            "wrap_socket, before a file is opened; also constructors such as Pin, SPI and I2C",
            (
                "cert_reqs= other than CERT_NONE without ca_certs=",
                "server_side=True without both certfile= and keyfile=",
                "sock is not a plain socket: None, a number, an ssl socket, a LoRa or Sigfox socket",
                "saved_session= is not what save_session() returned",
            ),
            "give what is missing; wrap the socket of socket.socket() itself",
            MODUSSL,
        ),
    ),
    _Text(
        r"(?<!\w)" + re.escape(errors.TIMED_OUT),
        "TimeoutError",
        "nothing arrived within the socket's timeout",
        Row(
            "recv() after settimeout(); the connection stays usable",
            ("the peer is slow or silent",),
            "call again, or give settimeout() more time; read() and readline() raise OSError(-26624) instead",
            LWIPSOCKET,
        ),
    ),
    _Text(
        "'[a-z_]+' argument required",
        "TypeError",
        "an argument that must be given is missing",
        Row(_ARGUMENTS, ("wrap_socket() without sock, save_session() without ssl_sock",), "give it", MODUSSL),
    ),
    _Text(
        "extra positional arguments given",
        "TypeError",
        "only the first argument may be given without its name",
        Row(_ARGUMENTS, ("wrap_socket(s, key, cert)",), "name the others: keyfile=, certfile=, ...", MODUSSL),
    ),
    _Text(
        "extra keyword arguments given",
        "TypeError",
        "an argument of that name does not exist on the board",
        Row(_ARGUMENTS, ("a name of CPython's ssl, such as ciphers=",), "leave it out", MODUSSL),
    ),
    _Text(
        r"can't convert '\w+' object to str implicitly",
        "TypeError",
        "a path or a name must be a str or bytes",
        Row(
            _ARGUMENTS, ("keyfile=, certfile=, ca_certs= or server_hostname= is something else",), "give text", MODUSSL
        ),
    ),
    _Text(
        r"can't convert \w+ to int",
        "TypeError",
        "a number must be an int",
        Row(_ARGUMENTS, ("cert_reqs=, ssl_version= or timeout= is a float, a str or None",), "give an int", MODUSSL),
    ),
    _Text(
        "overflow converting long int to machine word",
        "OverflowError",
        "a number has more than 32 bits",
        Row(_ARGUMENTS, ("cert_reqs=, ssl_version= or timeout= is huge",), "give a smaller one", MODUSSL),
    ),
)


def meaning(number: int, otherwise: str) -> str:
    """The one-line meaning of a number, or ``otherwise`` where the table has none."""
    found = of_number(number)
    return found.title if found is not None else otherwise


def fix(number: int) -> str:
    """What to do about a number, or nothing."""
    found = ROWS.get(number)
    return found.fix if found is not None else ""


def fix_for_file(number: int, role: Role) -> str:
    """What to do about a file of ``role`` that is refused with this number."""
    if not is_unknown_kind(number):
        return FILE_FIXES[role]
    return NEW_KEY if role == "key" else _REISSUE


def fix_for_flags(flags: int) -> str:
    """What to do about the first of these faults."""
    return next((row.fix for flag, row in FLAG_ROWS.items() if flags & flag and row.fix), "")


def of_number(number: int) -> Explanation | None:
    """The explanation of a TLS number, also of a sum of two codes; None for one that the table does not hold."""
    row = ROWS.get(number)
    if row is not None:
        name, title = errors.MEANINGS[number]
        full = " + ".join(PREFIX + part for part in name.split(" + ")) if name else ""
        return Explanation("tls", number, full, title, row.where, row.causes, row.fix, row.source)
    # A parser's number is a high code (multiples of 128) plus a low one.
    high, low = -(-number & 0xFF80), -(-number & 0x7F)
    if not -0x8000 < number < 0 or low not in errors.LOW_CODES:
        return None
    # Two high codes may add up to a third, which never has a low one.
    parts = (errors.PK_KEY_INVALID_FORMAT, errors.PK_INVALID_ALG) if high == _KEY_ALGORITHM else (high,)
    if parts[-1] not in ROWS:
        return None
    row = ROWS[parts[0]]
    title, (low_name, low_title) = errors.MEANINGS[parts[-1]][1], errors.LOW_CODES[low]
    full = " + ".join(PREFIX + name for name in (*(errors.MEANINGS[part][0] for part in parts), low_name))
    return Explanation("tls", number, full, f"{title}: {low_title}", row.where, row.causes, row.fix, row.source)


_KEY_ALGORITHM: Final = errors.PK_KEY_INVALID_FORMAT + errors.PK_INVALID_ALG
"""Of a PKCS#8 key; by itself it equals SSL_FATAL_ALERT_MESSAGE."""


def of_name(name: str) -> Explanation | None:
    """The explanation of ``MBEDTLS_ERR_SSL_TIMEOUT`` or ``SSL_TIMEOUT``."""
    short = name.upper().removeprefix(PREFIX)
    found = next((number for number, (known, _) in errors.MEANINGS.items() if known == short), None)
    return None if found is None else of_number(found)


def of_flags(flags: int) -> list[Explanation]:
    """One explanation for each fault in a sum of flags, smallest first; nothing where it is no such sum."""
    if flags <= 0 or flags & ~_ALL_FLAGS:
        return []
    return [_of_flag(flag) for flag in sorted(FLAG_ROWS) if flags & flag]


def of_flag_name(name: str) -> Explanation | None:
    """The explanation of ``NOT_TRUSTED``, with or without ``BADCERT_`` before it."""
    short = name.upper().removeprefix("MBEDTLS_X509_").removeprefix("BADCERT_")
    return next((_of_flag(flag) for flag in FLAG_ROWS if flag.name == short), None)


def _of_flag(flag: Flag) -> Explanation:
    row = FLAG_ROWS[flag]
    name = flag.name or ""
    return Explanation("flag", int(flag), name, FLAG_TEXTS[flag], row.where, row.causes, row.fix, row.source)


def of_text(text: str) -> Explanation | None:
    """The explanation of a text that the board puts into an exception, anywhere in ``text``; case does not matter."""
    for known in TEXTS:
        found = re.search(known.pattern, text, re.IGNORECASE)
        if found is not None:
            row = known.row
            return Explanation(
                "text", None, f"{known.error}: {found[0]}", known.title, row.where, row.causes, row.fix, row.source
            )
    return None
