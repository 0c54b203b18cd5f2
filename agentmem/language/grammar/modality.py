"""What a sentence does: assert, ask, wish, plan, suppose, order, or merely react."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from agentmem.language.words.stopwords import FILLERS, STOP_WORDS
from agentmem.language.words.wordlists import word_set

Modality = Literal["assertion", "question", "filler", "wish", "plan", "hypothesis", "order", "standing_order", "report"]

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+")
_HYPOTHESIS = re.compile(
    r"^(?:if|suppose|supposing|imagine|what if|unless|assuming|in case|even if|as if|had i|"
    r"were i|should i|say i)\b|"
    r"\b(?:would|could|might|may) (?:not )?have\b|\bif (?:i|we|he|she|they|you) (?:were|was|"
    r"had|could|lived|worked|won)\b|"
    r"\b(?:maybe|perhaps|possibly|probably)\b.*\b(?:i|we|he|she|they) (?:should|could|might|"
    r"would|will|'ll)\b|"
    r"\b(?:i|we) (?:might|may|could|should) (?!not be|be able)\w+|^(?:\w+[,]? )?you (?:might|"
    r"may|could|can|should)\b|"
    r"\bas if\b|\bpretend(?:ing)? (?:to|that)\b",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:wish(?:es)?\b(?! list)|(?:would|'d|\u2019d) (?:really |absolutely |also )?(?:love|"
    r"like|prefer|enjoy|rather|want)\b|hop(?:e|es|ing) (?:to|that|it|we|i|you|the|my|he|she|"
    r"they)\b|"
    r"want(?:s|ed)? (?:to|you|him|her|them|my)\b|dream(?:s|t|ed|ing)? (?:of|about)\b|long(?:s|"
    r"ing) (?:to|for)\b|(?:can't|cannot|can\u2019t) wait\b|look(?:s|ing)? forward to\b|"
    r"(?:my|his|her|our|their) (?:dream|goal|hope|wish|aim|ambition) is to\b|someday|some day\b)",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"(?:\b(?:am|is|are|was|were|'m|'re|'s|\u2019m|\u2019re|\u2019s) (?:\w+ly )?(?:going to "
    r"(?!the\b|a\b|an\b|my\b|school|work|bed|church|college|university|[A-Z])|planning|about "
    r"to|due to|supposed to|"
    r"thinking (?:of|about)|considering)|\bplan(?:s|ned)? (?:to|on)\b|\bintends? to\b|"
    r"\bgonna\b|\b(?:i|we|he|she|they|it)(?:'ll|\u2019ll| will| shall)\b|"
    r"\bwill (?!be (?:sure|fine|okay|ok)\b)|'ll\b|\u2019ll\b|"
    r"\b(?:considering|thinking (?:about|of)) \w+ing\b)",
)
_REPORT = re.compile(
    r"^(?P<who>[^,.;:\"]{1,50}?)\s+(?:(?:has|had|have|also|just|once|later|"
    r"recently)\s+)*(?P<verb>said|says|told \w+|tells \w+|claims|claimed|thinks|thought|"
    r"believes|believed|mentioned|mentions|reports|reported|heard|hears|argued|argues|"
    r"suggested|suggests|announced|"
    r"announces|insists|insisted|stated|wrote|guess|guesses|assume|assumes|assumed|suspects?|suspected|"
    r"doubts?|doubted|dreamt|dreamed|imagined|wonders?|wondered|asked \w+|denied|"
    r"denies)\b(?:\s+that\b|\s*,|\s*:|\s+(?=[\"\u201c'])|\s+(?=(?:if|whether|he|she|they|it|"
    r"we|you|there|the|his|her|their|my|our|everyone)\b|[A-Z]))",
)
_ORDER_VERBS = word_set(
    """
    add ask avoid book bring buy call change check choose click close come compare consider convert create delete
    describe do draft email enjoy ensure explain find fix follow get give go have help hold ignore imagine include
    insert install keep leave let list listen look make meet move note open paste pick play please print provide put
    read recommend remind remove rename reply replace respond rewrite run save say schedule see send set share show
    sign start stay stop submit suggest summarise summarize take talk tell test think translate try turn type update
    use visit wait walk watch write
    """
)
_STANDING = re.compile(
    r"^(?:please[,]?\s+)?(?:always|never|from now on|going forward|in (?:the )?future|"
    r"whenever|every time|by default|"
    r"don't forget to|do not forget to|remind me to|remember to|make sure (?:to|that|you))\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:please[,]?\s+)?(?:(?:just )?(?:so you know|to let (?:you|everyone|everybody|y'all) know|"
    r"letting you know|a heads[- ]?up|fyi|for your information|for the record|"
    r"to be clear|by the way|btw|heads[- ]?up|for context|long story short|in short|in other news|on a "
    r"side note|side note|"
    r"speaking of which|while i'm at it|as for (?:me|us|myself)|from my side|on my (?:side|end)|"
    r"personally|p\.?s\.?|"
    r"one more thing|another thing|last thing|update|reminder|"
    r"quick update|good news|bad news|guess what|as you know|as i said|as mentioned|in fact|"
    r"of course|well|so|"
    r"yeah|yes|yep|no|nope|oh|ah|wow|hey|hi|hello|ok|okay|sure|right|thanks|thank you|cool|"
    r"great|awesome|nice|"
    r"(?:hey|hi|hello|morning|good morning|dear|thanks|thank you) \w+|morning|idk|"
    r"haha|lol|hmm|um|uh|you know|i mean|honestly|luckily|fortunately|unfortunately|sadly|anyway|basically|"
    r"please remember(?: that)?|and|but|also|plus|then|now)[,:;!\u2014\u2013-]+)\s*|^(?:and|"
    r"but|so|also|plus|oh|well|yeah|btw|fyi|lol|omg|ok|okay)\s+(?=\w)",
    re.IGNORECASE,
)
_TOLD_TO_KEEP = re.compile(
    r"^(?:please[,]?\s+)?(?:(?:remember|note|keep in mind|don't forget|do not forget|bear in "
    r"mind)(?:\s+that\b|\s*[:,]|\s+(?=(?:my|our|the|i|we)\b))|"
    r"(?:update|confirm|remember|note|correct|record|save|store|change|reminder|"
    r"new)\b[^:.?!]{0,32}:)\s*(?=\S)",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"^(?:that(?:'s|\u2019s| is| was| sounds| looks| must)|it(?:'s|\u2019s| is| was) (?:so |"
    r"really |very |great|good|nice|amazing|awesome)|"
    r"this is (?:so |really |very )?(?:great|good|nice|amazing|awesome)|sounds|looks|glad|"
    r"happy to|good (?:luck|job|to|for|morning|night|evening)|"
    r"(?:i'm|i\u2019m|i am) (?:so |really |very )?(?:glad|happy for|proud of you|sorry to "
    r"hear)|you(?:'re|\u2019re| are) (?:right|welcome|so|amazing|awesome)|"
    r"nice to|great to|congrat\w*|thank|thanks|have (?:a|fun)|take care|keep (?:it|up|going)|"
    r"way to|no (?:problem|worries)|see you|talk (?:to you )?soon|"
    r"let me know|i (?:agree|see|know|understand|hear you|get it|guess so|think so|hope "
    r"so)\b[^,]{0,20}$|love (?:that|it|this)|so (?:cool|true|happy|glad|sweet|proud))\b",
    re.IGNORECASE,
)


_HEADLINE = re.compile(
    r"^(?:[A-Za-z'\u2019]+ ){0,3}(?:news|updates?|fact|note|reminder|story|confession|announcement|info|"
    r"summary|thing|"
    r"question|status|recap|detail|point|tl;dr|ps|p\.s\.?)"
    r"(?: (?:from|on|about|for|regarding|re|with|to|of) (?P<topic>[^:,.!?\u2014]{1,40}?))?"
    r"(?:\s*[:!\u2014\u2013]+\s+|\s+-+\s+)(?=\S)",
    re.IGNORECASE,
)


_NAMES_TOPIC = re.compile(r"(?:the|our|my) \w|.*[A-Z]")


def stripped_lead(sentence: str) -> str:
    """The sentence without opening words that say nothing: "Wow, Mel! By the way, ..."."""
    return lead_of(sentence)[0]


def lead_of(sentence: str) -> tuple[str, str]:
    """The sentence without its lead-in, and the topic that this names: "Quick update on Kestrel: ..."; mostly empty."""
    topic = ""
    for _ in range(4):
        headline = _HEADLINE.match(sentence)
        lead = headline or _LEADING.match(sentence)
        if lead is None or lead.end() >= len(sentence):
            return sentence, topic
        if headline and (named := headline["topic"]) and _NAMES_TOPIC.match(named):
            topic = topic or named
        sentence = sentence[lead.end() :]
    return sentence, topic


def told_to_keep(sentence: str) -> str:
    """What follows "remember that" or "update this:"; empty for any other sentence."""
    match = _TOLD_TO_KEEP.match(sentence)
    return sentence[match.end() :] if match else ""


def modality(sentence: str) -> Modality:
    """What a sentence does. Look at it after `stripped_lead`."""
    bare = sentence.strip()
    if bare.endswith(":") and len(bare.split()) < 24:
        return "filler"
    if bare.endswith("?") or "?" in bare[-3:]:
        return "question"
    words = _WORD.findall(bare.lower())
    if is_filler(words) or _GREETING.match(bare) or (_SMALL_TALK.match(bare) and len(words) < 14):
        return "filler"
    if _STANDING.match(bare):
        return "standing_order"
    if _is_order(words):
        return "order"
    if _HYPOTHESIS.search(bare):
        return "hypothesis"
    if _REPORT.match(bare) and not bare.lower().startswith(("i guess", "i think", "i believe")):
        return "report"
    if _WISH.search(bare):
        return "wish"
    return "plan" if _PLAN.search(bare) else "assertion"


_GREETING = re.compile(
    r"^(?:hi|hey|hello|thanks|thank you|bye|goodbye|congrats|wow|welcome|cheers|woo\w*|yay)"
    r"(?:[ ,]+[A-Z][\w'-]*){1,3}[\s.!]*$",
    re.IGNORECASE,
)


def declared_part(sentence: str) -> str:
    """What a question states before it asks: "I use Flask 2.3, can you help?"; empty if it only asks."""
    match = _ASKED_AFTER.match(sentence.strip())
    if match is None or len(match["said"].split()) < 3:
        return ""
    said = match["said"].strip()
    return (
        ""
        if _QUESTION_WORD.match(said) or modality(said) in {"question", "filler", "hypothesis", "order"}
        else said + "."
    )


_ASKED_AFTER = re.compile(
    r"^(?P<said>.{10,}?)\s*[,;\u2014\u2013-]\s+(?:and |so |but )?(?:can|could|would|will|do|"
    r"did|have|are|is|was|what|how|why|where|when|who|which|any|right|ok|isn't|aren't|"
    r"don't|doesn't|won't|shouldn't|should|you know|does|has|may|might)\b[^?]*\?+[^?]{0,20}$",
    re.IGNORECASE | re.DOTALL,
)
_QUESTION_WORD = re.compile(
    r"^(?:what|how|why|where|when|who|whom|whose|which|can|could|would|will|do|does|did|have|"
    r"has|are|is|was|were|should|may|any)\b",
    re.IGNORECASE,
)


def is_filler(words: list[str]) -> bool:
    """Whether words (lower case) hold nothing but greetings, reactions and grammar."""
    return all(word in FILLERS or word in STOP_WORDS or word.split("'")[0] in STOP_WORDS for word in words)


def without_address(sentence: str, participants: Iterable[str]) -> str:
    """The sentence without "Mel," at its head or ", Mel!" at its end, where a participant is spoken to.

    A participant's name counts in its beginnings too: Mel for Melanie.
    """
    head = _ADDRESSED.match(sentence)
    if head and _participant(head["name"], participants):
        sentence = sentence[head.end() :]
    tail = _ADDRESSING.search(sentence)
    if tail and _participant(tail["name"], participants):
        sentence = sentence[: tail.start()] + tail["end"]
    return sentence


def _participant(name: str, participants: Iterable[str]) -> bool:
    bare = name.casefold()
    return any(
        bare == other or (len(bare) > 2 and other.startswith(bare[:3]) and len(bare) < len(other))
        for other in participants
    )


_ADDRESSED = re.compile(
    r"^(?:(?:hey|hi|hello|thanks|thank you|wow|yeah|yes|no|congrats|dear|oh|well|absolutely|"
    r"sure|totally)[ ,!]+)?(?P<name>[A-Z][^\W\d_]+)\s*(?:[,!.:]+\s*|$)",
    re.IGNORECASE,
)
_ADDRESSING = re.compile(r",\s*(?:my (?:friend|dear)\s*)?(?P<name>[A-Z][^\W\d_]+)(?P<end>\s*[.!]*)$")


def reported(sentence: str) -> tuple[str, str] | None:
    """Who reports and what is reported, if the sentence is a report."""
    match = _REPORT.match(sentence)
    return (match["who"].strip(), sentence[match.end() :].strip(" ,:\"\u201c\u201d'")) if match else None


def _is_order(words: list[str]) -> bool:
    if not words:
        return False
    first = words[0]
    if first in {"please", "let's", "lets", "don't", "do", "kindly"} and len(words) > 1:
        return first != "do" or words[1] in {"not"}
    if first not in _ORDER_VERBS:
        return False
    # "Book clubs are fun": a verb that has a subject's place is none.
    return len(words) == 1 or words[1] not in {"is", "was", "are", "were", "has", "had", "of", "clubs"}
