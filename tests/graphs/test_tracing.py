"""Nothing of a run is posted to LangSmith, whatever its variables say, unless the user asks agentmem for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from langsmith.run_helpers import tracing_context
from langsmith.utils import tracing_is_enabled

from agentmem.graphs.tracing import is_traced, stepped, tracing

FLOW = """
task: What does the note say?
plan:
  - {id: read, tool: read_files, args: {folder: documents}}
  - {id: keep, tool: remember, for_each: "{{ steps.read.output }}", args: {text: "{{ item.text }}"}}
  - {id: ask, goal: "Where does Marta live?"}
"""
TEAM = """
from agentmem import Memory, Plan, Task, Team
from agentmem.embeddings import HashingEmbedder
with Memory.open("sqlite:///team.db", embedder=HashingEmbedder()) as memory:
    plan = Plan(steps=[dict(id="keep", tool="remember", args=dict(text="Marta lives in Bergen."))])
    assert Team(memory=memory, tracing=False).run(Task(text="Keep it.", plan=plan)).status == "done"
"""


class Listener(ThreadingHTTPServer):
    """Stands for LangSmith: keeps what is posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[bytes] = []
        self.daemon_threads = True

    @property
    def variables(self) -> dict[str, str]:
        """All that switches LangSmith on, in old and in new words."""
        url = f"http://127.0.0.1:{self.server_port}"
        names = {"TRACING": "true", "TRACING_V2": "true", "API_KEY": "key", "ENDPOINT": url, "PROJECT": "p"}
        return {f"{family}_{name}": value for family in ("LANGSMITH", "LANGCHAIN") for name, value in names.items()} | {
            "LANGCHAIN_HANDLER": "langchain",
            "LANGCHAIN_CALLBACKS_BACKGROUND": "false",
        }


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def _take(self) -> None:
        self.server.received.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PATCH = _take

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def langsmith() -> Iterator[Listener]:
    with Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield listener
        finally:
            listener.shutdown()
            thread.join()


def _done(folder: Path, variables: dict[str, str], *command: str) -> None:
    (folder / "documents").mkdir(exist_ok=True)
    (folder / "documents" / "note.md").write_text("Marta lives in Bergen.\n")
    (folder / "flow.yaml").write_text(FLOW)
    environment = {**os.environ, **variables}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_run_posts_nothing(langsmith: Listener, tmp_path: Path) -> None:
    _done(tmp_path, langsmith.variables, "-m", "agentmem", "run", "flow.yaml", "--store", "sqlite:///a.db", "--json")
    _done(tmp_path, langsmith.variables, "-c", TEAM)
    assert langsmith.received == []


def test_a_run_that_is_to_be_traced_is(langsmith: Listener, tmp_path: Path) -> None:
    asked = {**langsmith.variables, "AGENTMEM_TRACING": "1"}
    _done(tmp_path, asked, "-m", "agentmem", "run", "flow.yaml", "--store", "sqlite:///a.db", "--json")
    assert langsmith.received


@pytest.mark.parametrize("around", [None, True, False])
def test_the_switch_holds_only_while_an_event_is_made(around: bool | None) -> None:
    def events() -> Iterator[bool]:
        for _ in range(2):
            yield is_traced()

    with tracing_context(enabled=around):
        before = tracing_is_enabled()
        for traced in (False, True):
            for event in stepped(events(), traced=traced):
                assert event is traced
                assert tracing_is_enabled() == before
        with pytest.raises(RuntimeError), tracing(not around):
            raise RuntimeError
        assert tracing_is_enabled() == before
