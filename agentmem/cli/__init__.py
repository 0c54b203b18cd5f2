"""The command line: `agentmem COMMAND`. Commands import what they need when they run, so that help comes at once."""

from agentmem.cli.app import main

__all__ = ["main"]
