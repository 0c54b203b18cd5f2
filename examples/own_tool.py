"""A workflow written in Python, with a function of your own as a tool.

Run: python examples/own_tool.py
Needs: nothing but agentmem; no key, no server. Takes a second or two.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from agentmem import PlanStep, Workflow, tool

LETTERS = {
    "march.txt": "The lighthouse keeper is Ines Faro. The lamp burns whale oil.",
    "august.txt": "The lighthouse keeper is Paulo Reis. The lamp burns paraffin.",
}


@tool
def word_count(text: str) -> int:
    """Count the words of a text.

    Args:
        text: Any text.
    """
    return len(text.split())


def main() -> None:
    """Read two letters of different years, count their words, and ask who keeps the light."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in LETTERS.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        workflow = Workflow(
            name="letters",
            task="Who keeps the lighthouse?",
            folder=folder,
            memory={"store": "sqlite:///letters.db", "bank": "lighthouse"},
            tools=[word_count],
            plan=[
                PlanStep(id="march", tool="read_files", args={"folder": ".", "pattern": "march.txt"}),
                PlanStep(id="august", tool="read_files", args={"folder": ".", "pattern": "august.txt"}),
                PlanStep(
                    id="learn",
                    tool="remember",
                    for_each="{{ steps.march.output + steps.august.output }}",
                    args={"text": "{{ item.text }}", "source": "{{ item.path }}"},
                ),
                PlanStep(
                    id="count",
                    tool="word_count",
                    for_each="{{ steps.march.output + steps.august.output }}",
                    args={"text": "{{ item.text }}"},
                ),
                PlanStep(id="ask", tool="answer", args={"question": "Who is the lighthouse keeper?"}, needs=("learn",)),
            ],
            checks=[{"name": "the keeper is known", "that": "{{ steps.ask.output.known }}"}],
            output="{{ steps.ask.output.answer }} ({{ steps.count.output | sum }} words read)",
        )
        result = workflow.run()
        print(f"{result.status}: {result.answer}")
        for citation in result.citations:
            print(f"  from {citation['source']}: {citation['text']}")


if __name__ == "__main__":
    main()
