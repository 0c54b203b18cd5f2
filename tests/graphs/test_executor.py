from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from agentmem.graphs.budget import Meter
from agentmem.graphs.context import TeamContext
from agentmem.graphs.executor import build_executor
from agentmem.graphs.plan import Budget, Limits, Plan
from agentmem.graphs.state import ExecutorState
from agentmem.memory import Memory
from agentmem.tools import Toolbox, ToolContext, tool


def run(memory: Memory, folder: Path, steps: list[dict[str, Any]], *tools: Any, **changes: Any) -> dict[str, Any]:
    """Run a plan through the executor alone."""
    inputs = changes.pop("inputs", {})
    plan = Plan.model_validate({"steps": steps})
    context = TeamContext(memory=memory, run="r", folder=folder, toolbox=Toolbox(tools, folder=folder), **changes)
    state = ExecutorState(
        run="r",
        started_at="2024-07-01T00:00:00.000000Z",
        task={"text": "t", "inputs": inputs, "plan": None, "checks": [], "output": None},
        plan=plan.model_dump(mode="json"),
    )
    return build_executor().invoke(state, context=context)


def step(memory: Memory, folder: Path, steps: list[dict[str, Any]], *tools: Any, **changes: Any) -> Any:
    """The last step of a plan that was run."""
    return run(memory, folder, steps, *tools, **changes)["steps"][steps[-1]["id"]]


def add(a: int, b: int = 0) -> int:
    """Add."""
    return a + b


def test_items_give_a_list_in_their_order(memory: Memory, folder: Path) -> None:
    last = {
        "id": "b",
        "tool": "add",
        "for_each": "{{ inputs.numbers }}",
        "args": {"a": "{{ item }}", "b": "{{ index }}"},
    }
    done = step(memory, folder, [last], add, inputs={"numbers": list(range(40))})
    assert (done["status"], done["output"]) == ("done", [2 * n for n in range(40)])


def test_a_list_written_in_the_plan_may_hold_expressions(memory: Memory, folder: Path) -> None:
    last = {"id": "b", "tool": "add", "for_each": ["{{ inputs.n }}", 5], "args": {"a": "{{ item }}"}}
    assert step(memory, folder, [last], add, inputs={"n": 3})["output"] == [3, 5]


def test_no_items_is_an_empty_list(memory: Memory, folder: Path) -> None:
    done = step(memory, folder, [{"id": "b", "tool": "add", "for_each": [], "args": {"a": 1}}], add)
    assert (done["status"], done["output"], done["attempts"]) == ("done", [], 0)


def test_items_run_in_parallel_where_nothing_forbids_it(memory: Memory, folder: Path) -> None:
    together = threading.Barrier(2, timeout=30)

    def meet(n: int) -> int:
        """Return only when another one is here too."""
        together.wait()
        return n

    assert step(memory, folder, [{"id": "m", "tool": "meet", "for_each": [1, 2], "args": {"n": "{{ item }}"}}], meet)[
        "output"
    ] == [1, 2]


def test_tools_that_go_one_by_one_keep_the_order_across_steps(memory: Memory, folder: Path) -> None:
    seen: list[str] = []

    @tool(one_by_one=True)
    def note(what: str) -> None:
        """Note it."""
        seen.append(what)

    steps = [
        {"id": "a", "tool": "note", "for_each": ["1", "2", "3"], "args": {"what": "a{{ item }}"}},
        {"id": "b", "tool": "note", "for_each": ["1", "2"], "args": {"what": "b{{ item }}"}},
    ]
    run(memory, folder, steps, note)
    assert seen == ["a1", "a2", "a3", "b1", "b2"]


@pytest.mark.parametrize(("when", "status"), [("{{ inputs.on }}", "skipped"), (True, "done"), ("{{ 1 == 1 }}", "done")])
def test_a_false_condition_skips_the_step_and_not_what_follows(
    memory: Memory, folder: Path, when: Any, status: str
) -> None:
    steps = [
        {"id": "a", "tool": "add", "args": {"a": 1}, "when": when},
        {"id": "b", "tool": "add", "args": {"a": "{{ 5 if steps.a.status == 'skipped' else steps.a.output }}"}},
    ]
    done = run(memory, folder, steps, add, inputs={"on": False})["steps"]
    assert (done["a"]["status"], done["b"]["output"]) == (status, 5 if status == "skipped" else 1)


def test_a_condition_that_is_text_is_an_error_and_not_true(memory: Memory, folder: Path) -> None:
    done = step(memory, folder, [{"id": "a", "tool": "add", "args": {"a": 1}, "when": "{{ 1 }} > 2"}], add)
    assert (done["status"], "neither true nor false" in done["detail"]) == ("failed", True)


def test_only_what_failed_is_tried_again(memory: Memory, folder: Path) -> None:
    calls: list[int] = []

    def flaky(n: int) -> int:
        """Fail at the first try of 2."""
        calls.append(n)
        if n == 2 and calls.count(2) == 1:
            raise OSError("busy")
        return n

    last = {"id": "f", "tool": "flaky", "for_each": [1, 2, 3], "args": {"n": "{{ item }}"}, "retry": 2}
    done = step(memory, folder, [last], flaky)
    assert (done["status"], done["output"], done["attempts"]) == ("done", [1, 2, 3], 2)
    assert sorted(calls) == [1, 2, 2, 3]
    assert "busy" in done["mended"]


