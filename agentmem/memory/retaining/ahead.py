"""Embedding and reading of evidence ahead of its commits, so that the processor has something to do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from agentmem.embeddings import Embedder
from agentmem.memory.retaining.extraction import Extraction
from agentmem.records import Episode, Node, Status, Vector

BATCH = 64
"""Episodes in one commit: large enough to spread its cost, small enough that others need not wait for it."""

EMBEDDED = 4
"""Batches that are embedded at once: among many texts are many of like length, so that less is spent on padding."""

Extract = Callable[[Sequence[Episode]], list[Extraction]]


class Reading:
    """The extraction of one batch, made early or late, by the thread that asks for it."""

    def __init__(self, extract: Extract, episodes: tuple[Episode, ...]) -> None:
        self.episodes = episodes
        self._extract = extract
        self._outcome: Future[list[Extraction]] = Future()

    def begin(self) -> None:
        """Read now, unless that was done. An error waits for `result`: until then the evidence is made safe."""
        if self._outcome.done():
            return
        try:
            self._outcome.set_result(self._extract(self.episodes) if self.episodes else [])
        except Exception as error:  # noqa: BLE001 - kept and raised by `result`, as an executor would
            self._outcome.set_exception(error)

    def result(self) -> list[Extraction]:
        """One extraction for each episode, or the error that reading them ended with."""
        self.begin()
        return self._outcome.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch of evidence, ready to be committed."""

    episodes: tuple[Episode, ...]
    """All of it, in order."""
    reading: Reading
    """Of what is new, and of what is known but pending."""
    vectors: Mapping[str, Vector]
    """Embeddings of what is to be read, by id."""


@dataclass(frozen=True, slots=True)
class _Block:
    batches: list[tuple[Episode, ...]]
    readings: list[Reading]
    vectors: Future[dict[str, Vector]]


def prepared_batches(
    episodes: Sequence[Episode], known: Mapping[str, Node], embedder: Embedder, extract: Extract
) -> Generator[Prepared]:
    """Batches in order, while another thread embeds the next ones; who waits for it reads meanwhile.

    What is known and was interpreted is neither embedded nor read again.

    Args:
        episodes: All evidence.
        known: Those of them that the store holds, by id.
        embedder: What makes vectors.
        extract: Reads a batch; called for one batch after the other.
    """
    batches = [tuple(episodes[start : start + BATCH]) for start in range(0, len(episodes), BATCH)]
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embed")

    def begun(start: int) -> _Block:
        block = batches[start : start + EMBEDDED]
        readings = [Reading(extract, _unread(batch, known)) for batch in block]
        waiting = [episode for reading in readings for episode in reading.episodes]
        return _Block(block, readings, pool.submit(_vectors, embedder, waiting))

    try:
        ahead = begun(0)
        for following in range(EMBEDDED, len(batches) + EMBEDDED, EMBEDDED):
            block = ahead
            for reading in block.readings:
                if block.vectors.done():
                    break
                reading.begin()
            vectors = block.vectors.result()
            if following < len(batches):
                ahead = begun(following)
            for batch, reading in zip(block.batches, block.readings, strict=True):
                yield Prepared(episodes=batch, reading=reading, vectors=vectors)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error nobody waits for work that was not begun


def _unread(batch: Sequence[Episode], known: Mapping[str, Node]) -> tuple[Episode, ...]:
    waiting = (known.get(episode.id, episode) for episode in batch)
    return tuple(e for e in waiting if isinstance(e, Episode) and e.status is Status.PENDING)


def _vectors(embedder: Embedder, episodes: Sequence[Episode]) -> dict[str, Vector]:
    if not episodes:
        return {}
    matrix = embedder.embed([episode.text for episode in episodes])
    return {episode.id: row for episode, row in zip(episodes, matrix, strict=True)}
