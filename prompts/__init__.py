"""Prompts of model-based decisions, one Markdown file each, and the one way in which memory's text gets into them."""

from agentmem.prompts.fencing import fence
from agentmem.prompts.prompt import Prompt, Rendered, load_prompt

__all__ = ["Prompt", "Rendered", "fence", "load_prompt"]
