"""Windows of evidence: what is read in one go, so that pronouns find their names and one bad turn spoils no other.

What a turn is read to say depends on the turns before it. So it is always read after the same ones: those of its batch
and a few before, whether they are to be learned from or were learned before. A call that was cut short and is made
again then gives what it would have given undisturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agentmem.errors import AgentmemError
from agentmem.memory.retaining.extraction import Extraction
from agentmem.records import EVERY_STATUS, Episode, RelationshipType
from agentmem.stores import Direction, Store, View

BATCH = 64
"""Episodes in one commit: large enough to spread its cost, small enough that others need not wait for it."""

CONTEXT = 16
"""Episodes before a batch that are read again for what its first ones refer to."""

Extract = Callable[[Sequence[Episode]], list[Extraction]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Evidence that is read in one go."""

    before: tuple[Episode, ...]
    """What is read for its names only."""
    episodes: tuple[Episode, ...]
    """What follows it."""
    unread: tuple[Episode, ...]
    """Those of the episodes that are to be learned from, in the same order."""

    def read(self, extract: Extract) -> list[Extraction]:
        """One extraction for each unread episode; one that cannot be read says so and is no context of the others.

        Raises:
            Exception: what the extractor raised, if it cannot read anything, or if the fault comes from outside.
        """
        if not self.unread:
            return []
        wanted = {episode.id for episode in self.unread}
        last = max(place for place, episode in enumerate(self.episodes) if episode.id in wanted)
        found = _each(extract, (), (*self.before, *self.episodes[: last + 1]))
        return [x for x in found[len(self.before) :] if x.episode_id in wanted]


def _each(extract: Extract, context: Sequence[Episode], episodes: Sequence[Episode]) -> list[Extraction]:
    try:
        return extract((*context, *episodes))[len(context) :]
    except (AgentmemError, OSError, MemoryError):
        raise  # says nothing about the text
    except Exception as error:  # noqa: BLE001 - only what reads a text is tried, and the journal tells the type
        if len(episodes) == 1:
            if not context:
                extract([replace(episodes[0], text="Hello.", speaker="")])  # if that fails too, it is not the text
            return [Extraction(episode_id=episodes[0].id, unread=type(error).__name__)]
    half = len(episodes) // 2
    first = _each(extract, context, episodes[:half])
    readable = [e for e, x in zip(episodes[:half], first, strict=True) if not x.unread]
    return [*first, *_each(extract, (*context, *readable), episodes[half:])]


def resumed_windows(store: Store, bank: str, pending: Iterable[Episode]) -> list[Window]:
    """How pending evidence was to be read in the call that brought it, with the neighbours that it had there."""
    waiting = {episode.id: episode for episode in sorted(pending, key=lambda episode: -episode.position)}
    if not waiting:
        return []
    view = View(bank=bank, kinds=frozenset({Episode.kind}), statuses=EVERY_STATUS)
    types = frozenset({RelationshipType.NEXT})
    found = store.neighbourhood(view, list(waiting), types=types, direction=Direction.IN, depth=BATCH + CONTEXT)
    earlier = {link.target_id: found.nodes.get(link.source_id) for link in found.relationships}
    windows: list[Window] = []
    while waiting:
        chain = _chain(next(iter(waiting.values())), earlier)
        begin = chain[-1].position // BATCH * BATCH
        episodes = tuple(episode for episode in chain if episode.position >= begin)
        unread = tuple(own for episode in episodes if (own := waiting.pop(episode.id, None)))
        windows.append(Window(before=tuple(chain[: len(chain) - len(episodes)]), episodes=episodes, unread=unread))
    return windows


def _chain(last: Episode, earlier: Mapping[str, object]) -> list[Episode]:
    """An episode after those before it, as far back as it was read with them."""
    chain = [last]
    start = last.position // BATCH * BATCH - CONTEXT
    while isinstance(before := earlier.get(chain[-1].id), Episode) and start <= before.position < chain[-1].position:
        chain.append(before)
    return chain[::-1]
