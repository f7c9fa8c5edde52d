"""``wrap_socket`` up to the point where the network begins: checks in the board's order, files read and parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ussl_shim import arguments, certfiles, errors, notes
from ussl_shim.arguments import BoundArguments, CheckedArguments
from ussl_shim.certfiles import FileRefusedError, Role
from ussl_shim.certificate import Certificate
from ussl_shim.environment import Environment
from ussl_shim.quirks import HANDSHAKE_TIMEOUT_IGNORED, TIMEOUT_EIGHT_BITS
from ussl_shim.results import Mode
from ussl_shim.session import Session

if TYPE_CHECKING:
    from ussl_shim.engine import Identity

DEFAULT_TIMEOUT: Final = 10
MAX_HOST_NAME: Final = 255
_READ_STEP: Final = 256
"""Bytes by which the board reads a file (firmware: esp32/util/pycom_general_util.c)."""


@dataclass(frozen=True)
class Plan:
    """A handshake that only lacks its connection.

    ``cert_reqs`` is the script's number, ``mode`` what the library keeps of it; ``timeout`` is seconds of handshake,
    None for ever; ``identity`` is the board's own certificate and key; ``ca_ignored`` says that ``ca_certs`` was given
    together with CERT_NONE; ``key_fault`` is the number where the key turns out not to work when it is used.
    """

    server_side: bool
    cert_reqs: int
    mode: Mode
    anchors: tuple[Certificate, ...]
    identity: Identity | None
    own_chain: tuple[Certificate, ...]
    host: bytes | None
    session: Session | None
    timeout: float | None
    ca_ignored: bool = False
    key_fault: int | None = None


def prepare(
    env: Environment,
    *,
    sock: Any = None,
    keyfile: Any = None,
    certfile: Any = None,
    server_side: bool = False,
    cert_reqs: int = 0,
    ssl_version: int = 0,
    ca_certs: Any = None,
    server_hostname: Any = None,
    saved_session: Any = None,
    timeout: Any = None,
    sock_ok: bool,
) -> Plan:
    """Everything ``wrap_socket`` does before it uses the network, in the board's order.

    The arguments are those of `bind`. ``sock_ok`` says whether ``sock``, shown in a note only, was exactly a plain socket.
    Raises ValueError and TypeError with the board's texts, MemoryError for a file that does not fit the heap, and what
    ``env.error`` makes for files and TLS numbers. Whatever is raised, a note says why.
    """
    bound = BoundArguments(
        sock,
        _encodable(keyfile),
        _encodable(certfile),
        server_side,
        cert_reqs,
        ssl_version,
        _encodable(ca_certs),
        _encodable(server_hostname),
        saved_session,
        timeout,
    )
    session = saved_session if isinstance(saved_session, Session) else None
    checked = _check(env, bound, sock_ok=sock_ok, session_ok=saved_session is None or session is not None)

    raw_ca = None if checked.ca_certs is None else _read(env, checked.ca_certs, "ca")
    raw_own = None
    if checked.certfile is not None and checked.keyfile is not None:
        raw_own = (_read(env, checked.certfile, "certificate"), _read(env, checked.keyfile, "key"))
    elif checked.certfile is not None or checked.keyfile is not None:
        env.note(notes.lone_own_file(has_certificate=checked.certfile is not None))

    anchors = () if raw_ca is None else _certificates(env, checked.ca_certs, "ca", raw_ca)
    chain: tuple[Certificate, ...] = ()
    identity, key_fault = None, None
    if raw_own is not None:
        chain = _certificates(env, checked.certfile, "certificate", raw_own[0])
        identity, key_fault = _identity(env, checked.keyfile, chain, raw_own[1])
    if session is not None and checked.server_side:
        env.note(notes.misuse("a saved session means nothing to a server", "leave saved_session out"))
        raise env.error(errors.SSL_BAD_INPUT_DATA)
    host = checked.server_hostname
    if host is not None and len(host) > MAX_HOST_NAME:
        env.note(
            notes.misuse(
                f"server_hostname has {len(host)} characters; {MAX_HOST_NAME} is the limit",
                "give server_hostname= the name alone, without a path",
            )
        )
        raise env.error(errors.SSL_BAD_INPUT_DATA)
    return Plan(
        server_side=checked.server_side,
        cert_reqs=checked.cert_reqs,
        mode=Mode.of(checked.cert_reqs),
        anchors=anchors,
        identity=identity,
        own_chain=chain,
        host=host,
        session=session,
        timeout=_handshake_seconds(env, checked.timeout),
        ca_ignored=cert_reqs == 0 and ca_certs is not None,
        key_fault=key_fault,
    )


def _encodable(value: Any) -> Any:
    """A str with a lone surrogate as the board's bytes of it, which are three; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def bind_noted(env: Environment, args: Sequence[object], kwargs: Mapping[str, object]) -> BoundArguments:
    """Bind the arguments of ``wrap_socket``; what is wrong with them becomes a note. Raises as `arguments.bind` does."""
    try:
        return arguments.bind(args, kwargs)
    except (TypeError, OverflowError) as exc:
        env.note(notes.call_refused(exc, args, kwargs))
        raise


