"""What a syntax tree says of a tool is what the tool says when it is imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agentmem.errors import InputError
from agentmem.tools import Toolbox

HEAD = """\
import typing
import agentmem
import agentmem.tools as kit
from agentmem import tool, tool as a_tool, ToolContext
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union
from collections.abc import Mapping, Sequence
from pydantic import Field

class Own(str): ...
LIMIT = 3
"""

TOOLS = [
    "@tool\ndef f(text: str, n: int = 3):\n    '''Say it.\n\n    More.\n\n    Args:\n        text: What.\n    '''",
    "@tool()\ndef f(a: 'int', *, b: bool = True, c: float | None = None): '''Do.'''",
    "@a_tool(name='g', description='Does g.')\ndef f(a: list[str], b: dict[str, int], c: Optional[int] = None): ...",
    "@agentmem.tool\ndef f(context: ToolContext, a: Union[int, str], b: Literal['x', 'y'] = 'x'): '''Do.'''",
    "@kit.tool(one_by_one=True)\ndef f(context: 'kit.ToolContext', path: Path, on: date, at: datetime): ...",
    "@tool\ndef f(a: Sequence[int] = (), b: Mapping[str, str] = {}, c: typing.Any = LIMIT, d: None = None): ...",
    "@tool\ndef f(a: Annotated[int, Field(ge=1)] = 2): ...",
    "@tool\ndef f(): '''Nothing.'''",
    "if LIMIT:\n    @tool\n    def f(a: int): ...\nelse:\n    pass",
    "from agentmem.tools.calculator import calculator as f",
]


@pytest.mark.parametrize("code", TOOLS)
def test_reading_tells_what_importing_tells(tmp_path: Path, code: str) -> None:
    file = tmp_path / "read_or_run.py"
    file.write_text(HEAD + code + "\n")
    read = Toolbox(folder=tmp_path).describe("read_or_run:f")
    run = Toolbox(folder=tmp_path).load("read_or_run:f")
    assert (read.name, read.description, read.parameters, read.usage) == (
        run.name, run.description, run.parameters, run.usage,
    )  # fmt: skip
    if "Annotated" not in code and "LIMIT" not in code and "import" not in code:
        assert read.schema == run.schema


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", 3, "three"),
        ("list[int]", [1], [{}]),
        ("int | None", None, []),
        ("Optional['bool']", True, "perhaps"),
        ("Literal['a', 'b']", "a", "c"),
        ("dict[str, list[float]]", {"a": [1.5]}, {"a": ["x"]}),
        ("date", "2026-01-02", "yesterday"),
    ],
)
def test_values_are_held_to_annotations_that_are_plain(
    tmp_path: Path, annotation: str, good: object, bad: object
) -> None:
    (tmp_path / "typed.py").write_text(f"{HEAD}@tool\ndef f(a: {annotation}): ...\n")
    arguments = Toolbox(folder=tmp_path).describe("typed:f").arguments
    arguments.model_validate({"a": good})
    with pytest.raises(ValidationError):
        arguments.model_validate({"a": bad})


@pytest.mark.parametrize(
    "annotation", ["Own", "Sequence[Own]", "unknown.Thing", "open('ran', 'w')", "'(('", "list[" * 60 + "Own" + "]" * 60]
)
def test_an_annotation_that_only_running_code_knows_holds_nothing_up(
    tmp_path: Path, annotation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "typed.py").write_text(f"{HEAD}@tool\ndef f(a: {annotation}): ...\n")
    described = Toolbox(folder=tmp_path).describe("typed:f")
    described.arguments.model_validate({"a": []})
    assert described.parameters == (("a", True),)
    assert not (tmp_path / "ran").exists()


def test_what_is_too_deep_to_be_read_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "deep_tools.py").write_text(f"{HEAD}@tool\ndef f(a: {'|'.join(['int'] * 50_000)}): ...\n")
    with pytest.raises(InputError, match="deep"):
        Toolbox(folder=tmp_path).describe("deep_tools:f")
