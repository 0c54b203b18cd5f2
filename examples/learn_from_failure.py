"""A run that fails its check, and the run after it, which finds the lesson in memory.

Run: python examples/learn_from_failure.py
Needs: nothing but agentmem; no key, no server. Takes a second or two.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from agentmem import TeamResult, Workflow


def brief(folder: Path) -> TeamResult:
    """Ask who chairs the reading club, from whatever minutes are in the folder."""
    workflow = Workflow(
        name="reading-club",
        task="Find out who chairs the reading club.",
        folder=folder,
        memory={"store": "sqlite:///club.db", "bank": "club"},
        plan=[
            {"id": "read", "tool": "read_files", "args": {"folder": ".", "pattern": "*.md"}},
            {
                "id": "learn",
                "tool": "remember",
                "for_each": "{{ steps.read.output }}",
                "args": {"text": "{{ item.text }}", "source": "{{ item.path }}"},
            },
            {
                "id": "ask",
                "tool": "answer",
                "args": {"question": "Who is the chair of the reading club?"},
                "needs": ["learn"],
            },
        ],
        checks=[{"name": "the chair is known", "that": "{{ steps.ask.output.known }}"}],
        output="{{ steps.ask.output.answer }}",
    )
    return workflow.run()


def main() -> None:
    """Fail without the minutes, add them, run again, and show what the memory kept of both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules.md").write_text("# Rules\n\nThe reading club meets on Thursdays.\n", encoding="utf-8")
        for minutes in (None, "# Minutes\n\nThe chair of the reading club is Amara Osei.\n"):
            if minutes:
                (folder / "minutes.md").write_text(minutes, encoding="utf-8")
            result = brief(folder)
            print(f"{result.status}: {result.answer}")
            for check in result.checks:
                print(f"  check {check.name!r}: {'passed' if check.passed else 'failed'}")
            for learned in result.learned:
                if learned.kind == "Insight":
                    print(f"  {learned.op} insight: {learned.text}")


if __name__ == "__main__":
    main()
