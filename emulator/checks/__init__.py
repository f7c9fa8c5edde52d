"""``check``: what a script would run into on the board, read off its text. Pure rules over one parse of each file.

Each rule module has ``find(script) -> Iterator[Finding]`` and reports only what is certain; ``folder.py`` says which
files are looked at, ``runner.py`` puts both together.
"""
