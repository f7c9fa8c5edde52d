"""What is installed is what is in the tree, and the front doors are what they say."""

from __future__ import annotations

import importlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("flashfs", "ussl_shim", "emulator")


@pytest.mark.nightly
def test_the_wheel_holds_every_file(tmp_path: Path) -> None:
    """Needs the package index, for the build backend."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == expected


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there(name: str) -> None:
    module = importlib.import_module(name)
    for public in module.__all__:
        assert getattr(module, public) is not None


LAZY = {
    "flashfs": ("pyfakefs",),
    "ussl_shim": ("ssl", "cryptography"),
    "emulator": ("ssl", "cryptography", "pyftpdlib", "pyfakefs", "trustme"),
    "emulator.board": ("cryptography", "pyftpdlib", "trustme", "asyncio", "ssl", "logging"),
}


@pytest.mark.parametrize(("name", "heavy"), LAZY.items(), ids=LAZY.keys())
def test_imports_are_lazy(name: str, heavy: tuple[str, ...]) -> None:
    script = f"import sys, {name}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_script_without_tls_loads_none(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print('hello')")
    script = (
        "import sys\nfrom emulator.cli import main\n"
        f"main(['run', {str(tmp_path / 'main.py')!r}])\n"
        "print(sorted({'ssl', 'cryptography', 'pyftpdlib', 'trustme', 'asyncio', 'logging'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, stdin=subprocess.DEVNULL
    )
    assert done.stdout == "hello\n[]\n"
