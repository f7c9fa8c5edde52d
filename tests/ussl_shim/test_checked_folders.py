"""``certs check`` of whole folders: a huge file does not end it, and many files with one key take one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.cli import main
from emulator.commands.certs import MAX_FILE
from tests.ussl_shim.certs import Certificates


def test_a_huge_file_in_a_folder_is_reported_and_the_others_are_read(
    tmp_path: Path, certs: Certificates, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pem").write_bytes(certs["ca"].pem)
    (tmp_path / "huge.pem").write_bytes(b"x" * (MAX_FILE + 1))
    assert main(["certs", "check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"huge.pem: more than {MAX_FILE} bytes" in out
    assert "ca.pem: PEM, 1 certificate" in out


def test_files_with_one_key_take_one_line(
    tmp_path: Path, certs: Certificates, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        (tmp_path / f"{number}.crt").write_bytes(certs["client"].pem)
        (tmp_path / f"{number}.key").write_bytes(certs["client"].key_pem)
    main(["certs", "check", str(tmp_path)])
    lines = [line for line in capsys.readouterr().out.splitlines() if " belong" in line]
    assert len(lines) == 1
    assert all(f"{number}.crt" in lines[0] and f"{number}.key" in lines[0] for number in range(6))
