"""Each measured outcome, with every quirk of the firmware switched on, against real peers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device, Script
from tests.ussl_shim.oracle import opposite
from tests.ussl_shim.oracle.rows import (
    ARGUMENT_ROWS,
    BEYOND,
    CLIENT_ROWS,
    GROUPS,
    RAW_SOCKET,
    SERVER_ROWS,
    Row,
    ServerRow,
    seen,
)


def _cases() -> Iterator[Any]:
    for row in CLIENT_ROWS:
        for path, outcome in (("wc", row.wc), ("cw", row.cw)):
            if outcome is not None:
                yield pytest.param(row, path, outcome, id=f"{row.group}/{row.id}/{path}")


@pytest.mark.parametrize(("row", "path", "outcome"), list(_cases()))
def test_client_row(row: Row, path: str, outcome: str, certs: Certificates) -> None:
    with opposite.server(certs, row.peer) as peer, Device(certs.files, expects_silence=outcome == "hangs") as device:
        script = Script(device, peer.address, path, row.call, row.later)
        assert script.run(row.steps) == outcome
        _facts(row, script)
        if script.conn is not None:
            script.conn.close()
    if outcome == "ok" and row.value is not None:
        assert script.value == row.value
    if row.peer_saw is not None:
        assert seen(peer.connections).error == row.peer_saw
    if outcome == "ok":
        last = seen(peer.connections)
        assert (last.version, last.resumed) == (row.version or "TLSv1.2", bool(row.resumed))
        assert row.cipher in (None, last.cipher)


def _facts(row: Row, script: Script) -> None:
    conn = script.conn
    if conn is None or conn.state != "open":
        return
    assert conn.version == (row.version or "TLSv1.2")
    if row.cipher is not None:
        assert conn.cipher == row.cipher
    if row.resumed is not None:
        assert conn.resumed is row.resumed


@pytest.mark.parametrize("row", SERVER_ROWS, ids=lambda row: f"server/{row.id}/server")
def test_server_row(row: ServerRow, certs: Certificates) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        opposite.client(certs, row.client, listener.getsockname()) as peer,
        Device(certs.files, expects_silence=row.outcome == "hangs") as device,
    ):
        accepted, _ = listener.accept()
        script = Script(device, ("", 0), "server", {"server_side": True, **row.call}, {}, sock=device.adopt(accepted))
        steps = "wrap recv=100 send=pong" if row.outcome == "ok" else "wrap"
        assert script.run(steps) == row.outcome
        if row.outcome == "ok":
            assert script.conn is not None
            assert script.conn.version == (row.version or "TLSv1.2")
            assert script.conn.cipher == row.cipher
        if script.conn is not None:
            script.conn.close()
    if row.outcome == "ok":
        assert seen(peer.connections).data == b"pong"
    elif row.client_error is not None:
        assert seen(peer.connections).error == row.client_error


def test_the_table_is_whole() -> None:
    """365 outcomes were measured or, for arguments, read."""
    ids = [
        f"{row.id}/{path}"
        for row in (*CLIENT_ROWS, *GROUPS, *RAW_SOCKET)
        for path in ("wc", "cw")
        if getattr(row, path)
    ]
    ids += [f"{row.id}/server" for row in SERVER_ROWS] + [f"{row.id}/wc" for row in ARGUMENT_ROWS]
    assert len(set(ids)) == len(ids)
    assert set(ids) >= BEYOND
    assert len(set(ids) - BEYOND) == 365
