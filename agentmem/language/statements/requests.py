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
    r"^(?:it|that|this|about (?:it|that|this)|me|him|her|them|us|me not|to\b.*|how to\b.*|the "
    r"(?:rest|past)|my keys|nothing)[.!\s]*$",
    re.IGNORECASE,
)
_TRIMS = (
    re.compile(r"^(?:about\s+)?(?:the fact\s+)?that\s+", re.IGNORECASE),
    re.compile(
        r"^(?:everything|anything|all|all of (?:it|that)|what|whatever|the (?:things?|stuff|part|"
        r"bit))\s+(?:that\s+)?(?:(?:you|we|i)(?:'ve| have)?\s+(?:ever\s+)?(?:know|knew|have|"
        r"remember|told|said|mentioned|shared|learned|learnt|talked|discussed|stored|saved|"
        r"gave)(?:\s+to)?(?:\s+you|\s+me)?(?:\s+(?:yesterday|earlier|before|today|last \w+|just now|"
        r"recently))?\s*)?(?:about|regarding|on|concerning)?\s*",
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
    r"\s*(?:,?\s*(?:please|pls|plz|thanks|thank you|from (?:your |the )?(?:memory|memories|records|"
    r"notes|history)|ok(?:ay)?|now|again|immediately))*[.!?\s]*$",
    re.IGNORECASE,
)

_REASON = re.compile(
    r"\s*(?:[;.!?\u2014]|\s-+\s|,\s*(?=(?:i|i'm|i\u2019m|i've|it|it's|that|that's|they|he|she|we|let's|"
    r"you|this|please|"
    r"thanks|thank|ok|okay|because|since|as|so|and|but|my|the|there)\b)|\s+(?:because|since|as (?:i|it|"
    r"we|that)\b|so that|"
    r"now that|if you)\b).*$",
    re.IGNORECASE | re.DOTALL,
)
_PHRASINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"^how old (?P<s>.+?) (?:am|is|are|was|were)$", r"\g<s> age"),
        (r"^(?:what )?(?P<s>.+?) (?:do|does) (?:for (?:a living|work)|professionally)$", r"\g<s> works"),
        (r"^(?:(?:who|what|when|where|which) )?(?P<s>.+?)(?:'s|\u2019s) (?:name|number) (?:is|was)$", r"\g<s>"),
        (
            r"^(?:who|what|when|where|which|how much|how) (?P<s>.+?) (?:am|is|are|was|were|is called|was "
            r"called)$",
            r"\g<s>",
        ),
        (r"^(?:where|what|who|when|which \w+|how|why|whether|if) (?=\S+ \S)", ""),
        (r"^(?:about|of|on)\s+", ""),
        (
            r"^(?P<o>(?:my|our|his|her|their|the|[A-Z][\w-]*'s) )?(?:old|new|current|former|previous|"
            r"last|latest|first) (?=\w)",
            r"\g<o>",
        ),
    )
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
    r"very)(?:[^,.;:!?]|\.(?=\w)){1,40})\s*(?P<end>[.!,;]|$)"
)

_NOT_BUT = re.compile(
    r"\s+not (?P<wrong>(?!only\b|just\b)[^,.;:!?]{1,40}?),? but (?:rather |instead )?(?=(?:(?:on|in|at|"
    r"to|the) )*[A-Z\d])"
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
    what = _TAIL.sub("", _REASON.sub("", match["what"])).strip(" \"'")
    if not what or _NO_MATTER.match(what):
        return None
    for trim in _TRIMS:
        shorter = trim.sub("", what, count=1).strip(" ,:")
        if shorter and shorter != what:
            what = shorter
    return _as_phrase(what)


def _as_phrase(what: str) -> str:
    """An indirect question or an attribute as the words that a statement of it has: "where I live" -> "I live"."""
    for pattern, instead in _PHRASINGS:
        shorter = pattern.sub(instead, what, count=1).strip()
        if shorter != what and shorter:
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
    turned = _NOT_BUT.search(sentence)
    if turned:
        return sentence[: turned.start()] + " " + sentence[turned.end() :], turned["wrong"].strip()
    match = _CONTRAST.search(sentence)
    if match is None or not (
        match.group().lstrip().startswith(",") or " instead of " in match.group() or " rather than " in match.group()
    ):
        return sentence, ""
    return sentence[: match.start()] + (match["end"] or "") + sentence[match.end() :], match["wrong"].strip()


_SELF_CORRECTED = re.compile(
    r"^(?P<said>.{8,}?)\s*(?:[,;(\u2014\u2013]|\.\.\.|\u2026|\s-+\s)\s*(?:(?:no|oh|oops|wait|er|um)[, "
    r"]+)*(?:sorry|no wait|wait|no|"
    r"i mean|i meant|correction|make that|scratch that|rather|or rather)[,:]?\s+(?:i (?:mean|meant),? |"
    r"make that )?"
    r"(?:(?:on|in|at|to) )?(?P<value>(?:the )?[\w.'\u2019+@:/-]+(?:\s[\w.'\u2019-]+){0,3})\s*\)?[.!]*$",
    re.IGNORECASE,
)
_DAY_MONTH = re.compile(
    r"(?:the )?\d{1,2}(?:st|nd|rd|th)?(?: of)? [A-Za-z]{3,9}(?: \d{4})?|[A-Z][a-z]{2,8} \d{1,2}(?:st|nd|rd|th)?"
)
_FIGURE = re.compile(r"[^\s]*\d[^\s]*")
_CAPITALS = re.compile(r"[A-Z][\w'\u2019-]*(?: [A-Z][\w'\u2019-]*)*")


def self_corrected(sentence: str) -> tuple[str, bool]:
    """The sentence with a slip put right within it ("on 5 May - sorry, 6 May"), and whether there was one."""
    match = _SELF_CORRECTED.match(sentence)
    if match is None:
        return sentence, False
    said, value = match["said"], match["value"]
    for pattern in (_DAY_MONTH, _FIGURE, _CAPITALS):
        if not pattern.fullmatch(value):
            continue
        places = [found for found in pattern.finditer(said) if found.start() > 0]
        if places:
            last = places[-1]
            return f"{said[: last.start()]}{value}{said[last.end() :]}.", True
    return sentence, False
