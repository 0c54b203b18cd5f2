"""Finding tools: what `module:function` may name, what is read for it and what is imported."""

from __future__ import annotations

import os
import py_compile
import sys
import textwrap
from pathlib import Path

import pytest

from agentmem.errors import InputError, NotFound
from agentmem.tools import Toolbox, ToolContext

MARK = "from agentmem import tool\n\n"
MARKED = MARK + "@tool\n"


def write(path: Path, code: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(code))


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path, as installed packages are."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A workflow's folder."""
    folder = tmp_path / "flow"
    folder.mkdir()
    return folder


def test_built_in_tools_are_there_by_name() -> None:
    known = ("read_files", "write_file", "remember", "recall", "answer", "changes", "calculator")
    assert Toolbox().names() == known
    assert all(each.description and each.schema["type"] == "object" for each in Toolbox())


def test_tools_that_only_read_say_so_and_functions_of_users_count_as_acting() -> None:
    assert {each.name for each in Toolbox() if each.side_effects} == {"write_file", "remember"}

    def send(text: str) -> str:
        """Send."""
        return text

    box = Toolbox([send])
    assert box.get("send").side_effects
    assert box.given == {"send"}


def test_a_function_of_the_workflows_folder_is_loaded(context: ToolContext, flow: Path) -> None:
    write(flow / "factors.py", "FACTOR = 2\n")
    write(
        flow / "own_tools.py",
        f"from __future__ import annotations\nfrom factors import FACTOR\n{MARKED}"
        'def double(n: int) -> int:\n    """Double."""\n    return FACTOR * n\n',
    )
    box = Toolbox(folder=flow)
    before = list(sys.path)
    assert [file.path.name for file in box.code(["own_tools:double"])] == ["factors.py", "own_tools.py"]
    assert box.load("own_tools:double")(context, {"n": 4}) == 8
    assert box.get("double") is box.load("own_tools:double") is box.get("own_tools:double")
    assert sys.path == before


def test_two_workflows_may_have_modules_of_the_same_name(context: ToolContext, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name / "same_tools.py", MARKED + f'def which() -> str:\n    """Say."""\n    return "{name}"\n')
    tools = [Toolbox(folder=tmp_path / name).load("same_tools:which") for name in ("one", "two", "one")]
    assert [each(context, {}) for each in tools] == ["one", "two", "one"]


def test_what_a_tool_imports_in_turn_is_found_wherever_it_stands(context: ToolContext, flow: Path) -> None:
    write(flow / "kit" / "__init__.py", "from .inner import A\n")
    write(flow / "kit" / "inner.py", "from . import deep\nA = deep.B\n")
    write(flow / "kit" / "deep.py", "B = 1\n")
    write(flow / "kit" / "unused.py", "raise RuntimeError\n")
    write(flow / "plain" / "part.py", "C = 2\n")
    write(flow / "late.py", "D = 3\n")
    write(flow / "named.py", "E = 4\n")
    write(
        flow / "sums.py",
        "import importlib\nfrom kit import A\ntry:\n    from plain.part import C\nexcept ImportError:\n    C = 0\n"
        + MARKED
        + 'def add() -> int:\n    """Add."""\n    import late\n'
        + "    return A + C + late.D + importlib.import_module('named').E\n",
    )
    box = Toolbox(folder=flow)
    found = {file.path.relative_to(flow).as_posix() for file in box.code(["sums:add"])}
    assert found == {
        "sums.py",
        "kit/__init__.py",
        "kit/inner.py",
        "kit/deep.py",
        "plain/part.py",
        "late.py",
        "named.py",
    }
    assert box.load("sums:add")(context, {}) == 10


BAD = [
    (MARKED + "def a(x: int) -> int:\n    return x\n", "bad_tools:b", "has no 'b'"),
    (MARKED + "def a(x):\n    return x\n", "bad_tools:a", "needs a type"),
    (MARKED + "async def a() -> None: ...\n", "bad_tools:a", "async"),
    ("def a(x: int) -> int:\n    return x\n", "bad_tools:a", "not marked @tool"),
    ("def tool(f): return f\n@tool\ndef a(x: int) -> int:\n    return x\n", "bad_tools:a", "not marked @tool"),
    ("a = 3\n", "bad_tools:a", "not marked @tool"),
    ("from subprocess import run as a\n", "bad_tools:a", "not marked @tool"),
    ("from a_module_of_nobody import a\n", "bad_tools:a", "not marked @tool"),
    ("from bad_tools import a\n", "bad_tools:a", "not marked @tool"),
    ("def a(:\n", "bad_tools:a", r"\(bad_tools.py, line 1\), SyntaxError"),
    ("a = " + "-" * 200_000 + "1", "bad_tools:a", "cannot be read|nested too deeply|not marked"),
    ("#" * 2_000_000, "bad_tools:a", "longer than"),
    ("", "no_such_tools:a", "no module 'no_such_tools'"),
    ("", "bad_tools:", "module:function"),
    ("", "bad_tools:a.b", "module:function"),
    ("", "..bad_tools:a", "module:function"),
]


