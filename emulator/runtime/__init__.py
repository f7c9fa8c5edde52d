"""The script runtime: how the board's Python is run by the host's."""
