"""Facts that change over time: what is so now, what was so before, and what was asked to be forgotten.

Run: python examples/remember_and_recall.py
Needs: nothing but agentmem; no key, no server. Takes a second or two.
"""

from __future__ import annotations

from datetime import UTC, datetime

from agentmem import Memory, Message


def said(text: str, month: int) -> Message:
    """A turn of Maya's, on the first of a month of 2025."""
    return Message(text=text, speaker="Maya", at=datetime(2025, month, 1, tzinfo=UTC), source="chat")


def main() -> None:
    """Retain a conversation, ask about it, and print the log of what the memory made of it."""
    with Memory.open("sqlite:///:memory:", bank="maya") as memory:
        memory.retain(
            [
                said("I live in Oslo and I work at the harbour museum.", 1),
                said("My locker code is 4711.", 2),
                said("I moved to Bergen last week.", 3),
                said("Please forget my locker code.", 4),
            ]
        )
        for question in ("Where does Maya live now?", "Where did Maya live before?", "What is Maya's locker code?"):
            answer = memory.reflect(question)
            sources = ", ".join(f"{citation.at:%Y-%m-%d}" for citation in answer.citations if citation.at)
            print(f"{question}\n  {answer.answer}{f' [{sources}]' if sources else ''}")
        print("\nWhat changed, and why:")
        for change in memory.changes():
            print(f"  {change.op} {change.before!r} -> {change.text!r} ({change.reason})")


if __name__ == "__main__":
    main()
