"""Memory: the facade over the write path and the read path. It delegates and decides nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agentmem.embeddings import Embedder, open_embedder
from agentmem.errors import EmbeddingMismatch, InputError, NotFound
from agentmem.memory.journal import (
    LogEntry,
    Replaced,
    Retained,
    read_changes,
    read_log,
)
from agentmem.memory.mind import Mind, rules
from agentmem.memory.networkx_view import to_networkx
from agentmem.memory.portrait import Portrait, portrait_of
from agentmem.memory.recalling.read_path import ReadPath
from agentmem.memory.recalling.recall import recall
from agentmem.memory.recalling.recalled import Recall
from agentmem.memory.reflecting.reflect import Answer, reflect
from agentmem.memory.retaining.evidence import Message, Provenance
from agentmem.memory.retaining.retain import WritePath, retain
from agentmem.memory.retaining.trust import PERSON, trust_of
from agentmem.memory.verifying.verification import Verification, verify
from agentmem.records import Clock, Kind, Node, SystemClock
from agentmem.stores import JournalFilter, Statistics, Store, open_store, require_whole

if TYPE_CHECKING:
    import networkx

DEFAULT_BANK = "default"


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One bank of one store, as one agent sees it. Safe to use from several threads.

    ```python
    with Memory.open("sqlite:///team.db", bank="product") as memory:
        memory.retain("Anna moved to Lisbon.")
        print(memory.reflect("Where does Anna live?").answer)
    ```
    """

    store: Store
    """Where it is kept."""
    embedder: Embedder
    """What makes vectors."""
    bank: str = DEFAULT_BANK
    """The tenant."""
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state
    """Transaction time."""
    agent: str = ""
    """In whose name it writes."""
    run_id: str = ""
    """The run that it writes for."""
    mind: Mind = field(default_factory=rules)
    """What it decides with."""
    aliases: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """What names were seen to mean, so that the write path asks for it at once. Nothing rests on it."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        bank: str = DEFAULT_BANK,
        embedder: Embedder | None = None,
        clock: Clock | None = None,
        agent: str = "",
        run_id: str = "",
        user: str = "",
        password: str = "",
        mind: Mind | None = None,
        notify: Callable[[str], None] = _to_stderr,
    ) -> Self:
        """Open a store, creating it if it is not there.

        Args:
            url: `sqlite:///relative/path`, `sqlite:////absolute/path`, `sqlite:///:memory:`, or
                `neo4j://[user[:password]@]host[:port][/database]`.
            bank: The tenant to read and write.
            embedder: Default: the model that filled the store; for a new one MiniLM, or hashing if it cannot be had.
            clock: Default: the machine's.
            agent: In whose name to write.
            run_id: The run to write for.
            user: Who opens a server, if the URL does not say.
            password: That user's password.
            mind: What it decides with; default: rules.
            notify: Receives the few lines a person should see; default: standard error.

        Raises:
            InputError: the bank's name is empty, or holds line breaks or other control characters.
            EmbeddingMismatch: the store was filled by another embedding model.
            IncompleteBank: a migration or an import into the bank was broken off.
            StoreError: the store cannot be used.
        """
        if not bank.strip():
            raise InputError("the bank needs a name.", hint=f"For example: {DEFAULT_BANK}.")
        if not bank.isprintable():
            raise InputError("a bank's name is one line of printable characters.", where=repr(bank))
        store = open_store(url, user=user, password=password)
        try:
            require_whole(store, bank)
            stamped = store.embedding
            chosen = embedder or open_embedder("auto", stamped=stamped.model if stamped else None, notify=notify)
            require_same_model(store, chosen)
        except BaseException:
            store.close()
            raise
        return cls(
            store=store,
            embedder=chosen,
            bank=bank,
            clock=clock or SystemClock(),
            agent=agent,
            run_id=run_id,
            mind=mind or rules(),
        )

    def bound(self, *, agent: str, run_id: str) -> Self:
        """The same memory in the name of another agent and run. Closing either closes the store of both."""
        return replace(self, agent=agent, run_id=run_id)

    def retain(
        self,
        content: str | Message | Sequence[Message],
        *,
        source: str = "",
        at: datetime | None = None,
        trust: float | str = PERSON,
    ) -> Retained:
        """Take in text or a conversation and learn from it. The same input again changes nothing.

        Words without an id that come again after the same source changed what they said are said anew. A turn that
        cannot be read is kept and named in `unread`; the rest is learned.

        Args:
            content: A text, a message or a conversation in order. Long texts are cut into chunks at paragraphs.
            source: Where it comes from: a path, an address, the name of a conversation.
            at: When it was said or written, for what has no date of its own. Without a source, default: now.
            trust: `person` (1.0), `document` (0.5) or a number in [0, 1]. Text never changes, ends or forgets what is
                more trusted than itself. Default: a person's word; say `document` for files, pages and tool output.

        Raises:
            InputError: the text is empty, `trust` is no degree of trust, or a time lies outside of the calendar.
        """
        return retain(self.write_path(), content, self.provenance(source=source, at=at, trust=trust))

    def provenance(self, *, source: str = "", at: datetime | None = None, trust: float | str = PERSON) -> Provenance:
        """Where something comes from that is taken in here, as the arguments of `retain` say it.

        Raises:
            InputError: `trust` is no degree of trust.
        """
        trusted = trust_of(trust)
        return Provenance(bank=self.bank, source=source, at=at, trust=trusted, agent=self.agent, run_id=self.run_id)

    def recall(
        self,
        query: str,
        *,
        k: int = 10,
        token_budget: int = 4096,
        kinds: frozenset[Kind] | None = None,
        valid_at: datetime | None = None,
        known_at: datetime | None = None,
        all: bool = False,
        explain: bool = False,
    ) -> Recall:
        """The memories that matter for a query, best first, and a context packed from them. Writes nothing.

        Args:
            query: A question or keywords; its first 10,000 characters are read.
            k: How many memories at most; what scores far below the best is left out.
            token_budget: Size of the packed context, in tokens.
            kinds: Restrict to these labels; default: claims and Episodes.
            valid_at: What was true in the world then; default: the current view.
            known_at: What the memory knew then; default: now.
            all: Fill up to `k` with what scores far below the best, too.
            explain: Say of each memory what each channel scored (`by`), and what was found and not shown
                (`Recall.left_out`).

        Raises:
            InputError: the query is empty or `k` is not positive.
        """
        return recall(
            self.read_path(),
            query,
            k=k,
            token_budget=token_budget,
            kinds=kinds,
            valid_at=valid_at,
            known_at=known_at,
            all=all,
            explain=explain,
        )

    def reflect(self, question: str) -> Answer:
        """An answer from recalled evidence with the memories it rests on, or an honest "Not known."."""
        return reflect(self.read_path(), question, answerer=self.mind.answerer)

    def get(self, id_or_prefix: str) -> Node:
        """A node by its id or the unambiguous beginning of one, whatever its status.

        Raises:
            NotFound: no node of this bank begins so, or several do.
        """
        wanted = id_or_prefix.strip()
        ids = self.store.resolve(self.bank, wanted) if wanted else []
        exact = [wanted] if wanted in ids else ids
        if len(exact) == 1:
            return self.store.fetch(self.bank, exact)[exact[0]]
        where = f"bank {self.bank}"
        if not exact:
            raise NotFound(f"no memory has the id {wanted!r}.", where=where, hint="`agentmem log` lists ids.")
        raise NotFound(f"several ids begin with {wanted!r}: {', '.join(exact)}.", where=where, hint="Give more of it.")

    def explain(self, id_or_prefix: str) -> Portrait:
        """One memory with what it rests on, its versions, what it is related to, and all that was done to it.

        Raises:
            NotFound: as `get`.
        """
        return portrait_of(self.store, self.get(id_or_prefix))

    def log(self, where: JournalFilter | None = None, *, limit: int | None = None) -> list[LogEntry]:
        """Every change of this bank, oldest first; with `limit`, the newest ones."""
        return read_log(self.store, self.bank, where, limit=limit)

    def changes(self, *, run_id: str = "", limit: int = 100) -> list[Replaced]:
        """What stopped being true and what took its place, oldest first; with `run_id`, what that run changed."""
        return read_changes(self.store, self.bank, run_id=run_id, limit=limit)

    def to_networkx(
        self,
        ids: Collection[str] | None = None,
        *,
        depth: int = 1,
        kinds: Collection[Kind] | None = None,
        valid_at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> networkx.MultiDiGraph[str]:
        """A subgraph: nodes by id with their fields as attributes, an edge for each relationship with its type as key.

        Args:
            ids: Where to start, such as those of recalled memories; default: every memory of the view.
            depth: How many hops to walk from them; 0 gives the nodes alone.
            kinds: Restrict the nodes that are reached to these labels.
            valid_at: What was true in the world then; default: the current view.
            known_at: What the memory knew then; default: now.

        Raises:
            InputError: the depth is negative.
            MissingExtra: networkx is not installed.
        """
        return to_networkx(self.store, self.bank, ids, depth=depth, kinds=kinds, valid_at=valid_at, known_at=known_at)

    def verify(self) -> Verification:
        """Compare what this bank holds with its journal and name what differs; see `verifying.verify`.

        Raises:
            ConflictError: the bank was written to all the time.
            StoreCorrupt: what the store holds cannot be read at all.
        """
        return verify(self.store, self.bank, embedder=lambda: self.embedder)

    def statistics(self) -> Statistics:
        """Counts of this bank."""
        return self.store.statistics(self.bank)

    def read_path(self) -> ReadPath:
        """What recall and reflect look with."""
        return ReadPath(
            store=self.store,
            bank=self.bank,
            embedder=self.embedder,
            clock=self.clock,
            reranker=self.mind.reranker,
        )

    def write_path(self) -> WritePath:
        """The steps of `retain`, for who runs them one by one."""
        return WritePath(
            store=self.store,
            embedder=self.embedder,
            extractor=self.mind.extractor,
            decider=self.mind.decider,
            clock=self.clock,
            bank=self.bank,
            agent=self.agent,
            run_id=self.run_id,
            aliases=self.aliases,
        )

    def close(self) -> None:
        """Release the store."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def require_same_model(store: Store, embedder: Embedder) -> None:
    """Refuse to mix vectors of two models.

    Raises:
        EmbeddingMismatch: the store was filled by another model.
    """
    stamp = store.embedding
    if stamp is None or (stamp.model, stamp.dimension) == (embedder.model, embedder.dimension):
        return
    raise EmbeddingMismatch(
        f"the store was filled with {stamp.model} ({stamp.dimension} dimensions), not with {embedder.model} "
        f"({embedder.dimension}).",
        where=store.url,
        hint=f"Open it with {stamp.model}, or run `agentmem reembed --store {store.url}` to embed it anew.",
    )
