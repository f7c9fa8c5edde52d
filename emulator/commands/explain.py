"""``explain NUMBER|TEXT``: what a number or an error text of the board means, without running anything."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import asdict

from emulator import explanations
from emulator.commands.printing import say
from ussl_shim.explanations import Explanation

UNKNOWN = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``explain``."""
    # argparse takes -9984 for a value, but -0x2700 for an option; both are what people copy from a console.
    parser._negative_number_matcher = re.compile(r"-(0[xX][0-9a-fA-F]+|\d+)$")
    parser.add_argument(
        "query", nargs="+", metavar="NUMBER|TEXT", help="such as -9984, 0x2700, 12, 'CA file not found', ECONNRESET"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def execute(options: argparse.Namespace) -> int:
    """Print every meaning; 0 where there is one, 1 where the board has no such number or text."""
    query = " ".join(options.query)
    found = explanations.look_up(query)
    if options.json:
        rows = [asdict(row) | {"hex": _hexadecimal(row), "shown": explanations.shown(row)} for row in found]
        print(json.dumps({"query": query, "explanations": rows}, indent=1))
    elif found:
        say("\n".join(_lines(found)))
    if not found:
        print(f"pycom-emulator: {_short(query)}: {_unknown(query)}", file=sys.stderr)
        return UNKNOWN
    return 0


_ITS_OWN_WORDS = re.compile(r"\s*(?!OSError)\w*(Error|Exception|Interrupt|Exit)\b", re.ASCII)


def _unknown(query: str) -> str:
    if _ITS_OWN_WORDS.match(query):
        return (
            "this error says itself what is wrong; explained are OSError and what sockets, files and certificates raise"
        )
    return "the board has no such number or text"


def _short(query: str) -> str:
    text = ascii(query.strip())
    return text if len(text) <= 100 else text[:97] + "...'"


def _hexadecimal(row: Explanation) -> str | None:
    return f"-0x{-row.number:04X}" if row.kind == "tls" and row.number is not None and row.number < -1 else None


def _lines(found: list[Explanation]) -> list[str]:
    lines: list[str] = []
    flags = [row for row in found if row.kind == "flag"]
    others = [row for row in found if row.kind != "flag"]
    for row in others:
        lines += [_heading(row), f"  {row.title}", *_details(row, explanations.shown(row)), ""]
    if flags:
        lines += [*_flag_lines(flags), ""]
    meanings = len(others) + bool(flags)
    if meanings > 1:
        lines[:0] = [f"{meanings} meanings: it depends on the call that raised it.", ""]
    return lines[:-1]


def _flag_lines(flags: list[Explanation]) -> list[str]:
    numbers = [row.number or 0 for row in flags]
    total = sum(numbers)
    what = "a flag" if len(flags) == 1 else f"a sum of flags ({' + '.join(map(str, numbers))})"
    lines = [f"{total}, as {what}: what is wrong with the peer's certificate"]
    for row in flags:
        lines += [f"  {row.number} {row.name}: {row.title}", *_causes(row)]
    return [*lines, f"  where:      {flags[0].where}", f"  source:     {flags[0].source}"]


def _heading(row: Explanation) -> str:
    parts = " ".join(part for part in (_hexadecimal(row), row.name) if part)
    if row.number is None:
        return row.name
    return f"{row.number} ({parts})" if parts else str(row.number)


def _details(row: Explanation, shown: str) -> list[str]:
    lines = [f"    shown as: {shown}"] if row.number is not None else []
    return [*lines, f"    where:    {row.where}", *_causes(row), f"    source:   {row.source}"]


def _causes(row: Explanation) -> list[str]:
    lines = [f"    {'causes:' if at == 0 else '':<9} {cause}" for at, cause in enumerate(row.causes)]
    return [*lines, f"    do:       {row.fix}"] if row.fix else lines
