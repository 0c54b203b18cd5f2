"""Support: which recalled sentences answer a question that no fact answers outright, and how well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agentmem.embeddings import Embedder
from agentmem.language import QuestionAnalysis, names, normalise_name, sentences, terms
from agentmem.memory.recalling.recalled import RecalledMemory
from agentmem.memory.reflecting.dating import Dated, date_of
from agentmem.records import Episode, Fact, Kind, Node, Status

COVERED = 0.6
"""Share of the question's terms, names left out, from which a sentence alone is taken to speak of the same thing."""
ALIKE = 0.5
"""Cosine with the question from which COVERED_IF_ALIKE is enough: the same thing in other words."""
COVERED_IF_ALIKE = 0.3

WEIGHED = 64
"""Sentences whose meaning is compared with the question's at most: those that cover most of it."""
UNDATED = 0.7
"""What is left of the strength of a sentence that answers "when" only with the day on which it was told."""

_LIGHT = 0.3
_LIGHT_TERMS = frozenset(
    terms("go goes went going get got make made take took give gave come came happen happened use used many much long")
)
"""They say little about what is meant, and a sentence often puts another in their place."""
_IDLE_TERMS = frozenset(terms("know knows known tell remember information mention mentioned say said learn learned"))
"""They speak of memory itself."""

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|once|twice|"
    r"half|several|both|none|no)\b",
    re.IGNORECASE,
)
_COPULA_QUESTION = re.compile(
    r"\W*(?:who|what|which|when)(?:\s+(?:is|are|was|were)|['\u2019]s)\b"
    r"(?:\s+(?:the\s+)?(?P<of>.+?)\s+(?:of|for)\b|.*?(?:['\u2019]s|\b(?:my|your|our|their|his|her))\s+(?P<own>[\w\s-]+))?",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|so that|in order|due to|thanks to|reason|to \w+|as it|as they|therefore|so)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of a recalled memory."""

    memory: RecalledMemory
    """Where it stands."""
    text: str
    """Its words; those of the claim where the memory is one."""
    speaker: str
    """Who said it; empty for documents."""
    surroundings: str
    """What its terms may also stand in: headings and source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supported:
    """A sentence that answers the question."""

    sentence: Sentence
    strength: float
    """In [0, 1]: how much of the question it covers, and how alike it is."""


def sentences_of(memories: Iterable[RecalledMemory], episodes: Mapping[str, Node]) -> Iterator[Sentence]:
    """The statements of recalled memories; questions in them answer nothing."""
    for memory in memories:
        resting = [episodes.get(evidence.id) for evidence in memory.evidence]
        spoken = [episode for episode in resting if isinstance(episode, Episode)]
        headings = " ".join(str(episode.metadata.get("headings", "")) for episode in spoken)
        whole = memory.kind is Kind.FACT
        pieces = [memory.text] if whole else [u.text for u in sentences(memory.text) if u.kind != "heading"]
        for piece in pieces:
            if not piece.rstrip(" \"'\u201d)").endswith("?"):
                yield Sentence(
                    memory=memory,
                    text=piece,
                    speaker=spoken[0].speaker if spoken else "",
                    surroundings=headings,
                )


def supporting(
    embedder: Embedder, question: str, analysis: QuestionAnalysis, candidates: Sequence[Sentence]
) -> list[Supported]:
    """The sentences that answer the question, best first; empty if none covers enough of it.

    A sentence must speak of every name in the question (or be said by its bearer) and of the attribute that is asked
    for ("the chair of the club"), cover enough of the other terms, and hold what is asked for: a date for "when", a
    number for "how many", a further name for "who" and "where".
    """
    asked = _names_of(question, analysis)
    name_terms = frozenset(term for name in asked for term in terms(name))
    wanted = {term: _LIGHT if term in _LIGHT_TERMS else 1.0 for term in analysis.terms if term not in name_terms}
    if name_terms:
        wanted = {term: weight for term, weight in wanted.items() if term not in _IDLE_TERMS}
    attribute = _attribute(question, analysis)
    near: list[tuple[float, int, Sentence]] = []
    for place, sentence in enumerate(candidates):
        said = frozenset(terms(f"{sentence.speaker} {sentence.surroundings} {sentence.text}"))
        covered = _share(wanted, said) if wanted else float(bool(name_terms))
        spoken_of = name_terms | attribute <= said
        if covered >= COVERED_IF_ALIKE and spoken_of and _could_answer(sentence, analysis, asked):
            near.append((-covered, place, sentence))
    near = sorted(near, key=lambda one: one[:2])[:WEIGHED]
    if not near:
        return []
    vectors = embedder.embed([question, *(sentence.text for _, _, sentence in near)])
    cosines = np.clip(vectors[1:] @ vectors[0], 0.0, 1.0).tolist()
    found = [
        Supported(sentence=sentence, strength=_strength(sentence, analysis, -covered, cosine))
        for (covered, _, sentence), cosine in zip(near, cosines, strict=True)
        if -covered >= COVERED or cosine >= ALIKE
    ]
    found.sort(key=lambda s: (-s.strength, s.sentence.memory.kind is not Kind.FACT, s.sentence.memory.id))
    return found


