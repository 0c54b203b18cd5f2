"""retain, recall and reflect: memory without a workflow."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentmem.cli import output
from agentmem.cli.options import (
    BankOption,
    EmbedderOption,
    JsonOption,
    StoreOption,
    chosen,
    moment,
    open_memory,
)
from agentmem.cli.wording import citation, count, day

if TYPE_CHECKING:
    from agentmem.memory import Answer, Memory, Message, Recall, RecalledMemory, Retained

MEMORY_PANEL = "Memory"
_SHOWN = 40
"""Most changes that `retain` lists."""
_NOT_SHOWN = 90
"""Most characters of a memory that is only told of."""
_WIDEST = 300
"""Most characters of a change; `show ID` has all."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (retain, recall, reflect):
        app.command(rich_help_panel=MEMORY_PANEL)(command)


def retain(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Text, Markdown or a .jsonl conversation; - reads stdin.")
    ],
    store: StoreOption = "",
    bank: BankOption = "",
    embedder: EmbedderOption = "",
    source: Annotated[str, typer.Option("--source", help="Where the text comes from. Default: the file's name.")] = "",
    at: Annotated[str, typer.Option("--at", metavar="ISO8601", help="When it was said or written.")] = "",
    trust: Annotated[
        str,
        typer.Option(
            "--trust",
            metavar="person|document|0..1",
            help="Whose word it is. Default: person for a conversation or standard input, else document.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Take in a text or a conversation and learn from it.

    A .jsonl file is a conversation: one object per line with text, speaker, at, source and id. The same input again
    changes nothing.

    What a document says never changes, ends or forgets what people said: both stay, as a contradiction. Say --trust
    person for a file of your own notes that is to have the last word.
    """
    from agentmem.memory import DOCUMENT, PERSON, trust_of

    stated_at = moment(at, "--at")
    given = trust_of(trust) if trust else None
    content, origin = _content(file)
    usual = DOCUMENT if origin and isinstance(content, str) else PERSON
    with open_memory(chosen(store, bank, embedder), reading=False, as_json=as_json) as memory:
        retained = memory.retain(
            content, source=source or origin, at=stated_at, trust=usual if given is None else given
        )
        if as_json:
            output.data(retained.as_dict())
        else:
            _show_retained(retained, memory)


def recall(
    query: Annotated[str, typer.Argument(help="A question or keywords.")],
    store: StoreOption = "",
    bank: BankOption = "",
    embedder: EmbedderOption = "",
    k: Annotated[int, typer.Option("--k", help="How many memories at most.")] = 10,
    tokens: Annotated[int, typer.Option("--tokens", help="Size of the packed context, in tokens.")] = 4096,
    valid_at: Annotated[str, typer.Option("--valid-at", metavar="ISO8601", help="What was true then.")] = "",
    known_at: Annotated[str, typer.Option("--known-at", metavar="ISO8601", help="What the memory knew then.")] = "",
    all: Annotated[
        bool, typer.Option("--all", help="Fill up to --k with what scores far below the best, too.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each channel scored, and what is not shown and why.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the memories that matter for a question."""
    then, known = moment(valid_at, "--valid-at"), moment(known_at, "--known-at")
    with open_memory(chosen(store, bank, embedder), reading=True, as_json=as_json) as memory:
        found = memory.recall(query, k=k, token_budget=tokens, valid_at=then, known_at=known, all=all, explain=explain)
    if as_json:
        output.data(found.as_dict())
    else:
        _show_recall(found)


def reflect(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    store: StoreOption = "",
    bank: BankOption = "",
    embedder: EmbedderOption = "",
    as_json: JsonOption = False,
) -> None:
    """Answer a question from memory, with sources."""
    with open_memory(chosen(store, bank, embedder), reading=True, as_json=as_json) as memory:
        answer = memory.reflect(question)
    if as_json:
        output.data(answer.as_dict())
    else:
        _show_answer(answer)


def _content(file: str) -> tuple[str | list[Message], str]:
    """What is to be remembered, and where it comes from."""
    from agentmem.tools import documents

    if file == "-":
        text = documents.decode(sys.stdin.buffer.read(), name="standard input")
        return _turns(text, "standard input") if _is_conversation(text) else text, ""
    path = Path(file)
    text = documents.read_text(path, name=file)
    return _turns(text, file) if documents.is_conversation(path) else text, file


def _turns(text: str, name: str) -> list[Message]:
    """The turns of a conversation; one without a source of its own takes the call's."""
    from agentmem.tools import documents

    turns = documents.parse_conversation(text, name=name)
    return [replace(turn, source="") if turn.source == name else turn for turn in turns]


def _is_conversation(text: str) -> bool:
    """Whether what was piped in begins with a turn: standard input has no suffix that says so."""
    first = text.lstrip().split("\n", 1)[0]
    try:
        turn = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(turn, dict) and "text" in turn


def _show_retained(retained: Retained, memory: Memory) -> None:
    shown = [operation for operation in retained.operations if operation.op != "LINK"]
    output.columns(
        [
            (operation.op.value, operation.kind.value, output.shortened(operation.text, _WIDEST))
            for operation in shown[:_SHOWN]
        ],
        indent=0,
        styles=("bold", "dim"),
    )
    if len(shown) > _SHOWN:
        output.say(f"and {len(shown) - _SHOWN:,} more; `agentmem log` has all")
    for operation in retained.unread:
        output.say(
            f"{operation.id} {operation.reason}; its words are kept: {output.shortened(operation.text, _WIDEST)}"
        )
    totals = f"{count(len(retained.episodes), 'episode')}, {count(len(retained.operations), 'operation')}"
    output.say(f"{totals} in bank {memory.bank} of {memory.store.url}", "dim")


def _show_recall(found: Recall) -> None:
    if not found.memories:
        output.say("Nothing found.")
    for memory in found.memories:
        output.entry((f"{memory.score:.2f}", memory.shown), _origin(memory), styles=("cyan",))
        if memory.by:
            output.say(_channels(memory), "dim", indent=6)
    if found.left_out:
        output.heading(f"Found and not shown ({len(found.left_out)})")
        rows = [
            (f"{one.score:.2f}", one.reason, f"{output.shortened(one.text, _NOT_SHOWN)}  {one.id}")
            for one in found.left_out[:_SHOWN]
        ]
        output.columns(rows, styles=("cyan", "dim"))


def _channels(memory: RecalledMemory) -> str:
    """What each channel said: "keyword 0.93 (rank 2, 34 %)", the largest share first."""
    largest = sorted(memory.by.items(), key=lambda entry: -entry[1].share)
    return ", ".join(
        f"{name} {said.score:.2f} (rank {said.rank}, {said.share / (memory.score or 1.0):.0%} of the score)"
        for name, said in largest
    )


def _origin(memory: RecalledMemory) -> str:
    parts = [memory.speaker, memory.kind.value, memory.id, memory.source, day(memory.at)]
    if memory.valid_from or memory.valid_to:
        parts.append(f"valid {day(memory.valid_from) or '...'} to {day(memory.valid_to) or '...'}")
    return " · ".join(filter(None, parts))


def _show_answer(answer: Answer) -> None:
    output.say(answer.answer, "bold")
    if answer.known:
        output.say(f"confidence {answer.confidence:.2f}", "dim")
    for number, cited in enumerate(answer.citations, start=1):
        text, origin = citation(cited.as_dict())
        output.entry((f"[{number}]", text), origin, styles=("cyan",))
