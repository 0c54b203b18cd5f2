"""neo4j start, stop, status, fetch, init, browser: a server on this machine, and what a person sees in it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from agentmem.cli import output
from agentmem.cli.options import BankOption, JsonOption, StoreOption, chosen
from agentmem.errors import InputError, NotFound

if TYPE_CHECKING:
    from agentmem.neo4j_server import Neo4jServer, ServerStatus
    from agentmem.stores.neo4j import Neo4jStore

SETUP_PANEL = "Setting up and measuring"

_group = typer.Typer(no_args_is_help=True, help="A Neo4j server on this machine, and Neo4j Browser on it.")

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The server's folder. Default: neo4j in the data folder."),
]
LineOption = Annotated[str, typer.Option("--line", metavar="LINE", help="5 (5.26 LTS) or 2026.")]
PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help="Default: that of the last start.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (start, stop, status, fetch, init, browser):
        _group.command()(command)
    app.add_typer(_group, name="neo4j", rich_help_panel=SETUP_PANEL)


@_group.callback()
def _root() -> None:
    pass


def start(
    line: LineOption = "",
    home: HomeOption = None,
    with_: Annotated[
        str, typer.Option("--with", metavar="WHAT", help="docker, java, or auto: Docker where an engine answers.")
    ] = "auto",
    bolt_port: PortOption = None,
    http_port: PortOption = None,
    heap: Annotated[str, typer.Option(metavar="SIZE", help="Java heap, such as 512m or 2g.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Start a server that listens on this machine only; its password is made and kept in a file of yours."""
    from agentmem.neo4j_server import find_release

    if with_ not in ("auto", "docker", "java"):
        raise InputError(f"{with_!r} is no way to run it.", where="--with", hint="Write docker, java or auto.")
    release = find_release(line) if line else None
    with output.progress(not as_json) as tell:
        server = _server(home, tell)
        given = {"bolt_port": bolt_port, "http_port": http_port, "heap": heap}
        settings = replace(server.settings(), **cast("dict[str, Any]", {k: v for k, v in given.items() if v}))
        before = server.status().running
        now = server.start(release, settings, how=cast("Literal['auto', 'docker', 'java']", with_))
    if as_json:
        output.data(_as_data(now))
        return
    verb = "runs already" if before else "runs"
    output.say(f"Neo4j {now.version} {verb} on this machine only ({_where(now)}).")
    _describe(now)


