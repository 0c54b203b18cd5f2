"""Keywords and broad tags of a text, by counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from agentmem.language.grammar.clauses import tokens
from agentmem.language.naming.gazetteer import CALENDAR
from agentmem.language.naming.names import Name, normalise_name
from agentmem.language.words.stopwords import FILLERS, STOP_WORDS
from agentmem.language.words.terms import terms
from agentmem.language.words.verbs import verb_forms

_TAGS = {
    "work": """
        job work career office company boss manager colleague client employer promotion hire interview salary
        intern meeting team deadline project business startup resign retire profession employee contract""",
    "family": """
        family mother father mom mum dad parent brother sister son daughter kid child baby husband wife uncle
        aunt cousin nephew niece grandmother grandfather grandma grandpa marriage married relative""",
    "relationships": """
        friend girlfriend boyfriend partner date dating love wedding divorce engaged neighbour neighbor roommate""",
    "home": "home house apartment flat rent mortgage kitchen garden bedroom furniture neighbourhood "
    "neighborhood roof moved",
    "travel": """
        travel trip flight airport hotel vacation holiday visit tour passport visa journey abroad train luggage
        beach camping hike hiking""",
    "health": """
        health doctor hospital medicine medication allergy allergic sick ill illness surgery therapy therapist
        diagnosis diet exercise yoga sleep pain injury dentist vaccine stress anxiety depression""",
    "food": """
        food eat cook cooking recipe restaurant dinner lunch breakfast meal vegetarian vegan pizza coffee tea
        cake bake baking drink wine fruit""",
    "money": "money budget price cost pay salary loan bank invest investment tax debt saving rent "
    "dollar euro revenue income",
    "education": """
        school university college study student teacher exam course class degree lesson graduate homework thesis
        lecture learn training scholarship""",
    "music": "music song band concert guitar piano violin album singer sing drum festival orchestra playlist",
    "sport": """
        sport football soccer basketball tennis run running marathon gym swim swimming game match team cycling
        bike race workout climbing ski""",
    "arts": "art paint painting draw drawing photo photography museum gallery theatre theater film "
    "movie book novel poem write",
    "technology": """
        software code app computer server database api bug release deploy version python javascript website
        programming algorithm model data cloud laptop phone test""",
    "pets": "dog cat pet puppy kitten hamster rabbit bird vet",
    "contact": "phone email address number contact",
    "event": "party wedding birthday concert conference meeting ceremony festival launch celebration appointment event",
}


_EMPTY = (
    STOP_WORDS
    | FILLERS
    | frozenset({"new", "near", "last", "next", "day", "time", "way", "bit", "today", "week", "make"})
    | CALENDAR
    | frozenset({"yesterday", "tomorrow", "tonight"})
)


@lru_cache(maxsize=1)
def _tag_terms() -> dict[str, frozenset[str]]:
    """Stem -> tags that it votes for."""
    found: dict[str, set[str]] = {}
    for tag, words in _TAGS.items():
        for stem in terms(words):
            found.setdefault(stem, set()).add(tag)
    return {stem: frozenset(tags) for stem, tags in found.items()}


def keywords(text: str, *, found: Iterable[Name] = (), without: Iterable[str] = (), count: int = 5) -> tuple[str, ...]:
    """The words that say most what a text is about, most important first.

    A name counts double; otherwise frequency decides, longer words first among equals, then the order in the text.

    Args:
        text: Any text.
        found: Its names; each is one keyword, as written.
        without: Names that say nothing here, such as the speaker's.
        count: The most keywords.
    """
    left_out = {part for name in without for part in normalise_name(name).split()}
    scores: Counter[str] = Counter()
    shown: dict[str, str] = {}
    in_names: set[str] = set()
    for name in found:
        bare = normalise_name(name.text)
        if bare in left_out or not bare:
            continue
        scores[bare] += 2
        shown.setdefault(bare, name.text)
        in_names.update(bare.split())
    for token in tokens(text):
        word = token.low
        if len(word) < 3 or not word[0].isalpha() or word in _EMPTY or "'" in word or "\u2019" in word:
            continue
        if word in left_out or word in in_names or any(verb.form == "past" for verb in verb_forms(word)):
            continue
        stem = terms(word)
        if stem:
            scores[stem[0]] += 1
            shown.setdefault(stem[0], word)
    order = {stem: place for place, stem in enumerate(shown)}
    ranked = sorted(scores, key=lambda stem: (-scores[stem], -min(len(shown[stem]), 9), order[stem]))
    return tuple(shown[stem] for stem in ranked[:count])


def tags(text: str, *, planned: bool = False, count: int = 4) -> tuple[str, ...]:
    """Broad labels of a text, the best supported first.

    Args:
        text: Any text.
        planned: Whether it speaks of a plan, which is a label of its own.
        count: The most labels.
    """
    votes: Counter[str] = Counter()
    by_stem = _tag_terms()
    for stem in terms(text):
        votes.update(by_stem.get(stem, ()))
    ranked = sorted(votes, key=lambda tag: (-votes[tag], tag))[: count - planned]
    return (*ranked, "plan") if planned else tuple(ranked)
