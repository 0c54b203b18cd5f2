"""How each kind of memory is found: the one place that makes search entries, for writing and for reindexing alike."""

from __future__ import annotations

from agentmem.language import terms
from agentmem.records import Entity, Episode, Fact, IndexEntry, Note, Query, Vector


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


def _joined(text: str) -> str:
    return " ".join(terms(text))
