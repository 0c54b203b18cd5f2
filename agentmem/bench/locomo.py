"""LoCoMo: which turns are recalled for a question, through the public `retain` and `recall` only.

One bank for each conversation, one episode for each turn. Measured: turn recall@k (the share of a question's gold turns
among the first k distinct turns that the recalled memories rest on), the rate of ingestion beside that of the embedder
alone on the same texts in the same run, and the time of a recall with and without the embedding of the query.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agentmem.bench.locomo_data import CATEGORIES, Conversation, Question, load_locomo
from agentmem.embeddings import Embedder, Matrix
from agentmem.errors import InputError
from agentmem.language import terms
from agentmem.memory import Memory, Recall

CUTOFFS = (5, 10, 20)
"""The k of recall@k."""

SHORT = 5
"""Words of a short answer, at most."""

Progress = Callable[[str, int, int], None]
"""Takes what is done now, how many turns and questions are done, and how many there are."""


def _silent(what: str, done: int, total: int) -> None:
    """Shows no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecall:
    """Mean recall of a set of questions."""

    questions: int
    """How many."""
    at: dict[int, float]
    """k -> mean share of gold turns among the first k, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a recall shows by default (k = 10), and how much of short gold answers stands in it."""

    memories: float
    """Median number of memories."""
    characters: float
    """Mean length of the context."""
    questions: int
    """Questions with an answer of at most `SHORT` words."""
    answer_words: float
    """Mean share of the answer's terms that stand in the context, in [0, 1]."""
    whole_answers: float
    """Share of the questions all of whose answer's terms do."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "memories": self.memories,
            "characters": round(self.characters),
            "questions": self.questions,
            "answer_words": round(self.answer_words, 4),
            "whole_answers": round(self.whole_answers, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LocomoReport:
    """What a run measured."""

    data: str
    """Name of the file."""
    embedder: str
    """The embedding model."""
    conversations: int
    turns: int
    skipped: int
    """Questions without a gold turn, left out."""
    overall: TurnRecall
    """All questions."""
    categories: dict[str, TurnRecall]
    """By LoCoMo's category."""
    shown: Shown
    """What is shown by default."""
    ingest_seconds: float
    """Wall-clock time of all `retain` calls."""
    embed_seconds: float
    """Wall-clock time of the embedder alone for the same texts, one call for each conversation."""
    recall_ms: dict[str, float]
    """p50 and p95 of a recall with k = 20, in milliseconds."""
    recall_without_embedding_ms: dict[str, float]
    """The same without the time spent in the embedder."""

    @property
    def ingest_rate(self) -> float:
        """Turns a second."""
        return self.turns / max(self.ingest_seconds, 1e-9)

    @property
    def embed_rate(self) -> float:
        """Turns a second of the embedder alone."""
        return self.turns / max(self.embed_seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON shows it; shares in [0, 1], times in seconds and milliseconds."""
        return {
            "benchmark": "locomo",
            "data": self.data,
            "embedder": self.embedder,
            "conversations": self.conversations,
            "turns": self.turns,
            "questions": self.overall.questions,
            "skipped": self.skipped,
            "recall": {
                name: {"questions": result.questions, **{str(k): round(v, 4) for k, v in result.at.items()}}
                for name, result in [("all", self.overall), *self.categories.items()]
            },
            "shown": self.shown.as_dict(),
            "ingest": {
                "seconds": round(self.ingest_seconds, 3),
                "turns_per_second": round(self.ingest_rate, 1),
                "embedder_turns_per_second": round(self.embed_rate, 1),
                "share_of_embedder": round(self.ingest_rate / self.embed_rate, 3),
            },
            "recall_ms": {name: round(value, 2) for name, value in self.recall_ms.items()},
            "recall_without_embedding_ms": {
                name: round(value, 2) for name, value in self.recall_without_embedding_ms.items()
            },
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows of turn recall in %, all questions last."""
        rows = [
            [name, str(result.questions), *(f"{100 * result.at[k]:.1f}" for k in CUTOFFS)]
            for name, result in [*self.categories.items(), ("all", self.overall)]
        ]
        return ["category", "questions", *(f"recall@{k} %" for k in CUTOFFS)], rows

    def lines(self) -> list[str]:
        """What stands below the table: rates and times, one sentence each."""
        with_, without = self.recall_ms, self.recall_without_embedding_ms
        return [
            f"{self.conversations} conversations, {self.turns} turns from {self.data}, embedder {self.embedder}.",
            f"Shown by default: {self.shown.memories:.0f} memories (median), {self.shown.characters:,.0f} characters "
            f"(mean); of {self.shown.questions} short answers {self.shown.answer_words:.1%} of the words, "
            f"{self.shown.whole_answers:.1%} whole.",
            f"Ingestion: {self.ingest_rate:.0f} turns/s, {self.ingest_seconds:.1f} s in all; "
            f"the embedder alone: {self.embed_rate:.0f} turns/s (ratio {self.ingest_rate / self.embed_rate:.2f}).",
            f"Recall: p50 {with_['p50']:.1f} ms, p95 {with_['p95']:.1f} ms; without embedding the query: "
            f"p50 {without['p50']:.1f} ms, p95 {without['p95']:.1f} ms.",
        ]


class TimedEmbedder:
    """An embedder that adds up how long it was busy."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.seconds = 0.0

    @property
    def model(self) -> str:
        """That of the embedder inside."""
        return self._embedder.model

    @property
    def dimension(self) -> int:
        """That of the embedder inside."""
        return self._embedder.dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        """What the embedder inside gives."""
        started = time.perf_counter()
        try:
            return self._embedder.embed(texts)
        finally:
            self.seconds += time.perf_counter() - started


@dataclass(slots=True)
class _Measurements:
    ingest_seconds: float = 0.0
    embed_seconds: float = 0.0
    recalls: list[float] = field(default_factory=list)
    bare_recalls: list[float] = field(default_factory=list)
    results: list[tuple[Question, tuple[float, ...]]] = field(default_factory=list)
    shown: list[tuple[int, int]] = field(default_factory=list)
    """Memories and characters of each default recall."""
    answers: list[float] = field(default_factory=list)
    """Share of each short answer's terms that is shown."""


def run_locomo(
    data: Path,
    *,
    embedder: Embedder,
    store_url: str = "",
    limit: int | None = None,
    progress: Progress = _silent,
) -> LocomoReport:
    """Run the benchmark.

    Args:
        data: A LoCoMo file, `.json` or `.json.gz`.
        embedder: The model to measure with.
        store_url: Where to keep the banks, each named after its conversation; default: a file that is removed.
        limit: Only the first so many conversations; default: all.
        progress: Told after every conversation taken in and every question asked.

    Raises:
        InputError: the file is not a LoCoMo file, or the store holds one of its conversations already.
    """
    conversations = load_locomo(data, limit=limit)
    total = sum(len(c.turns) + len(c.questions) for c in conversations)
    measured = _Measurements()
    timed = TimedEmbedder(embedder)
    embedder.embed(["A first text wakes the model up."])
    done = 0
    with tempfile.TemporaryDirectory(prefix="agentmem-bench-") as folder:
        url = store_url or f"sqlite:///{Path(folder).as_posix()}/locomo.db"
        for conversation in conversations:
            with Memory.open(url, bank=conversation.name, embedder=timed) as memory:
                progress(f"{conversation.name}: taking in {len(conversation.turns)} turns", done, total)
                _ingest(memory, conversation, embedder, measured)
                done += len(conversation.turns)
                for question in conversation.questions:
                    progress(f"{conversation.name}: asking", done, total)
                    _ask(memory, question, timed, measured)
                    done += 1
    progress("done", done, total)
    return _report(data, conversations, embedder, measured)


def ranked_turns(recalled: Recall) -> list[str]:
    """The distinct turns that the memories rest on, in order of the memories."""
    return list(dict.fromkeys(evidence.source for memory in recalled.memories for evidence in memory.evidence))


def turn_recall(ranked: Sequence[str], gold: frozenset[str]) -> tuple[float, ...]:
    """Share of the gold turns among the first k, for each k of CUTOFFS."""
    return tuple(len(gold.intersection(ranked[:k])) / len(gold) for k in CUTOFFS)


def _ingest(memory: Memory, conversation: Conversation, embedder: Embedder, measured: _Measurements) -> None:
    if memory.statistics().operations:
        raise InputError(
            f"bank {conversation.name!r} is not empty, so ingestion cannot be measured.",
            where=memory.store.url,
            hint="Give a new file as --store.",
        )
    started = time.perf_counter()
    embedder.embed([turn.text for turn in conversation.turns])
    embedded = time.perf_counter()
    memory.retain(conversation.turns)
    measured.embed_seconds += embedded - started
    measured.ingest_seconds += time.perf_counter() - embedded


def _ask(memory: Memory, question: Question, timed: TimedEmbedder, measured: _Measurements) -> None:
    embedding = timed.seconds
    started = time.perf_counter()
    recalled = memory.recall(question.text, k=max(CUTOFFS), all=True)
    taken = time.perf_counter() - started
    measured.recalls.append(taken)
    measured.bare_recalls.append(taken - (timed.seconds - embedding))
    measured.results.append((question, turn_recall(ranked_turns(recalled), question.evidence)))
    by_default = memory.recall(question.text)
    measured.shown.append((len(by_default.memories), len(by_default.context)))
    if 0 < len(question.answer.split()) <= SHORT and (wanted := frozenset(terms(question.answer))):
        measured.answers.append(len(wanted.intersection(terms(by_default.context))) / len(wanted))


def _report(
    data: Path, conversations: Sequence[Conversation], embedder: Embedder, measured: _Measurements
) -> LocomoReport:
    names = dict.fromkeys([*CATEGORIES.values(), *(question.category for question, _ in measured.results)])
    by_category = {name: [s for q, s in measured.results if q.category == name] for name in names}
    return LocomoReport(
        data=data.name,
        embedder=embedder.model,
        conversations=len(conversations),
        turns=sum(len(c.turns) for c in conversations),
        skipped=sum(c.skipped for c in conversations),
        overall=_mean([shares for _, shares in measured.results]),
        categories={name: _mean(shares) for name, shares in by_category.items() if shares},
        shown=_shown(measured),
        ingest_seconds=measured.ingest_seconds,
        embed_seconds=measured.embed_seconds,
        recall_ms=percentiles(measured.recalls),
        recall_without_embedding_ms=percentiles(measured.bare_recalls),
    )


def _shown(measured: _Measurements) -> Shown:
    memories, characters = zip(*measured.shown, strict=True) if measured.shown else ((0,), (0,))
    answers = np.asarray(measured.answers or [0.0])
    return Shown(
        memories=float(np.median(memories)),
        characters=float(np.mean(characters)),
        questions=len(measured.answers),
        answer_words=float(answers.mean()),
        whole_answers=float((answers >= 1.0).mean()),
    )


def percentiles(seconds: Iterable[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds; 0 if nothing was measured."""
    values = np.fromiter(seconds, dtype=np.float64) * 1000.0
    if not values.size:
        return {"p50": 0.0, "p95": 0.0}
    return {"p50": float(np.percentile(values, 50)), "p95": float(np.percentile(values, 95))}


def _mean(shares: Sequence[tuple[float, ...]]) -> TurnRecall:
    if not shares:
        return TurnRecall(questions=0, at=dict.fromkeys(CUTOFFS, 0.0))
    means = np.asarray(shares, dtype=np.float64).mean(axis=0)
    return TurnRecall(questions=len(shares), at=dict(zip(CUTOFFS, map(float, means), strict=True)))