def _check(env: Environment, bound: BoundArguments, *, sock_ok: bool, session_ok: bool) -> CheckedArguments:
    try:
        return arguments.check(bound, sock_ok=sock_ok, session_ok=session_ok)
    except (TypeError, ValueError, OverflowError) as exc:
        env.note(notes.argument_refused(exc, bound, sock_ok=sock_ok, session_ok=session_ok))
        raise


def _handshake_seconds(env: Environment, timeout: int | None) -> float | None:
    if timeout is not None and not 0 <= timeout <= 255:
        env.note(notes.timeout_eight_bits(timeout))
        if env.quirk(TIMEOUT_EIGHT_BITS):
            timeout &= 0xFF
    if env.quirk(HANDSHAKE_TIMEOUT_IGNORED):
        return None
    return float(timeout) if timeout is not None and timeout > 0 else float(DEFAULT_TIMEOUT)


def _read(env: Environment, path: bytes, role: Role) -> bytes:
    refused = certfiles.refuse_path(path, role, env.settings.cert_rules)
    if refused is not None:
        env.note(notes.path_refused(path, role, refused, env.files.similar(path)))
        raise env.error(certfiles.NOT_FOUND[role])
    try:
        raw = env.files.read(path)
    except OSError as exc:
        env.note(notes.file_not_found(path, role, str(exc), env.files.similar(path)))
        raise env.error(certfiles.NOT_FOUND[role]) from exc
    _fits_the_heap(env, path, role, len(raw))
    return raw


def _fits_the_heap(env: Environment, path: bytes, role: Role, size: int) -> None:
    """The board reads a file into one piece of its heap, which it lengthens as it reads. Raises MemoryError."""
    needed = size - size % _READ_STEP + _READ_STEP
    if env.heap is not None and needed > env.heap:
        wanted = env.heap - env.heap % _READ_STEP + _READ_STEP
        env.note(notes.file_too_long(path, role, size, env.heap))
        raise MemoryError(f"memory allocation failed, allocating {wanted} bytes")


def _certificates(env: Environment, path: bytes | None, role: Role, raw: bytes) -> tuple[Certificate, ...]:
    try:
        found = certfiles.parse_certificates(raw)
    except FileRefusedError as exc:
        env.note(notes.file_refused(path or b"", role, exc))
        raise env.error(exc.number) from exc
    if found.skipped:
        env.note(notes.blocks_skipped(path or b"", role, found))
    return found.certificates


def _identity(
    env: Environment, path: bytes | None, chain: tuple[Certificate, ...], raw: bytes
) -> tuple[Identity, int | None]:
    """The board's own certificate and key, and the number where that key does not work."""
    from ussl_shim import x509
    from ussl_shim.engine import Identity, fingerprint

    try:
        key = x509.load_key(certfiles.parse_key(raw))
    except FileRefusedError as exc:
        env.note(notes.file_refused(path or b"", "key", exc))
        raise env.error(exc.number) from exc
    chain_pem = x509.certificates_pem(chain)
    if key.fault is None and key.belongs_to(chain[0]):
        return Identity(chain_pem, key.pem, fingerprint(chain_pem, raw)), None
    if key.fault is None:
        env.note(notes.key_mismatch(path or b"", chain[0]))
    else:
        env.note(notes.key_unsound(path or b"", key.fault))
    impostor = x509.impostor_pem(chain[0])
    return Identity(chain_pem, lambda _password: impostor, fingerprint(chain_pem, raw), secret=False), key.fault
