"""Tools: what an executor can do. Built-in ones, and the decorator that makes one of a user's function."""

from agentmem.tools.access import MemoryAccess
from agentmem.tools.base import Tool, ToolContext, ToolDescription, as_tool, tool
from agentmem.tools.registry import BUILT_IN, Toolbox

__all__ = ["BUILT_IN", "MemoryAccess", "Tool", "ToolContext", "ToolDescription", "Toolbox", "as_tool", "tool"]
