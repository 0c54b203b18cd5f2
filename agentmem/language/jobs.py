"""Work: who works where, as what, since when, and no longer."""

from __future__ import annotations

import re

from agentmem.language.clauses import Clause
from agentmem.language.phrases import phrase, trimmed
from agentmem.language.predicates import Aspect
from agentmem.language.scene import Claim, Scene

_JOB = frozenset({"job", "position", "role", "offer", "internship", "promotion", "apprenticeship"})
_STARTS = frozenset({"get", "land", "find", "accept", "take", "begin", "start", "secure", "receive"})
_LEAVES = frozenset({"leave", "quit"})
_OCCUPATION = re.compile(
    r"(?:[a-z]{3,}(?:ologist|grapher|keeper|worker|maker|ician|eer|ist|smith|wright)|"
    r"\w*(?:teacher|doctor|nurse|lawyer|"
    r"developer|designer|manager|writer|painter|programmer|baker|driver|dancer|singer|officer|"
    r"carer|researcher|"
    r"carpenter|plumber|lecturer|trainer|banker|farmer|hairdresser|butcher|waiter|waitress|"
    r"dealer|trader|broker|"
    r"analyst|architect|accountant|consultant|assistant|attendant|barista|chef|cook|clerk|"
    r"coach|conductor|counselor|"
    r"counsellor|director|editor|electrician|firefighter|freelancer|intern|inventor|"
    r"investigator|judge|librarian|"
    r"mechanic|midwife|minister|model|musician|paramedic|pilot|pharmacist|physician|policeman|"
    r"policewoman|postman|"
    r"priest|producer|professor|psychiatrist|realtor|receptionist|recruiter|reporter|sailor|"
    r"scientist|secretary|"
    r"soldier|surgeon|surveyor|tailor|translator|interpreter|tutor|vet|veterinarian|actor|"
    r"actress|author|student|"
    r"entrepreneur|executive|ceo|cto|cfo|coo|president|chairman|chairwoman|chairperson|principal|headteacher|"
    r"contractor|supervisor|owner|founder|co-founder|lead|head|administrator|auditor|agent|"
    r"advisor|adviser|therapist|"
    r"dentist|optician|astronaut|athlete|footballer|comedian|cashier|salesman|saleswoman|"
    r"salesperson|specialist|"
    r"technician|operator|planner|strategist|marketer|copywriter|blogger|dj|guide|instructor|"
    r"janitor|cleaner|gardener|"
    r"bartender|engineer|strategist|officer))$",
    re.IGNORECASE,
)


def is_occupation(words: str) -> bool:
    """Whether a phrase names what somebody does for a living ("senior nurse", "head of design")."""
    head = re.split(r"\s+(?:of|at|in|for|with|from)\s+", words.strip(), maxsplit=1)[0].split()
    return bool(head) and (
        _OCCUPATION.fullmatch(head[-1]) is not None or words.lower().startswith(("head of", "vp ", "vice president"))
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


def job_claims(clause: Clause, scene: Scene) -> list[Claim]:
    """Claims of clauses about starting, holding and leaving work; nothing for others."""
    lows = [w.low for w in clause.rest]
    subject = trimmed(clause.subject)
    if clause.lemma == "work" or (clause.lemma in {"start", "begin"} and lows[:1] in (["working"], ["as"])):
        return _working(clause, scene, subject, lows)
    if clause.lemma == "join" and "as" in lows:
        return _joined(clause, scene, subject, lows)
    if clause.lemma in {"become", "promote", "appoint", "name", "make"} and scene.person(clause.subject):
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
