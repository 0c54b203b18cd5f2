"""Embedding and reading of evidence ahead of its commits, so that the processor has something to do meanwhile."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from agentmem.embeddings import Embedder
from agentmem.memory.retaining.extraction import Extraction
from agentmem.memory.retaining.windows import BATCH, CONTEXT, Extract, Window
from agentmem.records import Episode, Node, Status, Vector

EMBEDDED = 4
"""Batches that are embedded at once: among many texts are many of like length, so that less is spent on padding."""


class Reading:
    """The extraction of one batch, made early or late, by the thread that asks for it."""

    def __init__(self, extract: Extract, windows: Sequence[Window]) -> None:
        self._extract = extract
        self._windows = windows
        self._outcome: Future[dict[str, Extraction]] = Future()

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """Those that are to be learned from."""
        return tuple(episode for window in self._windows for episode in window.unread)

    def begin(self) -> None:
        """Read now, unless that was done. An error waits for `result`: until then the evidence is made safe."""
        if self._outcome.done():
            return
        try:
            self._outcome.set_result({x.episode_id: x for window in self._windows for x in window.read(self._extract)})
        except Exception as error:  # noqa: BLE001 - kept and raised by `result`, as an executor would
            self._outcome.set_exception(error)

    def result(self) -> dict[str, Extraction]:
        """What each episode says, by its id, or the error that reading them ended with."""
        self.begin()
        return self._outcome.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch of evidence, ready to be committed."""

    episodes: tuple[Episode, ...]
    """All of it, in order; as the store holds it where that knew it before."""
    before: tuple[Episode, ...]
    """What stands before it in the same call, at most `CONTEXT` episodes."""
    reading: Reading
    """Of what is new, and of what is known but pending."""
    vectors: Mapping[str, Vector]
    """Embeddings of what is to be read, by id."""


@dataclass(frozen=True, slots=True)
class _Block:
    starts: range
    readings: list[Reading]
    vectors: Future[dict[str, Vector]]


def prepared_batches(
    episodes: Sequence[Episode],
    known: Mapping[str, Node],
    embedder: Embedder,
    extract: Extract,
    resumed: Sequence[Window] = (),
) -> Generator[Prepared]:
    """Batches in order, while another thread embeds the next ones; who waits for it reads meanwhile.

    What is known and was interpreted is not embedded again, and read again only for what follows it in its batch.

    Args:
        episodes: All evidence.
        known: Those of them that the store holds, by id.
        embedder: What makes vectors.
        extract: Reads a batch; called for one batch after the other.
        resumed: How pending evidence is read that once came in with other neighbours than in this call.
    """
    stored = [node if isinstance(node := known.get(e.id), Episode) else e for e in episodes]
    apart = {episode.id: window for window in resumed for episode in window.unread}
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embed")

    def reading(start: int) -> Reading:
        batch = stored[start : start + BATCH]
        unread = [e for e in batch if e.status is Status.PENDING]
        windows = [window for window in resumed if any(apart.get(e.id) is window for e in unread)]
        own = tuple(e for e in unread if e.id not in apart)
        window = Window(before=_before(stored, start), episodes=tuple(batch), unread=own)
        return Reading(extract, [window, *windows] if own else windows)

    def begun(start: int) -> _Block:
        starts = range(start, min(start + EMBEDDED * BATCH, len(stored)), BATCH)
        readings = [reading(at) for at in starts]
        waiting = [e for e in stored[start : start + EMBEDDED * BATCH] if e.status is Status.PENDING]
        return _Block(starts, readings, pool.submit(_vectors, embedder, waiting))

    try:
        ahead = begun(0)
        for following in range(EMBEDDED * BATCH, len(stored) + EMBEDDED * BATCH, EMBEDDED * BATCH):
            block = ahead
            for each in block.readings:
                if block.vectors.done():
                    break
                each.begin()
            vectors = block.vectors.result()
            if following < len(stored):
                ahead = begun(following)
            for start, each in zip(block.starts, block.readings, strict=True):
                batch = tuple(stored[start : start + BATCH])
                yield Prepared(episodes=batch, before=_before(stored, start), reading=each, vectors=vectors)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error nobody waits for work that was not begun


def _before(episodes: Sequence[Episode], start: int) -> tuple[Episode, ...]:
    return tuple(episodes[max(0, start - CONTEXT) : start])


def _vectors(embedder: Embedder, episodes: Sequence[Episode]) -> dict[str, Vector]:
    if not episodes:
        return {}
    matrix = embedder.embed([episode.text for episode in episodes])
    return {episode.id: row for episode, row in zip(episodes, matrix, strict=True)}
