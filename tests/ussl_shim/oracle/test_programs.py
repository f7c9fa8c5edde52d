"""Rows of the table against servers that nobody here wrote: what counts is the board's judgement, not who is judged.

The rows whose peer is special only by its certificate. Client certificates, versions, suites, resumption and the board
as server meet these programs in `test_interop`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.ussl_shim.certs import BUILDERS, Certificates
from tests.ussl_shim.device import Device, Script
from tests.ussl_shim.oracle.rows import CLIENT_ROWS, Row
from tests.ussl_shim.test_interop import Program, s_server

OFTEN = {
    "trust-optional-selfsigned-leaf-unknown",
    "trust-required-intermediate-sent",
    "hostname-optional-mismatch-and-wrong-ca",
    "keytype-ec-p-384-required",
    "keytype-rsa-1024-required",
    "weak-sha1-signed-leaf-optional",
}
GROUPS = ("trust", "hostname", "key-type", "weak")
PROGRAMS = ("openssl", "gnutls-serv")


@contextlib.contextmanager
def serving(program: str, certs: Certificates, name: str, folder: Path) -> Iterator[tuple[str, int]]:
    own = certs[name]
    (folder / f"{name}.pem").write_bytes(own.chain_pem)
    (folder / f"{name}.key").write_bytes(own.key_pem)
    if program == "openssl":
        chain = ("-cert_chain", str(folder / f"{name}.pem")) if own.chain else ()
        with s_server(folder, "-rev", "-cipher", "ALL:@SECLEVEL=0", *chain, own=name) as (_, address):
            yield address
        return
    port = free_port()
    files = ("--x509certfile", str(folder / f"{name}.pem"), "--x509keyfile", str(folder / f"{name}.key"))
    priority = "NORMAL:%VERIFY_ALLOW_BROKEN:%PROFILE_VERY_WEAK:-VERS-TLS1.3"
    options = ("--echo", "--disable-client-cert", "--priority", priority)
    with Program("gnutls-serv", "-p", str(port), *files, *options) as server:
        server.await_text(r"listening on IPv4 .* port \d+\.\.\.done")
        yield "127.0.0.1", port


def _cases() -> Iterator[Any]:
    for row in CLIENT_ROWS:
        if row.group not in GROUPS or row.peer not in BUILDERS:
            continue
        for program in PROGRAMS:
            for path in ("wc", "cw"):
                # each program in one of the orders, and everything in the nightly run
                often = row.id in OFTEN and (program == "openssl") is (path == "wc")
                marks = [pytest.mark.needs(program), *([] if often else [pytest.mark.nightly])]
                yield pytest.param(row, path, program, id=f"{row.group}/{row.id}/{path}/{program}", marks=marks)


@pytest.mark.parametrize(("row", "path", "program"), list(_cases()))
def test_row(row: Row, path: str, program: str, certs: Certificates, tmp_path: Path) -> None:
    outcome = row.wc if path == "wc" else row.cw
    with serving(program, certs, row.peer, tmp_path) as address, Device(certs.files) as device:
        script = Script(device, address, path, row.call, row.later)
        assert script.run(row.steps) == outcome
        if outcome == "ok":
            assert script.conn is not None
            assert script.conn.version == "TLSv1.2"
        if script.conn is not None:
            script.conn.close()
