from __future__ import annotations

from agentmem.bench.opening import run_opening


def test_a_fresh_process_opens_the_store_and_answers() -> None:
    report = run_opening(memories=50)
    assert report.memories >= 50
    assert report.process_seconds > report.import_seconds > 0
    assert report.as_dict()["benchmark"] == "opening"
    assert "memories" in report.lines()[0]