def test_retries_end(memory: Memory, folder: Path) -> None:
    calls: list[int] = []

    def broken() -> None:
        """Fail."""
        calls.append(1)
        raise ValueError("no")

    done = step(memory, folder, [{"id": "f", "tool": "broken", "retry": 2}], broken)
    assert (done["status"], done["attempts"], len(calls)) == ("failed", 3, 3)
    assert done["detail"] == "tool broken: ValueError: no"


def test_a_call_whose_expression_fails_is_not_tried_again(memory: Memory, folder: Path) -> None:
    last = {"id": "f", "tool": "add", "args": {"a": "{{ inputs.x.y }}"}, "retry": 5}
    done = step(memory, folder, [last], add, inputs={"x": {}})
    assert (done["status"], done["attempts"]) == ("failed", 1)
    assert "'y' is unknown" in done["detail"]


def test_one_bad_item_fails_the_step_and_keeps_the_others(memory: Memory, folder: Path) -> None:
    last = {"id": "f", "tool": "add", "for_each": [1, "x", 3, "y"], "args": {"a": "{{ item }}"}}
    done = step(memory, folder, [last], add)
    assert (done["status"], done["output"]) == ("failed", [1, None, 3, None])
    assert done["detail"].startswith("item 1: tool add: a:")
    assert done["detail"].endswith("(and 1 more of 4 items)")


def test_a_step_that_takes_too_long_fails(memory: Memory, folder: Path) -> None:
    release = threading.Event()

    def slow() -> None:
        """Wait."""
        release.wait(30)

    done = step(memory, folder, [{"id": "s", "tool": "slow", "timeout": 0.05}], slow)
    release.set()
    assert (done["status"], done["detail"]) == ("failed", "s: it took longer than its timeout of 0.05 s.")


def test_the_budget_of_steps_stops_the_run_where_it_is(memory: Memory, folder: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "a", "tool": "add", "for_each": [1, 2, 3], "args": {"a": "{{ item }}"}},
        {"id": "b", "tool": "add", "args": {"a": 1}, "needs": ["a"]},
    ]
    state = run(memory, folder, steps, add, meter=Meter(Budget(steps=2)))
    assert state["stopped"] == "budget.steps: the limit of 2 executions is reached."
    assert [state["steps"][name]["status"] for name in "ab"] == ["stopped", "stopped"]
    assert sum(output is not None for output in state["steps"]["a"]["output"]) == 2
    assert state["spent"]["steps"] == 2


def test_an_agents_own_limit_counts_too(memory: Memory, folder: Path) -> None:
    meter = Meter(Budget(steps=5), Limits(steps=1))
    state = run(memory, folder, [{"id": "a", "tool": "add", "for_each": [1, 2], "args": {"a": 1}}], add, meter=meter)
    assert state["stopped"].startswith("agents.executor.limits.steps: the limit of 1 ")


def test_costs_that_a_tool_reports_are_counted_and_limited(memory: Memory, folder: Path) -> None:
    def ask(context: ToolContext, n: int) -> int:
        """Cost something."""
        context.charge(tokens=100, usd=0.25)
        return n

    steps = [
        {"id": "a", "tool": "ask", "args": {"n": 1}},
        {"id": "b", "tool": "ask", "args": {"n": 2}, "needs": ["a"]},
        {"id": "c", "tool": "ask", "args": {"n": 3}, "needs": ["b"]},
    ]
    state = run(memory, folder, steps, ask, meter=Meter(Budget(usd=0.4)))
    assert state["stopped"] == "budget.usd: the limit of 0.4 US dollars is reached."
    assert [state["steps"][name]["status"] for name in "abc"] == ["done", "stopped", "stopped"]
    assert (state["spent"]["tokens"], state["spent"]["usd"]) == (200, 0.5)
    tokens = run(memory, folder, steps, ask, meter=Meter(Budget(tokens=150)))
    assert tokens["stopped"].startswith("budget.tokens")


def test_the_deadline_cuts_off_what_runs(memory: Memory, folder: Path) -> None:
    release = threading.Event()

    def slow() -> None:
        """Wait."""
        release.wait(30)

    state = run(memory, folder, [{"id": "s", "tool": "slow", "timeout": 20}], slow, meter=Meter(Budget(seconds=0.05)))
    release.set()
    assert state["stopped"] == "budget.seconds: the limit of 0.05 seconds is reached."
    assert state["steps"]["s"]["status"] == "stopped"


def test_results_that_no_checkpoint_could_hold_are_made_plain_or_refused(memory: Memory, folder: Path) -> None:
    def huge() -> Any:
        """Give more than 64 bits."""
        return {"n": 2**70, 3: {1, 2}, "p": Path("a/b")}

    def odd() -> Any:
        """Give what JSON does not know."""
        return object()

    assert step(memory, folder, [{"id": "h", "tool": "huge"}], huge)["output"] == {
        "n": str(2**70),
        "3": [1, 2],
        "p": "a/b",
    }
    assert "cannot be written as JSON" in step(memory, folder, [{"id": "o", "tool": "odd"}], odd)["detail"]
