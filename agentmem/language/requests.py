"""Requests about the memory itself: forget this, that was wrong."""

from __future__ import annotations

import re

_POLITE = (
    r"(?:(?:please|pls|kindly|now|ok(?:ay)?|hey|and|also|oh|actually|so)[,!]?\s+)*(?:(?:can|"
    r"could|would|will) you (?:please )?|i(?:'d| would) like you to |i want you to |you "
    r"(?:can|should|may|must) (?:now )?|you (?:need|have) to |let's (?:just )?|just )?"
)
_FORGET = re.compile(
    rf"^{_POLITE}(?:(?:please )?(?:forget|unlearn|disregard)(?:\s+and\s+(?:delete|remove|"
    rf"erase))?|(?:don't|don\u2019t|do not|never|stop)\s+(?:remember(?:ing)?|keep(?:ing)?|"
    rf"stor(?:e|ing)|sav(?:e|ing)|retain(?:ing)?))\s+(?P<what>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_DELETE = re.compile(
    rf"^{_POLITE}(?:delete|remove|erase|wipe|purge|clear|drop)\s+(?P<what>.+)$", re.IGNORECASE | re.DOTALL
)
_PRIVATE = re.compile(
    r"\b(?:what (?:i|we) (?:told|said|mentioned|shared)|everything|anything|all (?:that |of "
    r")?(?:you (?:know|have)|i (?:told|said)|data|information|memor(?:y|ies)|records|my)|"
    r"from (?:your |the )?(?:memory|memories|records|notes|history)|(?:memory|memories) (?:of|"
    r"about)|what you (?:know|have|remember)|"
    r"my (?:\w+ ){0,2}(?:phone|number|e-?mail|address|birthday|name|password|pin|age|data|"
    r"information|location|job|salary|card|account|passport|ssn|history|details|diagnosis|"
    r"condition|preferences?))\b",
    re.IGNORECASE,
)
_NO_MATTER = re.compile(
    r"^(?:it|that|this|about (?:it|that|this)|me|him|her|them|us|me not|to\b.*|how\b.*|the "
    r"(?:rest|past)|my keys|nothing)[.!\s]*$",
    re.IGNORECASE,
)
_TRIMS = (
    re.compile(r"^(?:about\s+)?(?:the fact\s+)?that\s+", re.IGNORECASE),
    re.compile(
        r"^(?:everything|anything|all|all of (?:it|that)|what|whatever|the (?:things?|stuff|part|"
        r"bit))\s+(?:that\s+)?(?:(?:you|we|i)(?:'ve| have)?\s+(?:ever\s+)?(?:know|knew|have|"
        r"remember|told|said|mentioned|shared|learned|learnt|talked|discussed|stored|saved|"
        r"gave)(?:\s+to)?(?:\s+you|\s+me)?\s*)?(?:about|regarding|on|concerning)?\s*",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:about|regarding)\s+", re.IGNORECASE),
    re.compile(
        r"^(?:the |any |all )?(?:memory|memories|records?|notes?|information|data|facts?|"
        r"details?) (?:of|about|on|regarding)\s+",
        re.IGNORECASE,
    ),
)
_TAIL = re.compile(
    r"\s*(?:,?\s*(?:please|thanks|thank you|from (?:your |the )?(?:memory|memories|records|"
    r"notes|history)|ok(?:ay)?|now|again|immediately))*[.!?\s]*$",
    re.IGNORECASE,
)

_DROP_IT = re.compile(
    rf"^{_POLITE}(?:(?:don't|don\u2019t|do not|never)\s+(?:remember|keep|store|save|retain|"
    rf"record|write down)(?:\s+or\s+\w+)?|forget(?:\s+(?:that )?i said)?)\s+(?:it|that|this|"
    rf"any of (?:it|that|this))[.!\s]*$",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"^(?:(?:oh|oops|ah|hmm|no|wait|hold on|hang on|ok|okay|well|and|but)[,.!]*\s+)*(?:"
    r"(?P<firm>correction|(?:i am |i'm |i\u2019m )?sorry|apologies|my (?:mistake|bad|error)|"
    r"oops|i (?:was|am) (?:wrong|mistaken)(?: (?:about|before|earlier)\b[^,.:;]*)?|i misspoke|"
    r"i made a (?:mistake|typo)|"
    r"i (?:actually )?mean(?:t)?(?: to (?:say|write))?|let me correct (?:that|myself|this)|to "
    r"correct (?:myself|that)|that (?:was|is) (?:wrong|incorrect|not right)|that's (?:wrong|"
    r"incorrect|not right)|scratch that|i (?:got|had) (?:that|it) wrong|not quite right|"
    r"rather)"
    r"|(?P<soft>actually|in fact|no|wait|turns out(?: that)?|it turns out(?: that)?|as it "
    r"turns out))(?:\s*[,.:;!\u2014\u2013-]+\s*|\s+(?:that\s+)?(?=\S)|$)(?:but\s+)?",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r",?\s*(?:and\s+|but\s+)?\b(?:not|rather than|instead of)\s+(?:on\s+|in\s+|at\s+|"
    r"the\s+)?(?P<wrong>(?!only|just|yet|sure|really|that|because|to\b|a\b|so\b|"
    r"very)[^,.;:!?]{1,40})\s*(?P<end>[.!,;]|$)"
)


def asks_to_drop_it(sentence: str) -> bool:
    """Whether a sentence asks not to keep what was just said, as in "Do not save that"."""
    return _DROP_IT.match(sentence.strip()) is not None


def forget_request(sentence: str) -> str | None:
    """What a sentence asks to be forgotten, in its own words; None if it asks nothing of the kind.

    "Don't forget to call" asks for the opposite, and "forget it" means nothing in particular.
    """
    bare = sentence.strip()
    match = _FORGET.match(bare)
    if match is None:
        match = _DELETE.match(bare)
        if match is None or not _PRIVATE.search(bare):
            return None
    what = _TAIL.sub("", match["what"]).strip(" \"'")
    if not what or _NO_MATTER.match(what):
        return None
    for trim in _TRIMS:
        shorter = trim.sub("", what, count=1).strip(" ,:")
        if shorter and shorter != what:
            what = shorter
    return what


def correction(sentence: str) -> tuple[str, bool, bool]:
    """The sentence without words of correction, whether it corrects for certain, and whether it may."""
    firm = soft = False
    for _ in range(3):
        match = _CORRECTION.match(sentence)
        if match is None or not match.group():
            break
        if (
            match["firm"]
            and match["firm"].lower().endswith("sorry")
            and sentence[match.end("firm") :].lstrip()[:3].lower() in {"to ", "for", "tha", "abo", "i'm"}
        ):
            break
        firm, soft = firm or bool(match["firm"]), soft or bool(match["soft"])
        sentence = sentence[match.end() :]
    return sentence, firm, soft


def contrast(sentence: str) -> tuple[str, str]:
    """The sentence without ", not 10 June", and what it denies; the latter empty if it denies nothing."""
    match = _CONTRAST.search(sentence)
    if match is None or not (
        match.group().lstrip().startswith(",") or " instead of " in match.group() or " rather than " in match.group()
    ):
        return sentence, ""
    return sentence[: match.start()] + (match["end"] or "") + sentence[match.end() :], match["wrong"].strip()
