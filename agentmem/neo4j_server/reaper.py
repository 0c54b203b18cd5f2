"""Waits until every process that uses a throw-away server is gone, and ends it: `python -m ... FOLDER`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from agentmem.neo4j_server.throwaway import end_if_unused

_POLL: Final = 2.0  # seconds


def reap(folder: Path) -> None:
    """Return when the folder's server is ended and the folder gone, by this process or by another."""
    while folder.exists() and not end_if_unused(folder):
        time.sleep(_POLL)


if __name__ == "__main__":
    reap(Path(sys.argv[1]))
