"""English verbs: base forms, what form a word is, and the third person."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from agentmem.language.words.wordlists import word_set

Form = Literal["base", "s", "past", "participle", "ing"]

# Base, past and participle; the participle is left out where it is the past.
_IRREGULAR = """
be was been; become became become; begin began begun; bend bent; bet bet; bite bit bitten; bleed bled; blow
blew blown; break broke broken; bring brought; build built; burn burnt; buy bought; catch caught; choose
chose chosen; come came come; cost cost; creep crept; cut cut; deal dealt; dig dug; do did done; draw drew
drawn; dream dreamt; drink drank drunk; drive drove driven; eat ate eaten; fall fell fallen; feed fed; feel
felt; fight fought; find found; fit fit; fly flew flown; forbid forbade forbidden; forget forgot forgotten;
forgive forgave forgiven; freeze froze frozen; get got gotten; give gave given; go went gone; grow grew
grown; hang hung; have had; hear heard; hide hid hidden; hit hit; hold held; hurt hurt; keep kept; know knew
known; lay laid; lead led; lean leant; learn learnt; leave left; lend lent; let let; lie lay lain; light
lit; lose lost; make made; mean meant; meet met; overcome overcame overcome; pay paid; prove proved proven;
put put; quit quit; read read; ride rode ridden; ring rang rung; rise rose risen; run ran run; say said; see
saw seen; seek sought; sell sold; send sent; set set; sew sewed sewn; shake shook shaken; shine shone; shoot
shot; show showed shown; shut shut; sing sang sung; sink sank sunk; sit sat; sleep slept; slide slid; speak
spoke spoken; speed sped; spend spent; spill spilt; spin spun; split split; spread spread; spring sprang
sprung; stand stood; steal stole stolen; stick stuck; strike struck; swear swore sworn; sweep swept; swim
swam swum; swing swung; take took taken; teach taught; tear tore torn; tell told; think thought; throw threw
thrown; understand understood; undergo underwent undergone; undertake undertook undertaken; wake woke woken;
wear wore worn; weave wove woven; win won; withdraw withdrew withdrawn; write wrote written; rebuild
rebuilt; rewrite rewrote rewritten; resell resold; bear bore born; outgrow outgrew outgrown; oversee oversaw
overseen; foresee foresaw foreseen; beat beat beaten; broadcast broadcast
"""
_REGULAR = """
accept achieve acquire act adapt add address admire admit adopt adore advise affect afford agree aim allow
announce answer apologise apologize appear apply appoint appreciate approve argue arrange arrive ask assign
assist attach attempt attend avoid award back bake ban base battle believe belong benefit blame block book
borrow bother bump call camp cancel care carry cause celebrate challenge cherish change charge chat chase
check cheer claim clean clear climb close coach collect combine comment commit compare compete complain
complete compose concern conclude conduct confirm connect consider consist contact contain continue
contribute convert convince cook copy cover crash craft create cross cry damage dance date debate decide
declare decline decorate defeat defend delay delete deliver demand depend deploy describe deserve design
destroy develop diagnose die direct disagree discover discuss dislike divide divorce donate double download
drop dye earn educate elect email embrace emigrate employ enable encourage end enforce engage enhance enjoy
enrol enroll ensure enter escape establish examine exchange exercise exist expand expect experience
experiment explain explore export express extend face fail feature file fill film finalise finalize finance
finish fire fix focus follow force form found fund gain garden gather graduate grill guide handle happen
hate head headquarter help hike hire hope host house hunt identify ignore imagine immigrate implement import
impress improve include increase inform inherit injure inspire install intend interest interview introduce
invent invest invite involve issue jog join judge jump kick kill knit knock lack land last laugh launch lift
like limit link list listen live load locate lock look love lower maintain manage march mark marry master
match matter measure mention mentor merge miss mix model modify monitor motivate move name need negotiate
note notice obtain occur offer open operate order organise organize own pack paint park participate pass
perform persuade phone photograph pick plan plant play point possess post postpone pour practice practise
praise prefer prepare present press prevent print process produce program promise promote propose protect
provide publish pull purchase push qualify quilt race raise reach react realise realize receive recommend
recover record reduce refer reflect refuse regret reject relate relax release relocate rely remain remember
remind remove rename renew renovate rent repair repeat replace reply report represent request require rescue
research reschedule reside resign resolve respect respond rest restart restore result retire return reveal
review reward sail save scale schedule score search serve settle shape share shift shop shout sign skate ski
skip slow smile smoke solve sound sponsor staff star stare start stay step stop store stress stretch
struggle study submit succeed suffer suggest suit supervise supply support suppose surf surprise surround
survive suspect switch talk target taste tend test text thank tie touch tour train transfer transform
translate travel treat trust try turn type update upgrade upload urge use value visit volunteer vote wait
walk wander want warn wash waste watch water weigh welcome wish wonder work worry wrap yell yield
adjust bump foster recruit revise slide slip swap tidy trim
"""

_PAST: dict[str, str] = {}
_PARTICIPLE: dict[str, str] = {}
_PAST_OF: dict[str, str] = {}
for _entry in _IRREGULAR.replace("\n", " ").split(";"):
    _forms = _entry.split()
    _PAST[_forms[1]] = _forms[0]
    _PARTICIPLE[_forms[-1]] = _forms[0]
    _PAST_OF[_forms[0]] = _forms[1]
VERBS: frozenset[str] = frozenset(_REGULAR.split()) | frozenset(_PAST_OF)
"""Base forms that are known."""

BE: frozenset[str] = frozenset({"am", "is", "are", "was", "were", "be", "been", "being", "'s", "'re", "'m"})
HAVE: frozenset[str] = frozenset({"have", "has", "had", "having", "'ve"})
DO: frozenset[str] = frozenset({"do", "does", "did"})
MODALS: frozenset[str] = frozenset(
    {"will", "would", "can", "could", "shall", "should", "may", "might", "must", "'ll", "'d", "wo", "ca", "sha"}
)
PAST_AUXILIARIES: frozenset[str] = frozenset({"was", "were", "had", "did"})


class Verb(NamedTuple):
    """A word read as a verb."""

    lemma: str
    form: Form


@lru_cache(maxsize=32768)
def verb_forms(word: str) -> tuple[Verb, ...]:
    """What verb a lower-case word may be, most likely form first; empty if it is none that is known.

    An unknown word in -ed counts as a past form, since most verbs are regular.
    """
    if word in _AUXILIARY_FORMS:
        return (_AUXILIARY_FORMS[word],)
    found: list[Verb] = []
    if word in _PAST:
        found.append(Verb(_PAST[word], "past"))
    if word in _PARTICIPLE:
        found.append(Verb(_PARTICIPLE[word], "participle"))
    if word in VERBS:
        found.append(Verb(word, "base"))
    return (*found, *_by_ending(word))


_AUXILIARY_FORMS = {
    "am": Verb("be", "s"),
    "is": Verb("be", "s"),
    "are": Verb("be", "s"),
    "were": Verb("be", "past"),
    "has": Verb("have", "s"),
}


def _by_ending(word: str) -> tuple[Verb, ...]:
    if word.endswith("s"):
        lemma = _without_s(word)
        return (Verb(lemma, "s"),) if lemma else ()
    if word.endswith("ed") and len(word) > 3 and word not in VERBS:
        lemma = _known(word, ("ed", "d")) or (word[:-2] if len(word) > 5 else "")
        return (Verb(lemma, "past"), Verb(lemma, "participle")) if lemma else ()
    if word.endswith("ing") and len(word) > 4:
        lemma = _known(word, ("ing",))
        return (Verb(lemma, "ing"),) if lemma else ()
    return ()


def _without_s(word: str) -> str:
    for ending, instead in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and word[: -len(ending)] + instead in VERBS:
            return word[: -len(ending)] + instead
    return ""


def _known(word: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        stem = word[: -len(ending)]
        doubled = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else ""
        for lemma in (stem, stem + "e", doubled, stem[:-1] + "y" if stem.endswith("i") else ""):
            if lemma and lemma in VERBS:
                return lemma
    if len(endings) == 1 and word == "lying":
        return "lie"
    return ""


def third_person(base: str) -> str:
    """The form after he, she or it: goes, has, tries."""
    if base in {"be", "have"}:
        return {"be": "is", "have": "has"}[base]
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def past_of(base: str) -> str:
    """The simple past: moved, went, stopped only approximately (doubling is left out)."""
    if base in _PAST_OF:
        return _PAST_OF[base]
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ied"
    return base + ("d" if base.endswith("e") else "ed")


_FINITE = frozenset({"is", "are", "was", "were", "has", "have", "had", "do", "does", "did"}) | MODALS
_AFTER_FINITE = word_set(
    """
    a an the my our his her its their on in at to for from with by of about into until after before because since
    when while well again off up down out over not late early yesterday today there last this next twice once
    """
) | {""}


def noun_before_verb(word: str, following: str, after: str) -> bool:
    """Whether a word in -s is a plural noun since its verb follows: "field tests started on", not "likes baked beans".

    Args:
        word: The word itself, lower case.
        following: The word after it.
        after: The word after that; empty at the end of the clause.
    """
    if not word.endswith("s") or word in _FINITE:
        return False
    if following in _FINITE:
        return True
    return after in _AFTER_FINITE and any(form.form == "past" for form in verb_forms(following))
