from __future__ import annotations

from agentmem.records import (
    INDEXED,
    KINDS,
    LEARNED,
    NODE_TYPES,
    RECALLED,
    REFLECTED,
    RETAINED,
    SHOWN_FOR_EVIDENCE,
    Kind,
)


def test_every_kind_has_one_row_and_one_record() -> None:
    assert set(KINDS) == set(Kind) == set(NODE_TYPES)


def test_what_follows_from_the_table() -> None:
    assert {Kind.EPISODE, Kind.NOTE, Kind.FACT, Kind.BELIEF} == RECALLED
    assert {Kind.NOTE, Kind.FACT, Kind.BELIEF} == SHOWN_FOR_EVIDENCE
    assert {Kind.EPISODE, Kind.NOTE, Kind.ENTITY, Kind.FACT} == RETAINED
    assert {Kind.EPISODE, Kind.NOTE, Kind.FACT} == REFLECTED
    assert {Kind.FACT, Kind.BELIEF, Kind.INSIGHT, Kind.QUERY} == LEARNED
    assert {Kind.EPISODE, Kind.NOTE, Kind.ENTITY, Kind.FACT, Kind.QUERY} == INDEXED
    ranks = [KINDS[kind].rank for kind in (Kind.FACT, Kind.BELIEF, Kind.INSIGHT, Kind.NOTE, Kind.EPISODE)]
    assert ranks == sorted(set(ranks))
