"""Whatever is written in whatever order: chains verify, heads are single, indexes equal a fresh reload."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings

from agentmem.stores import SQLiteStore
from agentmem.testing.store_properties import Step, check_history, check_terms, check_texts, histories, terms, texts

bounded = settings(max_examples=40, deadline=None, derandomize=True)


@bounded
@given(histories)
def test_after_any_history(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/m.db"
        with SQLiteStore(url) as store, SQLiteStore(url) as other:
            check_history(store, other, lambda: SQLiteStore(url), history)


@bounded
@given(texts)
def test_any_text_comes_back(given_texts: list[str]) -> None:
    with SQLiteStore("sqlite:///:memory:") as store:
        check_texts(store, given_texts)


@bounded
@given(terms)
def test_any_term_finds_exactly_its_nodes(given_terms: list[str]) -> None:
    with SQLiteStore("sqlite:///:memory:") as store:
        check_terms(store, given_terms)
