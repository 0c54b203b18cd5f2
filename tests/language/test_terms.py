from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from agentmem.language import terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where does Anna live now?", ["anna", "live"]),
        ("She was running and runs", ["run", "run"]),
        ("O'Brien's dog doesn't bark", ["obrien", "dog", "bark"]),
        ("It\u2019s the cats\u2019 house", ["cat", "hous"]),
        ("2,000 euros and 3.5 percent", ["2000", "euro", "3.5", "percent"]),
        ("José lives in Bogotá", ["jose", "live", "bogota"]),
        ("東京に住む", ["東京", "京に", "に住", "住む"]),
        ("हिन्दी", ["हिन्दी"]),
        ("the of and", []),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_forms_of_a_word_meet() -> None:
    assert terms("moved") == terms("moving") == terms("moves")


def test_accents_do_not_separate() -> None:
    assert terms("Zürich café") == terms("Zurich cafe")


def test_threads_get_the_same_terms() -> None:
    endings = ("ational", "iveness", "ization", "fulness", "ously")
    words = [f"{a}{b}{c}{d}{end}" for a in "bdfg" for b in "aeiou" for c in "lmnr" for d in "aeio" for end in endings]
    texts = [" ".join(words[start:] + words[:start]) for start in range(0, len(words), 400)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        together = list(pool.map(terms, texts))  # no word was stemmed before
    assert together == [terms(text) for text in texts]
