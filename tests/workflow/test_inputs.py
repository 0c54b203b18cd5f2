from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentmem.errors import InputError
from agentmem.workflow.inputs import InputSpec, parse_inputs, resolve_inputs

SPECS = {
    name: InputSpec.model_validate(value)
    for name, value in {
        "topic": "tea",
        "limit": 3,
        "loud": False,
        "names": ["a"],
        "folder": {"type": "path", "default": "documents"},
        "options": {"type": "mapping", "default": {}},
        "owner": {"description": "who pays"},
        "note": {"default": None},
    }.items()
}


def test_a_bare_value_is_a_default_of_its_own_type() -> None:
    assert {name: spec.type for name, spec in SPECS.items()} == {
        "topic": "text", "limit": "number", "loud": "boolean", "names": "list", "folder": "path",
        "options": "mapping", "owner": "text", "note": "text",
    }  # fmt: skip
    assert [name for name, spec in SPECS.items() if spec.required] == ["owner"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["topic=a=b"], {"topic": "a=b"}),
        (["topic="], {"topic": ""}),
        (["topic=5"], {"topic": "5"}),
        (["limit=5"], {"limit": 5}),
        (["limit=-2.5"], {"limit": -2.5}),
        (["loud=yes"], {"loud": True}),
        (["loud=False"], {"loud": False}),
        (["names=x"], {"names": ["x"]}),
        (["names=x", "names=y, z"], {"names": ["x", "y, z"]}),
        (['names=["x", 2]'], {"names": ["x", 2]}),
        (["names=[]"], {"names": []}),
        (['options={"a": 1}'], {"options": {"a": 1}}),
    ],
)
def test_values_of_the_command_line_take_the_type_of_their_input(
    given: list[str], expected: dict[str, Any], tmp_path: Path
) -> None:
    assert parse_inputs(SPECS, given, folder=tmp_path) == expected


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        (["topic"], "is not key=value", "--input folder=documents"),
        (["topics=x"], "no input 'topics'", "Did you mean 'topic'?"),
        (["topic=x", "topic=y"], "given 2 times", "Only a list"),
        (["limit=few"], 'expected a number, got "few"', ""),
        (["limit=true"], "expected a number, got true", ""),
        (["limit=NaN"], "expected a number", ""),
        (["loud=maybe"], "expected true or false", ""),
        (["names=[x, y]"], "begins like a JSON list", "repeat --input names"),
        (["options=3"], "expected a mapping, got 3", ""),
        (["folder="], "expected a path", ""),
    ],
)
def test_wrong_values_are_refused(given: list[str], said: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        parse_inputs(SPECS, given, folder=tmp_path)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_path_is_taken_from_where_the_command_is_typed_if_it_exists_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, workflow = tmp_path / "here", tmp_path / "workflow"
    (here / "mine").mkdir(parents=True)
    (workflow / "own").mkdir(parents=True)
    monkeypatch.chdir(here)
    assert parse_inputs(SPECS, ["folder=mine"], folder=workflow) == {"folder": str(here / "mine")}
    assert parse_inputs(SPECS, ["folder=own"], folder=workflow) == {"folder": "own"}
    assert parse_inputs(SPECS, ["folder=new"], folder=workflow) == {"folder": "new"}
    monkeypatch.chdir(workflow)
    assert parse_inputs(SPECS, ["folder=own"], folder=workflow) == {"folder": "own"}


def test_defaults_fill_in_what_is_not_given() -> None:
    values = resolve_inputs(SPECS, {"owner": "Ada", "names": ("x",), "folder": Path("docs")})
    assert values == {
        "topic": "tea", "limit": 3, "loud": False, "names": ["x"], "folder": "docs", "options": {}, "owner": "Ada",
        "note": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "'owner' (who pays) has no value"),
        ({"owner": 3}, "expected text, got 3"),
        ({"owner": "x", "limit": True}, "expected a number, got true"),
        ({"owner": "x", "names": "y"}, "expected a list"),
        ({"owner": "x", "ownr": "y"}, "no input 'ownr'"),
    ],
)
def test_a_run_needs_all_inputs_in_their_types(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_inputs(SPECS, given)
    assert said in caught.value.message
