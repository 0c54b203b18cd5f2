"""Code runs when its user agreed to it as it is; folders are reached when whoever runs a workflow allowed them."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agentmem import InputError, PlanStep, Workflow, WorkflowError
from agentmem.config import Settings
from agentmem.errors import ConfigurationError, StoreCorrupt
from agentmem.graphs.events import PlanReady
from agentmem.workflow.consent import Consents
from agentmem.workflow.grants import Grants
from agentmem.workflow.runner import resumed

FLOW = """\
task: count the words
memory: {store: "sqlite:///m.db"}
plan:
  - {id: one, tool: "counting:count", args: {text: a b}}
  - {id: two, tool: "counting:count", args: {text: "{{ steps.one.output }} c d"}}
"""

COUNTING = """\
from pathlib import Path
from splitting import split
from agentmem import tool

Path(__file__).with_name("ran").touch()

@tool
def count(text: str) -> int:
    return len(split(text))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A workflow file beside code that leaves a mark when it is imported."""
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "counting.py").write_text(COUNTING)
    (folder / "splitting.py").write_text("def split(text: str) -> list[str]:\n    return text.split()\n")
    (folder / "count.yaml").write_text(FLOW)
    return folder / "count.yaml"


def ran(file: Path) -> bool:
    return file.with_name("ran").exists()


def test_validation_imports_nothing(file: Path) -> None:
    workflow = Workflow.from_file(file)
    assert workflow.problems() == []
    workflow.validate()
    file.write_text(FLOW.replace("args: {text: a b}", "args: {txt: a b}"))
    assert [(p.line, p.message) for p in Workflow.from_file(file).problems()] == [
        (4, "counting:count needs 'text'."),
        (4, "counting:count has no argument 'txt'."),
    ]
    assert not ran(file)


def test_code_is_run_when_it_was_agreed_to_and_not_before(file: Path, clean_environment: Path) -> None:
    with pytest.raises(InputError, match="that you have not agreed to") as refused:
        Workflow.from_file(file).run()
    listed = refused.value.message.splitlines()[1:]
    assert [line.split()[0] for line in listed] == ["counting.py", "splitting.py"]
    assert all(len(line.split()[1]) == 12 for line in listed)
    assert "--allow-code" in refused.value.hint
    assert refused.value.where == str(file)
    assert not ran(file)
    assert not (clean_environment / "runs.db").exists()
    assert Workflow.from_file(file).run(allow_code=True).answer == 3
    assert ran(file)
    with pytest.raises(InputError, match="not agreed to"):  # the caller's word is for this run
        Workflow.from_file(file).run()


def test_who_was_asked_is_asked_again_only_when_the_code_changed(file: Path, clean_environment: Path) -> None:
    asked: list[list[str]] = []

    def agree(listed: Sequence[str]) -> bool:
        asked.append([line.split()[0] for line in listed])
        return True

    both = ["counting.py", "splitting.py"]
    for _ in range(2):
        assert Workflow.from_file(file).run(allow_code=agree).answer == 3
    Workflow.from_file(file).run()
    assert asked == [both]
    other = file.with_name("other.yaml")
    other.write_text(FLOW)
    Workflow.from_file(other).run(allow_code=agree)
    assert asked == [both, both]
    file.with_name("splitting.py").write_text("def split(text: str) -> list[str]:\n    return [text]\n")
    with pytest.raises(InputError, match="splitting"):
        Workflow.from_file(file).run()
    assert Workflow.from_file(file).run(allow_code=agree).answer == 1
    assert len(asked) == 3
    kept = clean_environment / "consents.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert set(json.loads(kept.read_text())) == {str(file), str(other)}
    assert list(clean_environment.glob(".consents*")) == []


def test_the_name_of_a_file_poses_as_no_other(file: Path) -> None:
    (file.parent / "evil\x1b[2J\n  fine.py").write_text(file.with_name("splitting.py").read_text())
    file.with_name("splitting.py").unlink()
    file.with_name("splitting.py").symlink_to("evil\x1b[2J\n  fine.py")
    asked: list[Sequence[str]] = []

    def agree(listed: Sequence[str]) -> bool:
        asked.append(listed)
        return True

    Workflow.from_file(file).run(allow_code=agree)
    assert [line.partition("  ")[0] for line in asked[0]] == ["counting.py", "evil[2J fine.py"]


def test_who_refuses_is_not_recorded(file: Path, clean_environment: Path) -> None:
    with pytest.raises(InputError, match="not agreed to"):
        Workflow.from_file(file).run(allow_code=lambda _listed: False)
    assert not ran(file)
    assert not (clean_environment / "consents.json").exists()


def test_code_that_changes_between_the_question_and_the_import_is_not_run(file: Path) -> None:
    def agree(_listed: Sequence[str]) -> bool:
        file.with_name("splitting.py").write_text("from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
        return True

    with (
        pytest.raises(InputError, match=r"as it is now|has changed since"),
        Workflow.from_file(file).begin(allow_code=agree) as run,
    ):
        run.finish()
    assert not ran(file)


def test_a_file_of_consents_that_is_damaged_is_told(file: Path, clean_environment: Path) -> None:
    for content in ("{", "[]", '{"a": 3}'):
        (clean_environment / "consents.json").write_text(content)
        with pytest.raises(StoreCorrupt, match="consents"):
            Workflow.from_file(file).run()


def test_built_in_tools_and_functions_and_workflows_in_python_never_ask(file: Path) -> None:
    def half(n: float) -> float:
        """Halve."""
        return n / 2

    def unasked(_listed: Sequence[str]) -> bool:
        raise AssertionError("nobody is to be asked")

    plan = [PlanStep(id="a", tool="calculator", args={"expression": "3"})]
    own = [PlanStep(id="a", tool="half", args={"n": 3})]
    code = [PlanStep(id="a", tool="counting:count", args={"text": "a b c"})]
    for steps in (plan, own, code):
        workflow = Workflow(task="Do it.", plan=steps, tools=[half], folder=file.parent)
        assert workflow.run(allow_code=unasked).status == "done"
    file.write_text("plan: [{id: a, tool: half, args: {n: 3}}]\n")
    assert Workflow.from_file(file, tools=[half]).run(allow_code=unasked).answer == 1.5


def _stopped(file: Path, *, allow: Sequence[Path] = ()) -> str:
    """A run that was left before its first step."""
    with Workflow.from_file(file).begin(allow=allow, allow_code=True) as run:
        for event in run.events():
            if isinstance(event, PlanReady):
                break
        return run.run


def test_a_run_goes_on_with_the_code_that_it_began_with(file: Path) -> None:
    run = _stopped(file)
    file.with_name("splitting.py").write_text("def split(text: str) -> list[str]:\n    return [text]\n")
    with pytest.raises(InputError, match="not agreed to"):
        Workflow.from_file(file).resume(run)
    assert Workflow.from_file(file).resume(run, allow_code=True).answer == 1


def test_a_run_goes_on_unasked_with_the_code_that_it_began_with(file: Path) -> None:
    run = _stopped(file)
    file.write_text(FLOW.replace("counting:count", "os:system"))
    with resumed(run, Settings.from_environment()) as again:
        assert again.finish().answer == 3


def test_a_run_of_an_older_version_asks(file: Path, clean_environment: Path) -> None:
    run = _stopped(file)
    with closing(sqlite3.connect(clean_environment / "runs.db")) as connection, connection:
        connection.execute("alter table runs drop column grants")
    with pytest.raises(InputError, match="not agreed to"), resumed(run, Settings.from_environment()):
        pass
    with resumed(run, Settings.from_environment(), allow_code=True) as again:
        assert again.finish().answer == 3


READING = """\
memory: {{store: "sqlite:///m.db"}}
folders: ["{folder}"]
plan: [{{id: read, tool: read_files, args: {{folder: "{folder}"}}}}]
"""


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside of the workflow's, in the user's home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "diary.md").write_text("Dear diary.\n")
    return folder


@pytest.mark.parametrize("said", ["../secret", "~/secret", "{tmp_path}/secret", "link", "./../flow/../secret"])
def test_a_workflow_does_not_widen_its_own_reach(file: Path, tmp_path: Path, secret: Path, said: str) -> None:
    (file.parent / "link").symlink_to(secret)
    file.write_text(READING.format(folder=said.format(tmp_path=tmp_path)))
    with pytest.raises(WorkflowError, match="outside of the workflow's own folder") as refused:
        Workflow.from_file(file).run()
    assert refused.value.where == f"{file}:2:11 folders[0]"
    assert f"--allow {secret}" in refused.value.hint
    assert [p.line for p in Workflow.from_file(file).problems()] == [2]
    for allowed in (secret, tmp_path):
        assert Workflow.from_file(file).problems(allow=[allowed]) == []
        assert Workflow.from_file(file).run(allow=[allowed]).answer[0]["text"] == "Dear diary.\n"
    with pytest.raises(WorkflowError, match="outside"):
        Workflow.from_file(file).run(allow=[secret / "diary.md", file.parent])


@pytest.mark.parametrize("said", ["../secret/m.db", "{tmp_path}/secret/m.db", "~/secret/m.db", "link/m.db"])
def test_nor_by_the_memory_that_it_names(file: Path, tmp_path: Path, secret: Path, said: str) -> None:
    """The memory of another project is read and written by nobody's word but the user's."""
    (file.parent / "link").symlink_to(secret)
    for scheme in ("sqlite", "SQLite"):
        url = f"{scheme}:///{said.format(tmp_path=tmp_path)}"
        file.write_text(f"memory: {{store: '{url}'}}\nplan: [{{id: a, tool: recall, args: {{query: tea}}}}]\n")
        with pytest.raises(ConfigurationError, match="outside of its folder") as refused:
            Workflow.from_file(file).run()
        assert f"--store sqlite:///{tmp_path}" in refused.value.hint
        assert not (secret / "m.db").exists()
    assert Workflow.from_file(file).run(allow=[secret]).status == "done"
    with Workflow.from_file(file).begin(store=f"sqlite:///{secret}/m.db") as run:
        assert run.finish().status == "done"
    own = replace(Settings.from_environment(), store=f"sqlite:///{secret}/m.db")
    with Workflow.from_file(file).begin(settings=own) as run:
        assert run.finish().status == "done"
    assert Workflow(task="Find tea.", memory={"store": f"sqlite:///{secret}/m.db"}).run().status


def test_who_writes_a_workflow_in_python_allows_the_folders_that_they_write(file: Path, secret: Path) -> None:
    plan = [PlanStep(id="a", tool="read_files", args={"folder": "../secret"})]
    assert Workflow(task="Read.", plan=plan, folder=file.parent, folders=["../secret"]).run().status == "done"
    assert Workflow(task="Read.", plan=plan, folder=file.parent).run().status == "failed"


def test_a_resumed_run_reaches_what_it_was_allowed_when_it_began(file: Path, secret: Path) -> None:
    file.write_text(READING.format(folder="../secret"))
    runs = [_stopped(file, allow=[secret]) for _ in range(2)]
    file.write_text(READING.format(folder="/"))
    with resumed(runs[0], Settings.from_environment()) as again:
        assert again.finish().answer[0]["text"] == "Dear diary.\n"
    with closing(sqlite3.connect(Settings.from_environment().runs_path)) as connection, connection:
        connection.execute("update runs set grants = ''")
    with resumed(runs[1], Settings.from_environment()) as again:
        assert again.finish().status == "failed"


def test_grants_come_back_as_they_were_kept() -> None:
    grants = Grants(folders=(Path("/a"),), modules=("m",), code={Path("/f/x.py"): "ab"})
    assert Grants.from_json(grants.as_json()) == grants
    assert Grants.from_json("") == Grants()
    for damaged in ("{", "[]", '{"folders": 3}', '{"code": []}'):
        with pytest.raises(StoreCorrupt):
            Grants.from_json(damaged)


def test_modules_of_the_settings_may_be_named(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "site-packages"
    library.mkdir()
    (library / "officetools.py").write_text(COUNTING.replace("from splitting import split", "split = str.split"))
    monkeypatch.syspath_prepend(str(library))
    file.write_text(FLOW.replace("counting:count", "officetools:count"))
    with pytest.raises(WorkflowError, match="nobody has allowed it"):
        Workflow.from_file(file).run()
    assert Workflow.from_file(file).problems(allow_modules=["officetools"]) == []
    assert not (library / "ran").exists()
    settings = Settings(home=tmp_path / "home", embedder="hashing", tools=("officetools",))
    with Workflow.from_file(file).begin(settings=settings) as run:
        assert run.finish().answer == 3
    assert Workflow.from_file(file).run(allow_modules=["officetools"]).answer == 3


def test_consents_are_for_one_workflow_its_files_and_their_content(file: Path, tmp_path: Path) -> None:
    consents = Consents(tmp_path / "home" / "consents.json")
    code = Workflow.from_file(file).code()
    assert not consents.hold("w", code)
    consents.add("w", code)
    assert consents.hold("w", code)
    assert consents.hold("w", code[:1])
    assert not consents.hold("v", code)
    file.with_name("counting.py").write_text(COUNTING + "# changed\n")
    assert not consents.hold("w", Workflow.from_file(file).code())
