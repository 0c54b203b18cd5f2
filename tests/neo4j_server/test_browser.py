"""The real Neo4j Browser in headless Chromium: it connects, takes the style, and answers every saved query.

AGENTMEM_PICTURES names a folder that keeps a picture of each answer.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory
from agentmem.neo4j_server import LTS, NoTestServer, SavedQuery, ServerAccess, saved_queries, server_for_tests
from agentmem.stores import open_store

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES: Final = os.environ.get("AGENTMEM_PICTURES", "")
VALUES: Final = {"bank": "default", "about": "Anna", "agent": "planner", "days": "7"}
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
ENTITY_BLUE: Final = "#2a6f97"

pytestmark = [pytest.mark.neo4j, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


def test_browser_answers_every_saved_query(tmp_path: Path) -> None:
    try:
        server = server_for_tests(LTS)
        access = server.__enter__()
    except NoTestServer as missing:
        pytest.skip(str(missing))
    try:
        if not access.browser_url:
            pytest.skip("the server that was given does not say where its Browser is")
        _fill(access)
        _look(access, Path(PICTURES or tmp_path))
    finally:
        server.__exit__(None, None, None)


def _fill(access: ServerAccess) -> None:
    store = open_store(access.url, user=access.user, password=access.password)
    with Memory(store=store, embedder=HashingEmbedder(), bank="default", agent="planner") as memory:
        memory.retain("Anna lives in Paris. Anna works at Acme.", source="letter")
        memory.retain("Anna moved to Rome.", source="call")


def _look(access: ServerAccess, pictures: Path) -> None:
    pictures.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            page = chromium.new_page(viewport={"width": 1400, "height": 900})
            page.goto(access.browser_url)
            page.fill("[data-testid=password]", access.password)
            page.click("[data-testid=connect]")
            page.wait_for_selector("text=:style", timeout=60_000)  # sent by the server on connecting
            for query in saved_queries().values():
                _ask(page, query)
                page.screenshot(path=pictures / f"{query.name}.png")
        finally:
            chromium.close()


def _ask(page: Page, query: SavedQuery) -> None:
    """Run a query as a person does, and check that Browser shows an answer of the right kind."""
    page.focus(".monaco-editor textarea")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(query.filled(VALUES))
    page.keyboard.press("Control+Enter")
    frame = page.locator("[data-testid=frame]").filter(has_text=query.title)
    frame.wait_for(timeout=30_000)
    answer = frame.locator("g.node, table tbody tr").or_(frame.get_by_text("no changes, no records"))
    answer.first.wait_for(state="attached", timeout=30_000)
    if query.name in ("know", "why", "replaced", "written"):
        assert frame.locator("g.node").count() > 1, query.name
    if query.name == "know":
        assert frame.locator(f'g.node circle[fill="{ENTITY_BLUE}"]').count() >= 2, "entities in the colour of the style"
        assert "Anna" in "".join(frame.locator("g.node text").all_text_contents())
    if query.shows == "table":
        assert frame.locator("table tbody tr").count() > 3
