"""Questions with a verb: "Where does Anna live", "Did Anna move to Rome", "Who acquired Beta"."""

from __future__ import annotations

import re
from dataclasses import replace

from agentmem.language.grammar.clauses import Token, parse, tokens
from agentmem.language.grammar.phrases import is_person
from agentmem.language.grammar.predicates import FRAMES, predicate, snake
from agentmem.language.grammar.rewrite import SKIPPED_ADVERBS
from agentmem.language.grammar.scene import Scene
from agentmem.language.naming.names import names
from agentmem.language.questions.asked_attributes import attribute_asked, mine
from agentmem.language.questions.question_forms import Asked, answer_type
from agentmem.language.statements.claims import DATED_VERBS, claims_of, tail_end
from agentmem.language.words.verbs import past_of, third_person, verb_forms

_AUXILIARY = r"(?:is|are|was|were|am|do|does|did|has|have|had|will|would|can|could|should)"
_INVERTED = re.compile(
    rf"^(?P<wh>(?:(?:in|at|on|from|for|to|with|since|until|by|about) )?(?:where|when|whom?|why|"
    rf"how(?: long| often| far| many \w+| much(?: \w+)?)?|what(?: \w+)?|which(?: \w+)?(?: "
    rf"\w+)?))\s+(?P<aux>{_AUXILIARY})\s+(?P<rest>.+)$",
    re.IGNORECASE,
)
_YES_NO = re.compile(rf"^(?P<aux>{_AUXILIARY})\s+(?P<rest>.+)$", re.IGNORECASE)
_SUBJECT_ASKED = re.compile(r"^(?:who|what|which \w+|which)\s+(?P<rest>.+)$", re.IGNORECASE)


def inverted(question: str) -> Asked | None:
    """As in "Where does Anna live", "What did Acme acquire"."""
    match = _INVERTED.match(question)
    if match is None:
        return None
    told = _told(match["aux"].lower(), match["rest"])
    if told is None:
        return None
    subject, lemma, rest, passive = told
    wh = match["wh"].lower()
    wanted = answer_type(wh)
    trailing = [w.low for w in rest if w.low not in SKIPPED_ADVERBS]
    if len(trailing) > 1 and wanted in {"time", "reason", "thing", ""}:
        before = match["rest"][: rest[0].start]
        declared = _declared(
            subject,
            past_of(lemma) if not passive else f"was {tokens(before)[-1].text}",
            match["rest"][rest[0].start :],
        )
        if declared is not None:
            return declared
    name, value = _predicate_of(lemma, passive, rest, trailing, wanted, subject)
    return Asked(subject=mine(subject), predicate=name, object=value)


def _told(auxiliary: str, words: str) -> tuple[str, str, list[Token], bool] | None:
    """Subject, lemma, what follows, and whether it is passive, of "Anna live in Rome"."""
    parts = tokens(words)
    fitting = (
        {"participle", "ing", "past"}
        if auxiliary in {"is", "are", "was", "were", "am", "has", "have", "had"}
        else {"base"}
    )
    for index in range(1, len(parts)):
        low = parts[index].low
        if parts[index].text[0].isupper() or parts[index - 1].low in {"the", "a", "an", "my", "our", "new", "of"}:
            continue
        form = next((f for f in verb_forms(low) if f.form in fitting), None)
        if form is None or (form.lemma == "be" and index + 1 < len(parts)):
            continue
        subject = words[parts[0].start : parts[index - 1].end]
        if subject.split()[-1].lower() in SKIPPED_ADVERBS and len(subject.split()) > 1:
            subject = subject.rsplit(" ", 1)[0]
        subject = re.sub(r"\s+been$", "", subject)
        passive = auxiliary in {"is", "are", "was", "were", "am"} and form.form != "ing"
        return subject, form.lemma, parts[index + 1 :], passive
    return None


def _predicate_of(
    lemma: str, passive: bool, rest: list[Token], trailing: list[str], wanted: str, subject: str
) -> tuple[str, str]:
    """The predicate that a verb asks for, and the object if the question names one."""
    if lemma in DATED_VERBS and wanted == "time":
        return f"{lemma}_date", ""
    for frame in FRAMES.get(lemma, ()):
        if frame.passive != passive:
            continue
        known = predicate(frame.predicate)
        dangling = (
            bool(frame.tail) and trailing[: len(frame.tail)] == list(frame.tail) and len(trailing) == len(frame.tail)
        )
        implied = (
            bool(frame.tail)
            and not trailing
            and (
                known.object_type == wanted
                or (wanted in {"time", "place"} and known.object_type in {"place", "organisation"})
            )
        )
        direct = not frame.tail and not trailing and wanted in {"thing", "person", "organisation", "", "time"}
        if dangling or implied or direct:
            return _located(frame.predicate, subject), ""
        after = tail_end(frame.tail, rest)
        if after is not None and after < len(rest):
            value = " ".join(w.text for w in rest[after:] if w.text[0].isalnum())
            return _located(frame.predicate, subject), value
    if not trailing:
        return ("" if wanted in {"time", "place", "reason"} else third_person(lemma)), ""
    value = " ".join(w.text for w in rest)
    if trailing[0] in {"to", "at", "in", "on", "with", "for", "from", "about", "of", "by"}:
        remaining = " ".join(w.text for w in rest[1:])
        return snake(f"{third_person(lemma)} {trailing[0]}"), remaining
    return (third_person(lemma) if lemma not in {"be", "do", "have", "go"} else ""), value


