"""Session: what the whole conversation of a day, or the section of a document, speaks of."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache

from agentmem.language import terms
from agentmem.memory.recalling.channels.base import Channel, Scene
from agentmem.memory.recalling.grouping import Group

_SATURATION = 1.2
"""k1 of BM25: how soon more turns with a word add little."""


class Session(Channel):
    """BM25 of the session that a turn belongs to, over what was found of it: a turn counts once for each word.

    The session of "Where did you eat?" is about the trip that the question names, the answer alone is not.
    """

    name = "session"
    weight = 0.3

    def applies(self, scene: Scene) -> bool:
        """If the query has words and something of a session was found."""
        return bool(self.query.analysis.terms) and any(group.episode for group in scene.groups.values())

    def scores(self, scene: Scene) -> Mapping[str, float]:
        """See `Channel`: the best session is 1."""
        wanted = frozenset(self.query.analysis.terms)
        spoken: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        turns: Counter[str] = Counter()
        sessions = {group.id: session for group in scene.groups.values() if (session := _session(group))}
        for id_, session in sessions.items():
            episode = scene.groups[id_].episode
            said = wanted & _terms_of(f"{episode.speaker} {episode.text}") if episode else frozenset()
            spoken[session].update(said)
            turns.update(said)
        rarity = {term: math.log(1 + (len(sessions) - n + 0.5) / (n + 0.5)) for term, n in turns.items()}
        scored = {
            session: sum(rarity[term] * n * (_SATURATION + 1) / (n + _SATURATION) for term, n in counts.items())
            for session, counts in spoken.items()
        }
        most = max(scored.values(), default=0.0)
        return {id_: scored[session] / most for id_, session in sessions.items()} if most else {}


@lru_cache(maxsize=4096)
def _terms_of(text: str) -> frozenset[str]:
    """The terms of a turn, which comes up again from question to question."""
    return frozenset(terms(text))


def _session(group: Group) -> tuple[str, ...]:
    """What tells sessions apart: the conversation or document, its section, and the day; nothing without an origin."""
    episode = group.episode
    if episode is None or not episode.origin:
        return ()
    day = episode.at.date().isoformat() if episode.at else ""
    return (episode.origin, str(episode.metadata.get("headings", "")), day)
