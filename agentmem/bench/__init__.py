"""Benchmarks: how well memory recalls and how fast, through its public interface alone."""

from agentmem.bench.locomo import LocomoReport, TurnRecall, run_locomo

__all__ = ["LocomoReport", "TurnRecall", "run_locomo"]
