"""Maven is a script here: what it is told, what becomes of what it leaves, and what its failures read like."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from agentmem.errors import ConfigurationError
from agentmem.neo4j_server import LTS, NEWEST, Java, has_jars, jar_folder, resolve_jars

Script = Callable[[str, str], Path]

JAVA = Java(executable=Path("/opt/j/bin/java"), home=Path("/opt/j"), version=17, found="PATH", vector_module=False)

DELIVERS = """
for argument; do case "$argument" in
  -DoutputDirectory=*) out=${argument#*=} ;;
  *pom.xml) cp "$argument" "$0.pom" ;;
esac; done
echo x >>"$0.runs"
echo "$JAVA_HOME" >"$0.home"
mkdir "$out"
echo "Downloaded from somewhere: a"
for name in neo4j neo4j-server neo4j-slf4j-provider; do echo jar >"$out/$name-VERSION.jar"; done
echo jar >"$out/neo4j-browser-5.24.0.jar"
sleep 0.3
"""


def _maven(script: Script, body: str = DELIVERS, version: str = LTS.version) -> tuple[Path, dict[str, str]]:
    path = script("mvn", body.replace("VERSION", version))
    return path, {"PATH": f"{path.parent}:/usr/bin:/bin"}


def test_maven_is_asked_for_exact_versions_once(script: Script, tmp_path: Path) -> None:
    maven, environment = _maven(script, version=NEWEST.version)
    told: list[str] = []
    shown: list[str] = []
    folder = resolve_jars(
        NEWEST, JAVA, cache=tmp_path, notify=told.append, progress=shown.append, environment=environment
    )
    assert folder == jar_folder(NEWEST, tmp_path)
    assert has_jars(NEWEST, tmp_path)
    assert not has_jars(LTS, tmp_path)
    assert len(told) == 2
    assert shown == [f"Neo4j {NEWEST.version}: 1 files fetched"]
    pom = ElementTree.parse(f"{maven}.pom")
    asked = [":".join(field.text or "" for field in one) for one in pom.iterfind(".//dependency")]
    assert tuple(asked) == NEWEST.artifacts
    assert Path(f"{maven}.home").read_text().strip() == "/opt/j"
    assert resolve_jars(NEWEST, JAVA, cache=tmp_path, environment={"PATH": ""}) == folder
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [NEWEST.version]


def test_two_processes_resolve_once(script: Script, tmp_path: Path) -> None:
    maven, environment = _maven(script)
    program = (
        "import sys; from pathlib import Path; from agentmem.neo4j_server import LTS, Java, resolve_jars; "
        "home = Path('/opt/j'); "
        "java = Java(executable=home / 'java', home=home, version=17, found='PATH', vector_module=False); "
        "resolve_jars(LTS, java, cache=Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert Path(f"{maven}.runs").read_text() == "x\n"
    assert has_jars(LTS, tmp_path)


def test_a_folder_that_lost_a_file_is_resolved_anew(script: Script, tmp_path: Path) -> None:
    _, environment = _maven(script)
    folder = resolve_jars(LTS, JAVA, cache=tmp_path, environment=environment)
    (folder / f"neo4j-{LTS.version}.jar").unlink()
    assert not has_jars(LTS, tmp_path)
    resolve_jars(LTS, JAVA, cache=tmp_path, environment=environment)
    assert has_jars(LTS, tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"a.jar": "x"}', "not json"])
def test_a_damaged_marker_counts_as_absent(tmp_path: Path, content: str) -> None:
    folder = jar_folder(LTS, tmp_path)
    folder.mkdir(parents=True)
    (folder / "complete.json").write_text(content)
    assert not has_jars(LTS, tmp_path)


def test_a_failure_says_what_maven_said_and_leaves_nothing(script: Script, tmp_path: Path) -> None:
    body = 'echo "[INFO] Scanning"\necho "[ERROR] Could not resolve: no route to host -> [Help 1]"\nexit 1'
    _, environment = _maven(script, body)
    with pytest.raises(ConfigurationError, match="no route to host With") as caught:
        resolve_jars(LTS, JAVA, cache=tmp_path, environment=environment)
    assert "agentmem neo4j fetch" in caught.value.hint
    assert [path for path in (tmp_path / "neo4j").iterdir() if path.is_dir()] == []


def test_a_delivery_that_lacks_the_server_is_refused(script: Script, tmp_path: Path) -> None:
    _, environment = _maven(script, DELIVERS.replace("neo4j-server ", ""))
    with pytest.raises(ConfigurationError, match=r"did not deliver org\.neo4j\.app:neo4j-server"):
        resolve_jars(LTS, JAVA, cache=tmp_path, environment=environment)
    assert not has_jars(LTS, tmp_path)


def test_without_maven_the_command_that_installs_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no `mvn`") as caught:
        resolve_jars(LTS, JAVA, cache=tmp_path, environment={"PATH": ""})
    assert "install maven" in caught.value.hint


def test_the_marker_lists_every_jar_with_its_size(script: Script, tmp_path: Path) -> None:
    _, environment = _maven(script)
    folder = resolve_jars(LTS, JAVA, cache=tmp_path, environment=environment)
    listed = json.loads((folder / "complete.json").read_text())
    assert listed == {path.name: path.stat().st_size for path in folder.glob("*.jar")}
