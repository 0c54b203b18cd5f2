"""What ends with a fact: notes that quote it; and requests to forget, which end facts by the owner's wish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agentmem.language import analyse_question, normalise_name, terms
from agentmem.memory.journal import FORGOTTEN
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds
from agentmem.memory.retaining.extraction import ForgetRequest
from agentmem.memory.retaining.notes import outdated
from agentmem.memory.retaining.surroundings import Surroundings
from agentmem.records import Change, Episode, Fact, Node, Note, RelationshipType


def note_endings(builder: ChangeBuilder, closed: Sequence[Fact], around: Surroundings) -> list[Change]:
    """Changes of the stored notes that quote facts which ended."""
    notes_of: dict[str, list[str]] = {}
    quotes: list[tuple[str, str, str]] = []
    ended = {fact.id: fact for fact in closed}
    for link in around.relationships:
        if link.type is not RelationshipType.EVIDENCED_BY:
            continue
        if link.source_id in ended:
            quotes.append((link.source_id, link.target_id, str(link.properties.get("quote", ""))))
        elif isinstance(around.nodes.get(link.source_id), Note):
            notes_of.setdefault(link.target_id, []).append(link.source_id)
    by_note: dict[str, list[tuple[Fact, str]]] = {}
    for fact_id, episode_id, quote in sorted(quotes):
        for note_id in notes_of.get(episode_id, ()):
            by_note.setdefault(note_id, []).append((ended[fact_id], quote))
    return [
        outdated(builder, note, facts)
        for note_id, facts in sorted(by_note.items())
        if isinstance(note := around.nodes[note_id], Note)
    ]


def forget_terms(request: ForgetRequest) -> tuple[str, ...]:
    """The content terms of what somebody asks to forget; empty if it has none."""
    return tuple(sorted(frozenset(terms(request.about))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """What follows from one request to forget."""

    changes: tuple[Change, ...]
    """DELETEs of facts, and RETIREs of bare evidence that says the same."""
    ended: tuple[Fact, ...]
    """The facts that ended."""
    spared: tuple[Node, ...]
    """What matched and stays, because it is more trusted than the text that asks."""


def forget(
    builder: ChangeBuilder, episode: Episode, request: ForgetRequest, learned: Sequence[Fact], around: Surroundings
) -> Forgetting:
    """What somebody asks to forget ends, as far as it was said before and is not more trusted than the request.

    A request by attribute ("my phone number") means the facts that give it. Any other means what covers every content
    term of it.

    Args:
        builder: Makes the changes.
        episode: The evidence that holds the request.
        request: What is to be forgotten.
        learned: Facts that the store does not hold yet, said before the request.
        around: What the store holds.
    """
    grounds = Grounds(reason=f"{FORGOTTEN}: {request.about}", evidence=(episode.id,))
    meant = _meant(request, [*_said_before(episode, request, around), *learned], around)
    spared = tuple(node for node in meant if node.trust > episode.trust)
    changes: list[Change] = []
    ended: list[Fact] = []
    for node in meant:
        if node.trust > episode.trust:
            continue
        if isinstance(node, Fact):
            ended.append(node)
            changes.append(builder.delete(node, grounds, ends=episode.at, withdrawn=True))
        else:
            changes.append(builder.retire(node, grounds))
    return Forgetting(changes=tuple(changes), ended=tuple(ended), spared=spared)


def _said_before(episode: Episode, request: ForgetRequest, around: Surroundings) -> list[Node]:
    """What the words of a request find, without the request itself and all that was said after it."""
    found = [around.nodes[hit.id] for hit in around.forgettable.get(request.about, ()) if hit.id in around.nodes]
    later = {n.id for n in around.nodes.values() if isinstance(n, Episode) and _follows(n, episode)} | {episode.id}
    later |= {
        link.source_id
        for link in around.relationships
        if link.type is RelationshipType.EVIDENCED_BY and link.target_id in later
    }
    return [node for node in found if node.id not in later]


def _follows(other: Episode, episode: Episode) -> bool:
    """Whether evidence was said after other evidence: by its date, else by its arrival and its place in the call."""
    if other.at and episode.at and other.at != episode.at:
        return other.at > episode.at
    return (other.created_at, other.position) > (episode.created_at, episode.position)


def _meant(request: ForgetRequest, nodes: Sequence[Node], around: Surroundings) -> list[Node]:
    attribute = _attribute(request)
    named = [node for node in nodes if isinstance(node, Fact) and _is_it(node, attribute)]
    if named:
        return sorted(named, key=lambda node: node.id)
    wanted = frozenset(forget_terms(request))
    covering = [node for node in nodes if wanted and wanted <= _said(node)]
    return [node for node in covering if isinstance(node, Fact) or not _has_claims(node, around)]


def _attribute(request: ForgetRequest) -> tuple[str, str]:
    """Whose what a request is about: ("Tom", "phone") for "Tom's phone number"; empty if it is no such thing."""
    analysis = analyse_question(f"What is {request.about}?", now=datetime.now(UTC))
    return normalise_name(analysis.subject), analysis.predicate


def _is_it(fact: Fact, attribute: tuple[str, str]) -> bool:
    """Whether a fact gives the attribute itself; a first name means the full one."""
    subject, predicate = attribute
    known = normalise_name(fact.subject)
    return bool(subject) and fact.predicate == predicate and (known == subject or known.split()[:1] == [subject])


def _said(node: Node) -> frozenset[str]:
    words = [node.text, node.metadata.get("headings", "")]
    if isinstance(node, Fact):
        words += [node.subject, node.predicate.replace("_", " "), node.object]
    if isinstance(node, Episode):
        words.append(node.speaker)
    return frozenset(terms(" ".join(map(str, words))))


def _has_claims(node: Node, around: Surroundings) -> bool:
    return any(
        link.type is RelationshipType.EVIDENCED_BY
        and link.target_id == node.id
        and isinstance(around.nodes.get(link.source_id), Fact)
        for link in around.relationships
    )