@pytest.mark.parametrize(("code", "name", "problem"), BAD, ids=[f"{b[1]} {b[2]}"[:40] for b in BAD])
def test_what_is_no_tool_is_told_by_reading_alone(flow: Path, code: str, name: str, problem: str) -> None:
    write(flow / "bad_tools.py", f"{code}\n")
    for find in (Toolbox(folder=flow).describe, Toolbox(folder=flow).load):
        with pytest.raises((NotFound, InputError), match=problem):
            find(name)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = 1\n1 / 0\n", r"\(bad_tools.py, line 2\), ZeroDivisionError"),
        ("import sys\nsys.exit(0)\n", r"\(bad_tools.py, line 2\), SystemExit"),
        ("import not_there_at_all\n", "needs 'not_there_at_all'"),
    ],
)
def test_what_fails_to_import_says_where(flow: Path, code: str, problem: str) -> None:
    write(flow / "bad_tools.py", f"{code}{MARKED}def a() -> None: ...\n")
    assert Toolbox(folder=flow).describe("bad_tools:a").name == "a"
    with pytest.raises(InputError, match=problem) as caught:
        Toolbox(folder=flow).load("bad_tools:a")
    assert caught.value.where == "tool bad_tools:a"


def test_a_module_that_changes_its_tools_while_it_is_imported_is_refused(flow: Path) -> None:
    write(flow / "sly_tools.py", MARKED + "def a() -> None: ...\n\nglobals()['a'] = print\n")
    with pytest.raises(InputError, match="not marked @tool"):
        Toolbox(folder=flow).load("sly_tools:a")


@pytest.mark.parametrize("name", ["os:system", "click:edit", "subprocess:run", "agentmem.tools.files:write_file"])
def test_no_function_of_an_installed_module_is_a_tool(flow: Path, name: str) -> None:
    for box in (Toolbox(folder=flow), Toolbox(), Toolbox(folder=flow, modules=["clic", "o", "agentmem.tool"])):
        for find in (box.describe, box.load):
            with pytest.raises(InputError, match="nobody has allowed it") as caught:
                find(name)
            assert f"--allow-module {name.partition(':')[0]}" in caught.value.hint
        with pytest.raises(NotFound):
            box.get(name)


def test_what_was_allowed_by_name_is_still_only_what_is_marked(context: ToolContext, flow: Path, library: Path) -> None:
    write(library / "companytools" / "__init__.py", "from companytools.counting import count\n")
    write(
        library / "companytools" / "counting.py",
        "import os\nfrom os import system\n" + MARKED + 'def count(n: int) -> int:\n    """Count."""\n    return n\n',
    )
    for name in ("companytools:count", "companytools.counting:count"):
        box = Toolbox(folder=flow, modules=["companytools"])
        assert box.describe(name).usage == "n"
        assert "companytools.counting" not in sys.modules
        assert box.load(name)(context, {"n": 3}) == 3
        for loaded in ("companytools", "companytools.counting"):
            del sys.modules[loaded]
    with pytest.raises(InputError, match="nobody has allowed"):
        Toolbox(folder=flow, modules=["companytools.counting"]).load("companytools:count")
    for name in ("companytools.counting:system", "companytools.counting:os"):
        with pytest.raises(InputError, match="not marked @tool"):
            Toolbox(folder=flow, modules=["companytools"]).load(name)
    assert Toolbox(folder=flow, modules=["companytools"]).code(["companytools:count"]) == ()


def test_a_folder_takes_no_module_s_place(context: ToolContext, flow: Path, library: Path) -> None:
    trap = f"open({str(flow / 'ran')!r}, 'w').close()\n{MARKED}def a() -> None: ...\n"
    write(library / "installed_one.py", "VALUE = 'the installed one'\n")
    for name in ("colorsys", "installed_one", "never_asked_for"):
        write(flow / f"{name}.py", trap)
    write(
        flow / "honest.py",
        "import colorsys\nimport installed_one\ntry:\n    __import__('never_' + 'asked_for')\n"
        + f"except ImportError:\n    pass\n{MARKED}"
        + "def value() -> str:\n    return installed_one.VALUE + str(colorsys.ONE_THIRD > 0)\n",
    )
    box = Toolbox(folder=flow)
    assert [file.module for file in box.code(["honest:value"])] == ["honest"]
    assert box.load("honest:value")(context, {}) == "the installed oneTrue"
    for name in ("colorsys", "installed_one"):
        with pytest.raises(InputError, match="also an installed module"):
            box.load(f"{name}:a")
    assert not (flow / "ran").exists()


