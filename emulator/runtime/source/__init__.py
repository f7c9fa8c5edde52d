"""The source pipeline: decode, tokens, the grammar of 1.11, rewrites, compile. Each pass is a file here."""

from emulator.runtime.source.decode import decode
from emulator.runtime.source.errors import Problem, SourceError
from emulator.runtime.source.pipeline import compile_script, parsed, problems

__all__ = ["Problem", "SourceError", "compile_script", "decode", "parsed", "problems"]
