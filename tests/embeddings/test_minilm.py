"""The graph and its embedder, on a small BERT made here and on the real weights where they are in the cache."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agentmem.embeddings import Matrix, open_embedder
from agentmem.embeddings.graph_cache import has_graph, load_graph, save_graph
from agentmem.embeddings.minilm import MiniLMEmbedder
from agentmem.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.embeddings.conftest import Reference, TinyModel

TEXTS = [
    "Anna works at Acme in Berlin.",
    "where does anna work",
    "The cat sat on a mat, the cat moved to Berlin, " * 40,
    "",
    "zzz",
    " \n\x00",
    "Anna moved",
]


@pytest.fixture
def embedder(tiny: TinyModel, tmp_path: Path) -> MiniLMEmbedder:
    return MiniLMEmbedder(tiny.folder, graphs=tmp_path, source=tiny.source, notify=print)


def test_vectors_are_those_of_the_forward_pass_written_out(
    embedder: MiniLMEmbedder, tiny: TinyModel, reference: Reference
) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 32)
    assert vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        if text.strip(" \n\x00"):
            np.testing.assert_allclose(vector, reference(tiny.folder, text), atol=2e-5)
        else:
            assert not vector.any()


def test_order_and_company_do_not_change_a_vector(embedder: MiniLMEmbedder) -> None:
    texts = [" ".join(["cat", "sat", "anna", "on"][: 1 + i % 4] * (1 + i % 7)) for i in range(100)]
    together = embedder.embed(texts)
    np.testing.assert_allclose(embedder.embed(texts[::-1])[::-1], together, atol=1e-5)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_nothing_in_nothing_out_and_nothing_loaded(embedder: MiniLMEmbedder, tmp_path: Path) -> None:
    assert embedder.embed([]).shape == (0, 32)
    assert embedder.embed(["", "  "]).tolist() == [[0.0] * 32] * 2
    assert not has_graph(tmp_path)


@pytest.mark.parametrize("text", ["half a pair \ud800", "🎉", "x" * 1_000_000, "cat " * 250_000, "[PAD] [MASK]", "語"])
def test_odd_texts_have_a_vector(embedder: MiniLMEmbedder, text: str) -> None:
    assert np.linalg.norm(embedder.embed([text])) == pytest.approx(1, abs=1e-5)


def test_many_threads_from_a_cold_start_agree(embedder: MiniLMEmbedder) -> None:
    results: list[Matrix] = []
    threads = [threading.Thread(target=lambda: results.append(embedder.embed(TEXTS))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    for result in results:
        np.testing.assert_allclose(result, results[0], atol=1e-6)


def test_the_graph_is_built_once_and_again_when_damaged(tiny: TinyModel, tmp_path: Path) -> None:
    def embed() -> Matrix:
        return MiniLMEmbedder(tiny.folder, graphs=tmp_path, source=tiny.source, notify=print).embed(["anna"])

    first = embed()
    (kept,) = tmp_path.iterdir()
    good = kept.read_bytes()
    stamp = kept.stat().st_mtime_ns
    embed()
    assert kept.stat().st_mtime_ns == stamp, "not built again"
    for damaged in (good[:-100], good[:500] + b"\0" + good[501:], b""):
        kept.write_bytes(damaged)
        np.testing.assert_array_equal(embed(), first)
        assert kept.read_bytes() == good
    assert list(tmp_path.iterdir()) == [kept]


def test_a_graph_of_another_version_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / f"graph-v0-{'0' * 64}.onnx"
    other.write_bytes(b"older")
    assert load_graph(tmp_path) is None
    kept = save_graph(tmp_path, b"new")
    assert load_graph(tmp_path) == b"new"
    assert sorted(tmp_path.iterdir()) == sorted([other, kept])


def test_a_graph_that_cannot_be_kept_still_works_and_it_is_said(tiny: TinyModel, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    lines: list[str] = []
    embedder = MiniLMEmbedder(tiny.folder, graphs=blocked, source=tiny.source, notify=lines.append)
    assert embedder.embed(["anna"]).any()
    assert "cannot be kept" in lines[0]


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"damaged", None])
def test_files_damaged_after_opening_are_not_used(
    tiny: TinyModel, tmp_path: Path, name: str, content: bytes | None
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny.folder, folder)
    embedder = MiniLMEmbedder(folder, source=tiny.source, notify=print)
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        embedder.embed(["anna"])
    assert caught.value.where == str(folder / name)


@pytest.mark.minilm
def test_minilm_gives_the_vectors_of_the_forward_pass_written_out(
    minilm_folder: Path, tmp_path: Path, reference: Reference
) -> None:
    texts = ["Where does Anna work now?", "Zürich, 東京 and 🎉: 3.5% of it.", "One sentence after another. " * 80]
    vectors = MiniLMEmbedder(minilm_folder, graphs=tmp_path, notify=print).embed(texts)
    for text, vector in zip(texts, vectors, strict=True):
        assert float(vector @ reference(minilm_folder, text)) > 0.99999


@pytest.mark.minilm
def test_minilm_knows_meanings(minilm_folder: Path) -> None:
    embedder = open_embedder("auto", cache=minilm_folder.parent.parent, stamped="all-MiniLM-L6-v2", notify=pytest.fail)
    assert (embedder.model, embedder.dimension) == ("all-MiniLM-L6-v2", 384)
    home, near, far = embedder.embed(["She bought a house", "They purchased their home", "The stock market fell"])
    assert home @ near > 0.5 > 0.3 > home @ far
    assert np.linalg.norm(near) == pytest.approx(1, abs=1e-5)
