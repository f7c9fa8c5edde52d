"""Figures of the emulator as ratios to a baseline of the same run."""
