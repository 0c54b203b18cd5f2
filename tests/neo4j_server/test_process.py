from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agentmem.errors import StoreUnavailable
from agentmem.neo4j_server.locking import held
from agentmem.neo4j_server.ports import free_ports, holder, is_free, speaks_bolt
from agentmem.neo4j_server.process import ProcessIdentity, identify, start_detached, terminate


def _sleeper(tmp_path: Path, *program: str) -> ProcessIdentity:
    command = program or ("sleep", "60")
    process = start_detached(command, output=tmp_path / "out", environment={"PATH": os.environ["PATH"]})
    assert process is not None
    return process


def test_a_detached_program_has_its_own_session_and_only_the_environment_it_was_given(tmp_path: Path) -> None:
    process = _sleeper(tmp_path, "sh", "-c", "env; echo ready; exec sleep 60")
    try:
        assert os.getsid(process.pid) != os.getsid(0)
        for _ in range(500):
            if "ready" in (tmp_path / "out").read_text():
                break
            threading.Event().wait(0.01)
        assert "AGENTMEM" not in (tmp_path / "out").read_text()
        assert "PATH=" in (tmp_path / "out").read_text()
    finally:
        assert terminate(process, seconds=10)
    assert not process.alive()


def test_another_process_that_got_the_same_id_is_not_taken_for_the_first(tmp_path: Path) -> None:
    process = _sleeper(tmp_path)
    earlier = ProcessIdentity(pid=process.pid, started="before that")
    try:
        assert not earlier.alive()
        assert terminate(earlier, seconds=0)  # and it is not ended in its place
        assert process.alive()
    finally:
        terminate(process, seconds=10)


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    process = _sleeper(tmp_path, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    for _ in range(500):
        if "ready" in (tmp_path / "out").read_text():
            break
        threading.Event().wait(0.01)
    assert not terminate(process, seconds=0.2)
    assert not process.alive()


def test_a_process_of_which_only_the_status_is_left_counts_as_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert identify(child.pid) is None
    finally:
        child.wait()


def test_a_program_that_does_not_exist_leaves_no_process(tmp_path: Path) -> None:
    process = start_detached(["/no/such/program"], output=tmp_path / "out", environment={})
    if process is not None:  # the shell that looked for it may still be there for a moment
        for _ in range(500):
            if not process.alive():
                break
            threading.Event().wait(0.01)
        assert not process.alive()
    assert "/no/such/program" in (tmp_path / "out").read_text()


def test_a_port_that_somebody_has_is_named_with_the_process() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not is_free(port)
        server.close()
        assert is_free(port)


@pytest.mark.parametrize(
    ("answer", "speaks"),
    [(b"\x00\x00\x04\x05", True), (b"\x00\x00\x00\x00", False), (b"HTTP/1.1 400", False), (b"", False), (b"hi", False)],
)
def test_what_listens_on_a_port_is_told_apart_by_its_answer(answer: bytes, speaks: bool) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        answered = threading.Thread(target=_answer, args=(server, answer, 2))
        answered.start()
        assert speaks_bolt(port) is speaks
        named = holder(port)
        answered.join()
    assert named.startswith("a Neo4j server" if speaks else "another program")
    if sys.platform == "linux":
        assert str(os.getpid()) in named


def _answer(server: socket.socket, answer: bytes, times: int) -> None:
    for _ in range(times):
        connection, _ = server.accept()
        with connection:
            connection.recv(64)
            connection.sendall(answer)


def test_free_ports_differ_and_are_free() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(is_free(port) for port in ports)


HOLDS = """
import sys, time; from pathlib import Path; from agentmem.neo4j_server.locking import held
with held(Path(sys.argv[1]), doing="x"): print("held", flush=True); time.sleep(60)
"""


def test_a_lock_is_waited_for_and_goes_with_the_process_that_held_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    other = subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True)
    told: list[str] = []
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreUnavailable, match="still starting it"), held(path, doing="starting it", seconds=0.2):
            pass
        other.send_signal(signal.SIGKILL)
        with held(path, doing="starting it", notify=told.append, seconds=30):
            pass
    finally:
        other.kill()
        other.communicate()


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_taken_on_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with held(path, doing="a"):
        path.unlink()
        with held(path, doing="b", seconds=5):
            assert path.exists()
