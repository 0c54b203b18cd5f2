"""Corrections that give only the new value: "Sorry, I meant 12 June", "it's not on the 4th but on the 5th"."""

from __future__ import annotations

import re
from dataclasses import replace

from agentmem.language.grammar.phrases import trimmed
from agentmem.language.grammar.scene import Claim, Scene
from agentmem.language.statements.discourse import Discourse
from agentmem.language.statements.requests import contrast
from agentmem.language.words.verbs import verb_forms

_DENIED = re.compile(
    r"^(?:it|that)(?:'s|\u2019s| is| was)(?: not|n't|n\u2019t) (?P<wrong>[^,;.]{1,40}?),? "
    r"(?:but|it(?:'s|\u2019s| is))(?: rather)? "
    r"(?P<value>[^,;.]{1,40})[.!]*$",
    re.IGNORECASE,
)
_NTH = re.compile(r"(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)", re.IGNORECASE)
_DAY_OF = re.compile(r"\d{1,2}(?=\s[A-Z][a-z]+)")


def denies(sentence: str) -> bool:
    """Whether a sentence puts one value in the place of another without saying of what."""
    return _DENIED.match(sentence) is not None


def replaced(bare: str, discourse: Discourse) -> tuple[Claim, str] | None:
    """As in "Sorry, I meant 12 June": the last claim of the same speaker, with the value put right, and its words."""
    denied = _DENIED.match(bare.strip())
    value, _ = contrast(denied["value"] if denied else bare.strip())
    value = re.sub(r"^(?:it(?:'s| is| was)|that(?:'s| is)|on|in|at|to)\s+", "", value.strip(" .!"), flags=re.IGNORECASE)
    before = discourse.last_claims.get(discourse.speaker, [])
    if not value or not before or len(value.split()) > 5:
        return None
    moments = discourse.dates(value)
    nth = _NTH.fullmatch(value)
    for claim in before:
        if nth and not moments and _DAY_OF.match(claim.object):
            moments = discourse.dates(_DAY_OF.sub(lambda _: nth["day"], claim.object, count=1))
        if bool(moments) != (claim.predicate == "scheduled_for" or claim.timeless or claim.predicate.endswith("_date")):
            continue
        scene = Scene(text=value, moments=tuple(moments))
        new = scene.label(moments[0]) if moments else trimmed(value)
        if not moments and (
            new[0].isdigit() != claim.object[:1].isdigit() or new[0].isupper() != claim.object[:1].isupper()
        ):
            continue
        first = claim.predicate.split("_")[0]
        says = any(form.form == "s" for form in verb_forms(first))
        who = "the user" if claim.subject == "user" else claim.subject
        text = f"{who}{'' if says else ':'} {claim.predicate.replace('_', ' ')} {new}, not {claim.object}."
        return replace(claim, object=new), text
    return None
