"""``certs check`` and ``certs make``: what the board will make of certificate files, and files it can use."""

from __future__ import annotations

import argparse
import json
import stat
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from emulator import certs
from emulator.cli import UsageError
from emulator.commands.printing import say, visible
from emulator.commands.values import host_path
from ussl_shim import inspection
from ussl_shim.certfiles import ARGUMENTS, Role
from ussl_shim.inspection import CertificateReport, FileReport, Inspection

REFUSED = 1
MAX_FILE: Final = 1 << 20
"""Bytes; a file of certificates is far smaller, and the board reads it into its memory whole."""
_ROLES: Final[dict[str, Role]] = {"ca": "ca", "cert": "certificate", "key": "key"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of ``certs`` and their options."""
    actions = parser.add_subparsers(metavar="check|make", required=True)
    check = actions.add_parser(
        "check", help="what the board will make of these files", description="What the board will make of these files."
    )
    check.add_argument("paths", nargs="+", type=host_path, metavar="PATH", help="files, or folders of them")
    check.add_argument("--name", metavar="HOSTNAME", help="does a certificate match this server_hostname?")
    check.add_argument("--role", choices=sorted(_ROLES), help="what all the files are meant for")
    check.add_argument("--json", action="store_true", help="for programs")
    check.set_defaults(action=_check)
    make = actions.add_parser(
        "make",
        help="a CA, a server's and a client's certificate and key",
        description="Make a CA, a server's and a client's certificate and key, in the forms the board can read.",
    )
    make.add_argument("folder", type=host_path, metavar="FOLDER", help="where the files go; made if it is not there")
    make.add_argument(
        "--name",
        action="append",
        metavar="HOSTNAME",
        help="a name of the server; may be repeated (default: localhost)",
    )
    make.add_argument(
        "--client", default="board", metavar="NAME", help="the name in the client's certificate (default: board)"
    )
    make.add_argument("--key", choices=("rsa", "ec"), default="rsa", help="RSA 2048 (the default) or EC P-256")
    make.add_argument("--force", action="store_true", help="overwrite files that are there")
    make.add_argument("--json", action="store_true", help="for programs")
    make.set_defaults(action=_make)


def execute(options: argparse.Namespace) -> int:
    """Run the action and return the exit status."""
    status: int = options.action(options)
    return status


# check


def _check(options: argparse.Namespace) -> int:
    files = {str(path): _read(path) for path in _files(options.paths)}
    for path in map(str, options.paths):
        if len(files.get(path, b"")) > MAX_FILE:
            raise UsageError(_too_big(path))
    role = _ROLES[options.role] if options.role else None
    short = {path: raw for path, raw in files.items() if len(raw) <= MAX_FILE}
    found = inspection.inspect(short, role=role, host=options.name)
    found.refusals += [_too_big(path) for path in files if path not in short]
    if options.json:
        print(json.dumps(asdict(found) | {"usable": found.usable}, indent=1))
    else:
        for line in _lines(found):
            say(visible(line))
    return 0 if found.usable else REFUSED


def _files(paths: list[Path]) -> list[Path]:
    """The files named, and those in the folders named; each once. Raises UsageError."""
    files: list[Path] = []
    for path in paths:
        try:
            inside = (
                sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
                if path.is_dir()
                else [path]
            )
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from error
        if not inside:
            raise UsageError(f"{path}: a folder without files")
        files += inside
    return list(dict.fromkeys(files))


def _too_big(path: str) -> str:
    return f"{path}: more than {MAX_FILE} bytes; no certificate file is that big"


def _read(path: Path) -> bytes:
    """The content of a file, of a huge one the beginning. Raises UsageError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path}: not a file")
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _lines(found: Inspection) -> Iterator[str]:
    for file in found.files:
        yield from _file_lines(file)
        yield ""
    together = list(_belongings(found))
    for row in found.trust:
        end = "trusted" if row.trusted else f"not trusted: {row.faults} (flags {row.flags})"
        together.append(f"{row.certificate} with ca_certs={row.ca_certs}: {end}")
    for match in found.names:
        together.append(f"{match.certificate} {'matches' if match.matches else 'does not match'} {match.name}")
    together += [f"warning: {text}" for text in found.warnings]
    together += [f"refused: {text}" for text in found.refusals]
    if together:
        yield "together"
        yield from (f"  {line}" for line in together)
        yield ""
    yield "the board can use all of this" if found.usable else "the board, or its peers, will refuse some of this"


