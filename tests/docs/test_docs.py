"""The documentation is true: links lead somewhere, commands and options exist, examples run."""

from __future__ import annotations

import argparse
import re
import runpy
from pathlib import Path

import pytest

from emulator import cli
from emulator.commands import run as run_command

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
SET_UP = re.compile(r"^python3 -m venv .*$", re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_has_two_set_up_commands_and_ci_runs_the_second() -> None:
    commands = SET_UP.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(commands) == 2
    assert commands[0].endswith("pycom-emulator demo")
    assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_each_option_is_in_the_reference() -> None:
    parser = argparse.ArgumentParser()
    run_command.arguments(parser)
    text = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    options = {option for action in parser._actions for option in action.option_strings if option.startswith("--")} - {
        "--help"
    }
    assert {option for option in options if f"`{option}" not in text} == set()
    assert {name for name in cli.COMMANDS if f"\n## {name}" not in text} == set()


def test_the_page_of_quirks_is_the_table_of_quirks() -> None:
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    page = (ROOT / "docs/reference/quirks.md").read_text(encoding="utf-8")
    assert page == generate["quirks"](), "run: python docs/generate.py"


PYTHON = [(page, block) for page in PAGES for block in blocks(page, "python") if "from emulator import" in block]


@pytest.mark.parametrize(("page", "block"), PYTHON, ids=[f"{p.name}-{i}" for i, (p, _) in enumerate(PYTHON)])
def test_python_examples_run(page: Path, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.py").write_text("print('hello')")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, str(page), "exec"), {"ca": b"", "__name__": "example"})


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_script_examples_are_scripts(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")


def test_the_examples_are_the_documentation_of_ussl() -> None:
    names = {"plain.py", "verified.py", "session.py"}
    assert names <= {path.name for path in (ROOT / "examples").iterdir()}