def _located(name: str, subject: str) -> str:
    if name == "lives_in":
        return "lives_in" if is_person(subject, frozenset({"i", "she", "he", "they", "we"})) else "located_in"
    return name


def yes_or_no(question: str) -> Asked | None:
    """As in "Did Anna move to Rome", "Is Anna a nurse"."""
    match = _YES_NO.match(question)
    if match is None:
        return None
    auxiliary = match["aux"].lower()
    told = _told(auxiliary, match["rest"])
    if told is not None:
        subject, lemma, rest, passive = told
        if rest and not passive:
            verb = past_of(lemma) if auxiliary in {"did", "has", "have", "had"} else third_person(lemma)
            declared = _declared(subject, verb, match["rest"][rest[0].start :])
            if declared is not None:
                return replace(declared, answer_type="boolean")
        name, value = _predicate_of(lemma, passive, rest, [w.low for w in rest], "boolean", subject)
        return Asked(subject=mine(subject), predicate=name, object=value, answer_type="boolean")
    words = match["rest"].split()
    for length in range(1, min(len(words), 5)):
        declared = (
            _declared(" ".join(words[:length]), auxiliary, " ".join(words[length:]))
            if auxiliary in {"is", "are", "was", "were", "has", "have"}
            else None
        )
        if declared is not None and declared.object:
            return replace(declared, answer_type="boolean")
    found = names(match["rest"], opening=False)
    subject = found[0].text if found else ""
    value = match["rest"][found[0].end :].strip() if found and match["rest"].startswith(subject) else ""
    return Asked(subject=subject, predicate="", object=value, answer_type="boolean")


def _declared(subject: str, verb: str, rest: str) -> Asked | None:
    """What the question would claim as a statement: "we moved the office to Leeds"."""
    sentence = f"{mine(subject)} {verb} {rest}"
    clause = parse(sentence, tokens(sentence))
    if clause is None:
        return None
    scene = Scene(text=sentence, names=tuple(names(sentence, opening=False)))
    found = [claim for claim in claims_of(clause, scene) if claim.predicate != "is"]
    if not found or (clause.subject != mine(subject)):
        return None
    first = found[-1]
    return Asked(subject=first.subject, predicate=first.predicate, object=first.object)


def embedded(question: str) -> Asked | None:
    """As in "(tell me) where Anna lives", "what Orion's budget is"."""
    first, _, words = question.partition(" ")
    if first.lower() not in {"where", "when", "what", "who", "whom", "which", "why", "how"}:
        return None
    clause = parse(words, tokens(words))
    if clause is None:
        return None
    if clause.lemma == "be" and not clause.rest:
        return attribute_asked(f"{first} is {clause.subject}")
    trailing = [w.low for w in clause.rest if w.low not in SKIPPED_ADVERBS]
    name, value = _predicate_of(
        clause.lemma, clause.passive, list(clause.rest), trailing, answer_type(first.lower()), clause.subject
    )
    return Asked(subject=mine(clause.subject), predicate=name, object=value)


def subject_asked(question: str) -> Asked | None:
    """As in "Who acquired Beta": the object is given and the subject is asked for."""
    match = _SUBJECT_ASKED.match(question)
    if match is None:
        return None
    sentence = f"Somebody {match['rest']}"
    clause = parse(sentence, tokens(sentence))
    if clause is None or not clause.rest:
        return None
    if clause.lemma in {"be", "have"}:
        declared = _declared("Somebody", match["rest"].split()[0], match["rest"].partition(" ")[2])
        return replace(declared, subject="") if declared and declared.predicate not in {"is", "has"} else None
    name, value = _predicate_of(
        clause.lemma, clause.passive, list(clause.rest), [w.low for w in clause.rest], "", "Somebody"
    )
    return Asked(predicate=name, object=value, answer_type="person" if question.lower().startswith("who") else "thing")
