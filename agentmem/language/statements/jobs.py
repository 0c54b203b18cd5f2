"""Work: who works where, as what, since when, and no longer."""

from __future__ import annotations

import re
from dataclasses import replace

from agentmem.language.grammar.clauses import Clause
from agentmem.language.grammar.phrases import phrase, trimmed
from agentmem.language.grammar.predicates import Aspect
from agentmem.language.grammar.scene import Claim, Scene
from agentmem.language.words.wordlists import word_set

_JOB = frozenset({"job", "position", "role", "offer", "internship", "promotion", "apprenticeship"})
_STARTS = frozenset({"get", "land", "find", "accept", "take", "begin", "start", "secure", "receive"})
_LEAVES = frozenset({"leave", "quit"})
_OCCUPATIONS = word_set(
    """
    accountant actor actress administrator adviser advisor agent analyst architect assistant astronaut athlete
    attendant auditor author baker banker barista bartender blogger broker butcher carer carpenter cashier ceo cfo
    chairman chairperson chairwoman chef cleaner clerk co-founder coach comedian conductor consultant contractor coo
    cook copywriter counsellor counselor cto dancer dealer dentist designer developer director dj doctor driver
    editor electrician engineer entrepreneur executive farmer firefighter footballer founder freelancer gardener
    guide hairdresser head headteacher instructor intern interpreter inventor investigator janitor judge lawyer lead
    lecturer librarian manager marketer mechanic midwife minister model musician nurse officer operator optician
    owner painter paramedic pharmacist physician pilot planner plumber policeman policewoman postman president
    priest principal producer professor programmer psychiatrist realtor receptionist recruiter reporter researcher
    sailor salesman salesperson saleswoman scientist secretary singer soldier specialist strategist student
    supervisor surgeon surveyor tailor teacher technician therapist trader trainer translator tutor vet veterinarian
    waiter waitress writer
    """
)
_OCCUPATION_ENDINGS = (
    "ologist",
    "grapher",
    "keeper",
    "worker",
    "maker",
    "ician",
    "ineer",
    "smith",
    "wright",
    "cist",
    "tist",
)
_PRAISE = word_set(
    "great good amazing inspiring best such wonderful fantastic terrible excellent awesome big huge like better"
)


_NO_ROLE = word_set("at in on with for from to by near of about not so very too as like")


def is_occupation(words: str) -> bool:
    """Whether a phrase names what somebody does for a living ("senior nurse", "head of design")."""
    head = re.split(r"\s+(?:of|at|in|for|with|from)\s+", words.strip().lower(), maxsplit=1)[0].split()
    if not head or len(head) > 5 or head[0] in _NO_ROLE or set(head) & _PRAISE or "and" in head:
        return False
    last = head[-1].rpartition("-")[2]
    return (
        last in _OCCUPATIONS
        or last.endswith(_OCCUPATION_ENDINGS)
        or words.lower().startswith(("vp ", "vice president"))
    )


def role_claims(subject: str, role: str, scene: Scene, *, begins: bool, now: bool) -> list[Claim]:
    """As in "nurse at Mercy Hospital" -> works_as nurse, works_at Mercy Hospital."""
    match = re.match(r"(?P<role>.+?)\s+(?:at|with|for)\s+(?P<where>(?:the\s+)?[A-Z].*)$", role)
    aspect: Aspect = "begins" if begins else "state"
    found = [
        Claim(
            subject=subject,
            predicate="works_as",
            object=trimmed(match["role"] if match else role),
            functional=True,
            aspect=aspect,
        )
    ]
    if match:
        found.append(
            Claim(
                subject=subject,
                predicate="works_at",
                object=trimmed(match["where"]),
                object_type="organisation",
                functional=True,
                aspect=aspect,
            )
        )
    return found


_GOT = {"promoted": "promote", "appointed": "appoint", "fired": "fire", "laid": "lay"}


def job_claims(clause: Clause, scene: Scene) -> list[Claim]:
    """Claims of clauses about starting, holding and leaving work; nothing for others."""
    lows = [w.low for w in clause.rest]
    subject = trimmed(clause.subject)
    if clause.lemma == "get" and lows and lows[0] in _GOT:
        rest = clause.rest[1:]
        clause, lows = replace(clause, lemma=_GOT[lows[0]], passive=True, rest=rest), lows[1:]
    if clause.lemma == "work" or (clause.lemma in {"start", "begin"} and lows[:1] in (["working"], ["as"])):
        return _working(clause, scene, subject, lows)
    if clause.lemma in {"hand", "give"} and "notice" in lows[:4]:
        return _left(replace(clause, lemma="resign"), scene, subject, lows, None)
    if clause.lemma == "join" and "as" in lows:
        return _joined(clause, scene, subject, lows)
    if clause.lemma == "become" or (clause.passive and clause.lemma in {"promote", "appoint", "name", "make"}):
        return _promoted(clause, scene, subject, lows)
    job = next((i for i, low in enumerate(lows[:7]) if low in _JOB), None)
    if job is not None and clause.lemma in _STARTS:
        return _new_job(clause, scene, subject, lows, job)
    if (
        clause.lemma in _LEAVES
        or (clause.lemma in {"lose", "resign"})
        or (clause.lemma in {"lay", "fire"} and clause.passive)
    ):
        return _left(clause, scene, subject, lows, job)
    return []


