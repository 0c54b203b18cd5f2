"""The real Neo4j Browser in headless Chromium, on the graph of the main example: it answers every saved query.

AGENTMEM_PICTURES names a folder that keeps a picture of each answer. The README's picture is its `why.png`:

    AGENTMEM_PICTURES=/tmp/pictures python -m pytest -m neo4j tests/neo4j_server/test_browser.py
    cp /tmp/pictures/why.png docs/images/neo4j-browser.png
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import neo4j
import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory, Message
from agentmem.neo4j_server import (
    LTS,
    NoTestServer,
    ServerAccess,
    content,
    find_release,
    saved_queries,
    server_for_tests,
)
from agentmem.stores import View, open_store
from agentmem.workflow.workflow import Workflow

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

REQUIRED: Final = os.environ.get("AGENTMEM_REQUIRE_NEO4J", "") not in ("", "0")
LINE: Final = os.environ.get("AGENTMEM_NEO4J_LINE", LTS.line)
PICTURES: Final = os.environ.get("AGENTMEM_PICTURES", "")
EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "team_brief"
VALUES: Final = {"bank": "heron", "about": "moved to Lisbon", "days": "7"}
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SECONDS: Final = 60_000.0  # for what a server does for the first time; in milliseconds

MOVED: Final = "Anna moved to Lisbon two days ago (22 March 2025)."
BEFORE: Final = "Anna Kowalski lives in Boston."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a saved query must show on the graph of the main example."""

    kinds: frozenset[str] = frozenset()
    """Labels of the nodes that are drawn; empty for a table."""
    rows: int = 0
    """Rows of a table, at least."""
    says: tuple[str, ...]
    """Captions or cells among others."""


def drawn(kinds: str, *says: str) -> Answer:
    return Answer(kinds=frozenset(kinds.split()), says=says)


ANSWERS: Final[Mapping[str, Answer]] = {
    "know": drawn("Fact Entity", MOVED, "Anna Kowalski", "Lisbon"),
    "why": drawn("Fact Episode Entity", MOVED, BEFORE, "Anna Kowalski"),
    "history": Answer(rows=1, says=(MOVED, BEFORE, "newer than")),
    "changed": Answer(rows=50, says=(MOVED, BEFORE, "DELETE", "asked to forget: Tom's phone number")),
    "learned": Answer(rows=50, says=(MOVED, "Insight", "This worked: read_files")),
    "run": drawn("Query Step Insight Fact", "Brief the team on 10 questions", "ask", "report"),
    "contradictions": drawn("Fact Episode", "Ravi Menon lives in Providence.", "Ravi lives in Boston."),
    "replaced": drawn("Fact Entity", MOVED, BEFORE, "Kestrel"),
    "written": drawn("Fact Entity", MOVED, "Anna Kowalski"),
}

