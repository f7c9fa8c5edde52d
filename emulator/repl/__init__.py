"""The prompt of the board: line editor, friendly and raw mode, and the host's terminal at it."""
