"""What a sentence states: self-contained text, claims in the shared vocabulary, and when they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agentmem.language.grammar.clauses import Clause, expanded, parse, tokens
from agentmem.language.grammar.modality import (
    Modality,
    declared_part,
    lead_of,
    modality,
    reported,
    stripped_lead,
    told_to_keep,
    without_address,
)
from agentmem.language.grammar.phrases import trimmed
from agentmem.language.grammar.rewrite import in_third_person, possessive
from agentmem.language.grammar.scene import CLOCK, Claim, Scene
from agentmem.language.grammar.segments import clauses_of, with_antecedent
from agentmem.language.naming.names import Name, name_type, names, normalise_name
from agentmem.language.statements.claims import claims_of
from agentmem.language.statements.discourse import Discourse
from agentmem.language.statements.relatives import APPOSITION, by_name, named_relatives, relatives, says_nothing
from agentmem.language.statements.replacements import denies, replaced
from agentmem.language.statements.requests import asks_to_drop_it, contrast, correction, forget_request, self_corrected
from agentmem.language.statements.validity import validity
from agentmem.language.times.dates import Moment, dated
from agentmem.language.words.chat import spelled_out
from agentmem.language.words.stopwords import STOP_WORDS
from agentmem.language.words.terms import terms
from agentmem.language.words.wordlists import word_set

_INTENT = re.compile(
    r"\b(?:going to|planning (?:to|on)|plans? (?:to|on)|planned (?:to|on)|intends? to|gonna|"
    r"about to|thinking (?:of|about)|considering|"
    r"will(?: be)?|'ll|\u2019ll|wants? to|wanted to|(?:would|'d|\u2019d) (?:really |"
    r"absolutely |also )?(?:love|like|prefer) to|hop(?:es?|ing) to|dreams? (?:of|about)|"
    r"looks? forward to|looking forward to|"
    r"(?:can't|cannot|can\u2019t) wait to)\s+(?P<what>\S.*)$",
    re.IGNORECASE,
)
_OUR_HOME = re.compile(
    r"\bour (?=(?:(?:new|old|home|current|postal) )*"
    r"(?:address|flat|apartment|landlord|landlady|honeymoon|wedding|anniversary)\b)",
    re.IGNORECASE,
)
_ABOUT_IT = re.compile(r"^(?:it|this|that) (?=(?:is|was|has|will|moved|got|starts|takes|ends)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that a sentence says."""

    text: str
    """Self-contained."""
    quote: str
    """The sentence, verbatim."""
    subject: str = ""
    predicate: str = ""
    object: str = ""
    object_type: str = ""
    """Entity type of the object; empty for a value."""
    functional: bool = False
    """Whether a newer value takes the place of an older one."""
    corrects: bool = False
    """Whether an earlier statement is called wrong."""
    ends: bool = False
    """Whether it says that the relation holds no longer."""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    names: tuple[Name, ...] = ()
    """Names in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one sentence gives."""

    statements: tuple[Statement, ...] = ()
    forget: str = ""
    """What it asks to be forgotten; empty if nothing."""
    drops_last: bool = False
    """Whether it takes back the statement just before it ("do not save that")."""


