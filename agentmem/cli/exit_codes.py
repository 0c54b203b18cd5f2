"""What the exit code of a command says."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILED: Final = 1
"""The work failed its checks, or stopped at a limit."""
MISTAKE: Final = 2
"""A mistake in what was given, or a store that cannot be used."""
DEFECT: Final = 3
"""A defect of agentmem itself."""
INTERRUPTED: Final = 130
"""Ctrl-C."""
