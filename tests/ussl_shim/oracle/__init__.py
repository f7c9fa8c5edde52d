"""Measured outcomes of the board, firmware 1.20.2.r4: scenario, call, and what each order of calls raised."""
