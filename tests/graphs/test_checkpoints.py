from __future__ import annotations

import os
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig

from agentmem.errors import StoreCorrupt, StoreUnavailable
from agentmem.graphs.checkpoints import ZippedSerializer, open_checkpoints


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_text("This is not a database at all. " * 100)
    with pytest.raises(StoreCorrupt, match="damaged") as caught, open_checkpoints(tmp_path / "runs.db"):
        pass
    assert caught.value.where.endswith("runs.db")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable), open_checkpoints(tmp_path / "file" / "runs.db"):
        pass


def test_a_folder_in_place_of_the_file_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "runs.db").mkdir(mode=0o755)
    with pytest.raises(StoreUnavailable), open_checkpoints(tmp_path / "runs.db"):
        pass
    assert (tmp_path / "runs.db").stat().st_mode & 0o777 == 0o755


def test_a_disk_that_fills_up_is_told(tmp_path: Path) -> None:
    with open_checkpoints(tmp_path / "runs.db") as saver:
        saver.conn.execute("PRAGMA max_page_count = 1")
        config: RunnableConfig = {"configurable": {"thread_id": "r", "checkpoint_ns": "", "checkpoint_id": "c"}}
        with pytest.raises(StoreUnavailable, match="full") as caught:
            saver.put_writes(config, [("channel", "x" * 100_000 + os.urandom(50_000).hex())], "task")
        assert caught.value.where.endswith("runs.db")


def test_values_come_back_as_they_were() -> None:
    serializer = ZippedSerializer()
    value = {"text": "word " * 1000, "n": [1, None, 2.5]}
    kind, data = serializer.dumps_typed(value)
    assert len(data) < 1000
    assert serializer.loads_typed((kind, data)) == value
    assert serializer.loads_typed(("msgpack", b"\x93\x01\x02\x03")) == [1, 2, 3]
