"""Conformance: nodes come back as they were written; ids, pages and big batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from agentmem.records import EVERY_STATUS, Fact, Kind, Node, RelationshipType, Status
from agentmem.stores import Store, View
from agentmem.testing.records import (
    BANK,
    START,
    adding,
    changeset,
    days,
    linking,
    make_episode,
    make_fact,
    make_node,
    relation,
)
from agentmem.testing.store_suite import StoreSuite

_STRANGE_TEXTS = [
    "",
    " leading and trailing \n\t",
    'it\'s "quoted"; DROP TABLE nodes; -- %_*?',
    "漢字かな交じり文 العربية हिन्दी ไทย",
    "👩‍👩‍👧‍👦 🇦🇶 e\u0301 \u200b\ufeff",
    "a NUL \x00 in the middle",
    "\x01\x1f\x7f\u2028\ud7ff\uffff",
    "long " * 200_000,
]


class ReadConformance(StoreSuite):
    """fetch, resolve and scan."""

    @pytest.mark.parametrize("kind", list(Kind))
    def test_every_field_of_every_kind_is_kept(self, store: Store, kind: Kind) -> None:
        node = _filled(kind)
        store.commit(changeset(adding(node)))
        assert store.fetch(BANK, [node.id]) == {node.id: node}
        assert store.scan(View(bank=BANK, statuses=EVERY_STATUS)) == [node]

    @pytest.mark.parametrize("kind", list(Kind))
    def test_a_node_of_defaults_is_kept(self, store: Store, kind: Kind) -> None:
        node = make_node(kind, "bare")
        store.commit(changeset(adding(node)))
        assert store.fetch(BANK, [node.id]) == {node.id: node}

    @pytest.mark.parametrize("text", _STRANGE_TEXTS, ids=range(len(_STRANGE_TEXTS)))
    def test_any_text_is_kept(self, store: Store, text: str) -> None:
        a = make_node(Kind.NOTE, "a", text=text, context=text, tags=(text, "x"), source=text, metadata={"m": text})
        b = make_fact("b", key=text, subject=text)
        store.commit(
            changeset(
                adding(a, reason=text, evidence=(text,)),
                adding(b, relationships=[relation(RelationshipType.DERIVED_FROM, b, a, reason=text)]),
            )
        )
        assert store.fetch(BANK, [a.id, b.id]) == {a.id: a, b.id: b}
        assert store.operations(BANK)[0].reason == text
        assert store.neighbourhood(View(bank=BANK), [b.id]).relationships[0].properties == {"reason": text}

    @pytest.mark.parametrize(
        "moment",
        [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(476, 9, 4, 12, tzinfo=UTC),
            datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2024, 6, 1, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-7, minutes=-30))),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ],
    )
    def test_any_time_is_kept_to_the_microsecond(self, store: Store, moment: datetime) -> None:
        node = make_fact("a", at=moment, valid_from=moment, valid_to=moment, created_at=moment, closed_at=moment)
        store.commit(changeset(adding(node)))
        assert store.fetch(BANK, [node.id])[node.id] == node

    def test_fetch_shows_any_status_and_leaves_out_the_unknown(self, store: Store) -> None:
        nodes = [make_fact(status.value, status=status) for status in Status]
        store.commit(changeset(*map(adding, nodes)))
        wanted = [nodes[3].id, "fact-unknown", *(node.id for node in nodes), nodes[0].id, ""]
        assert store.fetch(BANK, wanted) == {node.id: node for node in nodes}
        assert store.fetch(BANK, []) == {}

    def test_thousands_of_ids(self, store: Store) -> None:
        nodes = [make_fact(f"{number:05}") for number in range(3_000)]
        store.commit(changeset(*map(adding, nodes)))
        ids = [node.id for node in nodes]
        assert list(store.fetch(BANK, ids + [f"fact-unknown-{number}" for number in range(3_000)])) == ids
        links = [relation(RelationshipType.NEXT, a, b) for a, b in pairwise(nodes)]
        store.commit(changeset(linking(nodes[0], *links)))
        around = store.neighbourhood(View(bank=BANK), ids)
        assert len(around.relationships) == len(links)
        assert len(around.nodes) == len(nodes)

    def test_resolve_finds_ids_by_their_beginning(self, store: Store) -> None:
        for id_ in ("ab1", "ab2", "Ab3", "a%b", "a_b", "zebra", "zebré"):
            store.commit(changeset(adding(Fact(id=id_, bank=BANK, text="", created_at=START))))
        assert store.resolve(BANK, "ab") == ["ab1", "ab2"]
        assert store.resolve(BANK, "a%") == ["a%b"]
        assert store.resolve(BANK, "a_") == ["a_b"]
        assert store.resolve(BANK, "zebré") == ["zebré"]
        assert store.resolve(BANK, "zeb", limit=1) == ["zebra"]
        assert store.resolve(BANK, "q") == []
        assert store.resolve("nobody", "a") == []
        assert store.resolve(BANK, "", limit=2) == ["Ab3", "a%b"]

    def test_scan_walks_over_all_in_pages(self, store: Store) -> None:
        nodes: list[Node] = [make_fact(f"{number:03}") for number in range(25)]
        hidden = make_fact("010b", status=Status.RETIRED)
        episode = make_episode("x")
        store.commit(changeset(*map(adding, [*reversed(nodes), hidden, episode])))
        view = View(bank=BANK, kinds=frozenset({Kind.FACT}))
        pages, after_id = [], ""
        while page := store.scan(view, after_id=after_id, limit=10):
            pages.append(page)
            after_id = page[-1].id
        assert [len(page) for page in pages] == [10, 10, 5]
        assert [node for page in pages for node in page] == nodes
        assert store.scan(view, limit=0) == []


def _filled(kind: Kind) -> Node:
    own: dict[Kind, dict[str, object]] = {
        Kind.EPISODE: {"speaker": "Anna", "position": 3, "origin": "chat"},
        Kind.NOTE: {"context": "c", "keywords": ("k", "l"), "tags": ("t",)},
        Kind.ENTITY: {"entity_type": "person", "summary": "s"},
        Kind.FACT: {
            "experience": True,
            "subject": "s",
            "predicate": "p",
            "object": "o",
            "functional": True,
            "ordinal": 2,
        },
        Kind.BELIEF: {"confidence": 0.25, "holder": "h", "rationale": "r"},
        Kind.INSIGHT: {"applies_when": "w", "score": -1, "lesson": True},
        Kind.QUERY: {"outcome": "done", "reward": 1.0, "key_steps": ("a", "b"), "plan": "{}", "answer": "42"},
        Kind.STEP: {"name": "n", "order": 4, "outcome": "failed", "output": "o", "attempts": 2},
        Kind.INTERACTION: {"role": "tool", "action": "a", "observation": "o", "reward": 0.5},
    }
    return make_node(
        kind,
        "full",
        text="full text",
        created_at=days(0.5),
        at=days(1),
        valid_from=days(2),
        valid_to=days(3),
        status=Status.SUPERSEDED,
        closed_at=days(4),
        valid_to_before=days(5),
        version=7,
        importance=0.125,
        trust=0.75,
        source="s",
        agent="a",
        run_id="r",
        key="k",
        metadata={"text": "x", "int": 1, "float": 1.5, "bool": False},
        **own[kind],
    )