def stop(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop the server; what it holds stays."""
    with output.progress(not as_json) as tell:
        tell("Neo4j is stopping")
        stopped = _server(home, tell).stop()
    if as_json:
        output.data({"stopped": stopped})
    else:
        output.say("Neo4j is stopped." if stopped else "No Neo4j was running.")


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say whether the server runs, which version, and where."""
    now = _server(home).status()
    if as_json:
        output.data(_as_data(now))
        return
    if not now.running:
        ended = " It was not stopped: it crashed, was killed, or the machine went down." if now.crashed else ""
        known = f" (Neo4j {now.version})" if now.version else ""
        output.say(f"No server runs in {now.home}{known}.{ended}")
        output.say("`agentmem neo4j start` starts it.", "dim")
        return
    doing = "runs" if now.answers else "runs, and does not answer yet"
    output.say(f"Neo4j {now.version} {doing} ({_where(now)}).")
    _describe(now)


def fetch(line: LineOption = "5", as_json: JsonOption = False) -> None:
    """Fetch a release with Maven ahead of time, so that nothing is downloaded later."""
    from agentmem.neo4j_server import find_java, find_release, resolve_jars

    release = find_release(line)
    with output.progress(not as_json) as tell:
        folder = resolve_jars(release, find_java(release), notify=output.remark, progress=tell)
    if as_json:
        output.data({"version": release.version, "folder": str(folder)})
    else:
        output.say(f"Neo4j {release.version} is in {folder}.")


def init(store: StoreOption = "", home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Create constraints and indexes ahead of the first use: in --store, or in the server of this machine."""
    from agentmem.stores import open_store
    from agentmem.workflow.passwords import password_for

    settings = chosen(store)
    url, user, password = settings.store, settings.user, password_for(settings)
    if not url:
        now = _running(home)
        url, user, password = now.bolt_url, now.user, _server(home).password()
    if url.partition(":")[0].partition("+")[0].lower() not in ("bolt", "neo4j"):
        raise InputError("is no Neo4j store.", where="--store", hint="Write bolt://HOST:PORT or neo4j://HOST:PORT.")
    with (
        output.progress(not as_json) as tell,
        closing(cast("Neo4jStore", open_store(url, user=user, password=password))) as opened,
    ):
        tell("the server plans the usual statements")
        opened.warm()
    shown = _without_credentials(url)
    if as_json:
        output.data({"store": shown, "ready": True})
    else:
        output.say(f"{shown} is ready: constraints and indexes are there, and the usual statements are planned.")


def browser(
    query: Annotated[
        str, typer.Option("--query", metavar="NAME", help="Open with this saved query in the editor.")
    ] = "",
    about: Annotated[str, typer.Option("--about", metavar="TEXT", help="A name or word that the query is about.")] = "",
    agent: Annotated[str, typer.Option("--agent", metavar="NAME", help="The agent that the query is about.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, help="How far back the query looks.")] = 7,
    bank: BankOption = "",
    only_print: Annotated[bool, typer.Option("--print", help="Print the address instead of opening it.")] = False,
    guide: Annotated[bool, typer.Option("--guide", help="Print what the colours mean and what to ask.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open Neo4j Browser on the server, coloured, with saved queries that answer what people ask."""
    from agentmem.neo4j_server import content, find_query, saved_queries

    if guide:
        output.say(content.read(content.GUIDE).rstrip())
        return
    now = _running(home)
    wanted = find_query(query) if query else None
    values = {"bank": _bank(bank, now, home), "days": str(days), "about": about, "agent": agent}
    values = {name: value for name, value in values.items() if value}
    address = content.with_query(now.browser_url, wanted.filled(values)) if wanted else now.browser_url
    scripts = _server(home).keep_saved_scripts(values)
    if as_json:
        questions = [{"name": q.name, "title": q.question(values), "cypher": q.text} for q in saved_queries().values()]
        kept = {"bank": values["bank"], "content": str(content.folder()), "saved_queries": str(scripts)}
        output.data({"url": address, **_as_data(now), **kept, "queries": questions})
        return
    opened = not only_print and _open(address)
    output.say("Neo4j Browser opens." if opened else address)
    output.columns(
        [("user", now.user), ("password", f"in {now.password_file}"), ("bank", values["bank"])], styles=("dim", "")
    )
    if wanted:
        output.say(f"The query stands in its editor; Ctrl+Enter runs it: {wanted.question(values)}")
        return
    output.heading("Questions: agentmem neo4j browser --query NAME")
    rows = [
        (q.name, " ".join(f"--{p}" for p in q.parameters if p != "bank"), q.question(values))
        for q in saved_queries().values()
    ]
    output.columns(rows, styles=("bold", "dim", ""))
    output.say()
    output.say(f"To keep them all: drop {scripts} on Browser's window. They are under the star then.", "dim")
    output.say("What the colours mean: agentmem neo4j browser --guide", "dim")
    output.say(f"Style sheet, queries and guide for other servers: {content.folder()}", "dim")


def _bank(named: str, now: ServerStatus, home: Path | None) -> str:
    """The bank to look at: the one that was named, else the only one of the server.

    Raises:
        NotFound: the server has no such bank, or none was named and it has several.
    """
    from agentmem.config import DEFAULT_BANK
    from agentmem.stores import open_store

    bank = chosen(bank=named).bank
    if not now.answers:
        output.remark("the server does not answer yet: whether it has this bank is not known.")
        return bank
    with closing(open_store(now.bolt_url, user=now.user, password=_server(home).password())) as store:
        banks = store.banks()
    if bank in banks:
        return bank
    if not banks and not named:
        output.remark(f"the server holds no memory yet; `agentmem retain FILE --store {now.bolt_url}` brings some.")
        return bank
    if len(banks) == 1 and bank == DEFAULT_BANK and not named:
        return banks[0]
    hint = f"--bank names one: {', '.join(banks)}." if banks else "The server holds no memory yet."
    raise NotFound(f"there is no bank {bank!r}.", where="--bank", hint=hint)


def _open(address: str) -> bool:
    import webbrowser

    return webbrowser.open(address)


def _server(home: Path | None, progress: Any = None) -> Neo4jServer:
    from agentmem.neo4j_server import Neo4jServer

    place = home or chosen().home / "neo4j"
    return Neo4jServer(place, notify=output.remark, progress=progress or (lambda _text: None))


def _running(home: Path | None) -> ServerStatus:
    """The status of a server that runs.

    Raises:
        NotFound: none does.
    """
    now = _server(home).status()
    if not now.running:
        raise NotFound("no server runs.", where=str(now.home), hint="`agentmem neo4j start` starts it.")
    return now


def _where(now: ServerStatus) -> str:
    return f"process {now.pid}" if now.how == "java" else f"container {now.container}"


def _describe(now: ServerStatus) -> None:
    rows = [
        ("store", f"--store {now.bolt_url}"),
        ("user", now.user),
        ("password", f'export NEO4J_PASSWORD="$(cat {now.password_file})"'),
        ("browser", "agentmem neo4j browser"),
    ]
    output.columns(rows, styles=("dim", ""))


def _without_credentials(url: str) -> str:
    """A store's URL as it may be shown."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _as_data(now: ServerStatus) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(now).items()}
