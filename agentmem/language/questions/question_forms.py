"""The set forms of questions, and what kind of thing each asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

AnswerType = Literal["place", "person", "time", "organisation", "number", "thing", "reason", "boolean", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The core of a question."""

    subject: str = ""
    predicate: str = ""
    object: str = ""
    answer_type: AnswerType = ""


_KINDS: tuple[tuple[re.Pattern[str], AnswerType], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)  # type: ignore[misc]  # the literals below
    for pattern, kind in (
        (
            r"^(?:in |at |on |from |to )?(?:where\b|(?:which|what) (?:city|country|town|place|state|"
            r"region|location|village|continent)\b)",
            "place",
        ),
        (
            r"^(?:since |until |by |on )?(?:when\b|(?:which|what) (?:day|date|year|month|time|week|"
            r"weekday)\b)|^how long ago\b",
            "time",
        ),
        (
            r"^(?:who|whom|whose)\b|^(?:with|to|by|for) whom\b|^(?:which|what) (?:person|colleague|"
            r"friend)\b",
            "person",
        ),
        (
            r"^how (?:many|much|old|long|far|often|tall|big|large)\b|^what (?:number|amount|"
            r"percentage|age)\b|^what is the (?:number|total|amount)\b",
            "number",
        ),
        (r"^(?:why|how come)\b|^(?:for )?what (?:reason|is the reason)\b", "reason"),
        (
            r"^(?:at |for )?(?:which|what) (?:company|organisation|organization|employer|university|"
            r"school|college|firm|team)\b",
            "organisation",
        ),
        (r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", "boolean"),
        (r"^(?:what|which|how)\b", "thing"),
    )
)
SPECIAL_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"^how old (?:is|are|am|was) (?P<s>.+)$", "age"),
        (r"^what age (?:is|was) (?P<s>.+)$", "age"),
        (
            r"^what (?:does|do|did|is|was) (?P<s>.+?) (?:do|doing|work as)(?: for (?:a living|work|a "
            r"job)| professionally| as a job| for (?:a )?work)$",
            "works_as",
        ),
        (r"^what kind of (?:work|job) (?:does|do|did) (?P<s>.+?) (?:do|have)$", "works_as"),
        (
            r"^(?:what|which) (?:job|occupation|profession|position|role) (?:does|do|did) (?P<s>.+?) "
            r"(?:have|hold|do)$",
            "works_as",
        ),
        (r"^(?:who|which company) (?:does|do|did) (?P<s>.+?) work (?:for|at|with)$", "works_at"),
        (r"^(?:who|which company) (?:employs|employed) (?P<s>.+)$", "works_at"),
        (r"^how much (?:does|do|did|is|are|was|will) (?P<s>.+?)(?: cost| priced at| sell for)?$", "price"),
        (r"^(?:what|how much) (?:does|do|did) (?P<s>.+?) cost$", "price"),
        (
            r"^(?:what|which) (?:company|employer|firm|organi[sz]ation) (?:is|was) (?P<s>.+?) (?:at|with|"
            r"working (?:at|for))$",
            "works_at",
        ),
        (r"^(?:is|was|are) (?P<s>[^ ]+(?: [A-Z][^ ]+)?) (?:still )?married$", "married_to"),
        (
            r"^(?:is|was|are) (?P<s>[^ ]+(?: [A-Z][^ ]+)?) (?:still )?(?:single|in a relationship|seeing "
            r"anyone)$",
            "partner",
        ),
        (
            r"^(?:since when|how long|when) (?:has|have|was|is|did) (?P<s>[^ ]+(?: [A-Z][^ ]+)?) (?:been|"
            r"become|be|work as) an? .+$",
            "works_as",
        ),
        (r"^(?:who|whom) (?:is|was) (?P<s>.+?) married to$", "married_to"),
        (r"^who (?:did|does) (?P<s>.+?) marry$", "married_to"),
        (r"^(?:who|whom) (?:is|was) (?P<s>.+?) (?:dating|seeing|going out with)$", "partner"),
        (r"^(?:who|whom) (?:does|do|did) (?P<s>.+?) report to$", "manager"),
        (r"^who (?:manages|supervises|is managing) (?P<s>.+)$", "manager"),
        (r"^who (?:leads|runs|heads|is leading|is running|is in charge of|led) (?P<s>.+)$", "led_by"),
        (r"^who (?:founded|established|started) (?P<s>.+)$", "founded_by"),
        (r"^when (?:was|were) (?P<s>.+?) born$", "born_on"),
        (r"^when (?:was|were) (?P<s>.+?) (?:founded|established)$", "founded_in"),
        (
            r"^(?:where|in (?:which|what) (?:city|country|town|place)|(?:which|what) (?:city|country|"
            r"town|place)) (?:was|were) (?P<s>.+?) born(?: in)?$",
            "born_in",
        ),
        (r"^when (?:did|was) (?P<s>.+?) (?:die|killed)$", "died_on"),
        (r"^where (?:did) (?P<s>.+?) die$", "died_in"),
        (
            r"^(?:where|(?:what|which) (?:country|city|town)) (?:is|are|was|were|do|does|did) "
            r"(?P<s>.+?) (?:come )?from$",
            "comes_from",
        ),
        (r"^what (?:is|are|am|was) (?P<s>.+?) allergic to$", "allergic_to"),
        (r"^what allerg(?:y|ies) (?:does|do) (?P<s>.+?) have$", "allergic_to"),
        (r"^what (?:is|was|are) (?P<s>.+?) (?:called|named)$", "name"),
        (r"^what (?:pets?|animals?|(?:dogs?|cats?)) (?:does|do|did) (?P<s>.+?) (?:have|own)$", "has_pet"),
        (r"^how many (?:pets|dogs|cats|animals) (?:does|do|did) (?P<s>.+?) (?:have|own)$", "has_pet"),
        (r"^(?:what|which) languages? (?:does|do|did|can) (?P<s>.+?) speak$", "speaks"),
        (r"^(?:what|which) (?:instruments?|sports?|games?) (?:does|do|did|can) (?P<s>.+?) play$", "plays"),
        (r"^what (?:is|are|was) (?P<s>.+?) (?:planning|going|intending) (?:to do|on doing|to)$", "plans_to"),
        (r"^what (?:does|do|did) (?P<s>.+?) (?:plan|intend) (?:to do|on doing|to)$", "plans_to"),
        (r"^what (?:are|is) (?P<s>.+?)['\u2019]s? (?:plans?)\b.*$", "plans_to"),
        (r"^what (?:does|do|did|would) (?P<s>.+?) (?:want|wish|hope|like) to(?: do)?$", "wants_to"),
        (r"^what (?:does|do|did) (?P<s>.+?) study$", "studies"),
        (r"^what (?:does|do) (?P<s>.+?) do$", "works_as"),
        (r"^what (?:changed|has changed|is new|changes|happened) (?:about|with|to|for|in) (?P<s>.+)$", ""),
        (
            r"^when (?:will|does|do|did|is|was|are) (?P<s>.+?)(?: (?:scheduled|taking place|take "
            r"place|happen|planned|held|due|be|scheduled for|start|starting|begin))?$",
            "scheduled_for",
        ),
        (
            r"^(?:on )?(?:which|what) (?:day|date|time) (?:will|does|do|did|is|was|are) (?P<s>.+?)(?: "
            r"(?:scheduled|take place|happen|planned|held|due|be|on))?$",
            "scheduled_for",
        ),
    )
)
"""Pattern with the subject as group s, and the predicate it asks for, in the order in which they are tried."""


def answer_type(question: str) -> AnswerType:
    """What kind of thing would answer a question, by its first words; empty if they do not tell."""
    return next((kind for pattern, kind in _KINDS if pattern.search(question)), "")