def _strength(sentence: Sentence, analysis: QuestionAnalysis, covered: float, cosine: float) -> float:
    past = analysis.tense == "before" and sentence.memory.status is Status.SUPERSEDED
    strength = min(1.0, 0.6 * covered + 0.3 * cosine + 0.1 * sentence.memory.score + 0.1 * past)
    date = when(sentence) if analysis.answer_type == "time" else None
    return round(strength * (UNDATED if date and not date.stated else 1.0), 6)


def fitting(embedder: Embedder, question: str, analysis: QuestionAnalysis, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Of many facts with the right subject and predicate, those that speak of what else the question says, best first.

    "What does she like about the city?" is not answered by all that she likes. Facts of which there is only one at a
    time, and questions that say nothing else, need no such test.
    """
    spoken = frozenset(terms(f"{analysis.subject} {analysis.predicate.replace('_', ' ')} {' '.join(analysis.names)}"))
    wanted = frozenset(analysis.terms) - spoken - _LIGHT_TERMS - _IDLE_TERMS
    if not wanted or any(fact.functional for fact in facts):
        return tuple(facts)
    vectors = embedder.embed([question, *(fact.text for fact in facts)])
    cosines = (vectors[1:] @ vectors[0]).tolist()
    ranked = []
    for place, (fact, cosine) in enumerate(zip(facts, cosines, strict=True)):
        covered = len(wanted.intersection(terms(fact.text))) / len(wanted)
        if covered or cosine >= ALIKE:
            ranked.append((-covered, place, fact))
    best = min((rank[0] for rank in ranked), default=0.0)
    return tuple(fact for covered, _, fact in sorted(ranked, key=lambda rank: rank[:2]) if covered == best)


def _attribute(question: str, analysis: QuestionAnalysis) -> frozenset[str]:
    """The terms of what "Who is the chair of ..." asks for; empty for questions by verb, which may be paraphrased."""
    copula = _COPULA_QUESTION.match(question)
    if copula is None:
        return frozenset()
    asked = copula["of"] or copula["own"] or analysis.predicate.replace("_", " ")
    return frozenset(terms(asked)) & frozenset(analysis.terms)


def _share(wanted: Mapping[str, float], said: frozenset[str]) -> float:
    return sum(weight for term, weight in wanted.items() if term in said) / sum(wanted.values())


def _says_no_more(sentence: Sentence, analysis: QuestionAnalysis) -> bool:
    """Whether a sentence only repeats the question; as an answer to yes or no that is enough."""
    if analysis.answer_type in ("boolean", "time"):
        return False
    return not frozenset(terms(sentence.text)) - frozenset(analysis.terms) - _LIGHT_TERMS


def _names_of(question: str, analysis: QuestionAnalysis) -> frozenset[str]:
    return frozenset(normalise_name(name) for name in (*analysis.names, *(n.text for n in names(question))))


def _could_answer(sentence: Sentence, analysis: QuestionAnalysis, asked: frozenset[str]) -> bool:
    return _has_answer(sentence, analysis, asked) and not _says_no_more(sentence, analysis)


def _has_answer(sentence: Sentence, analysis: QuestionAnalysis, asked: frozenset[str]) -> bool:
    """Whether the sentence holds the kind of thing that is asked for."""
    match analysis.answer_type:
        case "time":
            return when(sentence) is not None
        case "number":
            return holds_number(sentence.text)
        case "person" | "organisation" | "place":
            return _names_another(sentence.text, asked, analysis)
        case "reason":
            return bool(_REASON.search(sentence.text))
        case _:
            return True


def holds_number(text: str) -> bool:
    """Whether a text holds a number, in digits or as a word."""
    return bool(_NUMBER.search(text))


def _names_another(text: str, asked: frozenset[str], analysis: QuestionAnalysis) -> bool:
    """Whether a further name stands in the text, or for places at least somewhere that is not asked about."""
    if any(normalise_name(name.text) not in asked for name in names(text)):
        return True
    return analysis.answer_type == "place" and bool(re.search(r"\b(?:in|at|to|on|near|from|under|behind)\s+\w", text))


def when(sentence: Sentence) -> Dated | None:
    """The date that a sentence gives, or the day on which it was told."""
    memory = sentence.memory
    return date_of(sentence.text, valid_from=memory.valid_from, told=memory.at)
