"""A team of agents as LangGraph state machines: planner, executor, reflector, memory manager, and their wiring."""
