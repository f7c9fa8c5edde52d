"""Imports that lead nowhere, and names that the board's modules and classes lack (table: the firmware's own)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator import api
from emulator.checks.findings import Finding, Severity
from emulator.checks.script import Script
from emulator.checks.suggestions import instead as instead_of
from emulator.checks.suggestions import similar
from emulator.models import MODELS
from emulator.runtime import frozen

_STARTED = ("main.py", "boot.py")
"""On every board that runs a script."""

_NAMES = """
OTA coap flash_control_OTA main_pybytes mqtt mqtt_core msg_handl periodical_pin pybytes pybytes_ca pybytes_config
pybytes_config_reader pybytes_connection pybytes_constants pybytes_debug pybytes_library pybytes_machine_learning
pybytes_main pybytes_protocol pybytes_pymesh_config terminal urequest
"""
PYBYTES = frozenset(_NAMES.split())
"""With ``_`` before, Python modules inside the firmware's Pybytes build (esp32/frozen/Pybytes), which boards are sold with."""

_RELATIVE = "KeyError: __main__"
_BUILDS = {"PYBYTES": "Pybytes", "PYGATE": "PyGate", "OPENTHREAD": "OpenThread"}
_DOCUMENTED = frozenset({"ussl.SSLSocket", "ussl.SSLSession"})
"""Names that the documentation promises, so that the emulator has them, and 1.20.2.r4 lacks."""

_INSTEAD = {
    "threading": "_thread",
    "datetime": "time.localtime(), or machine.RTC().now()",
    "subprocess": "",
    "queue": "uqueue",
    "pathlib": "strings, and os.listdir()",
    "random": "machine.rng() or os.urandom()",
    "asyncio": "_thread, or Timer.Alarm",
    "uasyncio": "_thread, or Timer.Alarm",
    "requests": "urequests, copied to /flash/lib",
    "logging": "print()",
    "base64": "ubinascii",
    "argparse": "names at the top of the script; a board has no command line",
    "configparser": "a file of JSON, or a .py file with names",
    "copy": "list(x) or dict(x)",
    "enum": "names with const() of micropython",
    "glob": "os.listdir()",
    "numpy": "lists, or array",
    "pickle": "ujson",
    "shutil": "open(), read() and write()",
    "string": "the text itself",
    "traceback": "sys.print_exception(e)",
    "typing": "no annotations: the board ignores them",
    "urllib": "urequests, copied to /flash/lib",
    "urequests": "copy it to /flash/lib (micropython-lib)",
}


def find(script: Script) -> Iterator[Finding]:
    """Yield the imports and names that fail."""
    for statement in script.of(ast.Import):
        for alias in statement.names:
            yield from _import(script, statement, alias.name)
    for origin in script.of(ast.ImportFrom):
        if origin.level and script.file.replace("\\", "/").rpartition("/")[2] in _STARTED:
            why = "main.py and boot.py belong to no package: there is nothing that the dot could mean"
            yield script.finding(
                origin, "import", _RELATIVE, why, f"from {origin.module} import ..." if origin.module else ""
            )
        if origin.level or not origin.module:
            continue
        missing = list(_import(script, origin, origin.module))
        yield from missing
        module = script.module(origin.module)
        if missing or module is None or script.guarded(origin, "ImportError"):
            continue
        for alias in origin.names:
            path = f"{module}.{alias.name}"
            if alias.name != "*" and not api.lookup(path, script.board):
                yield _name(script, origin, path, f"ImportError: cannot import name {alias.name}")
    for node in script.of(ast.Attribute):
        if isinstance(node.ctx, ast.Load) and not node.attr.startswith("__"):
            yield from _attribute(script, node)


def _import(script: Script, statement: ast.stmt, name: str) -> Iterator[Finding]:
    top, _, below = name.partition(".")
    if (
        top in script.project
        or f"{top}.py" in _STARTED
        or top in frozen.BASE
        or (top.startswith("_") and top[1:] in PYBYTES)
    ):
        return
    if top in frozen.LTE and "LTE" in api.members("network", script.board):
        return
    if api.builtin_module(top) is not None:
        if not below:
            return
        why = f"{top} is a module of the firmware's: it holds no modules"
        instead = f"import {top}"
    else:
        why = f"{top} is neither on the board nor in the project"
        instead = _INSTEAD.get(top) or _own_name(top, script)
    if not script.guarded(statement, "ImportError") and not script.makes(top):
        yield script.finding(statement, "import", f"ImportError: no module named '{name}'", why, instead)


def _own_name(module: str, script: Script) -> str:
    if api.builtin_module(f"u{module}") is not None:
        return f"u{module}"  # it has no weak link
    close = similar(module, [*api.modules(), *api.weak_links(), *sorted(script.project)])
    if close:
        return f"did you mean {close}?"
    return "copy it to the project's lib folder if it is a MicroPython library"


def _attribute(script: Script, node: ast.Attribute) -> Iterator[Finding]:
    base, made = script.meaning(node.value), False
    if base is None:
        base, made = script.instance(node.value), True
    if base is None or node.attr in script.stored:
        return
    owner = api.lookup(base, script.board)
    path = f"{base}.{node.attr}"
    if owner is None or owner.kind not in ("module", "class") or api.lookup(path, script.board):
        return
    if owner.kind == "class" and not owner.members:
        return
    if base == "micropython" and node in getattr(script.parents[id(node)], "decorator_list", ()):
        return  # the compiler has refused it already
    if script.guarded(node, "AttributeError", "NameError"):
        return
    if owner.kind == "module":
        message = f"AttributeError: 'module' object has no attribute '{node.attr}'"
    elif made:
        message = f"AttributeError: '{owner.type or owner.name}' object has no attribute '{node.attr}'"
    else:
        message = f"AttributeError: type object '{owner.type or owner.name}' has no attribute '{node.attr}'"
    yield _name(script, node, path, message)


def _name(script: Script, node: ast.AST, path: str, message: str) -> Finding:
    severity: Severity = "error"
    why, instead = f"a {script.board} has no {_shown(path)}", _elsewhere(path, script.board)
    builds = [_BUILDS[variant] for variant in api.variants(path)]
    if builds:
        why = f"{_shown(path)} is only in the {' and '.join(builds)} build{'s' * (len(builds) > 1)} of the firmware"
        severity = "warning"
    elif path in _DOCUMENTED:
        why = f"{_shown(path)} is documented, and 1.20.2.r4 lacks it"
        severity = "warning"
    return script.finding(node, "name", message, why, instead, severity)


def _shown(path: str) -> str:
    module, _, rest = path.partition(".")
    weak = {full: link for link, full in api.weak_links().items()}.get(module, module)
    return f"{weak}.{rest}"


def _elsewhere(path: str, board: str) -> str:
    owner = api.lookup(path.rpartition(".")[0], board)
    there = [name for name in (owner.members if owner is not None else ()) if not name.startswith("_")]
    others = [m.platform for m in MODELS if m.name != "wipy1" and m.platform != board and api.lookup(path, m.platform)]
    return f"these boards have it: {', '.join(others)}" if others else instead_of(path, _shown(path), there)
