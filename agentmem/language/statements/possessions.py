"""What "has" says: pets, relatives, attributes, things."""

from __future__ import annotations

from dataclasses import replace

from agentmem.language.grammar.clauses import Clause
from agentmem.language.grammar.phrases import attribute_of, phrase, trimmed
from agentmem.language.grammar.predicates import snake
from agentmem.language.grammar.scene import Claim, Scene
from agentmem.language.naming.gazetteer import KINSHIP
from agentmem.language.statements.copulas import value_claim
from agentmem.language.words.wordlists import word_set

ANIMALS = word_set(
    """
    dog dogs puppy puppies cat cats kitten kittens hamster rabbit bunny parrot bird birds fish goldfish turtle
    tortoise snake lizard horse pony guinea-pig pig ferret hedgehog chicken chickens pet pets labrador poodle beagle
    retriever terrier spaniel dachshund
    """
)
"""Animals that people keep."""


def possession_claims(clause: Clause, scene: Scene) -> list[Claim]:
    """What a subject has: pets, relatives, attributes ("has a budget of 2 million"), things."""
    if not clause.rest or clause.rest[0].low == "to":
        return []
    lows = [w.low for w in clause.rest[:10]]
    subject = trimmed(scene.full(clause.subject))
    of = lows.index("of") if "of" in lows else 0
    if of and lows[0] in {"a", "an"} and of <= 5 and of + 1 < len(clause.rest):
        value = phrase(scene.text, clause.rest, of + 1, scene.names)
        what = scene.text[clause.rest[1].start : clause.rest[of - 1].end]
        owned = attribute_of(f"the {what} of {subject}")
        if (
            value
            and owned
            and (
                value.text[0].isdigit()
                or value.text[0].isupper()
                or "@" in value.text
                or value.text[0] in "$\u20ac\u00a3"
            )
        ):
            inner = replace(clause, subject=f"the {what} of {subject}")
            return [value_claim(inner, scene, value.text, kind=value.kind)]
    found = phrase(scene.text, clause.rest, 0, scene.names)
    if found is None:
        return []
    words = found.text.split()
    animal = next((w for w in words[:5] if w.lower().strip(",") in ANIMALS), "")
    called = next((w for w in ("named", "called") if w in words), "")
    name = " ".join(words[words.index(called) + 1 :]) if called and words.index(called) + 1 < len(words) else ""
    if animal:
        return [Claim(subject=subject, predicate="has_pet", object=name or found.text)]
    head = words[words.index(called) - 1].lower() if called and words.index(called) else ""
    if name and head:
        kind = "person" if name[0].isupper() and head in KINSHIP else ""
        return [Claim(subject=subject, predicate=snake(head), object=name, object_type=kind)]
    return [Claim(subject=subject, predicate="has", object=found.text, object_type=found.kind)]