def _belongings(found: Inspection) -> Iterator[str]:
    """Which key belongs to which certificates: one line for all the files with one and the same key."""
    owned: dict[str, list[str]] = {}
    for key, certificate in found.pairs:
        owned.setdefault(key, []).append(certificate)
    groups: dict[tuple[str, ...], list[str]] = {}
    for key, certificates in owned.items():
        groups.setdefault(tuple(certificates), []).append(key)
    for names, keys in groups.items():
        if list(names) != keys:
            yield f"{', '.join(keys)} {'belong' if len(keys) > 1 else 'belongs'} to {', '.join(names)}"


def _file_lines(file: FileReport) -> Iterator[str]:
    yield f"{file.path}: {file.content}"
    taken = (
        f"as {ARGUMENTS[role]}: {'ok' if number is None else f'OSError({number})'}"
        for role, number in file.raises.items()
    )
    yield f"  {', '.join(taken)}"
    for cert in file.certificates:
        yield from _certificate_lines(cert)
    if file.key is not None:
        yield f"  key: {file.key}"
    yield from (f"  warning: {text}" for text in file.warnings)
    yield from (f"  refused: {text}" for text in file.refusals)


def _certificate_lines(cert: CertificateReport) -> Iterator[str]:
    yield f"  {cert.subject} ({'self-signed' if cert.self_signed else f'issuer: {cert.issuer}'})"
    if cert.names or not cert.ca:
        yield f"    names:  {', '.join(cert.names) or 'none that the board compares'} ({cert.names_from})"
    kind = "a CA" if cert.ca else f"no CA, for {cert.meant_for}"
    yield f"    key:    {cert.key}; signature: {cert.signature}; {kind}"
    if cert.not_before and cert.not_after:
        yield f"    dates:  {cert.not_before} to {cert.not_after} (the board never looks at them)"


# make


def _make(options: argparse.Namespace) -> int:
    names: list[str] = options.name or ["localhost"]
    for name in (*names, options.client):
        _refuse_odd_name(name)
    if options.folder.exists() and not options.folder.is_dir():
        raise UsageError(f"{options.folder}: not a folder")
    if not options.force:  # before the keys are made, which takes a while
        _refuse_taken(options.folder)
    try:
        made = certs.make_set(names, options.client, options.key)
    except ValueError as error:
        raise UsageError(
            f"{', '.join(names)}, {options.client}: a certificate cannot hold that name ({error})"
        ) from error
    try:
        paths = certs.write_set(options.folder, made, force=options.force)
    except FileExistsError as error:
        raise UsageError(_taken(error.filename or str(error))) from error
    except OSError as error:
        raise UsageError(f"{options.folder}: {error.strerror or error}") from error
    if options.json:
        table = {
            "folder": str(options.folder),
            "files": {path.name: str(path) for path in paths},
            "names": names,
            "client": options.client,
            "key": options.key,
        }
        print(json.dumps(table, indent=1))
        return 0
    for line in _story(options.folder, names, options.client, options.key):
        say(visible(line))
    return 0


def _refuse_odd_name(name: str) -> None:
    if not name or len(name) > 253 or not name.isprintable() or any(char in " /@" for char in name):
        raise UsageError(f"{name[:80]!a}: not a host name")


def _refuse_taken(folder: Path) -> None:
    for name in certs.FILE_NAMES:
        path = folder / name
        if path.is_symlink() or path.exists():
            raise UsageError(_taken(str(path)))


def _taken(path: str) -> str:
    return f"{path} is there already; --force overwrites it"


def _story(folder: Path, names: list[str], client: str, key: str) -> Iterator[str]:
    kind = "RSA 2048 bits" if key == "rsa" else "EC P-256"
    what = (
        "the CA's certificate",
        f"the server's certificate, for {', '.join(names)}",
        "its key",
        f"the client's certificate, for {client}",
        "its key",
    )
    yield f"made in {folder} ({kind}, SHA-256):"
    for name, text in zip(certs.FILE_NAMES, what, strict=True):
        yield f"  {name:<11} {text}"
    yield ""
    yield "next:"
    yield "  1. the board gets ca.pem, by FTP or in the project's cert folder: it becomes /flash/cert/ca.pem"
    yield "  2. the server gets server.crt and server.key"
    yield "  3. the script connects with"
    yield (
        f"       ssl.wrap_socket(s, cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem', server_hostname={names[0]!r})"
    )
    yield "  4. where the server asks for a client certificate, the board gets client.crt and client.key too:"
    yield "       certfile='/flash/cert/client.crt', keyfile='/flash/cert/client.key'"
    yield f"  pycom-emulator certs check {folder} tells what the board will make of them"
    yield "the keys have no password, because the board cannot read one: keep them to yourself"
    if any(inspection.is_address(name) for name in names):
        yield ""
        yield "warning: the board never compares server_hostname with IP entries: use a name, or leave it out"
