"""Whether what was typed needs another line (firmware: py/repl.c)."""

from __future__ import annotations

COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async")
"""Words that open a block, which goes on until an empty line."""

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_CLOSING = {close: opened for opened, close in _BRACKETS.items()}


def needs_more(text: str) -> bool:
    """Whether the prompt asks for a further line after ``text``, whose lines are parted by LF."""
    if not text:
        return False
    open_brackets, quote = _scan(text)
    if len(quote) == 3:
        return True
    if open_brackets and not quote:
        return True
    return text[-1] == "\\" or (_opens_block(text) and text[-1] != "\n")


def _opens_block(text: str) -> bool:
    if text[0] == "@":
        return True
    return any(
        text.startswith(word) and not (text[len(word) :][:1].isalnum() or text[len(word) :][:1] == "_")
        for word in COMPOUND
    )


def _scan(text: str) -> tuple[bool, str]:
    """Whether a kind of bracket is open, and the quote that is ("" for none). Comments and single quotes hide nothing."""
    depth = dict.fromkeys(_BRACKETS, 0)
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char in "'\"":
            if text.startswith(char * 3, at) and quote in ("", char * 3):
                quote = "" if quote else char * 3
                at += 2
            elif quote in ("", char):
                quote = "" if quote else char
        elif char == "\\" and text[at + 1 : at + 2] in ("'", '"', "\\"):
            if quote:
                at += 1
        elif not quote:
            if char in depth:
                depth[char] += 1
            elif char in _CLOSING:
                depth[_CLOSING[char]] -= 1
        at += 1
    return any(count > 0 for count in depth.values()), quote
