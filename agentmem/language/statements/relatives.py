"""Whose relatives and pets a sentence names by the way: "Anna's sister Kate lives in Rome"."""

from __future__ import annotations

import re

from agentmem.language.grammar.phrases import attribute_of, trimmed
from agentmem.language.grammar.predicates import attribute, predicate
from agentmem.language.grammar.rewrite import possessive
from agentmem.language.grammar.scene import Claim
from agentmem.language.naming.gazetteer import KINSHIP
from agentmem.language.naming.names import normalise_name
from agentmem.language.statements.possessions import ANIMALS

_KIN_NAME = re.compile(
    r"^(?P<owner>.{1,40}?)['\u2019]s?\s+(?P<kin>[a-z][a-z-]*(?:\s[a-z]+)?),?\s+"
    r"(?P<name>[A-Z][\w'\u2019-]+(?:\s[A-Z][\w'\u2019-]+)?),?$"
)
APPOSITION = re.compile(r"^(?P<name>[A-Z][^,]{0,50}),\s+[^,]+,?$")
"""A name with an insertion: "Kate, my sister,"."""


def by_name(subject: str) -> str:
    """A subject by its name alone: "Anna's sister Kate" is Kate."""
    match = _KIN_NAME.match(subject)
    return match["name"] if match and match["kin"].split()[-1] in KINSHIP | ANIMALS else subject


def says_nothing(claim: Claim) -> bool:
    """Whether a claim has its subject for an object."""
    return bool(claim.object) and normalise_name(claim.object) == normalise_name(claim.subject)


def relatives(text: str) -> list[tuple[Claim, str]]:
    """As in "Anna's sister Kate lives in Rome": Kate is Anna's sister; "my dog Rex" tells whose dog he is.

    With each claim goes a sentence that says no more than it.
    """
    found: list[tuple[Claim, str]] = []
    for match in _KIN_WITHIN.finditer(text) if "'s " in text or "\u2019s " in text else ():
        kin, name, owner = match["kin"], match["name"], match["owner"]
        if kin not in KINSHIP | ANIMALS:
            continue
        known = predicate("has_pet") if kin in ANIMALS else attribute(kin)
        claim = Claim(
            subject=trimmed(owner),
            predicate=known.name,
            object=name,
            object_type="" if kin in ANIMALS else "person",
            functional=known.functional and not kin.startswith("ex"),
            timeless=True,
        )
        found.append((claim, f"{name} is {possessive(owner)} {kin}."))
    return found


_KIN_WITHIN = re.compile(
    r"(?P<owner>[Tt]he user|[A-Z][\w-]+(?: [A-Z][\w-]+)?|[a-z]\w+)['\u2019]s "
    r"(?:(?:new|old|older|younger|little|big|late|best|dear) )?"
    r"(?P<kin>[a-z]+(?:-[a-z]+)*),? (?P<name>[A-Z][\w\u2019-]*[a-z](?: [A-Z][\w-]+)?)(?!\w|['\u2019]s)"
)


def named_relatives(claim: Claim) -> list[Claim]:
    """As in "Anna's husband's name is Ben" also says whom Anna is married to."""
    owned = attribute_of(claim.subject) if claim.predicate == "name" else None
    if owned is None or owned[1].split()[-1].lower() not in KINSHIP or not claim.object[:1].isupper():
        return []
    known = attribute(owned[1])
    return [
        Claim(
            subject=owned[0],
            predicate=known.name,
            object=claim.object,
            object_type="person",
            functional=known.functional and claim.functional,
        )
    ]