def test_a_folder_with_its_own_installed_modules_is_no_exception(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(flow / ".venv" / "site-packages" / "lent_one.py", "VALUE = 1\n")
    write(flow / "lent_one.py", MARKED + "def a() -> None: ...\n")
    monkeypatch.syspath_prepend(str(flow / ".venv" / "site-packages"))
    with pytest.raises(InputError, match="also an installed module"):
        Toolbox(folder=flow).load("lent_one:a")


def test_the_folder_on_the_import_path_changes_nothing(
    context: ToolContext, flow: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(library / "shadowed_one.py", "VALUE = 1\n")
    write(flow / "shadowed_one.py", f"open({str(flow / 'ran')!r}, 'w').close()\nVALUE = 2\n")
    write(flow / "path_tools.py", "import shadowed_one\n" + MARKED + "def a() -> int:\n    return shadowed_one.VALUE\n")
    monkeypatch.syspath_prepend(str(flow))
    box = Toolbox(folder=flow)
    (file,) = box.code(["path_tools:a"])
    with pytest.raises(InputError, match="nobody has agreed"):
        Toolbox(folder=flow, agreed={file.path: "0" * 64}).load("path_tools:a")
    assert Toolbox(folder=flow, agreed={file.path: file.digest}).load("path_tools:a")(context, {}) == 1
    assert not (flow / "ran").exists()
    assert sys.path[0] == str(flow)


def test_code_that_nobody_agreed_to_is_not_imported(flow: Path) -> None:
    write(flow / "aside.py", f"open({str(flow / 'ran')!r}, 'w').close()\n")
    write(flow / "with_aside.py", "import aside\n" + MARKED + "def a() -> None: ...\n")
    aside, tools = Toolbox(folder=flow).code(["with_aside:a"])
    for agreed in ({}, {tools.path: tools.digest}, {tools.path: tools.digest, aside.path: tools.digest}):
        with pytest.raises(InputError, match="nobody has agreed"):
            Toolbox(folder=flow, agreed=agreed).load("with_aside:a")
    assert not (flow / "ran").exists()


def test_a_file_that_changes_during_the_import_is_not_run(flow: Path) -> None:
    aside = flow / "swapped.py"
    write(aside, "")
    write(
        flow / "swapping.py",
        f"""\
        from pathlib import Path
        Path({str(aside)!r}).write_text("open({str(flow / "ran")!r}, 'w')")
        import swapped
        from agentmem import tool

        @tool
        def a() -> None: ...
        """,
    )
    with pytest.raises(InputError, match="has changed since"):
        Toolbox(folder=flow).load("swapping:a")
    assert not (flow / "ran").exists()


def test_compiled_files_that_lie_beside_the_code_are_not_run(context: ToolContext, flow: Path) -> None:
    source = flow / "cached_tools.py"
    write(source, MARKED + "def a() -> int:\n    return 2\n")
    py_compile.compile(str(source), doraise=True)
    times = source.stat()
    write(source, MARKED + "def a() -> int:\n    return 1\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert Toolbox(folder=flow).load("cached_tools:a")(context, {}) == 1


def test_a_link_out_of_the_folder_is_no_module_of_it(flow: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere.py", MARKED + "def a() -> None: ...\n")
    (flow / "linked_tools.py").symlink_to(tmp_path / "elsewhere.py")
    os.mkfifo(flow / "pipe_tools.py")
    for name in ("linked_tools:a", "pipe_tools:a"):
        with pytest.raises(NotFound):
            Toolbox(folder=flow).describe(name)


def test_changed_code_is_imported_anew_with_all_that_it_imports(context: ToolContext, flow: Path) -> None:
    write(flow / "told.py", "WORD = 'before'\n")
    write(flow / "telling.py", "from told import WORD\n" + MARKED + "def say() -> str:\n    return WORD\n")
    assert Toolbox(folder=flow).load("telling:say")(context, {}) == "before"
    write(flow / "told.py", "WORD = 'after'\n")
    assert Toolbox(folder=flow).load("telling:say")(context, {}) == "after"


def test_an_unknown_name_is_told_the_nearest() -> None:
    for find in (Toolbox().get, Toolbox().load, Toolbox().describe):
        with pytest.raises(NotFound, match="Did you mean 'read_files'"):
            find("read_file")
