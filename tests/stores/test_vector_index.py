"""The vector index: many searches at once, ties, and vectors without any likeness."""

from __future__ import annotations

import numpy as np

from agentmem.embeddings import HashingEmbedder
from agentmem.records import Kind, Status, Vector
from agentmem.stores import VectorSearch, View
from agentmem.stores.sqlite.vector_index import Entry, VectorIndex

VIEW = View(bank="b")
WORDS = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]


def entry(id_: str, vector: Vector, kind: Kind = Kind.EPISODE) -> Entry:
    return Entry(
        id=id_,
        kind=kind,
        status=Status.ACTIVE,
        created_at=None,
        valid_from=None,
        valid_to=None,
        closed_at=None,
        valid_to_before=None,
        vector=vector,
    )


def filled(vectors: list[Vector]) -> VectorIndex:
    index = VectorIndex(len(vectors[0]))
    index.put(entry(f"n{number:05}", vector) for number, vector in enumerate(vectors))
    return index


def ranked(index: VectorIndex, query: Vector, k: int) -> list[str]:
    return [hit.id for hit in index.search(VIEW, [VectorSearch(vector=query, k=k)])[0]]


def test_many_searches_at_once_find_what_each_finds_alone() -> None:
    embedder = HashingEmbedder()
    texts = [f"{WORDS[i % 10]} {WORDS[i // 10 % 10]} {i % 37}" for i in range(4_000)]
    index = filled(list(embedder.embed(texts)))
    queries = list(embedder.embed([f"{one} {other}" for one in WORDS for other in WORDS[:7]]))
    together = index.search(VIEW, [VectorSearch(vector=query, k=25) for query in queries])
    alone = [index.search(VIEW, [VectorSearch(vector=query, k=25)])[0] for query in queries]
    assert together == alone


def test_equal_vectors_tie_by_id_however_many_there_are() -> None:
    one, other = HashingEmbedder().embed(["the same text", "another text altogether"])
    index = filled([other, *[one] * 9_000])
    assert ranked(index, one, 3) == ["n00001", "n00002", "n00003"]


def test_vectors_without_likeness_score_nothing_and_tie_by_id() -> None:
    zero = np.zeros(384, dtype=np.float32)
    vectors = [zero] * 5_000
    vectors[4_321] = HashingEmbedder().embed(["harbour"])[0]
    index = filled(vectors)
    query = vectors[4_321]
    assert ranked(index, query, 3) == ["n04321", "n00000", "n00001"]
    hits = index.search(VIEW, [VectorSearch(vector=zero, k=2)])[0]
    assert [(hit.id, hit.score) for hit in hits] == [("n00000", 0.0), ("n00001", 0.0)]


def test_a_replaced_vector_is_found_by_its_new_meaning() -> None:
    old, new = HashingEmbedder().embed(["harbour", "orchard"])
    index = filled([old, old])
    index.put([entry("n00001", new)])
    assert ranked(index, new, 1) == ["n00001"]
    assert ranked(index, old, 1) == ["n00000"]
