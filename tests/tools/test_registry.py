from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agentmem.errors import InputError, NotFound
from agentmem.tools import Toolbox, ToolContext, load_tool


def test_built_in_tools_are_there_by_name() -> None:
    known = ("read_files", "write_file", "remember", "recall", "answer", "changes", "calculator")
    assert Toolbox().names() == known
    assert all(each.description and each.schema["type"] == "object" for each in Toolbox())


def test_a_function_of_the_workflows_folder_is_loaded(context: ToolContext, tmp_path: Path) -> None:
    (tmp_path / "helper_of_tools.py").write_text("FACTOR = 2\n")
    (tmp_path / "own_tools.py").write_text(
        "from __future__ import annotations\nfrom helper_of_tools import FACTOR\n\n"
        'def double(n: int) -> int:\n    """Double."""\n    return FACTOR * n\n'
    )
    box = Toolbox(folder=tmp_path)
    before = list(sys.path)
    assert box.get("own_tools:double")(context, {"n": 4}) == 8
    assert box.get("double") is box.get("own_tools:double")
    assert sys.path == before


def test_two_workflows_may_have_modules_of_the_same_name(context: ToolContext, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same_tools.py").write_text(f'def which() -> str:\n    """Say."""\n    return "{name}"\n')
    tools = [load_tool("same_tools:which", folder=tmp_path / name) for name in ("one", "two", "one")]
    assert [each(context, {}) for each in tools] == ["one", "two", "one"]


@pytest.mark.parametrize(
    ("code", "name", "problem"),
    [
        ("def a(x: int) -> int:\n    return x\n", "bad_tools:b", "has no 'b'"),
        ("def a(x):\n    return x\n", "bad_tools:a", "needs a type"),
        ("a = 3\n", "bad_tools:a", "is of the type int, not a function"),
        ("x = 1\n1 / 0\n", "bad_tools:a", r"\(bad_tools.py, line 2\), ZeroDivisionError"),
        ("import sys\nsys.exit(0)\n", "bad_tools:a", r"\(bad_tools.py, line 2\), SystemExit"),
        ("def a(:\n", "bad_tools:a", r"\(bad_tools.py, line 1\), SyntaxError"),
        ("import not_there_at_all\n", "bad_tools:a", "needs 'not_there_at_all'"),
        ("", "no_such_tools:a", "no module 'no_such_tools'"),
        ("", "bad_tools:", "module:function"),
    ],
)
def test_what_cannot_be_loaded_says_why(tmp_path: Path, code: str, name: str, problem: str) -> None:
    (tmp_path / "bad_tools.py").write_text(code)
    with pytest.raises((NotFound, InputError), match=problem) as caught:
        load_tool(name, folder=tmp_path)
    assert caught.value.where in (f"tool {name}", "tool a")


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(NotFound, match="Did you mean 'read_files'"):
        Toolbox().get("read_file")
