"""How each kind of memory is found: the one place that makes search entries, for writing and for reindexing alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentmem.embeddings import Embedder
from agentmem.language import terms
from agentmem.records import Entity, Episode, Fact, IndexEntry, Node, Note, Query, Vector

_EMBEDDED = 64
"""Texts that are embedded at once."""


def episode_entry(episode: Episode, previous: Episode | None, vector: Vector) -> IndexEntry:
    """Evidence is found by its words and speaker, less by the turn before or the headings above, and by meaning."""
    around = f"{episode.metadata.get('headings', '')} {previous.text if previous else ''}"
    return IndexEntry(terms=_joined(f"{episode.speaker} {episode.text}"), context_terms=_joined(around), vector=vector)


def note_entry(note: Note, vector: Vector) -> IndexEntry:
    """A note is found by its keywords and tags, and by the meaning of the evidence that it condenses."""
    return IndexEntry(terms=_joined(" ".join((*note.keywords, *note.tags))), vector=vector)


def claim_entry(claim: Fact | Entity) -> IndexEntry:
    """A claim is found by its words; its evidence carries the vector."""
    return IndexEntry(terms=_joined(claim.text))


def query_entry(query: Query, vector: Vector) -> IndexEntry:
    """A past task is found by its words and by meaning."""
    return IndexEntry(terms=_joined(query.text), vector=vector)


def entries_of(
    nodes: Iterable[Node], before: Mapping[str, Node], evidence: Mapping[str, Node], embedder: Embedder
) -> dict[str, IndexEntry]:
    """The entries of nodes that were written before, by id; nodes that nothing searches for have none.

    Args:
        nodes: What is to be found.
        before: The Episode before an Episode, by its id.
        evidence: What a Note rests on, by its id.
        embedder: Makes the vectors.
    """
    wanted = list(nodes)
    texts = {node.id: node.text for node in wanted if isinstance(node, Episode | Query)}
    texts |= {node.id: evidence[node.id].text for node in wanted if isinstance(node, Note) and node.id in evidence}
    vectors = _vectors(embedder, texts)
    made = {node.id: _entry(node, before.get(node.id), vectors.get(node.id)) for node in wanted}
    return {id_: entry for id_, entry in made.items() if entry is not None}


def _entry(node: Node, before: Node | None, vector: Vector | None) -> IndexEntry | None:
    if isinstance(node, Fact | Entity):
        return claim_entry(node)
    if vector is None:
        return None
    if isinstance(node, Episode):
        return episode_entry(node, before if isinstance(before, Episode) else None, vector)
    if isinstance(node, Note):
        return note_entry(node, vector)
    return query_entry(node, vector) if isinstance(node, Query) else None


def _vectors(embedder: Embedder, texts: Mapping[str, str]) -> dict[str, Vector]:
    vectors: dict[str, Vector] = {}
    ids = list(texts)
    for start in range(0, len(ids), _EMBEDDED):
        batch = ids[start : start + _EMBEDDED]
        vectors.update(zip(batch, embedder.embed([texts[id_] for id_ in batch]), strict=True))
    return vectors


def _joined(text: str) -> str:
    return " ".join(terms(text))