def read(sentence: str, discourse: Discourse, *, speaker: str, context: str = "") -> Reading:
    """Read one sentence.

    Args:
        sentence: As it stands in its source.
        discourse: What came before; it is brought up to date.
        speaker: Whom "I" means, in words for a text ("Anna", "the user"); empty to leave it.
        context: What a definite phrase without owner belongs to, such as the heading of a document's section.
    """
    bare, topic = lead_of(spelled_out(" ".join(sentence.split())))
    if topic:
        bare = _ABOUT_IT.sub(lambda _: f"{topic} ", bare)
        topic = topic if any(c.isupper() for c in topic) else ""
    if asks_to_drop_it(bare):
        return Reading(forget=discourse.last_text, drops_last=bool(discourse.last_text))
    request = forget_request(bare)
    if request:
        return Reading(forget=in_third_person(request, discourse.persons(request, speaker)))
    bare, mended = self_corrected(bare)
    bare, firm, soft = correction(without_address(bare, discourse.participants))
    firm = firm or mended
    bare = stripped_lead(without_address(stripped_lead(bare), discourse.participants)) if bare else ""
    kept = told_to_keep(bare)
    bare = kept or bare
    mode = modality(bare) if bare else "filler"
    if kept and mode == "order":
        mode = "assertion"
    if mode == "question" and (said := declared_part(bare)):
        bare, mode = said, modality(said)
    firm = firm or (denies(bare) and bool(discourse.last_claims.get(discourse.speaker)))
    if firm and mode in {"filler", "order", "assertion"}:
        elliptical = replaced(bare, discourse)
        if elliptical:
            return Reading(statements=(_put_right(*elliptical, sentence, discourse),))
    if mode in {"question", "filler", "order", "hypothesis"}:
        return Reading()
    reading = _Sentence(bare, sentence, discourse, speaker, context, mode, firm, soft).read()
    return _under(topic, reading) if topic and topic not in {speaker, discourse.speaker} else reading


def _put_right(claim: Claim, text: str, quote: str, discourse: Discourse) -> Statement:
    return Statement(
        text=_sentence_case(text),
        quote=quote,
        subject=_subject_name(claim.subject),
        predicate=claim.predicate,
        object=claim.object,
        object_type=claim.object_type,
        functional=claim.functional,
        corrects=True,
        valid_from=discourse.at,
    )


def _under(topic: str, reading: Reading) -> Reading:
    """The statements with the topic of their lead-in: "Kestrel: the first field test went well"."""
    found = tuple(names(topic, opening=False))
    return replace(
        reading,
        statements=tuple(
            s if topic in s.text else replace(s, text=f"{topic}: {_small(s)}", names=(*found, *s.names))
            for s in reading.statements
        ),
    )


def _small(statement: Statement) -> str:
    """The text with a small letter where its capital only opens the sentence."""
    first = statement.text.split(None, 1)[0]
    return (
        statement.text[0].lower() + statement.text[1:]
        if first.lower() in STOP_WORDS and first != "I"
        else statement.text
    )