def _working(clause: Clause, scene: Scene, subject: str, lows: list[str]) -> list[Claim]:
    """As in "works as a nurse at Mercy Hospital": the role, and the place if one follows."""
    if "as" not in lows[:6]:
        return []
    at = lows.index("as")
    found = phrase(scene.text, clause.rest, at + 1, scene.names, limit=16)
    if found is None:
        return []
    claims = role_claims(subject, found.text, scene, begins=clause.lemma != "work", now=clause.now)
    place = next((i for i, low in enumerate(lows[:at]) if low in {"at", "for"}), None)
    where = (
        phrase(scene.text, clause.rest, place + 1, scene.names, wanted="organisation") if place is not None else None
    )
    if where:
        claims.append(
            Claim(
                subject=subject,
                predicate="works_at",
                object=where.text,
                object_type=where.kind,
                functional=True,
                aspect=claims[0].aspect,
            )
        )
    return claims


def _joined(clause: Clause, scene: Scene, subject: str, lows: list[str]) -> list[Claim]:
    """As in "joined Gamma as a team lead"."""
    where = phrase(scene.text, clause.rest, 0, scene.names, wanted="organisation")
    what = phrase(scene.text, clause.rest, lows.index("as") + 1, scene.names, wanted="role")
    if where is None or what is None or not where.kind:
        return []
    place = Claim(
        subject=subject,
        predicate="works_at",
        object=where.text,
        object_type=where.kind,
        functional=True,
        aspect="begins",
    )
    return [place, *role_claims(subject, what.text, scene, begins=True, now=False)]


def _promoted(clause: Clause, scene: Scene, subject: str, lows: list[str]) -> list[Claim]:
    if not scene.person(clause.subject):
        return []
    begin = 1 if lows[:1] and lows[0] in {"to", "as"} else 0
    found = phrase(scene.text, clause.rest, begin, scene.names, limit=16)
    if found is None or not (is_occupation(found.text) or clause.lemma in {"promote", "appoint"}):
        return []
    return role_claims(subject, found.text, scene, begins=True, now=clause.now)


def _new_job(clause: Clause, scene: Scene, subject: str, lows: list[str], job: int) -> list[Claim]:
    claims: list[Claim] = []
    if lows[job] in {"promotion", "role", "position"} and job + 1 < len(lows) and lows[job + 1] in {"to", "of"}:
        promoted = phrase(scene.text, clause.rest, job + 2, scene.names, limit=16)
        return role_claims(subject, promoted.text, scene, begins=True, now=clause.now) if promoted else []
    at = next((i for i, low in enumerate(lows) if i > job and low in {"at", "with", "from"}), None)
    where = phrase(scene.text, clause.rest, at + 1, scene.names, wanted="organisation") if at is not None else None
    role = lows.index("as") if "as" in lows else None
    what = phrase(scene.text, clause.rest, role + 1, scene.names, wanted="role") if role is not None else None
    if where and where.kind:
        claims.append(
            Claim(
                subject=subject,
                predicate="works_at",
                object=where.text,
                object_type=where.kind,
                functional=True,
                aspect="begins",
            )
        )
    if what:
        claims.append(Claim(subject=subject, predicate="works_as", object=what.text, functional=True, aspect="begins"))
    return claims


def _left(clause: Clause, scene: Scene, subject: str, lows: list[str], job: int | None) -> list[Claim]:
    """As in "left Acme to join Beta", "quit her job at Acme", "was laid off"."""
    if not scene.person(clause.subject) or (clause.lemma == "lose" and job is None):
        return []
    ended = Claim(subject=subject, predicate="works_at", aspect="ends", ends=True)
    start = (
        next((i for i, low in enumerate(lows[:8]) if low in {"at", "from"}), -1)
        if job is not None or clause.lemma in {"resign", "lay", "fire"}
        else -1
    )
    found = (
        phrase(scene.text, clause.rest, start + 1, scene.names, wanted="organisation")
        if start >= 0 or (job is None and clause.lemma in _LEAVES)
        else None
    )
    if found is None:
        return [ended] if job is not None or clause.lemma in {"lay", "fire", "resign"} else []
    if not found.kind or (found.kind in {"place", "person"} and start < 0):
        return []
    claims = [
        Claim(
            subject=subject, predicate="works_at", object=found.text, object_type=found.kind, aspect="ends", ends=True
        )
    ]
    to = next((i for i, low in enumerate(lows) if i >= found.stop and low in {"join", "joined", "for"}), None)
    new = phrase(scene.text, clause.rest, to + 1, scene.names, wanted="organisation") if to is not None else None
    if new and new.kind:
        claims.append(
            Claim(
                subject=subject,
                predicate="works_at",
                object=new.text,
                object_type=new.kind,
                functional=True,
                aspect="begins",
            )
        )
    return claims
