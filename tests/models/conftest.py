"""A server on this machine that speaks both protocols, Chat Completions and Messages, and does what a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import pytest

from agentmem.models import Model, Patience, open_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the server does with one request."""

    text: str = ""
    call: dict[str, Any] | None = None
    """Arguments of a call of the one tool that the request brings."""
    status: int = 200
    error: str = "scripted"
    kind: str = "api_error"
    headers: dict[str, str] = field(default_factory=lambda: {"retry-after-ms": "1"})
    stop: str = ""
    """Why the model stopped: `length`, `refusal`; empty for the ordinary end."""
    cached: int = 0
    wait: float = 0.0
    """Seconds before anything is sent."""
    cut: str = ""
    """How a stream ends before its time: `drop`, `close` or `error`."""
    raw: str | None = None
    """A body in place of one of the protocol."""


class ModelServer:
    """Requests that came, and what is done with those to come; the last act is done again and again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.acts: list[Act] = [Act(text="{}")]
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def will(self, *acts: dict[str, Any]) -> None:
        """Do these things, in order; the fields of an `Act` each."""
        self.acts = [Act(**act) for act in acts]

    def next(self, body: dict[str, Any], headers: dict[str, str]) -> Act:
        """Keep a request; the act for it."""
        self.requests.append(body)
        self.headers.append(headers)
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


@contextmanager
def serving() -> Iterator[ModelServer]:
    """A server on a free port, until the end of the block."""
    lock = threading.Lock()

    class Handler(_Handler):
        def act(self, body: dict[str, Any]) -> Act:
            with lock:
                return served.next(body, {name.lower(): value for name, value in self.headers.items()})

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    served = ModelServer(f"http://127.0.0.1:{httpd.server_port}")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    def act(self, body: dict[str, Any]) -> Act:
        raise NotImplementedError

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        act = self.act(body)
        if act.wait:
            time.sleep(act.wait)
        events = _messages_events if self.path.endswith("/v1/messages") else _chat_events
        answer = _message if self.path.endswith("/v1/messages") else _completion
        try:
            if act.status != 200:
                error = {"message": act.error, "type": act.kind}
                self._send(act.status, json.dumps({"type": "error", "error": error}), act.headers)
            elif body.get("stream"):
                self._stream(events(body, act), act)
            else:
                self._send(200, json.dumps(answer(body, act)) if act.raw is None else act.raw, act.headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client went away, as it may

    def _send(self, status: int, text: str, headers: dict[str, str]) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, lines: list[str], act: Act) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if act.cut == "drop":  # promises more than it will send
            self.send_header("Content-Length", "1000000")
        self.end_headers()
        if act.cut:
            lines = lines[: len(lines) // 2]
        if act.cut == "error":
            error = {"type": "error", "error": {"type": act.kind, "message": act.error}}
            lines.append(f"event: error\ndata: {json.dumps(error)}")
        self.wfile.write("".join(f"{line}\n\n" for line in lines).encode())


def _completion(body: dict[str, Any], act: Act) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": act.text, "refusal": None}
    reason = {"length": "length"}.get(act.stop, "stop")
    if act.stop == "refusal":
        message |= {"content": None, "refusal": act.text}
    if act.call is not None:
        function = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps(act.call)}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
        reason = "tool_calls"
    return {
        "id": "chat_1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": _chat_usage(act),
    }  # fmt: skip


def _chat_usage(act: Act) -> dict[str, Any]:
    return {
        "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
        "prompt_tokens_details": {"cached_tokens": act.cached},
    }  # fmt: skip


def _chat_events(body: dict[str, Any], act: Act) -> list[str]:
    chunk = {"id": "chat_1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    part = "refusal" if act.stop == "refusal" else "content"
    deltas += [({part: letter}, None) for letter in act.text]
    deltas.append(({}, {"length": "length"}.get(act.stop, "stop")))
    events = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas]
    events.append({**chunk, "choices": [], "usage": _chat_usage(act)})
    return [*(f"data: {json.dumps(event)}" for event in events), "data: [DONE]"]


def _message(body: dict[str, Any], act: Act) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": act.text}] if act.text else []
    reason = {"length": "max_tokens", "refusal": "refusal"}.get(act.stop, "end_turn")
    if act.call is not None:
        content = [{"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": act.call}]
        reason = "tool_use"
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": content,
        "stop_reason": reason, "stop_sequence": None,
        "usage": {"input_tokens": 100 - act.cached, "output_tokens": 10, "cache_read_input_tokens": act.cached},
    }  # fmt: skip


def _messages_events(body: dict[str, Any], act: Act) -> list[str]:
    whole = _message(body, act)
    start = {**whole, "content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    events += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": letter}}
        for letter in act.text
    ]
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    events += [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ending, "usage": whole["usage"]},
        {"type": "message_stop"},
    ]
    return [f"event: {event['type']}\ndata: {json.dumps(event)}" for event in events]


class Opened(Protocol):
    """Opens a model of the server on this machine."""

    def __call__(self, protocol: str = "openai", **settings: Any) -> Model: ...


@pytest.fixture
def provider() -> Iterator[ModelServer]:
    """The server."""
    with serving() as served:
        yield served


@pytest.fixture
def opened(provider: ModelServer) -> Opened:
    """Waits are short."""

    def open_one(protocol: str = "openai", **settings: Any) -> Model:
        base_url = f"{provider.url}/v1" if protocol == "openai" else provider.url
        patience = Patience(attempts=3, first_wait=0.001, longest_wait=1.0)
        given = {"base_url": base_url, "api_key": "sk-test-4711", "timeout": 10.0, "patience": patience}
        return open_model(f"{protocol}:some-model", **{**given, **settings})

    return open_one
