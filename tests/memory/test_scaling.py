from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentmem.memory.recalling.scaling import scaled_keyword, scaled_semantic
from agentmem.records import Kind
from agentmem.stores import Hit

scores = st.floats(min_value=-1.0, max_value=50.0, allow_nan=False)


def hits_of(values: list[float]) -> list[Hit]:
    return [Hit(f"n{i:03}", score, Kind.EPISODE) for i, score in enumerate(sorted(values, reverse=True))]


@given(st.lists(scores, max_size=30), st.integers(min_value=1, max_value=30))
def test_scaled_scores_lie_in_the_unit_interval_and_keep_the_order(values: list[float], limit: int) -> None:
    hits = hits_of(values)
    for scaled in (scaled_keyword([h for h in hits if h.score > 0], limit=limit), scaled_semantic(hits)):
        assert all(0.0 <= value <= 1.0 for value in scaled.values())
        in_order = [scaled[hit.id] for hit in hits if hit.id in scaled]
        assert in_order == sorted(in_order, reverse=True)


def test_the_best_hit_is_one_and_a_lone_hit_counts() -> None:
    assert scaled_keyword(hits_of([7.0]), limit=200) == {"n000": 1.0}
    assert scaled_semantic(hits_of([0.4])) == {"n000": 1.0}
    assert scaled_semantic(hits_of([0.8, 0.2]))["n001"] == 0.0


def test_a_full_list_starts_at_its_last_hit() -> None:
    assert scaled_keyword(hits_of([10.0, 4.0]), limit=2) == {"n000": 1.0, "n001": 0.0}
    assert scaled_keyword(hits_of([10.0, 4.0]), limit=3) == {"n000": 1.0, "n001": 0.4}


def test_nearly_equal_hits_stay_nearly_equal() -> None:
    scaled = scaled_semantic(hits_of([0.45, 0.44]))
    assert scaled["n001"] > 0.9


def test_nothing_found_and_no_likeness_give_nothing() -> None:
    assert scaled_keyword([], limit=10) == {}
    assert scaled_semantic([]) == {}
    assert scaled_semantic(hits_of([0.0, -0.2])) == {}
