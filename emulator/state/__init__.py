"""A board that outlives its process, in a folder of the host: see :mod:`emulator.state.folder`."""

from emulator.state.folder import StateFolder

__all__ = ["StateFolder"]
