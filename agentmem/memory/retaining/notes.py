"""Zettelkasten notes: written from evidence, linked to their neighbours, and kept true when a fact they quote ends.

Source: A-MEM (k = 5 nearest neighbours; links run from the new note to old ones). The rule-based link asks for
cosine >= 0.6 and a shared keyword.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agentmem.language import terms
from agentmem.memory.retaining.assembly import distinct_entities
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds
from agentmem.memory.retaining.extraction import Extraction
from agentmem.memory.retaining.indexing import note_entry
from agentmem.memory.retaining.resolution import Resolution
from agentmem.memory.retaining.surroundings import Surroundings
from agentmem.records import (
    Change,
    Episode,
    Fact,
    Kind,
    Note,
    Relationship,
    RelationshipType,
    Vector,
    node_id,
)

NEIGHBOURS = 5
LINK_COSINE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNote:
    """A note on its way into the graph, with the vector of the evidence that it condenses."""

    note: Note
    episode: Episode
    vector: Vector
    relationships: tuple[Relationship, ...]


def write_notes(
    builder: ChangeBuilder,
    readings: Iterable[tuple[Episode, Extraction]],
    vectors: Mapping[str, Vector],
    resolution: Resolution,
) -> list[NewNote]:
    """The notes of a batch; evidence of no substance gives none."""
    notes = []
    for episode, extraction in readings:
        draft = extraction.note
        if draft is None:
            continue
        note = Note(
            id=node_id(Kind.NOTE, builder.bank, episode.id),
            bank=builder.bank,
            text=draft.text,
            created_at=builder.now,
            at=episode.at,
            trust=episode.trust,
            source=episode.source,
            agent=builder.agent,
            run_id=builder.run_id,
            context=draft.context,
            keywords=draft.keywords,
            tags=draft.tags,
        )
        evidence = Relationship(
            type=RelationshipType.EVIDENCED_BY,
            source_id=note.id,
            target_id=episode.id,
            properties={"quote": ""},
        )
        about = [
            Relationship(type=RelationshipType.ABOUT, source_id=note.id, target_id=entity.id)
            for entity in distinct_entities(resolution, (mention.name for mention in extraction.mentions))
        ]
        notes.append(NewNote(note=note, episode=episode, vector=vectors[episode.id], relationships=(evidence, *about)))
    return notes


def note_changes(builder: ChangeBuilder, new: Sequence[NewNote], around: Surroundings) -> list[Change]:
    """ADDs of the notes, each with its links to nearest neighbours: older notes and those before it in the batch."""
    if not new:
        return []
    changes = []
    for entry, mates in zip(new, _within_batch(new), strict=True):
        older = around.near.get(entry.episode.id, ())
        nearest = sorted([*older, *mates], key=lambda pair: (-pair[1], pair[0].id))[:NEIGHBOURS]
        links = [link for other, cosine in nearest if (link := _link(entry.note, other, cosine)) is not None]
        index = note_entry(entry.note, entry.vector)
        candidates = tuple(other.id for other, _ in nearest)
        grounds = Grounds(reason=_reason(links), evidence=(entry.episode.id,), candidates=candidates)
        changes.append(builder.add(entry.note, grounds, index=index, relationships=(*entry.relationships, *links)))
    return changes


def outdated(builder: ChangeBuilder, note: Note, ended: Sequence[tuple[Fact, str]]) -> Change:
    """What becomes of a note when facts that it quotes end: the quotes go, and an empty note is retired.

    Args:
        builder: Makes the change.
        note: The note as it stands.
        ended: The facts that ended and the words of the evidence that they rest on.
    """
    text = note.text
    for fact, quote in ended:
        for words in (quote, fact.text):
            text = text.replace(words, "") if words else text
    text = " ".join(text.split())
    grounds = Grounds(
        reason=f"quotes what no longer holds: {ended[0][0].text}", candidates=tuple(f.id for f, _ in ended)
    )
    remaining = [sentence for sentence in terms(text) if len(sentence) > 1]
    if text == note.text or len(remaining) < 3:
        return builder.retire(note, grounds)
    return builder.evolve(note, replace(note, text=text), grounds)


def _within_batch(new: Sequence[NewNote]) -> list[list[tuple[Note, float]]]:
    matrix = np.stack([n.vector for n in new])
    cosines = matrix @ matrix.T
    return [
        [(new[j].note, round(float(cosines[i, j]), 6)) for j in range(i) if cosines[i, j] >= LINK_COSINE]
        for i in range(len(new))
    ]


def _link(note: Note, other: Note, cosine: float) -> Relationship | None:
    if other.id == note.id:
        return None
    shared = [keyword for keyword in note.keywords if keyword in other.keywords]
    if not shared:
        return None
    return Relationship(
        type=RelationshipType.LINKS_TO,
        source_id=note.id,
        target_id=other.id,
        properties={"reason": f"both about {', '.join(shared[:3])}", "weight": round(min(cosine, 1.0), 6)},
    )


def _reason(links: Sequence[Relationship]) -> str:
    if not links:
        return "a note of the evidence"
    return f"a note of the evidence, linked to {len(links)} other{'s' if len(links) > 1 else ''}"
