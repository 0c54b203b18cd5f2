"""Prompts of model-based decisions, one Markdown file each. Decisions by rules need none, so there are none yet."""
