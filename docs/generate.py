"""Write the pages that are made from tables: ``python docs/generate.py``. The test suite compares them."""

from __future__ import annotations

from pathlib import Path

from emulator.quirks import table

HEAD = """\
# Quirks

Places where the firmware contradicts its documentation, destroys data or hangs. By default the sane thing is done, and a note
says so when it matters. `--quirks NAME[,NAME]` or `--quirks all` (in Python `Board(quirks=[...])`) does what the board does.

| name | the board | by default | source |
|---|---|---|---|
"""


def quirks() -> str:
    """The text of docs/reference/quirks.md."""
    rows = sorted(table().values(), key=lambda quirk: quirk.name)
    return HEAD + "".join(f"| `{q.name}` | {q.board} | {q.default} | {q.source} |\n" for q in rows)


if __name__ == "__main__":
    Path(__file__).with_name("reference").joinpath("quirks.md").write_text(quirks(), encoding="utf-8")
