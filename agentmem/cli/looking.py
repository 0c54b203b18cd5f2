"""show, log, stats, banks: what is in memory and how it came there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentmem.cli import output
from agentmem.cli.learning import MEMORY_PANEL
from agentmem.cli.options import (
    BankOption,
    JsonOption,
    StoreOption,
    announce,
    chosen,
    moment,
    open_journal,
    require_store,
)
from agentmem.cli.wording import count, day
from agentmem.display import one_line
from agentmem.errors import InputError

if TYPE_CHECKING:
    from agentmem.memory import LogEntry
    from agentmem.records import OperationType


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (show, log, stats, banks):
        app.command(rich_help_panel=MEMORY_PANEL)(command)


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="A memory's id, or the beginning of it.")],
    store: StoreOption = "",
    bank: BankOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show one memory: what it says, what it rests on, its versions, its relationships and its history."""
    with open_journal(chosen(store, bank), as_json=as_json) as memory:
        portrait = memory.explain(id).as_dict()
    if as_json:
        output.data(portrait)
    else:
        _show_portrait(portrait)


def log(
    store: StoreOption = "",
    bank: BankOption = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="The newest changes only; 0 for all.")] = 0,
    run: Annotated[str, typer.Option("--run", help="Changes of this run.")] = "",
    agent: Annotated[str, typer.Option("--agent", help="Changes by this agent.")] = "",
    op: Annotated[
        list[str] | None, typer.Option("--op", help="ADD, UPDATE, DELETE, NOOP ...; repeat for several.")
    ] = None,
    target: Annotated[str, typer.Option("--id", help="Changes of this memory.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="ISO8601", help="Changes at or after this time.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="ISO8601", help="Changes before this time.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List every change of the memory with its reason, oldest first."""
    from agentmem.stores import JournalFilter

    where = JournalFilter(
        ops=frozenset(_operation_type(name) for name in op or ()),
        run_id=run,
        agent=agent,
        since=moment(since, "--since"),
        until=moment(until, "--until"),
    )
    with open_journal(chosen(store, bank), as_json=as_json) as memory:
        if target:
            where = _narrowed(where, memory.get(target).id)
        entries = memory.log(where, limit=limit or None)
    if as_json:
        output.data([entry.as_dict() for entry in entries])
    else:
        _show_log(entries)


def stats(store: StoreOption = "", bank: BankOption = "", as_json: JsonOption = False) -> None:
    """Count what a bank holds."""
    with open_journal(chosen(store, bank), as_json=as_json) as memory:
        counted = memory.statistics()
        stamp = memory.store.embedding
        url = memory.store.url
        name = memory.bank
    nodes = {kind.value: number for kind, number in counted.nodes.items()}
    relationships = {type_.value: number for type_, number in counted.relationships.items()}
    if as_json:
        output.data({"bank": name, "nodes": nodes, "relationships": relationships, "operations": counted.operations})
        return
    output.columns([("bank", name), ("store", url), ("embedder", stamp.model if stamp else "none yet")], indent=0)
    for title, numbers in (("nodes", nodes), ("relationships", relationships)):
        output.heading(f"{title} ({sum(numbers.values()):,})")
        output.columns([(f"{number:>8,}", label) for label, number in sorted(numbers.items())], indent=0)
    output.say()
    output.say(count(counted.operations, "operation"))


def banks(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """List the banks of a store."""
    from agentmem.workflow.opening import opened_store

    settings = chosen(store)
    announce(settings, as_json=as_json)
    require_store(settings)
    opened = opened_store(settings)
    try:
        names = opened.banks()
    finally:
        opened.close()
    if as_json:
        output.data(names)
        return
    for name in names:
        output.say(one_line(name))


def _operation_type(name: str) -> OperationType:
    from agentmem.records import OperationType

    try:
        return OperationType(name.upper())
    except ValueError as error:
        allowed = ", ".join(OperationType)
        raise InputError(f"there is no operation {name!r}.", where="--op", hint=f"Allowed: {allowed}.") from error


def _narrowed(where: Any, node_id: str) -> Any:
    from dataclasses import replace

    return replace(where, target=node_id)


def _show_log(entries: list[LogEntry]) -> None:
    for entry in entries:
        story = [entry.reason, f"supersedes {entry.supersedes}" if entry.supersedes else ""]
        who = " in ".join(filter(None, (entry.agent, entry.run)))
        output.entry(
            (
                f"{entry.seq:>4}",
                day(entry.at),
                f"{entry.op.value:<6}",
                f"{entry.kind.value:<11}",
                output.shortened(entry.text, _LOG_WIDTH) or "(erased)",
            ),
            " · ".join(filter(None, [*story, who, entry.id])),
            styles=("dim", "dim", _COLOURS.get(entry.op.value, "bold"), "dim"),
        )
    if not entries:
        output.say("No changes.")


_LOG_WIDTH = 240
"""Longest text of a line of the log; `show` has all of it."""

_COLOURS = {"ADD": "green", "UPDATE": "yellow", "DELETE": "red", "RETIRE": "red", "ERASE": "red", "NOOP": "dim"}


_TOLD_ELSEWHERE = frozenset(
    {
        "id", "kind", "text", "bank", "status", "version", "evidence", "versions", "relationships", "operations",
        "closed_at", "valid_to_before", "key",
    }
)  # fmt: skip


def _show_portrait(portrait: dict[str, Any]) -> None:
    output.say(portrait["text"] or "(erased)", "bold")
    output.say(f"{portrait['kind']} {portrait['id']} · {portrait['status']} · version {portrait['version']}", "dim")
    output.say()
    rows = [(name, _field(value)) for name, value in portrait.items() if name not in _TOLD_ELSEWHERE and _tells(value)]
    output.columns(rows, styles=("dim",))
    if portrait["evidence"]:
        output.heading("Rests on")
        for evidence in portrait["evidence"]:
            output.say(evidence["text"], indent=2)
            output.say(
                " · ".join(filter(None, (evidence["source"], day(evidence["at"]), evidence["id"]))), "dim", indent=4
            )
    if len(portrait["versions"]) > 1:
        output.heading("Versions")
        output.columns(
            [
                (
                    "→" if version["shown"] else " ",
                    str(version["version"]),
                    version["status"],
                    f"{day(version['valid_from']) or '...'} to {day(version['valid_to']) or '...'}",
                    version["text"],
                )
                for version in portrait["versions"]
            ],
            styles=("bold", "dim", "", "dim"),
        )
    _show_surroundings(portrait)


def _show_surroundings(portrait: dict[str, Any]) -> None:
    if portrait["relationships"]:
        output.heading("Relationships")
        output.columns(
            [
                (
                    "→" if r["direction"] == "out" else "←",
                    r["type"],
                    r["kind"],
                    f"{output.shortened(r['text'], 90)}  {r['id']}",
                )
                for r in portrait["relationships"]
            ],
            styles=("", "cyan", "dim"),
        )
    output.heading("History")
    output.columns(
        [
            (f"{operation['seq']:>4}", day(operation["at"]), operation["op"], operation["reason"])
            for operation in portrait["operations"]
        ],
        styles=("dim", "dim", "bold"),
    )


def _field(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return day(value) if isinstance(value, str) and _is_moment(value) else str(value)


def _is_moment(text: str) -> bool:
    return len(text) >= 19 and text[4:5] == "-" and text[10:11] == "T" and text[:4].isdigit()


def _tells(value: Any) -> bool:
    return value not in ("", None, [], {}, (), False)