class _Sentence:
    """The steps of reading one sentence that states something."""

    def __init__(
        self,
        bare: str,
        quote: str,
        discourse: Discourse,
        speaker: str,
        context: str,
        mode: Modality,
        firm: bool,
        soft: bool,
    ) -> None:
        self._quote = quote
        self._discourse = discourse
        self._mode = mode
        self._firm, self._soft = firm, soft
        self._context = context
        bare = _OUR_HOME.sub(lambda _: f"{possessive(speaker)} ", bare) if discourse.speaker else bare
        self._resolved = in_third_person(bare, discourse.persons(bare, speaker))
        if self._resolved[:1].islower():
            self._resolved = self._resolved[0].upper() + self._resolved[1:]

    def read(self) -> Reading:
        """The statements of the sentence."""
        positive, wrong = (
            contrast(self._resolved)
            if (self._firm or self._soft or ", not " in self._resolved or " but " in self._resolved)
            else (self._resolved, "")
        )
        text = expanded(positive)
        moments = tuple(self._discourse.dates(text))
        found = tuple(names(text, known=self._discourse.participants))
        scene = self._scene(text, moments, found)
        parts = clauses_of(scene.text) if self._mode == "assertion" else []
        statements: list[Statement] = []
        all_claims: list[Claim] = []
        before = ""
        for index, (spoken, begin, end) in enumerate(parts):
            clause = (
                with_antecedent(spoken, before, scene, speaker=self._discourse.speaker or "user") if index else spoken
            )
            before = clause.subject
            found_claims = claims_of(replace(clause, subject=by_name(clause.subject)), scene)
            claims = [c for c in map(self._named, found_claims) if not says_nothing(c)]
            told = relatives(text[begin:end] if len(parts) > 1 else text)
            claims.extend(r for c in claims[:] for r in named_relatives(c))
            claims = [replace(c, subject=self._we(c)) for c in claims]
            all_claims.extend((*claims, *(claim for claim, _ in told)))
            words = self._text(text, moments, clause, begin, end, len(parts), index)
            if clause is not spoken and words.lower().startswith(spoken.subject.lower()):
                words = clause.subject + words[len(spoken.subject) :]
            statements.extend(self._statement(words, claim, clause, moments, scene, wrong) for claim in claims)
            statements.extend(self._statement(says, claim, clause, moments, scene, wrong) for claim, says in told)
            if not claims and len(parts) > 1 and len(words.split()) > 3:
                statements.append(self._plain(words, moments, found, clause))
        if not statements:
            statements, all_claims = self._unparsed(text, moments, found, scene)
        self._discourse.observe(found, all_claims)
        self._discourse.last_text = statements[-1].text if statements else ""
        return Reading(statements=tuple(statements))

    def _scene(self, text: str, moments: tuple[Moment, ...], found: tuple[Name, ...]) -> Scene:
        masked = list(text)
        for moment in moments:
            masked[moment.lead : moment.end] = " " * (moment.end - moment.lead)
        clock = CLOCK.search(text)
        if clock:
            masked[clock.start() : clock.end()] = " " * (clock.end() - clock.start())
        owners = dict(self._discourse.owners)
        return Scene(
            text="".join(masked),
            moments=moments,
            names=found,
            at=self._discourse.at,
            people=frozenset(self._discourse.people),
            things=frozenset(self._discourse.things),
            owners=owners,
            clock=clock["clock"].strip(" .") if clock else "",
        )

    def _named(self, claim: Claim) -> Claim:
        """The claim with the shortest name for its subject: "Anna's sister Kate" is Kate."""
        match = APPOSITION.match(claim.subject)
        subject = match["name"] if match else claim.subject
        if (
            self._context
            and claim.predicate in {"is", "scheduled_for", "status"}
            and subject[:1].islower()
            and len(subject.split()) <= 3
        ):
            name = subject.lower().replace(" ", "_")
            if claim.predicate == "scheduled_for" and not name.endswith(("date", "deadline", "day")):
                name += "_date"
            return replace(claim, subject=self._context, predicate=name, functional=True)
        return replace(claim, subject=subject)

    def _we(self, claim: Claim) -> str:
        """The speaker, where what "we" have or where we live is true of each of us."""
        speaker = self._discourse.speaker
        shared = claim.predicate in {
            "lives_in",
            "has_pet",
            "address",
            "partner",
            "married_to",
            "engaged_to",
        } and claim.subject.lower() in {"we", "our"}
        return trimmed(speaker) if shared and speaker else claim.subject

    def _text(
        self, text: str, moments: Sequence[Moment], clause: Clause, begin: int, end: int, count: int, index: int
    ) -> str:
        """The words of one clause, with a subject and absolute dates."""
        ongoing = clause.perfect or clause.progressive or not clause.past
        if count == 1:
            again = moments if text == self._resolved else self._discourse.dates(self._resolved)
            return _sentence_case(dated(self._resolved, again, ongoing=ongoing))
        inside = [
            replace(m, start=m.start - begin, end=m.end - begin) for m in moments if begin <= m.start and m.end <= end
        ]
        words = dated(text[begin:end], inside, ongoing=ongoing).strip(" ,;:")
        words = re.sub(r"^(?:and|but|so|then|or)\s+(?:(?:then|also|now)\s+)?", "", words)
        if index and clause.start == 0 and not words.startswith(clause.subject):
            words = f"{clause.subject.rstrip(',')} {words}"
        return _sentence_case(words)

    def _statement(
        self, words: str, claim: Claim, clause: Clause, moments: Sequence[Moment], scene: Scene, wrong: str
    ) -> Statement:
        corrects = claim.functional and (
            self._firm or bool(wrong) or (self._soft and claim.aspect == "state" and not clause.now)
        )
        first, last = validity(claim, clause, moments, self._discourse.at)
        return Statement(
            text=words,
            quote=self._quote,
            subject=_subject_name(claim.subject),
            predicate=claim.predicate,
            object=claim.object,
            object_type=claim.object_type,
            functional=claim.functional,
            corrects=corrects,
            ends=claim.ends,
            valid_from=first,
            valid_to=last,
            names=scene.names,
        )

    def _plain(
        self, words: str, moments: Sequence[Moment], found: tuple[Name, ...], clause: Clause | None
    ) -> Statement:
        """A statement of which only the words are known."""
        event = Claim(subject="", predicate="", aspect="event")
        first, last = validity(event, clause, moments, self._discourse.at)
        return Statement(text=words, quote=self._quote, valid_from=first, valid_to=last, names=found)

    def _unparsed(
        self, text: str, moments: tuple[Moment, ...], found: tuple[Name, ...], scene: Scene
    ) -> tuple[list[Statement], list[Claim]]:
        """Plans, wishes, reports, and whatever no rule takes apart: one statement of the whole sentence."""
        again = moments if text == self._resolved else tuple(self._discourse.dates(self._resolved))
        whole = self._plain(_sentence_case(dated(self._resolved, again)), moments, found, None)
        claims: list[Claim] = []
        if self._mode in {"plan", "wish"}:
            claims = self._intended(scene)
        elif self._mode == "report" and (said := reported(self._resolved)):
            who = trimmed(said[0])
            if normalise_name(who) in scene.people or (name_type(who, after="said") == "person" and who[:1].isupper()):
                claims = [Claim(subject=who, predicate="says", object=said[1].rstrip("."), aspect="event")]
        if not claims:
            return ([whole] if _has_substance(self._resolved, moments, found) else []), []
        claim = claims[0]
        first = self._discourse.at if claim.aspect == "state" and not claim.timeless else whole.valid_from
        last = None if claim.aspect == "state" else whole.valid_to
        return [
            replace(
                whole,
                subject=_subject_name(claim.subject),
                predicate=claim.predicate,
                object=claim.object,
                object_type=claim.object_type,
                functional=claim.functional,
                valid_from=first,
                valid_to=last,
                corrects=self._firm and claim.functional,
            )
        ], claims

    def _intended(self, scene: Scene) -> list[Claim]:
        """A plan or a wish; the date of a coming event is a fact already ("the launch will be on 5 May")."""
        words = tokens(scene.text)
        clause = parse(scene.text, words)
        if clause is None:
            return []
        if clause.modal == "will" or (clause.lemma == "go" and clause.progressive):
            coming = claims_of(clause, scene) if clause.modal == "will" else []
            kept = [c for c in coming if c.predicate == "scheduled_for" or c.predicate.endswith(("_date", "deadline"))]
            if kept:
                return kept
        match = _INTENT.search(scene.text)
        if match is None or not scene.person(clause.subject) or match.start() > clause.verb_end + 24:
            return []
        what = " ".join(re.split(r"(?:[.;!]|, (?:and|but|so|because)\b)", match["what"])[0].split())
        name = "plans_to" if self._mode == "plan" else "wants_to"
        return [Claim(subject=trimmed(clause.subject), predicate=name, object=what)] if what else []


def _has_substance(text: str, moments: Sequence[Moment], found: Sequence[Name]) -> bool:
    """Whether a sentence that no rule takes apart says enough to be kept: a time, or several words of content."""
    content = terms(text)
    vague = text.split(None, 1)[0].lower().strip("'\u2019.,!") in _VAGUE if text.strip() else True
    return bool(moments) or len(content) >= (4 if vague else 2 + (not found))


_VAGUE = word_set(
    "it it's it\u2019s that that's that\u2019s this these those you you're you\u2019re your "
    "there there's here here's what so"
)


def _subject_name(subject: str) -> str:
    return subject.strip(" ,")


def _sentence_case(text: str) -> str:
    text = text.strip()
    if not text:
        return text
    if text[-1] not in ".!?\u2026\"'\u201d" and text[-2:] not in {".)", "!)", "?)"}:
        text += "."
    return text[0].upper() + text[1:]
