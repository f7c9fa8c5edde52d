"""``pymakr.conf``, the project file of Pymakr: which folder goes onto the board, what stays behind, how a change takes effect.

Pymakr 2 knows ``dist_dir``, ``py_ignore`` and ``dev.onUpdate``; ``sync_folder`` is Pymakr 1's word for ``dist_dir`` (source: the
schema and the uploader of github:sg-wireless/pymakr-vsc). Everything else in the file is about the editor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MAX_BYTES = 256 * 1024

ALWAYS_IGNORED = (".vscode", ".gitignore", ".git", "env", "venv")
"""What Pymakr passes over without being told (its setting ``pymakr.ignore``)."""

Restart = Literal["soft", "hard"]

_RESTARTS: dict[str, Restart] = {"restartScript": "soft", "softRestartDevice": "soft", "hardRestartDevice": "hard"}
"""``dev.onUpdate`` -> the reset after a change. ``restartScript`` runs main.py again: a soft reset does that, and cleanly."""


class PymakrError(Exception):
    """The file cannot be used; the text is one line for the person who wrote it."""


@dataclass(frozen=True)
class PymakrProject:
    """What ``pymakr.conf`` says of a project."""

    folder: Path
    """The folder that goes onto the board."""
    ignored: Callable[[str], bool]
    """Whether a path below that folder, with ``/`` and without one in front, stays behind."""
    restart: Restart = "soft"
    """How the board begins anew when a file has changed."""


def pymakr_project(file: Path) -> PymakrProject:
    """What a ``pymakr.conf`` says of the folder that it is in. Raises PymakrError."""
    folder = file.parent
    words = _read(file)
    return PymakrProject(
        folder=_folder(folder, words, file),
        ignored=_matcher((*ALWAYS_IGNORED, *_strings(words, "py_ignore", file)), file),
        restart=_restart(words, file),
    )


def _read(file: Path) -> dict[str, Any]:
    import json

    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise PymakrError(f"{file}: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise PymakrError(f"{file}: larger than {MAX_BYTES // 1024} KiB; that is no project file")
    try:
        words = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PymakrError(f"{file}: not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise PymakrError(f"{file}, line {error.lineno}: {error.msg}; Pymakr reads JSON without comments") from error
    except ValueError as error:  # a number of thousands of digits
        raise PymakrError(f"{file}: {error}") from error
    except RecursionError as error:
        raise PymakrError(f"{file}: nested too deeply") from error
    if not isinstance(words, dict):
        raise PymakrError(f'{file}: an object is needed, such as {{"dist_dir": "src"}}')
    return words


def _folder(folder: Path, words: dict[str, Any], file: Path) -> Path:
    for key in ("dist_dir", "sync_folder"):
        value = words.get(key, "")
        if not isinstance(value, str):
            raise PymakrError(f"{file}: {key} is a folder's name, not {str(value)[:40]}")
        if not value:
            continue
        chosen = folder / value.replace("\\", "/")
        try:
            there = chosen.is_dir()
        except (OSError, ValueError):
            there = False
        if not there:
            raise PymakrError(f"{file}: {key}: there is no folder {value!r}")
        return chosen
    return folder


def _strings(words: dict[str, Any], key: str, file: Path) -> list[str]:
    value = words.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise PymakrError(f"{file}: {key} is a list of names and patterns")
    return [each.replace("\\", "/") for each in value if each]


def _restart(words: dict[str, Any], file: Path) -> Restart:
    dev = words.get("dev") or {}
    value = dev.get("onUpdate", "restartScript") if isinstance(dev, dict) else None
    if not isinstance(value, str) or value not in _RESTARTS:
        raise PymakrError(f"{file}: dev.onUpdate is one of {', '.join(_RESTARTS)}")
    return _RESTARTS[value]


_WILD = frozenset("*?[]{}!()+@")


def _matcher(patterns: tuple[str, ...], file: Path) -> Callable[[str], bool]:
    """Patterns are of the whole path, as Pymakr's picomatch reads them: ``env`` is the one at the top, ``**/env`` any."""
    plain = frozenset(each.removeprefix("./").rstrip("/") for each in patterns if not _WILD.intersection(each))
    wild = [each for each in patterns if _WILD.intersection(each)]
    if not wild:
        return plain.__contains__
    from emulator.wildcards import matcher

    try:
        matches = matcher(wild)
    except ValueError as error:
        raise PymakrError(f"{file}: py_ignore: {error}") from error
    return lambda path: path in plain or matches(path)
