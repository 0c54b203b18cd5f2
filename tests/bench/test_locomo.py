from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agentmem.bench.locomo import percentiles, run_locomo, turn_recall
from agentmem.bench.locomo_data import evidence_ids, load_locomo
from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError
from agentmem.memory import Memory


def turn(number: str, speaker: str, text: str, **more: str) -> dict[str, str]:
    return {"dia_id": number, "speaker": speaker, "text": text, **more}


def conversation() -> dict[str, Any]:
    return {
        "sample_id": "conv-1",
        "conversation": {
            "speaker_a": "Mia",
            "speaker_b": "Jon",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                turn("D1:1", "Mia", "I adopted a small grey rabbit called Pepper."),
                turn("D1:2", "Jon", "How sweet! I only have tomatoes.", blip_caption="a basket of red tomatoes"),
            ],
            "session_10_date_time": "10:05 am on 2 June, 2023",
            "session_10": [turn("D10:1", "Jon", "My kiln exploded during the pottery class.")],
            "session_2_date_time": "9:00 am on 20 May, 2023",
            "session_2": [turn("D2:01", "Mia", "We booked the ferry to Corsica.")],
        },
        "qa": [
            {"question": "What is the name of Mia's rabbit?", "answer": "Pepper", "evidence": ["D1:1"], "category": 4},
            {
                "question": "Where will Mia go by ferry, and who grows tomatoes?",
                "answer": "Corsica",
                "evidence": ["D2:1; D1:2"],
                "category": 1,
            },
            {
                "question": "What happened to the kiln?",
                "evidence": ["D:10:01"],
                "category": 5,
                "adversarial_answer": "",
            },
            {"question": "Who sings?", "answer": "nobody", "evidence": ["D"], "category": 3},
            {"question": "Who dances?", "answer": "nobody", "evidence": ["D77:1"], "category": 3},
        ],
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "locomo.json.gz"
    path.write_bytes(gzip.compress(json.dumps([conversation()]).encode()))
    return path


def test_evidence_ids_of_every_form() -> None:
    assert evidence_ids(["D8:6; D9:17"]) == {"D8:6", "D9:17"}
    assert evidence_ids(["D:11:26", "D30:05"]) == {"D11:26", "D30:5"}
    assert evidence_ids("D1:2") == {"D1:2"}
    assert evidence_ids(["D", ""]) == frozenset()


def test_loading_orders_sessions_by_number_and_appends_captions(data: Path) -> None:
    (loaded,) = load_locomo(data)
    assert [message.id for message in loaded.turns] == ["D1:1", "D1:2", "D2:1", "D10:1"]
    assert loaded.turns[1].text == "How sweet! I only have tomatoes. [shares a photo: a basket of red tomatoes]"
    assert loaded.turns[0].at is not None
    assert loaded.turns[0].at.isoformat() == "2023-05-08T13:56:00+00:00"
    assert [q.category for q in loaded.questions] == ["single-hop", "multi-hop", "adversarial"]
    assert loaded.skipped == 2


def test_gold_never_reaches_the_memory(data: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    run_locomo(data, embedder=HashingEmbedder(), store_url=url)
    with Memory.open(url, bank="conv-1", embedder=HashingEmbedder()) as memory:
        said = " ".join(message.text for message in load_locomo(data)[0].turns)
        for memory_ in memory.recall("nobody answer evidence category", k=50).memories:
            assert "nobody" not in memory_.text
        assert "nobody" not in said


def test_a_run_measures_recall_rates_and_times(data: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = run_locomo(data, embedder=HashingEmbedder(), progress=lambda *step: told.append(step))
    shape = report.as_dict()
    assert shape["recall"]["all"] == {"questions": 3, "5": 1.0, "10": 1.0, "20": 1.0}
    assert list(shape["recall"]) == ["all", "multi-hop", "single-hop", "adversarial"]
    assert (shape["turns"], shape["questions"], shape["skipped"]) == (4, 3, 2)
    assert shape["ingest"]["turns_per_second"] > 0
    assert shape["recall_ms"]["p50"] >= shape["recall_without_embedding_ms"]["p50"] > 0
    assert json.loads(json.dumps(shape)) == shape
    assert told[-1] == ("done", 7, 7)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    header, rows = report.table()
    assert header[0] == "category"
    assert rows[-1][0] == "all"
    assert len(report.lines()) == 4


def test_a_run_tells_what_is_shown_and_which_answers_stand_in_it(data: Path) -> None:
    shown = run_locomo(data, embedder=HashingEmbedder()).as_dict()["shown"]
    assert (shown["questions"], shown["answer_words"], shown["whole_answers"]) == (2, 1.0, 1.0)
    assert 1 <= shown["memories"] <= 3
    assert 0 < shown["characters"] < 400


def test_an_answer_that_nobody_gave_is_not_shown(tmp_path: Path) -> None:
    spoiled = conversation()
    spoiled["qa"][0]["answer"] = "Pepper or Zebulon"
    spoiled["qa"][1]["answer"] = "a very long answer of more than five words"
    file = tmp_path / "spoiled.json"
    file.write_text(json.dumps([spoiled]))
    shown = run_locomo(file, embedder=HashingEmbedder()).as_dict()["shown"]
    assert (shown["questions"], shown["answer_words"], shown["whole_answers"]) == (1, 0.5, 0.0)


def test_a_bank_that_is_not_empty_is_refused(data: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    run_locomo(data, embedder=HashingEmbedder(), store_url=url)
    with pytest.raises(InputError, match="not empty"):
        run_locomo(data, embedder=HashingEmbedder(), store_url=url)


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"{}", b"[]", b'[{"sample_id": "a"}]', b"[1]", b"\x1f\x8bbroken"]
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="other"):
        load_locomo(path)
    with pytest.raises(InputError, match="missing"):
        load_locomo(tmp_path / "missing.json")


def test_turn_recall_counts_distinct_gold_turns() -> None:
    ranked = [f"t{i}" for i in range(30)]
    assert turn_recall(ranked, frozenset({"t0", "t7"})) == (0.5, 1.0, 1.0)
    assert turn_recall([], frozenset({"t0"})) == (0.0, 0.0, 0.0)


def test_percentiles_are_milliseconds() -> None:
    assert percentiles([0.001, 0.003]) == pytest.approx({"p50": 2.0, "p95": 2.9})
    assert percentiles([]) == {"p50": 0.0, "p95": 0.0}