_STABLE: Final = """() => {
    const now = [...document.querySelectorAll('svg g[transform]')].map(g => g.getAttribute('transform')).join();
    const same = now === window.before;
    window.before = now;
    return same;
}"""
_DROP: Final = """(content) => {
    const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'saved-queries.zip'));
    const target = document.querySelector('[data-testid=stream]');
    for (const type of ['dragenter', 'drop'])
        target.dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""

pytestmark = pytest.mark.neo4j


def test_browser_answers_every_saved_query(tmp_path: Path, server: ServerAccess) -> None:
    assert set(ANSWERS) == set(saved_queries())
    with _chromium() as page, _with_browser(server) as access:
        values = {**VALUES, "agent": _fill(access, tmp_path)}
        pictures = Path(PICTURES or tmp_path / "pictures")
        pictures.mkdir(parents=True, exist_ok=True)
        _connect(page, access)
        for name, expected in ANSWERS.items():
            frame = _ask(page, name, values)
            _check(frame, expected, name)
            _picture(page, frame, pictures / f"{name}.png")
        _keep_queries(page, values)


def _lacking(what: str) -> str:
    """Skip, or fail where a real Neo4j was required."""
    if REQUIRED:
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def _chromium() -> Iterator[Page]:
    try:
        playwright = importlib.import_module("playwright.sync_api")
    except ModuleNotFoundError:
        _lacking("playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or _lacking("Chromium is not installed")
    with (
        playwright.sync_playwright() as driver,
        closing(driver.chromium.launch(executable_path=program, args=list(QUIET))) as chromium,
    ):
        page = chromium.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(SECONDS)
        yield page


@contextmanager
def _with_browser(server: ServerAccess) -> Iterator[ServerAccess]:
    """The server, or one of its own: one that somebody named need not have Browser."""
    if server.browser_url:
        yield server
        return
    try:
        with server_for_tests(find_release(LINE), environment={"AGENTMEM_REQUIRE_NEO4J": str(int(REQUIRED))}) as access:
            yield access
    except NoTestServer as missing:
        pytest.skip(str(missing))


def _fill(access: ServerAccess, folder: Path) -> str:
    """Run the main example in the emptied server, and contradict a part of it on less authority.

    Returns:
        The agent that wrote the fact which the queries are about.
    """
    copy = folder / "team_brief"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("*.db*", "report.md"))
    with neo4j.GraphDatabase.driver(access.url, auth=(access.user, access.password)) as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n", database_="neo4j")
    url = access.url.replace("://", f"://{access.user}:{access.password}@")
    with Workflow.from_file(copy / "workflow.yaml").begin(store=url) as run:
        run.finish()
    with closing(open_store(url)) as store:
        memory = Memory(store=store, embedder=HashingEmbedder(), bank=VALUES["bank"], agent="executor")
        rumour = Message(speaker="Tom", at=datetime(2025, 6, 3, tzinfo=UTC), text="Ravi lives in Boston.")
        memory.retain([rumour], trust=0.4)
        return next(node.agent for node in store.scan(View(bank=VALUES["bank"]), limit=1000) if node.text == MOVED)


def _connect(page: Page, access: ServerAccess) -> None:
    page.goto(access.browser_url)
    page.fill("[data-testid=password]", access.password)
    page.click("[data-testid=connect]")
    page.wait_for_selector("text=:style")  # sent by the server on connecting
    assert page.get_by_text("we collect information on product usage").count() == 0


def _ask(page: Page, name: str, values: Mapping[str, str]) -> Locator:
    """Run a query as a person does; the frame that answers."""
    query = saved_queries()[name]
    page.focus(".monaco-editor textarea")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(query.filled(values))
    page.keyboard.press("Control+Enter")
    frame = page.locator("[data-testid=frame]").filter(has_text=f"// {query.question(values)}")
    frame.locator("g.node, table tbody tr").first.wait_for(state="attached")
    return frame


def _check(frame: Locator, expected: Answer, name: str) -> None:
    assert frame.locator("table tbody tr").count() >= expected.rows, name
    if expected.kinds:
        rules = json.loads(content.style_command().removeprefix("style "))
        colours = {rule["color"]: label.removeprefix("node.") for label, rule in rules.items() if "node." in label}
        fills = frame.locator("g.node circle").evaluate_all("all => all.map(c => c.getAttribute('fill'))")
        assert {colours[fill] for fill in fills if fill in colours} == expected.kinds, name
        captions = frame.locator("g.node").evaluate_all(
            "all => all.map(g => [...g.querySelectorAll('text')].map(t => t.textContent.trim()).join(' '))"
        )
        shown = "\n".join(captions)
    else:
        shown = frame.locator("table").first.inner_text()
    for words in expected.says:
        assert words in shown, (name, shown)


def _picture(page: Page, frame: Locator, path: Path) -> None:
    """Keep the answer as it looks on the whole window."""
    press = "button => button.click()"
    page.mouse.move(1, 1)  # what it points at is drawn in another way
    frame.get_by_title("Fullscreen").first.evaluate(press)
    if frame.locator("g.node").count():
        for panel in frame.get_by_title("Collapse the node properties display").all():  # Browser remembers it
            panel.evaluate(press)
        page.wait_for_function(_STABLE, polling=300)
        frame.locator("[aria-label=zoom-to-fit]").first.evaluate(press)
        page.evaluate("window.before = ''")  # what it was before is no sign that it stands
        page.wait_for_function(_STABLE, polling=300)
    page.screenshot(path=path)
    frame.get_by_title("Close fullscreen").first.evaluate(press)


def _keep_queries(page: Page, values: Mapping[str, str]) -> None:
    """Drop the file of the saved queries on the window: they are listed under the star."""
    page.evaluate(_DROP, base64.b64encode(content.saved_scripts(values)).decode())
    page.click("[data-testid=navigationFavorites]")
    page.get_by_text("agentmem", exact=True).click()
    for query in saved_queries().values():
        page.get_by_text(query.question(values)).first.wait_for()
