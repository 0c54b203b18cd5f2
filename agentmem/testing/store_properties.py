"""Properties of a store: whatever is written in whatever order, chains verify, heads are single, indexes are right.

Strategies and checks for tests with Hypothesis, which is not imported with the rest of `agentmem.testing`:

```python
@given(histories)
def test_after_any_history(history):
    with empty_store() as url, closing(open_store(url)) as store, closing(open_store(url)) as other:
        check_history(store, other, lambda: open_store(url), history)
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing as closing_store
from dataclasses import replace

from hypothesis import strategies as st

from agentmem.errors import ConflictError
from agentmem.records import (
    EVERY_STATUS,
    Change,
    Fact,
    Guard,
    IndexEntry,
    Kind,
    RelationshipType,
    Status,
    content_hash,
    verify_chain,
)
from agentmem.stores import KeySearch, Store, TextSearch, VectorSearch, View
from agentmem.testing.records import (
    BANK,
    TickingClock,
    adding,
    changeset,
    closed,
    closing,
    evolving,
    make_fact,
    relation,
    unit_vectors,
)

_VIEW = View(bank=BANK)
_VECTORS = unit_vectors(12, seed=4)
_KEYS = ("Anna|lives_in", "Ben|lives_in", "Anna|works_at")
_ACTIONS = ("state", "state", "state", "evolve", "unindex", "withdraw", "late")

Step = tuple[str, str, int]
"""What to do, under which key, with which vector."""

histories: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.sampled_from(_ACTIONS), st.sampled_from(_KEYS), st.integers(0, len(_VECTORS) - 1)), max_size=25
)
"""For `check_history`."""
texts: st.SearchStrategy[list[str]] = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=4
)
"""For `check_texts`: whatever UTF-8 can encode."""
_term = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp", "Lu", "Lt")), min_size=1, max_size=8
)
terms: st.SearchStrategy[list[str]] = st.lists(_term, min_size=1, max_size=6, unique=True)
"""For `check_terms`: words as the memory makes them, in lower case and without white space."""


class _Writer:
    """Decides like a memory would: a new statement under a key takes the place of the head that it read."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = TickingClock()
        self.count = 0

    def head(self, key: str) -> Fact | None:
        (hits,) = self.store.search(_VIEW, [KeySearch(keys=(key,))])
        assert len(hits) <= 1
        found = self.store.fetch(BANK, [hit.id for hit in hits]).values()
        return next((node for node in found if isinstance(node, Fact)), None)

    def change(self, action: str, key: str, number: int, head: Fact | None) -> Change | None:
        self.count += 1
        now = self.clock.now()
        entry = IndexEntry(terms=f"w{number} common", vector=_VECTORS[number])
        if action in ("state", "late"):
            return self.state(f"{self.count}", key, head, entry)
        if head is None:
            return None
        if action == "withdraw":
            return closing(head, Status.RETIRED, at=now)
        return evolving(
            replace(head, text=f"evolved {self.count}"), index=entry if action == "evolve" else IndexEntry()
        )

    def state(self, name: str, key: str, head: Fact | None, entry: IndexEntry) -> Change:
        now = self.clock.now()
        fact = make_fact(name, key=key, created_at=now, valid_from=now, version=head.version + 1 if head else 1)
        return replace(
            adding(
                fact,
                relationships=[relation(RelationshipType.SUPERSEDES, fact, head)] if head else [],
                states=[closed(head, Status.SUPERSEDED, at=now, valid_to=now)] if head else [],
            ),
            index=entry,
        )

    def step(self, action: str, key: str, number: int) -> None:
        head = self.head(key)
        change = self.change(action, key, number, head)
        if change is None:
            return
        guard = Guard(kind=Kind.FACT, key=key, heads=frozenset({head.id} if head else set()))
        if action == "late":  # somebody was faster: the decision rests on a head that is gone
            faster = self.state(f"faster-{self.count}", key, head, IndexEntry(terms="faster"))
            self.store.commit(changeset(faster, guards=[guard]))
            before = self.store.head(BANK)
            try:
                self.store.commit(changeset(change, guards=[guard]))
            except ConflictError:
                assert self.store.head(BANK) == before
                return
            raise AssertionError("a late decision was accepted")
        self.store.commit(changeset(change, guards=[guard]))


def check_history(store: Store, other: Store, reopen: Callable[[], Store], history: Sequence[Step]) -> None:
    """Two openings write in turn; chain, heads and indexes are then right, in both and in a third one.

    Args:
        store: Opened on an empty place.
        other: The same place, opened again.
        reopen: Opens it once more.
        history: What they write.
    """
    writers = [_Writer(store), _Writer(other)]
    for number, step in enumerate(history):
        writer = writers[number % 2]
        writer.count = number
        writer.step(*step)
        _found(store, _VIEW)  # brings the index further after every step
    operations = store.operations(BANK)
    assert verify_chain(operations) is None
    assert [operation.seq for operation in operations] == list(range(1, len(operations) + 1))
    everything = View(bank=BANK, statuses=EVERY_STATUS)
    with closing_store(reopen()) as fresh:
        for view in (_VIEW, everything, View(bank=BANK, known_at=TickingClock().now())):
            assert _found(store, view) == _found(other, view) == _found(fresh, view)
    for node in store.scan(everything):
        newest = store.fetch(BANK, [node.id])[node.id]
        assert content_hash(newest) == content_hash(node)


def check_texts(store: Store, given: Sequence[str]) -> None:
    """Any text comes back from any field of an empty store, and a key finds exactly its own nodes."""
    facts = [make_fact(f"{n}", text=text, key=text, source=text, metadata={"m": text}) for n, text in enumerate(given)]
    store.commit(changeset(*(adding(fact, reason=fact.text, evidence=(fact.text,)) for fact in facts)))
    assert store.fetch(BANK, [fact.id for fact in facts]) == {fact.id: fact for fact in facts}
    assert [o.reason for o in store.operations(BANK)] == list(given)
    assert verify_chain(store.operations(BANK)) is None
    for fact in facts:
        hits = store.search(_VIEW, [KeySearch(keys=(fact.key,))])[0]
        assert {hit.id for hit in hits} == {other.id for other in facts if other.key == fact.key and fact.key}


def check_terms(store: Store, given: Sequence[str]) -> None:
    """Every term of an empty store finds exactly its node."""
    store.commit(changeset(*(adding(make_fact(f"{n}"), terms=term) for n, term in enumerate(given))))
    for number, term in enumerate(given):
        (hits,) = store.search(_VIEW, [TextSearch(terms=(term,), k=10)])
        assert [hit.id for hit in hits] == [f"fact-{number}"]


def _found(store: Store, view: View) -> object:
    searches = [VectorSearch(vector=vector, k=7) for vector in _VECTORS[:4]]
    return store.search(view, [*searches, TextSearch(terms=("w1", "w2", "common", "faster"), k=50)])
