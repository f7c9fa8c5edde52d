"""Files and folders into findings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from emulator.checks import (
    absent,
    arguments,
    certificates,
    exceptions,
    folder,
    formats,
    language,
    methods,
    modules,
    neighbours,
    slices,
)
from emulator.checks.findings import Finding
from emulator.checks.script import Script
from emulator.settings import CertRules

RULES = (
    modules.find,
    neighbours.find,
    absent.find,
    arguments.find,
    certificates.find,
    methods.find,
    exceptions.find,
    slices.find,
    formats.find,
)


@dataclass
class Report:
    """``findings`` in the order of files and lines; ``skipped``: file -> why; ``checked``: how many files were looked at."""

    findings: list[Finding] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    checked: int = 0


def check_text(
    data: bytes,
    file: str = "<stdin>",
    board: str = "FiPy",
    project: frozenset[str] = frozenset(),
    cert_rules: CertRules = "documented",
) -> list[Finding]:
    """Return what is wrong with the bytes of one script. ``board`` is a platform name (``FiPy``)."""
    tree = language.parse(data)
    return _findings(file, data, Script(file, tree, board, project, cert_rules) if tree is not None else None)


def check(
    paths: Iterable[Path],
    board: str = "FiPy",
    cert_rules: CertRules = "documented",
    progress: Callable[[int, str], None] = lambda done, file: None,
) -> Report:
    """Check scripts and the scripts in folders. A file that cannot be read is a finding; the others are still checked.

    Raises OSError for a path that is not there or a folder that cannot be listed.
    """
    report = Report()
    exports: neighbours.Exports = {}
    for path in paths:
        if path.is_dir():
            root, found, named = path, list(folder.files(path)), False
        else:
            path.stat()
            root, found, named = folder.neighbours(path), [path], True
        known = folder.names(p.relative_to(root) for p in (_near(root) if named else found))
        if named and path.is_absolute() and path.parent.name == "lib":
            known |= {path.stem}
        loaded: list[tuple[Path, bytes, ast.Module | None]] = []
        for file in found:
            progress(report.checked + len(loaded), str(file))
            try:
                data = _first(file)
            except OSError as error:
                report.findings.append(Finding(str(file), 1, 1, "unreadable", str(error.strerror), "cannot be opened"))
                report.checked += 1
                continue
            loaded.append((file, data, language.parse(data) if len(data) <= language.MAX_BYTES else None))
        skipped = {} if named else _skipped(loaded)
        report.skipped.update({str(file): why for file, why in skipped.items()})
        for file, data, tree in loaded:
            if file not in skipped:
                report.checked += 1
                script = None
                if tree is not None:
                    script = Script(str(file), tree, board, known, cert_rules, path=file, exports=exports)
                report.findings += _findings(str(file), data, script)
    report.findings.sort()
    return report


def _near(root: Path) -> list[Path]:
    own = [path for path in root.iterdir() if path.suffix in (".py", ".mpy")]
    packages = [path for path in root.glob("*/*") if path.suffix in (".py", ".mpy")]
    inner = [path for path in root.glob("lib/*/*") if path.suffix in (".py", ".mpy")]
    return [*own, *packages, *inner]


def _first(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(language.MAX_BYTES + 1)


def _skipped(loaded: list[tuple[Path, bytes, ast.Module | None]]) -> dict[Path, str]:
    """Files for the host, except those that a file for the board imports."""
    skipped = {}
    for file, data, tree in loaded:
        why = folder.not_for_a_board(file, data, tree)
        if why:
            skipped[file] = why
    places = {(file.parent, file.stem): file for file, _, _ in loaded}
    trees = {file: tree for file, _, tree in loaded if tree is not None}
    pending = [file for file in trees if file not in skipped]
    while pending and skipped:
        importer = pending.pop()
        for name in folder.imports(trees[importer]):
            wanted = folder.found_by(importer, name, places)
            if wanted in skipped:
                del skipped[wanted]
                if wanted in trees:
                    pending.append(wanted)
    return skipped


def _findings(file: str, data: bytes, script: Script | None) -> list[Finding]:
    found = language.find(file, data)
    if script is not None:
        for rule in RULES:
            found += rule(script)
    return sorted(set(found))
