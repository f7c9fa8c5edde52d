"""What pymakr.conf says of a project (github:sg-wireless/pymakr-vsc, schema and uploader)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator import ProjectError
from emulator.project import read

TREE = (
    "main.py",
    "README.md",
    "env/x.py",
    "lib/env/y.py",
    "lib/a.md",
    "lib/a.py",
    "src/main.py",
    "src/notes.txt",
    ".secret",
    ".gitignore",
    "venv/x.py",
    "lib/venv/y.py",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in TREE:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {name}")
    return tmp_path


def files(project: Path, **words: object) -> set[str]:
    (project / "pymakr.conf").write_text(json.dumps(words))
    return {path[1:] for path, content in read(project).entries.items() if content is not None} - {"pymakr.conf"}


EVERYTHING = set(TREE) - {"env/x.py", "venv/x.py", ".gitignore"}

CHOSEN: list[tuple[dict[str, object], set[str]]] = [
    ({}, EVERYTHING),
    ({"dist_dir": "."}, EVERYTHING),
    ({"dist_dir": "src"}, {"main.py", "notes.txt"}),
    ({"dist_dir": "./src/"}, {"main.py", "notes.txt"}),
    ({"sync_folder": "src", "address": "192.168.4.1", "py_ignore": []}, {"main.py", "notes.txt"}),
    ({"dist_dir": "lib", "sync_folder": "src"}, {"a.md", "a.py"}),  # env is passed over at the top
    ({"sync_folder": ""}, EVERYTHING),
    ({"py_ignore": ["lib"]}, {name for name in EVERYTHING if not name.startswith("lib/")}),
    ({"py_ignore": ["./lib/"]}, {name for name in EVERYTHING if not name.startswith("lib/")}),
    ({"py_ignore": ["a.py"]}, EVERYTHING),  # of the whole path: lib/a.py is another
    ({"py_ignore": ["lib/a.py"]}, EVERYTHING - {"lib/a.py"}),
    ({"py_ignore": ["lib\\a.py"]}, EVERYTHING - {"lib/a.py"}),
    ({"py_ignore": ["*.md"]}, EVERYTHING - {"README.md"}),
    ({"py_ignore": ["**/*.md"]}, EVERYTHING - {"README.md", "lib/a.md"}),
    ({"py_ignore": ["**/env"]}, EVERYTHING - {"lib/env/y.py"}),
    ({"py_ignore": ["lib/a.{md,py}"]}, EVERYTHING - {"lib/a.md", "lib/a.py"}),
    ({"py_ignore": ["*"]}, {".secret"}),  # no wildcard stands for a leading dot
]


@pytest.mark.parametrize(
    ("words", "wanted"), CHOSEN, ids=lambda case: json.dumps(case) if isinstance(case, dict) else ""
)
def test_what_goes_onto_the_board(project: Path, words: dict[str, object], wanted: set[str]) -> None:
    assert files(project, **words) == wanted


@pytest.mark.parametrize(
    ("value", "restart"),
    [(None, "soft"), ("restartScript", "soft"), ("softRestartDevice", "soft"), ("hardRestartDevice", "hard")],
)
def test_how_a_change_takes_effect(project: Path, value: str | None, restart: str) -> None:
    files(project, **({} if value is None else {"dev": {"onUpdate": value}}))
    assert read(project).restart == restart


def test_no_pymakr_conf_says_nothing(project: Path) -> None:
    assert read(project).restart == "soft"
    assert "/env/x.py" in read(project).entries


FAULTS: list[tuple[bytes, str]] = [
    (b"", "line 1"),
    (b'{\n "dist_dir": src\n}', "line 2"),
    (b"// words\n{}", "JSON without comments"),
    (b"\xff\xfe{}", "not UTF-8"),
    (b"[]", "an object is needed"),
    (b'{"dist_dir": 1}', "dist_dir is a folder's name"),
    (b'{"dist_dir": "nowhere"}', "dist_dir: there is no folder 'nowhere'"),
    (b'{"sync_folder": "main.py"}', "sync_folder: there is no folder 'main.py'"),
    (b'{"dist_dir": "a\\u0000b"}', "there is no folder"),
    (b'{"dist_dir": ' + b"1" * 5000 + b"}", "digits"),
    (b'{"py_ignore": "env"}', "py_ignore is a list"),
    (b'{"py_ignore": [1]}', "py_ignore is a list"),
    (b'{"py_ignore": ["{1..100000}"]}', "cannot be used"),
    (b'{"dev": {"onUpdate": "never"}}', "dev.onUpdate is one of restartScript"),
    (b'{"dev": 7}', "dev.onUpdate is one of"),
    (b"[" * 100_000, "nested too deeply"),
    (b'"' + b"x" * 300_000, "larger than 256 KiB"),
]


@pytest.mark.parametrize(("content", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_a_fault_is_one_line_that_names_the_file(project: Path, content: bytes, message: str) -> None:
    (project / "pymakr.conf").write_bytes(content)
    with pytest.raises(ProjectError) as error:
        read(project)
    text = str(error.value)
    assert text.startswith(str(project / "pymakr.conf"))
    assert message in text
    assert "\n" not in text
