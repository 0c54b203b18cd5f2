"""The clauses of a sentence: "Anna lives in Lisbon and works at Acme" has two, the second without its subject."""

from __future__ import annotations

from dataclasses import replace

from agentmem.language.grammar.clauses import Clause, Token, parse, tokens
from agentmem.language.grammar.phrases import attribute_of, begins_clause, gender
from agentmem.language.grammar.rewrite import possessive
from agentmem.language.grammar.scene import Scene
from agentmem.language.naming.names import normalise_name
from agentmem.language.words.verbs import verb_forms


def clauses_of(text: str) -> list[tuple[Clause, int, int]]:
    """The clauses of a sentence with their places; a clause without subject takes that of the one before."""
    words = tokens(text)
    found: list[tuple[Clause, int, int]] = []
    begin, subject, start = 0, "", 0
    for _ in range(5):
        part = words[begin:]
        elided = bool(found) and bool(part) and _is_elided(part)
        clause = parse(text, part, subject if elided else "")
        if clause is None:
            break
        stop = _next_clause(part, clause)
        end = part[stop].start if stop is not None else len(text)
        kept = tuple(w for w in clause.rest if w.start < end)
        shown = replace(clause, rest=kept, start=0 if elided else max(1, clause.start))
        found.append((shown, start, end))
        if stop is None:
            break
        begin, subject, start = begin + stop + _joiners(part, stop), clause.subject, end
    return found


def with_antecedent(clause: Clause, before: str, scene: Scene, *, speaker: str) -> Clause:
    """The clause with "he", "she", "his" or "her" at its head put as the person of the clause before, if that fits."""
    first, _, others = clause.subject.partition(" ")
    wanted = {"he": "m", "his": "m", "she": "f", "her": "f"}.get(first.lower())
    owned = attribute_of(before)
    person = owned[0] if owned and not scene.person(before) else before
    if (
        wanted is None
        or not person
        or normalise_name(person) == normalise_name(speaker)
        or not scene.person(person)
        or gender(person) not in {wanted, ""}
    ):
        return clause
    return replace(clause, subject=f"{possessive(person)} {others}" if others else person)


def _is_elided(part: list[Token]) -> bool:
    index = 0
    while index < len(part) - 1 and part[index].low in {"then", "also", "now", "just", "recently"}:
        index += 1
    return part[index].text[0].islower() and bool(verb_forms(part[index].low) or part[index].low in {"can", "will"})


def _next_clause(part: list[Token], clause: Clause) -> int | None:
    """Index of the word that joins the next clause, if there is one after the verb."""
    for index, word in enumerate(part):
        if word.start < clause.verb_end:
            continue
        if word.low in {"so", "then"} and (index == 0 or part[index - 1].text != ","):
            continue
        if word.text in {",", ":"} and not _same_subject(part, index, clause):
            continue
        following = index + _joiners(part, index)
        if word.low in {"and", "but", "so", ";", ":", ",", "then"} and (
            begins_clause(part, following) or _repeats(part, following, clause)
        ):
            return index
    return None


def _repeats(part: list[Token], index: int, clause: Clause) -> bool:
    """Whether the subject and a verb follow once more, be it in small letters."""
    words = clause.subject.casefold().split()
    after = index + len(words)
    return [w.low for w in part[index:after]] == words and after < len(part) and bool(verb_forms(part[after].low))


def _same_subject(part: list[Token], index: int, clause: Clause) -> bool:
    """Whether a clause joined by a mere comma or colon speaks of the same subject."""
    words = clause.subject.split()
    following = [w.text for w in part[index + 1 : index + 1 + len(words)]]
    if words == ["We"] and following[:1] in (["our"], ["we"]):
        return True
    return [w.casefold() for w in following] == [w.casefold() for w in words] or (
        bool(following) and following[0] in {f"{clause.subject}'s", f"{clause.subject}\u2019s"}
    )


def _joiners(part: list[Token], index: int) -> int:
    count = 1
    while index + count < len(part) and part[index + count].low in {"and", "but", "so", "then", ","}:
        count += 1
    return count
